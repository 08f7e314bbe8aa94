"""What a spreadsheet's simple formula makes of its cells: `+ - * / %`, brackets, `SUM` over cells of one row, and `ROUND`.

The text of a formula and the cells it may look at enter; a value leaves, with the bound of its error, or None. The decision made
here: only what is certain is worked out. Other sheets, names, other functions, text taken for a number, errors and whatever
is longer than `MOST` cells give None, so that nobody is told of a difference that there is not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import NamedTuple

MOST = 256  # cells and numbers of one formula
DEEPEST = 64  # brackets within brackets, as many as Excel allows
SHARP = 1e-14  # relative error of a number that a spreadsheet writes with 15 digits
CENTS = 2  # decimals to which a writer may have rounded what it stored
TOKEN = re.compile(
    r"\s*(?:(?P<cell>(?P<fixed>\$?)(?P<letters>[A-Z]{1,3})(?P<still>\$?)(?P<row>[1-9][0-9]{0,6})(?![A-Za-z0-9_.(!]))"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[Ee][+-]?[0-9]{1,3})?(?![A-Za-z_$]))|(?P<name>SUM|ROUND)\(|(?P<mark>[-+*/%():,]))"
)


class Cell(NamedTuple):
    """A stored cell: the kind that its format names (n: number, e: error, others: text or truth) and its text."""

    kind: str
    text: str


BLANK = Cell("blank", "")
UNKNOWN = Cell("e", "")


class Near(NamedTuple):
    """A number and the bound of its error."""

    value: float
    slack: float


class Place(NamedTuple):
    """A cell's row (from 1) and column (from 0)."""

    row: int
    column: int


class _UncertainError(Exception):
    """The formula is none of those that are worked out."""


@dataclass(frozen=True)
class Formula:
    """The text of a formula as it stands in the cell `home`."""

    text: str
    home: Place


def differs(stored: str, made: Near) -> bool:
    """Whether a stored number is not what its formula makes, rounding aside.

    >>> differs("1", Near(0.999, 0)), differs("0.30", Near(0.1 + 0.2, 0)), differs("12", Near(12.4, 0))
    (False, False, True)
    """
    try:
        number = Decimal(stored)
    except DecimalException:
        return False
    if not number.is_finite():
        return False
    decimals = max(CENTS, -int(number.as_tuple().exponent))
    value = float(number)
    return abs(value - made.value) > made.slack + SHARP * abs(value) + 0.5 * 10.0**-decimals


def work_out(formula: Formula, at: Place, look: Callable[[Place], Cell]) -> Near | None:
    """What a formula makes in the cell `at`, its relative cells moved with it; None where that is not certain.

    >>> cells = {Place(2, 0): Cell("n", "3"), Place(2, 1): Cell("n", "1.5")}
    >>> work_out(Formula("A2*B2", Place(2, 2)), Place(2, 2), lambda place: cells.get(place, BLANK)).value
    4.5
    >>> work_out(Formula("VLOOKUP(A2,B:C,2)", Place(2, 2)), Place(2, 2), lambda place: BLANK)
    """
    try:
        reader = _Reader(
            list(_split(formula.text)),
            at,
            Place(at.row - formula.home.row, at.column - formula.home.column),
            look,
        )
        made = reader.read_sum()
        if reader.tokens:
            return None
    except (_UncertainError, ArithmeticError):
        return None
    return made if math.isfinite(made.value) and math.isfinite(made.slack) else None


def _split(text: str) -> Iterator[re.Match[str]]:
    text = text.strip().removeprefix("=")
    at = 0
    while at < len(text):
        token = TOKEN.match(text, at)
        if token is None:
            raise _UncertainError
        yield token
        at = token.end()


