"""Scales that an export states in words, above its header or in it: thousands, 万元.

Where an export states a scale of its numbers, its source has to declare the same one.
"""

from __future__ import annotations

from collections.abc import Iterator

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source, scales
from salesfc_lib.intake.sources.extract import Extract


def refuse_stated_unit(name: str, source: Source, extract: Extract) -> None:
    """Raise `SalesForecastError` where an export states a scale of a column's numbers that the
    source does not declare.

    What a title states holds for all columns of money, what a header states for its own column. A
    letter that may be something else ('Sales M') has to be declared one way or the other.
    """
    for column, path, text, scale in _list_stated(source, extract):
        declared = source.units.get(column)
        worth = 10**scale.power
        if declared == worth or (worth == 1 if declared is None else not scale.sure):
            continue
        says, do = f"source '{name}' declares none", "or correct the export"
        if declared is not None:
            says = f"`sources.{name}.units` says {declared:f}"
        if not scale.sure:
            do = f"or `{{{column}: 1}}` if '{scale.words}' means something else"
            if scale.other is not None:
                do = f"`{{{column}: {10**scale.other}}}` if it is {scales.NAMES[scale.other]}, {do}"
        says_so = "states a unit in" if scale.sure else "may state a unit in"
        raise SalesForecastError.of(
            f"'{path}' {says_so} '{text[:60]}', "
            f"which makes one of its numbers in `{column}` {worth:,}; {says}",
            "A declared unit that is the stated one",
            f"Set `sources.{name}.units: {{{column}: {worth}}}`, {do}",
        )


def _list_stated(
    source: Source, extract: Extract
) -> Iterator[tuple[str, str, str, scales.StatedScale]]:
    """Column, file, text and scale of whatever titles and headers state."""
    for file in extract.files:
        for column in (*scales.MONEY, *scales.COUNTS):
            if column not in source.columns:
                continue
            headers = [source.columns[column], *source.aliases.get(column, ())]
            titles = (
                [str(title) for title in file.get("titles", ())] if column in scales.MONEY else []
            )
            for text in (*titles, *headers):
                if (scale := scales.find_scale(text)) and (scale.sure or text in headers):
                    yield column, file["path"], text, scale
