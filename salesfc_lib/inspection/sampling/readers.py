"""Samples of exports, read by the readers of a run.

The header of a file is found by its aliases and declared as a source's, as `init` would write it;
the reader of the file's kind then reads what a run would read. Of a workbook or a database the
fullest sheet or table is the sample, and the others stand beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.sampling.header import find_header
from salesfc_lib.inspection.sampling.sample import HEADER_ROWS, Sample, limit_rows
from salesfc_lib.intake import (
    DELIMITERS,
    Issue,
    cell_text,
    count_headers,
    decode_page,
    encodings,
    excerpts,
    find_dialect,
    fold_header,
    guess_encoding,
    layout,
    list_top,
    read_grid,
    read_tables,
)

TEXT_NAMES = (".gz", ".csv", ".txt", ".tsv", ".tab", ".dat")
TOP = 1 << 18  # bytes that show encoding, delimiter and header
PEEKED = 200  # rows below the header of a sheet that tell which columns hold days
PROVED = (
    encodings.UTF8,
    *dict(encodings.MARKS).values(),
    "gb18030",
    "cp1252",
)  # encodings that nobody has to check
SAID_ELSEWHERE = {"mojibake", "title_rows", "encoding", "byte_order_mark", "error_cell"}


def sample_text(path: Path, aliases: Aliases) -> Sample:
    """Sample of a text file with columns.

    Raises `SalesForecastError` for bytes that no encoding explains, and for a file without a
    header.
    """
    excerpt = excerpts.take_excerpt(path)
    lines = _decode_top(excerpt.data[:TOP], aliases, path)
    dialect = find_dialect(lines, aliases.count_known)
    delimiter = dialect.delimiter
    top = [row for row in list_top(lines, dialect) if any(cell.strip() for cell in row.cells)]
    rows = [row.cells for row in top]
    header = rows[find_header(rows, aliases, path)]
    _refuse_no_table(header, rows, path)
    grid = read_grid(_declare("csv", header, aliases, delimiter=delimiter), excerpt, str(path))
    encoding = grid.encoding or encodings.UTF8
    line = next((row.line + 1 for row in top if row.cells == grid.header), 1)
    sample = _take(path, "csv", grid, line)
    fitting, width = len(grid.numbers), len(sample.header)
    shown = f"{width} fields in {fitting:,} of {fitting + len(grid.rejected):,} rows"
    more = []
    if encoding not in PROVED:
        said = f"the encoding {encoding} is likely, not proved: check a name with an accent"
        more = [Issue("encoding", said, action="asked")]
    in_head = excerpt.data[: excerpt.head].count(b"\n")
    places = [place if excerpt.is_whole or place <= in_head else 0 for place in sample.places]
    share = excerpt.size / max(excerpt.head, 1)
    return replace(
        sample,
        places=places,
        total=sample.total if excerpt.is_whole else int(share * in_head),
        counted=excerpt.is_whole,
        settings={"encoding": encoding, "delimiter": delimiter},
        why={
            "encoding": _say_encoding(encoding, excerpt),
            "delimiter": f"{DELIMITERS.get(delimiter, delimiter)}: {shown}"
            if width > 1
            else "there is one column only",
        },
        issues=[*more, *sample.issues],
    )


def sample_workbook(path: Path, aliases: Aliases) -> Sample:
    """Sample of a workbook's fullest sheet; raises `SalesForecastError` where none holds a
    table.
    """
    content, found, problem = path.read_bytes(), [], None
    for top in excerpts.peek_sheets(content, str(path), HEADER_ROWS + PEEKED):
        rows = [[cell_text(value) for value in row] for row in top.rows]
        try:
            at = find_header(rows, aliases, path)
            source = _declare("excel", rows[at], aliases, sheet=top.name)
            grid = read_grid(source, excerpts.Excerpt(path.name, path, data=content), str(path))
        except SalesForecastError as error:
            problem = problem or error
            continue
        below = [*zip(*top.rows[at + 1 :], strict=False)]
        dated = frozenset(at for at, cells in enumerate(below) if _hold_days(cells))
        sample = _take(path, "excel", grid, at + 1)
        sample = replace(
            sample, settings={"sheet": top.name}, dated=dated, merged=top.merged, typed=True
        )
        found.append(sample)
    if not found:
        raise problem or SalesForecastError.unreadable_file(
            path, "no sheet of it holds a row of headers", "Export it again, with headers"
        )
    return _choose_fullest(found, "sheet")


def sample_page(path: Path, aliases: Aliases) -> Sample:
    """Sample of the fullest table of an HTML page that carries a workbook's name."""
    content = path.read_bytes()
    encoding, text = decode_page(content, None, str(path))
    tables = [table.rows for table in read_tables(text, str(path)) if table.rows]
    if not tables:
        raise SalesForecastError.unreadable_file(
            path, "it is an HTML page without a table", "Open it in a browser; export it again"
        )
    rows = max(tables, key=len)
    at = find_header(rows, aliases, path)
    source = _declare("excel", rows[at], aliases)
    sample = _take(
        path,
        "excel",
        read_grid(source, excerpts.Excerpt(path.name, path, data=content), str(path)),
        at + 1,
    )
    said = f"it is an HTML page in {encoding}, not a workbook; it is read all the same"
    return replace(sample, issues=[Issue("wrong_name", said), *sample.issues])


