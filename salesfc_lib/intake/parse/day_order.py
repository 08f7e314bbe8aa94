"""In which order a column writes day, month and year.

The days of a column enter, taken apart; the order leaves, with the cell that proves it. The decision made here: a column is
written in one order. A cell proves against an order in which it is no day; what nothing proves is asked, not guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.parse.day_spellings import ORDERS, YEARS, WrittenDay, to_day
from salesfc_lib.intake.parse.evidence import Undecidable, Unreadable

LONGEST_SPAN = (
    15  # years; an order of two-digit years that spreads a column further is no likely one
)
EQUAL = "the same in every order"
WORDS = {"dmy": "the day first", "mdy": "the month first", "ymd": "the year first"}


class Order(NamedTuple):
    """The order of a column; None where nothing proves it."""

    order: str | None
    reason: str

    @property
    def proved(self) -> bool:
        """Whether the column, or somebody, tells this order from all others."""
        return self.reason not in ("", EQUAL)


def decide_order(cells: Sequence[tuple[str, WrittenDay]]) -> Order:
    """Order of the numbers of cells that allow several.

    Raises
    ------
    SalesForecastError
        Cells prove contrary orders.

    >>> from salesfc_lib.cleaning.day_notation import dissect_day
    >>> decide_order([(text, dissect_day(text)) for text in ("11/8/2018", "6/25/2018")])
    Order(order='mdy', reason="the month first, as '6/25/2018' proves")
    """
    days = {order: [_try(written, order) for _, written in cells] for order in ORDERS}
    told = [place for place in range(len(cells)) if any(days[order][place] for order in ORDERS)]
    against = {
        order: next((place for place in told if days[order][place] is None), None)
        for order in ORDERS
    }
    left = [order for order in ORDERS if against[order] is None]
    if not told:
        return Order(None, "")
    if not left:
        raise _contrary(cells, days, told)
    if len({tuple(days[order]) for order in left}) == 1:
        fits = {place: sum(days[order][place] is not None for order in ORDERS) for place in told}
        proof = min(told, key=lambda place: fits[place] - len(cells[place][1].orders))
        if fits[proof] == len(cells[proof][1].orders):
            return Order(left[0], EQUAL)
        return Order(left[0], f"{WORDS[left[0]]}, as '{cells[proof][0]}' proves")
    near = [order for order in left if _span(days[order]) <= LONGEST_SPAN]
    if len(near) == 1:
        return Order(
            near[0],
            f"{WORDS[near[0]]}, as any other order spreads the column over more than {LONGEST_SPAN} years",
        )
    return Order(None, "")


def undecidable(cell: str) -> SalesForecastError:
    """Error for a column of which no cell proves the order."""
    return Undecidable.of(
        cell,
        "may be day or month first, and no cell of the column proves which",
        expected="A day that can be read in one way only, such as 25/12/2019 or 2019-12-25",
        do="Set `date_format` (%d/%m/%Y or %m/%d/%Y) or `date_order` (dmy or mdy) of this source",
    )


def _try(written: WrittenDay, order: str) -> date | None:
    if order not in written.orders:
        return None
    try:
        return to_day(written, order)
    except Unreadable:
        return None


def _span(days: Sequence[date | None]) -> int:
    years = [day.year for day in days if day is not None]
    return max(years) - min(years) if years else YEARS[1] - YEARS[0]


def _contrary(
    cells: Sequence[tuple[str, WrittenDay]], days: dict[str, list[date | None]], told: Sequence[int]
) -> SalesForecastError:
    """Error that names a cell for each order that one proves."""
    only: dict[tuple[str, ...], str] = {}
    for place in told:
        fits = [order for order in ORDERS if days[order][place]]
        only.setdefault(tuple(fits), cells[place][0])
    shown = sorted(only.items(), key=lambda item: len(item[0]))[:2]
    said = " and ".join(
        f"'{text}' with {' or '.join(WORDS[order] for order in orders)}" for orders, text in shown
    )
    return SalesForecastError.say(
        f"Dates of one column contradict each other: {said}",
        "One order of day, month and year in a column",
        "Correct the export, or set `date_format` or `date_order` of this source: cells written otherwise then go to quarantine",
    )
