"""Claims about intake on open data, as they are: Iowa's liquor sales and a pasta maker's daily
sales.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from salesfc_lib import steps
from salesfc_lib.cleaning.batch.ledger import total_gap
from salesfc_lib.cleaning.clean import Cleaned, clean
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.parameters import resolve
from salesfc_lib.panel.build import BottomPanel, build_panel
from tests.conftest import CHECKOUT

PROJECT = CHECKOUT / "examples" / "open_data"


def take_in(unit: str, month: str) -> tuple[Cleaned, BottomPanel]:
    parameters = resolve(PROJECT, unit).parameters
    cleaned = clean(parameters, PROJECT, month)
    return cleaned, build_panel(cleaned.transactions, parameters, month)


@pytest.fixture
def data(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SALESFC_DATA", str(real_data))
    return real_data


def test_a_pasta_makers_days_become_months_and_no_piece_is_lost(data: Path) -> None:
    cleaned, bottom = take_in("pasta", "2018-12")
    raw = pd.read_parquet(data / "pasta" / "pasta_daily.parquet")
    kept = cleaned.ledger[cleaned.ledger["rule"].eq("kept")]
    assert not any(total_gap(cleaned.ledger).values())
    assert kept["rows"].sum() == len(raw)
    assert sum(kept["quantity"]) == Decimal(int(raw["qty"].sum()))
    assert cleaned.quarantine.empty
    assert len(bottom.series) == raw["item"].nunique() == 118
    monthly = raw.groupby([raw["item"], raw["DATE"].dt.to_period("M").dt.to_timestamp()])[
        "qty"
    ].sum()
    named = bottom.panel.merge(bottom.series[["unique_id", "product"]], on="unique_id").set_index(
        ["product", "ds"]
    )["y_raw"]
    assert (named.loc[list(monthly.index)].to_numpy() == monthly.to_numpy()).all()


def promoted(data: Path) -> pd.Series:
    """Share of each item's days of a month on promotion."""
    raw = pd.read_parquet(data / "pasta" / "pasta_daily.parquet")
    return raw.groupby([raw["item"], raw["DATE"].dt.to_period("M").dt.to_timestamp()])[
        "promo"
    ].mean()


def by_product(frame: pd.DataFrame, series: pd.DataFrame) -> pd.Series:
    named = frame.merge(series[["unique_id", "product"]], on="unique_id")
    return named.set_index(["product", "ds"])["promotion"]


def test_a_pasta_makers_flags_are_shares_of_its_months_and_no_plan(data: Path) -> None:
    cleaned, bottom = take_in("pasta", "2017-12")
    found = by_product(bottom.panel, bottom.series)
    assert len(found) == 118 * 48
    assert (found - promoted(data).loc[found.index]).abs().max() < 1e-12
    assert "promotion" not in bottom.future
    noted = cleaned.problems[cleaned.problems["rule"].eq("promotion_flag")]
    assert [in_words(example) for example in noted["example"]] == ["1"]


def test_a_pasta_makers_days_to_come_may_be_given_as_its_plan(data: Path, tmp_path: Path) -> None:
    unit = (
        (PROJECT / "parameters" / "units" / "pasta.yml")
        .read_text(encoding="utf-8")
        .replace(", promotion: promo", "")
    )
    plan = """sources:
  plan:
    kind: parquet
    role: drivers
    root: SALESFC_DATA
    path: pasta/pasta_daily.parquet
    columns: {date: DATE, product: item, promotion: promo}
"""
    file = tmp_path / "parameters" / "units" / "pasta.yml"
    file.parent.mkdir(parents=True)
    file.write_text(
        unit.replace("sources:\n", plan) + "drivers: {promotion: {known_ahead: true}}\n",
        encoding="utf-8",
    )
    run = steps.open_month(tmp_path, "pasta", "2017-12", folder=tmp_path / "out")
    cleaned = steps.clean(run)
    future, expected = (
        by_product(run.read("future"), cleaned.series.query("level == 'product'")),
        promoted(data),
    )
    assert len(future) == 118 * 12
    assert (future - expected.loc[future.index]).abs().max() < 1e-12
    total = run.read("future").query("unique_id == 'total'")["promotion"]
    assert total.between(future.min(), future.max()).all()


def test_iowas_counties_are_unbroken_and_no_cent_is_lost(data: Path) -> None:
    cleaned, bottom = take_in("iowa", "2020-10")
    raw = pd.read_parquet(data / "iowa_liquor" / "iowa_liquor_monthly.parquet")
    kept = cleaned.ledger[cleaned.ledger["rule"].eq("kept")]
    assert not any(total_gap(cleaned.ledger).values())
    assert kept["rows"].sum() == len(raw)
    cents = [Decimal(f"{value:.15g}") for value in raw["state_revenue"]]
    assert sum(kept["amount"]) == sum(cents, Decimal(0))
    renamed = resolve(PROJECT, "iowa").parameters.renames["county"]
    sold = (
        bottom.panel.merge(bottom.series[["unique_id", "county"]], on="unique_id")
        .groupby(["county", "ds"])["y_raw"]
        .sum()
    )
    for old, new in renamed.items():
        assert old not in sold.index.get_level_values("county")
        assert sold[new].gt(0).all()
        assert len(sold[new]) == 70  # 2015-01 to 2020-10
