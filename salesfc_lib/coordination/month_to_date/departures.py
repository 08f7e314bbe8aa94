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

from salesfc_lib.coordination.month_to_date import scores
from salesfc_lib.coordination.month_to_date.path import MonthPath
from salesfc_lib.foundation import tables

NEAR = 0.6  # of the limit: branches that far off may explain one that is outside
MOST_CAUSES = 10


@dataclass(frozen=True)
class _Cause:
    """A branch, by its row; seen_at: the series that was outside, since when, and on which side;
    day, since: places of days, since = -1: since the month began.
    """

    branch: int
    seen_at: int
    day: int
    since: int
    sign: int


def find_departures(path: MonthPath) -> pd.DataFrame:
    """Table departure of the days covered: a row for each cause, in the order of their days."""
    causes = _find_causes(path)
    rows = [_describe(path, cause, causes[:place]) for place, cause in enumerate(causes)]
    return tables.check(tables.build(rows, "departure"), "departure")


def _describe(path: MonthPath, cause: _Cause, before: list[_Cause]) -> dict[str, object]:
    """Row of table departure; `before` are the causes found earlier."""
    end, ids, row = len(path.seen) - 1, path.layout.ids, cause.branch
    outside = [_is_outside(path, cause, day) for day in path.seen if day >= cause.day]
    widens = [
        ids[each.branch]
        for each in before
        if each.sign == cause.sign and _holds(path, row, each.branch)
    ]
    gap = path.size * _compare(path, _take_out(path, []), end, _begin(path, cause))[0]
    actual = path.actual[row, path.seen[end]]
    return {
        "unique_id": ids[row],
        "level": path.layout.series["level"].iloc[row],
        "first_out": pd.Timestamp(path.days[cause.day]),
        "since": pd.Timestamp(path.days[cause.since + 1]),
        "direction": "above" if cause.sign > 0 else "below",
        "expected": actual - gap[row],
        "actual": actual,
        "difference": gap[row],
        "explained": gap[row] / gap[0] if gap[0] else np.nan,
        "days_out": sum(outside),
        "out": outside[-1],
        "widens": widens[0] if widens else None,
    }


def _find_causes(path: MonthPath) -> list[_Cause]:
    causes: list[_Cause] = []
    for end, day in enumerate(path.seen.tolist()):
        while len(causes) < MOST_CAUSES:
            x = _take_out(path, causes)
            ratios = _score(path, x, end)
            found = np.unravel_index(np.argmax(np.abs(ratios)), ratios.shape)
            if abs(ratios[found]) <= 1:
                break
            sign = int(np.sign(ratios[found]))
            since = int(path.seen[found[1] - 1]) if found[1] else -1
            branch = _locate(path, x, ratios, (int(found[0]), int(found[1])), end)
            causes.append(_Cause(branch, int(found[0]), day, since, sign))
    return causes


def _score(path: MonthPath, x: np.ndarray, end: int) -> np.ndarray:
    """Scores as shares of their limits at a look, since the month began and since each earlier look
    (n_series, 1 + end); x: (n_series, n_looks).
    """
    at = path.seen
    sigma = np.where(x[:, end] < 0, path.below, path.above)[:, None]
    here = slice(end, end + 1)
    share, spread = path.share[:, at], path.spread[:, at]
    path_score = scores.score_path(x[:, here], share[:, here], sigma, spread[:, here])
    since = scores.score_since(x, share, path.sigma, path.v, end)
    both = np.hstack([path_score / path.limit[:, None], since / path.limit_since[:, None]])
    return np.where(path.told[:, None], both, 0.0)


def _take_out(path: MonthPath, causes: list[_Cause]) -> np.ndarray:
    """Actual less expected at each look, as shares (n_series, n_looks), without what the causes
    explain: all that is off in their bottom series.
    """
    layout, gap = path.layout, path.difference[:, path.seen]
    if causes:
        explained = np.logical_or.reduce([layout.contains[cause.branch] for cause in causes])
        gap = gap - layout.contains @ np.where(explained[:, None], gap[layout.bottom], 0.0)
    return np.asarray(gap / np.where(path.size > 0, path.size, np.inf)[:, None])


def _locate(
    path: MonthPath, x: np.ndarray, ratios: np.ndarray, found: tuple[int, int], end: int
) -> int:
    """The branch that explains best why a series is outside, since the month began or a look."""
    layout, (series, begin) = path.layout, found
    sign = np.sign(ratios[found])
    near = path.told & (sign * ratios[:, begin] >= NEAR)
    near &= (layout.contains & layout.contains[series]).any(axis=1)
    missed, step, deviation = (each[layout.bottom] for each in _compare(path, x, end, begin))
    known = (path.size[layout.bottom] > 0) & (deviation > 0)  # and no NaN
    weight = np.where(known, step / np.where(known, deviation, 1.0) ** 2, 0.0)
    moved = layout.contains @ (weight * np.where(known, missed, 0.0))
    weighed = layout.contains @ (weight * step)
    likelihood = sign * moved / np.sqrt(np.where(weighed > 0, weighed, np.inf))
    return int(np.argmax(np.where(near, likelihood, -np.inf)))


def _compare(
    path: MonthPath, x: np.ndarray, end: int, begin: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of all series: what they are off at a look since the month began (begin 0) or since the look
    before `begin`, the share expected between the two, and the deviation of a quiet month.
    """
    at, sigma = path.seen, path.sigma
    share, spread = path.share[:, at], path.spread[:, at[end]]
    if not begin:
        return x[:, end], share[:, end], np.hypot(share[:, end] * sigma, spread)
    since = slice(begin - 1, begin)
    multiple, deviation = scores.predict_since(share, sigma, path.v, since, end)
    missed = x[:, end] - x[:, begin - 1] * multiple[:, 0]
    return missed, share[:, end] - share[:, begin - 1], deviation[:, 0]


def _is_outside(path: MonthPath, cause: _Cause, day: int) -> bool:
    """Whether the series in which a cause was seen is outside on a day, since when it was."""
    end = int(np.searchsorted(path.seen, day))
    ratio = _score(path, _take_out(path, []), end)[cause.seen_at, _begin(path, cause)]
    return bool(cause.sign * ratio > 1)


def _begin(path: MonthPath, cause: _Cause) -> int:
    """Place of a cause's beginning among those that are scored: 0, since the month began."""
    return int(np.searchsorted(path.seen, cause.since)) + 1 if cause.since >= 0 else 0


def _holds(path: MonthPath, wide: int, narrow: int) -> bool:
    contains = path.layout.contains
    return bool((contains[narrow] <= contains[wide]).all()) and wide != narrow
