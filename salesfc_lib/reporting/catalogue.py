"""Facts to sentences, through a catalogue.

A key and its facts enter, a sentence leaves. The decision made here: a sentence is a key plus facts, and every
number is formatted by a name in the catalogue's template (`{wape:percent}`), so that a second language is a second
catalogue and no code.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.markup import TEMPLATES

FORMATS: dict[str, Callable[[Any], str]] = {
    "percent": wording.percent,
    "share": lambda value: wording.percent(value, 0),
    "signed_percent": wording.signed_percent,
    "points": wording.points,
    "size_in_points": lambda value: wording.points(abs(value)).lstrip("+"),
    "month": wording.month_name,
    "month_word": wording.month_word,
    "day": wording.day,
    "count": wording.number,
    "cardinal": wording.cardinal,
    "Cardinal": lambda value: wording.first_upper(wording.cardinal(value)),
    "ordinal": wording.ordinal,
    "list": wording.listing,
    "upper": wording.first_upper,
}


def say(key: str, language: str = "en", **worded: str) -> str:
    """The sentence `key` with facts that are text already.

    >>> say("index.worst.short", units="South")
    'South fell short'
    """
    return read_catalogue(language)[key].format(**worded)


@dataclass(frozen=True)
class Voice:
    """How one unit's sentences are said: its measure and its language."""

    measure: wording.Measure
    language: str = "en"

    def say(self, key: str, **facts: Any) -> str:
        """The sentence `key` with its facts.

        Raises `SalesForecastError` for a key that the catalogue lacks.
        """
        sentences = read_catalogue(self.language)
        if key not in sentences:
            raise SalesForecastError.unknown_key(key, sentences, f"the '{self.language}' catalogue")
        return _Facts(self.measure).vformat(sentences[key], (), facts)


class _Facts(string.Formatter):
    def __init__(self, measure: wording.Measure) -> None:
        self.measure = measure

    def format_field(self, value: Any, format_spec: str) -> str:
        name, _, words = format_spec.partition(" ")
        if name == "amount":
            return self.measure.amount(float(value))
        if name == "signed_amount":
            return self.measure.amount(float(value), sign=True)
        if name == "plural":
            return wording.plural(int(value), *words.split("|"))
        return FORMATS[name](value) if name in FORMATS else super().format_field(value, format_spec)


@cache
def read_catalogue(language: str) -> dict[str, str]:
    """Sentences by key, of one language."""
    return yaml.safe_load((TEMPLATES / f"sentences.{language}.yml").read_text(encoding="utf-8"))