@dataclass
class _Reader:
    """Tokens that are still to be read, the first first."""

    tokens: list[re.Match[str]]
    at: Place
    moved: Place
    look: Callable[[Place], Cell]
    counted: int = 0
    depth: int = 0

    def __post_init__(self) -> None:
        self.tokens.reverse()

    def read_sum(self) -> Near:
        self.depth += 1
        if self.depth > DEEPEST:
            raise _UncertainError
        left = self.read_product()
        while (mark := self.take("+", "-")) is not None:
            right = self.read_product()
            left = _add(left, right if mark == "+" else Near(-right.value, right.slack))
        self.depth -= 1
        return left

    def read_product(self) -> Near:
        left = self.read_signed()
        while (mark := self.take("*", "/")) is not None:
            right = self.read_signed()
            left = _multiply(left, right) if mark == "*" else _divide(left, right)
        return left

    def read_signed(self) -> Near:
        is_negative = False
        while (mark := self.take("+", "-")) is not None:
            is_negative ^= mark == "-"
        value = self.read_value()
        while self.take("%") is not None:
            value = _divide(value, Near(100, 0))
        return Near(-value.value, value.slack) if is_negative else value

    def read_value(self) -> Near:
        token = self.next()
        if token["number"]:
            return self.count(_number(token["number"]))
        if token["cell"]:
            return self.count(_number_of(self.look(self.find(token))))
        if token["name"] == "SUM":
            return self.read_arguments()
        if token["name"] == "ROUND":
            value = self.read_sum()
            self.need(",")
            digits = self.read_sum()
            self.need(")")
            return _round(value, digits)
        if token["mark"] != "(":
            raise _UncertainError
        value = self.read_sum()
        self.need(")")
        return value

    def read_arguments(self) -> Near:
        """Sum of cells, ranges in one row and values; text and truth in cells count nothing there, as in a spreadsheet."""
        total = Near(0, 0)
        while True:
            if (
                self.tokens
                and self.tokens[-1]["cell"]
                and (len(self.tokens) < 2 or self.tokens[-2]["mark"] in (":", ",", ")"))
            ):
                first = last = self.find(self.next())
                if self.take(":") is not None:
                    last = self.find(self.next())
                if last.row != first.row or last.column < first.column:
                    raise _UncertainError
                for column in range(first.column, last.column + 1):
                    cell = self.look(Place(first.row, column))
                    total = _add(
                        total,
                        self.count(
                            _number_of(cell) if cell.kind in ("n", "e", "blank") else Near(0, 0)
                        ),
                    )
            else:
                total = _add(total, self.read_sum())
            if self.take(",") is None:
                break
        self.need(")")
        return total

    def find(self, token: re.Match[str]) -> Place:
        """Place of the cell that a token names; the formula's own cell is none of those that it may look at."""
        if not token["cell"]:
            raise _UncertainError
        row = int(token["row"]) + (0 if token["still"] else self.moved.row)
        column = read_column(token["letters"]) + (0 if token["fixed"] else self.moved.column)
        place = Place(row, column)
        if place == self.at or row < 1 or column < 0:
            raise _UncertainError
        return place

    def count(self, value: Near) -> Near:
        self.counted += 1
        if self.counted > MOST:
            raise _UncertainError
        return value

    def next(self) -> re.Match[str]:
        if not self.tokens:
            raise _UncertainError
        return self.tokens.pop()

    def take(self, *marks: str) -> str | None:
        """The next mark, if it is one of these."""
        if self.tokens and self.tokens[-1]["mark"] in marks:
            return str(self.tokens.pop()["mark"])
        return None

    def need(self, mark: str) -> None:
        if self.take(mark) is None:
            raise _UncertainError


def read_column(letters: str) -> int:
    """Column (from 0) by its letters.

    >>> read_column("A"), read_column("AB"), read_column("XFD")
    (0, 27, 16383)
    """
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1


def _number(text: str) -> Near:
    value = float(text)
    return Near(value, SHARP * abs(value))


def _number_of(cell: Cell) -> Near:
    """Number of a cell in arithmetic; a blank one counts as nothing."""
    if cell.kind == "blank":
        return Near(0, 0)
    if cell.kind != "n":
        raise _UncertainError
    try:
        return _number(cell.text)
    except ValueError as error:
        raise _UncertainError from error


def _add(left: Near, right: Near) -> Near:
    value = left.value + right.value
    return Near(value, left.slack + right.slack + SHARP * abs(value))


def _multiply(left: Near, right: Near) -> Near:
    value = left.value * right.value
    slack = abs(left.value) * right.slack + abs(right.value) * left.slack + left.slack * right.slack
    return Near(value, slack + SHARP * abs(value))


def _divide(left: Near, right: Near) -> Near:
    room = abs(right.value) - right.slack
    if room <= 0:
        raise _UncertainError
    value = left.value / right.value
    return Near(value, (left.slack + abs(value) * right.slack) / room + SHARP * abs(value))


def _round(value: Near, digits: Near) -> Near:
    """Half away from zero; a number within its error of a tie may have gone either way."""
    if digits.value != int(digits.value) or abs(digits.value) > 15:
        raise _UncertainError
    step = Decimal(1).scaleb(-int(digits.value))
    ends = {
        (Decimal(repr(end)) / step).quantize(Decimal(1), ROUND_HALF_UP) * step
        for end in (value.value - value.slack, value.value, value.value + value.slack)
    }
    middle = float((Decimal(repr(value.value)) / step).quantize(Decimal(1), ROUND_HALF_UP) * step)
    return Near(middle, float(max(ends) - min(ends)))
