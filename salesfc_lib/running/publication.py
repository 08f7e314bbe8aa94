"""Publishing one unit's month, from its parameters to its place in the archive.

A task enters; an outcome leaves, whatever happened. A run executes the four notebooks, a backfill
calls the same steps without them; both are published in the same way.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from salesfc_lib import archive
from salesfc_lib.archive import UnitMonth, manifest
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import hide_secrets, language, parameters, resolve, resources
from salesfc_lib.running import failures

Kind = Literal["run", "backfill"]
State = Literal["published", "skipped", "failed"]

PUBLISHING = "publishing"  # the step after the notebooks: pages, manifest, the archive
STEPS = {
    "01_cleaning": "clean",
    "02_modeling": "model",
    "03_reconciliation": "reconcile",
    "04_retrospective": "retrospect",
}


@dataclass(frozen=True)
class Task:
    """A unit's months to publish, in this order.

    again: the reason for publishing what is published already; empty: such a month is skipped.
    """

    project: Path
    unit: str
    months: tuple[str, ...]
    kind: Kind = "run"
    sets: tuple[str, ...] = ()
    again: str = ""

    @property
    def reports(self) -> Path:
        return self.project / "reports"


@dataclass(frozen=True)
class Plan:
    """What is about to be done.

    units: months of each unit; known: seconds of each step of an earlier month, by unit; workers:
    units side by side.
    """

    kind: Kind
    units: Mapping[str, tuple[str, ...]]
    known: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    workers: int = 1


@dataclass(frozen=True)
class Event:
    """A step of a unit's month begins, or a cell of its notebook (1 to `cells`; 0: the step)."""

    unit: str
    month: str
    step: str
    cell: int = 0
    cells: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of one unit's month; path: where to look, None where nothing was written."""

    unit: str
    month: str
    state: State
    seconds: float
    message: str
    path: Path | None = None


Message = Plan | Event | Outcome | str  # text: what was repaired of an earlier run
Notify = Callable[[Message], None]


def publish_months(task: Task, notify: Notify) -> list[Outcome]:
    """Outcomes of the task's months, in order, because each looks back on those before it."""
    outcomes = []
    for month in task.months:
        outcomes.append(publish_month(task, month, notify))
        notify(outcomes[-1])
    return outcomes


def publish_month(task: Task, month: str, notify: Notify) -> Outcome:
    """Outcome of one month: published whole, skipped, or failed with nothing changed."""
    if archive.is_published(task.reports, month, task.unit) and not task.again:
        place = archive.unit_folder(task.reports, month, task.unit)
        again = f"`salesfc run --month {month} --unit {task.unit} --again --reason TEXT`"
        changes = _describe_changes(task, month, place)
        message = f"is published already{changes}; to publish it again: {again}"
        return Outcome(task.unit, month, "skipped", 0.0, message, place)
    started, progress = time.perf_counter(), _Progress(task, month, notify)
    try:
        place = _publish(task, month, progress)
        failures.clear(task.reports, month, task.unit)
    except Exception as error:  # whatever it was, the other months and units go on
        message, took = failures.explain(error, task.reports), time.perf_counter() - started
        return Outcome(task.unit, month, "failed", took, message, progress.left)
    return Outcome(task.unit, month, "published", time.perf_counter() - started, "", place)


def _describe_changes(task: Task, month: str, place: Path) -> str:
    """Which parameters differ from those that the month was published with."""
    try:
        resolved = resolve(task.project, task.unit, month, task.sets)
        changed = manifest.changed_parameters(place, resolved.parameters)
    except SalesForecastError:  # said where the month is published or verified
        return ""
    if not changed:
        return ""
    first = next(iter(changed))
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    was, is_now = (json.dumps(value, ensure_ascii=False) for value in changed[first])
    return f" with other parameters ({first} {was}, now {is_now}{more})"


class _Progress:
    """Which step is at work, for those who watch and for the record of a failure."""

    def __init__(self, task: Task, month: str, notify: Notify) -> None:
        self._task, self._month, self._notify = task, month, notify
        self._begun: dict[str, float] = {}  # when each step began
        self.title = task.unit
        self.spoken: Sequence[str] = (language.SOURCE,)  # languages of a failed notebook's pages
        self.left: Path | None = None  # what a failure left for people

    def begin(self, step: str) -> None:
        self._begun[step] = time.perf_counter()
        self._notify(Event(self._task.unit, self._month, step))

    def begin_cell(self, cell: int, cells: int) -> None:
        """A cell of the latest step's notebook begins."""
        self._notify(Event(self._task.unit, self._month, [*self._begun][-1], cell, cells))

    def durations(self) -> dict[str, float]:
        """Seconds by step, of the last one until now."""
        ends = [*self._begun.values(), time.perf_counter()][1:]
        begun = self._begun.items()
        return {step: round(end - at, 3) for (step, at), end in zip(begun, ends, strict=True)}

    def fail(self, error: Exception) -> None:
        """Record the failure of the latest step."""
        facts = {
            "unit": self._task.unit,
            "title": self.title,
            "month": self._month,
            "step": [*self._begun][-1] if self._begun else "parameters",
            "error": failures.explain(error, self._task.reports),
            "languages": self.spoken,
        }
        self.left = failures.record(self._task.reports, facts, getattr(error, "node", None))


