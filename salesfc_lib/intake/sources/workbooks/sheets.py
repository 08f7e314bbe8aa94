"""Which sheet of a workbook is read: the one that a source names, else the one with its columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from python_calamine import CalamineWorkbook, SheetTypeEnum

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.header import count_known, find_header

Top = Callable[[str], Sequence[Sequence[str]]]  # the first rows of a sheet by its name


def choose_sheet(
    workbook: CalamineWorkbook, top_of: Top, source: Source, where: str
) -> tuple[str, list[Issue]]:
    """The sheet that the source names, else the first if it has the header, else the only one that
    does, else the first; and what is noted of the others.

    Raises `SalesForecastError` where several others have the header.
    """
    if source.sheet is not None:
        if source.sheet not in workbook.sheet_names:
            raise SalesForecastError.unknown_key(
                source.sheet, workbook.sheet_names, f"'{where}' (sheets; `sheet` of the source)"
            )
        return source.sheet, []
    metadata = workbook.sheets_metadata
    names = [sheet.name for sheet in metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    if not names:
        raise SalesForecastError.unreadable_file(
            where, "it has no sheet with rows", "Export it again"
        )
    if len(names) == 1:
        return names[0], []
    tops = {name: top_of(name) for name in names}
    found = [name for name, rows in tops.items() if find_header(rows, source) is not None]
    if not found:
        return max(names, key=lambda name: _count_known(tops[name], source)), []
    if len(found) > 1 and found[0] != names[0]:
        raise SalesForecastError.of(
            f"Several sheets of '{where}' have the columns of this source: {shorten(found, 8)}",
            "One sheet for a source",
            "Name one in `sheet`; each further one that matters is a source of its own",
        )
    return found[0], [*_note(found, names[0])]


def _count_known(rows: Sequence[Sequence[str]], source: Source) -> int:
    return max((count_known(row, source) for row in rows), default=0)


def _note(found: Sequence[str], first: str) -> Sequence[Issue]:
    if found[0] != first:
        text = f"the sheet '{found[0]}' is read: the first, '{first}', lacks the columns"
        return [Issue("sheet", text)]
    if others := found[1:]:
        text = f"the sheets {shorten(others, 5)} have the same columns as '{first}', which is read"
        return [Issue("sheet", f"{text}; name one in `sheet`, or make each a source of its own")]
    return []
