"""Dates of which a program converted a part, with day and month exchanged.

Where Excel opens days that are written in the other order than its own, those up to the 12th become
real dates of a wrong month, and all others stay text. The cells of one column of one file enter;
where such dates all have days up to 12, and the texts beside them all have days past 12, the dates
leave with day and month exchanged back. What few cells show is asked, not guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.parse.days.order import decide_order, meanings_of
from salesfc_lib.intake.parse.days.spellings import ORDERS, SERIAL, DaySpelling
from salesfc_lib.intake.parse.evidence import Unreadable

HALF_CONVERTED, MAY_BE = "half_converted_dates", "half_converted"  # proved, and likely
LAST = 12  # the last day that may be a month
EARLY = LAST * 12 / 365.25  # share of all days that are up to the 12th of a month
PROVED = 1e-4  # chance of such a column without an exchange, up to which the exchange is proved
ISO = "YYYY-MM-DD"
FEWEST = 2  # different dates, and texts, from which an exchange is likely
REASON = (
    "real dates that all have days up to 12 stand beside texts that all have days past 12: day and "
    "month had been exchanged when they were converted, and are exchanged back; "
    "`dates_exchanged: false` says that they had not"
)


class Converted(NamedTuple):
    """Places of real dates whose day and month may be exchanged, and whether that is proved."""

    places: list[int]
    is_proved: bool


def find_converted(written: Sequence[DaySpelling | Unreadable], fewest: int = FEWEST) -> Converted:
    """The real dates of a column with day and month exchanged; none where that is not likely, or
    where there are fewer different dates, or texts, than `fewest`.
    """
    days = {at: day for at, day in enumerate(written) if isinstance(day, DaySpelling)}
    dates = {at: day.numbers for at, day in days.items() if _is_date(day)}
    texts = {day.numbers: day for day in days.values() if len(day.orders) > 1}
    counts = len({*dates.values()}), len(texts)
    is_early = all(day <= LAST for _, _, day in dates.values())
    if min(counts) < fewest or not is_early or not _are_late([*texts.values()]):
        return Converted([], False)
    chance = EARLY ** counts[0] * (1 - EARLY) ** counts[1]
    return Converted([*dates], chance <= PROVED)


def exchange_back(written: DaySpelling) -> DaySpelling:
    """The date with day and month exchanged.

    >>> exchange_back(DaySpelling((2023, 8, 1), ("ymd",), "YYYY-MM-DD")).numbers
    (2023, 1, 8)
    """
    year, month, day = written.numbers
    rules = (*written.rules, HALF_CONVERTED)
    return written._replace(numbers=(year, day, month), rules=rules)


def settle_converted(
    texts: Sequence[str], written: Sequence[DaySpelling | Unreadable], declared: bool | None = None
) -> list[DaySpelling | Unreadable]:
    """The cells of a column, real dates exchanged back where that is proved or `declared`.

    Raises `SalesForecastError` where it is likely, not proved, and not declared either way.
    """
    if declared is False:
        return [*written]
    converted = find_converted(written, 1 if declared else FEWEST)
    if converted.places and not converted.is_proved and not declared:
        first = written[converted.places[0]]
        assert isinstance(first, DaySpelling)
        year, month, day = first.numbers
        raise SalesForecastError.of(
            f"Day and month of '{texts[converted.places[0]]}' may be exchanged: "
            f"{len(converted.places)} real dates all have days up to 12, and the texts beside them "
            "all have days past 12",
            "All days of a column as real dates, or all as text",
            "Export the column again as it stands in its system, without opening it in a "
            "spreadsheet first, or look that row up there and declare in this source "
            f"`dates_exchanged: true` if it is of {year}-{day:02}-{month:02}, "
            f"`dates_exchanged: false` if it is of {year}-{month:02}-{day:02}",
        )
    exchanged = set(converted.places)
    return [
        exchange_back(day) if at in exchanged and isinstance(day, DaySpelling) else day
        for at, day in enumerate(written)
    ]


def _are_late(texts: Sequence[DaySpelling]) -> bool:
    """Whether days that several orders explain are all past the 12th in the order of them all."""
    try:
        order = decide_order([("", day) for day in texts]).order
    except SalesForecastError:
        return False
    meant = [meanings_of(day) for day in texts]
    return order in ORDERS[:2] and all(
        order in days and days[order].day > LAST for days in meant if days
    )


def _is_date(day: DaySpelling) -> bool:
    """Whether a cell was a date of its file, as ISO text or as a serial number, and means a day."""
    return day.form in (ISO, SERIAL) and bool(meanings_of(day))
