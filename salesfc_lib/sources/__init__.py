"""Reading exports: one file per kind of source, each giving rows as text plus a fingerprint of what was read.

A declared source enters; an `Extract` leaves. The decision made here: every cell is text exactly as the source shows
it, every row keeps its place in its file, and rows that `where` leaves to other units are kept apart, because a
return may name an order of theirs.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib import tables
from salesfc_lib.schema import Source
from salesfc_lib.sources.csv import read_csv
from salesfc_lib.sources.files import RawFile, read_files
from salesfc_lib.sources.layout import Grid, lay_out, split_where

__all__ = ["Extract", "label_files", "read_source"]


@dataclass(frozen=True)
class Extract:
    """What a source held.

    `rows` and `elsewhere` have one row per row of the export: text columns named as in the export, `row` (line, sheet
    row or row id in its file), `file`, and `mark` ('' or what the row is instead of business: 'subtotal', 'header').
    `elsewhere` holds the rows that `where` leaves to other units. `rejected` (table quarantine) holds rows that could
    not be laid out. `files` has one entry per file: path, sha256, bytes, rows, encoding.
    """

    rows: pd.DataFrame
    rejected: pd.DataFrame
    files: list[dict[str, Any]]
    elsewhere: pd.DataFrame


def read_source(name: str, source: Source, project: Path) -> Extract:
    """Everything that the source's files hold.

    Raises `SalesForecastError` for a file that is missing, unreadable, of another kind or outside its root, and for
    missing columns.
    """
    files = read_files(source, project)
    labels = label_files(name, [file.name for file in files])
    parts = [_read_file(source, file, labels[file.name]) for file in files]
    return Extract(
        rows=_stack([part.rows for part in parts]),
        rejected=pd.concat([part.rejected for part in parts], ignore_index=True),
        files=[entry for part in parts for entry in part.files],
        elsewhere=_stack([part.elsewhere for part in parts]),
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


def _read_file(source: Source, file: RawFile, label: str) -> Extract:
    rows, elsewhere, grid = _split(source, file)
    rejected = _list_rejected(grid, label)
    entry = {**file.fingerprint, "rows": len(rows) + len(elsewhere) + len(rejected), "encoding": grid.encoding}
    return Extract(rows, rejected, [entry], elsewhere)


def _split(source: Source, file: RawFile) -> tuple[pd.DataFrame, pd.DataFrame, Grid]:
    """This unit's rows, the other units' rows, and the grid they came from; each kind's library is loaded when needed."""
    if source.kind == "sql":
        from salesfc_lib.sources.sql import read_sqlite

        grid, others = read_sqlite(file.path, source, str(file.path))
        return lay_out(grid, source, file.name), lay_out(others, source, file.name), grid
    if source.kind == "excel":
        from salesfc_lib.sources.excel import read_excel

        grid = read_excel(file.content, source, str(file.path))
    else:
        grid = read_csv(file.content, source, str(file.path))
    return *split_where(lay_out(grid, source, file.name), source), grid


def _list_rejected(grid: Grid, label: str) -> pd.DataFrame:
    rows = [(label, item.row, item.rule, item.reason, json.dumps(item.content, ensure_ascii=False)) for item in grid.rejected]
    return pd.DataFrame(rows, columns=list(tables.CONTRACTS["quarantine"].columns)).astype({"row": "int64"})


def _stack(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Rows of several files; a column that a file lacks is blank."""
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True).fillna("")
