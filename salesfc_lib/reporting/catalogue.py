"""Facts to sentences of one unit: a sentence is a key of the catalogue plus facts.

To the formats that every room knows (`foundation.sentences`) come those of the unit's measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import pandas as pd

from salesfc_lib.foundation import FactFormatter, amounts, language, name_of, template_of, wording


@dataclass(frozen=True)
class Sentences:
    """Sentences of the catalogue for one unit, in its measure and the current language.

    An amount of format `amount` has a scale of its own, one of format `scaled` `scale`,
    for amounts that stand together; `bare` is the latter with three significant digits and neither
    currency nor unit, which a head names.
    """

    measure: amounts.AmountFormat
    scale: amounts.DisplayScale = amounts.PLAIN

    def at(self, values: Iterable[float]) -> Self:
        """The same with the one scale that suits all of `values`."""
        return replace(self, scale=amounts.scale_for(values))

    @property
    def axis(self) -> str:
        """What a subtitle or a head says of the scale: '¥ m', 'thousand pieces'."""
        return self.measure.axis(self.scale)

    def text(self, key: str, /, **facts: Any) -> str:
        """The sentence `key` with its facts.

        Raises `SalesForecastError` for a key that the catalogue lacks.
        """
        return _Facts(self).vformat(template_of(key), (), facts)

    def find(self, key: str, /, **facts: Any) -> str:
        """The sentence `key`, empty where the catalogue has none."""
        return self.text(key, **facts) if key in language.sentences() else ""

    def said(self, value: Any) -> Any:
        """What a room said (`foundation.say`) in words, also inside a list; else the value."""
        return _Facts(self).said(value)

    def name(self, kind: str, value: str) -> str:
        """How a value of a table reads: see `name_of`."""
        return name_of(kind, value)

    def fill(self, template: str, row: Mapping[Any, Any]) -> str:
        """A cell's template with the fields of a row; a missing value leaves its place empty."""
        return _Fields(self).vformat(template, (), row)


class _Facts(FactFormatter):
    def __init__(self, writer: Sentences) -> None:
        self.writer = writer

    def format_field(self, value: Any, format_spec: str) -> str:
        measure, sign = self.writer.measure, format_spec.startswith("signed_")
        if format_spec in ("amount", "signed_amount"):
            return measure.amount(float(value), sign=sign)
        if format_spec in ("scaled", "signed_scaled"):
            return measure.scaled(float(value), self.writer.scale, sign=sign)
        if format_spec in ("bare", "signed_bare"):
            bare = value / self.writer.scale.divisor
            write = wording.signed if sign else wording.number
            return write(bare, amounts.decimals(bare, 3))
        return super().format_field(value, format_spec)


class _Fields(_Facts):
    def format_field(self, value: Any, format_spec: str) -> str:
        missing = pd.api.types.is_scalar(value) and pd.isna(value)
        return "" if missing else super().format_field(value, format_spec)
