"""From a panel to its forecast: candidates, weights, boosting, intervals.

A `History` and parameters enter, a `Modeled` leaves. The forecast is the weighted mean of the
candidates, mixed with their boosted median.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.backtest.backtest import (
    CandidateForecasts,
    floor_at_zero,
    run_candidates,
)
from salesfc_lib.forecasting.backtest.plausibility import bounds_at
from salesfc_lib.forecasting.combination import boosting
from salesfc_lib.forecasting.combination.weights import (
    CandidateErrors,
    backtest_errors,
    best_single,
    combination_weights,
    weighted_mean,
)
from salesfc_lib.forecasting.demand import is_intermittent
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.intervals import LEVELS, PastErrors, conformal_intervals
from salesfc_lib.forecasting.silence import hold_mean, limit_silent
from salesfc_lib.foundation import Parameters
from salesfc_lib.panel import count_silent_months


@dataclass(frozen=True)
class Modeled:
    """Forecasts of a panel: candidates, errors, weights, and the combination at every cutoff.

    combined: months before now to (n, horizon); boosted: likewise the boosted median, NaN where
    there is none; shares: of it in each series' forecast (n,). errors and weights (n_models, n) are
    those of now; best: (n,) place of the best single candidate, -1 without; ended: rows of series
    that ended, with their months without a sale; limited: rows of series that fell silent within
    their first year, with the most that an average month may sell.
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
    limited: Mapping[int, float]

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

    def backtest_bounds(
        self, levels: Sequence[int] = LEVELS
    ) -> dict[int, dict[int, tuple[np.ndarray, np.ndarray]]]:
        """Intervals by tested cutoff and level, from errors known then only; none before the first.

        So the share of actuals inside is out of sample.
        """
        past = {back: self.errors_known_at(back) for back in self.candidates.tested}
        return {
            back: conformal_intervals(errors, self.combined[back], levels)
            for back, errors in past.items()
            if errors.errors
        }


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
    weights = {
        back: combination_weights(errors[back], forecasts[back], settings, candidates.names)
        for back in backs
    }
    boosted = boosting.boost_cutoffs(candidates, parameters)
    known = {back: candidates.history.cut(back).y for back in backs}
    silent = {back: count_silent_months(y, parameters.lifecycle) for back, y in known.items()}
    mixed = {
        back: weighted_mean(forecasts[back], weights[back], mean=is_intermittent(y))
        for back, y in known.items()
    }
    level, rule = candidates.history.level, parameters.lifecycle
    limits = {back: limit_silent(y, level, rule) for back, y in known.items()}
    shares, combined = {}, {}
    for back, y in known.items():
        blended = mixed[back]
        if back in boosted:
            trust = boosting.boosting_trust(candidates, mixed, boosted, back)
            shares[back] = boosting.boosting_share(boosted[back], y, trust)
            blended = boosting.blend(mixed[back], boosted[back], shares[back])
        plausible = floor_at_zero(bounds_at(candidates.history, back).hold(blended), y)
        held = hold_mean(plausible, limits[back])
        combined[back] = np.where((silent[back] > 0)[:, None], 0.0, held)
    ended = {int(row): int(silent[0][row]) for row in np.flatnonzero(silent[0])}
    limited = {
        int(row): float(limits[0][row])
        for row in np.flatnonzero(np.isfinite(limits[0]) & (silent[0] == 0))
    }
    best = best_single(candidates, errors[0], forecasts[0])
    now = errors[0], weights[0], best
    return Modeled(candidates, parameters, *now, combined, boosted, shares, ended, limited)
