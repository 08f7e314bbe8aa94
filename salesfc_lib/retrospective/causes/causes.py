"""From findings to a likely cause per miss, and from the forecast total to the actual total by cause.

Misses and evidence enter; rows of causes and the steps of a waterfall leave. The decisions made here: a finding only
counts for a miss of the same sign; findings claim their part in the order of `evidence.FINDERS`, together never more
than the miss; and what nothing claims stands as 'not_explained', so that the parts always sum to the difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from salesfc_lib.retrospective.causes.evidence import FINDERS, Case, Evidence, Found
from salesfc_lib.retrospective.facts import write_facts
from salesfc_lib.retrospective.shape import shape

NOT_EXPLAINED = "not_explained"
MATERIAL = 0.02  # share of the miss below which a finding is not worth naming


def likely_causes(
    missed: pd.DataFrame,
    evidence: Evidence,
    *,
    vintages: pd.DataFrame,
    actual: pd.DataFrame,
    series: pd.DataFrame,
) -> pd.DataFrame:
    """Causes of each missed series, likeliest first.

    Table `causes`: cause, effect (what it did to sales: below zero means sold less than forecast; null
    where the evidence gives no amount) and facts (JSON). Causes with an amount come first, largest first, then those
    without, which are only named while something is left to explain; 'not_explained' is last and holds the rest of the
    miss. The effects of a series sum to actual - forecast.
    `missed` comes from `misses.compare_month`, whole or its largest rows.
    """
    if missed.empty:
        return shape([], "causes")
    case = Case(missed, vintages, actual, series, evidence)
    found: dict[str, list[Found]] = {unique_id: [] for unique_id in missed["unique_id"]}
    for finder in FINDERS:
        for finding in finder(case):
            if finding.unique_id in found:
                found[finding.unique_id].append(finding)
    rows = [
        row
        for unique_id, findings in found.items()
        for row in _share_out(unique_id, case.rows[unique_id].gap, findings)
    ]
    return shape(rows, "causes")


def difference_by_cause(missed: pd.DataFrame, causes: pd.DataFrame) -> pd.DataFrame:
    """Steps from the forecast total to the actual total, one per cause.

    Table `difference`: causes that cost sales, largest first, then those that brought sales, 'not_explained' last.
    effect is signed as sales; share is its share of the whole difference; before and after are the running total, from
    the forecast to the actual of `missed` (all rows of `compare_month`); series counts those concerned, largest is the
    unique_id with the largest effect and facts are its facts.
    """
    if missed.empty:
        return shape([], "difference")
    amounts = causes.dropna(subset="effect")
    start, end = math.fsum(missed["forecast"]), math.fsum(missed["actual"])
    steps = [
        _step(cause, group)
        for cause, group in _by_cause_and_sign(amounts[amounts["cause"] != NOT_EXPLAINED])
    ]
    steps.sort(key=lambda step: (step["effect"] > 0, -abs(step["effect"]), step["cause"]))
    steps.append(_remainder(amounts, end - start, steps))
    before = start
    for position, step in enumerate(steps, start=1):
        after = end if position == len(steps) else before + step["effect"]
        share = step["effect"] / (end - start) if end != start else math.nan
        step |= {"position": position, "before": before, "after": after, "share": share}
        before = after
    return shape(steps, "difference")


def _share_out(unique_id: str, gap: float, findings: list[Found]) -> list[dict[str, object]]:
    """Rows of one series: each finding's part of the gap, what is left last."""
    claimed: list[tuple[Found, float | None]] = []
    left = gap
    for finding in findings:
        if finding.effect is None:
            claimed.append((finding, None))
        elif finding.effect * gap > 0 and left * gap > 0:
            part = math.copysign(min(abs(finding.effect), abs(left)), gap)
            if abs(part) >= MATERIAL * abs(gap):
                claimed.append((finding, part))
                left = 0.0 if part == left else left - part
    if left == 0:
        claimed = [pair for pair in claimed if pair[1] is not None]
    claimed.sort(key=lambda pair: -abs(pair[1]) if pair[1] is not None else 1.0)
    rows = [(finding.cause, part, write_facts(**finding.facts)) for finding, part in claimed]
    if left != 0 or not rows:
        rows.append((NOT_EXPLAINED, left, write_facts()))
    return [
        {"unique_id": unique_id, "rank": rank, "cause": cause, "effect": part, "facts": facts}
        for rank, (cause, part, facts) in enumerate(rows, start=1)
    ]


def _by_cause_and_sign(amounts: pd.DataFrame) -> Iterable[tuple[str, pd.DataFrame]]:
    """Groups of one cause and one direction."""
    for (cause, _), group in amounts.groupby(
        [amounts["cause"], (amounts["effect"] > 0).rename("gain")]
    ):
        yield str(cause), group


def _step(cause: str, group: pd.DataFrame) -> dict[str, Any]:
    largest = group.loc[group["effect"].abs().sort_values(ascending=False, kind="stable").index[0]]
    return {
        "cause": cause,
        "effect": math.fsum(group["effect"]),
        "series": group["unique_id"].nunique(),
        "largest": largest["unique_id"],
        "facts": largest["facts"],
    }


def _remainder(
    amounts: pd.DataFrame, difference: float, steps: list[dict[str, Any]]
) -> dict[str, Any]:
    """The step that closes the waterfall, over the series that have an unexplained part."""
    rows = amounts[(amounts["cause"] == NOT_EXPLAINED) & (amounts["effect"] != 0)]
    none: dict[str, Any] = {
        "cause": NOT_EXPLAINED,
        "series": 0,
        "largest": None,
        "facts": write_facts(),
    }
    step = _step(NOT_EXPLAINED, rows) if len(rows) else none
    return step | {"effect": math.fsum([difference, *(-other["effect"] for other in steps)])}
