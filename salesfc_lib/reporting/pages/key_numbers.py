"""A unit's key numbers against what was agreed, with the months before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from salesfc_lib.foundation import FORMATS, wording
from salesfc_lib.reporting.blocks import Cell, Strip, Table
from salesfc_lib.reporting.facts.summary import COVERED, Summary
from salesfc_lib.reporting.narrative.writer import read_heads
from salesfc_lib.reporting.pages.page import WRITER

MONTHS_BEFORE = 11
EPSILON = 1e-9


@dataclass(frozen=True)
class KeyNumber:
    """One number of a month: how it is written, and between which limits it should lie.

    `bare` writes it without a unit, beside one that has it.
    """

    name: str
    value: float
    text: Callable[[float], str]
    low: float | None = None
    high: float | None = None
    agreed: str = ""
    sub: str = ""
    bare: Callable[[float], str] | None = None

    @property
    def missed(self) -> bool:
        """Whether the number lies beyond a limit."""
        too_low = self.low is not None and self.value < self.low - EPSILON
        return too_low or (self.high is not None and self.value > self.high + EPSILON)

    @property
    def has_limit(self) -> bool:
        """Whether anything was agreed for the number."""
        return (self.low, self.high) != (None, None)


def numbers_of(summary: Summary) -> dict[str, KeyNumber]:
    """The numbers that a month has, by key, in the order of the table: in a first month few."""
    s, percent = summary, wording.percent
    bias, loss = (None if ratio is None else ratio.value for ratio in (s.bias, s.loss))
    inside = s.covered80 if s.covered80 and s.covered80.denominator else None
    covered = inside.value if inside else None
    share = partial(percent, places=_places(covered))
    budget, limit = s.loss_budget, s.bias_limit
    compared = _say("covered.sub", n=round(inside.denominator)) if inside else ""
    points, bare = wording.points, FORMATS["bare_points"]
    least, between = _say("agreed.least", limit=_label(s.floor)), COVERED[0] * 100
    shares = _say("agreed.between", low=between, high=_label(COVERED[1]))
    most = _say("agreed.most", limit=_label(budget))
    within, zero = _say("agreed.within", limit=_label(limit)), _say("agreed.zero")
    rows: dict[str, tuple[Any, ...]] = {
        "accuracy": (s.accuracy, percent, s.floor, None, least),
        **{f"further.{lag}": (max(0.0, 1 - ratio.value), percent) for lag, ratio in s.further},
        "bias": (bias, wording.signed_percent, -limit, limit, within),
        "gain": (s.gain, points, 0.0, None, zero, "", bare),
        "people": (s.people, points, 0.0, None, zero, "", bare),
        "covered": (covered, share, *COVERED, shares, compared),
        "loss": (loss, percent, None, budget, most),
    }
    return {key: KeyNumber(_name(key), *how) for key, how in rows.items() if how[0] is not None}


def _say(key: str, **facts: Any) -> str:
    return WRITER.text(f"unit.number.{key}", **facts)


def _name(key: str) -> str:
    kind, _, lag = key.partition(".")
    return _say(f"{kind}.name", lag=int(lag)) if lag else _say(f"{kind}.name")


def _places(covered: float | None) -> int:
    """Decimals of a share: one where it would round to a limit that it misses."""
    missed = covered is not None and not COVERED[0] <= covered <= COVERED[1]
    return int(missed and round(covered or 0.0, 2) in COVERED)


def _label(ratio: float) -> str:
    return wording.percent_label(round(ratio * 100, 6))


def key_numbers(summary: Summary, earlier: Sequence[Summary]) -> Table | None:
    """The table of the month's numbers; None where there is none.

    `earlier` are this unit's months before, oldest first.
    """
    numbers = numbers_of(summary)
    if not numbers:
        return None
    months = [wording.add_months(summary.month, -n) for n in range(1, MONTHS_BEFORE + 1)]
    past = {other.month: numbers_of(other) for other in earlier if other.month in months}
    shown = {"month": summary.month, "before": months[0]}
    missed = sum(number.missed for number in numbers.values())
    limits = sum(number.has_limit for number in numbers.values())
    key = "free" if summary.wape is None else {0: "all", 1: "one"}.get(missed, "some")
    title = WRITER.text(f"unit.numbers.{key}", missed=missed, total=limits, **shown)
    heads = read_heads(WRITER.text("unit.numbers.heads", **shown))
    heads[4] = replace(heads[4], small=False)
    rows = []
    for kind, number in numbers.items():
        then = {month: known[kind] for month, known in past.items() if kind in known}
        rows.append(_row(kind, number, then, months))
    if months[0] in past:
        return Table(title, WRITER.text("unit.numbers.sub", **shown), heads, rows)
    heads, rows = heads[:3] + heads[4:], [row[:3] + row[4:] for row in rows]
    return Table(title, WRITER.text("unit.numbers.sub_first", **shown), heads, rows)


def _row(
    kind: str, number: KeyNumber, past: Mapping[str, KeyNumber], months: Sequence[str]
) -> list[Cell]:
    """Cells of a number, with its `past` by month; `months` go back from the month before."""
    text, missed, before = number.text(number.value), number.missed, past.get(months[0])
    agreed = number.agreed or _say("agreed.none")
    strip = Strip(
        _say("strip", value=text, agreed=agreed),
        number.value,
        before=before.value if before else None,
        earlier=[then.value for month, then in past.items() if month != months[0]],
        limits=[limit for limit in (number.low, number.high) if limit is not None],
        missed=missed,
    )
    reading = _say("met" if number.has_limit else "free")
    if missed:
        reading = _missed(kind, number, past, months)
    return [
        Cell(number.name, sub=number.sub),
        Cell(text, tone="alarm" if missed else "", bold=missed),
        Cell(agreed),
        Cell("" if before is None else (before.bare or before.text)(before.value)),
        Cell(strip=strip),
        Cell(reading, tone="alarm" if missed else ""),
    ]


def _missed(
    kind: str, number: KeyNumber, past: Mapping[str, KeyNumber], months: Sequence[str]
) -> str:
    """That the number missed its limit, and for how many months in a row where it is not one."""
    high, times = number.value > 0, 1
    for month in months:
        then = past.get(month)
        if then is None or not then.missed or (then.value > 0) != high:
            break
        times += 1
    way = "running" if kind != "bias" else "high" if high else "low"
    return _say(f"missed.{way}", times=times) if times > 1 else _say("missed")
