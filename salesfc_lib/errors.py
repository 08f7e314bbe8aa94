"""Errors that say what is wrong, what was expected and what to do.

Nothing enters; every module raises what is defined here. The one decision: a problem with the request
itself (`RequestError`, exit status 2) is told apart from a problem with one unit (`SalesForecastError`,
exit status 1), because the first stops everything and the second only that unit.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class SalesForecastError(ValueError):
    """A problem with one unit's input, parameters or forecast; the other units go on."""

    @classmethod
    def say(cls, wrong: str, expected: str, do: str) -> SalesForecastError:
        """Error with its three parts in order: what is wrong, what was expected, what to do."""
        return cls(f"{sentence(wrong)} {sentence(expected)} {sentence(do)}")

    @classmethod
    def unknown_key(cls, key: str, known: Iterable[str], where: str) -> SalesForecastError:
        """Error for a key that does not exist, with the nearest one that does."""
        known = sorted(known)
        nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
        hint = f"Did you mean '{nearest[0]}'?" if nearest else "There are none."
        return cls.say(f"Unknown key '{key}' in {where}", f"Known here: {shorten(known, 8)}", hint)

    @classmethod
    def missing_columns(
        cls, missing: Iterable[str], found: Iterable[str], where: str
    ) -> SalesForecastError:
        """Error for columns that a table or an export must have."""
        return cls.say(
            f"{where} lacks the column {shorten(missing)}",
            f"Found: {shorten(found, 12)}",
            "Correct the export, or the `columns` of this source in the unit's parameter file",
        )

    @classmethod
    def duplicate_keys(
        cls, key: Iterable[str], examples: Iterable[object], count: int, where: str
    ) -> SalesForecastError:
        """Error for rows that share a key which must be unique."""
        return cls.say(
            f"{where} has {count} rows that repeat the key ({', '.join(key)}), e.g. {shorten(examples)}",
            "Each key must stand once",
            "Remove the repeated rows, or give them a later `sequence` where the table has one",
        )

    @classmethod
    def unreadable_file(cls, path: Path | str, why: str, do: str) -> SalesForecastError:
        """Error for a file that cannot be read at all."""
        return cls.say(
            f"'{path}' cannot be read: {why}", "A complete file of the declared kind", do
        )


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
