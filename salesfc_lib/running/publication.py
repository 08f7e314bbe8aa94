"""Publishing one unit's month, from its parameters to its place in the archive.

A task enters; an outcome leaves, whatever happened. A run executes the notebooks, a backfill
calls the same steps without them; both are published in the same way. A backfill leaves out the
fifth: what stock and open orders were then is not known.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from salesfc_lib import archive
from salesfc_lib.archive import UnitMonth, manifest
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import language, parameters, resolve, resources
from salesfc_lib.running import failures
from salesfc_lib.running.provenance import gather_facts, keep_own_files, list_own_files
from salesfc_lib.running.tasks import Event, Notify, Outcome, Task

PUBLISHING = "publishing"  # the step after the notebooks: pages, manifest, the archive
STEPS = {
    "01_cleaning": "clean",
    "02_modeling": "model",
    "03_reconciliation": "reconcile",
    "04_retrospective": "retrospect",
}
HANDOVER = {"05_handover": "hand_over"}  # the step of units with `handover.enabled`


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
            archive.check_publisher(task.project, task.unit, month)
            progress.title = resolved.parameters.unit.title or task.unit
            progress.spoken = resolved.parameters.report.spoken
            list_own_files(task, resolved)  # raises where a candidate's file cannot be read
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
            facts = gather_facts(task, month, folder, resolved)
            spoken = resolved.parameters.report.spoken
            _add_summaries(facts, run, spoken)
            keep_own_files(task, resolved)
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

    is_handed = parameters.from_dict(values["resolved"]).parameters.handover.enabled
    documents, folders = {}, (resources.NOTEBOOKS, Path(values["folder"]))
    for name in [*STEPS, *(HANDOVER if is_handed else ())]:
        progress.begin(name)
        source, draft = (folder / f"{name}.ipynb" for folder in folders)
        node = run_notebook(source, values, draft=draft, begin_cell=progress.begin_cell)
        save_notebook(node, draft)
        documents[name] = node
    return documents
