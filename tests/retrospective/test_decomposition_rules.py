"""What a decomposition cannot place as it is, by rule: counted, with its amounts."""

from __future__ import annotations

import pandas as pd
import pytest

from salesfc_lib.foundation import tables
from salesfc_lib.retrospective.compare import Past
from salesfc_lib.retrospective.decomposition.rules import find_gone
from tests.retrospective.test_decomposition import (
    JUNE,
    MAY,
    NOW,
    SERIES,
    YEAR,
    by_member,
    decomposed,
    month_of,
    orders,
)


def test_a_series_sold_without_a_forecast_has_a_forecast_of_zero_and_is_counted() -> None:
    found = decomposed({"A/e": 80.0}, orders(*YEAR, *NOW))
    rules = found["decomposition_rules"].set_index("rule")
    assert rules.loc["not_forecast", ["n", "forecast", "actual"]].tolist() == [1, 0.0, 27.5]
    assert by_member(found["attribution"], "line")["B"] == (0.0, 27.5)


def test_a_series_without_sales_is_counted() -> None:
    found = decomposed({"A/e": 80.0, "B/e": 5.0}, orders(*YEAR, *NOW))
    rules = found["decomposition_rules"].set_index("rule")
    assert rules.loc["nothing_sold", ["n", "forecast", "actual"]].tolist() == [1, 5.0, 0.0]


def test_a_series_that_is_gone_is_counted_with_its_forecast() -> None:
    then = pd.concat([SERIES, SERIES.tail(1).assign(unique_id="C/e", label="C · e")])
    rows = pd.DataFrame({"unique_id": ["A/e", "C/e", "total"], "y_hat": [80.0, 11.0, 91.0]})
    rows = rows.assign(ds=JUNE, cutoff=MAY, h=1, stage="reconciled")
    missed = month_of({"A/e": 80.0}, orders(*YEAR, *NOW))
    gone = find_gone(Past(rows, tables.empty("panel"), SERIES), missed, then)
    assert gone[["unique_id", "forecast"]].values.tolist() == [["C/e", 11.0]]
    found = decomposed({}, orders(*YEAR, *NOW), missed=missed, gone=gone)
    rules = found["decomposition_rules"].set_index("rule")
    assert rules.loc["gone", ["n", "forecast"]].tolist() == [1, 11.0]
    assert rules.at["gone", "facts"] == '{"names": ["C · e"]}'


def test_without_the_series_of_then_nothing_is_called_gone() -> None:
    missed = month_of({"A/e": 80.0}, orders(*YEAR, *NOW))
    assert find_gone(Past(series=SERIES), missed, None).empty


def test_without_transactions_all_of_a_column_belongs_to_nobody() -> None:
    missed = month_of({"A/e": 80.0}, orders(*YEAR, *NOW))
    found = decomposed({}, orders(), missed=missed)
    assert set(found["attribution"]["dimension"]) == {"line", "region"}
    rules = found["decomposition_rules"].set_index("rule")
    assert rules.loc["untold", ["n", "actual"]].tolist() == [2, 77.5]
    assert {"no_customer", "no_product", "no_salesperson", "no_quantity"} < {*rules.index}
    assert found["customer_change"].empty and found["price_volume_mix"].empty


def test_an_actual_that_no_transaction_shows_belongs_to_nobody() -> None:
    missed = month_of({"A/e": 80.0}, orders(*YEAR, *NOW)).assign(actual=lambda t: t["actual"] + 3)
    missed = missed.assign(difference=missed["forecast"] - missed["actual"])
    found = decomposed({}, orders(*YEAR, *NOW), missed=missed)
    assert by_member(found["attribution"], "product")[None] == (0.0, pytest.approx(12.0))


def test_a_salesperson_who_sells_in_another_region_only_is_counted_as_moved() -> None:
    june = ("2026-06-03", "A", "w", "Li", "p1", "Ann", 5, "50.00")
    found = decomposed({"A/e": 80.0, "B/w": 40.0}, orders(*YEAR, june, NOW[1]))
    rules = found["decomposition_rules"].set_index("rule")
    assert rules.loc["moved", ["n", "forecast", "actual"]].tolist() == [1, 80.0, 50.0]
    assert rules.at["moved", "facts"] == '{"names": ["Ann"]}'
    assert by_member(found["attribution"], "salesperson")["Ann"] == (80.0, 50.0)
