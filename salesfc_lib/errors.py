"""Errors that say what is wrong, what was expected and what to do.

A problem with one unit (`SalesForecastError`, exit status 1) stops that unit only; a problem with
the request itself (`RequestError`, exit status 2) stops everything before anything runs.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Self


class SalesForecastError(ValueError):
    """A problem with one unit's input, parameters or forecast; the other units go on."""

    @classmethod
    def of(cls, wrong: str, expected: str, do: str) -> Self:
        """Error with its three parts in order: what is wrong, what was expected, what to do."""
        return cls(f"{sentence(wrong)} {sentence(expected)} {sentence(do)}")

    @classmethod
    def unknown_key(cls, key: str, known: Iterable[str], where: str) -> Self:
        """Error for a key that does not exist, with the nearest one that does."""
        known = sorted(known)
        nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
        hint = f"Did you mean '{nearest[0]}'?" if nearest else "Declare it there first"
        expected = f"Known here: {shorten(known, 8)}" if known else "Nothing is declared there yet"
        return cls.of(f"Unknown key '{key}' in {where}", expected, hint)

    @classmethod
    def missing_columns(cls, missing: Iterable[str], found: Iterable[str], where: str) -> Self:
        """Error for columns that a table or an export must have."""
        return cls.of(
            f"{where} lacks the column {shorten(missing)}",
            f"Found: {shorten(found, 12)}",
            "Correct the export, or the `columns` of this source in the unit's parameter file",
        )

    @classmethod
    def duplicate_keys(
        cls, key: Iterable[str], examples: Iterable[object], count: int, where: str
    ) -> Self:
        """Error for rows that share a key which must be unique."""
        keys, some = ", ".join(key), shorten(examples)
        return cls.of(
            f"{where} has {count} rows that repeat the key ({keys}), e.g. {some}",
            "Each key must stand once",
            "Remove the repeated rows, or give them a later `sequence` where the table has one",
        )

    @classmethod
    def unreadable_file(cls, path: Path | str, why: str, do: str) -> Self:
        """Error for a file that cannot be read at all."""
        expected = "A complete file of the declared kind"
        return cls.of(f"'{path}' cannot be read: {why}", expected, do)


class RequestError(SalesForecastError):
    """The request itself is wrong: nothing was run."""


def sentence(text: str) -> str:
    """Text with a full stop where it has no closing mark.

    >>> sentence("Unknown key 'a'")
    "Unknown key 'a'."
    """
    text = text.strip()
    return text if text.endswith((".", "?", "!")) else f"{text}."


def shorten(values: Iterable[object], most: int = 3) -> str:
    """The first values in quotes and how many more there are.

    >>> shorten(["a", "b", "c", "d"])
    "'a', 'b', 'c' and 1 more"
    """
    values = list(values)
    shown = ", ".join(f"'{value}'" for value in values[:most])
    return shown if len(values) <= most else f"{shown} and {len(values) - most} more"
