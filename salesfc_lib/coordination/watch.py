"""One look at a unit: what is new is opened once, what is overdue goes to the next person.

A unit and a moment enter; events and, for pages, the paths of the branches with alerts leave. What
was found stays beside a fingerprint of what it was found in (`reports/.watch/`, which may be
deleted), so that a look at what did not change costs next to nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from salesfc_lib import archive
from salesfc_lib.archive import UnitMonth, manifest
from salesfc_lib.coordination.alerts.escalating import escalate_overdue
from salesfc_lib.coordination.alerts.finders import FINDERS
from salesfc_lib.coordination.alerts.finding import Found, Look
from salesfc_lib.coordination.alerts.folding import fold_alerts
from salesfc_lib.coordination.alerts.raising import Raised, note_run, raise_alerts
from salesfc_lib.coordination.alerts.sources import is_remote, list_states, newest_data
from salesfc_lib.coordination.month_to_date import build_path, find_departures, read_month_to_date
from salesfc_lib.coordination.opening import day_of, read_events
from salesfc_lib.foundation import people, resolve, tables, wording

FORMAT = 1  # of what is kept; another one is found anew
# roles of sources that lines of sales are made of: no other is read
LINES = ("orders", "returns", "lookup", "mapping", "rates", "conversions")
State = str


@dataclass(frozen=True)
class Watched:
    """What a watch of a unit came to.

    state: `looked`, `unchanged`, `off` (no alerts are raised), `empty` (nothing is published yet)
    or `busy` (another watch is at work). opened: numbers of new alerts; open, overdue: how many;
    escalated: how many times an alert went to a next person; reminded: how many steps of the cycle
    somebody was reminded of; why: why nothing can be told of sales ('': it can).
    """

    unit: str
    state: State
    month: str = ""
    opened: tuple[int, ...] = ()
    open: int = 0
    overdue: int = 0
    escalated: int = 0
    reminded: int = 0
    why: str = ""


def watch_unit(project: Path, unit: str, at: datetime) -> Watched:
    """Look at a unit's latest published month, and at the sales of the month after it.

    Raises `SalesForecastError` where its sources, parameters or tables cannot be read.
    """
    from filelock import FileLock, Timeout

    run = open_latest(project, unit)
    if run is None:
        return Watched(unit, "empty")
    if not run.parameters.alerts.enabled:
        return Watched(unit, "off", run.month)
    kept = _kept(run)
    kept.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(kept.with_suffix(".lock"))
    try:
        with lock.acquire(timeout=0):
            return _watch(run, at)
    except Timeout:
        return Watched(unit, "busy", run.month)


def is_changed(project: Path, unit: str, at: datetime) -> bool:
    """Whether anything that a look depends on is another than at the last look."""
    run = open_latest(project, unit)
    if run is None or not run.parameters.alerts.enabled:
        return False
    return bool(_read(_kept(run)).get("fingerprint") != _fingerprint(run, at))


def open_latest(project: Path, unit: str) -> UnitMonth | None:
    """The unit's latest published month; None where there is none."""
    root = project.resolve()
    months = archive.list_months(root / "reports", unit)
    if not months:
        return None
    found = resolve(root, unit, months[-1])
    folder = root / "reports" / ".work" / months[-1] / unit
    return UnitMonth(root, unit, months[-1], found.parameters, found.layer, found.reasons, folder)


def now_folder(reports: Path, unit: str) -> Path:
    """Folder of the tables of a unit as it stands now, which pages read."""
    return reports / "now" / unit / "tables"