def _publish(task: Task, month: str, progress: _Progress) -> Path:
    started = time.perf_counter()
    with archive.staging(task.reports, month, task.unit) as folder:
        try:
            archive.check_place(task.reports, month, task.unit, again=bool(task.again))
            resolved = resolve(task.project, task.unit, month, task.sets)
            progress.title = resolved.parameters.unit.title or task.unit
            progress.spoken = resolved.parameters.report.spoken
            _list_own_files(task, resolved)  # raises where a candidate's file cannot be read
            values: dict[str, Any] = {
                "project": str(task.project),
                "unit": task.unit,
                "month": month,
                "resolved": parameters.to_dict(resolved),
                "folder": str(folder),
            }
            with language.speaking(progress.spoken[0]):
                documents = _run_steps(task, values, progress)
            progress.begin(PUBLISHING)
            from salesfc_lib import steps
            from salesfc_lib.reporting import write_pages

            run = steps.open_month(**values, kind=task.kind)
            facts = _gather_facts(task, month, folder, resolved)
            spoken = resolved.parameters.report.spoken
            _add_summaries(facts, run, spoken)
            _keep_own_files(task, resolved)
            facts["seconds"] = round(time.perf_counter() - started, 2)
            facts["durations"] = progress.durations()
            # a backfill has no notebooks that lead to pages of key series
            keys: dict[str, list[Any]] = {}
            for each in spoken:
                with language.speaking(each):
                    keys[each] = [] if task.kind == "backfill" else steps.key_pages(run)
            write_pages(folder, documents, facts, keys=keys)
            manifest.write(folder, facts)
            return archive.publish(task.reports, month, task.unit)
        except Exception as error:
            progress.fail(error)
            raise


def _add_summaries(facts: dict[str, Any], run: UnitMonth, spoken: Sequence[str]) -> None:
    """What the month says of itself: `summary` in the default language, and under `translations`
    by language what is said otherwise in it.
    """
    from salesfc_lib import steps
    from salesfc_lib.reporting import describe_record

    known = {name: facts[name] for name in ("version", "published_at", "kind")}
    known |= {"replaces": facts["reason"], "languages": spoken}
    said: dict[str, dict[str, Any]] = {}
    for each in spoken:
        with language.speaking(each):
            summary = {**steps.summarise(run), **known}
            summary["record"] = [*summary["record"], *describe_record(facts)]
            said[each] = summary
    first, *others = said
    facts["summary"] = said[first]
    facts["translations"] = {
        each: {key: text for key, text in said[each].items() if text != said[first][key]}
        for each in others
    }


def _run_steps(task: Task, values: Mapping[str, Any], progress: _Progress) -> dict[str, Any]:
    """Executed notebooks by name, with their texts in the current language; none for a backfill,
    which leaves the same tables.
    """
    if task.kind == "backfill":
        from salesfc_lib import steps

        run = steps.open_month(**values, kind="backfill")
        for name, verb in STEPS.items():
            progress.begin(name)
            getattr(steps, verb)(run)
        return {}
    from salesfc_lib.running.execute import run_notebook, save_notebook

    documents, folders = {}, (resources.NOTEBOOKS, Path(values["folder"]))
    for name in STEPS:
        progress.begin(name)
        source, draft = (folder / f"{name}.ipynb" for folder in folders)
        node = run_notebook(source, values, draft=draft, begin_cell=progress.begin_cell)
        save_notebook(node, draft)
        documents[name] = node
    return documents


def _gather_facts(
    task: Task, month: str, folder: Path, resolved: parameters.Resolved
) -> dict[str, Any]:
    """What the manifest holds beside its outputs, the summary and the durations."""
    replaces = archive.unit_folder(task.reports, month, task.unit).exists()
    version = archive.next_version(task.reports, month, task.unit)
    return {
        "unit": task.unit,
        "title": resolved.parameters.unit.title or task.unit,
        "month": month,
        "kind": task.kind,
        "version": version,
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "reason": hide_secrets(task.again) if replaces else "",
        "replaces": version - 1 if replaces else None,
        "previous": archive.latest_before(task.reports, month, task.unit),
        "inputs": _list_inputs(task, folder, resolved),
        "parameters": manifest.describe_parameters(resolved),
        "code": manifest.describe_code(),
        "environment": manifest.describe_environment(),
    }


def _list_inputs(task: Task, folder: Path, resolved: parameters.Resolved) -> list[dict[str, Any]]:
    """What cleaning read (table `files`) and the project's own files, each with its sha256."""
    import pandas as pd

    path = folder / "tables" / "files.parquet"
    read = pd.read_parquet(path).astype(object).to_dict("records") if path.is_file() else []
    once: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in read:  # a file or a database that several sources read is one input
        key = entry["path"], entry["sha256"]
        first = once.setdefault(key, {**entry, "rows": 0, "source": ""})
        first["rows"] += entry["rows"]
        first["source"] = ", ".join(filter(None, [first["source"], entry["source"]]))
    known = {entry["path"] for entry in read}
    more = (manifest.describe_file(file, task.project) for file in _list_own_files(task, resolved))
    return [*once.values(), *(entry for entry in more if entry["path"] not in known)]


def _list_own_files(task: Task, resolved: parameters.Resolved) -> list[Path]:
    """Files that people of this project write: parameters, candidates, effects, overrides."""
    from salesfc_lib.forecasting import read_own

    code = [file.path for file in read_own(resolved.parameters, task.project)]
    tables = [task.project / folder / f"{task.unit}.csv" for folder in ("effects", "overrides")]
    return [*resolved.files, *dict.fromkeys(code), *(file for file in tables if file.is_file())]


def _keep_own_files(task: Task, resolved: parameters.Resolved) -> None:
    from salesfc_lib.intake import snapshot

    if resolved.parameters.archive.keep_sources:
        for file in _list_own_files(task, resolved):
            snapshot.keep_file(snapshot.find_archive(task.project), file, manifest.sha256(file))
