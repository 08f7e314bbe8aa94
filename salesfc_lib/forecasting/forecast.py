"""From a panel to its forecast: candidates, weights, boosting, intervals.

A `History` and parameters enter, a `Modeled` leaves: arrays, and with `forecast_panel` a frame. The
forecast is the weighted mean of the candidates, mixed with their boosted median: the more series
there are, the larger its share, and the smaller where it raised the error in the backtest. Steps,
backfills and benchmarks all call this with the same defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.backtest.backtest import (
    CandidateForecasts,
    floor_at_zero,
    run_candidates,
)
from salesfc_lib.forecasting.boosting import boost
from salesfc_lib.forecasting.candidates.registry import BOOSTING
from salesfc_lib.forecasting.demand import is_intermittent
from salesfc_lib.forecasting.history import History, align
from salesfc_lib.forecasting.intervals import PastErrors, conformal_intervals
from salesfc_lib.forecasting.plausibility import bounds_at
from salesfc_lib.forecasting.short_history import count_months
from salesfc_lib.forecasting.weights import (
    CandidateErrors,
    backtest_errors,
    best_single,
    combination_weights,
    weighted_mean,
)
from salesfc_lib.foundation import SEASON, Parameters, defaults, nan_mean
from salesfc_lib.panel import count_silent_months


@dataclass(frozen=True)
class Modeled:
    """Forecasts of a panel: candidates, errors, weights, and the combination at every cutoff.

    combined: months before now to (n, horizon); boosted: likewise the boosted median, NaN where
    there is none; shares: of it in each series' forecast (n,). errors and weights (n_models, n) are
    those of now; best: (n,) place of the best single candidate, -1 without; ended: rows of series
    that ended, with their months without a sale.
    """

    candidates: CandidateForecasts
    parameters: Parameters
    errors: CandidateErrors
    weights: np.ndarray
    best: np.ndarray
    combined: Mapping[int, np.ndarray]
    boosted: Mapping[int, np.ndarray]
    shares: Mapping[int, np.ndarray]
    ended: Mapping[int, int]

    @cached_property
    def past(self) -> PastErrors:
        """Errors of the combination at the cutoffs before now, for intervals."""
        return self.errors_known_at(0)

    def errors_known_at(self, back: int) -> PastErrors:
        """Errors of the combination as they were known `back` months ago."""
        errors, forecasts = {}, {}
        for cutoff, values in self.combined.items():
            if back < cutoff <= back + tuning.ERROR_MONTHS:
                forecasts[cutoff - back] = values
                errors[cutoff - back] = self.candidates.actuals(cutoff, known=back) - values
        history = self.candidates.history.cut(back)
        return PastErrors(history, errors, forecasts, self.parameters.lifecycle)

    def bounds(self, levels: Sequence[int]) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """Intervals of the combination by level in percent."""
        return conformal_intervals(self.past, self.combined[0], levels)


def model_history(
    history: History, parameters: Parameters, *, horizon: int, **options: Any
) -> Modeled:
    """Candidates, weights and combination; `options` as `run_candidates` takes them."""
    return combine_candidates(
        run_candidates(history, parameters, horizon=horizon, **options), parameters
    )


def combine_candidates(candidates: CandidateForecasts, parameters: Parameters) -> Modeled:
    """The combination of the candidates, now and at every cutoff."""
    backs, settings = candidates.backs, parameters.combine
    errors = {back: backtest_errors(candidates, back, settings) for back in backs}
    forecasts = {back: candidates.at(back) for back in backs}
    weights = {back: combination_weights(errors[back], forecasts[back], settings) for back in backs}
    boosted = _boost_cutoffs(candidates, parameters)
    known = {back: candidates.history.cut(back).y for back in backs}
    silent = {back: count_silent_months(y, parameters.lifecycle) for back, y in known.items()}
    mixed = {
        back: weighted_mean(forecasts[back], weights[back], mean=is_intermittent(y))
        for back, y in known.items()
    }
    shares, combined = {}, {}
    for back, y in known.items():
        blended = mixed[back]
        if back in boosted:
            trust = boosting_trust(candidates, mixed, boosted, back)
            shares[back] = boosting_share(boosted[back], y, trust)
            blended = blend(mixed[back], boosted[back], shares[back])
        held = floor_at_zero(bounds_at(candidates.history, back).hold(blended), y)
        combined[back] = np.where((silent[back] > 0)[:, None], 0.0, held)
    ended = {int(row): int(silent[0][row]) for row in np.flatnonzero(silent[0])}
    best = best_single(candidates, errors[0], forecasts[0])
    return Modeled(
        candidates, parameters, errors[0], weights[0], best, combined, boosted, shares, ended
    )


def blend(weighted: np.ndarray, boosted: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Weighted mean (n, horizon) by the boosted forecast's `share` (n,); NaN of it counts 0."""
    return np.asarray((1 - share[:, None]) * weighted + share[:, None] * np.nan_to_num(boosted))


