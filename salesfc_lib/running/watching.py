"""A watch over units: each is looked at, one that fails is told and the others go on.

Units of a project enter; what a watch of each came to leaves. A watch, for each unit in turn,

1. looks at its latest published month and the sales since, and opens alerts (`coordination.watch`);
2. gives overdue alerts to the next person;
3. reminds of the steps of the month's cycle (`coordination.cycle`).

At last the live pages are written, where a unit was looked at anew or an event was recorded since.
The verb `watch` then tells people what is new for them (`coordination.notifications`).
All of it may be done again at any time: what is recorded, is recorded once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesfc_lib.archive import list_addresses, read_records
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import clock, parameters, schema
from salesfc_lib.running.failures import explain
from salesfc_lib.running.workers import side_by_side

if TYPE_CHECKING:
    from salesfc_lib.coordination import Watched

ALONE = 4  # changed units that one process looks at sooner than others start


@dataclass(frozen=True)
class Unwatched:
    """A unit that could not be looked at, and why."""

    unit: str
    message: str


if TYPE_CHECKING:
    Result = Watched | Unwatched
    Tell = Callable[[Result], None]


def watch_units(
    project: Path, units: Sequence[str] = (), *, tell: Tell = lambda result: None
) -> list[Result]:
    """What a watch of each unit came to (none: all units), told as soon as it is known.

    Raises `RequestError`, before anything is done, for a project without units, a unit that it does
    not have and a clock that is none.
    """
    project, at = project.resolve(), clock.now()
    units, cores = check_units(project, units), os.cpu_count() or 1
    changed = [unit for unit in units if _is_changed(project, unit, at)]
    apart = changed if len(changed) > ALONE and cores > 1 else []
    here = [unit for unit in units if unit not in apart]
    found = [_look_at_all(project, at, here, tell)]
    if apart:
        work, groups = partial(_look_at_all, project, at), [apart[n::cores] for n in range(cores)]
        found += side_by_side(work, groups, notify=tell, died=_died)
    by_unit = {each.unit: each for group in found for each in group}
    results = [by_unit[unit] for unit in units]
    looked = {
        each.unit for each in results if not isinstance(each, Unwatched) and each.state == "looked"
    }
    try:
        renew_pages(project, at, looked)
    except (SalesForecastError, OSError) as error:
        why = explain(error, project / "reports")
        results.append(_tell(Unwatched("reports/now", why), tell))
    return results


def check_units(project: Path, units: Sequence[str]) -> list[str]:
    """The units, or all of the project's. Raises `RequestError` for one that it does not have."""
    known = parameters.list_units(project)
    if not known:
        raise parameters.no_units(project)
    for unit in units:
        if schema.check_unit(unit) not in known:
            raise RequestError.unknown_key(unit, known, "--unit")
    return list(dict.fromkeys(units or known))


def look_at(project: Path, at: datetime, unit: str) -> Result:
    """What a watch of one unit came to, also where it cannot be looked at."""
    from salesfc_lib.coordination import cycle, watch_unit

    try:
        watched = watch_unit(project, unit, at)
        return replace(watched, reminded=len(cycle.remind(project, unit, at)))
    except (SalesForecastError, OSError) as error:
        return Unwatched(unit, explain(error, project / "reports"))


def renew_pages(project: Path, at: datetime | None = None, looked: Collection[str] = ()) -> None:
    """Write the live pages on which something may be another since they were written last.

    On a new day of this computer, and after an earlier log was put back, those of every unit,
    because deadlines have passed; else of the units that were `looked` at or have a new event. The
    page of all units and those of people are always among them. `at`: None for now.
    """
    from salesfc_lib.reporting import write_now

    reports, at = project / "reports", at or clock.now()
    kept = reports / ".watch" / "pages.json"
    is_there = (reports / "now" / "index.html").exists()
    before, changed = _read_state(kept) if is_there else {}, {*looked}
    state: dict[str, Any] = {"day": f"{at.astimezone():%Y-%m-%d}"}
    is_all = state["day"] != before.get("day")
    for address in list_addresses(project):
        log = address or "file"
        newest = read_records(project, last=1, address_env=address)["number"].max()
        state[log] = int(newest) if pd.notna(newest) else 0
        n_new = state[log] - before.get(log, 0)
        is_all |= n_new < 0  # an earlier copy of the log
        if n_new > 0:
            changed |= {*read_records(project, last=n_new, address_env=address)["unit"]}
    if is_all or changed or state != before:
        write_now(project, reports, at, units=None if is_all else changed)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(state), encoding="utf-8")


def _read_state(path: Path) -> dict[str, Any]:
    """The day and, by log, the number of its last event when pages were written; {}: never."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_changed(project: Path, unit: str, at: datetime) -> bool:
    """Whether a unit has to be looked at anew; what cannot be read is told when it is."""
    from salesfc_lib.coordination import is_changed

    try:
        return is_changed(project, unit, at)
    except (SalesForecastError, OSError):
        return False


def _look_at_all(project: Path, at: datetime, units: Sequence[str], notify: Tell) -> list[Result]:
    return [_tell(look_at(project, at, unit), notify) for unit in units]


def _died(units: Sequence[str], code: int) -> list[Result]:
    return [
        Unwatched(unit, f"Its process ended with {code}. Run the watch again.") for unit in units
    ]


def _tell(result: Result, tell: Tell) -> Result:
    tell(result)
    return result
