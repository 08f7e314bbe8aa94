"""Claims about dates of which a spreadsheet converted a part, with day and month exchanged."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml

from salesfc_lib.cleaning.clean import clean
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.schema import Parameters
from salesfc_lib.intake.parse.days.reading import read_dates
from salesfc_lib.intake.parse.survey import survey_days

YEAR = [date(2023, 1, 1) + timedelta(days=at) for at in range(0, 365, 5)]


def convert(day: date, order: str = "%d/%m/%Y") -> str:
    """A day as a spreadsheet of the other order leaves it."""
    return day.strftime(order) if day.day > 12 else date(day.year, day.day, day.month).isoformat()


def read(texts: list[str]) -> list[date]:
    values = read_dates(pa.chunked_array([texts])).values
    return [day.astype(object) for day in values.astype("datetime64[D]")]


@pytest.mark.parametrize("order", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d/%m/%y"])
def test_every_day_is_the_one_that_was_written(order: str) -> None:
    texts = [convert(day, order) for day in YEAR]
    assert read(texts) == YEAR
    assert survey_days(texts).values == YEAR


def test_the_exchange_is_told_with_its_rows_and_the_first_of_them() -> None:
    texts = ["15/01/2023", "2023-08-01", *(convert(day) for day in YEAR)]
    (issue,) = [
        one
        for one in read_dates(pa.chunked_array([texts])).issues
        if one.rule == "half_converted_dates"
    ]
    early = 1 + sum(day.day <= 12 for day in YEAR)
    assert (issue.row, issue.rows, issue.example) == (1, early, "2023-08-01")


def test_one_real_date_past_the_twelfth_or_one_early_text_disproves_the_exchange() -> None:
    texts = [convert(day) for day in YEAR]
    whole = read([*texts, "2023-03-13"])
    assert whole[0] == date(2023, 1, 1) and whole[1] == date(2023, 6, 1)
    assert read([*texts, "03/04/2023"])[1] == date(2023, 6, 1)


def test_columns_in_one_form_are_never_exchanged() -> None:
    early = [day for day in YEAR if day.day <= 12]
    assert read([day.isoformat() for day in early]) == early
    late = [day for day in YEAR if day.day > 12]
    assert read([f"{day:%d/%m/%Y}" for day in late]) == late


def test_what_few_cells_show_stops_and_is_asked() -> None:
    texts = ["2023-08-01", "2023-09-01", "15/01/2023", "16/01/2023"]
    with pytest.raises(SalesForecastError, match="'2023-08-01' may be exchanged: 2 real dates"):
        read(texts)
    survey = survey_days(texts)
    assert survey.values[0] == date(2023, 8, 1)
    assert survey.strange == {"half_converted": [0, 1]}


@pytest.mark.parametrize(("declared", "first"), [("true", 1), ("false", 8)])
def test_what_few_cells_show_is_read_as_its_message_says(
    tmp_path: Path, declared: str, first: int
) -> None:
    days = ["2023-08-01", "2023-09-01", "15/01/2023", "16/01/2023"]
    rows = [f"{day},A{at},10" for at, day in enumerate(days)]
    text = "\n".join(["date,order_id,amount", *rows, ""])
    (tmp_path / "orders.csv").write_text(text, encoding="utf-8")
    columns = {name: name for name in ("date", "order_id", "amount")}
    source = {"kind": "csv", "path": "orders.csv", "columns": columns}
    unit = {"sources": {"orders": source}, "calendar": {"closed_through": "2023-09"}}
    with pytest.raises(SalesForecastError) as stopped:
        clean(Parameters.model_validate(unit), tmp_path, "2023-09")
    day = date(2023, first, 8 if first == 1 else 1)
    assert f"`dates_exchanged: {declared}` if it is of {day}" in str(stopped.value)
    source |= yaml.safe_load(f"dates_exchanged: {declared}")
    done = clean(Parameters.model_validate(unit), tmp_path, "2023-09").transactions
    assert done["date"].iloc[0].date() == day
    assert sorted(done["date"].dt.month) == ([1, 1, 1, 1] if first == 1 else [1, 1, 8, 9])


def test_a_proved_exchange_is_declared_away_and_one_date_is_enough_for_a_declared_one() -> None:
    texts = [convert(day) for day in YEAR]
    column = pa.chunked_array([texts])
    kept = read_dates(column, exchanged=False).values.astype("datetime64[D]")
    assert kept[1].astype(object) == date(2023, 6, 1)
    few = pa.chunked_array([["2023-08-01", "15/01/2023"]])
    read_back = read_dates(few, exchanged=True).values.astype("datetime64[D]")
    assert read_back[0].astype(object) == date(2023, 1, 8)
    assert read_dates(few).values.astype("datetime64[D]")[0].astype(object) == date(2023, 8, 1)


def test_days_mixed_at_random_are_hardly_ever_taken_for_exchanged() -> None:
    chance = random.Random(1)
    for _ in range(300):
        days = chance.choices(YEAR, k=24)
        texts = [f"{d}" if chance.random() < 0.5 else f"{d:%d/%m/%Y}" for d in days]
        texts += ["13/01/2023"]  # proves the order
        assert np.array_equal(read(texts)[:-1], days)
