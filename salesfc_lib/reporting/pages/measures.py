"""A unit's key numbers against what was agreed, with the months before.

Summaries enter, worded rows of the key table leave. The decision made here: a number without a value has no row, so
that a first month shows what it has and no dashes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Column, Strip, Table
from salesfc_lib.reporting.catalogue import say
from salesfc_lib.reporting.facts.summary import Summary

COVERED = (0.70, 0.90)  # what an 80 % interval may hold over a year of months
MONTHS_BEFORE = 11
EPSILON = 1e-9


@dataclass(frozen=True)
class Kind:
    """One number: how it is read from a summary, how it is written, and between which limits it should lie."""

    name: str
    value: Callable[[Summary], float | None]
    text: Callable[[float], str]
    limits: Callable[[Summary], tuple[float | None, float | None]]
    agreed: Callable[[Summary], str]
    sub: Callable[[Summary], str] = lambda summary: ""


def _loss(summary: Summary) -> float | None:
    return None if summary.loss is None else summary.loss.value


def _bias(summary: Summary) -> float | None:
    return None if summary.bias is None else summary.bias.value


def _covered(summary: Summary) -> float | None:
    return (
        None
        if summary.covered80 is None or not summary.covered80.denominator
        else summary.covered80.value
    )


def _percent(ratio: float) -> str:
    return wording.percent_label(round(ratio * 100, 6))


KINDS = (
    Kind(
        "Accuracy, one month ahead",
        lambda s: s.accuracy,
        wording.percent,
        lambda s: (s.floor, None),
        lambda s: f"at least {_percent(s.floor)}",
    ),
    Kind(
        "Bias",
        _bias,
        wording.signed_percent,
        lambda s: (-s.bias_limit, s.bias_limit),
        lambda s: f"within ±{_percent(s.bias_limit)}",
    ),
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
        "Actuals inside the 80\u202f% interval",
        _covered,
        lambda v: wording.percent(v, 0),
        lambda s: COVERED,
        lambda s: f"{wording.number(COVERED[0] * 100)} to {_percent(COVERED[1])}",
        lambda s: (
            f"{wording.plural(round(s.covered80.denominator), 'number')} compared"
            if s.covered80
            else ""
        ),
    ),
    Kind(
        "Amount set aside in cleaning",
        _loss,
        wording.percent,
        lambda s: (None, s.loss_budget),
        lambda s: f"at most {_percent(s.loss_budget)}",
    ),
)


def key_numbers(summary: Summary, earlier: Sequence[Summary]) -> Table | None:
    """The table of numbers that there are; None where there is none at all.

    `earlier` are this unit's months before, oldest first.
    """
    months = {wording.add_months(summary.month, -n) for n in range(1, MONTHS_BEFORE + 1)}
    past = [other for other in earlier if other.month in months]
    kinds = [
        kind
        for kind in (*KINDS[:1], *_further(summary), *KINDS[1:])
        if kind.value(summary) is not None
    ]
    if not kinds:
        return None
    rows = [_row(kind, summary, past) for kind in kinds]
    missed = sum(_missed(kind, summary) for kind in kinds)
    before = any(other.month == wording.add_months(summary.month, -1) for other in past)
    now, last = (
        wording.month_word(summary.month),
        wording.month_word(wording.add_months(summary.month, -1)),
    )
    title = (
        say("unit.numbers.free", month=now)
        if summary.wape is None
        else _title(missed, len(kinds), now)
    )
    columns = [
        Column("Measure"),
        Column(now, "r"),
        Column("Agreed", "r"),
        Column(last, "r"),
        Column("Against the limit", small=False),
        Column("Reading"),
    ]
    if not before:
        columns, rows = columns[:3] + columns[4:], [row[:3] + row[4:] for row in rows]
    return Table(
        title,
        say("unit.numbers.sub" if before else "unit.numbers.sub_first", now=now, before=last),
        columns,
        rows,
    )


def streak(summary: Summary, past: Sequence[Summary], missed: Callable[[Summary], bool]) -> int:
    """How many months in a row, this one included, miss."""
    count, month = 0, summary.month
    for other in [summary, *reversed(past)]:
        if other.month != month or not missed(other):
            break
        count, month = count + 1, wording.add_months(month, -1)
    return count


def _further(summary: Summary) -> list[Kind]:
    def kind(lag: int) -> Kind:
        def value(other: Summary) -> float | None:
            ratio = dict(other.further).get(lag)
            return None if ratio is None else max(0.0, 1 - ratio.value)

        return Kind(
            f"Accuracy, {wording.cardinal(lag)} months ahead",
            value,
            wording.percent,
            lambda s: (None, None),
            lambda s: "no limit",
        )

    return [kind(lag) for lag, _ in summary.further]


def _title(missed: int, total: int, month: str) -> str:
    facts = {
        "missed": wording.first_upper(wording.cardinal(missed)),
        "total": wording.cardinal(total),
        "month": month,
    }
    return say(
        "unit.numbers.all"
        if missed == 0
        else "unit.numbers.one"
        if missed == 1
        else "unit.numbers.some",
        **facts,
    )


def _missed(kind: Kind, summary: Summary) -> bool:
    value, (low, high) = kind.value(summary), kind.limits(summary)
    return value is not None and (
        (low is not None and value < low - EPSILON) or (high is not None and value > high + EPSILON)
    )


def _row(kind: Kind, summary: Summary, past: Sequence[Summary]) -> list[Cell]:
    value = kind.value(summary)
    assert value is not None
    missed = _missed(kind, summary)
    limits = [limit for limit in kind.limits(summary) if limit is not None]
    previous = [
        v
        for other in past
        if other.month == wording.add_months(summary.month, -1)
        and (v := kind.value(other)) is not None
    ]
    ticks = [
        v
        for other in past
        if other.month != wording.add_months(summary.month, -1)
        and (v := kind.value(other)) is not None
    ]
    label = f"{kind.text(value)}, agreed {kind.agreed(summary)}"
    strip = Strip.of(
        label,
        value,
        before=previous[0] if previous else None,
        earlier=ticks,
        limits=limits,
        missed=missed,
    )
    return [
        Cell(kind.name, sub=kind.sub(summary)),
        Cell(kind.text(value), tone="alarm" if missed else "", bold=missed),
        Cell(kind.agreed(summary)),
        Cell(kind.text(previous[0]).removesuffix(" points") if previous else ""),
        Cell(strip=strip),
        _reading(kind, summary, past, missed),
    ]


def _reading(kind: Kind, summary: Summary, past: Sequence[Summary], missed: bool) -> Cell:
    if not missed:
        return Cell(
            "met"
            if any(limit is not None for limit in kind.limits(summary))
            else "for information",
            tone="",
        )
    side = (kind.value(summary) or 0) > 0
    times = streak(
        summary, past, lambda other: _missed(kind, other) and ((kind.value(other) or 0) > 0) == side
    )
    word = ("high" if side else "low") if kind.name == "Bias" else "in a row"
    return Cell(
        f"missed, {wording.ordinal(times)} month {word}" if times > 1 else "missed", tone="alarm"
    )
