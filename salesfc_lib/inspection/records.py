"""A sample of a file that names its columns itself: Parquet, JSON lines, SQLite.

A path enters; a `Sample` leaves. The decision made here: of a database the fullest table is the one to read, opened for
reading only; what a file stores as numbers and days is taken at its word.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from salesfc_lib.aliases import Aliases
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.inspection.sample import Problem, Sample, limit_rows
from salesfc_lib.sources.cells import cell_text

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
        chosen = range(groups) if total <= limit else sorted({0, groups // 2, groups - 1}) if groups else ()
        records: list[dict[str, Any]] = []
        for group in chosen:
            for batch in file.iter_batches(batch_size=BATCH, row_groups=[group]):
                records += batch.to_pylist()
                if len(records) >= limit * (list(chosen).index(group) + 1) // len(chosen):
                    break
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SalesForecastError.unreadable_file(path, f"it is no complete Parquet file ({error})", "Write it again") from error
    header = list(file.schema_arrow.names)
    places = list(range(1, len(records) + 1)) if len(records) == total else [*range(1, BATCH + 1)][: len(records)]
    return _of_records(path, "parquet", records, places + [0] * (len(records) - len(places)), total=total, header=header)


def sample_json(path: Path, aliases: Aliases) -> Sample:
    """Sample of a file of JSON lines: the columns are those of its records, in the order in which they appear."""
    with path.open("rb") as file:
        head = file.read(JSON_BYTES)
        whole = not file.read(1)
    try:
        text = head.decode("utf-8-sig", errors="strict" if whole else "ignore")
    except UnicodeDecodeError as error:
        raise SalesForecastError.unreadable_file(
            path, f"it is no UTF-8 at byte {error.start}", "Write JSON lines in UTF-8"
        ) from error
    lines = text.splitlines()
    if not whole:
        lines.pop()
    records, places, problems = [], [], []
    for place, line in enumerate(lines[: limit_rows(12)], start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line, parse_float=str, parse_int=str)
        except (ValueError, RecursionError) as error:
            problems.append(Problem("misfit", f"line {place} is no JSON ({str(error)[:60]}); such lines go to quarantine"))
            continue
        if isinstance(record, dict):
            records.append(record)
            places.append(place)
    if not records:
        raise SalesForecastError.unreadable_file(
            path, "no line of it is a JSON record", 'Write one record a line, such as {"date": "2026-01-31"}'
        )
    header = list(dict.fromkeys(key for record in records for key in record))
    seen = lines[: limit_rows(12)]
    total = (
        len(records) if whole and len(lines) == len(seen) else int(path.stat().st_size / max(sum(map(len, seen)), 1) * len(seen))
    )
    found = _of_records(path, "jsonl", records, places, total=total, header=header)
    return replace(found, counted=total == len(records), problems=problems[:1], header_row=0)


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
    return replace(best, beside=beside, why={"table": "the only table" if not beside else f"the fullest of {len(tables)} tables"})


def _sample_table(path: Path, base: sqlite3.Connection, name: str) -> Sample:
    quoted = '"' + name.replace('"', '""') + '"'
    total = base.execute(f"select count(*) from {quoted}").fetchone()[0]
    cursor = base.execute(f"select * from {quoted} limit 0")
    header = [column[0] for column in cursor.description]
    limit = limit_rows(len(header))
    rows = base.execute(f"select * from {quoted} limit {limit * 3 // 4}").fetchall()
    rest = (
        base.execute(f"select * from {quoted} limit {limit // 4} offset {max(total - limit // 4, len(rows))}").fetchall()
        if total > len(rows)
        else []
    )
    places = [*range(1, len(rows) + 1), *([0] * len(rest))]
    texts = [[cell_text(cell) for cell in row] for row in [*rows, *rest]]
    return Sample(path, "sql", header, 0, texts, places, total, settings={"table": name}, typed=_are_typed(zip(*rows, strict=True)))


def _are_typed(columns: Iterable[Sequence[object]]) -> bool:
    """Whether no column holds decimals as text."""
    return not any(
        any(
            isinstance(cell, str) and cell.replace(".", "").replace(",", "").isdigit() and not cell.isdigit()
            for cell in cells[:200]
        )
        for cells in columns
    )


def _of_records(
    path: Path, kind: str, records: Sequence[dict[str, Any]], places: Sequence[int], *, total: int, header: Sequence[str]
) -> Sample:
    rows = [[_text(record.get(name)) for name in header] for record in records]
    dated = [
        column
        for column, name in enumerate(header)
        if any(record.get(name) is not None for record in records)
        and all(isinstance(record.get(name), date | datetime | None) for record in records)
    ]
    return Sample(path, kind, header, 0, rows, places, total, dated=frozenset(dated), typed=kind == "parquet")


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else cell_text(value)
