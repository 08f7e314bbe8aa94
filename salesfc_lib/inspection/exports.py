"""A sample of any export: which module reads it is told by its first bytes, whatever it is called.

Paths enter; samples leave, one a feed: files of one folder and kind whose names differ in digits only and whose headers
agree. The decision made here: a file's name never decides what it is; where name and bytes disagree, that is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from salesfc_lib.errors import RequestError, SalesForecastError, shorten
from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.readers import (
    sample_database,
    sample_json,
    sample_page,
    sample_parquet,
    sample_text,
    sample_workbook,
)
from salesfc_lib.inspection.sample import Sample, limit_rows
from salesfc_lib.intake import Issue, identify

SUFFIXES = {
    "csv": (".csv", ".txt", ".tsv", ".tab", ".dat", ".gz"),
    "excel": (".xls", ".xlsx", ".xlsm", ".xlsb", ".ods"),
    "parquet": (".parquet", ".pq"),
    "jsonl": (".jsonl", ".ndjson", ".json"),
    "sql": (".db", ".sqlite", ".sqlite3"),
}
READERS = {
    "csv": sample_text,
    "excel": sample_workbook,
    "parquet": sample_parquet,
    "jsonl": sample_json,
    "sql": sample_database,
}
TOP_BYTES = 65_536
MOST_COLUMNS = 400  # looked at
PATTERN = set("*?[")


def find_exports(asked: Sequence[Path]) -> list[Path]:
    """Files that paths, folders and patterns name, in order; hidden ones of a folder are left out.

    Raises `RequestError` for one that names no file.
    """
    known = {suffix for suffixes in SUFFIXES.values() for suffix in suffixes}
    found: list[Path] = []
    for path in asked:
        if path.is_dir():
            files = sorted(
                file
                for file in path.rglob("*")
                if file.is_file()
                and file.suffix.lower() in known
                and not file.name.startswith((".", "~$"))
            )
        elif path.is_file():
            files = [path]
        else:
            files = (
                sorted(file for file in path.parent.glob(path.name) if file.is_file())
                if PATTERN & set(path.name) and path.parent.is_dir()
                else []
            )
        if not files:
            wrong = (
                "it is a folder without an export"
                if path.is_dir()
                else "the pattern matches no file"
                if PATTERN & set(path.name)
                else "there is no such file"
            )
            raise RequestError(
                str(SalesForecastError.unreadable_file(path, wrong, "Correct the path"))
            )
        found += [file for file in files if file not in found]
    return found


def group_files(files: Sequence[Path]) -> list[list[Path]]:
    """Files by feed: of one folder, with names that differ in digits only.

    >>> [len(feed) for feed in group_files([Path("a/orders_2024.csv"), Path("a/orders_2025.csv"), Path("a/returns.csv")])]
    [2, 1]
    """
    feeds: dict[tuple[str, str], list[Path]] = {}
    for file in files:
        feeds.setdefault((str(file.parent), re.sub(r"\d+", "0", file.name.casefold())), []).append(
            file
        )
    return list(feeds.values())


def find_path(files: Sequence[Path], project: Path) -> str:
    """Path of a feed's files in the project: under `data/` where they lie outside it; a pattern where they are several."""
    file = files[-1].resolve()
    name = (
        file.relative_to(project.resolve()).as_posix()
        if file.is_relative_to(project.resolve())
        else f"data/{file.name}"
    )
    if len(files) == 1:
        return name
    folder, _, last = name.rpartition("/")
    return f"{folder}/{_find_pattern([path.name for path in files], last)}".lstrip("/")


def take_sample(path: Path, aliases: Aliases) -> Sample:
    """Sample of one export.

    Raises `SalesForecastError` for a file that cannot be read, is empty, or is of a kind that is not read.
    """
    try:
        with path.open("rb") as file:
            top = file.read(TOP_BYTES)
    except OSError as error:
        raise SalesForecastError.unreadable_file(
            path, error.strerror or str(error), "Allow this user to read it"
        ) from error
    if not top:
        raise SalesForecastError.unreadable_file(
            path, "it is empty (0 bytes): it holds no row of headers", "Export it again"
        )
    said, kind = identify(
        path.read_bytes() if top.startswith(b"PK") and path.stat().st_size < 200_000_000 else top
    )
    kind = "csv" if top.startswith(b"\x1f\x8b") else kind
    if not kind:
        raise SalesForecastError.unreadable_file(
            path, said, "Unpack it, or export it as CSV, XLSX or Parquet"
        )
    sample = _narrow(sample_page(path, aliases) if "HTML" in said else READERS[kind](path, aliases))
    expected = next(
        (known for known, suffixes in SUFFIXES.items() if path.suffix.lower() in suffixes), kind
    )
    if expected == kind:
        return sample
    return replace(
        sample,
        issues=[
            Issue(
                "wrong_name",
                f"by its name the file would be {expected}, but {said}; `kind: {kind}` reads it",
            ),
            *sample.issues,
        ],
    )


