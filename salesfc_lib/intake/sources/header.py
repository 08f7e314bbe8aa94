"""The header of an export: which row it is, and which of its columns is which of ours.

Two spellings of a header are equal when they differ in case, spaces, full-width forms and invisible
characters only. Where two columns fit one name nobody chooses: the unit stops.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Source
from salesfc_lib.intake.header_keys import fold_header

SEARCHED = 60  # rows at the top of a file among which the header must stand


def header_of(source: Source, name: str) -> str:
    """The export's header for one of our names; a name that is not mapped is a header itself."""
    return source.columns.get(name, name)


def list_needed(source: Source) -> list[str]:
    """Headers that an export must have to be read as this source, in the first of its spellings."""
    names = [*source.key, *source.fill_down]
    if source.has_months:  # a date that no column has
        names = [name for name in names if name != "date"]
    named = [header_of(source, name) for name in names]
    extract = [source.extract_header] if source.extract_header else []
    needed = [*source.columns.values(), *source.join.values(), *source.where, *named, *extract]
    return list(dict.fromkeys(needed))


def list_spellings(source: Source) -> dict[str, list[str]]:
    """Every needed header with the headers that a file may have instead, itself first."""
    spellings = {header: [header] for header in list_needed(source)}
    for name, others in source.aliases.items():
        header = source.columns[name]
        spellings[header] = list(dict.fromkeys([*spellings[header], *others]))
    return spellings


def match_header(cells: Sequence[str], source: Source) -> dict[str, list[int]]:
    """Places of the cells that fit each needed header: none where it is missing, several if open.

    A cell spelled just as listed goes before one that only looks like it, and a cell that is the
    first spelling of one header is not taken for another's.
    """
    spellings = list_spellings(source)
    own = {fold_header(header): header for header in spellings}
    known = {fold_header(text) for texts in spellings.values() for text in texts}
    folded = [(place, cell.strip(), fold_header(cell)) for place, cell in enumerate(cells) if cell]
    found = [(place, cell, key) for place, cell, key in folded if key in known]
    matched: dict[str, list[int]] = {}
    for header, texts in spellings.items():
        keys = {fold_header(text) for text in texts if own.get(fold_header(text), header) == header}
        loose = [(place, cell) for place, cell, key in found if key in keys]
        exact = [(place, cell) for place, cell in loose if cell in texts]
        matched[header] = [place for place, _ in exact or loose]
    return matched


def count_known(cells: Sequence[str], source: Source) -> int:
    """Number of needed headers that a row of cells has."""
    return sum(bool(places) for places in match_header(cells, source).values())


def find_header(rows: Sequence[Sequence[str]], source: Source) -> int | None:
    """Place of the first of the top rows that has every needed header; None where none has."""
    for place, row in enumerate(rows[:SEARCHED]):
        if any(cell.strip() for cell in row) and all(match_header(row, source).values()):
            return place
    return None


def require_header(
    rows: Sequence[Sequence[str]], source: Source, where: str
) -> tuple[int, list[str]]:
    """Place of the header row, and the names of its columns (`name_columns`).

    Raises `SalesForecastError` that names the missing headers and those of the nearest row, two
    rows that make a header only together, or two columns that fit one name.
    """
    place = find_header(rows, source)
    if place is None:
        raise _missing(rows[:SEARCHED], source, where)
    return place, name_columns(rows[place], source, where)


def name_columns(header: Sequence[str], source: Source, where: str) -> list[str]:
    """Unique names of a header's columns: needed ones by their first spelling, others as they are.

    Raises `SalesForecastError` where two columns fit one needed header, or one column fits two.
    """
    named: dict[int, str] = {}
    for wanted, places in match_header(header, source).items():
        if len(places) > 1:
            raise _ambiguous([header[place].strip() for place in places], wanted, where)
        for place in places:
            if place in named:
                both = f"fits both '{named[place]}' and '{wanted}'"
                raise SalesForecastError.of(
                    f"The column '{header[place].strip()}' of '{where}' {both}",
                    "Each column for one name",
                    "List this header under one of them only, in the `columns` of this source",
                )
            named[place] = wanted
    names = [named.get(place, cell) for place, cell in enumerate(header)]
    return number_repeated(names, frozenset(named))


