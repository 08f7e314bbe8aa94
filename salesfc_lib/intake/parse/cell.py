"""A single cell parsed by itself, for files that people write by hand: what may mean two things is
refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.parse.days.periods import dissect_month
from salesfc_lib.intake.parse.days.spellings import dissect_day, list_meanings
from salesfc_lib.intake.parse.evidence import Unreadable
from salesfc_lib.intake.parse.numbers.separators import Separators, decide_separators
from salesfc_lib.intake.parse.numbers.spellings import dissect
from salesfc_lib.intake.parse.survey import CONTRARY, UNPROVED, survey_days

PERCENT = -2  # the power of ten of a percent sign


def parse_moment(text: str) -> datetime:
    """A day with its time, without its zone; raises `Unreadable` for a text that is none, or two.

    >>> parse_moment("15. Okt 2024 10:30:05"), parse_moment("25/12/2024").date()
    (datetime.datetime(2024, 10, 15, 10, 30, 5), datetime.date(2024, 12, 25))
    """
    written = dissect_day(text)
    day, *others = set(list_meanings(written).values())
    if others:
        raise Unreadable("may be day or month first")
    return datetime.combine(day, time()) + timedelta(seconds=written.clock)


def parse_moments(texts: Sequence[str]) -> list[datetime | None]:
    """Days with their times of a column of text, None for a text that is none.

    Raises `SalesForecastError` where nothing, or contrary cells, prove whether day or month stands
    first.

    >>> parse_moments(["31.03.2024 10:00", "01.04.2024 09:30", "soon"])[1:]
    [datetime.datetime(2024, 4, 1, 9, 30), None]
    """
    survey = survey_days(texts)
    if survey.order in (UNPROVED, CONTRARY):
        raise SalesForecastError.of(
            f"Day and month cannot be told apart: {survey.reason}",
            "Moments with the year first, or a day past the 12th in some row",
            "Export it as `2024-03-31 10:00`",
        )
    moments: list[datetime | None] = [None] * len(texts)
    for place, day in enumerate(survey.values):
        if day is not None:
            clock = timedelta(seconds=dissect_day(texts[place]).clock)
            moments[place] = datetime.combine(day, time()) + clock
    return moments


def parse_month(text: str) -> date:
    """First day of a month, written with or without that day; raises `Unreadable` for another day.

    >>> parse_month("2026年7月"), parse_month("Jul 2026"), parse_month("2026-07-01")
    (datetime.date(2026, 7, 1), datetime.date(2026, 7, 1), datetime.date(2026, 7, 1))
    """
    if written := dissect_month(text):
        if sum(map(str.isdecimal, text)) == len("26"):
            raise Unreadable("may be a month of a year or a day of the month")
        return list_meanings(written)["ymd"]
    day = parse_moment(text).date()
    if day.day != 1:
        raise Unreadable("is a day within a month")
    return day


def parse_number(text: str) -> tuple[Decimal, bool]:
    """A number and whether a percent sign stands behind it (12% is 12); raises `Unreadable`.

    A point between digits is the decimal one even where it could group them; a comma has to be
    certain.

    >>> parse_number("1,250.5"), parse_number("-10 %"), parse_number("1.250")
    ((Decimal('1250.5'), False), (Decimal('-10'), True), (Decimal('1.250'), False))
    """
    spelling = dissect(text)
    try:
        separators = decide_separators(pa.array([spelling.digits]))
    except SalesForecastError:
        if "," in spelling.digits:
            raise Unreadable("may be a decimal or a grouped whole number") from None
        separators = Separators(".")
    is_percent = spelling.power == PERCENT
    value = separators.read(spelling._replace(power=None) if is_percent else spelling)
    if value is None:
        raise Unreadable("is no number")
    return value, is_percent
