"""Reading a declared source: its files, its database or its ERP system as an `Extract`."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue, table_issues, table_rejected
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
from salesfc_lib.intake.sources.text.csv import read_csv
from salesfc_lib.intake.sources.text.trailer import check_rows
from salesfc_lib.intake.sources.text_columns import stack

__all__ = ["Extract", "label_files", "read_source"]

Read = Callable[[Source, RawFile, str], Grid]  # the rows of a file, named so in messages


@dataclass(frozen=True)
class Extract:
    """What a source held.

    `rows` and `elsewhere` have one row per row of the export: text columns named as in the export,
    every cell as the source shows it, `row` (int64: line, sheet row or row id in its file), `file`,
    and `mark` ('', or what the row is instead of business: 'subtotal', 'header'). `elsewhere` holds
    the rows that `where` leaves to other units: a return may name an order of theirs. `rejected`
    (table quarantine) holds rows that could not be laid out. `files` has one entry per file: path,
    sha256, bytes, rows, encoding, and `titles` (the lines above its header), `date_system`
    ('1904'), `dialect` and `trailer` where it has any. `issues` (source, row, rule, reason, rows,
    action; row 0: the whole file) are what a reader dealt with and people should know.
    """

    rows: pa.Table
    rejected: pd.DataFrame
    files: list[dict[str, Any]]
    elsewhere: pa.Table
    issues: pd.DataFrame


def read_source(
    name: str, source: Source, project: Path, *, keep: bool = False, read: Read | None = None
) -> Extract:
    """What the source's files or its database hold; `keep`: it goes to the project's archive too.

    `read` gives the grid of a file (None: `read_grid`).

    Raises `SalesForecastError` for a file that is missing, unreadable, of another kind or outside
    its root, and for missing columns.
    """
    if source.url_env or source.erp:
        return _read_database(name, source, project, keep=keep)
    files = read_files(source, project)
    names = [file.name for file in files]
    labels = label_files(name, names)
    declared = [
        source.model_copy(update={"encoding": encoding})
        for encoding in _name_encodings(name, source, names)
    ]
    parts = [
        _read_file(each, file, labels[file.name], read or read_grid)
        for each, file in zip(declared, files, strict=True)
    ]
    if keep:
        for file, part in zip(files, parts, strict=True):
            keep_file(find_archive(project), file.path, part.files[0]["sha256"])
    issues = [*(part.issues for part in parts), *_compare(parts, [*labels.values()], source)]
    return Extract(
        rows=stack([part.rows for part in parts]),
        rejected=pd.concat([part.rejected for part in parts], ignore_index=True),
        files=[entry for part in parts for entry in part.files],
        elsewhere=stack([part.elsewhere for part in parts]),
        issues=pd.concat(issues, ignore_index=True),
    )


def label_files(name: str, files: Sequence[str]) -> dict[str, str]:
    """Name of each file's rows in tables: the source's own, and the file's where there are several.

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
    named: dict[str, str] = {}
    idle = []
    for pattern, encoding in source.encodings.items():
        fitting = [
            file
            for file in files
            if fnmatch(file, pattern) or fnmatch(posixpath.basename(file), pattern)
        ]
        idle += [] if fitting else [pattern]
        named = dict.fromkeys(fitting, encoding) | named
    if idle:
        raise SalesForecastError.of(
            f"`sources.{name}.encodings` names {shorten(idle)}, which no file of the source is",
            f"Names or patterns of its files: {shorten(files, 5)}",
            "Correct or remove it",
        )
    return [named.get(file, source.encoding) for file in files]


def _read_file(source: Source, file: RawFile, label: str, read: Read) -> Extract:
    """One file's extract."""
    where, others = str(file.path), None
    if source.kind == "sql":
        from salesfc_lib.intake.sources.databases.database import read_sqlite

        refuse_other_kind(file.top, source, where)
        grid, others = read_sqlite(file.path, source, where)
    else:
        grid = read(source, file, where)
    entry = {**file.fingerprint, "rows": 0, "encoding": grid.encoding}
    if source.extracted == "modified":
        entry["modified"] = file.path.stat().st_mtime_ns
    facts = {
        "titles": grid.titles,
        "date_system": "1904" if grid.is_1904 else "",
        "dialect": grid.dialect,
        "trailer": grid.trailer,
    }
    entry |= {name: fact for name, fact in facts.items() if fact}
    grid = replace(grid, issues=[*file.issues, *grid.issues])
    return _gather(grid, others, source, entry, where=where, label=label)


def _read_database(name: str, source: Source, project: Path, *, keep: bool) -> Extract:
    others: Grid | None = None
    if source.erp:
        from salesfc_lib.intake.sources.erp.extract import read_erp

        grid, fingerprint = read_erp(source, project, keep=keep)
    else:
        from salesfc_lib.intake.sources.databases.database import read_database

        grid, others, fingerprint = read_database(source, project, keep=keep)
    entry = {**fingerprint, "rows": 0, "encoding": None}
    return _gather(grid, others, source, entry, where=fingerprint["path"], label=name)


def _gather(
    grid: Grid,
    others: Grid | None,
    source: Source,
    entry: dict[str, Any],
    *,
    where: str,
    label: str,
) -> Extract:
    """Extract of one file or table; `others`: rows that `where` leaves out, if they come apart."""
    rows, issues = lay_out(grid, source, where, entry["path"])
    if others is None:
        if grid.trailer:
            check_rows(grid, is_plain(rows), where)
        rows, elsewhere = split_where(rows, source)
    else:
        elsewhere, _ = lay_out(others, source, where, entry["path"])
    count = rows.num_rows + elsewhere.num_rows + len(grid.rejected)
    return Extract(
        rows,
        table_rejected(grid.rejected, label),
        [entry | {"rows": count}],
        elsewhere,
        table_issues([*grid.issues, *issues], label),
    )


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
            from salesfc_lib.intake.sources.workbooks.excel import read_excel as read
        case "parquet":
            from salesfc_lib.intake.sources.parquet import read_parquet as read
        case _:
            from salesfc_lib.intake.sources.text.jsonl import read_jsonl as read
    return read(content, source, where)


def _compare(
    parts: Sequence[Extract], labels: Sequence[str], source: Source
) -> Iterator[pd.DataFrame]:
    """Issues of files whose columns, separator or quote differ from the first file's."""
    needed = {exported(header) for header in list_needed(source)}
    orders = [[name for name in part.rows.column_names if name in needed] for part in parts]
    dialects = [part.files[0].get("dialect") for part in parts]
    moved = "its columns come in another order than those of the feed's first file"
    for label, order in zip(labels, orders, strict=True):
        if order != orders[0]:
            yield table_issues([Issue("renamed_column", moved)], label)
    for label, dialect in zip(labels, dialects, strict=True):
        if dialect != dialects[0]:
            differs = f"it has {dialect}; the feed's first file has {dialects[0]}"
            yield table_issues([Issue("dialect_drift", differs)], label)