def sample_parquet(path: Path, aliases: Aliases) -> Sample:
    """Sample of a Parquet file: rows of groups from all over it."""
    content, total, dated = excerpts.excerpt_parquet(path, limit_rows(12))
    grid = read_grid(
        Source(kind="parquet", path=path.name),
        excerpts.Excerpt(path.name, path, data=content),
        str(path),
    )
    sample = _take(path, "parquet", grid, 0)
    return replace(sample, total=total, dated=dated, typed=True)


def sample_json(path: Path, aliases: Aliases) -> Sample:
    """Sample of JSON, an object a line or an array of them."""
    excerpt = excerpts.take_excerpt(path)
    if not excerpt.is_whole and excerpt.data.lstrip()[:1] == b"[":
        excerpt = excerpts.Excerpt(path.name, path, data=path.read_bytes(), head=1, size=1)
    grid = read_grid(Source(kind="jsonl", path=path.name), excerpt, str(path))
    sample = _take(path, "jsonl", grid, 0)
    if excerpt.is_whole:
        return sample
    total = int(sample.total * excerpt.size / len(excerpt.data))
    return replace(sample, total=total, counted=False)


def sample_database(path: Path, aliases: Aliases) -> Sample:
    """Sample of the fullest table or view of an SQLite file."""
    found = []
    for table, total in excerpts.list_tables(path).items():
        grid = excerpts.excerpt_table(path, table, total, limit_rows(12))
        sample = _take(path, "sql", grid, 0)
        found.append(replace(sample, total=total, settings={"table": table}))
    if not found:
        raise SalesForecastError.unreadable_file(path, "it holds no table", "Export it again")
    return _choose_fullest(found, "table")


def _declare(kind: str, header: Sequence[str], aliases: Aliases, **settings: str) -> Source:
    """The source that a run would be given: the header's known names, each standing once."""
    cells = [cell.strip() for cell in header]
    counts = Counter(map(fold_header, cells))
    single = [cell for cell in cells if cell and counts[fold_header(cell)] == 1]
    known = [cell for cell in single if aliases.find(cell)] or single
    columns = {f"column{place}": cell for place, cell in enumerate(known)}
    declared = {"kind": kind, "path": "export", "columns": columns, **settings}
    return Source.model_validate(declared)


