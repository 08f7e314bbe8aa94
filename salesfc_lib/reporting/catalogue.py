"""Facts to sentences: a sentence is a key of the catalogue plus facts.

Numbers are formatted by a name in the catalogue's template (`{wape:percent}`) and by the language
that is written in (`foundation.language`), so that a further language is a catalogue and no code.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, Self

import pandas as pd

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import is_said, language, read_said, wording


def iso(month: str | pd.Timestamp) -> str:
    """A month as '2026-06'."""
    return month if isinstance(month, str) else f"{month:%Y-%m}"


def exact(value: Decimal) -> str:
    """Every digit of a decimal, with a real minus sign where it is below zero."""
    return f"{wording.MINUS if value < 0 else ''}{abs(value):,f}"


FORMATS: dict[str, Callable[[Any], str]] = {
    "percent": wording.percent,
    "share": lambda value: wording.percent(value, 0),
    "signed_percent": wording.signed_percent,
    "points": wording.points,
    "bare_points": lambda value: wording.signed(value * 100),
    "size_in_points": lambda value: wording.points(abs(value)).lstrip("+"),
    "iso": iso,
    "month": lambda month: wording.month_name(iso(month)),
    "month_word": lambda month: wording.month_word(iso(month)),
    "month_short": lambda month: wording.month_short(iso(month)),
    "year": lambda month: iso(month)[:4],
    "day": wording.day,
    "count": wording.number,
    "exact": exact,
    "weight": "{:.2f}".format,
    "strength": "{:.1f}".format,
    "fingerprint": lambda text: text[:8],
    "bytes": lambda value: wording.size(int(value)),
    "cardinal": wording.cardinal,
    "Cardinal": lambda value: wording.first_upper(wording.cardinal(value)),
    "ordinal": wording.ordinal,
    "list": wording.listing,
    "upper": wording.first_upper,
    "spaced": lambda value: str(value).replace("_", " "),
    "file": lambda path: PurePosixPath(path).name,
}


def name_of(kind: str, value: str) -> str:
    """How a value of a table reads, such as a rule or a stage: by the catalogue, else with spaces.

    >>> name_of("rule", "after_month"), name_of("rule", "subtotal")
    ('Dated after the month', 'Subtotal')
    """
    plain = wording.first_upper(str(value).replace("_", " "))
    return language.sentences().get(f"{kind}.{value}", plain)


@dataclass(frozen=True)
class Sentences:
    """Sentences of the catalogue for one unit, in its measure and the current language.

    An amount of format `amount` has a scale of its own, one of format `scaled` `scale`,
    for amounts that stand together; `bare` is the latter with three significant digits and neither
    currency nor unit, which a head names.
    """

    measure: wording.AmountFormat
    scale: wording.DisplayScale = wording.PLAIN

    def at(self, values: Iterable[float]) -> Self:
        """The same with the one scale that suits all of `values`."""
        return replace(self, scale=wording.scale_for(values))

    @property
    def axis(self) -> str:
        """What a subtitle or a head says of the scale: '¥ m', 'thousand pieces'."""
        return self.measure.axis(self.scale)

    def text(self, key: str, /, **facts: Any) -> str:
        """The sentence `key` with its facts.

        Raises `SalesForecastError` for a key that the catalogue lacks.
        """
        return _Facts(self).vformat(self.template(key), (), facts)

    def template(self, key: str) -> str:
        """The sentence `key` as the catalogue has it."""
        sentences = language.sentences()
        if key not in sentences:
            raise SalesForecastError.unknown_key(key, sentences, "the catalogue of sentences")
        return sentences[key]

    def find(self, key: str, /, **facts: Any) -> str:
        """The sentence `key`, empty where the catalogue has none."""
        return self.text(key, **facts) if key in language.sentences() else ""

    def said(self, value: Any) -> Any:
        """What a room said (`foundation.say`) in words, also inside a list; else the value."""
        if isinstance(value, list):
            return [self.said(each) for each in value]
        if not is_said(value):
            return value
        key, facts = read_said(value)
        return self.text(key, **{name: self.said(fact) for name, fact in facts.items()})

    def name(self, kind: str, value: str) -> str:
        """How a value of a table reads: see `name_of`."""
        return name_of(kind, value)

    def fill(self, template: str, row: Mapping[Any, Any]) -> str:
        """A cell's template with the fields of a row; a missing value leaves its place empty."""
        return _Fields(self).vformat(template, (), row)


class _Facts(string.Formatter):
    def __init__(self, writer: Sentences) -> None:
        self.writer = writer

    def format_field(self, value: Any, format_spec: str) -> str:
        value = self.writer.said(value)
        name, _, words = format_spec.partition(" ")
        measure, sign = self.writer.measure, name.startswith("signed_")
        if name in ("amount", "signed_amount"):
            return measure.amount(float(value), sign=sign)
        if name in ("scaled", "signed_scaled"):
            return measure.scaled(float(value), self.writer.scale, sign=sign)
        if name in ("bare", "signed_bare"):
            bare = value / self.writer.scale.divisor
            write = wording.signed if sign else wording.number
            return write(bare, wording.decimals(bare, 3))
        if name == "plural":
            return wording.plural(int(value), *words.split("|"))
        if name == "name":
            return self.writer.name(words, value)
        return FORMATS[name](value) if name in FORMATS else super().format_field(value, format_spec)


class _Fields(_Facts):
    def format_field(self, value: Any, format_spec: str) -> str:
        missing = pd.api.types.is_scalar(value) and pd.isna(value)
        return "" if missing else super().format_field(value, format_spec)
