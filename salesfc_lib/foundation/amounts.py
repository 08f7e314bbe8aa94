"""Amounts of a unit as the pages write them: their scale, and a currency or a unit.

English has thousands, millions and billions, Chinese 万 and 亿.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from salesfc_lib.foundation import language, wording
from salesfc_lib.foundation.spacing import join


@dataclass(frozen=True)
class DisplayScale:
    """A divisor with its suffix (`m`) and word (`million`)."""

    divisor: float
    suffix: str
    word: str


PLAIN = DisplayScale(1.0, "", "")
SCALES = {
    "en": (
        DisplayScale(1e9, "bn", "billion"),
        DisplayScale(1e6, "m", "million"),
        DisplayScale(1e3, "k", "thousand"),
        PLAIN,
    ),
    "zh": (DisplayScale(1e8, "亿", "亿"), DisplayScale(1e4, "万", "万"), PLAIN),
}
SCALED_FROM = 1e4  # below, amounts are written in full
YUAN = ("¥", "CNY", "RMB", "CNY ", "RMB ")  # what Chinese writes as 元 behind the number


@dataclass(frozen=True)
class AmountFormat:
    """How amounts of a unit are written: a currency before them, or a unit after them.

    >>> AmountFormat("¥").amount(48_260_000)
    '¥48.26\\xa0m'
    >>> AmountFormat("", "pieces").amount(1234)
    '1,234\\xa0pieces'
    """

    currency: str = "¥"
    unit: str = ""

    def amount(self, value: float, *, sign: bool = False, digits: int = 4) -> str:
        """Amount with its own scale: '¥48.26 m', '−¥0.19 m'; `digits` are significant."""
        return self.scaled(value, scale_for([value]), sign=sign, digits=digits)

    def scaled(
        self, value: float, scale: DisplayScale, *, sign: bool = False, digits: int = 4
    ) -> str:
        """Amount in a given scale, with currency or unit; nothing at all is 0 without a scale."""
        scale = scale if value else PLAIN
        if scale.divisor == 1.0 and abs(value) < 1_000:
            text = wording.number(
                abs(value), 0 if float(value).is_integer() or abs(value) >= 100 else 2
            )
        else:
            text = wording.number(
                abs(value) / scale.divisor, decimals(value / scale.divisor, digits)
            )
        mark = f"{wording.NBSP}{scale.suffix}" if scale.suffix else ""
        unit = f" {self.unit_name}" if self.unit else ""
        before = wording.MINUS if value < 0 else "+" if sign and value > 0 else ""
        counted = join([f"{text}{mark}", unit]).replace(" ", wording.NBSP)
        return f"{before}{self.currency}{counted}"

    @property
    def unit_name(self) -> str:
        """The unit as the current language calls it, where the catalogue knows it."""
        return language.sentences().get(f"quantity_unit.{self.unit}", self.unit)

    def axis(self, scale: DisplayScale) -> str:
        """What a subtitle or a column head says of a scale: '¥ m', 'thousand pieces', 'pieces'.

        >>> AmountFormat("GBP ").axis(SCALES["en"][0]), AmountFormat("").axis(PLAIN)
        ('GBP bn', 'amounts')
        """
        if language.current() == "zh":
            unit = "元" if self.currency in YUAN else self.currency.strip() or self.unit_name
            unit = unit or "金额"
            return f"{scale.word}{unit}" if unit == "元" else f"{unit} {scale.word}".strip()
        if self.currency:
            return f"{self.currency.strip()} {scale.suffix}".strip()
        if self.unit:
            return f"{scale.word} {self.unit}".strip()
        return f"amounts in {scale.word}s" if scale.word else "amounts"


def scale_for(values: Iterable[float]) -> DisplayScale:
    """The largest scale in which the largest value is at least one; plain where it is small."""
    finite = (abs(value) for value in values if value is not None and math.isfinite(value))
    largest = max(finite, default=0.0)
    if largest < SCALED_FROM:
        return PLAIN
    return next(scale for scale in SCALES[language.current()] if largest >= scale.divisor)


def decimals(value: float, digits: int = 4) -> int:
    """Decimals that leave `digits` significant digits, at most two and at least none.

    >>> decimals(48.26), decimals(109.04), decimals(1234.5), decimals(0.0)
    (2, 1, 0, 0)
    """
    if not value:
        return 0
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 1
    return max(0, min(2, digits - whole))
