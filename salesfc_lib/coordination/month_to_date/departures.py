"""The branches of a unit whose sales left the path of the month, one for each cause.

A month's path enters; the table `departure` leaves. Days are gone through in order, as they were
seen: where a series is outside its interval, the branch that explains it best becomes a cause, and
what is off in its bottom series explains the same of all other series from then on. A cause thus
keeps its branch on later days, and further causes are found in what is left. The branch is that of
the greatest likelihood, for a change that is the same share of each of its bottom series: series
whose parts move together win over any of their parts, and a part that moved alone over the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib.coordination.month_to_date.path import MonthPath
from salesfc_lib.foundation import tables

NEAR = 0.6  # of the limit: branches that far off may explain one that is outside
MOST_CAUSES = 10


@dataclass(frozen=True)
class _Cause:
    series: int  # the branch
    seen_at: int  # the series that was outside
    day: int  # place of the day
    sign: int


def find_departures(path: MonthPath) -> pd.DataFrame:
    """Table departure of the days covered: a row for each cause, in the order of their days."""
    causes = _find_causes(path)
    rows = [_describe(path, cause, causes[:place]) for place, cause in enumerate(causes)]
    return tables.check(tables.build(rows, "departure"), "departure")


def _describe(path: MonthPath, cause: _Cause, before: list[_Cause]) -> dict[str, object]:
    """Row of table departure; `before` are the causes found earlier."""
    last, gap, ids = path.n_covered - 1, path.difference, path.layout.ids
    outside = _is_outside(path, cause.seen_at, cause.sign)
    looks = np.flatnonzero(path.looks[: path.n_covered])
    widens = [
        ids[each.series]
        for each in before
        if each.sign == cause.sign and _holds(path, cause.series, each.series)
    ]
    whole = gap[0, last]
    return {
        "unique_id": ids[cause.series],
        "level": path.layout.series["level"].iloc[cause.series],
        "first_out": pd.Timestamp(path.days[cause.day]),
        "since": pd.Timestamp(path.days[0]),
        "direction": "above" if cause.sign > 0 else "below",
        "expected": path.expected[cause.series, last],
        "actual": path.actual[cause.series, last],
        "difference": gap[cause.series, last],
        "explained": gap[cause.series, last] / whole if whole else np.nan,
        "days_out": int(outside[cause.day :].sum()),
        "out": bool(outside[looks[-1]]),
        "widens": widens[0] if widens else None,
    }


def _find_causes(path: MonthPath) -> list[_Cause]:
    causes: list[_Cause] = []
    for day in np.flatnonzero(path.looks[: path.n_covered]).tolist():
        while len(causes) < MOST_CAUSES:
            left = _take_out(path, causes, day)
            scores = np.where(path.told, left / _scale(path, left, day), 0.0)
            worst = int(np.argmax(np.abs(scores)))
            if abs(scores[worst]) <= path.limit:
                break
            sign = int(np.sign(scores[worst]))
            branch = _locate(path, left, scores, worst, day)
            causes.append(_Cause(branch, worst, day, sign))
    return causes


def _scale(path: MonthPath, gap: np.ndarray, day: int) -> np.ndarray:
    scale = np.where(gap < 0, path.below[:, day], path.above[:, day])
    return np.where(scale > 0, scale, np.inf)


def _take_out(path: MonthPath, causes: list[_Cause], day: int) -> np.ndarray:
    """Actual less expected of the day (n_series,), without what the causes explain."""
    layout, gap = path.layout, path.difference[:, day]
    if not causes:
        return gap
    explained = np.logical_or.reduce([layout.contains[cause.series] for cause in causes])
    return gap - layout.contains @ np.where(explained, gap[layout.bottom], 0.0)


def _locate(path: MonthPath, left: np.ndarray, scores: np.ndarray, worst: int, day: int) -> int:
    """The branch that explains best why the series `worst` is outside."""
    layout, sign = path.layout, np.sign(scores[worst])
    near = path.told & (sign * scores >= NEAR * path.limit)
    near &= (layout.contains & layout.contains[worst]).any(axis=1)
    expected, off = path.expected[layout.bottom, day], left[layout.bottom]
    scale = _scale(path, left, day)[layout.bottom]
    usable = (expected > 0) & np.isfinite(scale)
    weight = np.where(usable, expected / scale**2, 0.0)
    moved = layout.contains @ (weight * off)
    weighed = layout.contains @ (weight * expected)
    likelihood = np.where(weighed > 0, sign * moved / np.sqrt(np.clip(weighed, 1e-300, None)), 0.0)
    return int(np.argmax(np.where(near, likelihood, -np.inf)))


def _is_outside(path: MonthPath, series: int, sign: int) -> np.ndarray:
    """Days covered (n_covered,) on which a series is outside on this side."""
    gap = path.difference[series, : path.n_covered]
    scale = (path.above if sign > 0 else path.below)[series, : path.n_covered]
    return np.asarray((sign * gap > path.limit * scale) & path.looks[: path.n_covered])


def _holds(path: MonthPath, wide: int, narrow: int) -> bool:
    contains = path.layout.contains
    return bool((contains[narrow] <= contains[wide]).all()) and wide != narrow
