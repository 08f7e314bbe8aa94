"""What the cells of a column prove about how they are written, for a first look at an export.

Cells are read by the functions behind `read_dates` and `read_numbers`. Where a run would stop
because a column proves nothing, or contrary things, a survey names the cells instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.intake.parse.day_order import decide_order
from salesfc_lib.intake.parse.day_spellings import (
    MONTH,
    ORDERS,
    SERIAL,
    WrittenDay,
    dissect_day,
    dissect_month,
    list_meanings,
)
from salesfc_lib.intake.parse.evidence import Undecidable, Unreadable
from salesfc_lib.intake.parse.nulls import is_null_spelling, require_value
from salesfc_lib.intake.parse.number_spellings import Written
from salesfc_lib.intake.parse.numbers import Convention, find_two_currencies, read_one, take_apart
from salesfc_lib.intake.parse.separators import (
    EITHER,
    MARKS,
    Separators,
    decide_separators,
    list_proofs,
)

UNPROVED, CONTRARY = "?", "both"  # what a column proves beside an order or a mark; '': none needed
EMPTY_DAYS = ("00000000", "99991231")  # digits alone that stand for no date


@dataclass(frozen=True)
class DaySurvey:
    """What a column's cells prove about days.

    `order` is 'dmy', 'mdy', 'ymd', '' where no cell needs one, `UNPROVED` or `CONTRARY`; `reason`
    says why. `values` has the day of each cell, None where it is none or two; `meanings` its day in
    each order.
    """

    values: Sequence[date | None]
    meanings: Sequence[Mapping[str, date]]
    share: float  # of the filled cells that are days
    order: str = ""
    reason: str = ""
    proof: Mapping[str, int] = field(default_factory=dict)  # order: first cell that proves it
    proofs: Mapping[str, int] = field(default_factory=dict)  # order: number of such cells
    open: int = 0  # cells that mean two days
    forms: Mapping[str, int] = field(default_factory=dict)
    strange: Mapping[str, Sequence[int]] = field(default_factory=dict)  # rule: positions
    months: bool = False  # the cells are months, not days
    unread: Sequence[int] = ()  # filled cells that are no day, or mean two

    @property
    def span(self) -> tuple[date, date] | None:
        """First and last day."""
        days = [day for day in self.values if day is not None]
        return (min(days), max(days)) if days else None


@dataclass(frozen=True)
class NumberSurvey:
    """What a column's cells prove about numbers.

    `decimal` is '.' or ',', '' where no cell needs one, `UNPROVED` or `CONTRARY`.
    """

    values: Sequence[Decimal | None]
    share: float  # of the filled cells that are numbers
    decimal: str = ""
    proof: Mapping[str, int] = field(default_factory=dict)  # mark: first cell that proves it
    open: Sequence[int] = ()  # cells that two marks explain
    rules: Mapping[str, Sequence[int]] = field(default_factory=dict)  # rule: positions
    grouping: str = ""  # mark between groups of digits, where one was seen
    currencies: tuple[str, str] | None = None  # two cells whose currencies differ
    unread: Sequence[int] = ()  # filled cells that are no number


def survey_days(cells: Sequence[str], *, date_system: int | None = None) -> DaySurvey:
    """Days and months of a column of text; numbers count as days only with a `date_system` (1900,
    1904).

    >>> survey = survey_days(["25/12/2019", "1/2/2020"])
    >>> survey.order, survey.proof, survey.values[1]
    ('dmy', {'dmy': 0}, datetime.date(2020, 2, 1))
    """
    filled = {cell for cell in cells if cell.strip() and not is_null_spelling(cell)}
    written = {cell: day for cell in filled if (day := _take_day(cell, date_system)) is not None}
    meanings, problems = {}, {}
    for cell, day in written.items():
        try:
            meanings[cell] = list_meanings(day)
        except Unreadable as problem:
            problems[cell] = problem.rule
    ordered = [cell for cell in dict.fromkeys(cells) if cell in written]
    order, reason, proofs = _survey_order({cell: written[cell] for cell in ordered}, meanings)
    strange: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        rules = {problems.get(cell, "")}
        if cell in written:
            rules |= {*written[cell].rules} & {"time_zone", "serial_date"}
        for rule in rules - {""}:
            strange.setdefault(rule, []).append(place)
    good = [cell for cell in cells if cell in meanings or _is_sentinel(cell, written, problems)]
    days = [meanings.get(cell, {}) for cell in cells]
    values = [_choose(found, order) for found in days]
    forms = Counter(written[cell].form for cell in good)
    places = {
        known: [at for at, cell in enumerate(cells) if cell in proofs[known]] for known in proofs
    }
    return DaySurvey(
        values,
        days,
        len(good) / sum(cell in filled for cell in cells) if filled else 0.0,
        order,
        reason,
        {known: found[0] for known, found in places.items()},
        {known: len(found) for known, found in places.items()},
        sum(len(set(found.values())) > 1 for found in days),
        forms,
        strange,
        bool(forms) and set(forms) == {MONTH},
        [place for place, day in enumerate(values) if day is None and cells[place] in filled],
    )


def survey_numbers(cells: Sequence[str]) -> NumberSurvey:
    """Numbers of a column of text.

    >>> survey = survey_numbers(["1.234", "2,5 €", "x"])
    >>> survey.decimal, survey.proof, survey.values
    (',', {',': 1}, [Decimal('1234'), Decimal('2.5'), None])
    """
    convention = Convention()
    distinct = [
        cell for cell in dict.fromkeys(cells) if cell.strip() and not is_null_spelling(cell)
    ]
    taken = {cell: take_apart(cell, convention) for cell in distinct}
    written = {cell: found for cell, found in taken.items() if isinstance(found, Written)}
    digits = pa.array([found.digits for found in written.values()], pa.string())
    known = list(written)
    proofs = {mark: {known[at] for at in found} for mark, found in list_proofs(digits).items()}
    decimal, separators = _survey_marks(digits, proofs)
    values = {cell: _read_number(found, separators, convention) for cell, found in written.items()}
    if separators.proof:
        same = {cell for cell, found in written.items() if found.digits == separators.proof}
        proofs[separators.decimal] = proofs[separators.decimal] or same
    rules: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        for rule in written[cell].rules if cell in written else ():
            rules.setdefault(rule, []).append(place)
    marks = "".join(found.digits for cell, found in written.items() if values[cell] is not None)
    groups = [MARKS[separators.decimal == "."], "'", " "]
    numbers = [values.get(cell) for cell in cells]
    filled = sum(cell in taken for cell in cells)
    first = {
        mark: next((at for at, cell in enumerate(cells) if cell in proofs[mark]), None)
        for mark in MARKS
    }
    return NumberSurvey(
        numbers,
        sum(value is not None for value in numbers) / filled if filled else 0.0,
        decimal,
        {mark: place for mark, place in first.items() if place is not None},
        [place for place, cell in enumerate(cells) if cell in proofs[EITHER]],
        rules,
        next((mark for mark in groups if mark in marks), "") if decimal else "",
        find_two_currencies((found.currency, cell) for cell, found in written.items()),
        [place for place, value in enumerate(numbers) if value is None and cells[place] in taken],
    )


def _take_day(cell: str, date_system: int | None) -> WrittenDay | None:
    """A cell's day or month as it is written; None where it is none."""
    try:
        require_value(cell)
        day = dissect_month(cell) or dissect_day(cell, date_system or 1900)
    except Unreadable:
        return None
    return None if day.form == SERIAL and date_system is None else day


def _survey_order(
    written: Mapping[str, WrittenDay], meanings: Mapping[str, Mapping[str, date]]
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


def _is_sentinel(cell: str, written: Mapping[str, WrittenDay], problems: Mapping[str, str]) -> bool:
    """Whether a cell stands for no date, as 9999-12-31 does."""
    if problems.get(cell) != "sentinel_date" or written[cell].form in (SERIAL, MONTH):
        return False
    return not cell.strip().isdigit() or cell.strip() in EMPTY_DAYS


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
        return CONTRARY, Separators(max(MARKS, key=lambda mark: len(proofs[mark])))
    return separators.decimal if separators.proof else "", separators


def _read_number(
    written: Written, separators: Separators, convention: Convention
) -> Decimal | None:
    """A cell's value; in a column of two conventions each cell by the mark that it proves."""
    for each in (separators, *map(Separators, MARKS)):
        value = read_one(written, each, convention)
        if not isinstance(value, Unreadable):
            return Decimal(value[0]).scaleb(-value[1])
        if separators.proof:
            break
    return None
