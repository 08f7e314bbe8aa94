"""What changed on some rows after a decision, told from easier months and from chance.

The rows one month ahead in the months after, against up to a year of months before. Of the change
of an error that part is taken off which the seasonal naive's on the same rows accounts for, as it
has the same easy months: as much as the two errors move together from month to month. A bias has no
easy months and stands alone. Chance is what the change would be if months were dealt at random to
before and after, widened where neighbouring months resemble each other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import SEASON
from salesfc_lib.retrospective.compare import Past

KPIS = ("wape", "bias", "gain", "error")
Verdict = Literal["too_early", "chance", "as_expected", "less", "worse"]

LEAST = 3  # months on either side before anything is said
SIGNIFICANT = 0.05  # two-sided
RESAMPLES = 1_999
STILL = 1e-12  # of its size: a naive error that moves less does not move
MOST_ALIKE = 0.9  # correlation of neighbouring months beyond which it is not estimated


@dataclass(frozen=True)
class Effect:
    """A KPI before and after a decision. wape, bias and gain are shares; error is of the measure.

    before and after are the KPI itself, pooled over the months of each side; measured is the part
    of its change that easier or harder months do not account for (the whole change of a bias), in
    the KPI's own unit and sign; noise is what chance alone stays within in 19 of 20 cases, p the
    chance of so large a change or a larger one. None: nothing to compare, or fewer than `LEAST`
    months.
    """

    kpi: str
    months_before: int
    months_after: int
    before: float | None = None
    after: float | None = None
    measured: float | None = None
    noise: float | None = None
    p: float | None = None

    def verdict(self, expected: float) -> Verdict:
        """What the effect is beside what was expected of it.

        `worse`: beyond chance in the other direction; `less`: in the expected direction, but less
        than expected by more than chance.
        """
        if self.measured is None or self.noise is None or self.p is None:
            return "too_early"
        if self.p > SIGNIFICANT:
            return "chance"
        if self.measured * expected < 0:
            return "worse"
        falls_short = abs(expected) - abs(self.measured)
        return "less" if falls_short > self.noise else "as_expected"


def measure_effect(
    past: Past,
    rows: Collection[str],
    kpi: str,
    since: pd.Timestamp | str,
    month: pd.Timestamp | str,
) -> Effect:
    """What changed from `since` through `month` (a year at most) on the series `rows`.

    `since` is the first month whose forecast was made after the decision. kpi: wape; bias (forecast
    - actual, as a share of actual); gain (WAPE of the seasonal naive minus WAPE); error (absolute
    error of a month, in the measure). Rows without a seasonal naive count for the bias only.

    Raises `RequestError` for a KPI that is none of `KPIS`.
    """
    if kpi not in KPIS:
        raise RequestError.unknown_key(kpi, KPIS, "the KPIs of an effect")
    since, month = pd.Timestamp(since), pd.Timestamp(month)
    table = _by_month(past, rows, kpi, since, month)
    is_after = (table.index >= since).astype(bool)
    size = table["size"].to_numpy()
    counted = {"months_before": int((~is_after).sum()), "months_after": int(is_after.sum())}
    before, after = (_ratio(table["kpi"].to_numpy(), size, side) for side in (~is_after, is_after))
    effect = Effect(kpi, **counted, before=before, after=after)
    if min(counted.values()) < LEAST or before is None or after is None:
        return effect
    measured, noise, p = _test(_take_off(table, is_after), size, is_after)
    return Effect(kpi, **counted, before=before, after=after, measured=measured, noise=noise, p=p)


def _by_month(
    past: Past, rows: Collection[str], kpi: str, since: pd.Timestamp, month: pd.Timestamp
) -> pd.DataFrame:
    """By month: numerator of the KPI, the error that it rests on, the seasonal naive's, and size.

    error: signed so that it grows with the KPI; naive: null for a bias; size: what they are divided
    by, of `error` every month alike.
    """
    months = len(pd.period_range(since, month, freq="M")) + 2 * SEASON
    scores = past.scores(month, months, [1])
    scores = scores[scores["unique_id"].isin(list(rows))]
    year = pd.DateOffset(months=SEASON)
    scores = scores[scores["ds"].ge(since - year) & scores["ds"].lt(since + year)]
    metric, stage = ("bias", "published") if kpi == "bias" else ("wape", "shared")
    scores = scores[scores["metric"] == metric]
    own, naive = (
        scores[scores["stage"] == name].groupby("ds")[["numerator", "denominator"]].sum()
        for name in (stage, "naive")
    )
    error, size, without = own["numerator"], own["denominator"], naive["numerator"]
    columns = {"kpi": error, "error": error, "naive": without, "size": size}
    if kpi == "bias":
        columns["naive"] = without.mul(float("nan"))
    elif kpi == "gain":
        columns |= {"kpi": without - error, "error": -error, "naive": -without}
    elif kpi == "error":
        columns["size"] = size.mask(size.notna(), 1.0)
    return pd.DataFrame(columns).reindex(own.index).sort_index()


def _take_off(table: pd.DataFrame, is_after: np.ndarray) -> np.ndarray:
    """The errors less the part that they share with the seasonal naive's, by month.

    The part is the slope of the one on the other within each side, from 0 to 1: a control variate
    (Deng et al. 2013, https://doi.org/10.1145/2433396.2433413). All of it where the naive's never
    moves, which is the plain difference in difference.
    """
    error, naive, size = (table[name].to_numpy() for name in ("error", "naive", "size"))
    if np.isnan(naive).all():
        return error
    sides = np.flatnonzero(is_after), np.flatnonzero(~is_after)
    own, other = (_deviate(values, size, sides) for values in (error, naive))
    moves = float((other**2).sum())
    slope = float((own * other).sum()) / moves if moves > STILL * float((naive**2).sum()) else 1.0
    return error - float(np.clip(slope, 0.0, 1.0)) * naive


def _ratio(values: np.ndarray, size: np.ndarray, side: np.ndarray) -> float | None:
    """Pooled ratio over the months of a side; None where it has no size."""
    total = float(size[side].sum())
    return float(values[side].sum()) / total if total else None


def _test(values: np.ndarray, size: np.ndarray, is_after: np.ndarray) -> tuple[float, float, float]:
    """Change of the pooled ratio, what chance stays within, and the chance of such a change.

    A permutation test over months, whose differences are widened by sqrt((1 + r) / (1 - r)): r is
    the correlation of neighbouring months, without the bias of a short series (Kendall 1954,
    https://doi.org/10.1093/biomet/41.3-4.403), where it is above zero.
    """
    from scipy import stats

    def change(after: np.ndarray, before: np.ndarray, axis: int = -1) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            late, early = (
                values[side].sum(axis) / size[side].sum(axis) for side in (after, before)
            )
        return np.nan_to_num(late - early)

    sides = np.flatnonzero(is_after), np.flatnonzero(~is_after)
    dealt = stats.permutation_test(
        sides, change, vectorized=True, n_resamples=RESAMPLES, random_state=0
    )
    r = _correlate(values, size, sides)
    sizes = np.abs(dealt.null_distribution) * np.sqrt((1 + r) / (1 - r))
    larger = int((sizes >= abs(dealt.statistic) * (1 - 1e-9)).sum())
    noise = float(np.quantile(sizes, 1 - SIGNIFICANT))
    return float(dealt.statistic), noise, (larger + 1) / (len(sizes) + 1)


def _deviate(values: np.ndarray, size: np.ndarray, sides: tuple[np.ndarray, ...]) -> np.ndarray:
    """Each month's deviation from the pooled ratio of its side."""
    left = values.astype(float)
    for side in sides:
        left[side] -= size[side] * values[side].sum() / size[side].sum()
    return left


def _correlate(values: np.ndarray, size: np.ndarray, sides: tuple[np.ndarray, ...]) -> float:
    """Correlation of neighbouring months' deviations; 0 where it is below."""
    left = _deviate(values, size, sides)
    total = float((left**2).sum())
    r = float((left[1:] * left[:-1]).sum()) / total if total else 0.0
    r += len(sides) * (1 + 4 * r) / len(left)  # each side's own ratio was fitted
    return float(np.clip(r, 0.0, MOST_ALIKE))
