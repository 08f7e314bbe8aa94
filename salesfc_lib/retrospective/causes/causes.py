"""Possible causes to the likely causes of each miss, and the forecast total to the actual by cause.

A possible cause only counts for a miss of the same sign. They claim their part in the order of
`evidence.FINDERS`, together never more than the miss; what nothing claims is 'not_explained', so
that the parts always sum to the difference. Effects are signed as sales: actual - forecast.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from salesfc_lib.foundation import tables
from salesfc_lib.retrospective.causes.case import Case, Evidence
from salesfc_lib.retrospective.causes.finders import FINDERS, Cause
from salesfc_lib.retrospective.compare import Past
from salesfc_lib.retrospective.facts import write_facts

NOT_EXPLAINED = "not_explained"
MATERIAL = 0.02  # share of the miss below which a cause is not worth naming


def likely_causes(missed: pd.DataFrame, evidence: Evidence, past: Past) -> pd.DataFrame:
    """Causes of each missed series, likeliest first.

    Table `causes`: cause, effect (below zero means sold less than forecast; null where the evidence
    gives no amount) and facts (JSON). Causes with an amount come first, largest first, then those
    without, which are only named while something is left to explain; 'not_explained' is last and
    holds the rest of the miss. The effects of a series sum to actual - forecast. `missed` comes
    from `compare_month`, whole or its largest rows.
    """
    if missed.empty:
        return tables.empty("causes")
    case = Case(missed, past, evidence)
    found: dict[str, list[Cause]] = {unique_id: [] for unique_id in missed["unique_id"]}
    for finder in FINDERS:
        for cause in finder(case):
            found.get(cause.unique_id, []).append(cause)
    rows = [
        {"unique_id": unique_id, "rank": rank, "cause": cause, "effect": part}
        | {"facts": facts, "state": "proposed"}
        for unique_id, causes in found.items()
        for rank, (cause, part, facts) in enumerate(_parts(case.rows[unique_id].gap, causes), 1)
    ]
    return tables.build(rows, "causes")


def difference_by_cause(missed: pd.DataFrame, causes: pd.DataFrame) -> pd.DataFrame:
    """Steps from the forecast total to the actual total, one per cause.

    Table `difference`: causes that cost sales, largest first, then those that brought sales,
    'not_explained' last. share is the effect's share of the whole difference; before and after are
    the running total, from the forecast to the actual of `missed` (all rows of `compare_month`);
    confirmed is the part of the effect that people confirmed or named; series counts those
    concerned, largest is the unique_id with the largest effect and facts are
    its facts.
    """
    if missed.empty:
        return tables.empty("difference")
    amounts = causes.dropna(subset="effect")
    explained = amounts[amounts["cause"] != NOT_EXPLAINED]
    start, end = math.fsum(missed["forecast"]), math.fsum(missed["actual"])
    by_cause = explained.groupby([explained["cause"], (explained["effect"] > 0).rename("gain")])
    steps = [_step(str(cause), group) for (cause, _), group in by_cause]
    steps.sort(key=lambda step: (step["effect"] > 0, -abs(step["effect"]), step["cause"]))
    rest = math.fsum([end - start, *(-step["effect"] for step in steps)])
    left = amounts[(amounts["cause"] == NOT_EXPLAINED) & (amounts["effect"] != 0)]
    steps.append(_step(NOT_EXPLAINED, left) | {"effect": rest})
    before = start
    for position, step in enumerate(steps, start=1):
        after = end if position == len(steps) else before + step["effect"]
        share = step["effect"] / (end - start) if end != start else math.nan
        step |= {"position": position, "before": before, "after": after, "share": share}
        before = after
    return tables.build(steps, "difference")


def _parts(gap: float, causes: list[Cause]) -> list[tuple[str, float | None, str]]:
    """Each cause's part of the gap of one series, what is left last: cause, effect, facts."""
    claimed: list[tuple[Cause, float | None]] = []
    left = gap
    for cause in causes:
        if cause.effect is None:
            claimed.append((cause, None))
        elif cause.effect * gap > 0 and left * gap > 0:
            part = math.copysign(min(abs(cause.effect), abs(left)), gap)
            if abs(part) >= MATERIAL * abs(gap):
                claimed.append((cause, part))
                left = 0.0 if part == left else left - part
    if left == 0:
        claimed = [pair for pair in claimed if pair[1] is not None]
    claimed.sort(key=lambda pair: -abs(pair[1]) if pair[1] is not None else 1.0)
    rows = [(cause.cause, part, write_facts(**cause.facts)) for cause, part in claimed]
    return rows if rows and left == 0 else [*rows, (NOT_EXPLAINED, left, write_facts())]


def _step(cause: str, rows: pd.DataFrame) -> dict[str, Any]:
    """Summed effect of a cause, the series concerned, and the largest with its facts."""
    order = rows["effect"].abs().sort_values(ascending=False, kind="stable").index
    largest = rows.loc[order[0]] if len(rows) else {"unique_id": None, "facts": write_facts()}
    return {
        "cause": cause,
        "effect": math.fsum(rows["effect"]),
        "confirmed": math.fsum(rows.loc[rows["state"] != "proposed", "effect"]),
        "series": rows["unique_id"].nunique(),
        "largest": largest["unique_id"],
        "facts": largest["facts"],
    }
