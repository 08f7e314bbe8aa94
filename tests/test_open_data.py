"""Claims about intake on open data, as they are: Iowa's liquor sales and a pasta maker's daily sales."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from salesfc_lib.cleaning import Cleaned, clean, total_gap
from salesfc_lib.panel import BottomPanel, build_panel
from salesfc_lib.parameters import CHECKOUT, resolve

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
    monthly = raw.groupby([raw["item"], raw["DATE"].dt.to_period("M").dt.to_timestamp()])["qty"].sum()
    named = bottom.panel.merge(bottom.series[["unique_id", "product"]], on="unique_id").set_index(["product", "ds"])["y_raw"]
    assert (named.loc[list(monthly.index)].to_numpy() == monthly.to_numpy()).all()


def test_iowas_counties_are_unbroken_and_no_cent_is_lost(data: Path) -> None:
    cleaned, bottom = take_in("iowa", "2020-10")
    raw = pd.read_parquet(data / "iowa_liquor" / "iowa_liquor_monthly.parquet")
    kept = cleaned.ledger[cleaned.ledger["rule"].eq("kept")]
    assert not any(total_gap(cleaned.ledger).values())
    assert kept["rows"].sum() == len(raw)
    cents = [Decimal(f"{value:.15g}") for value in raw["state_revenue"]]
    assert sum(kept["amount"]) == sum(cents, Decimal(0))
    renamed = resolve(PROJECT, "iowa").parameters.renames["county"]
    sold = bottom.panel.merge(bottom.series[["unique_id", "county"]], on="unique_id").groupby(["county", "ds"])["y_raw"].sum()
    for old, new in renamed.items():
        assert old not in sold.index.get_level_values("county")
        assert sold[new].gt(0).all()
        assert len(sold[new]) == 70  # 2015-01 to 2020-10
