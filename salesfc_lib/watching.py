"""What a person sees while a run goes on: a progress bar on a terminal, plain lines elsewhere.

Plans, events and outcomes enter; text leaves. The decision made here: a log that a scheduler keeps has one line a step
and outcome, never control characters.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from salesfc_lib.publication import Event, Outcome, Plan, Tell

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextmanager
def watch() -> Iterator[Tell]:
    """The function to tell a run's progress to."""
    if not sys.stdout.isatty():
        yield _Lines()
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn()) as progress:
        yield _Bar(progress, progress.add_task("planning", total=None))


def describe(outcome: Outcome) -> str:
    """One line: unit, month, what became of it, and how long it took.

    >>> describe(Outcome("kitchen", "2026-06", "published", 12.34, ""))
    'kitchen 2026-06 published in 12.3 s'
    """
    took = f" in {outcome.seconds:.1f} s" if outcome.state == "published" else f": {outcome.message}" if outcome.message else ""
    state = "" if outcome.state == "skipped" else f" {outcome.state}"
    return f"{outcome.unit} {outcome.month}{state}{took}".replace(": is published", " is published")


class _Lines:
    def __init__(self) -> None:
        self._steps = True

    def __call__(self, told: Plan | Event | Outcome | str) -> None:
        if isinstance(told, Plan):
            self._steps = told.kind == "run"
        elif isinstance(told, Outcome | str):
            typer.echo(told if isinstance(told, str) else describe(told))
        elif self._steps:
            typer.echo(f"{told.unit} {told.month} {told.step}")
        sys.stdout.flush()


class _Bar:
    def __init__(self, progress: Progress, bar: TaskID) -> None:
        self._progress, self._bar = progress, bar
        self._share: dict[tuple[str, str], float] = {}

    def __call__(self, told: Plan | Event | Outcome | str) -> None:
        if isinstance(told, Plan):
            self._update(total=told.months)
            return
        if isinstance(told, str):
            self._print(told)
            return
        key = (told.unit, told.month)
        if isinstance(told, Outcome):
            self._share[key] = 1.0
            self._print(describe(told))
        else:
            self._share[key] = told.done / told.total
            self._update(description=f"{told.unit} {told.month} {told.step}")
        self._update(completed=sum(self._share.values()))

    def _print(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False)

    def _update(self, **changes: Any) -> None:
        self._progress.update(self._bar, **changes)
