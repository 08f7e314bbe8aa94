"""A unit's key numbers against what was agreed, with the months before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Strip, Table
from salesfc_lib.reporting.facts.summary import COVERED, Summary
from salesfc_lib.reporting.narrative.writer import read_heads
from salesfc_lib.reporting.pages.page import WRITER

MONTHS_BEFORE = 11
EPSILON = 1e-9


@dataclass(frozen=True)
class KeyNumber:
    """One number of a month: how it is written, and between which limits it should lie."""

    value: float
    text: Callable[[float], str]
    low: float | None = None
    high: float | None = None
    agreed: str = "no limit"
    sub: str = ""

    @property
    def missed(self) -> bool:
        """Whether the number lies beyond a limit."""
        too_low = self.low is not None and self.value < self.low - EPSILON
        return too_low or (self.high is not None and self.value > self.high + EPSILON)


def numbers_of(summary: Summary) -> dict[str, KeyNumber]:
    """The numbers that a month has, by name, in the order of the table: in a first month few."""
    s, percent, points = summary, wording.percent, wording.points
    bias, loss = (None if ratio is None else ratio.value for ratio in (s.bias, s.loss))
    further = [
        (f"Accuracy, {wording.cardinal(lag)} months ahead", max(0.0, 1 - ratio.value), percent)
        for lag, ratio in s.further
    ]
    floor, limit = f"at least {_label(s.floor)}", s.bias_limit
    inside = s.covered80 if s.covered80 and s.covered80.denominator else None
    covered, name = inside and inside.value, f"Actuals inside the 80{wording.THIN}% interval"
    compared = f"{wording.plural(round(inside.denominator), 'number')} compared" if inside else ""
    share, shares = partial(percent, places=0), f"{COVERED[0] * 100:.0f} to {_label(COVERED[1])}"
    budget = f"at most {_label(s.loss_budget)}"
    rows: tuple[tuple[Any, ...], ...] = (
        ("Accuracy, one month ahead", s.accuracy, percent, s.floor, None, floor),
        *further,
        ("Bias", bias, wording.signed_percent, -limit, limit, f"within ±{_label(limit)}"),
        ("Gain over seasonal naive", s.gain, points, 0.0, None, "at least 0"),
        ("Gain by people’s changes", s.people, points, 0.0, None, "at least 0"),
        (name, covered, share, *COVERED, shares, compared),
        ("Rows set aside in cleaning", loss, percent, None, s.loss_budget, budget),
    )
    return {name: KeyNumber(value, *how) for name, value, *how in rows if value is not None}


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
    limits = sum((number.low, number.high) != (None, None) for number in numbers.values())
    key = "free" if summary.wape is None else {0: "all", 1: "one"}.get(missed, "some")
    title = WRITER.text(f"unit.numbers.{key}", missed=missed, total=limits, **shown)
    heads = read_heads(WRITER.text("unit.numbers.heads", **shown))
    heads[4] = replace(heads[4], small=False)
    rows = []
    for name, number in numbers.items():
        then = {month: known[name] for month, known in past.items() if name in known}
        rows.append(_row(name, number, then, months))
    if months[0] in past:
        return Table(title, WRITER.text("unit.numbers.sub", **shown), heads, rows)
    heads, rows = heads[:3] + heads[4:], [row[:3] + row[4:] for row in rows]
    return Table(title, WRITER.text("unit.numbers.sub_first", **shown), heads, rows)


def _row(
    name: str, number: KeyNumber, past: Mapping[str, KeyNumber], months: Sequence[str]
) -> list[Cell]:
    """Cells of a number, with its `past` by month; `months` go back from the month before."""
    text, missed, before = number.text(number.value), number.missed, past.get(months[0])
    strip = Strip(
        f"{text}, agreed {number.agreed}",
        number.value,
        before=before.value if before else None,
        earlier=[then.value for month, then in past.items() if month != months[0]],
        limits=[limit for limit in (number.low, number.high) if limit is not None],
        missed=missed,
    )
    reading = "for information" if (number.low, number.high) == (None, None) else "met"
    if missed:
        reading = f"missed{_running(name, number, past, months)}"
    return [
        Cell(name, sub=number.sub),
        Cell(text, tone="alarm" if missed else "", bold=missed),
        Cell(number.agreed),
        Cell("" if before is None else before.text(before.value).removesuffix(" points")),
        Cell(strip=strip),
        Cell(reading, tone="alarm" if missed else ""),
    ]


def _running(
    name: str, number: KeyNumber, past: Mapping[str, KeyNumber], months: Sequence[str]
) -> str:
    """For how many months in a row the number has missed its limit so; empty for the first."""
    high, times = number.value > 0, 1
    for month in months:
        then = past.get(month)
        if then is None or not then.missed or (then.value > 0) != high:
            break
        times += 1
    way = "in a row" if name != "Bias" else "high" if high else "low"
    return f", {wording.ordinal(times)} month {way}" if times > 1 else ""
