"""Sheets with periods side by side, as a first look finds them: read as rows by period.

The grid of a file enters; its rows by period leave, with what `wide` of its source has to say and
why, and what is to be asked of its figures.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import repeat
from typing import NamedTuple

import pyarrow as pa

from salesfc_lib.foundation import Source
from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.intake import (
    PERIOD,
    Across,
    Issue,
    find_across,
    layout,
    numbered,
    row_marks,
    survey_numbers,
    unpivot,
)

LOOKED_AT = 50  # rows that tell whether the columns of periods hold figures
MOST = 0.6  # share of their filled cells that are numbers
OTHERS = ("targets", "inventory", "control_totals", "opportunities")  # roles of other figures
ACTUAL = ("actual", "actuals", "ist", "实际", "real", "réel", "realizado", "realisiert", "実績")
TABLE = re.compile("(?:汇总|统计|报表|明细|表)+$")  # words for a table, behind what it holds
WORD = re.compile(r"[^\W\d_]+")


class Wide(NamedTuple):
    """Rows by period, the label of each measure, words of its sums, and what is asked."""

    grid: layout.Grid
    measures: Mapping[str, str]
    why: str
    sums: Sequence[str]
    issues: Sequence[Issue]
    merged: frozenset[int]  # columns whose blank cells stand for the text above
    numbered: Sequence[str] = ()  # headers that only number their periods
    step: str = "day"  # what each of them is


def find_wide(
    grid: layout.Grid, aliases: Aliases, named: Sequence[str], merged: Collection[int] = ()
) -> Wide | None:
    """Rows by period of a sheet that has them side by side, None of any other; `named` are
    the sheet's name and the file's, `merged` its columns with merged cells.

    What its name or its titles call targets, stock or the like is no sales: its columns stay.
    """
    across, name = find_across(grid, aliases.subtotals, named), " ".join(reversed(named)).strip()
    if across is None or not _holds_figures(grid, across.periods, across.below):
        return None
    if _says_other(grid, aliases, name):
        return None
    measures, asked = _name_measures(across, aliases, name)
    columns = [grid.cells.column(at) for at in across.others]
    said = pa.table({str(at): column for at, column in enumerate(columns)})
    filled = {
        place
        for place, at in enumerate(across.others)
        if at in merged or _heads_blocks(said, place, aliases.subtotals)
    }
    headers = [grid.header[across.others[place]].strip() for place in sorted(filled)]
    source = Source(
        kind="csv",
        path="export",
        subtotals=[*aliases.subtotals],
        fill_down=[header for header in headers if grid.header.count(header) == 1 and header],
    )
    found = unpivot(grid, across, measures, source, name)
    words = row_marks.find_words(said, aliases.subtotals)
    words += [_find_word(across.names[at], aliases.subtotals) for at in across.totals]
    first, *_, last = sorted(across.periods, key=lambda at: across.periods[at])
    wrong = [Issue("wide", str(found.error), action="asked")] if found.error else []
    return Wide(
        found.grid,
        measures,
        f"'{across.names[first]}' to '{across.names[last]}' stand side by side",
        [word for word in dict.fromkeys(words) if word],
        [
            *wrong,
            *asked,
            *_ask_about_rows(said, [grid.header[at] for at in across.others], aliases),
        ],
        frozenset(filled),
    )


def find_counted(grid: layout.Grid, aliases: Aliases, named: Sequence[str]) -> Wide | None:
    """Rows by period, without their days, of a sheet whose columns only number its periods (d_1,
    d_2 …); None of any other.
    """
    places = numbered.find_numbered(grid.header)
    heads = sorted((grid.header[at].strip() for at in places), key=numbered.number_of)
    step = aliases.step_of(heads[0]) if heads else ""
    name = " ".join(named)
    if not step or not _holds_figures(grid, places[:LOOKED_AT]) or _says_other(grid, aliases, name):
        return None
    is_whole = numbered.is_whole(grid, places)
    measure = "quantity" if is_whole else "amount"
    days = numbered.count_days([grid.header[at] for at in places], date(2000, 1, 1), step)
    long = numbered.melt(grid, places, days, measure, step=step)
    at = long.header.index(PERIOD)
    header = [*long.header[:at], *long.header[at + 1 :]]
    undated = replace(long, header=header, cells=long.cells.remove_column(at), issues=grid.issues)
    shown = f"'{heads[0]}' to '{heads[-1]}'"
    why = "are whole numbers: pieces are assumed" if is_whole else "have decimals: money is assumed"
    other = "money" if is_whole else "pieces"
    text = f"the figures of {shown}: {why} (`wide: {measure}`); are they {other}?"
    asked = [Issue("wide", text, action="asked")]
    told = f"{shown} stand side by side"
    return Wide(undated, {measure: ""}, told, (), asked, frozenset(), heads, step)


def _says_other(grid: layout.Grid, aliases: Aliases, name: str) -> bool:
    """Whether a file's name or its titles say that it holds targets, stock or the like."""
    texts = (name, *grid.titles)
    return any(aliases.list_words(text, role) for text in texts for role in OTHERS)


