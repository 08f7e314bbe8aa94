"""Arithmetic between the columns of an export: which equations hold, and in how many rows.

Columns of numbers enter; equations leave, each with what it would show. The decision made here: an equation counts where it
holds in at least nine of ten rows in which it could fail, within the last digit that is written; rows in which the result, or
the part that the equation is about, is zero do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations

ENOUGH = 0.9  # share of the rows in which an equation has to hold
LEAST = 5  # rows, below which it proves nothing
RATES = [
    Decimal(rate) / 100
    for rate in (3, 5, 6, 7, 8, 9, 10, 11, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23, 25)
]  # of tax
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
        is_percent = any(value is not None and abs(value) > 1 for value in self.values)
        return (
            Figure(self.header, [None if value is None else value / 100 for value in self.values])
            if is_percent
            else self
        )

    @property
    def rounding(self) -> Decimal:
        """Half of the last digit that the column writes, and a little."""
        places = max(
            (-int(value.as_tuple().exponent) for value in self.values if value is not None),
            default=0,
        )
        return Decimal(51).scaleb(-2 - max(0, min(places, 6)))


@dataclass(frozen=True)
class Equation:
    """An equation, in how many of the rows in which it says something it holds, and what it shows: a word and headers."""

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
    """Equations that hold; `others` are quantity, discount, tax and tax rate, as far as there are."""
    tried = [
        *_try_tax(amounts, others),
        *_try_prices(amounts, prices, others),
        *_try_discounts(amounts, others),
    ]
    return [equation for equation in tried if equation.is_true]


def _try_tax(amounts: Sequence[Figure], others: Mapping[str, Figure]) -> Iterator[Equation]:
    """Which amount is another without its tax, and whether the tax is a rate of an amount or is held in it."""
    tax, rate = others.get("tax_amount"), others.get("tax_rate")
    for net, gross in permutations(amounts, 2):
        shows = ("net and gross", net.header, gross.header)
        if tax:
            yield _count(
                f"{net.header} + {tax.header} = {gross.header}",
                shows,
                gross,
                [net, tax],
                lambda a, t: a + t,
            )
        if rate:
            said = f"{net.header} x (1 + {rate.header}) = {gross.header}"
            yield _count(
                said, shows, gross, [net, rate.as_rate], lambda a, r: a * (1 + r), room=TWO_CENTS
            )
        elif (usual := _find_rate(net, gross)) is not None:
            said = f"{net.header} x {1 + usual} = {gross.header}"
            yield _count(
                said,
                (*shows, str(usual)),
                gross,
                [net],
                lambda a, r=usual: a * (1 + r),
                room=TWO_CENTS,
            )
    for amount in amounts if tax else ():
        assert tax is not None
        if rate:
            named, parts = rate.header, [amount, rate.as_rate]
            yield _count(
                f"{amount.header} x {named} = {tax.header}",
                ("without tax", amount.header),
                tax,
                parts,
                lambda a, r: a * r,
                room=CENT,
            )
            said = f"{amount.header} x {named} / (1 + {named}) = {tax.header}"
            yield _count(
                said,
                ("with tax", amount.header),
                tax,
                parts,
                lambda a, r: a * r / (1 + r),
                room=CENT,
            )
            continue
        for usual in RATES:
            said, shown = f"{amount.header} x {usual} = {tax.header}", (amount.header, str(usual))
            yield _count(
                said, ("without tax", *shown), tax, [amount], lambda a, r=usual: a * r, room=CENT
            )
            said = f"{amount.header} x {usual} / {1 + usual} = {tax.header}"
            yield _count(
                said,
                ("with tax", *shown),
                tax,
                [amount],
                lambda a, r=usual: a * r / (1 + r),
                room=CENT,
            )


def _try_prices(
    amounts: Sequence[Figure], prices: Sequence[Figure], others: Mapping[str, Figure]
) -> Iterator[Equation]:
    """Which price times the quantity is an amount, with the discount in it or off."""
    pieces, off = others.get("quantity"), others.get("discount")
    for amount in amounts if pieces else ():
        assert pieces is not None
        for price in prices:
            product, parts = f"{pieces.header} x {price.header}", [pieces, price]
            slack = price.rounding  # of the price, in each piece
            yield _count(
                f"{product} = {amount.header}",
                ("price", amount.header, price.header),
                amount,
                parts,
                lambda n, p: n * p,
                slack=slack,
            )
            if off is None:
                continue
            said = f"{product} - {off.header} = {amount.header}"
            yield _count(
                said,
                ("off", amount.header),
                amount,
                [*parts, off],
                lambda n, p, d: n * p - abs(d),
                slack=slack,
                about=2,
            )
            said = f"{product} x (1 - {off.header}) = {amount.header}"
            yield _count(
                said,
                ("off", amount.header),
                amount,
                [*parts, off.as_rate],
                lambda n, p, d: n * p * (1 - d),
                slack=slack,
                about=2,
            )


def _try_discounts(amounts: Sequence[Figure], others: Mapping[str, Figure]) -> Iterator[Equation]:
    """Which amount is another less the discount."""
    off = others.get("discount")
    for gross, net in permutations(amounts, 2) if off else ():
        assert off is not None
        shows = ("before and after", gross.header, net.header)
        yield _count(
            f"{gross.header} - {off.header} = {net.header}",
            shows,
            net,
            [gross, off],
            lambda a, d: a - d,
            about=1,
        )
        said = f"{gross.header} x (1 - {off.header}) = {net.header}"
        yield _count(
            said,
            shows,
            net,
            [gross, off.as_rate],
            lambda a, d: a * (1 - d),
            room=TWO_CENTS,
            about=1,
        )


def _count(
    text: str,
    shows: tuple[str, ...],
    result: Figure,
    parts: Sequence[Figure],
    compute: Callable[..., Decimal],
    **room: Decimal | int,
) -> Equation:
    """In how many rows an equation holds. `room`: `room` of the whole, `slack` of each unit of the first part, `about`: the part
    that must not be zero."""
    least, slack, about = (
        result.rounding + room.get("room", 0),
        room.get("slack", 0),
        room.get("about"),
    )
    holds = of = 0
    for wanted, *given in zip(result.values, *(part.values for part in parts), strict=True):
        if (
            wanted is None
            or None in given
            or not wanted
            or (about is not None and not given[int(about)])
        ):
            continue
        of += 1
        holds += abs(abs(compute(*given)) - abs(wanted)) <= least + slack * abs(given[0])
    return Equation(text, shows, holds, of)


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
