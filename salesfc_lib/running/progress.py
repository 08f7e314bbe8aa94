"""What a person sees of a run: a bar with the time left on a terminal, a line a step elsewhere.

A month of a unit is expected to take what its steps took in the unit's latest month, or in a
backfill the median of the months that it has finished. A step that takes longer than expected
stops the countdown until the next step begins. A log has no control characters.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from rich.console import RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from salesfc_lib import archive
from salesfc_lib.archive import manifest
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import language, translate_message
from salesfc_lib.running.publication import HANDOVER, PUBLISHING, STEPS
from salesfc_lib.running.tasks import Event, Kind, Message, Notify, Outcome, Plan

# share of a month's time that each step takes, in per cent, as in the demo company's months; few
# units have the last but one
USUAL = dict(zip((*STEPS, *HANDOVER, PUBLISHING), (30.0, 40.0, 12.0, 13.0, 0.0, 5.0), strict=True))
# share of a month at which its own speed counts half, and from which it may count alone
EARLY = 0.1
LOOK_BACK = 3  # earlier months that are looked at for durations


@contextmanager
def watch() -> Iterator[Notify]:
    """Function to pass a run's plan, steps and outcomes to, which shows them."""
    if not sys.stdout.isatty():
        yield _Lines()
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, TimeRemainingColumn(), refresh_per_second=2) as bar:
        bar.add_task("planning", total=None)
        yield bar.show


def describe(outcome: Outcome) -> str:
    """One line: unit, month, what became of it, and how long it took.

    >>> describe(Outcome("kitchen", "2026-06", "published", 12.34, ""))
    'kitchen 2026-06 published in 12.3 s'
    """
    named = f"{outcome.unit} {outcome.month}"
    if outcome.state == "published":
        return f"{named} published in {outcome.seconds:.1f} s"
    if outcome.state == "failed":
        return f"{named} failed: {outcome.message}"
    return f"{named} {translate_message(outcome.message)}"


def read_durations(reports: Path, unit: str, month: str, kind: Kind) -> dict[str, float]:
    """Seconds by step of the unit's latest month before `month`; empty where no manifest has them.

    A month that was made in the same way (`kind`) goes before one that was not.
    """
    earlier = [each for each in archive.list_months(reports, unit) if each < month]
    found: dict[bool, dict[str, float]] = {}
    for each in earlier[-LOOK_BACK:]:
        with suppress(SalesForecastError, TypeError, ValueError, AttributeError, KeyError):
            record = manifest.read(archive.unit_folder(reports, each, unit))
            took = {step: 0.0 for step in USUAL}
            for step, seconds in record.get("durations", {}).items():
                took[step.partition("/")[0]] += float(seconds)  # 0.3 kept parts: 02_modeling/ets
            if any(took.values()):
                found[record.get("kind") == kind] = took
    return found.get(True) or found.get(False, {})


def _say(message: Outcome | str) -> None:
    """Print a sentence or an outcome in the reader's language."""
    with language.speaking(language.of_reader()):
        text = message if isinstance(message, str) else describe(message)
        print(translate_message(text), flush=True)


class _Lines:
    """A line for each outcome and sentence, and for each step where notebooks run."""

    def __init__(self) -> None:
        self._steps = True

    def __call__(self, message: Message) -> None:
        if isinstance(message, Plan):
            self._steps = message.kind == "run"
        elif not isinstance(message, Event):
            _say(message)
        elif self._steps and not message.cell:
            print(f"{message.unit} {message.month} {message.step}", flush=True)


@dataclass
class _Unit:
    """The months of one unit: those that wait, and how far the one at work is."""

    waiting: set[str]
    known: Mapping[str, float]  # seconds by step of its latest month
    took: list[float] = field(default_factory=list)  # seconds of the months that it published
    month: str = ""  # at work; empty: none
    begun: float = 0.0  # when the month at work began
    at: float = 0.0  # when its step began
    behind: float = 0.0  # share of the month before the step
    own: float = 0.0  # share of the month that the step takes

    def expect(self) -> float | None:
        """Seconds of a month; None where neither a finished nor an earlier month says it."""
        return median(self.took) if self.took else sum(self.known.values()) or None

    def begin(self, event: Event, now: float) -> None:
        if event.month != self.month:
            self.waiting.discard(event.month)
            self.month, self.begun = event.month, now
        seconds = self.known or USUAL
        steps = list(seconds)
        before = steps[: steps.index(event.step)]
        self.at, self.own = now, seconds[event.step] / sum(seconds.values())
        self.behind = sum(seconds[step] for step in before) / sum(seconds.values())

    def end(self, outcome: Outcome) -> None:
        self.waiting.discard(outcome.month)
        self.month = ""
        if outcome.state == "published":
            self.took.append(outcome.seconds)

    def left(self, now: float, expected: float | None) -> float | None:
        """Seconds until the last month ends; None where nothing says it."""
        if not self.month:
            return len(self.waiting) * expected if expected else None
        passed, month = self.at - self.begun, expected
        if expected and self.behind:  # its own speed counts more the longer it is at work
            speed = passed / (self.behind * expected)
            month = expected * speed ** (self.behind / (self.behind + EARLY))
        elif self.behind >= EARLY:
            month = passed / self.behind
        if month is None:
            return None
        rest = (1 - self.behind) * month - min(now - self.at, self.own * month)
        return max(rest, 1.0) + len(self.waiting) * (expected or month)


class Bar(Progress):
    """A bar whose length is the time that has passed and the time that is left."""

    units: Mapping[str, _Unit] = {}
    workers = 1

    def show(self, message: Message) -> None:
        if isinstance(message, Plan):
            known = {unit: message.known.get(unit, {}) for unit in message.units}
            self.units = {
                unit: _Unit(set(message.units[unit]), known[unit]) for unit in message.units
            }
            self.workers = message.workers
        elif isinstance(message, Event):
            if not message.cell:
                self.units[message.unit].begin(message, self.get_time())
            cell = f" {message.cell}/{message.cells}" if message.cell else ""
            name = f"{message.unit} {message.month} {message.step}{cell}"
            self.update(self.task_ids[0], description=name)
        else:
            if isinstance(message, Outcome) and message.unit in self.units:
                self.units[message.unit].end(message)
            _say(message)

    def remaining(self) -> float | None:
        """Seconds until all is done: those of the longest unit, or the workers' share of all."""
        now, units = self.get_time(), self.units.values()
        known = [each for unit in units if (each := unit.expect())]
        others = median(known) if known else None
        at_work = [unit for unit in units if unit.waiting or unit.month]
        left = [unit.left(now, unit.expect() or others) for unit in at_work]
        known_left = [each for each in left if each is not None]
        if not units or len(known_left) < len(left):
            return None
        return max([*known_left, sum(known_left) / self.workers])

    def get_renderables(self) -> Iterable[RenderableType]:
        for task in self.tasks:
            seconds = self.remaining()
            if seconds is not None and task.elapsed is not None:
                task.total = task.elapsed + seconds
                self.update(task.id, completed=task.elapsed)
        yield from super().get_renderables()
