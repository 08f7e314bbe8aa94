"""A month for all units, and the archive of past months.

A request enters; published months and one outcome a unit and month leave. What is wrong with the
request stops everything before anything runs; what is wrong with one unit is its outcome only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from salesfc_lib import archive
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import parameters, schema, wording
from salesfc_lib.running import failures
from salesfc_lib.running.progress import read_durations
from salesfc_lib.running.publication import publish_months
from salesfc_lib.running.tasks import Event, Kind, Message, Notify, Outcome, Plan, Task
from salesfc_lib.running.workers import count_workers, side_by_side


@dataclass(frozen=True)
class Request:
    """What to run. No units: all of them.

    again: reason for publishing what is published, empty: it is skipped; workers: processes side
    by side, None: one more than there are cores.
    """

    project: Path
    units: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    again: str = ""
    workers: int | None = None

    @property
    def reports(self) -> Path:
        return self.project / "reports"


def run_month(
    request: Request, month: str | None = None, *, notify: Notify = lambda message: None
) -> list[Outcome]:
    """Publish `month` for all units (None: the latest month that is closed in any of them).

    Raises `RequestError`, before anything runs, for an unknown unit, a wrong `--set`, a month that
    no unit has closed, or a month that another run holds.
    """
    request = _check_request(request, month)
    _repair(request, notify)
    closed, waiting, failed = _find_closed(request, [month] if month else [])
    for unit, left_out in waiting.items():
        if left_out and (month is None or month >= closed[unit]):
            notify(f"{unit}: {left_out}")
    if month is not None:
        units = _split_closed(closed, failed, month)
        closed = dict.fromkeys(units, month)
    elif not closed:
        return [_fail(request, unit, "latest", error) for unit, error in failed.items()]
    months = {unit: (latest,) for unit, latest in closed.items()}
    latest = month or max(closed.values())
    return _publish(request, months, failed, latest, kind="run", notify=notify)


def backfill(
    request: Request, start: str, end: str, *, notify: Notify = lambda message: None
) -> list[Outcome]:
    """Archive the forecasts of `start` to `end` as they would have been made then.

    Raises `RequestError` as `run_month` does, and where `end` lies before `start`.
    """
    months = list_months(start, end)
    request = _check_request(request, None)
    _repair(request, notify)
    closed, _, failed = _find_closed(request, months)
    units = dict.fromkeys(_split_closed(closed, failed, months[-1]), tuple(months))
    return _publish(request, units, failed, months[-1], kind="backfill", notify=notify)


def list_months(start: str, end: str) -> list[str]:
    """Months from `start` to `end`, both included.

    >>> list_months("2025-11", "2026-01")
    ['2025-11', '2025-12', '2026-01']
    """
    months = [schema.check_month(start)]
    if schema.check_month(end) < start:
        raise RequestError.of(
            f"The months {start} to {end} run backwards", "--from before --to", "Exchange them"
        )
    while months[-1] < end:
        months.append(wording.add_months(months[-1], 1))
    return months


def _check_request(request: Request, month: str | None) -> Request:
    """The request with its units named; raises `RequestError` for a wrong unit, set or month."""
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
        return  # wrong without the sets too: the unit's outcome
    try:
        parameters.resolve(request.project, unit, month, request.sets)
    except SalesForecastError as error:
        raise RequestError(str(error)) from error


def _repair(request: Request, notify: Notify) -> None:
    """Complete or roll back what runs that died left behind."""
    from salesfc_lib.reporting import write_index, write_now

    repaired = archive.recover(request.reports)
    for sentence in repaired:
        notify(sentence)
    if repaired:
        write_index(request.reports)
        write_now(request.project, request.reports)


def _find_closed(
    request: Request, months: Sequence[str]
) -> tuple[dict[str, str], dict[str, str], dict[str, Exception]]:
    """By unit: the latest closed month, what it leaves out, or the error where data tell neither.

    Where all of `months` are published and stay so, data are not read: the last one is closed.
    """
    from salesfc_lib import steps

    closed: dict[str, str] = {}
    waiting: dict[str, str] = {}
    failed: dict[str, Exception] = {}
    for unit in request.units:
        try:
            schema.check_unit(unit)  # a parameter file may have any name
            published = (archive.is_published(request.reports, month, unit) for month in months)
            if months and not request.again and all(published):
                closed[unit] = months[-1]
            else:
                closed[unit], waiting[unit] = steps.find_closed(request.project, unit, request.sets)
        except Exception as error:  # whatever it was, the other units go on
            failed[unit] = error
    return closed, waiting, failed


def _split_closed(closed: Mapping[str, str], failed: dict[str, Exception], month: str) -> list[str]:
    """Units in which `month` is closed; the others join `failed`.

    Raises `RequestError` where no unit has closed it.
    """
    open_units = {unit: latest for unit, latest in closed.items() if latest < month}
    if open_units and len(open_units) == len(closed):
        raise RequestError(str(_not_closed(month, open_units)))
    failed |= {unit: _not_closed(month, {unit: latest}) for unit, latest in open_units.items()}
    return [unit for unit in closed if unit not in open_units]


def _not_closed(month: str, latest: Mapping[str, str]) -> SalesForecastError:
    found = ", ".join(f"'{unit}' {closed}" for unit, closed in latest.items())
    return SalesForecastError.of(
        f"{month} is not closed",
        f"A month that is over in the data; the last is: {found}",
        "Wait for the month's last rows, or, where they are there, add to this command "
        f"`--set calendar.closed_through={month}`",
    )


def _publish(
    request: Request,
    months_of: Mapping[str, tuple[str, ...]],
    failed: dict[str, Exception],
    latest: str,
    *,
    kind: Kind,
    notify: Notify,
) -> list[Outcome]:
    """Outcomes of all units, each with its months, the largest first, while the months are locked;
    writes the indexes and live pages. Units that `failed` do so in the `latest` month asked for.
    """
    from salesfc_lib.reporting import write_index, write_now

    project, again = request.project, request.again
    months = sorted({month for own in months_of.values() for month in own})
    tasks = [Task(project, unit, own, kind, request.sets, again) for unit, own in months_of.items()]
    outcomes = [_fail(request, unit, latest, error) for unit, error in failed.items()]
    watch, workers = _Watch(notify), count_workers(len(tasks), request.workers)
    known = {
        unit: took
        for unit, own in months_of.items()
        if (took := read_durations(request.reports, unit, own[0], kind))
    }
    notify(Plan(kind, {task.unit: task.months for task in tasks}, known, workers))
    for outcome in outcomes:
        notify(outcome)
    with ExitStack() as held:
        for month in months:
            held.enter_context(archive.hold_month(request.reports, month))
        largest_first = sorted(tasks, key=_size, reverse=True)
        done = side_by_side(
            publish_months, largest_first, workers=workers, notify=watch, died=watch.died
        )
        outcomes += [outcome for each in done for outcome in each]
        write_index(request.reports)
        write_now(request.project, request.reports)
    return sorted(outcomes, key=lambda outcome: (request.units.index(outcome.unit), outcome.month))


class _Watch:
    """Passes messages of units on, and knows from them where a unit was when its process died."""

    def __init__(self, notify: Notify) -> None:
        self._notify = notify
        self._step: dict[str, str] = {}
        self._outcomes: dict[tuple[str, str], Outcome] = {}

    def __call__(self, message: Message) -> None:
        if isinstance(message, Outcome):
            self._outcomes[message.unit, message.month] = message
        elif isinstance(message, Event):
            self._step[message.unit] = message.step
        self._notify(message)

    def died(self, task: Task, exit_code: int) -> list[Outcome]:
        """Outcomes of a task whose process died: of months that were done, at work, not begun."""
        places = [(task.unit, month) for month in task.months]
        outcomes = [self._outcomes[place] for place in places if place in self._outcomes]
        by_signal = f"was ended by signal {-exit_code}"
        how = by_signal if exit_code < 0 else f"ended with status {exit_code}"
        why = (
            f"The unit's process {how} before it was done. Nothing of it was published. "
            "Where memory is short, run fewer units side by side (--workers 1)."
        )
        for month in task.months[len(outcomes) :]:
            step = self._step.get(task.unit, "parameters")
            left = failures.record(task.reports, _failure(task.unit, month, step, why))
            if archive.staged_folder(task.reports, month, task.unit).exists():
                archive.repair(task.reports, month, task.unit)
            outcomes.append(Outcome(task.unit, month, "failed", 0.0, why, left))
            self._notify(outcomes[-1])
            why = "Not begun: the unit's process ended in an earlier month. Run it again."
        return outcomes


def _failure(unit: str, month: str, step: str, error: str) -> dict[str, str]:
    return {"unit": unit, "title": unit, "month": month, "step": step, "error": error}


def _fail(request: Request, unit: str, month: str, error: Exception) -> Outcome:
    message = failures.explain(error, request.reports)
    has_place = schema.MONTH.match(month) and schema.UNIT_ID.match(unit)
    facts = _failure(unit, month, "parameters", message)
    left = failures.record(request.reports, facts) if has_place else None
    return Outcome(unit, month, "failed", 0.0, message, left)


def _size(task: Task) -> int:
    """Bytes of the unit's sources, which its duration grows with; 0 where they cannot be found."""
    from salesfc_lib.intake import find_files, find_root

    try:
        sources = parameters.resolve(task.project, task.unit).parameters.sources.values()
        named = [source for source in sources if source.path]
        found = [find_files(source, find_root(source, task.project)) for source in named]
        return sum(path.stat().st_size for paths in found for path in paths)
    except (SalesForecastError, OSError):
        return 0
