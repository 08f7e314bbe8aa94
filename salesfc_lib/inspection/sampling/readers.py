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
from salesfc_lib.inspection.sampling.encoding import MARKED, decode_top, explain_encoding
from salesfc_lib.inspection.sampling.header import find_header
from salesfc_lib.inspection.sampling.periods import find_counted, find_wide
from salesfc_lib.inspection.sampling.sample import HEADER_ROWS, Sample, limit_rows
from salesfc_lib.intake import (
    Issue,
    cell_text,
    decode_page,
    dialect,
    encodings,
    excerpts,
    fold_header,
    layout,
    numbered,
    read_grid,
    read_tables,
    survey_days,
)

TEXT_NAMES = (".gz", ".csv", ".txt", ".tsv", ".tab", ".dat")
TOP = 1 << 18  # bytes that show encoding, delimiter and header
PEEKED = 200  # rows below the header of a sheet that tell which columns hold days
UNKNOWN_WIDTH = 12  # columns that a table is taken to have
SIDE_BY_SIDE = 0.5  # share of the headers that are periods, in a sheet that has them side by side
PROVED = (encodings.UTF8, *MARKED, "gb18030", "cp1252")  # encodings that nobody has to check
NOTED_BELOW = {"mojibake", "title_rows", "encoding", "byte_order_mark", "error_cell"}


def sample_text(path: Path, aliases: Aliases) -> Sample:
    """Sample of a text file with columns.

    Raises `SalesForecastError` for bytes that no encoding explains, and for a file without a
    header.
    """
    excerpt = excerpts.take_excerpt(path)
    lines = decode_top(excerpt.data[:TOP], aliases, path)
    found = dialect.find_dialect(lines, aliases.count_known)
    records = dialect.list_top(lines, found)
    top = [row for row in records if any(cell.strip() for cell in row.fields)]
    rows = [row.fields for row in top]
    header = rows[find_header(rows, aliases, path)]
    _refuse_no_table(header, rows, path)
    delimiter = found.delimiter
    grid = read_grid(_declare("csv", header, aliases, delimiter=delimiter), excerpt, str(path))
    encoding, fitting = grid.encoding or encodings.UTF8, len(grid.numbers)
    in_head = excerpt.data[: excerpt.head].count(b"\n")
    share = excerpt.size / max(excerpt.head, 1)
    line = next((row.line + 1 for row in top if _same_names(row.fields, grid)), 1)
    sample = _to_sample(
        *(path, "csv", grid, line, aliases),
        total=fitting if excerpt.is_whole else int(share * in_head),
        counted=excerpt.is_whole,
        settings={"encoding": encoding, "delimiter": delimiter},
    )
    kept, every = f"{fitting:,}", f"{fitting + len(grid.rejected):,}"
    name = dialect.DELIMITERS.get(delimiter, delimiter)
    layout_text = f"{name}: {len(sample.header)} fields in {kept} of {every} rows"
    why = layout_text if len(sample.header) > 1 else "there is one column only"
    likely = f"the encoding {encoding} is likely, not proved: check a name with an accent"
    asked = [] if encoding in PROVED else [Issue("encoding", likely, action="asked")]
    return replace(
        sample,
        places=[at if excerpt.is_whole or at <= in_head else 0 for at in sample.places],
        why={"encoding": explain_encoding(encoding, excerpt.data), "delimiter": why},
        issues=[*asked, *sample.issues],
    )


def sample_workbook(path: Path, aliases: Aliases) -> Sample:
    """Sample of a workbook's fullest sheet; raises `SalesForecastError` where none holds a
    table.
    """
    content, samples, problem = path.read_bytes(), [], None
    for top in excerpts.peek_sheets(content, str(path), HEADER_ROWS + PEEKED):
        rows = [[cell_text(value) for value in row] for row in top.rows]
        try:
            at = find_header(rows, aliases, path)
            grid = _read(path, content, _declare("excel", rows[at], aliases, sheet=top.name))
        except SalesForecastError as error:
            problem = problem or error
            continue
        below = [*zip(*top.rows[at + 1 :], strict=False)]
        dated = frozenset(at for at, cells in enumerate(below) if _hold_days(cells))
        details = {"dated": dated, "merged": top.merged, "typed": True}
        samples.append(
            _to_sample(
                path, "excel", grid, at + 1, aliases, settings={"sheet": top.name}, **details
            )
        )
    if not samples and problem:
        raise problem
    return _choose_fullest(path, samples, "sheet", aliases)


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
    sample = _to_sample(
        path, "excel", _read(path, content, _declare("excel", rows[at], aliases)), at + 1, aliases
    )
    text = f"it is an HTML page in {encoding}, not a workbook; it is read all the same"
    return replace(sample, issues=[Issue("wrong_name", text), *sample.issues])


