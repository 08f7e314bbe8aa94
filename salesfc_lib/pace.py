"""How far a run is, and how long the rest of it will take.

What a run tells (plan, events, outcomes) and a clock enter; a share of one and seconds leave. The decisions made here: a unit's month is
expected to take what its marks took in the month before, or in a backfill what its finished months took in the middle; without
either, what has passed says it, by usual shares of the steps; units run side by side, so what is left is the longest unit's or the
workers' share of all, whichever is more; and what is shown moves towards what is known, and never leaps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from salesfc_lib import archive, manifest
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.publication import Event, Kind, Outcome, Plan

USUAL = {  # shares of a month's time, as the demo company's months take it
    "01_cleaning": 0.30, "02_modeling": 0.40, "03_reconciliation": 0.12, "04_retrospective": 0.13, "publishing": 0.05,
}  # fmt: skip
EARLY = 0.1  # share of a month from which what has passed says how long it takes
MOST = 0.95  # of a mark's share that time alone can bring, without the next mark
HESITATION = 0.1  # share of a month at which its own speed counts half
CALM_UP, CALM_DOWN, MOST_CALM = (
    0.25,
    0.1,
    30.0,
)  # two thirds of a longer, or a shorter, estimate are taken over in such a share of it, and in at most so many seconds
LOOK_BACK = 3  # earlier months that are looked at for durations


def read_durations(reports: Path, unit: str, month: str, kind: Kind) -> dict[str, float]:
    """Seconds by mark of the unit's latest month before `month`: one that was made in this way, else any; empty where there is none."""
    earlier = [each for each in archive.list_months(reports, unit) if each < month]
    found = [_read(archive.unit_folder(reports, each, unit)) for each in reversed(earlier[-LOOK_BACK:])]
    told = [(made, marks) for made, marks in found if marks]
    same = [marks for made, marks in told if made == kind]
    return next(iter([*same, *(marks for _, marks in told)]), {})


def _read(folder: Path) -> tuple[str, dict[str, float]]:
    """How a month was made, and its durations; none where its manifest does not say them."""
    try:
        record = manifest.read(folder)
        return str(record.get("kind")), {str(mark): float(seconds) for mark, seconds in record.get("durations", {}).items()}
    except (SalesForecastError, TypeError, ValueError, AttributeError):
        return "", {}


@dataclass
class _Chain:
    """One unit: its months one after the other, which of them is at work, and since when."""

    months: tuple[str, ...]
    known: Mapping[str, float]
    over: set[str] = field(default_factory=set)
    took: list[float] = field(default_factory=list)  # seconds of the months that were published
    event: Event | None = None
    begun: float = 0.0  # when the month at work began
    speed: float = 1.0  # times its expected seconds that the month at work takes, as far as it shows
    marked: float = 0.0  # when its latest mark was

    def expected(self) -> float | None:
        """Seconds of a month of this unit; None where nothing says it."""
        if self.took:
            return median(self.took)
        return sum(self.known.values()) or None


