"""In which order a column writes day, month and year.

A column is written in one order. A cell proves against an order in which it is no day; what nothing
proves is asked, not guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.parse.days.spellings import ORDERS, DaySpelling, list_meanings
from salesfc_lib.intake.parse.evidence import Unreadable

LONGEST_SPAN = 15  # years; an order of two-digit years that spreads a column further is unlikely
EQUAL = "the same in every order"
WORDS = {"dmy": "the day first", "mdy": "the month first", "ymd": "the year first"}


class Order(NamedTuple):
    """The order of a column (None where nothing proves it), why, and the cell that proves it."""

    order: str | None
    reason: str
    proof: str = ""

    @property
    def proved(self) -> bool:
        """Whether the column, or a declaration, tells this order from all others."""
        return self.reason not in ("", EQUAL)


def decide_order(cells: Sequence[tuple[str, DaySpelling]]) -> Order:
    """Order of the numbers of cells (their texts and numbers) that allow several.

    Raises
    ------
    SalesForecastError
        Cells prove contrary orders.

    >>> from salesfc_lib.intake.parse.days.spellings import dissect_day
    >>> decide_order([(text, dissect_day(text)) for text in ("11/8/2018", "6/25/2018")]).reason
    "the month first, as '6/25/2018' proves"
    """
    days = [
        (text, written, meanings) for text, written in cells if (meanings := meanings_of(written))
    ]
    left = [order for order in ORDERS if all(order in meanings for _, _, meanings in days)]
    if not days:
        return Order(None, "")
    if not left:
        only: dict[tuple[str, ...], str] = {}
        for text, _, meanings in days:
            only.setdefault(tuple(order for order in ORDERS if order in meanings), text)
        one, other, *_ = (
            f"'{text}' with {' or '.join(WORDS[order] for order in orders)}"
            for orders, text in sorted(only.items(), key=lambda item: len(item[0]))
        )
        raise SalesForecastError.of(
            f"Dates of one column contradict each other: {one} and {other}",
            "One order of day, month and year in a column",
            "Correct the export, or set `date_format` or `date_order` of this source: "
            "cells written otherwise then go to quarantine",
        )
    if len({tuple(meanings[order] for _, _, meanings in days) for order in left}) == 1:
        text, written, meanings = min(days, key=lambda day: len(day[2]) - len(day[1].orders))
        if len(meanings) == len(written.orders):
            return Order(left[0], EQUAL)
        return Order(left[0], f"{WORDS[left[0]]}, as '{text}' proves", text)
    near = [order for order in left if _span(day[2][order] for day in days) <= LONGEST_SPAN]
    if len(near) == 1:
        why = (
            f"{WORDS[near[0]]}, as any other order spreads the column over more than "
            f"{LONGEST_SPAN} years"
        )
        return Order(near[0], why, days[0][0])
    return Order(None, "")


def meanings_of(written: DaySpelling) -> dict[str, date]:
    """Days by order, as `list_meanings`; none where the cell is no day."""
    try:
        return list_meanings(written)
    except Unreadable:
        return {}


def _span(days: Iterable[date]) -> int:
    years = [day.year for day in days]
    return max(years) - min(years)