def sample_parquet(path: Path, aliases: Aliases) -> Sample:
    """Sample of a Parquet file: rows of groups from all over it."""
    content, total, dated = excerpts.excerpt_parquet(path, limit_rows(UNKNOWN_WIDTH))
    grid = _read(path, content, Source(kind="parquet", path=path.name))
    return _to_sample(path, "parquet", grid, 0, aliases, total=total, dated=dated, typed=True)


def sample_json(path: Path, aliases: Aliases) -> Sample:
    """Sample of JSON, an object a line or an array of them."""
    excerpt = excerpts.take_excerpt(path)
    is_whole = excerpt.is_whole or excerpt.data.lstrip()[:1] == b"["
    content = excerpt.data if excerpt.is_whole or not is_whole else path.read_bytes()
    grid = _read(path, content, Source(kind="jsonl", path=path.name))
    share = 1 if is_whole else excerpt.size / len(excerpt.data)
    total = int(len(grid.numbers) * share)
    return _to_sample(path, "jsonl", grid, 0, aliases, total=total, counted=is_whole)


def sample_database(path: Path, aliases: Aliases) -> Sample:
    """Sample of the fullest table or view of an SQLite file."""
    samples = []
    for table, total in excerpts.list_tables(path).items():
        grid = excerpts.excerpt_table(path, table, total, limit_rows(UNKNOWN_WIDTH))
        samples.append(
            _to_sample(path, "sql", grid, 0, aliases, total=total, settings={"table": table})
        )
    return _choose_fullest(path, samples, "table", aliases)


def _declare(kind: str, header: Sequence[str], aliases: Aliases, **settings: str) -> Source:
    """The source that a run would be given: the header's known names, each standing once."""
    counted = {*numbered.find_numbered(header)}
    cells = [cell.strip() for at, cell in enumerate(header) if at not in counted]
    counts = Counter(map(fold_header, cells))
    single = [cell for cell in cells if cell and counts[fold_header(cell)] == 1]
    if survey_days(single).share >= SIDE_BY_SIDE:  # sums beside periods may lack their figures
        words = {word.casefold() for word in aliases.subtotals}
        single = [cell for cell in single if cell.casefold() not in words]
    known = [cell for cell in single if aliases.find(cell)] or single
    names = [next((hit.name for hit in aliases.find(cell)), "") for cell in known]
    names = [name if names.count(name) == 1 else "" for name in names]
    pairs = enumerate(zip(names, known, strict=True))
    columns = {name or f"column{place}": cell for place, (name, cell) in pairs}
    declared = {"kind": kind, "path": "export", "columns": columns, **settings}
    return Source.model_validate(declared)


def _same_names(fields: Sequence[str], grid: layout.Grid) -> bool:
    """Whether a row is the grid's header, which has a blank name for fields without one."""
    return [*filter(None, fields)] == [*filter(None, grid.header)]


def _read(path: Path, content: bytes, source: Source) -> layout.Grid:
    return read_grid(source, excerpts.Excerpt(path.name, path, data=content), str(path))


