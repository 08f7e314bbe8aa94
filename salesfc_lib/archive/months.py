"""The archive: one folder a unit and month, which appears whole or not at all.

A month is staged beside its place (`.<unit>.next`) and published by renaming; an earlier version is
kept as `<unit>.v1`. What a crash leaves between two renames is completed where the staged manifest
agrees with its files, and otherwise rolled back.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from salesfc_lib.archive import manifest
from salesfc_lib.archive.locks import lock_month
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import check_month, check_unit, schema

if TYPE_CHECKING:
    import pandas as pd

VERSION = re.compile(r"^(?P<unit>[a-z0-9][a-z0-9_-]{0,31})\.v(?P<number>[1-9]\d*)$")


def unit_folder(reports: Path, month: str, unit: str) -> Path:
    """Place of a unit's published month, whether it is published or not."""
    return reports / check_month(month) / check_unit(unit)


def staged_folder(reports: Path, month: str, unit: str) -> Path:
    """Place where a unit's month is written before it is published."""
    return reports / check_month(month) / f".{check_unit(unit)}.next"


def failed_folder(reports: Path, month: str, unit: str) -> Path:
    """Place where a failed run leaves its notebook and its message."""
    return reports / ".failed" / check_month(month) / check_unit(unit)


def is_published(reports: Path, month: str, unit: str) -> bool:
    """Whether the unit's month stands in its place."""
    return (unit_folder(reports, month, unit) / manifest.NAME).is_file()


def list_months(reports: Path, unit: str | None = None) -> list[str]:
    """Months with a published unit (with that unit, where one is named), oldest first."""
    found = [path for path in reports.glob(f"*-*/*/{manifest.NAME}") if path.is_file()]
    folders = [path.parent for path in found]
    of_unit = [each for each in folders if unit in (None, each.name)]
    months = {each.parent.name for each in of_unit if schema.UNIT_ID.match(each.name)}
    return sorted(month for month in months if schema.MONTH.match(month))


def check_place(reports: Path, month: str, unit: str, *, again: bool = False) -> None:
    """Check that a unit's month can be published; with `again`, a folder may be moved aside.

    Raises `SalesForecastError` where something stands there that is not a published month.
    """
    place = unit_folder(reports, month, unit)
    if place.is_dir() and not is_published(reports, month, unit) and not again:
        raise SalesForecastError.of(
            f"'{place}' is there without its {manifest.NAME}, so it is not a published month",
            "A folder as it was published, or none",
            f"Bring its {manifest.NAME} back from a copy, or move the folder elsewhere and run "
            "again",
        )
    if not place.is_dir() and (place.exists() or place.is_symlink()):
        raise SalesForecastError.of(
            f"'{place}' is a file",
            "A folder as it was published, or none",
            "Move the file elsewhere, and run again",
        )


def check_month_folder(reports: Path, month: str) -> None:
    """Check that units can be published under a month.

    Raises `SalesForecastError` where something else than a folder stands in its place.
    """
    place = reports / month
    if not place.is_dir() and (place.exists() or place.is_symlink()):
        raise SalesForecastError.of(
            f"'{place}' is a file",
            "The folder of a month, or nothing",
            "Move the file elsewhere, and run the month again",
        )


def find_month_folders(reports: Path) -> list[str]:
    """Names of whatever stands in a month's place, oldest first."""
    return sorted(path.name for path in reports.glob("*-*") if schema.MONTH.match(path.name))


def list_folders(reports: Path, month: str) -> list[str]:
    """Units that have any folder in a month, published or not, earlier versions included."""
    names = [path.name for path in (reports / month).glob("*")]
    versions = (match["unit"] for match in map(VERSION.match, names) if match)
    return sorted({*(name for name in names if schema.UNIT_ID.match(name)), *versions})


def latest_before(reports: Path, month: str, unit: str) -> dict[str, str] | None:
    """The unit's latest published month before `month` and its manifest's sha256; else None."""
    earlier = [each for each in list_months(reports, unit) if each < check_month(month)]
    if not earlier:
        return None
    path = unit_folder(reports, earlier[-1], unit) / manifest.NAME
    return {"month": earlier[-1], "sha256": manifest.sha256(path)}


def list_versions(reports: Path, month: str, unit: str) -> dict[int, Path]:
    """Earlier versions of a unit's month that publishing again put beside it, by number."""
    folders = sorted((reports / check_month(month)).glob(f"{check_unit(unit)}.v*"))
    found = [(VERSION.match(folder.name), folder) for folder in folders]
    return {int(match["number"]): folder for match, folder in found if match}


def next_version(reports: Path, month: str, unit: str) -> int:
    """Number that the next published version of a unit's month gets, from 1."""
    versions = [0, *list_versions(reports, month, unit)]
    if unit_folder(reports, month, unit).exists():
        versions.append(_version_in(reports, month, unit))
    return max(versions) + 1


@contextmanager
def staging(reports: Path, month: str, unit: str) -> Iterator[Path]:
    """An empty folder to write a unit's month into; removed at the end unless it is published."""
    folder = staged_folder(reports, month, unit)
    check_month_folder(reports, month)
    _remove(folder)
    (folder / "tables").mkdir(parents=True)
    try:
        yield folder
    finally:
        _remove(folder)