def take_feed(
    files: Sequence[Path], aliases: Aliases
) -> tuple[Sample, list[Issue], dict[str, list[str]]]:
    """Sample of the rows of all files of a feed, how the files differ, and other headers that a column has in some of them."""
    samples = [take_sample(file, aliases) for file in files]
    last = samples[-1]
    if len(samples) == 1:
        return last, [], {}
    issues: list[Issue] = []
    others: dict[str, list[str]] = {}
    rows, places, origins = list(last.rows), list(last.places), [last.path.name] * len(last.rows)
    share = max(200, limit_rows(len(last.header)) // len(samples))
    for sample in samples[:-1]:
        renamed, lacking = _match_headers(last, sample, aliases)
        for header, other in renamed.items():
            others.setdefault(header, []).append(other)
        if lacking:
            issues.append(
                Issue(
                    "renamed_column",
                    f"{sample.path.name} lacks {shorten(lacking)}, which {last.path.name} has",
                    action="asked",
                )
            )
        for setting in ("encoding", "delimiter"):
            if sample.settings.get(setting, "").removesuffix("-sig") != last.settings.get(
                setting, ""
            ).removesuffix("-sig"):
                issues.append(
                    Issue(
                        "dialect_drift",
                        f"{sample.path.name} has {setting} {sample.settings.get(setting)!r}, {last.path.name} has {last.settings.get(setting)!r}",
                    )
                )
        taken = {
            header: list(sample.header).index(renamed.get(header, header))
            for header in last.header
            if renamed.get(header, header) in sample.header
        }
        step = max(1, -(-len(sample.rows) // share))
        rows += [
            [row[taken[header]] if header in taken else "" for header in last.header]
            for row in sample.rows[::step]
        ]
        places += sample.places[::step]
        origins += [sample.path.name] * len(sample.rows[::step])
    settings = dict(last.settings)
    for setting in ("encoding", "delimiter"):
        if any(
            issue.rule == "dialect_drift" and f"has {setting} " in issue.reason for issue in issues
        ):
            settings.pop(setting, None)
    every = {issue.reason: issue for sample in samples for issue in sample.issues}
    joined = replace(
        last, rows=rows, places=places, origins=origins, total=sum(sample.total for sample in samples), counted=all(sample.counted for sample in samples),
        settings=settings, issues=list(every.values()),
    )  # fmt: skip
    return (
        joined,
        issues,
        {header: list(dict.fromkeys(spellings)) for header, spellings in others.items()},
    )


def _find_pattern(names: Sequence[str], last: str) -> str:
    """Pattern that finds all the names: digits that differ become a star.

    >>> _find_pattern(["orders_2024.csv", "orders_2025.csv"], "orders_2025.csv")
    'orders_*.csv'
    """
    parts = [re.split(r"(\d+)", name) for name in names]
    pieces = re.split(r"(\d+)", last)
    same = [len({part[place] for part in parts}) == 1 for place in range(len(pieces))]
    return re.sub(
        r"\*+",
        "*",
        "".join(piece if alike else "*" for piece, alike in zip(pieces, same, strict=True)),
    )


def _match_headers(
    last: Sample, sample: Sample, aliases: Aliases
) -> tuple[dict[str, str], list[str]]:
    """Headers of the last file that another one spells otherwise (by the names both mean), and those that it lacks."""
    free = [header for header in sample.header if header not in last.header]
    renamed: dict[str, str] = {}
    lacking: list[str] = []
    for header in last.header:
        if not header or header in sample.header:
            continue
        names = {hit.name for hit in aliases.find(header)}
        same = [other for other in free if names & {hit.name for hit in aliases.find(other)}]
        if len(same) == 1 and same[0] not in renamed.values():
            renamed[header] = same[0]
        else:
            lacking.append(header)
    return renamed, lacking


def _narrow(sample: Sample) -> Sample:
    """The sample with its first columns only, where it has more than any table of orders."""
    if len(sample.header) <= MOST_COLUMNS:
        return sample
    said = f"only the first {MOST_COLUMNS:,} of {len(sample.header):,} columns were looked at"
    rows = [row[:MOST_COLUMNS] for row in sample.rows]
    return replace(
        sample,
        header=sample.header[:MOST_COLUMNS],
        rows=rows,
        issues=[*sample.issues, Issue("wide", said)],
    )
