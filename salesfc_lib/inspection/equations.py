"""Arithmetic between the columns of an export: which equations hold, and in how many rows.

An equation counts where it holds in at least nine of ten rows in which it could fail, within the
last digit that is written; rows in which the result, or the part that the equation is about, is
zero do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import chain, permutations, product
from operator import add, mul, sub
from typing import NamedTuple

ENOUGH = 0.9  # share of the rows in which an equation has to hold
LEAST = 5  # rows, below which it proves nothing
PERCENTS = (3, 5, 6, 7, 8, 9, 10, 11, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23, 25)  # of tax
RATES = [Decimal(percent) / 100 for percent in PERCENTS]
CENT, TWO_CENTS = Decimal("0.01"), Decimal("0.02")  # what rounding each line costs

Numbers = Sequence[Decimal | None]


@dataclass(frozen=True)
class Figure:
    """A column of numbers and its header."""

    header: str
    values: Numbers

    @property
    def as_rate(self) -> Figure:
        """Shares: 13 stands for 0.13 where the column holds any above one."""
        if all(value is None or abs(value) <= 1 for value in self.values):
            return self
        return Figure(
            self.header, [None if value is None else value / 100 for value in self.values]
        )

    @property
    def rounding(self) -> Decimal:
        """Half of the last digit that the column writes, and a little."""
        exponents = [value.as_tuple().exponent for value in self.values if value is not None]
        places = max((-int(exponent) for exponent in exponents), default=0)
        return Decimal(51).scaleb(-2 - max(0, min(places, 6)))


class Formula(NamedTuple):
    """An equation to try: what it would show, its result and parts, and how the parts make it.

    It may fail by `room`, by `slack` for each unit of the first part, and by the result's rounding;
    rows in which the part number `about` is zero do not count.
    """

    text: str
    shows: tuple[str, ...]
    result: Figure
    parts: Sequence[Figure]
    compute: Callable[..., Decimal]
    room: Decimal = Decimal(0)
    slack: Decimal = Decimal(0)
    about: int | None = None


@dataclass(frozen=True)
class Equation:
    """An equation, in how many of the rows in which it says something it holds, and what it shows:
    a word and headers.
    """

    text: str
    shows: tuple[str, ...]
    holds: int
    of: int

    @property
    def is_true(self) -> bool:
        return self.of >= LEAST and self.holds >= ENOUGH * self.of

    def say(self) -> str:
        """The equation and its count, for people."""
        return f"{self.text} in {self.holds:,} of {self.of:,} rows"


def list_equations(
    amounts: Sequence[Figure], prices: Sequence[Figure], others: Mapping[str, Figure]
) -> list[Equation]:
    """Equations that hold; `others` are quantity, discount, tax and tax rate, as far as there
    are.
    """
    tried = chain(
        _list_taxes(amounts, others),
        _list_prices(amounts, prices, others),
        _list_discounts(amounts, others),
    )
    return [found for formula in tried if (found := _count(formula)).is_true]


def _list_taxes(amounts: Sequence[Figure], others: Mapping[str, Figure]) -> Iterator[Formula]:
    """Which amount is another without its tax, and whether the tax is in an amount."""
    tax, rate = others.get("tax_amount"), others.get("tax_rate")
    for net, gross in permutations(amounts, 2):
        shows = ("net and gross", net.header, gross.header)
        if tax:
            text = f"{net.header} + {tax.header} = {gross.header}"
            yield Formula(text, shows, gross, [net, tax], add)
        if rate:
            text = f"{net.header} x (1 + {rate.header}) = {gross.header}"
            yield Formula(text, shows, gross, [net, rate.as_rate], _add_rate, room=TWO_CENTS)
        elif (usual := _find_rate(net, gross)) is not None:
            text = f"{net.header} x {1 + usual} = {gross.header}"
            with_rate = partial(_add_rate, rate=usual)
            yield Formula(text, (*shows, str(usual)), gross, [net], with_rate, room=TWO_CENTS)
    for amount in amounts if tax else ():
        assert tax is not None
        shown = ("without tax", amount.header), ("with tax", amount.header)
        if rate:
            name, parts = rate.header, [amount, rate.as_rate]
            text = f"{amount.header} x {name} = {tax.header}"
            yield Formula(text, shown[0], tax, parts, mul, room=CENT)
            text = f"{amount.header} x {name} / (1 + {name}) = {tax.header}"
            yield Formula(text, shown[1], tax, parts, _take_rate, room=CENT)
            continue
        for usual in RATES:
            by_rate = partial(mul, usual), partial(_take_rate, rate=usual)
            texts = (
                f"{amount.header} x {usual} = {tax.header}",
                f"{amount.header} x {usual} / {1 + usual} = {tax.header}",
            )
            for text, what, compute in zip(texts, shown, by_rate, strict=True):
                yield Formula(text, (*what, str(usual)), tax, [amount], compute, room=CENT)


def _list_prices(
    amounts: Sequence[Figure], prices: Sequence[Figure], others: Mapping[str, Figure]
) -> Iterator[Formula]:
    """Which price times the quantity is an amount, with the discount in it or off."""
    pieces, off = others.get("quantity"), others.get("discount")
    for amount, price in product(amounts, prices) if pieces else ():
        assert pieces is not None
        text, parts, slack = f"{pieces.header} x {price.header}", [pieces, price], price.rounding
        shows: tuple[str, ...] = ("price", amount.header, price.header)
        yield Formula(f"{text} = {amount.header}", shows, amount, parts, mul, slack=slack)
        if off is None:
            continue
        shows = ("off", amount.header)
        for said, column, compute in (
            (f"{text} - {off.header} = {amount.header}", off, _multiply_less),
            (f"{text} x (1 - {off.header}) = {amount.header}", off.as_rate, _multiply_share),
        ):
            yield Formula(said, shows, amount, [*parts, column], compute, slack=slack, about=2)


def _list_discounts(amounts: Sequence[Figure], others: Mapping[str, Figure]) -> Iterator[Formula]:
    """Which amount is another less the discount."""
    off = others.get("discount")
    for gross, net in permutations(amounts, 2) if off else ():
        assert off is not None
        shows = ("before and after", gross.header, net.header)
        text = f"{gross.header} - {off.header} = {net.header}"
        yield Formula(text, shows, net, [gross, off], sub, about=1)
        text, parts = f"{gross.header} x (1 - {off.header}) = {net.header}", [gross, off.as_rate]
        yield Formula(text, shows, net, parts, _take_share, room=TWO_CENTS, about=1)


def _add_rate(net: Decimal, rate: Decimal) -> Decimal:
    return net * (1 + rate)


def _take_rate(gross: Decimal, rate: Decimal) -> Decimal:
    """The tax that is held in an amount."""
    return gross * rate / (1 + rate)


def _take_share(gross: Decimal, share: Decimal) -> Decimal:
    return gross * (1 - share)


def _multiply_less(pieces: Decimal, price: Decimal, off: Decimal) -> Decimal:
    return pieces * price - abs(off)


def _multiply_share(pieces: Decimal, price: Decimal, share: Decimal) -> Decimal:
    return pieces * price * (1 - share)


def _count(formula: Formula) -> Equation:
    """In how many rows a formula holds."""
    least, about = formula.result.rounding + formula.room, formula.about
    columns = (part.values for part in formula.parts)
    holds = of = 0
    for wanted, *given in zip(formula.result.values, *columns, strict=True):
        if not wanted or None in given or (about is not None and not given[about]):
            continue
        of += 1
        error = abs(abs(formula.compute(*given)) - abs(wanted))
        holds += error <= least + formula.slack * abs(given[0])
    return Equation(formula.text, formula.shows, holds, of)


def _find_rate(net: Figure, gross: Figure) -> Decimal | None:
    """The usual rate of tax by which one amount exceeds another, where there is one."""
    pairs = zip(net.values, gross.values, strict=True)
    ratios = Counter(
        (above / below - 1).quantize(Decimal("0.001"))
        for below, above in pairs
        if below and above and abs(above) > abs(below) >= 10
    )
    rate = ratios.most_common(1)[0][0].normalize() if ratios else None
    return rate if rate in RATES else None
