"""Claims about what the pages say of cleaning: rules that acted, what is assumed, what repeats."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.foundation import defaults
from salesfc_lib.foundation.schema import Parameters
from salesfc_lib.reporting.narrative.attention.overview import list_repeats
from salesfc_lib.reporting.narrative.cleaning.overview import (
    describe_measure,
    list_acting,
    list_assumed,
)

MONTHS = pd.to_datetime(["2024-03-01", "2024-04-01"])


def cleaned() -> Any:
    """One rule that took a line, one that moved some between months, one that only noted some."""
    entries = [
        ("opening", 100, 50),
        ("duplicate", 1, 5),
        ("month_of_sale", 2, 9),
        ("month_of_sale", -2, -9),
        ("possible_duplicate", 0, 0),
        ("possible_duplicate", 0, 0),
        ("renames", 0, 0),
        ("kept", 99, 45),
    ]
    ledger = pd.DataFrame(entries, columns=["rule", "rows", "amount"])
    ledger = ledger.assign(quantity=0, source="orders: a.csv", month=MONTHS[0])
    ledger.loc[5, "month"] = MONTHS[1]
    problems = [
        {"source": "orders: a.csv", "rule": "possible_duplicate", "action": "noted", "rows": 7},
        {"source": "orders: a.csv", "rule": "renames", "action": "changed", "rows": 3},
    ]
    return SimpleNamespace(ledger=ledger, problems=pd.DataFrame(problems))


def test_only_rules_that_took_moved_or_changed_lines_are_said_to_have_acted() -> None:
    assert list_acting(cleaned()) == {"duplicate", "month_of_sale", "renames"}


def test_repeats_that_count_are_told_with_rows_months_and_source() -> None:
    assert [*list_repeats(cleaned())] == [
        {"rows": 7, "source": "orders", "months": ["2024-03", "2024-04"]}
    ]


@pytest.mark.parametrize(
    ("stated", "value", "assumed"),
    [
        ([], "amount", ["currency", "tax", "discounts", "returns"]),
        ([], "quantity", ["returns"]),
        (["unit.currency", "sources.orders.tax"], "amount", ["discounts", "returns"]),
        (["measure.currency", "measure.tax", "measure.discounts", "measure.returns"], "amount", []),
    ],
)
def test_what_no_file_states_is_called_assumed(
    stated: list[str], value: str, assumed: list[str]
) -> None:
    source = {"kind": "csv", "path": "a.csv", "columns": {"date": "d"}}
    parameters = Parameters.model_validate({"sources": {"orders": source}})
    measure = defaults().measure.model_copy(update={"value": value})
    parameters = parameters.model_copy(update={"measure": measure})
    run: Any = SimpleNamespace(parameters=parameters, layer=dict.fromkeys(stated, "unit"))
    assert list_assumed(run) == assumed
    assert ("assumed until the unit's file states them" in describe_measure(run)) == bool(assumed)
