"""A send: planned, refused while a problem stands, written, read back, compared, receipted.

A published month and a target enter; a receipt leaves. Nothing is taken on trust: whatever a
request's answer was, the system is read again, and what is still missing is sent again. A send that
died is resumed by the next, because that reads first what is there.
"""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any

from salesfc_lib import archive
from salesfc_lib.archive import HANDED_OVER, Record, UnitMonth, append_record, manifest
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import hide_secrets
from salesfc_lib.handover.erp.import_files import files_of
from salesfc_lib.handover.erp.lines import read_lines
from salesfc_lib.handover.erp.plan import Line, Plan, Problem, Row, differences
from salesfc_lib.handover.erp.target import LABEL, LABEL_ZH, Address, Erp
from salesfc_lib.intake.sources.erp.door import ErpError, Wire, understood

ROUNDS = 8  # of writing and reading again what had no clear answer
COMPLETE, PARTIAL = "complete", "partial"


@dataclass(frozen=True)
class Handed:
    """What a handover would change or has changed; `receipt` only of a send."""

    plan: Plan
    problems: Sequence[Problem] = ()
    receipt: Mapping[str, Any] = field(default_factory=dict)


def open_target(run: UnitMonth, name: str, wire: Wire | None = None) -> Erp:
    """The target of this name in the unit's parameters, ready to be asked.

    Raises `RequestError` where there is none, or the month is not published.
    """
    targets = run.parameters.handover.to
    if name not in targets:
        raise RequestError.unknown_key(name, targets, "`handover.to`")
    if not archive.is_published(run.reports, run.month, run.unit):
        raise RequestError.of(
            f"{run.month} of '{run.unit}' is not published",
            "A published month",
            f"Publish it first: `salesfc run --unit {run.unit} --month {run.month}`",
        )
    target = targets[name]
    folder = _folder(run) / manifest.HANDED_OVER
    module = import_module(f"{__package__}.{target.system}")
    erp: Erp = module.TARGET(Address(run.unit, name, target, folder, wire))
    return erp


def preview(
    run: UnitMonth, name: str, *, today: date | None = None, wire: Wire | None = None
) -> Handed:
    """What a send would change, and what stands in its way; nothing is sent."""
    erp = open_target(run, name, wire)
    lines, problems = read_lines(run, erp.address.target, name, today or date.today())
    plan = erp.plan_write(lines)
    return Handed(plan, [*problems, *plan.problems])


def send(
    run: UnitMonth, name: str, *, who: str = "", today: date | None = None, wire: Wire | None = None
) -> Handed:
    """Send what is not there yet, read it back and leave a receipt.

    Nothing is sent while a problem stands; nothing is written where all of it is there already.
    """
    erp = open_target(run, name, wire)
    with archive.hold_month(run.reports, run.month):
        lines, problems = read_lines(run, erp.address.target, name, today or date.today())
        plan = erp.plan_write(lines)
        before = archive.read_receipt(_folder(run), name)
        if found := [*problems, *plan.problems]:
            return Handed(plan, found)
        if not plan.pending and before is not None and before["status"] == COMPLETE:
            return Handed(plan, receipt=before)
        record = Record(
            what=HANDED_OVER,
            who=who or _name_sender(run),
            unit=run.unit,
            month=run.month,
            reason=f"salesfc handover --to {name} --send",
            subject=name,
        )
        archive.check_record(run.project, record)  # before anything is sent
        opened = _open_receipt(run, erp, plan, before)
        if plan.pending:
            _put(run, name, opened, record)
        receipt = _deliver(erp, plan, lines, opened)
        _put(run, name, receipt, record)
    return Handed(plan, receipt=receipt)


def check(run: UnitMonth, name: str, wire: Wire | None = None) -> Iterator[tuple[str, str]]:
    """(what was looked at, '' or how the live system differs from the contract), read only."""
    erp = open_target(run, name, wire)
    try:
        with understood(erp.address.target.system):
            yield from erp.check()
    except SalesForecastError as error:
        yield "answers", str(error)


