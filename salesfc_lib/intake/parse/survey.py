"""What the cells of a column prove about how they are written, for a first look at an export.

Cells are read by the functions behind `read_dates` and `read_numbers`. Where a run would stop
because a column proves nothing, or contrary things, a survey names the cells instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial

import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.parse.days.half_converted import (
    HALF_CONVERTED,
    MAY_BE,
    exchange_back,
    find_converted,
)
from salesfc_lib.intake.parse.days.order import decide_order
from salesfc_lib.intake.parse.days.periods import MONTH, WEEK, dissect_period
from salesfc_lib.intake.parse.days.reading import refuse_periods
from salesfc_lib.intake.parse.days.spellings import COUNTED, ORDERS, DaySpelling, list_meanings
from salesfc_lib.intake.parse.evidence import BLANK, Undecidable, Unreadable
from salesfc_lib.intake.parse.nulls import read_cell
from salesfc_lib.intake.parse.numbers.reading import find_two_currencies
from salesfc_lib.intake.parse.numbers.separators import (
    DECIMAL_MARKS,
    EITHER,
    Separators,
    decide_separators,
    list_proofs,
)
from salesfc_lib.intake.parse.numbers.spellings import NumberSpelling, dissect

UNPROVED, CONTRARY = "?", "both"  # what a column proves beside an order or a mark; '': none needed
NOTED = {
    HALF_CONVERTED,
    MAY_BE,
    "time_zone",
    "serial_date",
    "epoch",
    "roc_year",
    "era_year",
    "buddhist_year",
}  # rules of a day that a first look tells
EMPTY_DAYS = ("00000000", "99991231")  # digits alone that stand for no date


@dataclass(frozen=True)
class DaySurvey:
    """What a column's cells prove about days.

    `order` is 'dmy', 'mdy', 'ymd', '' where no cell needs one, `UNPROVED` or `CONTRARY`; `reason`
    says why. `values` has the day of each cell, None where it is none or two; `meanings` its day in
    each order. Cells are listed by position.
    """

    values: Sequence[date | None]
    meanings: Sequence[Mapping[str, date]]
    share: float  # of the filled cells that are days
    order: str
    reason: str
    proofs: Mapping[str, Sequence[int]]  # order: cells that prove it
    forms: Mapping[str, int]
    strange: Mapping[str, Sequence[int]]  # rule: cells
    unread: Sequence[int]  # filled cells that are no day, or mean two

    @property
    def open(self) -> Sequence[int]:
        """Cells that mean two days."""
        return [at for at, days in enumerate(self.meanings) if len({*days.values()}) > 1]

    @property
    def period(self) -> str:
        """'month' or 'week' where the cells are such periods; '' where they are days."""
        return next((form for form in (MONTH, WEEK) if {*self.forms} == {form}), "")

    @property
    def span(self) -> tuple[date, date] | None:
        """First and last day."""
        days = [day for day in self.values if day is not None]
        return (min(days), max(days)) if days else None


@dataclass(frozen=True)
class NumberSurvey:
    """What a column's cells prove about numbers.

    `decimal` is '.' or ',', '' where no cell needs one, `UNPROVED` or `CONTRARY`. Cells are listed
    by position.
    """

    values: Sequence[Decimal | None]
    share: float  # of the filled cells that are numbers
    decimal: str
    proofs: Mapping[str, Sequence[int]]  # mark: cells that prove it
    open: Sequence[int]  # cells that two marks explain
    rules: Mapping[str, Sequence[int]]  # rule: cells
    grouping: str  # mark between groups of digits, where one was seen
    currencies: tuple[str, str] | None  # texts of two cells whose currencies differ
    unread: Sequence[int]  # filled cells that are no number


def survey_days(cells: Sequence[str], *, date_system: int | None = None) -> DaySurvey:
    """Days and months of a column of text; numbers count as days only with a `date_system` (1900,
    1904).

    >>> survey = survey_days(["25/12/2019", "1/2/2020"])
    >>> survey.order, survey.proofs, survey.values[1]
    ('dmy', {'dmy': [0]}, datetime.date(2020, 2, 1))
    """
    read = partial(dissect_period, date_system=date_system or 1900)
    found = {cell: read_cell(cell, read) for cell in dict.fromkeys(cells)}
    filled = [cell for cell in cells if str(found[cell]) != BLANK]
    counted = () if date_system is not None else COUNTED
    days = {cell: d for cell, d in found.items() if isinstance(d, DaySpelling)}
    likely = {cell: day for cell, day in days.items() if day.form not in counted}
    alike = zip(likely, refuse_periods([*likely.values()]), strict=True)
    written = {cell: day for cell, day in alike if isinstance(day, DaySpelling)}
    texts, converted = [*written], find_converted([*written.values()])
    for cell in (texts[at] for at in converted.places):
        day = exchange_back(written[cell])
        written[cell] = day if converted.is_proved else written[cell]._replace(rules=(MAY_BE,))
    meanings, rules = {}, {cell: {*day.rules} & NOTED for cell, day in written.items()}
    sentinels = set()
    for cell, day in written.items():
        try:
            meanings[cell] = list_meanings(day)
        except Unreadable as problem:
            rules[cell].add(problem.rule)
            if problem.rule == "sentinel_date" and _stands_for_none(cell, day):
                sentinels.add(cell)
    order, reason, proofs = _survey_order(written, meanings)
    meant = [meanings.get(cell, {}) for cell in cells]
    values = [_choose(days_of_cell, order) for days_of_cell in meant]
    good = [cell for cell in cells if cell in meanings or cell in sentinels]
    return DaySurvey(
        values,
        meant,
        len(good) / len(filled) if filled else 0.0,
        order,
        reason,
        _locate(cells, proofs),
        Counter(written[cell].form for cell in good),
        _locate(cells, _invert(rules)),
        [at for at, day in enumerate(values) if day is None and str(found[cells[at]]) != BLANK],
    )


def survey_numbers(cells: Sequence[str]) -> NumberSurvey:
    """Numbers of a column of text.

    >>> survey = survey_numbers(["1.234", "2,5 €", "x"])
    >>> survey.decimal, survey.proofs, survey.values
    (',', {',': [1]}, [Decimal('1234'), Decimal('2.5'), None])
    """
    found = {cell: read_cell(cell, dissect) for cell in dict.fromkeys(cells)}
    filled = {cell for cell, number in found.items() if str(number) != BLANK}
    written = {cell: each for cell, each in found.items() if isinstance(each, NumberSpelling)}
    known = list(written)
    digits = pa.array([each.digits for each in written.values()], pa.string())
    proofs = {mark: {known[at] for at in places} for mark, places in list_proofs(digits).items()}
    decimal, separators = _survey_marks(digits, proofs)
    values = {cell: _read_number(each, separators) for cell, each in written.items()}
    if separators.proof and not proofs[separators.decimal]:
        proofs[separators.decimal] = {
            cell for cell, each in written.items() if each.digits == separators.proof
        }
    signs = "".join(each.digits for cell, each in written.items() if values[cell] is not None)
    groups = (sign for sign in (separators.other, "'", " ") if sign in signs)
    numbers = [values.get(cell) for cell in cells]
    count = sum(cell in filled for cell in cells)
    return NumberSurvey(
        numbers,
        sum(value is not None for value in numbers) / count if count else 0.0,
        decimal,
        _locate(cells, {mark: proofs[mark] for mark in DECIMAL_MARKS}),
        [at for at, cell in enumerate(cells) if cell in proofs[EITHER]],
        _locate(cells, _invert({cell: each.rules for cell, each in written.items()})),
        next(groups, "") if decimal else "",
        find_two_currencies((each.currency, cell) for cell, each in written.items()),
        [at for at, value in enumerate(numbers) if value is None and cells[at] in filled],
    )


def _invert(rules: Mapping[str, Collection[str]]) -> dict[str, set[str]]:
    """Texts by rule, given the rules of each text."""
    texts: dict[str, set[str]] = {}
    for text, names in rules.items():
        for name in names:
            texts.setdefault(name, set()).add(text)
    return texts


def _locate(cells: Sequence[str], texts: Mapping[str, Collection[str]]) -> dict[str, list[int]]:
    """Positions of the cells that hold one of the texts, by what these stand for; none is empty."""
    places = {key: [at for at, cell in enumerate(cells) if cell in of] for key, of in texts.items()}
    return {key: found for key, found in places.items() if found}


def _survey_order(
    written: Mapping[str, DaySpelling], meanings: Mapping[str, Mapping[str, date]]
) -> tuple[str, str, dict[str, set[str]]]:
    """Order of a column, why, and the cells that prove each order."""
    loose = [(cell, day) for cell, day in written.items() if len(day.orders) > 1]
    proofs: dict[str, set[str]] = {}
    for cell, _ in loose:
        known = [order for order in ORDERS[:2] if order in meanings.get(cell, {})]
        if len(known) == 1:
            proofs.setdefault(known[0], set()).add(cell)
    try:
        order, reason, proof = decided = decide_order(loose)
    except SalesForecastError as error:
        return CONTRARY, str(error), proofs
    if order and decided.proved:
        return order, reason, {order: proofs.get(order) or {proof}}
    is_open = any(len(set(meanings.get(cell, {}).values())) > 1 for cell, _ in loose)
    return UNPROVED if is_open else "", reason, {}


def _stands_for_none(cell: str, day: DaySpelling) -> bool:
    """Whether a cell outside the years of days stands for no date, as 9999-12-31 does."""
    digits = cell.strip()
    return day.form not in (*COUNTED, MONTH, WEEK) and (
        not digits.isdigit() or digits in EMPTY_DAYS
    )


def _choose(meanings: Mapping[str, date], order: str) -> date | None:
    """The day of a cell: in its column's order, or the one that it means in every order."""
    if order in meanings:
        return meanings[order]
    days = set(meanings.values())
    return days.pop() if len(days) == 1 else None


def _survey_marks(digits: pa.Array, proofs: Mapping[str, set[str]]) -> tuple[str, Separators]:
    """What a column proves about its decimal mark, and the separators to read it with."""
    try:
        separators = decide_separators(digits)
    except Undecidable:
        return UNPROVED, Separators()
    except SalesForecastError:
        return CONTRARY, Separators(max(DECIMAL_MARKS, key=lambda mark: len(proofs[mark])))
    return separators.decimal if separators.proof else "", separators


def _read_number(written: NumberSpelling, separators: Separators) -> Decimal | None:
    """A cell's value; in a column of two conventions each cell by the mark that it proves."""
    others = [] if separators.proof else map(Separators, DECIMAL_MARKS)
    values = (each.read(written) for each in (separators, *others))
    return next((value for value in values if value is not None), None)
