"""Every spelling of the corpus is read alike by a run and by the first look at an export."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.scales import UNITS
from salesfc_lib.foundation.schema import Source
from salesfc_lib.inspection import inspect_exports
from salesfc_lib.intake import (
    read_dates,
    read_months,
    read_numbers,
    read_source,
    refuse_stated_unit,
    survey_days,
    survey_numbers,
)
from salesfc_lib.intake.parse.evidence import ParsedColumn

CORPUS = yaml.load(
    (Path(__file__).parent / "spellings.yml").read_text(encoding="utf-8"), yaml.BaseLoader
)
REFUSED, ASKED = "refused", "asked"


def list_spellings(kind: str) -> list[tuple[str, Any]]:
    return list(CORPUS[kind].items())


def read_orders(cells: pa.ChunkedArray) -> ParsedColumn:
    """Days as those of orders are read."""
    return read_dates(cells, periods=True)


def run_days(
    cells: list[str], read: Callable[[pa.ChunkedArray], ParsedColumn] = read_orders
) -> list[str]:
    try:
        found = read(pa.chunked_array([pa.array(cells, pa.string())]))
    except SalesForecastError:
        return [ASKED] * len(cells)
    days = found.values.astype("datetime64[D]").astype(str).tolist()
    return [REFUSED if day == "NaT" else day for day in days]


def look_at_days(cells: list[str], date_system: int | None = None) -> list[str]:
    found = survey_days(cells, date_system=date_system)
    if found.order in ("?", "both"):
        return [ASKED] * len(cells)
    return [REFUSED if day is None else day.isoformat() for day in found.values]


def run_numbers(cells: list[str]) -> list[Any]:
    try:
        found = read_numbers(pa.chunked_array([pa.array(cells, pa.string())]))
    except SalesForecastError:
        return [ASKED] * len(cells)
    return [
        REFUSED if place in found.problems.index else Decimal(int(unit)).scaleb(-found.scale)
        for place, unit in enumerate(found.values)
    ]


def look_at_numbers(cells: list[str]) -> list[Any]:
    found = survey_numbers(cells)
    if found.decimal in ("?", "both") or found.currencies:
        return [ASKED] * len(cells)
    return [REFUSED if value is None else value for value in found.values]


def test_the_corpus_has_two_hundred_spellings() -> None:
    assert sum(len(spellings) for spellings in CORPUS.values()) >= 200


@pytest.mark.parametrize(("text", "expected"), list_spellings("days"))
def test_a_day_is_read_alike(text: str, expected: str) -> None:
    assert (run_days([text]), look_at_days([text])) == ([expected], [expected])


@pytest.mark.parametrize(("text", "expected"), list_spellings("serials"))
def test_a_serial_number_is_read_alike_where_it_is_one(text: str, expected: str) -> None:
    assert (run_days([text]), look_at_days([text], 1900)) == ([expected], [expected])
    assert look_at_days([text]) == [REFUSED]


@pytest.mark.parametrize(("text", "expected"), list_spellings("months"))
def test_a_month_is_read_alike(text: str, expected: str) -> None:
    looked = look_at_days([text], 1900)[0]
    assert run_days([text], read_months) == [expected]
    assert (looked if looked == REFUSED else looked[:7] + "-01") == expected


@pytest.mark.parametrize(("text", "expected"), list_spellings("numbers"))
def test_a_number_is_read_alike(text: str, expected: str) -> None:
    value = expected if expected in (REFUSED, ASKED) else Decimal(expected)
    assert (run_numbers([text]), look_at_numbers([text])) == ([value], [value])


@pytest.mark.parametrize("text", CORPUS["nulls"])
def test_a_spelling_of_nothing_is_blank_for_both(text: str) -> None:
    column = pa.chunked_array([["1", text]])
    assert read_numbers(column).problems.to_dict() == {1: "is blank"}
    assert read_dates(pa.chunked_array([["2024-07-31", text]])).problems.to_dict() == {
        1: "is blank"
    }
    assert survey_numbers(["1", text]).share == survey_days(["2024-07-31", text]).share == 1.0


@pytest.mark.parametrize(("header", "power"), list_spellings("scales"))
def test_a_scale_in_a_header_is_met_by_both(header: str, power: str, tmp_path: Path) -> None:
    """A run refuses a scale that is not declared; the first look proposes to declare it."""
    path = tmp_path / "x.csv"
    path.write_text(f'date,"{header}"\n2024-07-31,1.5\n2024-07-30,2.5\n', encoding="utf-8")
    source = Source(kind="csv", path="x.csv", columns={"date": "date", "amount": header})
    looked = json.loads(inspect_exports([path], tmp_path, as_json=True)[0])[0]["units"]
    extract = read_source("orders", source, tmp_path)
    if power == "null":
        refuse_stated_unit("orders", source, extract)
        assert looked == {}
        return
    with pytest.raises(
        SalesForecastError, match=rf"makes one of its numbers.* {10 ** int(power):,};"
    ):
        refuse_stated_unit("orders", source, extract)
    assert UNITS.get(looked["amount"]["unit"], looked["amount"]["unit"]) == str(10 ** int(power))


DAYS = [text for text, _ in list_spellings("days")]
PERIODS = [text for text, _ in list_spellings("months")] + ["2025-W05", "KW 6 2025", "2025年第7周"]
NUMBERS = [text for text, _ in list_spellings("numbers")] + CORPUS["nulls"]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(DAYS), min_size=1, max_size=6))
def test_a_column_of_days_is_read_alike(cells: list[str]) -> None:
    """A run reads the certain cells of a column with uncertain ones; the first look asks."""
    run, looked = run_days(cells), look_at_days(cells)
    assert run == looked or (looked[0] == ASKED and REFUSED in run)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PERIODS), min_size=1, max_size=6), st.sampled_from([*DAYS, ""]))
def test_a_column_of_months_or_weeks_is_read_alike(cells: list[str], day: str) -> None:
    """Months alone are first days; among days, and weeks among months, they are problems."""
    mixed = [*cells, *([day] if day else [])]
    run, looked = run_days(mixed), look_at_days(mixed, 1900)
    assert run == looked or (looked[0] == ASKED and REFUSED in run)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=6))
def test_a_column_of_numbers_is_read_alike(cells: list[str]) -> None:
    assert run_numbers(cells) == look_at_numbers(cells)


@settings(max_examples=300)
@given(
    st.dates(date(1980, 1, 1), date(2099, 12, 31)),
    st.sampled_from(["%d/%m/%Y", "%m.%d.%y", "%d%m%Y", "%Y%m%d"]),
)
def test_any_day_is_read_alike(day: date, form: str) -> None:
    cells = [day.strftime(form)]
    assert run_days(cells) == look_at_days(cells)


@settings(max_examples=300)
@given(st.text("0123456789.,' -()%€万", max_size=9))
def test_any_digits_are_read_alike(text: str) -> None:
    assert run_numbers([text]) == look_at_numbers([text])
