"""What changed on some rows after a decision, told from easier months and from chance.

The rows one month ahead in the months after, against up to a year of months before. Errors are set
against the seasonal naive's on the same rows, which has the same easy months; a bias has no easy
months and stands alone. Chance is what the change would be if months were dealt at random to
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
MOST_ALIKE = 0.9  # correlation of neighbouring months beyond which it is not estimated


@dataclass(frozen=True)
class Effect:
    """A KPI before and after a decision. wape, bias and gain are shares; error is of the measure.

    before and after are the KPI itself, pooled over the months of each side; measured is the part
    of its change that the seasonal naive does not share (the whole change of a bias), in the KPI's
    own unit and sign; noise is what chance alone stays within in 19 of 20 cases, p the chance of
    so large a change or a larger one. None: nothing to compare, or fewer than `LEAST` months.
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
    measured, noise, p = _test(table["controlled"].to_numpy(), size, is_after)
    return Effect(kpi, **counted, before=before, after=after, measured=measured, noise=noise, p=p)


def _by_month(
    past: Past, rows: Collection[str], kpi: str, since: pd.Timestamp, month: pd.Timestamp
) -> pd.DataFrame:
    """By month: numerator of the KPI (`kpi`), less the seasonal naive's (`controlled`), and size.

    size: what both are divided by; every month alike for the error.
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
    error, size = own["numerator"], own["denominator"]
    controlled = error if kpi == "bias" else error - naive["numerator"]
    if kpi == "gain":
        error, controlled = -controlled, -controlled
    if kpi == "error":
        size = size.mask(size.notna(), 1.0)
    return pd.DataFrame({"kpi": error, "controlled": controlled, "size": size}).sort_index()


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


def _correlate(values: np.ndarray, size: np.ndarray, sides: tuple[np.ndarray, np.ndarray]) -> float:
    """Correlation of neighbouring months' deviations from their side's ratio; 0 where below."""
    left = values.astype(float)
    for side in sides:
        left[side] -= size[side] * values[side].sum() / size[side].sum()
    total = float((left**2).sum())
    r = float((left[1:] * left[:-1]).sum()) / total if total else 0.0
    r += len(sides) * (1 + 4 * r) / len(left)  # each side's own ratio was fitted
    return float(np.clip(r, 0.0, MOST_ALIKE))
