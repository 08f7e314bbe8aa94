"""Contracts of tables: what is checked when a table is written."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import tables


def score(**changes: object) -> pd.DataFrame:
    key = {"unique_id": "a", "stage": "combined", "model": "m", "h": 1, "metric": "wape"}
    row = {
        **key,
        "cutoff": pd.Timestamp("2026-05-01"),
        "numerator": 1.0,
        "denominator": 2.0,
        "n": 1,
    }
    return pd.DataFrame([row | changes])


@pytest.mark.parametrize("name", list(tables.CONTRACTS))
def test_an_empty_table_keeps_its_contract_and_survives_the_disk(name: str, tmp_path: Path) -> None:
    frame = tables.empty(name)
    tables.write(frame, tmp_path, name)
    back = tables.read(tmp_path, name)
    assert list(back.columns) == list(frame.columns)
    assert tables.check(back.astype(frame.dtypes.to_dict()), name).empty


def test_a_repeated_key_is_named() -> None:
    with pytest.raises(
        SalesForecastError, match="'score' has 2 rows that repeat the key .*a / combined / m"
    ):
        tables.check(pd.concat([score(), score(numerator=9.0)], ignore_index=True), "score")


def test_a_missing_column_is_named() -> None:
    with pytest.raises(SalesForecastError, match="'score' lacks the column 'n'"):
        tables.check(score().drop(columns="n"), "score")


def test_a_wrong_type_or_a_day_that_is_no_month_breaks_the_contract() -> None:
    with pytest.raises(SalesForecastError, match="breaks its contract"):
        tables.check(score(n="one"), "score")
    with pytest.raises(SalesForecastError, match="breaks its contract"):
        tables.check(score(cutoff=pd.Timestamp("2026-05-02")), "score")


def test_decimals_come_back_exact(tmp_path: Path) -> None:
    row = {
        "source": "o",
        "rule": "kept",
        "month": pd.Timestamp("2026-05-01"),
        "rows": 1,
        "quantity": Decimal("1"),
        "amount": Decimal("0.1000"),
        "reason": "",
    }
    tables.write(pd.DataFrame([row]), tmp_path, "ledger")
    assert tables.read(tmp_path, "ledger")["amount"].iloc[0] == Decimal("0.1000")


def test_a_table_that_was_never_written_is_empty_or_names_its_file(tmp_path: Path) -> None:
    assert tables.read(tmp_path, "promotion").empty
    with pytest.raises(SalesForecastError, match=r"surprise\.parquet"):
        tables.read(tmp_path, "surprise")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\tx", "\rx"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert tables.guard_text(text) == f"'{text}"
    assert tables.guard_text("华东-线上") == "华东-线上"
    assert tables.guard_text(-1.5) == -1.5


def test_a_torn_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tables.write(score(), tmp_path, "score")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(
        SalesForecastError,
        match=r"score\.parquet' cannot be read: .* `salesfc verify`, then publish that month again",
    ):
        tables.read(tmp_path, "score")


def test_columns_come_in_the_order_asked_for_without_those_that_a_table_lacks(
    tmp_path: Path,
) -> None:
    written = score()
    tables.write(written, tmp_path, "score")
    asked = ["n", "none", "unique_id", "cutoff"]
    found = tables.read_columns(tmp_path, "score", asked, coded=["unique_id"])
    assert found.column_names == ["n", "unique_id", "cutoff"]
    assert found.to_pandas()["unique_id"].tolist() == written["unique_id"].tolist()
    assert found["unique_id"].chunk(0).dictionary.to_pylist() == ["a"]


def test_columns_of_a_torn_file_are_told_by_its_name(tmp_path: Path) -> None:
    path = tables.write(score(), tmp_path, "score")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(SalesForecastError, match=r"score\.parquet' cannot be read"):
        tables.read_columns(tmp_path, "score", ["n"])


def test_a_table_without_rows_can_be_asked_for_some_of_them(tmp_path: Path) -> None:
    tables.write(tables.empty("driver_effect"), tmp_path, "driver_effect")
    asked = [("unique_id", "in", ["total"])]
    assert tables.read(tmp_path, "driver_effect", asked).empty
