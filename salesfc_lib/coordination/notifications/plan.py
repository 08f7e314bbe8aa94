"""Which digest goes to which address at a moment, and what is held back.

A project, with its people and their variables, enters; planned digests leave. Nothing is sent or
written here, so that `--dry-run` shows what a run would do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.coordination.notifications.digest import (
    Digest,
    News,
    find_news,
    is_quiet,
    write_digest,
)
from salesfc_lib.coordination.notifications.outbox import Box, fold_boxes, list_unsure
from salesfc_lib.coordination.opening import open_cycle, read_events
from salesfc_lib.coordination.waiting import list_waiting
from salesfc_lib.foundation import parameters, people

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Planned:
    """A digest for one address of a person, which is named by its environment variable.

    begun: how many messages the address had of each unit before; logs: variable of each unit's log;
    held: why it is not sent now:
    `unset` (the environment has no such variable), `quiet`, `waits` (refused a while ago), or
    empty.
    """

    address: str
    digest: Digest
    begun: Mapping[str, int]
    logs: Mapping[str, str]
    held: str = ""


@dataclass(frozen=True)
class _Desk:
    """What lies ready at a moment: units, people, what waits, and what each address has had."""

    at: datetime
    runs: Mapping[str, UnitMonth]
    known: Mapping[str, people.Person]
    waiting: Mapping[str, pd.DataFrame]
    boxes: Mapping[tuple[str, str, str], Box]


def plan_digests(project: Path, at: datetime, units: Sequence[str] = ()) -> list[Planned]:
    """Digests for everybody for whom something new waits in `units` (none: all of the project's).

    One for each address.
    What a unit's quiet hours or an earlier refusal hold back is a digest of its own, with `held`.
    Raises `SalesForecastError` for parameters, people or records that cannot be read.
    """
    desk = _lay_out(project.resolve(), at, units)
    return [
        planned
        for person_id, person in desk.known.items()
        for address in dict.fromkeys(person.notify)
        for planned in _plan_address(desk, person_id, address)
    ]


def find_unsure(project: Path, at: datetime, units: Sequence[str] = ()) -> pd.DataFrame:
    """`list_unsure` over `units` (none: all) of the last week.

    Raises `RequestError` for a project without units.
    """
    root = project.resolve()
    runs = [open_cycle(root, unit, at=at) for unit in units or parameters.list_units(root)]
    if not runs:
        raise parameters.no_units(root)
    found = [list_unsure(read_events(run, "notify"), at) for run in runs]
    every = pd.concat([rows for rows in found if len(rows)] or found[:1], ignore_index=True)
    return every[[at - each < WEEK for each in every["at"]]]


def _lay_out(root: Path, at: datetime, units: Sequence[str]) -> _Desk:
    known = people.read_people(root)
    named = any(person.notify for person in known.values())
    units = (units or parameters.list_units(root)) if named else ()
    runs = {unit: open_cycle(root, unit, at=at) for unit in units}
    waiting = {unit: list_waiting(run, at) for unit, run in runs.items()}
    boxes = {
        key: box
        for run in runs.values()
        for key, box in fold_boxes(read_events(run, "notify")).items()
    }
    return _Desk(at, runs, known, waiting, boxes)


def _plan_address(desk: _Desk, person_id: str, address: str) -> Iterator[Planned]:
    news: dict[str, list[News]] = {}
    begun: dict[str, int] = {}
    for unit, run in desk.runs.items():
        box = desk.boxes.get((person_id, address, unit), Box())
        begun[unit] = box.messages
        held = _hold(run, box, address, desk.at)
        news.setdefault(held, []).extend(find_news(desk.waiting[unit], person_id, box.told))
    units = {unit: run.parameters for unit, run in desk.runs.items()}
    logs = {unit: each.archive.records_env for unit, each in units.items()}
    for held, found in news.items():
        if found:
            digest = write_digest(person_id, desk.known[person_id], found, units)
            yield Planned(address, digest, begun, logs, held)


def _hold(run: UnitMonth, box: Box, address: str, at: datetime) -> str:
    if not os.environ.get(address, "").strip():
        return "unset"
    if is_quiet(at, run.parameters):
        return "quiet"
    return "" if box.may_send(at) else "waits"
