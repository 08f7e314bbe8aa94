"""The one door by which events enter the log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from salesfc_lib.archive.event_log.access import check_access, find_address, read_roles
from salesfc_lib.archive.event_log.chain import Head
from salesfc_lib.archive.event_log.record import OF_LOG, PROGRAM, Record, make_row
from salesfc_lib.archive.event_log.table import EVENTS, Log, open_log
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import clock, say


def append_record(project: Path, record: Record, *, address_env: str = "") -> int:
    """Number of the event written, which names it from now on.

    Its moment is never before that of the event before it: where the clock is behind, the row has
    that event's moment, and column `clock` the clock's own.

    Raises `RequestError` where `who` or `reason` is blank or `once` is recorded already, and
    `SalesForecastError` where the log no longer holds its last row; `RequestError` where the unit
    declares roles and who is signed in may not record it. Nothing is written then.
    """
    row = make_row(record)
    with open_log(project, address_env or find_address(project, record.unit)) as log:
        _refuse_repeated(log, record)
        check_access(project, record, log)
        check_head(log)
        try:
            return log.append(row)
        except sa.exc.IntegrityError:  # where row-level security hides the other
            raise _recorded_already(record.what, record.subject) from None


def check_head(log: Log) -> None:
    """Raise `SalesForecastError` where the table lacks its last row: more would hide that."""
    if log.beside is None:  # PostgreSQL's trigger has the head in its hands
        return
    head, last = log.read_head(), log.find_last()
    if not log.holds(head) or (last.number > 1 and head == Head()):
        raise SalesForecastError.of(
            f"The log's last event was number {head.number or 'unknown'}, and it is not there as "
            f"it was: '{log.beside.name}' and the table differ",
            "A log to which events are only added",
            "See `salesfc log verify`; bring both files back from one copy, or go on with the log "
            "as it is and say why: `salesfc log accept`",
        )
    if head != last:
        _say_behind(log, head, last)


def check_record(project: Path, record: Record) -> None:
    """Raise as `append_record` would for who may record what; before what cannot be undone."""
    if read_roles(project, record.unit).are_declared:
        with open_log(project, find_address(project, record.unit)) as log:
            check_access(project, record, log)


def check_publisher(project: Path, unit: str, month: str) -> None:
    """Raise `RequestError` where the unit declares roles and who is signed in may not publish."""
    what = "publish"
    check_record(project, Record(what=what, who=PROGRAM, unit=unit, month=month, reason=what))


def accept_log(project: Path, *, who: str, reason: str, address_env: str = "") -> int:
    """Number of the event that says from now on that the log is taken as it is, and why.

    What is wrong within it is found by `verify_log` as before.
    """
    said = Record(
        what="log.accept", who=who, unit=OF_LOG, month=f"{clock.now():%Y-%m}", reason=reason
    )
    with open_log(project, address_env) as log:
        check_access(project, said, log)
        head, last = _find_head(log), log.find_last()
        log.set_head(last)
        said = replace(said, old=head._asdict(), new=last._asdict())
        return log.append(make_row(said))


def _find_head(log: Log) -> Head:
    try:
        return log.read_head()
    except SalesForecastError:  # damaged: that is what is accepted
        return Head()


def _say_behind(log: Log, head: Head, last: Head) -> None:
    said = Record(
        what="log.behind",
        who=PROGRAM,
        unit=OF_LOG,
        month=f"{clock.now():%Y-%m}",
        reason=say("event_log.behind", first=head.number + 1, last=last.number),
        old=head._asdict(),
        new=last._asdict(),
    )
    log.append(make_row(said))


def _refuse_repeated(log: Log, record: Record) -> None:
    if record.once is None:
        return
    taken = log.connection.execute(sa.select(EVENTS).where(EVENTS.c.once == record.once)).first()
    if taken is not None:
        raise _recorded_already(taken.what, taken.subject, taken)


def _recorded_already(what: str, subject: str, row: sa.Row[Any] | None = None) -> RequestError:
    first = f"'{what}' of '{subject}' is recorded already"
    if row is not None:
        first = (
            f"{row.who} recorded '{what}' of '{subject}' already, on {row.at[:10]}: {row.reason}"
        )
    return RequestError.of(
        first,
        "One record of it",
        "Nothing was changed. Where that record is wrong, add one that says so",
    )
