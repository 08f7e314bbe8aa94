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

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

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
    return [*results, *(_tell(each, tell) for each in _write_pages(project, results, at))]


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


def _write_pages(project: Path, results: Sequence[Result], at: datetime) -> Iterator[Unwatched]:
    """Write the live pages where something on them may be another; what stood in their way."""
    from salesfc_lib.reporting import write_now

    reports = project / "reports"
    kept = reports / ".watch" / "pages.txt"
    try:
        last = [read_records(project, last=1, address_env=each) for each in list_addresses(project)]
        state = " ".join(str(number) for each in last for number in each["number"])
        is_new = any(not isinstance(each, Unwatched) and each.state == "looked" for each in results)
        if is_new or not kept.exists() or kept.read_text(encoding="utf-8") != state:
            write_now(project, reports, at)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(state, encoding="utf-8")
    except (SalesForecastError, OSError) as error:
        yield Unwatched("reports/now", explain(error, reports))


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
