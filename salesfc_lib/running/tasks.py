"""What a run is asked for, what it tells on the way, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["run", "backfill"]
State = Literal["published", "skipped", "failed"]


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
