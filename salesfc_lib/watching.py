"""What a person sees while a run goes on: a progress bar on a terminal, plain lines elsewhere.

Plans, events and outcomes enter; text leaves. The decision made here: a log that a scheduler keeps has one line a step
and outcome, never control characters, and none for a part of a step; a bar says what is left only once something is known.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from salesfc_lib.pace import Pace, describe_remaining
from salesfc_lib.publication import Event, Outcome, Plan, Tell

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

SECONDS = 0.5  # between two looks at the clock


@contextmanager
def watch() -> Iterator[Tell]:
    """The function to tell a run's progress to."""
    if not sys.stdout.isatty():
        yield _Lines()
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    pace = Pace()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), TextColumn("{task.fields[left]}")) as progress:
        bar = _Bar(progress, progress.add_task("planning", total=None, left=""), pace)
        with _every(SECONDS, bar.move):
            yield bar


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
        elif self._steps and not told.part:
            typer.echo(f"{told.unit} {told.month} {told.step}")
        sys.stdout.flush()


@contextmanager
def _every(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    """`act()` now and then, from a thread, until the block ends."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(seconds):
            act()

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class _Bar:
    """A bar that moves with what a run tells and with the time that passes."""

    def __init__(self, progress: Progress, bar: TaskID, pace: Pace) -> None:
        self._progress, self._bar, self._pace = progress, bar, pace
        self._lock = threading.Lock()

    def __call__(self, told: Plan | Event | Outcome | str) -> None:
        with self._lock:
            self._pace(told)
        if isinstance(told, Plan):
            self._update(total=1.0)
        elif isinstance(told, Event):
            self._update(description=" ".join(filter(None, [told.unit, told.month, told.step, told.part])))
        else:
            self._print(told if isinstance(told, str) else describe(told))
        self.move()

    def move(self) -> None:
        """Show where the run is by now."""
        with self._lock:
            share, left = self._pace.share(), self._pace.remaining()
        self._update(completed=share, left="" if share >= 1 else describe_remaining(left))

    def _print(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False)

    def _update(self, **changes: Any) -> None:
        self._progress.update(self._bar, **changes)
