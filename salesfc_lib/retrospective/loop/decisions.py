"""A unit's decisions in the project's records: always about a month that is published."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib import archive
from salesfc_lib.archive import Record, UnitMonth, append_record, read_records
from salesfc_lib.errors import RequestError, shorten
from salesfc_lib.foundation import tables


def read_decisions(run: UnitMonth, what: str | None, *, through: str | None = None) -> pd.DataFrame:
    """Records of the unit of one kind, such as `action`, or all of them, in order.

    through: the last month whose records count.
    """
    address = run.parameters.archive.records_env
    return read_records(run.project, unit=run.unit, what=what, through=through, address_env=address)


def decide(  # noqa: PLR0913  what a record holds
    run: UnitMonth,
    what: str,
    *,
    who: str,
    reason: str,
    series: str = "",
    subject: str = "",
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    once: str | None = None,
) -> int:
    """Number of the record of a decision about the unit's month.

    Raises `RequestError` as `append_record` does.
    """
    record = Record(
        what=what,
        who=who.strip(),
        unit=run.unit,
        month=run.month,
        reason=reason.strip(),
        series=series,
        subject=subject,
        old=old or {},
        new=new or {},
        once=once,
    )
    address = run.parameters.archive.records_env
    return append_record(run.project, record, address_env=address)


def check_published(run: UnitMonth) -> Path:
    """Folder of the unit's published month. Raises `RequestError` where it is not published."""
    if not archive.is_published(run.reports, run.month, run.unit):
        months = archive.list_months(run.reports, run.unit)[-3:]
        raise RequestError.of(
            f"{run.month} of '{run.unit}' is not published",
            f"A published month: {shorten(months)}" if months else "A published month",
            f"Publish it first: `salesfc run --unit {run.unit} --month {run.month}`",
        )
    return archive.unit_folder(run.reports, run.month, run.unit)


def read_published(run: UnitMonth, name: str) -> pd.DataFrame:
    """Table of the unit's month as it was published, without rows where that version lacks it."""
    return tables.read(check_published(run) / "tables", name)
