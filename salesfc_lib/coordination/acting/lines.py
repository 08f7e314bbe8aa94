"""A sheet that was sent back, as text by column: CSV as spreadsheets save it, or a workbook.

A file enters; its filled lines leave, with the place of each. A cell is only ever text here: what a
spreadsheet takes for a formula is the value that it showed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from salesfc_lib.errors import RequestError, SalesForecastError, shorten
from salesfc_lib.foundation import language
from salesfc_lib.intake import cell_text, fold_header
from salesfc_lib.reconciliation.hand_written import Line, read_lines

COLUMNS = ("key", "kind", "number", "what", "state", "due", "may", "do", "text", "became", "author")
NEEDED = ("key", "do", "text")
HEAD, WORD = "act.head", "act.do"  # of the catalogue


def read_file(path: Path) -> list[Line]:
    """Lines of the file that are not blank.

    Raises `RequestError` for a file that is missing or of another kind, and `SalesForecastError`
    for one that cannot be read or lacks a column.
    """
    if not path.is_file():
        raise RequestError.of(f"There is no file '{path}'", "A sheet that was filled in", "Name it")
    if path.suffix.lower() == ".csv":
        return list(read_lines(path.parent, path.name, _name_heads))
    check_kind(path)
    return list(_read_book(path))


def check_kind(path: Path) -> None:
    """Raise `RequestError` for a file that is neither CSV nor a workbook, by its name."""
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise RequestError.of(
            f"'{path.name}' is no kind of sheet that is written or read here",
            "A name that ends in .xlsx or .csv",
            "Save it as one of these",
        )


def read_word(text: str, group: str, known: Sequence[str]) -> str:
    """The one of `known` that a text means, in whatever language; the text where it is none.

    >>> read_word(" 已阅 ", "act.do", ["acknowledge"]), read_word("rain", "act.do", ["explain"])
    ('acknowledge', 'rain')
    """
    for spoken in language.LANGUAGES:
        named = language.sentences(spoken)
        for each in known:
            if fold_header(text) in (fold_header(each), fold_header(named[f"{group}.{each}"])):
                return each
    return text.strip()


def _name_heads(heads: Sequence[str]) -> list[str]:
    """Columns by the first line, in whatever language it is. Raises where one is missing."""
    names = [read_word(head, HEAD, COLUMNS) for head in heads]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise SalesForecastError.of(
            f"The sheet lacks the columns {shorten(missing)}; it has {shorten(heads, 12)}",
            "The first line as `salesfc act write` wrote it",
            "Write a new sheet, and fill that in",
        )
    return names


def _read_book(path: Path) -> Iterator[Line]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    except (CalamineError, OSError, ValueError) as error:
        do = "Save it again as .xlsx, or as CSV"
        raise SalesForecastError.unreadable_file(path, str(error), do) from error
    texts = [[cell_text(cell).strip() for cell in row] for row in rows]
    if not texts:
        raise SalesForecastError.unreadable_file(path, "it is empty", "Write a new sheet")
    names = _name_heads(texts[0])
    for place, cells in enumerate(texts[1:], start=2):
        if any(cells):
            yield Line(f"{path.name} row {place}", _pair(names, cells))


def _pair(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    return dict(zip(names, cells, strict=False))
