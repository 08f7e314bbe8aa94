"""How much more a series sells on the days of a promotion, from past promotions of the unit.

A promotion is told from the other days of its months: what its days sold beyond what they would
have, in all series that it holds for together, drawn to nothing as far as it is unsure.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.coordination.month_to_date.layout import Days, Layout
from salesfc_lib.panel import DESCRIBING

PRIOR = 0.3  # standard deviation of what promotions bring, as a share of usual sales
MOST = 4.0  # times usual sales
ROUNDS = 2


def lift_days(layout: Layout, days: Days, promotion: pd.DataFrame | None) -> np.ndarray:
    """Factor of each day's usual sales (n_series, n_days), 1 without promotion.

    A promotion that names members of a dimension which no series has is left out: which share of a
    series it holds for is not known here.
    """
    covered = _cover(layout, days, promotion)
    if not covered.any():
        return np.ones(layout.y.shape)
    uplift = _learn_uplift(layout.y[layout.bottom], covered, days)
    size = np.clip(layout.y[layout.bottom][:, days.month < days.n_past].sum(axis=1), 0, None)
    weight = layout.contains * np.where(size.sum() > 0, size, 1.0)
    total = weight.sum(axis=1, keepdims=True)
    return 1 + uplift * (weight / np.where(total > 0, total, 1.0)) @ covered


def _cover(layout: Layout, days: Days, promotion: pd.DataFrame | None) -> np.ndarray:
    """Whether a promotion holds for each bottom series and day (n_bottom, n_days)."""
    rows = layout.series.iloc[layout.bottom]
    covered = np.zeros((len(rows), len(days.days)))
    if promotion is None or promotion.empty:
        return covered
    dimensions = [name for name in rows.columns if name not in DESCRIBING]
    own = {"name", "start", "end", "announced"}
    for plan in promotion.to_dict("records"):
        named = {k: v for k, v in plan.items() if k not in own and pd.notna(v)}
        if not named.keys() <= set(dimensions):
            continue
        match = np.ones(len(rows), dtype=bool)
        for name, member in named.items():
            match &= rows[name].eq(member).to_numpy()
        start, end = (np.datetime64(plan[key], "D") for key in ("start", "end"))
        on = (days.days >= start) & (days.days <= end)
        covered[np.ix_(match, on)] = 1.0
    return covered


def _learn_uplift(y: np.ndarray, covered: np.ndarray, days: Days) -> float:
    """Share by which sales of a promotion's days are higher; 0 without months of both kinds.

    By month and kind of day (weekend or not): sales of the days with a promotion over those of the
    other days of the same series and month, weighted by both.
    """
    on, off, sold_on, sold_off = [], [], [], []
    weekend = days.weekday >= 5
    for month in range(days.n_past):
        at = days.of(month)
        for kind in (weekend[at], ~weekend[at]):
            part, sales = covered[:, at][:, kind], y[:, at][:, kind]
            mixed = (part.max(axis=1, initial=0) > 0) & (part.min(axis=1, initial=1) < 1)
            on.append(part[mixed].sum())
            off.append((1 - part[mixed]).sum())
            count = part[mixed].sum(axis=1), (1 - part[mixed]).sum(axis=1)
            usual = (sales[mixed] * (1 - part[mixed])).sum(axis=1) / np.clip(count[1], 1, None)
            sold_on.append((sales[mixed] * part[mixed]).sum())
            sold_off.append((usual * count[0]).sum())
    gained, usual_on = np.array(sold_on), np.array(sold_off)
    if usual_on.sum() <= 0:
        return 0.0
    uplift = gained.sum() / usual_on.sum() - 1
    missed = gained - (1 + uplift) * usual_on
    variance = (missed**2).sum() / usual_on.sum() ** 2
    return float(np.clip(uplift * PRIOR**2 / (PRIOR**2 + variance), -0.9, MOST - 1))
