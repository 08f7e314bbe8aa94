"""Comparison of what is published with its manifests.

A file that changed, disappeared or was added is a difference, and so is a kept copy of an input
that is no longer what was read. A page that shows who signed the month off is as its sign-off says.
An input that has changed since, or a copy that was removed, is a note only, because sources go on
and archives are pruned.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesfc_lib.archive import manifest
from salesfc_lib.archive import months as archive
from salesfc_lib.archive.event_log import Head, holds_head, read_records
from salesfc_lib.archive.receipts import HANDED_OVER, check_receipts
from salesfc_lib.archive.sign_offs import KIND, check_sign_off, find_sign_off
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import INTERVALS, language, tables

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-6  # relative gap between the levels' totals of a month
ROUNDING = 1e-4  # of each number in the files for people, which have four decimals
COHERENT_STAGES = ("reconciled", "adjusted")


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was published; a note does not put the archive in doubt."""

    month: str
    unit: str  # the folder's name: an earlier version is `<unit>.v1`
    path: str
    what: str
    is_note: bool = False

    def __str__(self) -> str:
        return f"{self.month}/{self.unit}/{self.path}: {self.what}"


def verify(reports: Path, month: str | None = None, unit: str | None = None) -> list[Difference]:
    """Differences between the archive, earlier versions included, and its manifests.

    Raises `RequestError` where nothing is published for what was asked.
    """
    from salesfc_lib.intake import snapshot

    months = [month] if month else _list_months(reports)
    every = [(each, name) for each in months for name in archive.list_folders(reports, each)]
    places = [(each, name) for each, name in every if unit in (None, name)]
    if not places:
        wanted = " ".join(filter(None, [month, unit])) or "any month"
        raise RequestError.of(
            f"Nothing is published for {wanted} under '{reports}'",
            "A published month",
            "Run it first: `salesfc run`, or correct --month",
        )
    kept = cache(
        partial(snapshot.check_kept, snapshot.find_archive(reports.parent))
    )  # months share what they read
    found: list[Difference] = []
    links: set[Difference] = set()
    for each, name in places:
        versions = archive.list_versions(reports, each, name).values()
        for folder in (archive.unit_folder(reports, each, name), *versions):
            found += _check_folder(folder, each, reports.parent, kept=kept)
            links.update(_check_previous(reports, each, name, folder))
    known = {(difference.month, difference.unit, difference.path) for difference in found}
    more = [link for link in links if (link.month, link.unit, link.path) not in known]
    return [*sorted(more, key=str), *found]


def _list_months(reports: Path) -> list[str]:
    """Months of which anything stands, oldest first."""
    names = archive.find_month_folders(reports)
    return [name for name in names if archive.list_folders(reports, name)]


def _check_previous(reports: Path, month: str, unit: str, folder: Path) -> Iterator[Difference]:
    """Differences of the month that this one was published after, unless published again since."""
    try:
        record = manifest.read(folder)
        previous = record.get("previous") or {}
        earlier = archive.unit_folder(reports, previous["month"], unit)
    except (SalesForecastError, KeyError, TypeError, AttributeError):
        return  # no earlier month, or a manifest that is a difference already
    path = earlier / manifest.NAME
    what = ""
    if not path.is_file():
        what = f"missing: {month} was published after it"
    elif not _published_since(earlier, record) and manifest.sha256(path) != previous.get("sha256"):
        what = f"changed, against the sha256 that {month} was published after"
    if what:
        yield Difference(earlier.parent.name, unit, manifest.NAME, what)


def _published_since(folder: Path, record: Mapping[str, Any]) -> bool:
    """Whether the month in the folder was published (again) at or after the time in the record."""
    with suppress(SalesForecastError):
        earlier = str(manifest.read(folder).get("published_at", ""))
        return earlier >= str(record.get("published_at", ""))
    return False


def _check_folder(
    folder: Path, month: str, project: Path, *, kept: Callable[[str], str]
) -> Iterator[Difference]:
    differs = partial(Difference, month, folder.name)
    try:
        record, files = manifest.read(folder), manifest.compare(folder)
    except SalesForecastError as error:
        yield differs(manifest.NAME, str(error))
        return
    signed = find_sign_off(folder)
    shown = signed.pages if signed else {}
    for what, path in files:
        if what != "changed" or shown.get(path) != manifest.sha256(folder / path):
            yield differs(path, f"{what}, against the sha256 in the manifest")
    records = partial(_read_records, record, project, folder.name.partition(".")[0])
    signed_off, sent = partial(records, KIND), partial(records, HANDED_OVER)
    yield from (differs(*found) for found in check_sign_off(folder, month, signed_off))
    yield from (differs(*found) for found in check_receipts(folder, sent))
    yield from (differs(*found) for found in _check_event_log(record, project))
    yield from (differs(path, what) for path, what in _check_tables(folder))
    yield from (differs(path, what, True) for path, what in _compare_inputs(record, project))
    yield from (differs(*found) for found in _check_copies(record, kept))


def _check_event_log(record: Mapping[str, Any], project: Path) -> Iterator[tuple[str, str]]:
    """Whether the log still has the event that was its last when the month was published."""
    if not (known := record.get("event_log")):
        return
    head = Head(int(known["number"]), str(known["hash"]))
    try:
        held = holds_head(project, head, address_env=_address_of(record))
    except SalesForecastError:
        return  # what cannot be read is said where the log is verified
    if not held:
        yield "event log", f"event {head.number}, its last when this was published, is gone"


def _address_of(record: Mapping[str, Any]) -> str:
    return record.get("parameters", {}).get("archive.records_env", {}).get("value") or ""


