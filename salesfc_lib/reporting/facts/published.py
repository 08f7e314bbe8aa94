"""What the reports folder holds: summaries of published months, and what failed or is damaged."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from salesfc_lib import archive
from salesfc_lib.archive import manifest
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import language, schema
from salesfc_lib.reporting.facts.summary import Languages, Moment, Month, Summary


@dataclass(frozen=True)
class FailedMonth:
    """A unit's month that was not published, from `reports/.failed/<month>/<unit>.json`.

    `is_damaged`: of one whose own record cannot be read, be it published or failed; `error` says
    what to do, and `unit` is empty where it is the whole month's place.
    """

    unit: str
    month: Month
    error: str
    step: str = ""
    at: Moment = ""
    title: str = ""
    page: str = ""  # the failed notebook's page, under `reports/`
    languages: Languages = (language.SOURCE,)  # of that page, the default one first
    is_damaged: bool = False


def read_summaries(reports: Path) -> list[Summary]:
    """The summary of every published unit and month, ordered by month and unit.

    Those that `read_damaged` names are left out.
    """
    return [found for found in _read_published(reports) if isinstance(found, Summary)]


def read_failures(reports: Path) -> list[FailedMonth]:
    """Every unit's month that failed and has not been cleared, ordered by month and unit."""
    found = []
    for path in sorted(reports.glob(".failed/*/*")):
        month, unit = path.parent.name, path.stem
        if schema.MONTH.match(month) and schema.UNIT_ID.match(unit):
            record = path.with_name(f"{unit}.json")
            if path == record or not record.exists():
                found.append(_read_failure(record, month, unit))
    return found


def read_damaged(reports: Path) -> list[FailedMonth]:
    """Unit-months whose record cannot be read, published or failed, ordered by month and unit."""
    every = [*_read_published(reports), *read_failures(reports)]
    damaged = [each for each in every if isinstance(each, FailedMonth) and each.is_damaged]
    return sorted(damaged, key=lambda each: (each.month, each.unit))


def _read_published(reports: Path) -> Iterator[Summary | FailedMonth]:
    """Each published unit-month, or why it cannot be read."""
    for month in archive.find_month_folders(reports):
        try:
            archive.check_month_folder(reports, month)
        except SalesForecastError as error:
            yield FailedMonth("", month, str(error), is_damaged=True)
        for unit in archive.list_folders(reports, month):
            folder = archive.unit_folder(reports, month, unit)
            if not folder.exists() and not folder.is_symlink():
                continue  # earlier versions only
            try:
                yield _read_summary(folder)
            except SalesForecastError as error:
                yield FailedMonth(unit, month, str(error), is_damaged=True)


def _read_summary(folder: Path) -> Summary:
    unreadable, path = SalesForecastError.unreadable_file, folder / manifest.NAME
    try:
        signed = archive.find_sign_off(folder)
        by = {"signed_by": signed.reviewer if signed else ""}
        summary = Summary.read(manifest.read(folder), **by)
    except ValidationError as error:
        why = f"its summary is damaged ({manifest.describe_invalid(error)})"
        raise unreadable(path, why, manifest.restore(folder)) from None
    if (summary.month, summary.unit) != (folder.parent.name, folder.name):
        why = f"it is of {summary.month} of '{summary.unit}'"
        raise unreadable(path, why, manifest.restore(folder))
    return summary


def _read_failure(path: Path, month: str, unit: str) -> FailedMonth:
    try:
        found = TypeAdapter(FailedMonth).validate_json(path.read_bytes())
        return dataclasses.replace(found, month=month, unit=unit)
    except ValidationError as error:
        why = f"it is no record of a failure ({manifest.describe_invalid(error)})"
    except OSError as error:
        why = f"{error.strerror}"
    do = f"Remove it, then run the month again: `salesfc run --unit {unit} --month {month}`"
    told = SalesForecastError.unreadable_file(path, why, do)
    return FailedMonth(unit, month, str(told), is_damaged=True)
