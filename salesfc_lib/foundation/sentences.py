"""Templates of the catalogue filled with facts, by the formats that every room knows.

A format's name stands in the template (`{wape:percent}`), so that a further language is a catalogue
and no code. `reporting.catalogue` adds those of a unit's measure.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import amounts, language, wording
from salesfc_lib.foundation.messages import translate_message
from salesfc_lib.foundation.saying import is_said, read_said
from salesfc_lib.foundation.spacing import NAME, isolate, join

# parts of labels that no export names, with their keys
MEMBERS = {"All": "all", "other": "other", "unknown": "unknown"}


def iso(month: str | pd.Timestamp) -> str:
    """A month as '2026-06'."""
    return month if isinstance(month, str) else f"{month:%Y-%m}"


def exact(value: Decimal | str) -> str:
    """Every digit of a decimal, with a real minus sign where it is below zero."""
    number = Decimal(value)
    return f"{wording.MINUS if number < 0 else ''}{abs(number):,f}"


def quoted(values: Sequence[object]) -> str:
    """The first values in quotes and how many more there are: "'a', 'b', 'c' and 1 more"."""
    if language.current() != "zh":
        return shorten(values)
    shown = "、".join(f"“{value}”" for value in values[:3])
    return shown if len(values) <= 3 else f"{shown}等 {len(values)} 项"


def column_name(column: str) -> str:
    """How a column of the lines reads: a dimension as its level does, a file's own as it is.

    >>> with language.speaking("zh"):
    ...     column_name("amount"), column_name("region"), column_name("my_column")
    ('金额', '区域', 'my_column')
    """
    named = language.sentences()
    return named.get(f"column.{column}") or named.get(f"level.{column}", column)


def label_name(label: str) -> str:
    """A series' label with the members that the workbench names in the current language.

    >>> with language.speaking("zh"):
    ...     label_name("All"), label_name("Pots · other")
    ('全部', 'Pots · 其他')
    """
    named = language.sentences()
    parts = (named[MEMBERS[part]] if part in MEMBERS else part for part in label.split(NAME))
    return NAME.join(parts)


def level_name(level: str) -> str:
    """How a level or a dimension reads inside a sentence: a unit's own names with spaces.

    >>> level_name("key_account"), level_name("sales_office")
    ('key account', 'sales office')
    """
    return language.sentences().get(f"level.{level}", level.replace("_", " "))


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
    "plain": "{:g}".format,
    "odds": lambda p: wording.number(float(f"{1 / p:.2g}")),
    "fingerprint": lambda text: text[:8],
    "bytes": lambda value: wording.size(int(value)),
    "cardinal": wording.cardinal,
    "Cardinal": lambda value: wording.first_upper(wording.cardinal(value)),
    "ordinal": wording.ordinal,
    "list": wording.listing,
    "List": lambda words: wording.first_upper(wording.listing(words)),
    "paragraph": wording.paragraph,
    "quoted": quoted,
    "clauses": lambda texts: wording.semicolons(map(translate_message, texts)),
    "commas": wording.commas,
    "message": translate_message,
    "upper": wording.first_upper,
    "level": level_name,
    "column": column_name,
    "columns": lambda names: wording.commas(map(column_name, names)),
    "spaced": lambda value: str(value).replace("_", " "),
    "file": lambda path: PurePosixPath(path).name,
}


def name_of(kind: str, value: str) -> str:
    """How a value of a table reads, such as a rule or a stage: by the catalogue, else with spaces.

    >>> name_of("rule", "after_month"), name_of("rule", "some_rule")
    ('Dated after the month', 'Some rule')
    """
    plain = wording.first_upper(str(value).replace("_", " "))
    return language.sentences().get(f"{kind}.{value}", plain)


def name_in_file(kind: str, value: str) -> str:
    """How a head or a value reads in a file: in English as it is, because machines read it.

    >>> name_in_file("level", "key_account")
    'key_account'
    >>> with language.speaking("zh"):
    ...     name_in_file("level", "key_account"), name_in_file("level", "sales_office")
    ('重点客户', 'sales_office')
    """
    if language.current() == language.SOURCE:
        return value
    return language.sentences().get(f"{kind}.{value}", value)


def template_of(key: str) -> str:
    """The sentence `key` as the catalogue has it in the current language.

    Raises `SalesForecastError` for a key that the catalogue lacks.
    """
    sentences = language.sentences()
    if key not in sentences:
        raise SalesForecastError.unknown_key(key, sentences, "the catalogue of sentences")
    return sentences[key]


def text_of(key: str, /, **facts: Any) -> str:
    """The sentence `key` of the catalogue with its facts, in the current language.

    >>> text_of("plot.through", month="2026-06")
    'data through June 2026'
    """
    return FactFormatter().vformat(template_of(key), (), facts)


class FactFormatter(string.Formatter):
    """Fills a template; a fact that `say` kept becomes words, also inside a list."""

    def vformat(self, format_string: str, args: Any, kwargs: Any) -> str:
        """The template with its facts, joined as the current language joins text with facts."""
        if language.current() != "zh":
            return super().vformat(format_string, args, kwargs)
        pieces = []
        for text, name, form, _ in self.parse(format_string):
            pieces.append(text)
            if name is not None:
                value, _ = self.get_field(name, args, kwargs)
                pieces.append(self.format_field(value, form or ""))
        return join(pieces)

    def said(self, value: Any) -> Any:
        """What `say` kept, and labels (`label_name`), in words; any other value as it is."""
        if isinstance(value, list):
            return [self.said(each) for each in value]
        if not is_said(value):
            return label_name(value) if isinstance(value, str) else value
        try:
            key, facts = read_said(value)
            return self.vformat(template_of(key), (), facts)
        except (
            ValueError,
            KeyError,
            SalesForecastError,
        ):  # what somebody typed, or a later version
            return value

    def format_field(self, value: Any, format_spec: str) -> str:
        """A fact by the format that the template names."""
        value = self.said(value)
        if isinstance(value, str) and not format_spec:
            return isolate(value)
        name, _, words = format_spec.partition(" ")
        if name == "plural":
            return wording.plural(int(value), *words.split("|"))
        if name == "name":
            return name_of(words, value)
        if name in ("amount", "signed_amount"):  # of no known measure
            bare = amounts.AmountFormat("")
            return bare.amount(float(value), sign=name == "signed_amount")
        return FORMATS[name](value) if name in FORMATS else super().format_field(value, format_spec)


def in_english(value: Any) -> Any:
    """What `say` kept in English, as the messages of errors are."""
    with language.speaking(language.SOURCE):
        return in_words(value)


def in_words(value: Any) -> Any:
    """What `say` kept in words of the current language, for errors, files and the terminal.

    >>> from salesfc_lib.foundation.saying import say
    >>> in_words(say("reasons", reasons=["a", say("reasons", reasons=["b", "c"])])), in_words("a")
    ('a; b; c', 'a')
    """
    return FactFormatter().said(value)
