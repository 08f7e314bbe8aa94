"""What people change in the forecasts: `overrides/<unit>.csv`.

A unit's habits and tips enter; one CSV file of changes in percent leaves. A habit goes on whatever
is known, and a tip is used only in the months in which its author knew. Each change is written
after its month is closed and before that month's forecast is published.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path

from demo_company.chance import RandomIntegers
from demo_company.company import Habit, Tip, Unit, series_id
from demo_company.exports import write_csv
from demo_company.months import CLOSED, first_day, label, number

FIRST = CLOSED - 13  # 2025-06, the first month whose forecast people changed
HEADER = (
    "unit",
    "made_in",
    "unique_id",
    "ds",
    "sequence",
    "new",
    "percent",
    "author",
    "reason",
    "created_at",
)
DEADLINE = 5  # day of the following month by which a change is written


@dataclass(frozen=True, order=True)
class Override:
    """One row of the file, its fields in the file's order."""

    unit: str
    made_in: str
    unique_id: str
    ds: str
    sequence: int
    new: str
    percent: int
    author: str
    reason: str
    created_at: str


def write_overrides(unit: Unit, project: Path, *, seed: int) -> Path:
    """The path of the unit's overrides."""
    path = project / "overrides" / f"{unit.id}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_csv(path, HEADER, map(astuple, list_overrides(unit, seed)))


def list_overrides(unit: Unit, seed: int) -> list[Override]:
    """Changes of every planner, sorted; one of them is corrected by its author a day later."""
    draws = RandomIntegers(seed, unit.number, 9)
    changes = [change for habit in unit.habits for change in _by_habit(unit, habit, draws)]
    changes += [change for tip in unit.tips for change in _by_tip(unit, tip, draws)]
    return sorted([*changes, _corrected(changes[0])])


def _by_habit(unit: Unit, habit: Habit, draws: RandomIntegers) -> Iterator[Override]:
    for month in range(FIRST, CLOSED):
        if draws.chance(habit.odds):
            reason, written = draws.pick(habit.reasons), _written(month, draws)
            for ahead in range(1, habit.ahead + 1):
                percent = draws.between(*habit.percent)
                series = series_id(habit.level, habit.members)
                yield Override(
                    unit.id,
                    label(month),
                    series,
                    _ds(month + ahead),
                    1,
                    "",
                    percent,
                    habit.author,
                    reason,
                    written,
                )


def _by_tip(unit: Unit, tip: Tip, draws: RandomIntegers) -> Iterator[Override]:
    for made_in in tip.made_in:
        written = _written(number(made_in), draws)
        for month, percent in tip.months.items():
            if number(month) > number(made_in):
                series = series_id(tip.level, tip.members)
                yield Override(
                    unit.id,
                    made_in,
                    series,
                    _ds(number(month)),
                    1,
                    "",
                    percent,
                    tip.author,
                    tip.reason,
                    written,
                )


def _ds(month: int) -> str:
    return first_day(month).isoformat()


def _written(month: int, draws: RandomIntegers) -> str:
    """A time between 9:00 and 18:00 on one of the first days after the month."""
    day = first_day(month + 1) + timedelta(days=draws.between(0, DEADLINE - 2))
    return datetime.combine(day, time(draws.between(9, 17), draws.below(60))).isoformat()


def _corrected(change: Override) -> Override:
    later = datetime.fromisoformat(change.created_at) + timedelta(days=1)
    return replace(
        change,
        sequence=2,
        percent=change.percent + 1,
        reason="更正上一条",
        created_at=later.isoformat(),
    )
