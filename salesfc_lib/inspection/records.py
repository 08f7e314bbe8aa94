"""A sample of a file that names its columns itself: Parquet, JSON lines, SQLite.

A path enters; a `Sample` leaves. The decision made here: of a database the fullest table is the one to read, opened for
reading only; what a file stores as numbers and days is taken at its word.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.sample import Sample, limit_rows
from salesfc_lib.intake import DECODER, Issue, cell_text, flatten

JSON_BYTES = 12_000_000  # looked at of a file of JSON lines
BATCH = 4_000  # rows taken of each part of a larger Parquet file


def sample_parquet(path: Path, aliases: Aliases) -> Sample:
    """Sample of a Parquet file: rows of groups from all over it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        groups, total = file.metadata.num_row_groups, file.metadata.num_rows
        limit = limit_rows(len(file.schema_arrow.names))
        chosen = (
            range(groups)
            if total <= limit
            else sorted({0, groups // 2, groups - 1})
            if groups
            else ()
        )
        records: list[dict[str, Any]] = []
        for group in chosen:
            for batch in file.iter_batches(batch_size=BATCH, row_groups=[group]):
                records += batch.to_pylist()
                if len(records) >= limit * (list(chosen).index(group) + 1) // len(chosen):
                    break
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SalesForecastError.unreadable_file(
            path, f"it is no complete Parquet file ({error})", "Write it again"
        ) from error
    header = list(file.schema_arrow.names)
    places = (
        list(range(1, len(records) + 1))
        if len(records) == total
        else [*range(1, BATCH + 1)][: len(records)]
    )
    return _of_records(
        path,
        "parquet",
        records,
        places + [0] * (len(records) - len(places)),
        total=total,
        header=header,
    )


def sample_json(path: Path, aliases: Aliases) -> Sample:
    """Sample of JSON, an object a line or an array of them: the columns are those of the objects, in the order they appear."""
    with path.open("rb") as file:
        head = file.read(JSON_BYTES)
        whole = not file.read(1)
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = head.decode(encoding, errors="strict" if whole else "ignore")
    except UnicodeDecodeError as error:
        raise SalesForecastError.unreadable_file(
            path, f"it is no UTF-8 at byte {error.start}", "Write JSON in UTF-8"
        ) from error
    limit = limit_rows(12)
    found = (
        _list_elements(text, limit + 1)
        if text.lstrip().startswith("[")
        else _list_lines(text, limit + 1, whole=whole)
    )
    records, issues = [], []
    for place, record in found:
        try:
            records.append(
                (place, flatten(DECODER.decode(record) if isinstance(record, str) else record))
            )
        except (ValueError, AttributeError, RecursionError) as error:
            issues.append(
                Issue(
                    "misfit",
                    f"rows that are no JSON object, such as line {place} ({str(error)[:60]}), go to quarantine",
                )
            )
    if not records:
        raise SalesForecastError.unreadable_file(
            path,
            "it holds no JSON object",
            'Write one object a line, such as {"date": "2026-01-31"}',
        )
    complete = whole and len(found) <= limit
    size = sum(len(str(record)) for _, record in found)
    header = list(dict.fromkeys(key for _, record in records for key in record))
    rows = [[record.get(name, "") for name in header] for _, record in records]
    total = len(records) if complete else int(path.stat().st_size / max(size, 1) * len(found))
    return Sample(
        path,
        "jsonl",
        header,
        0,
        rows,
        [place for place, _ in records],
        total,
        complete,
        issues=issues[:1],
    )


def _list_lines(text: str, most: int, *, whole: bool) -> list[tuple[int, Any]]:
    lines = text.splitlines()[: None if whole else -1]
    return [(place, line) for place, line in enumerate(lines[:most], start=1) if line.strip()]


def _list_elements(text: str, most: int) -> list[tuple[int, Any]]:
    """Elements of an array, as far as the text has them whole."""
    found: list[tuple[int, Any]] = []
    at = text.index("[") + 1
    while len(found) < most:
        try:
            while text[at] in " ,\r\n\t":
                at += 1
            element, at = DECODER.raw_decode(text, at)
        except (ValueError, IndexError, RecursionError):
            break
        found.append((len(found) + 1, element))
    return found


def sample_database(path: Path, aliases: Aliases) -> Sample:
    """Sample of the fullest table or view of an SQLite file."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            names = [
                row[0]
                for row in base.execute(
                    "select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\' order by name"
                )
            ]
            tables = [_sample_table(path, base, name) for name in names]
    except sqlite3.Error as error:
        raise SalesForecastError.unreadable_file(
            path, f"it is no complete SQLite database ({error})", "Give an SQLite file"
        ) from error
    if not tables:
        raise SalesForecastError.unreadable_file(path, "it holds no table", "Export it again")
    best = max(tables, key=lambda table: (table.total, -tables.index(table)))
    beside = [table for table in tables if table is not best]
    return replace(
        best,
        beside=beside,
        why={"table": "the only table" if not beside else f"the fullest of {len(tables)} tables"},
    )


def _sample_table(path: Path, base: sqlite3.Connection, name: str) -> Sample:
    quoted = '"' + name.replace('"', '""') + '"'
    total = base.execute(f"select count(*) from {quoted}").fetchone()[0]
    cursor = base.execute(f"select * from {quoted} limit 0")
    header = [column[0] for column in cursor.description]
    limit = limit_rows(len(header))
    rows = base.execute(f"select * from {quoted} limit {limit * 3 // 4}").fetchall()
    rest = (
        base.execute(
            f"select * from {quoted} limit {limit // 4} offset {max(total - limit // 4, len(rows))}"
        ).fetchall()
        if total > len(rows)
        else []
    )
    places = [*range(1, len(rows) + 1), *([0] * len(rest))]
    texts = [[cell_text(cell) for cell in row] for row in [*rows, *rest]]
    return Sample(
        path,
        "sql",
        header,
        0,
        texts,
        places,
        total,
        settings={"table": name},
        typed=_are_typed(zip(*rows, strict=True)),
    )


def _are_typed(columns: Iterable[Sequence[object]]) -> bool:
    """Whether no column holds decimals as text."""
    return not any(
        any(
            isinstance(cell, str)
            and cell.replace(".", "").replace(",", "").isdigit()
            and not cell.isdigit()
            for cell in cells[:200]
        )
        for cells in columns
    )


def _of_records(
    path: Path,
    kind: str,
    records: Sequence[dict[str, Any]],
    places: Sequence[int],
    *,
    total: int,
    header: Sequence[str],
) -> Sample:
    rows = [[cell_text(record.get(name)) for name in header] for record in records]
    dated = [
        column
        for column, name in enumerate(header)
        if any(record.get(name) is not None for record in records)
        and all(isinstance(record.get(name), date | datetime | None) for record in records)
    ]
    return Sample(
        path, kind, header, 0, rows, places, total, dated=frozenset(dated), typed=kind == "parquet"
    )