def _watch(run: UnitMonth, at: datetime) -> Watched:
    look, fingerprint = Look(run, at), _fingerprint(run, at)
    state, why, raised = "unchanged", "", Raised()
    if (before := _read(_kept(run))).get("fingerprint") != fingerprint:
        look = _look_at_sales(look)
        found = {kind: [*find(look)] for kind, find in FINDERS.items()}
        every = [each for of_kind in found.values() for each in of_kind]
        raised = raise_alerts(look, every, newest_data(run.parameters, run.project))
        note_run(look, _looked(look), raised)
        _write_paths(look, every)
        why = look.path.reason if look.path else ""
        _write(_kept(run), {"fingerprint": fingerprint, "why": why})
        state = "looked"
    escalated = escalate_overdue(look)
    alerts = fold_alerts(read_events(run, "alert"), run.parameters, at)
    alerts = alerts[alerts["state"].ne("closed")]
    return Watched(
        run.unit,
        state,
        run.month,
        raised.opened,
        open=len(alerts),
        overdue=int(alerts["overdue_days"].gt(0).sum()),
        escalated=escalated,
        why=why if state == "looked" else str(before.get("why", "")),
    )


def _look_at_sales(look: Look) -> Look:
    """The look with the path of the month after the published one."""
    parameters, month = look.run.parameters, wording.add_months(look.run.month, 1)
    today = day_of(look.at, parameters.calendar)
    own = {name: each for name, each in parameters.sources.items() if each.role in LINES}
    of_lines = parameters.model_copy(update={"sources": own})
    path = build_path(
        read_month_to_date(of_lines, look.run.project, month, today=today),
        look.read("forecast"),
        look.series,
        parameters.calendar,
        promotion=look.read("promotion"),
        false_alarms=parameters.alerts.false_alarms,
    )
    return replace(look, path=path, departures=find_departures(path))


def _looked(look: Look) -> list[str]:
    """'kind month' of what a look can say is no longer so."""
    month = look.run.month
    looked = [f"{kind} {month}" for kind in FINDERS if kind != "sales"]
    if look.path is not None and not look.path.reason:
        looked.append(f"sales {look.path.month}")
    return [*looked, *(f"{kind} {wording.add_months(month, 1)}" for kind in ("late", "odd"))]


def _write_paths(look: Look, found: list[Found]) -> None:
    """Table month_path of the whole unit and of the branches of sales alerts, whole or not."""
    if look.path is None:
        return
    ids = {look.top, *(each.unique_id for each in found if each.kind == "sales")}
    for alert in fold_alerts(
        read_events(look.run, "alert"), look.run.parameters, look.at
    ).itertuples():
        if alert.kind == "sales" and alert.month == look.path.month:
            ids.add(str(alert.unique_id))
    paths = look.path.table(look.departures)
    folder = now_folder(look.run.reports, look.run.unit)
    beside = folder.with_name(f".tables.{os.getpid()}")
    written = tables.write(paths[paths["unique_id"].isin(ids)], beside, "month_path")
    folder.mkdir(parents=True, exist_ok=True)
    written.replace(folder / written.name)
    beside.rmdir()


def _fingerprint(run: UnitMonth, at: datetime) -> str:
    """Hash of all that a look depends on: what it reads, and the day.

    Of a database or a system it is the hour, because only a question tells whether it changed.
    """
    parameters, day = run.parameters, day_of(at, run.parameters.calendar)
    published = archive.unit_folder(run.reports, run.month, run.unit) / manifest.NAME
    failed = archive.failed_folder(run.reports, run.month, run.unit).parent.parent
    known = run.project / people.FILE
    parts = [
        f"{FORMAT} {day} {f'{at:%H}' if is_remote(parameters) else ''}",
        parameters.model_dump_json(),
        known.read_text(encoding="utf-8") if known.exists() else "",
        f"{run.month} {published.stat().st_mtime_ns} {published.stat().st_size}",
        *(
            f"{path} {path.stat().st_mtime_ns}"
            for path in sorted(failed.glob(f"*/{run.unit}.json"))
        ),
        *list_states(parameters, run.project),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _kept(run: UnitMonth) -> Path:
    return run.reports / ".watch" / f"{run.unit}.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, facts: Mapping[str, Any]) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
    beside.replace(path)