def _to_sample(
    path: Path, kind: str, grid: layout.Grid, header_row: int, aliases: Aliases, **details: Any
) -> Sample:
    """The rows of a grid that are looked at (of a long one the first and the last), with what keeps
    others from being read, by rule; `details` are further fields of the sample.
    """
    named = [details.get("settings", {}).get("sheet", ""), path.stem]
    wide = find_wide(grid, aliases, named, details.get("merged", ()))
    wide = wide or find_counted(grid, aliases, named)
    if wide is not None and kind != "sql":
        details |= {"wide": wide.measures, "sums": wide.sums, "merged": wide.merged}
        details |= {"dated": frozenset(), "why_wide": wide.why, "total": len(wide.grid.numbers)}
        details |= {"numbered": wide.numbered, "step": wide.step}
        grid = replace(wide.grid, issues=[*wide.grid.issues, *wide.issues])
    header = [cell.strip() for cell in grid.header]
    while header and not header[-1]:
        header.pop()
    count, limit = len(grid.numbers), limit_rows(len(header))
    kept = np.arange(count)
    if count > limit:
        kept = np.concatenate([kept[: limit * 3 // 4], kept[count - limit // 4 :]])
        if wide is not None and wide.numbered:  # some days of every row of the file
            kept = np.linspace(0, count - 1, limit).astype(np.int64)
    cells = grid.cells.take(pa.array(kept))
    columns = [column.cast(pa.string()).to_pylist() for column in cells.columns[: len(header)]]
    issues = []
    rejected = sorted(grid.rejected, key=lambda one: one.rule)
    for rule, group in groupby(rejected, lambda one: one.rule):
        first, *more = group
        text = f"rows that go to quarantine: {len(more) + 1:,}, the first in line {first.row}"
        found = f"{text}: {first.reason}"
        issues.append(Issue(rule, found, first.row, len(more) + 1, "quarantined"))
    issues += [one for one in grid.issues if one.rule not in NOTED_BELOW]
    known = {"total": count, "titles": [*enumerate(grid.titles, start=1)], "issues": issues}
    rows, places = [*zip(*columns, strict=True)], grid.numbers[kept].tolist()
    return Sample(path, kind, header, header_row, rows, places, **{**known, **details})


def _choose_fullest(path: Path, samples: Sequence[Sample], what: str, aliases: Aliases) -> Sample:
    """The sample with most rows, of those with days and figures if there are any, the others
    beside it; raises where there is none.
    """
    if not samples:
        why = f"it holds no {what} with a row of headers"
        raise SalesForecastError.unreadable_file(path, why, "Export it again, with headers")
    dated = [sample for sample in samples if _has_figures_by_day(sample, aliases)]
    best = max(dated or samples, key=_count_rows)
    beside = [sample for sample in samples if sample is not best]
    only = {"sheet": "the only sheet with rows", "table": "the only table"}[what]
    why = f"the fullest of {len(samples)} {what}s" if beside else only
    if dated and _count_rows(best) < max(map(_count_rows, samples)):
        why += ", of those with days and figures"
    return replace(best, beside=beside, why={what: why})


def _has_figures_by_day(sample: Sample, aliases: Aliases) -> bool:
    """Whether headers name a date, and an amount or a quantity."""
    names = {hit.name for header in sample.header for hit in aliases.find(header)}
    return "date" in names and bool(names & {"amount", "quantity"})


def _count_rows(sample: Sample) -> int:
    """Rows below the header, with those that go to quarantine."""
    return sample.total + sum(one.rows for one in sample.issues if one.action == "quarantined")


def _hold_days(cells: Sequence[Any]) -> bool:
    """Whether most of the filled cells are days by their own type."""
    filled = [cell for cell in cells if cell not in ("", None)]
    return sum(isinstance(cell, date) for cell in filled) * 2 > len(filled)


def _refuse_no_table(header: Sequence[str], rows: Sequence[Sequence[str]], path: Path) -> None:
    """Raise for bytes that only happen to decode, and for a text that is no table."""
    why, do = "", "Give a CSV, workbook, Parquet, JSON or SQLite file"
    control = [sign for sign in "".join(header) if ord(sign) < 32 and sign not in "\t\r\n"]
    if control:
        code = f"U+{ord(control[0]):04X}"
        why = f"it is not text: its first row holds the control character {code}"
    elif len(header) == 1 and (len(rows) < 2 or path.suffix.lower() not in TEXT_NAMES):
        why = f"it is text without columns ('{header[0][:40]}')"
    if why:
        raise SalesForecastError.unreadable_file(path, why, do)
