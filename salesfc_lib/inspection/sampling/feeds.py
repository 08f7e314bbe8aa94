"""Exports by their paths, and a sample of each feed: files of one folder and kind whose names
differ in digits only.

A file's first bytes decide which reader reads it; where its name says otherwise, that is said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from salesfc_lib.errors import RequestError, SalesForecastError, shorten
from salesfc_lib.foundation import PeriodDates, Source
from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.sampling.readers import (
    sample_database,
    sample_json,
    sample_page,
    sample_parquet,
    sample_text,
    sample_workbook,
)
from salesfc_lib.inspection.sampling.sample import Sample, limit_rows
from salesfc_lib.intake import Issue, identify

KINDS = {  # kind of source: its reader and the endings of its files
    "csv": (sample_text, (".csv", ".txt", ".tsv", ".tab", ".dat", ".gz")),
    "excel": (sample_workbook, (".xls", ".xlsx", ".xlsm", ".xlsb", ".ods")),
    "parquet": (sample_parquet, (".parquet", ".pq")),
    "jsonl": (sample_json, (".jsonl", ".ndjson", ".json")),
    "sql": (sample_database, (".db", ".sqlite", ".sqlite3")),
}
ENDINGS = {ending: kind for kind, (_, endings) in KINDS.items() for ending in endings}
TOP_BYTES = 65_536
MOST_ZIPPED = 200_000_000  # bytes of an archive that is read to tell what is in it
MOST_COLUMNS = 400  # looked at
LEAST_ROWS = 200  # taken of each file of a feed
PATTERN = set("*?[")
ANY_DAY = date(2000, 1, 1)  # of columns that only number their periods: rows are the same
DRIFT = ("encoding", "delimiter")  # settings that may differ between the files of a feed


def find_exports(asked: Sequence[Path]) -> list[Path]:
    """Files that paths, folders and patterns name, in order; hidden ones of a folder are left out.

    Raises `RequestError` for one that names no file.
    """
    found: dict[Path, None] = {}
    for path in asked:
        wrong, files = "there is no such file", [path]
        if path.is_dir():
            wrong = "it is a folder without an export"
            named = (file for file in sorted(path.rglob("*")) if file.suffix.lower() in ENDINGS)
            files = [file for file in named if not file.name.startswith((".", "~$"))]
        elif PATTERN & {*path.name} and not path.exists():
            wrong, files = "the pattern matches no file", sorted(path.parent.glob(path.name))
        files = [file for file in files if file.is_file()]
        if not files:
            error = SalesForecastError.unreadable_file(path, wrong, "Correct the path")
            raise RequestError(str(error))
        found |= dict.fromkeys(files)
    return [*found]


def group_files(files: Sequence[Path]) -> list[list[Path]]:
    """Files by feed: of one folder, with names that differ in digits only.

    >>> files = [Path("a/orders_2024.csv"), Path("a/orders_2025.csv"), Path("a/returns.csv")]
    >>> [len(feed) for feed in group_files(files)]
    [2, 1]
    """
    feeds: dict[tuple[str, str], list[Path]] = {}
    for file in files:
        key = str(file.parent), re.sub(r"\d+", "0", file.name.casefold())
        feeds.setdefault(key, []).append(file)
    return list(feeds.values())


def find_path(files: Sequence[Path], project: Path) -> str:
    """Path of a feed's files in the project; where they are several a pattern, with a star for the
    digits that differ.

    Files outside the project are expected under its `data/`.

    >>> find_path([Path("data/orders_2024.csv"), Path("data/orders_2025.csv")], Path("."))
    'data/orders_*.csv'
    """
    file, folder = files[-1].resolve(), project.resolve()
    is_inside = file.is_relative_to(folder)
    parent = file.relative_to(folder).parent if is_inside else Path("data")
    pieces = zip(*(re.split(r"(\d+)", path.name) for path in files), strict=True)
    name = "".join(piece if {piece, *others} == {piece} else "*" for piece, *others in pieces)
    return (parent / re.sub(r"\*+", "*", name)).as_posix()


def source_of(
    sample: Sample, files: Sequence[Path], columns: Mapping[str, str], fill_down: Sequence[str] = ()
) -> Source:
    """The source by which a run would read these columns of all rows of a feed, under the folder of
    its first file: of a column that the sample joined, those that it was joined of.
    """
    joined = [sample.joined[header] for header in columns.values() if header in sample.joined]
    columns = {name: head for name, head in columns.items() if head not in sample.joined}
    for parts in joined:
        columns |= parts
    source = Source(
        kind=sample.kind,
        path=find_path(files, files[0].parent),
        columns=columns,
        fill_down=fill_down,
        wide=sample.wide,
        period_dates=PeriodDates(first=ANY_DAY, step=sample.step) if sample.numbered else None,
    )
    return source.model_copy(update={**sample.settings})


def sample_file(path: Path, aliases: Aliases) -> Sample:
    """Sample of one export.

    Raises `SalesForecastError` for a file that cannot be read, is empty, or of a kind that is not
    read.
    """
    try:
        with path.open("rb") as file:
            top = file.read(TOP_BYTES)
    except OSError as error:
        why = error.strerror or str(error)
        raise SalesForecastError.unreadable_file(path, why, "Allow this user to read it") from error
    if not top:
        why = "it is empty (0 bytes): it holds no row of headers"
        raise SalesForecastError.unreadable_file(path, why, "Export it again")
    is_archive = top.startswith(b"PK") and path.stat().st_size < MOST_ZIPPED
    content, kind = identify(path.read_bytes() if is_archive else top)
    kind = "csv" if top.startswith(b"\x1f\x8b") else kind
    if not kind:
        do = "Unpack it, or export it as CSV, XLSX or Parquet"
        raise SalesForecastError.unreadable_file(path, content, do)
    read = sample_page if "HTML" in content else KINDS[kind][0]
    sample, issues = read(path, aliases), []
    named, count = ENDINGS.get(path.suffix.lower(), kind), len(sample.header)
    if named != kind:
        reason = f"by its name the file would be {named}, but {content}; `kind: {kind}` reads it"
        issues.append(Issue("wrong_name", reason))
    if count > MOST_COLUMNS:
        text = f"only the first {MOST_COLUMNS:,} of {count:,} columns were looked at"
        issues.append(Issue("wide", text))
    return replace(
        sample,
        header=sample.header[:MOST_COLUMNS],
        rows=[row[:MOST_COLUMNS] for row in sample.rows],
        issues=[*issues, *sample.issues],
    )


def sample_feed(
    files: Sequence[Path], aliases: Aliases
) -> tuple[Sample, list[Issue], dict[str, list[str]]]:
    """Sample of the rows of all files of a feed, how the files differ, and by header of the last
    file its spellings in others."""
    *others, last = samples = [sample_file(file, aliases) for file in files]
    issues: list[Issue] = []
    spellings: dict[str, dict[str, None]] = {}
    settings = dict(last.settings)
    rows, places, origins = [*last.rows], [*last.places], [last.path.name] * len(last.rows)
    share = max(LEAST_ROWS, limit_rows(len(last.header)) // len(samples))
    for sample in others:
        name = sample.path.name
        renamed, lacking = _match_headers(last, sample, aliases)
        for header, other in renamed.items():
            spellings.setdefault(header, {})[other] = None
            if says := _find_change(header, other, aliases):
                text = f"{name} has '{other}' where {last.path.name} has '{header}': {says}"
                issues.append(Issue("renamed_column", text, action="asked"))
        if lacking:
            text = f"{name} lacks {shorten(lacking)}, which {last.path.name} has"
            issues.append(Issue("renamed_column", text, action="asked"))
        for key in DRIFT:
            theirs, ours = (one.settings.get(key, "") for one in (sample, last))
            if theirs.removesuffix("-sig") != ours.removesuffix("-sig"):
                text = f"the {key} of {name} is {theirs!r}, that of {last.path.name} {ours!r}"
                issues.append(Issue("dialect_drift", text))
                settings.pop(key, None)
        at = {header: place for place, header in reversed([*enumerate(sample.header)])}
        columns = [at.get(renamed.get(header, header)) for header in last.header]
        every = slice(None, None, max(1, -(-len(sample.rows) // share)))
        rows += [
            ["" if place is None else row[place] for place in columns] for row in sample.rows[every]
        ]
        places += sample.places[every]
        origins += [name] * len(sample.rows[every])
    joined = replace(
        last,
        rows=rows,
        places=places,
        origins=origins if others else (),
        total=sum(sample.total for sample in samples),
        counted=all(sample.counted for sample in samples),
        settings=settings,
        issues=list({one.reason: one for sample in samples for one in sample.issues}.values()),
    )
    return joined, issues, {header: [*known] for header, known in spellings.items()}


def _find_change(header: str, other: str, aliases: Aliases) -> str:
    """What two headers of one name say of tax or discounts that differs; '' where nothing does."""
    said = [
        {meaning: word for meaning in aliases.meanings if (word := aliases.means(text, meaning))}
        for text in (header, other)
    ]
    words = [word for one, two in (said, said[::-1]) for key, word in one.items() if key not in two]
    return f"does '{words[0]}' make them different amounts?" if words else ""


def _match_headers(
    last: Sample, sample: Sample, aliases: Aliases
) -> tuple[dict[str, str], list[str]]:
    """Headers of the last file that another spells otherwise (both mean one name), and lacks."""
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