def _open_receipt(
    run: UnitMonth, erp: Erp, plan: Plan, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Receipt of a send that nothing has been written of, so that one that dies is seen."""
    number = _number(before)
    own = manifest.sha256(_folder(run) / manifest.NAME)
    text = f"{run.unit}|{run.month}|{own}|{erp.address.name}|{number}"
    return {
        "unit": run.unit,
        "month": run.month,
        "manifest": own,
        "version": manifest.read(_folder(run)).get("version"),
        "target": erp.address.name,
        "system": erp.address.target.system,
        "tag": erp.address.tag,
        "draft": erp.address.target.draft,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "send": number,
        "key": hashlib.sha256(text.encode()).hexdigest(),
        "status": archive.STARTED,
        "counts": plan.counts,
    }


def _deliver(
    erp: Erp, plan: Plan, lines: Sequence[Line], opened: Mapping[str, Any]
) -> dict[str, Any]:
    """Receipt of what was written and read back."""
    unclear, refused, rows = _write_in_rounds(erp, plan, lines, opened["key"])
    wanted = [*lines, *(each.line for each in plan.changes if each.kind == "withdrawn")]
    wrong = ["it could not be read back"] if rows is None else differences(wanted, rows)
    read = {row.key: row for row in rows or []}
    return {
        **opened,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "status": PARTIAL if wrong else COMPLETE,
        "without_answer": unclear,
        "refused": [hide_secrets(each) for each in refused],
        "differs": wrong,
        "rows": [_describe(each.line, each.row, read) for each in plan.changes],
        "files": {path.name: manifest.sha256(path) for path in files_of(erp)},
        "tested": {"en": LABEL, "zh": LABEL_ZH},
    }


def _write_in_rounds(
    erp: Erp, plan: Plan, lines: Sequence[Line], key: str
) -> tuple[int, list[str], list[Row] | None]:
    """Requests without a clear answer, what was refused, and our rows then (None: unreadable)."""
    unclear, refused = 0, list[str]()
    try:
        for _ in range(ROUNDS):
            done = erp.write(plan, lines, key)
            unclear += len(done.unclear)
            is_stuck = not done.unclear and done.refused == refused
            refused, plan = done.refused, erp.plan_write(lines)
            if not plan.pending or plan.problems or is_stuck:
                break
        refused = refused if plan.pending else []
        return unclear, refused, erp.read_back()
    except ErpError as error:
        return unclear, [*refused, str(error)], None


def _number(before: Mapping[str, Any] | None) -> int:
    """Number of this send: the one before where that is still to be completed."""
    if before is None:
        return 1
    return int(before["send"]) + (before["status"] == COMPLETE)


def _name_sender(run: UnitMonth) -> str:
    """Who is signed in, by name, or by login where nobody has it."""
    try:
        return archive.name_actor(run.project, run.unit)
    except RequestError:
        return getpass.getuser()


def _put(run: UnitMonth, name: str, receipt: Mapping[str, Any], record: Record) -> None:
    kept = {
        each: receipt[each]
        for each in ("manifest", "status", "counts", "key", "system", "draft", "send")
    }
    address = run.parameters.archive.records_env

    def append(sha256: str) -> None:
        new = {**kept, "receipt": sha256}
        append_record(run.project, Record(**{**vars(record), "new": new}), address_env=address)

    archive.put_receipt(_folder(run), name, receipt, append)


def _describe(line: Line, row: Line | None, read: Mapping[Any, Line]) -> dict[str, Any]:
    back = read.get(line.key)
    return {
        "product": line.product,
        "plant": line.plant,
        "month": line.month,
        "unit": line.unit,
        "was": _number_of(row),
        "sent": _number_of(line),
        "read_back": _number_of(back),
    }


def _number_of(line: Line | None) -> str | None:
    return None if line is None else format(line.quantity.normalize(), "f")


def _folder(run: UnitMonth) -> Any:
    return archive.unit_folder(run.reports, run.month, run.unit)