def _take(path: Path, kind: str, grid: layout.Grid, header_row: int) -> Sample:
    """The rows of a grid that are looked at: of a long one the first and the last."""
    header = [cell.strip() for cell in grid.header]
    while header and not header[-1]:
        header.pop()
    count, limit = len(grid.numbers), limit_rows(len(header))
    kept = np.arange(count)
    if count > limit:
        kept = np.concatenate([kept[: limit * 3 // 4], kept[count - limit // 4 :]])
    cells = grid.cells.take(pa.array(kept))
    columns = [column.cast(pa.string()).to_pylist() for column in cells.columns[: len(header)]]
    return Sample(
        path,
        kind,
        header,
        header_row,
        [*zip(*columns, strict=True)],
        grid.numbers[kept].tolist(),
        count,
        titles=[*enumerate(grid.titles, start=1)],
        issues=[
            *_list_rejected(grid),
            *(one for one in grid.issues if one.rule not in SAID_ELSEWHERE),
        ],
    )


def _list_rejected(grid: layout.Grid) -> list[Issue]:
    """What keeps rows from being read, by rule, with the first of them."""
    found = []
    for rule, group in groupby(
        sorted(grid.rejected, key=lambda one: one.rule), lambda one: one.rule
    ):
        first, *more = group
        said = f"rows that go to quarantine: {len(more) + 1:,}, the first in line {first.row}"
        found.append(Issue(rule, f"{said}: {first.reason}", first.row, len(more) + 1))
    return found


def _choose_fullest(found: Sequence[Sample], what: str) -> Sample:
    best = max(found, key=lambda sample: sample.total)
    beside = [sample for sample in found if sample is not best]
    why = f"the fullest of {len(found)} {what}s" if beside else f"the only {what}"
    if what == "sheet" and not beside:
        why = "the only sheet with rows"
    return replace(best, beside=beside, why={what: why})


def _hold_days(cells: Sequence[Any]) -> bool:
    """Whether most of the filled cells are days by their own type."""
    filled = [cell for cell in cells if cell not in ("", None)]
    return sum(isinstance(cell, date) for cell in filled) * 2 > len(filled)


def _decode_top(top: bytes, aliases: Aliases, path: Path) -> list[str]:
    """The first lines of a text in the encoding that a run would take for them."""
    names = encodings.list_encodings(top, None, str(path))
    encoding = names[0]
    if encoding == encodings.UTF8:
        high = [line for line in top.splitlines()[:-1] or [top] if not line.isascii()]
        if sum(not _decodes(line) for line in high) * 2 > len(high):
            guess = guess_encoding(high, lambda name: _count_known(top, name, aliases))
            encoding = guess.encoding or encodings.UTF8
    return top.decode(encoding, errors="replace").splitlines(keepends=True)


def _decodes(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _count_known(top: bytes, encoding: str, aliases: Aliases) -> int:
    lines = top[:20_000].decode(encoding, errors="ignore").splitlines(keepends=True)
    return count_headers(lines, aliases.count_known)


def _say_encoding(encoding: str, excerpt: excerpts.Excerpt) -> str:
    if encoding in dict(encodings.MARKS).values():
        return "the file begins with its byte-order mark"
    high = [line for line in excerpt.data.splitlines() if not line.isascii()]
    if encoding == encodings.UTF8 and not high:
        return "every byte is ASCII, which UTF-8 contains"
    if encoding == encodings.UTF8:
        good = sum(map(_decodes, high))
        return f"{good:,} of {len(high):,} lines with more than ASCII are UTF-8"
    return guess_encoding(high).why if high else "every other byte is zero"


def _refuse_no_table(header: Sequence[str], rows: Sequence[Sequence[str]], path: Path) -> None:
    """Raise for bytes that only happen to decode, and for a text that is no table."""
    signs = [sign for cell in header for sign in cell if ord(sign) < 32 and sign not in "\t\r\n"]
    if signs:
        raise SalesForecastError.unreadable_file(
            path,
            f"it is not text: its first row holds the control character U+{ord(signs[0]):04X}",
            "Give a CSV, workbook, Parquet, JSON or SQLite file",
        )
    if len(header) == 1 and (len(rows) < 2 or path.suffix.lower() not in TEXT_NAMES):
        raise SalesForecastError.unreadable_file(
            path,
            f"it is text without columns ('{header[0][:40]}'), "
            "not a workbook, a Parquet, JSON or SQLite file",
            "Export it again",
        )
