"""A unit's key numbers against what was agreed, with the months before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Strip, Table
from salesfc_lib.reporting.facts.summary import Ratio, Summary
from salesfc_lib.reporting.narrative.writer import columns
from salesfc_lib.reporting.pages.page import WRITER

COVERED = (0.70, 0.90)  # what an 80 % interval may hold over a year of months
MONTHS_BEFORE = 11
EPSILON = 1e-9

Limits = tuple[float | None, float | None]


@dataclass(frozen=True)
class Kind:
    """One number: how it is read from a summary and written, between which limits it should lie."""

    name: str
    value: Callable[[Summary], float | None]
    text: Callable[[float], str]
    limits: Callable[[Summary], Limits] = lambda summary: (None, None)
    agreed: Callable[[Summary], str] = lambda summary: "no limit"
    sub: Callable[[Summary], str] = lambda summary: ""

    def missed(self, summary: Summary) -> bool:
        """Whether the summary has this number, and beyond a limit."""
        value, (low, high) = self.value(summary), self.limits(summary)
        if value is None:
            return False
        too_low = low is not None and value < low - EPSILON
        return too_low or (high is not None and value > high + EPSILON)


def _value(ratio: Ratio | None) -> float | None:
    return None if ratio is None else ratio.value


def _covered(summary: Summary) -> float | None:
    ratio = summary.covered80
    return ratio.value if ratio and ratio.denominator else None


def _compared(summary: Summary) -> str:
    ratio = summary.covered80
    return f"{wording.plural(round(ratio.denominator), 'number')} compared" if ratio else ""


def _percent(ratio: float) -> str:
    return wording.percent_label(round(ratio * 100, 6))


ACCURACY = Kind(
    "Accuracy, one month ahead",
    lambda s: s.accuracy,
    wording.percent,
    lambda s: (s.floor, None),
    lambda s: f"at least {_percent(s.floor)}",
)
BIAS = Kind(
    "Bias",
    lambda s: _value(s.bias),
    wording.signed_percent,
    lambda s: (-s.bias_limit, s.bias_limit),
    lambda s: f"within ±{_percent(s.bias_limit)}",
)
OTHERS = (
    Kind(
        "Gain over seasonal naive",
        lambda s: s.gain,
        wording.points,
        lambda s: (0.0, None),
        lambda s: "above 0",
    ),
    Kind(
        "Gain by people’s changes",
        lambda s: s.people,
        wording.points,
        lambda s: (0.0, None),
        lambda s: "at least 0",
    ),
    Kind(
        f"Actuals inside the 80{wording.THIN}% interval",
        _covered,
        lambda value: wording.percent(value, 0),
        lambda s: COVERED,
        lambda s: f"{wording.number(COVERED[0] * 100)} to {_percent(COVERED[1])}",
        _compared,
    ),
    Kind(
        "Amount set aside in cleaning",
        lambda s: _value(s.loss),
        wording.percent,
        lambda s: (None, s.loss_budget),
        lambda s: f"at most {_percent(s.loss_budget)}",
    ),
)


def key_numbers(summary: Summary, earlier: Sequence[Summary]) -> Table | None:
    """The table of the numbers that there are, in a first month few; None where there is none.

    `earlier` are this unit's months before, oldest first.
    """
    further = (_further(lag) for lag, _ in summary.further)
    kinds = [ACCURACY, *further, BIAS, *OTHERS]
    kinds = [kind for kind in kinds if kind.value(summary) is not None]
    if not kinds:
        return None
    months = [wording.add_months(summary.month, -n) for n in range(1, MONTHS_BEFORE + 1)]
    past = [other for other in earlier if other.month in months]
    known = {other.month for other in past}
    shown = {"month": summary.month, "before": months[0]}
    missed = sum(kind.missed(summary) for kind in kinds)
    key = "free" if summary.wape is None else {0: "all", 1: "one"}.get(missed, "some")
    title = WRITER.text(f"unit.numbers.{key}", missed=missed, total=len(kinds), **shown)
    heads = columns(WRITER.text("unit.numbers.heads", **shown))
    heads[4] = replace(heads[4], small=False)
    rows = [_row(kind, summary, past) for kind in kinds]
    if months[0] in known:
        return Table(title, WRITER.text("unit.numbers.sub", **shown), heads, rows)
    heads, rows = heads[:3] + heads[4:], [row[:3] + row[4:] for row in rows]
    return Table(title, WRITER.text("unit.numbers.sub_first", **shown), heads, rows)


def _further(lag: int) -> Kind:
    def value(summary: Summary) -> float | None:
        ratio = dict(summary.further).get(lag)
        return None if ratio is None else max(0.0, 1 - ratio.value)

    return Kind(f"Accuracy, {wording.cardinal(lag)} months ahead", value, wording.percent)


def _row(kind: Kind, summary: Summary, past: Sequence[Summary]) -> list[Cell]:
    value, missed = kind.value(summary) or 0.0, kind.missed(summary)
    known = {other.month: kind.value(other) for other in past}
    before = known.pop(wording.add_months(summary.month, -1), None)
    text, agreed = kind.text(value), kind.agreed(summary)
    strip = Strip.of(
        f"{text}, agreed {agreed}",
        value,
        before=before,
        earlier=[then for then in known.values() if then is not None],
        limits=[limit for limit in kind.limits(summary) if limit is not None],
        missed=missed,
    )
    return [
        Cell(kind.name, sub=kind.sub(summary)),
        Cell(text, tone="alarm" if missed else "", bold=missed),
        Cell(agreed),
        Cell("" if before is None else kind.text(before).removesuffix(" points")),
        Cell(strip=strip),
        _reading(kind, summary, past),
    ]


def _reading(kind: Kind, summary: Summary, past: Sequence[Summary]) -> Cell:
    """Whether the number met its limit, or for how many months in a row it has missed it so."""
    if not kind.missed(summary):
        return Cell("for information" if kind.limits(summary) == (None, None) else "met")
    high = (kind.value(summary) or 0) > 0
    times, month = 0, summary.month
    for other in [summary, *reversed(past)]:
        same_side = ((kind.value(other) or 0) > 0) == high
        if other.month != month or not kind.missed(other) or not same_side:
            break
        times, month = times + 1, wording.add_months(month, -1)
    way = "in a row" if kind is not BIAS else "high" if high else "low"
    running = f", {wording.ordinal(times)} month {way}" if times > 1 else ""
    return Cell(f"missed{running}", tone="alarm")