class Pace:
    """Follows what a run tells; asked at any time for `share` and `remaining`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._chains: dict[str, _Chain] = {}
        self._months, self._workers = 0, 1
        self._over = 0  # months that came to an end
        self._highest = 0.0
        self._shown: tuple[float, float] | None = None  # when, seconds

    def __call__(self, told: Plan | Event | Outcome | str) -> None:
        """Take in what a run tells."""
        if isinstance(told, Plan):
            self._months, self._workers = told.months, told.workers
            self._chains = {unit: _Chain(months, told.known.get(unit, {})) for unit, months in told.units.items()}
        elif isinstance(told, Event):
            self._mark(self._chain(told.unit, told.month), told)
        elif isinstance(told, Outcome):
            self._end(self._chain(told.unit, told.month), told)

    def share(self) -> float:
        """Share of all months that is done, 0 to 1; never less than it was."""
        now = self._clock()
        parts = self._over + sum(self._done(chain, now) for chain in self._chains.values())
        self._highest = max(self._highest, min(parts / max(self._months, 1), 1.0))
        return self._highest

    def remaining(self) -> float | None:
        """Seconds until all is done; None while nothing says it."""
        now = self._clock()
        estimate = self._estimate(now)
        if estimate is None:
            return None
        if self._shown is None:
            self._shown = (now, estimate)
            return estimate
        then, shown = self._shown
        passed = max(shown - (now - then), 0.0)
        calm = min(max((CALM_UP if estimate > passed else CALM_DOWN) * estimate, 1.0), MOST_CALM)
        self._shown = (now, passed + (estimate - passed) * (1 - math.exp(-(now - then) / calm)))
        return self._shown[1]

    def _chain(self, unit: str, month: str) -> _Chain:
        chain = self._chains.setdefault(unit, _Chain((month,), {}))
        if month not in chain.months:
            chain.months = (*chain.months, month)
        return chain

    def _mark(self, chain: _Chain, event: Event) -> None:
        now = self._clock()
        if chain.event is None or chain.event.month != event.month:
            chain.begun, chain.speed = now, 1.0
        chain.event, chain.marked = event, now
        behind, expected = _place(event, _scale(chain.known))[0], chain.expected()
        if behind and expected and now > chain.begun:
            chain.speed = ((now - chain.begun) / (behind * expected)) ** (behind / (behind + HESITATION))

    def _end(self, chain: _Chain, outcome: Outcome) -> None:
        if outcome.month in chain.over:
            return
        self._over += 1
        chain.over.add(outcome.month)
        chain.event = None
        if outcome.state == "published":
            chain.took.append(outcome.seconds)

    def _done(self, chain: _Chain, now: float) -> float:
        """Share of the month at work that is done."""
        if chain.event is None:
            return 0.0
        marks = _scale(chain.known)
        behind, own = _place(chain.event, marks)
        seconds = chain.expected()
        if not seconds or not own:
            return min(behind, 1.0)
        return min(behind + min((now - chain.marked) / (seconds * chain.speed), MOST * own), 1.0)

    def _estimate(self, now: float) -> float | None:
        left = [self._left(chain, now) for chain in self._chains.values()]
        known = [each for each in left if each is not None]
        if len(known) < len(left) or not left:
            return None
        return max(*known, sum(known) / self._workers)

    def _left(self, chain: _Chain, now: float) -> float | None:
        """Seconds that a unit's months still take; None where neither it nor another unit says it."""
        waiting = sum(month not in chain.over for month in chain.months) - (chain.event is not None)
        if chain.event is None and not waiting:
            return 0.0
        done, passed = self._done(chain, now), now - chain.begun if chain.event else 0.0
        expected = chain.expected() or self._of_others(chain)
        if expected is None:
            if done < EARLY:
                return None
            expected = passed / done
        return ((1 - done) * chain.speed if chain.event else 0.0) * expected + waiting * expected

    def _of_others(self, chain: _Chain) -> float | None:
        known = [seconds for other in self._chains.values() if other is not chain and (seconds := other.expected()) is not None]
        return median(known) if known else None


def describe_remaining(seconds: float | None) -> str:
    """What is left in words, as coarse as it is known.

    >>> [describe_remaining(each) for each in (None, 3.2, 42.0, 89.0, 500.0, 7300.0)]
    ['', 'a few s left', '45 s left', '2 min left', '9 min left', '2 h 5 min left']
    """
    if seconds is None:
        return ""
    if seconds < 5:
        return "a few s left"
    if seconds <= 55:
        return f"{5 * math.ceil(seconds / 5):.0f} s left"
    minutes = math.ceil(seconds / 60)
    if minutes < 60:
        return f"{minutes} min left"
    minutes = 5 * math.ceil(minutes / 5)
    return f"{minutes // 60} h {minutes % 60} min left" if minutes % 60 else f"{minutes // 60} h left"


def _scale(known: Mapping[str, float]) -> dict[str, float]:
    """Shares of a month by mark."""
    marks = known if sum(known.values()) > 0 else USUAL
    whole = sum(marks.values())
    return {mark: seconds / whole for mark, seconds in marks.items()}


def _place(event: Event, marks: Mapping[str, float]) -> tuple[float, float]:
    """Share of the month behind an event, and of what it begins."""
    steps: dict[str, float] = {}
    for mark, part in marks.items():
        step = mark.partition("/")[0]
        steps[step] = steps.get(step, 0.0) + part
    order = list(steps)
    if event.step not in steps:
        return event.done / event.total, 0.0
    before = sum(steps[step] for step in order[: order.index(event.step)])
    mark = f"{event.step}/{event.part}" if event.part else event.step
    inside = [name for name in marks if name.partition("/")[0] == event.step]
    if mark in inside:
        return before + sum(marks[name] for name in inside[: inside.index(mark)]), marks[mark]
    return before + event.share * steps[event.step], 0.0