def _read_records(record: Mapping[str, Any], project: Path, unit: str, kind: str) -> pd.DataFrame:
    """The unit's records of a kind, from the database that the manifest's parameters name."""
    return read_records(project, unit=unit, what=kind, address_env=_address_of(record))


def _check_copies(
    record: Mapping[str, Any], kept: Callable[[str], str]
) -> Iterator[tuple[str, str, bool]]:
    """Inputs whose kept copies are gone (a note) or are no longer what was read."""
    was_kept = record.get("parameters", {}).get("archive.keep_sources", {}).get("value")
    for entry in record.get("inputs", []) if was_kept else []:
        match kept(entry["sha256"]):
            case "missing":
                yield entry["path"], "its copy in the archive of sources was removed", True
            case "changed":
                what = "its copy in the archive of sources is no longer what was read"
                yield entry["path"], what, False


def _check_tables(folder: Path) -> Iterator[tuple[str, str]]:
    """Differences that hashes do not show: published numbers that disagree with each other."""
    import pandas as pd

    name = "tables/forecast.parquet"
    path = folder / name
    if not path.is_file():
        return
    try:
        series = pd.read_parquet(path.with_name("series.parquet"))
        final = _published(pd.read_parquet(path), series)
        totals = final.groupby(["month", "level"])["y_hat"].sum()
        if (gap := _gap_between_levels(totals)) > TOLERANCE:
            limit = f"more than {TOLERANCE:.0e}"
            yield name, f"the levels' totals disagree by {gap:.1e} of the total, {limit}"
    except Exception as error:  # whatever a damaged table brings about
        yield name, f"cannot be checked: {error}"
        return
    book = partial(_read_book, levels=series["level"].unique())
    readers = {"forecast.csv": pd.read_csv, "forecast.xlsx": book}
    translated = {path.name: partial(_read_csv, series) for path in folder.glob("forecast.*.csv")}
    for shown, read in {**readers, **translated}.items():
        try:
            if (folder / shown).is_file() and not _agree(totals, read(folder / shown)):
                yield shown, f"its totals by month and level are not those of {name}"
        except Exception as error:  # likewise
            yield shown, f"cannot be checked: {error}"


def _published(forecast: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Rows of the last coherent stage, with level and month; empty where there is none."""
    stages = [stage for stage in COHERENT_STAGES if stage in set(forecast["stage"])]
    final = forecast[forecast["stage"].isin(stages[-1:])]
    final = final.merge(series[["unique_id", "level"]], on="unique_id")
    return final.assign(month=final["ds"].dt.strftime("%Y-%m"))


def _gap_between_levels(totals: pd.Series) -> float:
    """Largest relative gap between the totals that the levels give for a month."""
    if totals.empty:
        return 0.0
    table = totals.unstack("level")
    spread = table.max(axis=1) - table.min(axis=1)
    return float((spread / table.abs().max(axis=1).clip(lower=1e-12)).max())


def _read_csv(series: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Month, level and forecast of a CSV file's rows by their place, whatever its language."""
    import pandas as pd

    levels = series.set_index(series["unique_id"].map(tables.guard_text))["level"]
    rows = pd.read_csv(path)
    rows = rows.iloc[:, [0, -3 - len(INTERVALS), -1 - len(INTERVALS)]]
    rows = rows.set_axis(["unique_id", "month", "forecast"], axis=1)
    return rows.assign(level=rows["unique_id"].map(levels))


def _read_book(path: Path, levels: Sequence[str]) -> pd.DataFrame:
    """Month, level and forecast of a workbook's rows; it has a sheet for each level, in order."""
    import pandas as pd

    heads = {language.sentences(each)["workbook.ds"]: "ds" for each in language.LANGUAGES}
    heads |= {language.sentences(each)["workbook.y_hat"]: "forecast" for each in language.LANGUAGES}
    sheets = pd.read_excel(path, sheet_name=None, engine="calamine", usecols=heads.__contains__)
    named = zip(levels, sheets.values(), strict=False)  # a missing one has no totals
    rows = pd.concat([sheet.assign(level=level) for level, sheet in named]).rename(columns=heads)
    return rows.assign(month=rows["ds"].dt.strftime("%Y-%m"))


def _agree(totals: pd.Series, shown: pd.DataFrame) -> bool:
    """Whether a file for people has the same totals, to its rounding."""
    rows = shown.groupby(["month", "level"])["forecast"].agg(["sum", "size"])
    if not rows.index.sort_values().equals(totals.index.sort_values()):
        return False
    return bool(((rows["sum"] - totals).abs() <= ROUNDING * rows["size"]).all())


def _compare_inputs(record: Mapping[str, Any], project: Path) -> Iterator[tuple[str, str]]:
    """Inputs that are no longer as they were read.

    A path is under the project or a folder that an environment variable names.
    """
    parameters = record.get("parameters", {}).items()
    named = [entry["value"] for key, entry in parameters if key.endswith(".root")]
    named = [name for name in named if isinstance(name, str)]
    unset = sorted({name for name in named if name and name not in os.environ})
    roots = [project, *(Path(os.environ[name]) for name in named if name in os.environ)]
    for entry in record.get("inputs", []):
        if entry["path"].startswith("$"):  # a database, which goes on
            continue
        found = [path for root in roots if (path := root / entry["path"]).is_file()]
        if not found and unset:
            yield entry["path"], f"this input was not compared: '{unset[0]}' is not set"
        elif not found:
            yield entry["path"], "this input is no longer there"
        elif manifest.sha256(found[0]) != entry["sha256"]:
            yield entry["path"], "this input has changed since it was read"