def number_repeated(header: Sequence[str], fixed: frozenset[int] = frozenset()) -> list[str]:
    """Unique names: blanks by their place, repeated ones numbered; those at `fixed` places stay.

    >>> number_repeated(["a", "", "a"]), number_repeated(["a", "b", "a"], frozenset({2}))
    (['a', 'column 2', 'a (2)'], ['a (2)', 'b', 'a'])
    """
    taken = {header[place] for place in fixed}
    names: list[str] = []
    for place, cell in enumerate(header):
        name = wanted = cell.strip() or f"column {place + 1}"
        count = 1
        while name in taken and place not in fixed:
            count += 1
            name = f"{wanted} ({count})"
        taken.add(name)
        names.append(name)
    return names


def list_renamed(header: Sequence[str], names: Sequence[str], source: Source) -> dict[str, str]:
    """Headers that a file spells otherwise than the source's first spelling, and that spelling."""
    needed = set(list_needed(source))
    pairs = ((cell.strip(), name) for cell, name in zip(header, names, strict=True))
    return {cell: name for cell, name in pairs if name in needed and cell != name}


def _missing(rows: Sequence[Sequence[str]], source: Source, where: str) -> SalesForecastError:
    if (pair := _find_pair(rows, source)) is not None:
        texts = [[cell.strip() for cell in row if cell.strip()] for row in rows[pair : pair + 2]]
        upper, lower = (shorten(cells, 6) for cells in texts)
        return SalesForecastError.of(
            f"The header of '{where}' stands in two rows: row {pair + 1} has {upper}, "
            f"row {pair + 2} has {lower}",
            f"One row that has them all: {shorten(list_needed(source), 12)}",
            "Export it without merged group headers, or write both into one row",
        )
    ranks = [(count_known(row, source), sum(map(bool, map(str.strip, row)))) for row in rows]
    nearest = rows[ranks.index(max(ranks))] if rows else []
    found = list(dict.fromkeys(cell.strip() for cell in nearest if cell.strip()))
    missing = [header for header, places in match_header(nearest, source).items() if not places]
    return SalesForecastError.of(
        f"'{where}' lacks the column {shorten(missing or list_needed(source))}",
        f"Found: {shorten(found, 12) if found else 'nothing at all'}",
        _suggest(missing, found, source),
    )


def _suggest(missing: Sequence[str], found: Sequence[str], source: Source) -> str:
    do = "Correct the export, or the `columns` of this source in the unit's parameter file"
    by_fold = {fold_header(cell): cell for cell in found}
    spellings = list_spellings(source)
    for header in missing:
        for text in spellings[header]:
            if near := difflib.get_close_matches(fold_header(text), by_fold, n=1, cutoff=0.5):
                there = f"The nearest to '{header}' is '{by_fold[near[0]]}'"
                return f"{there}: if it is meant, list it there too. {do}"
    return do


def _find_pair(rows: Sequence[Sequence[str]], source: Source) -> int | None:
    """Place of the upper of two rows that have every needed header only together."""
    matches = [match_header(row, source) for row in rows]
    for place, (above, below) in enumerate(zip(matches, matches[1:], strict=False)):
        both = any(above.values()) and any(below.values())
        if both and all(above[header] or below[header] for header in above):
            return place
    return None


def _ambiguous(cells: Sequence[str], wanted: str, where: str) -> SalesForecastError:
    if len(set(cells)) == 1:
        return SalesForecastError.of(
            f"'{where}' has the column '{cells[0]}' more than once",
            "Each mapped header once",
            "Rename one of them in the export",
        )
    return SalesForecastError.of(
        f"'{where}' has {len(cells)} columns that fit '{wanted}': {shorten(cells)}",
        "One column for each name",
        "List only the header that is meant in the `columns` of this source, or leave the other "
        "out of the export",
    )
