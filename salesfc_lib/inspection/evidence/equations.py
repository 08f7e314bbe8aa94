"""Arithmetic between the columns of an export: which equations hold, and in how many rows.

An equation counts where it holds in at least nine of ten rows in which it could fail, within the
last digit that is written; rows in which the result, or the part that the equation is about, is
zero do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, permutations, product
from typing import Any

import numpy as np

ENOUGH = 0.9  # share of the rows in which an equation has to hold
LEAST = 5  # rows, below which it proves nothing
PERCENTS = (3, 5, 6, 7, 8, 9, 10, 11, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23, 25)  # of tax
RATES = [Decimal(percent) / 100 for percent in PERCENTS]
CENT, TWO_CENTS = 0.01, 0.02  # what rounding each line costs
NOISE = 1e-12  # of a float, relative to the figure


@dataclass(frozen=True)
class Figures:
    """A column of numbers (n_rows,), NaN where there is none, and half of the last digit that it
    writes, and a little.
    """

    header: str
    values: np.ndarray
    rounding: float

    @property
    def shares(self) -> np.ndarray:
        """The values as shares: 13 stands for 0.13 where the column holds any above one."""
        return self.values / 100 if (np.abs(self.values) > 1).any() else self.values


def to_figures(header: str, values: Sequence[Decimal | None]) -> Figures:
    """Figures of a column of decimals."""
    exponents = [int(value.as_tuple().exponent) for value in values if value is not None]
    places = min(max((-exponent for exponent in exponents), default=0), 6)
    floats = [np.nan if value is None else float(value) for value in values]
    return Figures(header, np.array(floats), 0.51 * 10.0 ** -max(0, places))


@dataclass(frozen=True)
class Equation:
    """An equation, and in how many of the rows in which it says something it holds.

    What it shows, by header of an amount: whether `tax` is 'included' or 'excluded', at which
    `rate`; whether `discounts` are off ('net') or still in it ('gross'); the `price` that makes it.
    """

    text: str
    holds: int
    of: int
    tax: Mapping[str, str] = field(default_factory=dict)
    rate: Decimal | None = None
    discounts: Mapping[str, str] = field(default_factory=dict)
    price: Mapping[str, str] = field(default_factory=dict)

    def describe(self) -> str:
        """The equation and its count, for people."""
        return f"{self.text} in {self.holds:,} of {self.of:,} rows"


def list_equations(
    amounts: Sequence[Figures], prices: Sequence[Figures], others: Mapping[str, Figures]
) -> list[Equation]:
    """Equations that hold; `others` are quantity, discount, tax and tax rate, as far as there
    are.
    """
    tried = chain(
        _try_taxes(amounts, others),
        _try_prices(amounts, prices, others),
        _try_discounts(amounts, others),
    )
    return [one for one in tried if one.of >= LEAST and one.holds >= ENOUGH * one.of]


def _try_taxes(amounts: Sequence[Figures], others: Mapping[str, Figures]) -> Iterator[Equation]:
    """Which amount is another without its tax, and whether the tax is in an amount."""
    tax, rate = others.get("tax_amount"), others.get("tax_rate")
    for net, gross in permutations(amounts, 2):
        shown = {net.header: "excluded", gross.header: "included"}
        if tax:
            text = f"{net.header} + {tax.header} = {gross.header}"
            yield _count(text, gross, net.values + tax.values, tax=shown)
        usual = None if rate else _find_usual_rate(net, gross)
        if rate or usual is not None:
            shares = rate.shares if rate else float(usual or 0)
            words = f"(1 + {rate.header})" if rate else f"{1 + (usual or 0)}"
            text, made = f"{net.header} x {words} = {gross.header}", net.values * (1 + shares)
            yield _count(text, gross, made, TWO_CENTS, tax=shown, rate=usual)
    for amount in amounts if tax else ():
        assert tax is not None
        rates: list[tuple[str, str, Any, Decimal | None]]
        rates = [(f"{one}", f"{1 + one}", float(one), one) for one in RATES]
        if rate:
            rates = [(rate.header, f"(1 + {rate.header})", rate.shares, None)]
        for name, more, share, usual in rates:
            part, text = amount.values * share, f"{amount.header} x {name}"
            off, held = {amount.header: "excluded"}, {amount.header: "included"}
            yield _count(f"{text} = {tax.header}", tax, part, CENT, tax=off, rate=usual)
            text = f"{text} / {more} = {tax.header}"
            yield _count(text, tax, part / (1 + share), CENT, tax=held, rate=usual)


def _try_prices(
    amounts: Sequence[Figures], prices: Sequence[Figures], others: Mapping[str, Figures]
) -> Iterator[Equation]:
    """Which price times the quantity is an amount, with the discount in it or off."""
    pieces, off = others.get("quantity"), others.get("discount")
    for amount, price in product(amounts, prices) if pieces else ():
        assert pieces is not None
        text, made = f"{pieces.header} x {price.header}", pieces.values * price.values
        room, shown = price.rounding * np.abs(pieces.values), {amount.header: price.header}
        yield _count(f"{text} = {amount.header}", amount, made, room, price=shown)
        if off is None:
            continue
        for words, less in (
            (f"- {off.header}", made - np.abs(off.values)),
            (f"x (1 - {off.header})", made * (1 - off.shares)),
        ):
            text_of, net = f"{text} {words} = {amount.header}", {amount.header: "net"}
            yield _count(text_of, amount, less, room, about=off, discounts=net)


def _try_discounts(amounts: Sequence[Figures], others: Mapping[str, Figures]) -> Iterator[Equation]:
    """Which amount is another less the discount."""
    off = others.get("discount")
    for gross, net in permutations(amounts, 2) if off else ():
        assert off is not None
        shown = {gross.header: "gross", net.header: "net"}
        for words, less, room in (
            (f"- {off.header}", gross.values - off.values, 0.0),
            (f"x (1 - {off.header})", gross.values * (1 - off.shares), TWO_CENTS),
        ):
            text = f"{gross.header} {words} = {net.header}"
            yield _count(text, net, less, room, about=off, discounts=shown)


def _count(
    text: str,
    result: Figures,
    made: np.ndarray,
    room: float | np.ndarray = 0.0,
    *,
    about: Figures | None = None,
    **shown: Any,
) -> Equation:
    """In how many rows the figures made are the result, but for its rounding and the room."""
    counts = np.isfinite(made) & np.isfinite(result.values) & (result.values != 0)
    if about is not None:
        counts &= about.values != 0
    error = np.abs(np.abs(made) - np.abs(result.values)) - NOISE * np.abs(result.values)
    holds = counts & (error <= result.rounding + room + NOISE)
    return Equation(text, int(holds.sum()), int(counts.sum()), **shown)


def _find_usual_rate(net: Figures, gross: Figures) -> Decimal | None:
    """The usual rate of tax by which one amount exceeds another, where there is one."""
    below, above = np.abs(net.values), np.abs(gross.values)
    pairs = (above > below) & (below >= 10)
    ratios = np.round(gross.values[pairs] / net.values[pairs] - 1, 3)
    rate = Decimal(str(Counter(ratios.tolist()).most_common(1)[0][0])) if pairs.any() else None
    return next((known for known in RATES if known == rate), None)