def boosting_share(boosted: np.ndarray, y: np.ndarray, trust: float = 1.0) -> np.ndarray:
    """Share of the boosted median (n, horizon) by series (n,): 0 without one, and for a young one.

    full share x n / (n + prior), n series with a boosted median; half the full share at n = prior.
    `trust` scales it except where demand is intermittent.
    """
    there = np.isfinite(boosted).all(axis=1) & (count_months(y) >= tuning.BOOSTED_FROM)
    series, sparse = there.sum(), is_intermittent(y)
    full = np.where(sparse, tuning.BOOSTING_SHARE_INTERMITTENT, trust * tuning.BOOSTING_SHARE)
    few = np.where(sparse, tuning.BOOSTING_PRIOR_INTERMITTENT, tuning.BOOSTING_PRIOR_SERIES)
    return np.asarray(np.where(there, full * series / (series + few), 0.0))


def boosting_trust(
    candidates: CandidateForecasts,
    weighted: Mapping[int, np.ndarray],
    boosted: Mapping[int, np.ndarray],
    back: int,
) -> float:
    """Factor on boosting's share at a cutoff, 0 to 1, from the errors at tested cutoffs before.

    1 where it was no worse, 0 where it raised the error by `BOOSTING_MAX_COST` or more, linear
    between. Errors are scaled as in MASE (mean absolute change over a year); series of intermittent
    demand are left out.
    """
    y = candidates.history.cut(back).y
    scale = nan_mean(np.abs(y[:, SEASON:] - y[:, :-SEASON]), 1)
    without, by_it = 0.0, 0.0
    for cutoff in (each for each in candidates.tested if each > back and each in boosted):
        before = candidates.history.cut(cutoff).y
        actual = candidates.actuals(cutoff, known=back)
        blended = blend(weighted[cutoff], boosted[cutoff], boosting_share(boosted[cutoff], before))
        gaps = np.abs(np.stack([weighted[cutoff], blended]) - actual)
        judged = (scale > 0) & ~is_intermittent(before)
        counts = np.isfinite(gaps).all(axis=0) & judged[:, None]
        rows = np.nonzero(counts)[0]
        without += float((gaps[0][counts] / scale[rows]).sum())
        by_it += float((gaps[1][counts] / scale[rows]).sum())
    cost = by_it / without - 1 if without > 0 else 0.0
    return float(np.clip(1 - cost / tuning.BOOSTING_MAX_COST, 0.0, 1.0))


def _boost_cutoffs(candidates: CandidateForecasts, parameters: Parameters) -> dict[int, np.ndarray]:
    """Boosted medians (n, horizon) now and at the tested cutoffs; empty where boosting is off.

    The model of the tested cutoffs learns from what was known at the earliest of them.
    """
    block = parameters.candidates.get(BOOSTING)
    if block is None or not block.enabled or not candidates.tested:
        return {}
    boosted: dict[int, np.ndarray] = {}
    for cutoffs in (candidates.tested, (0,)):
        squared = is_intermittent(candidates.history.cut(max(cutoffs)).y)  # as known then
        boosted |= boost(candidates, cutoffs, squared=squared, **block.settings)
    return boosted


def forecast_panel(
    panel: pd.DataFrame,
    *,
    horizon: int = 12,
    future: pd.DataFrame | None = None,
    levels: Sequence[int] = (50, 80, 95),
    parameters: Parameters | None = None,
) -> pd.DataFrame:
    """Forecasts with the defaults: unique_id, ds, h, y_hat, and lo- and hi- of each level.

    `panel` holds unique_id, ds (first of a month), y and regressors, `future` the regressors of the
    coming months; each series may end at a month of its own. Series without any value have no rows.
    """
    history = align(panel, future, horizon=horizon)
    modeled = model_history(history, parameters or defaults(), horizon=horizon)
    steps = np.arange(1, horizon + 1)
    columns = {
        "unique_id": np.repeat(history.ids, horizon),
        "ds": (history.last[:, None] + steps).astype("datetime64[ns]").ravel(),
        "h": np.tile(steps, len(history)),
        "y_hat": modeled.combined[0].ravel(),
    }
    for level, (low, high) in modeled.bounds(levels).items():
        columns |= {f"lo-{level}": low.ravel(), f"hi-{level}": high.ravel()}
    return pd.DataFrame(columns)