def _holds_figures(grid: layout.Grid, places: Iterable[int], below: int = 0) -> bool:
    rows = grid.cells.slice(below, LOOKED_AT)
    cells = [text for at in places for text in rows.column(at).cast(pa.string()).to_pylist()]
    return survey_numbers([cell.strip() for cell in cells]).share >= MOST


def _find_word(name: str, words: Sequence[str]) -> str:
    """The longest word of sums in the name of a column."""
    found = [word for word in words if word.casefold() in name.casefold()]
    return max(found, key=len, default="")


def _heads_blocks(said: pa.Table, place: int, words: Sequence[str]) -> bool:
    """Whether each text of a column stands once, over blank cells of rows that another names."""
    sums = row_marks.find_words(said, words)
    columns = [column.cast(pa.string()).to_pylist() for column in said.columns]
    pairs = zip(zip(*columns, strict=True), sums, strict=True)
    own = [[cell.strip() for cell in row] for row, word in pairs if not word]
    rows = [row for row in own if any(row)]
    blocks: list[tuple[str, ...]] = []
    above = [""] * (place + 1)
    for row in rows:
        above = [new or old for new, old in zip(row[: place + 1], above, strict=True)]
        blocks += [tuple(above)] if row[place] else []
    blank = [row for row in rows if not row[place]]
    is_named = all(any(row[place + 1 :]) for row in blank)
    return bool(blank) and bool(rows[0][place]) and is_named and len({*blocks}) == len(blocks)


def _ask_about_rows(said: pa.Table, header: Sequence[str], aliases: Aliases) -> Iterator[Issue]:
    """The question about a column whose texts say which measure a row holds."""
    for name, column in zip(header, said.columns, strict=True):
        texts = {text.strip() for text in column.cast(pa.string()).unique().to_pylist()} - {""}
        named = {text: measure for text in texts for measure in _means(text, aliases)}
        if {*named.values()} == {"quantity", "amount"}:
            text = (
                f"'{name}' says which measure a row holds ({', '.join(sorted(named))}): can they "
                "be exported side by side?"
            )
            yield Issue("wide", text, action="asked")


def _name_measures(
    across: Across, aliases: Aliases, name: str
) -> tuple[dict[str, str], list[Issue]]:
    """Label of each measure, and the question which one it is where nothing says so."""
    labels = [*dict.fromkeys(across.labels.values())]
    if len(labels) > 1:
        named = {measure: label for label in reversed(labels) for measure in _means(label, aliases)}
        if named:
            return named, []
    actual = (label for label in labels if label.casefold() in ACTUAL)
    label = next(actual, labels[0])
    said = [*across.said, name]
    hits = [
        hit
        for text in said
        for part in (text, *WORD.findall(text), *map(TABLE.sub, repeat(""), WORD.findall(text)))
        for hit in _means(part, aliases)
    ]
    if hits:
        return {"quantity" if "quantity" in hits else "amount": label}, []
    text = "are the figures of the periods amounts or quantities? `wide: amount` is assumed"
    return {"amount": label}, [Issue("wide", text, action="asked")]


def _means(text: str, aliases: Aliases) -> Iterator[str]:
    """The measure that a text names, if it does."""
    names = [hit.name for hit in aliases.find(text)]
    yield from [name for name in names if name in ("quantity", "amount")][:1]