def publish(reports: Path, month: str, unit: str) -> Path:
    """Folder of the published month: the staged one, renamed into its place.

    What is published already moves to `<unit>.v<its version>`, for which the staged manifest must
    give a `reason`. Raises `SalesForecastError` where the staged folder is not complete,
    `RequestError` where the reason is missing.
    """
    staged, target = staged_folder(reports, month, unit), unit_folder(reports, month, unit)
    if differences := manifest.compare(staged):
        raise SalesForecastError.of(
            f"'{staged}' is not complete: {differences[0][1]} is {differences[0][0]}",
            "Every file as its manifest says",
            "Run the month again",
        )
    if target.exists() and not str(manifest.read(staged).get("reason", "")).strip():
        raise RequestError.of(
            f"{month} of '{unit}' is published already",
            "A reason for publishing it again",
            "Use `salesfc run --again --reason TEXT`",
        )
    _swap(staged, target, target.with_name(f"{unit}.v{_version_in(reports, month, unit)}"))
    return target


@contextmanager
def hold_month(reports: Path, month: str) -> Iterator[list[str]]:
    """Hold the month's lock for the block; gives a sentence for each repair of an earlier run.

    What the block itself leaves unfinished is repaired before the lock is given back.
    """
    with lock_month(reports, month):
        try:
            yield _repair_all(reports, month)
        finally:
            _repair_all(reports, month)


def _repair_all(reports: Path, month: str) -> list[str]:
    units = [folder.name[1 : -len(".next")] for folder in sorted((reports / month).glob(".*.next"))]
    return [repair(reports, month, unit) for unit in units if schema.UNIT_ID.match(unit)]


def recover(reports: Path) -> list[str]:
    """Complete or roll back what runs that died left behind; a sentence each.

    Months that a run holds now are left alone.
    """
    sentences: list[str] = []
    for month in sorted({folder.parent.name for folder in reports.glob("*-*/.*.next")}):
        with suppress(RequestError), hold_month(reports, check_month(month)) as repaired:
            sentences += repaired
    return sentences


def repair(reports: Path, month: str, unit: str) -> str:
    """Complete or roll back what a run of this unit's month left; only while the month is held."""
    staged, target = staged_folder(reports, month, unit), unit_folder(reports, month, unit)
    if manifest.is_complete(staged) and (
        not target.exists() or manifest.read(staged).get("reason")
    ):
        publish(reports, month, unit)
        return (
            f"{month} of '{unit}': an earlier run died while publishing; its complete version is "
            "published now."
        )
    versions = list_versions(reports, month, unit)
    if not target.exists() and versions:
        versions[max(versions)].rename(target)
    _remove(staged)
    return (
        f"{month} of '{unit}': an earlier run died; what it left unfinished is removed, what was "
        "published stands."
    )


def table_folders(reports: Path, unit: str, through: str) -> dict[pd.Timestamp, Path]:
    """Folder of the tables of every published month through `through`, by its first day."""
    import pandas as pd

    months = [month for month in list_months(reports, unit) if month <= check_month(through)]
    return {
        pd.Timestamp(f"{month}-01"): unit_folder(reports, month, unit) / "tables"
        for month in months
    }


def vintages(
    reports: Path,
    unit: str,
    through: str,
    *,
    lags: Sequence[int] | None = None,
    versions: bool = False,
) -> pd.DataFrame:
    """Rows of table `forecast` that every month through `through` published at its own cutoff.

    Only the newest version of a month counts, unless `versions`: then the earlier ones are there as
    well, and a column `version` tells them. `lags` (values of `h`) limit what is read from disk.
    """
    import pandas as pd

    from salesfc_lib.foundation import tables

    among = [] if lags is None else [("h", "in", list(lags))]
    frames = []
    for month, folder in table_folders(reports, unit, through).items():
        name, numbered = f"{month:%Y-%m}", {0: folder.parent}
        if versions:
            numbered = list_versions(reports, name, unit)
            numbered[_version_in(reports, name, unit)] = folder.parent
        for number, place in numbered.items():
            rows = tables.read(place / "tables", "forecast", [("cutoff", "==", month), *among])
            frames.append(rows.assign(version=number))
    empty = tables.empty("forecast").assign(version=0)
    found = pd.concat(frames or [empty], ignore_index=True)
    return found if versions else found.drop(columns="version")


def _version_in(reports: Path, month: str, unit: str) -> int:
    try:
        return int(manifest.read(unit_folder(reports, month, unit))["version"])
    except (SalesForecastError, KeyError, TypeError, ValueError):
        return max(list_versions(reports, month, unit), default=0) + 1


def _swap(staged: Path, target: Path, earlier: Path) -> None:
    if target.exists():
        target.rename(earlier)
    try:
        staged.rename(target)
    except BaseException:  # whatever it was, the month must not be left without a version
        if earlier.exists() and not target.exists():
            earlier.rename(target)
        raise
    manifest.sync(target.parent)


def _remove(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
    else:
        folder.unlink(missing_ok=True)
