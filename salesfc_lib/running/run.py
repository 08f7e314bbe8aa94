"""A month for all units, and the archive of past months.

A request enters; published months and one outcome a unit and month leave. The decision made here: what is wrong with
the request stops everything before anything runs; what is wrong with one unit is that unit's outcome only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from salesfc_lib import archive
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import parameters, schema
from salesfc_lib.running import failures
from salesfc_lib.running.progress import read_durations
from salesfc_lib.running.publication import Event, Outcome, Plan, Task, Tell, publish_months
from salesfc_lib.running.workers import count_workers, side_by_side


@dataclass(frozen=True)
class Request:
    """What was asked for: the project, its units (none named: all), `--set` texts, the reason to publish again."""

    project: Path
    units: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    again: str = ""  # reason for publishing what is published; empty: it is skipped
    workers: int | None = None  # processes side by side; None: one more than there are cores

    @property
    def reports(self) -> Path:
        return self.project / "reports"


def run_month(
    request: Request, month: str | None = None, *, tell: Tell = lambda told: None
) -> list[Outcome]:
    """Outcomes by unit of publishing `month` (None: the latest month that is closed in any of the units).

    Raises `RequestError`, before anything runs, for an unknown unit, a wrong `--set`, a month that no unit has closed,
    or a month that another run holds.
    """
    request = _check_request(request, month)
    _mend(request, tell)
    closed, failed = _find_closed(request, [month] if month else [])
    if month is None:
        if not closed:
            return [_fail(request, unit, "latest", error) for unit, error in failed.items()]
        month = max(closed.values())
    ready = _split_closed(closed, failed, month)
    tasks = [
        Task(request.project, unit, (month,), "run", request.sets, request.again) for unit in ready
    ]
    return _publish(
        request, tasks, [_fail(request, unit, month, error) for unit, error in failed.items()], tell
    )


def backfill(
    request: Request, start: str, end: str, *, tell: Tell = lambda told: None
) -> list[Outcome]:
    """Outcomes by unit and month of archiving the forecasts of `start` to `end` as they would have been made then.

    Raises `RequestError` as `run_month` does, and where `end` lies before `start`.
    """
    months = list_months(start, end)
    request = _check_request(request, None)
    _mend(request, tell)
    closed, failed = _find_closed(request, months)
    ready = _split_closed(closed, failed, end)
    tasks = [
        Task(request.project, unit, tuple(months), "backfill", request.sets, request.again)
        for unit in ready
    ]
    return _publish(
        request, tasks, [_fail(request, unit, end, error) for unit, error in failed.items()], tell
    )


def list_months(start: str, end: str) -> list[str]:
    """Months from `start` to `end`, both included.

    >>> list_months("2025-11", "2026-01")
    ['2025-11', '2025-12', '2026-01']
    """
    first, last = (
        int(text[:4]) * 12 + int(text[5:]) - 1 for text in map(schema.check_month, (start, end))
    )
    if last < first:
        raise RequestError.say(
            f"The months {start} to {end} run backwards", "--from before --to", "Exchange them"
        )
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(first, last + 1)]


def _check_request(request: Request, month: str | None) -> Request:
    """The request with its units named, once none of them, nor `--set` or the month, is in doubt."""
    if month is not None:
        schema.check_month(month)
    known = parameters.list_units(request.project)
    if not known:
        raise parameters.no_units(request.project)
    for unit in request.units:
        if schema.check_unit(unit) not in known:
            raise RequestError.unknown_key(unit, known, "--unit")
    units = tuple(dict.fromkeys(request.units or known))
    for unit in units:
        _check_sets(request, unit, month)
    return replace(request, units=units)


def _check_sets(request: Request, unit: str, month: str | None) -> None:
    try:
        parameters.resolve(request.project, unit, month)
    except SalesForecastError:
        return  # the unit's own trouble: it becomes its outcome
    try:
        parameters.resolve(request.project, unit, month, request.sets)
    except SalesForecastError as error:
        raise RequestError(str(error)) from error


def _mend(request: Request, tell: Tell) -> None:
    """Complete or roll back what runs that died left behind, and say so."""
    from salesfc_lib.reporting import write_index

    said = archive.recover(request.reports)
    for sentence in said:
        tell(sentence)
    if said:
        write_index(request.reports)


def _find_closed(
    request: Request, months: Sequence[str]
) -> tuple[dict[str, str], dict[str, Exception]]:
    """Latest closed month by unit, and the trouble of units whose data do not even say that.

    Where every one of `months` is published and shall not be again, it is not asked for: the last of them is closed.
    """
    from salesfc_lib import steps

    closed: dict[str, str] = {}
    failed: dict[str, Exception] = {}
    for unit in request.units:
        try:
            schema.check_unit(unit)  # a parameter file that nobody named may be called anything
            if (
                months
                and not request.again
                and all(archive.is_published(request.reports, month, unit) for month in months)
            ):
                closed[unit] = months[-1]
            else:
                closed[unit] = steps.latest_closed(request.project, unit)
        except (SalesForecastError, OSError) as error:
            failed[unit] = error
    return closed, failed


def _split_closed(closed: Mapping[str, str], failed: dict[str, Exception], month: str) -> list[str]:
    """Units in which `month` is closed; the others join `failed`. Raises `RequestError` where there is none."""
    open_units = {unit: latest for unit, latest in closed.items() if latest < month}
    if open_units and len(open_units) == len(closed):
        raise RequestError(str(_not_closed(month, open_units)))
    failed |= {unit: _not_closed(month, {unit: latest}) for unit, latest in open_units.items()}
    return [unit for unit in closed if unit not in open_units]


def _not_closed(month: str, latest: Mapping[str, str]) -> SalesForecastError:
    told = ", ".join(f"'{unit}' through {closed}" for unit, closed in latest.items())
    return SalesForecastError.say(
        f"{month} is not closed",
        f"A month that is over in the data: {told}",
        "Wait for the month's last rows, or set `calendar.closed_through` where the data are complete",
    )


def _publish(
    request: Request, tasks: list[Task], failed: list[Outcome], tell: Tell
) -> list[Outcome]:
    """Outcomes of all tasks, the largest unit first, and the index pages, while the months are held."""
    from salesfc_lib.reporting import write_index

    watch = _Watch(tell)
    tell(_plan(request, tasks))
    for outcome in failed:
        tell(outcome)
    with ExitStack() as held:
        for month in sorted({month for task in tasks for month in task.months}):
            held.enter_context(archive.hold_month(request.reports, month))
        largest_first = sorted(tasks, key=_size, reverse=True)
        done = side_by_side(
            publish_months, largest_first, workers=request.workers, tell=watch, died=watch.died
        )
        outcomes = [*failed, *(outcome for each in done for outcome in each)]
        if any(outcome.state != "skipped" for outcome in outcomes):
            write_index(request.reports)
    return sorted(outcomes, key=lambda outcome: (request.units.index(outcome.unit), outcome.month))


def _plan(request: Request, tasks: Sequence[Task]) -> Plan:
    kind = tasks[0].kind if tasks else "run"
    known = {
        task.unit: read_durations(task.reports, task.unit, task.months[0], kind) for task in tasks
    }
    return Plan(
        kind,
        {task.unit: task.months for task in tasks},
        {unit: seconds for unit, seconds in known.items() if seconds},
        count_workers(len(tasks), request.workers),
    )


class _Watch:
    """Passes on what the units tell, and knows from it where a unit was when its process died."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._step: dict[str, str] = {}
        self._outcomes: dict[tuple[str, str], Outcome] = {}

    def __call__(self, told: Plan | Event | Outcome | str) -> None:
        if isinstance(told, Outcome):
            self._outcomes[told.unit, told.month] = told
        elif isinstance(told, Event):
            self._step[told.unit] = told.step
        self._tell(told)

    def died(self, task: Task, exit_code: int) -> list[Outcome]:
        """Outcomes of a task whose process is gone: those it told, then the month it died in, then those it never began."""
        outcomes = [
            self._outcomes[task.unit, month]
            for month in task.months
            if (task.unit, month) in self._outcomes
        ]
        why = _describe_death(exit_code)
        for month in task.months[len(outcomes) :]:
            outcomes.append(self._bury(task, month, why))
            self._tell(outcomes[-1])
            why = "Not begun: the unit's process ended in an earlier month. Run it again."
        return outcomes

    def _bury(self, task: Task, month: str, why: str) -> Outcome:
        facts = {
            "unit": task.unit,
            "title": task.unit,
            "month": month,
            "step": self._step.get(task.unit, "parameters"),
            "error": why,
        }
        left = failures.record(task.reports, facts)
        if archive.staged_folder(task.reports, month, task.unit).exists():
            archive.repair(task.reports, month, task.unit)
        return Outcome(task.unit, month, "failed", 0.0, why, left)


def _describe_death(exit_code: int) -> str:
    how = f"was ended by signal {-exit_code}" if exit_code < 0 else f"ended with status {exit_code}"
    return (
        f"The unit's process {how} before it was done. Nothing of it was published. "
        "Where memory is short, run fewer units side by side (--workers 1)."
    )


def _fail(request: Request, unit: str, month: str, error: Exception) -> Outcome:
    message = failures.explain(error, request.reports)
    facts = {"unit": unit, "title": unit, "month": month, "step": "parameters", "error": message}
    has_place = schema.MONTH.match(month) and schema.UNIT_ID.match(unit)
    left = failures.record(request.reports, facts) if has_place else None
    return Outcome(unit, month, "failed", 0.0, message, left)


def _size(task: Task) -> int:
    """Bytes of the unit's sources: what its run will take, in comparison with the others."""
    from salesfc_lib.intake import find_files, find_root

    try:
        sources = parameters.resolve(task.project, task.unit).parameters.sources.values()
        paths = [
            path
            for source in sources
            if source.path
            for path in find_files(source, find_root(source, task.project))
        ]
        return sum(path.stat().st_size for path in paths)
    except (SalesForecastError, OSError):
        return 0  # its own run says what is wrong
