"""Reading exports: one file per kind of source, each giving rows as text plus a fingerprint of what was read.

A declared source enters; an `Extract` leaves. The decision made here: every cell is text exactly as the source shows
it, every row keeps its place in its file, and rows that `where` leaves to other units are kept apart, because a
return may name an order of theirs.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue, table_issues, table_rejected
from salesfc_lib.intake.sources.csv import read_csv
from salesfc_lib.intake.sources.files import RawFile, read_files
from salesfc_lib.intake.sources.header import list_needed
from salesfc_lib.intake.sources.kinds import refuse_other_kind
from salesfc_lib.intake.sources.layout import (
    Grid,
    exported,
    find_last,
    is_plain,
    lay_out,
    refuse_row_limit,
    split_where,
)
from salesfc_lib.intake.sources.snapshot import find_archive, keep_file
from salesfc_lib.intake.sources.texts import stack
from salesfc_lib.intake.sources.trailer import check_rows

__all__ = ["Extract", "label_files", "read_source"]


@dataclass(frozen=True)
class Extract:
    """What a source held.

    `rows` and `elsewhere` have one row per row of the export: text columns named as in the export (see `texts`), `row`
    (int64: line, sheet row or row id in its file), `file`, and `mark` ('' or what the row is instead of business: 'subtotal',
    'header'). `elsewhere` holds the rows that `where` leaves to other units. `rejected` (table quarantine) holds rows that
    could not be laid out. `files` has one entry per file: path, sha256, bytes, rows, encoding, and `titles` (the lines above
    its header), `date_system` ('1904'), `dialect` and `trailer` where it has any. `issues` (source, row,
    rule, reason, rows, action; row 0: the whole file) are what a reader dealt with and people should know.
    """

    rows: pa.Table
    rejected: pd.DataFrame
    files: list[dict[str, Any]]
    elsewhere: pa.Table
    issues: pd.DataFrame


def read_source(name: str, source: Source, project: Path, *, keep: bool = False) -> Extract:
    """Everything that the source's files hold, or its database; with `keep`, what was read goes to the project's archive.

    Raises `SalesForecastError` for a file that is missing, unreadable, of another kind or outside its root, and for
    missing columns.
    """
    if source.url_env:
        return _read_database(name, source, project, keep=keep)
    files = read_files(source, project)
    labels = label_files(name, [file.name for file in files])
    encodings = _name_encodings(name, source, [file.name for file in files])
    parts = [
        _read_file(source.model_copy(update={"encoding": encoding}), file, labels[file.name])
        for file, encoding in zip(files, encodings, strict=True)
    ]
    if keep:
        for file, part in zip(files, parts, strict=True):
            keep_file(find_archive(project), file.path, part.files[0]["sha256"])
    return Extract(
        rows=stack([part.rows for part in parts]),
        rejected=pd.concat([part.rejected for part in parts], ignore_index=True),
        files=[entry for part in parts for entry in part.files],
        elsewhere=stack([part.elsewhere for part in parts]),
        issues=pd.concat(
            [
                *(part.issues for part in parts),
                _see_order(parts, list(labels.values()), source),
                _see_dialects(parts, list(labels.values())),
            ],
            ignore_index=True,
        ),
    )


def label_files(name: str, files: Sequence[str]) -> dict[str, str]:
    """Name of each file's rows in tables: the source's own, and the file's where there are several, so that rows stay unique.

    >>> label_files("orders", ["data/2023.csv", "data/2024.csv"])
    {'data/2023.csv': 'orders: 2023.csv', 'data/2024.csv': 'orders: 2024.csv'}
    """
    if len(files) == 1:
        return {files[0]: name}
    folder = posixpath.commonpath([posixpath.dirname(file) for file in files]) if files else ""
    return {file: f"{name}: {posixpath.relpath(file, folder or '.')}" for file in files}


def _name_encodings(name: str, source: Source, files: Sequence[str]) -> list[str | None]:
    """Declared encoding of each file; of several patterns the first that its name or its path fits.

    Raises `SalesForecastError` for a pattern that fits no file.
    """
    fits = {
        pattern: [
            file
            for file in files
            if fnmatch(file, pattern) or fnmatch(posixpath.basename(file), pattern)
        ]
        for pattern in source.encodings
    }
    if idle := [pattern for pattern, found in fits.items() if not found]:
        raise SalesForecastError.say(
            f"`sources.{name}.encodings` names {shorten(idle)}, which no file of the source is",
            f"Names or patterns of its files: {shorten(files, 5)}",
            "Correct or remove it",
        )
    named = {
        file: source.encodings[pattern]
        for pattern, found in reversed(fits.items())
        for file in found
    }
    return [named.get(file, source.encoding) for file in files]


def _read_file(source: Source, file: RawFile, label: str) -> Extract:
    where = str(file.path)
    rows, elsewhere, grid, seen = _split(source, file, where)
    rejected = table_rejected(grid.rejected, label)
    entry = {
        **file.fingerprint,
        "rows": rows.num_rows + elsewhere.num_rows + len(rejected),
        "encoding": grid.encoding,
    }
    if source.extracted == "modified":
        entry["modified"] = file.path.stat().st_mtime_ns
    if grid.titles:
        entry["titles"] = grid.titles
    if grid.is_1904:
        entry["date_system"] = "1904"
    entry |= {
        name: said for name, said in (("dialect", grid.dialect), ("trailer", grid.trailer)) if said
    }
    return Extract(
        rows, rejected, [entry], elsewhere, table_issues([*file.issues, *grid.issues, *seen], label)
    )


def _read_database(name: str, source: Source, project: Path, *, keep: bool) -> Extract:
    from salesfc_lib.intake.sources.database import read_database

    drawn = read_database(source, project, keep=keep)
    (rows, seen), (elsewhere, _) = (
        lay_out(grid, source, drawn.name, drawn.name) for grid in (drawn.mine, drawn.others)
    )
    rejected = table_rejected(drawn.mine.rejected, name)
    entry = {
        **drawn.fingerprint,
        "rows": rows.num_rows + elsewhere.num_rows + len(rejected),
        "encoding": None,
    }
    return Extract(
        rows, rejected, [entry], elsewhere, table_issues([*drawn.mine.issues, *seen], name)
    )


def _split(
    source: Source, file: RawFile, where: str
) -> tuple[pa.Table, pa.Table, Grid, list[Issue]]:
    """This unit's rows, the other units' rows, the grid they came from, and what was seen in laying it out."""
    if source.kind == "sql":
        from salesfc_lib.intake.sources.database import read_sqlite

        refuse_other_kind(file.top, source, where)
        grid, others = read_sqlite(file.path, source, where)
        (rows, seen), (elsewhere, _) = (
            lay_out(part, source, where, file.name) for part in (grid, others)
        )
        return rows, elsewhere, grid, seen
    grid = read_grid(source, file, where)
    rows, seen = lay_out(grid, source, where, file.name)
    if grid.trailer:
        check_rows(grid, is_plain(rows), where)
    return *split_where(rows, source), grid, seen


def read_grid(source: Source, file: RawFile, where: str) -> Grid:
    """The rows of a file of any kind but SQLite; a kind's library is loaded when it is needed."""
    if source.kind == "csv":
        grid = read_csv(file, source, where)
        refuse_row_limit(find_last(grid), where)
        return grid
    content = file.content
    refuse_other_kind(content, source, where)
    match source.kind:
        case "excel":
            from salesfc_lib.intake.sources.excel import read_excel as read
        case "parquet":
            from salesfc_lib.intake.sources.parquet import read_parquet as read
        case _:
            from salesfc_lib.intake.sources.jsonl import read_jsonl as read
    return read(content, source, where)


def _see_order(parts: Sequence[Extract], labels: Sequence[str], source: Source) -> pd.DataFrame:
    """Files whose needed columns come in another order than the first file's."""
    needed = {exported(header) for header in list_needed(source)}
    orders = [[name for name in part.rows.column_names if name in needed] for part in parts]
    said = "its columns come in another order than those of the feed's first file"
    seen = [
        table_issues([Issue("renamed_column", said)], label)
        for label, order in zip(labels, orders, strict=True)
        if order != orders[0]
    ]
    return pd.concat([table_issues([], ""), *seen], ignore_index=True)


def _see_dialects(parts: Sequence[Extract], labels: Sequence[str]) -> pd.DataFrame:
    """Files whose separator or quote is another than the first file's; each was read in its own."""
    dialects = [part.files[0].get("dialect") for part in parts]
    seen = [
        table_issues(
            [Issue("dialect_drift", f"it has {dialect}; the feed's first file has {dialects[0]}")],
            label,
        )
        for label, dialect in zip(labels, dialects, strict=True)
        if dialect != dialects[0]
    ]
    return pd.concat([table_issues([], ""), *seen], ignore_index=True)
