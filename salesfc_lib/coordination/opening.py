"""A unit's month to look at or to act on, by the clock where nobody names it.

A project, a unit and a moment enter; its `UnitMonth` leaves, with the records of the unit.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from salesfc_lib.archive import Record, UnitMonth, append_record, name_actor, read_records
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import Calendar, check_month, clock, label_months, resolve


def open_cycle(
    project: Path, unit: str, month: str | None = None, at: datetime | None = None
) -> UnitMonth:
    """The unit's month whose cycle is under way: by default the last that ended before `at`.

    Raises `RequestError` for an unknown unit, a month that is none or has not ended.
    """
    root = project.resolve()
    calendar = resolve(root, unit).parameters.calendar
    ended = last_ended(at or clock.now(), calendar)
    if month is not None and check_month(month) > ended:
        raise RequestError.of(
            f"{month} has not ended", f"A closed month, {ended} at the latest", "Name another"
        )
    month = month or ended
    found = resolve(root, unit, month)
    folder = root / "reports" / ".work" / month / unit
    return UnitMonth(root, unit, month, found.parameters, found.layer, found.reasons, folder)


def last_ended(at: datetime, calendar: Calendar) -> str:
    """The last business month that ended before a moment, as YYYY-MM."""
    day = np.array([day_of(at, calendar)], dtype="datetime64[D]")
    return str(label_months(day, calendar)[0] - 1)


def day_of(at: datetime, calendar: Calendar) -> date:
    """Day that a moment has in the calendar's zone, or in this computer's where none is named."""
    return at.astimezone(ZoneInfo(calendar.zone) if calendar.zone else None).date()


def read_events(run: UnitMonth, what: str | None = None) -> pd.DataFrame:
    """Records of the unit, of all months, in order; what: as in `read_records`."""
    address = run.parameters.archive.records_env
    return read_records(run.project, unit=run.unit, what=what, address_env=address)


def name_person(run: UnitMonth, by: str) -> str:
    """Name of who acts: the person that `by` means, or who is signed in (`archive.name_actor`)."""
    return name_actor(run.project, run.unit, by)


def put_once(run: UnitMonth, record: Record) -> bool:
    """Whether the record was written; not where another program recorded the same first.

    Raises `RequestError` where it is refused for another reason.
    """
    try:
        append_record(run.project, record, address_env=run.parameters.archive.records_env)
    except RequestError:
        mine = read_events(run, record.what)
        if not (mine["subject"].eq(record.subject) & mine["month"].eq(record.month)).any():
            raise
        return False
    return True
