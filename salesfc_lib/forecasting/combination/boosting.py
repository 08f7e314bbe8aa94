"""Global residual model: gradient boosting of what the candidates together get wrong.

XGBoost predicts the error of the candidates' median, scaled by the size of the series and pooled
over all series, so trees never extrapolate a level. The more series there are, the larger its share
in the forecast, and the smaller where it raised the error in the backtest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.backtest.backtest import CandidateForecasts
from salesfc_lib.forecasting.candidates.registry import BOOSTING
from salesfc_lib.forecasting.demand import is_intermittent
from salesfc_lib.forecasting.history import History
from salesfc_lib.foundation import SEASON, Parameters, nan_mean, nan_median, nan_std


@dataclass(frozen=True)
class Target:
    """XGBoost's objective, centre of the candidates, and how far an example may lie from it."""

    objective: str
    centre: Callable[[np.ndarray, int], np.ndarray]
    limit: float


MEDIAN = Target("reg:absoluteerror", nan_median, tuning.BOOSTING_LIMIT)
MEAN = Target("reg:squarederror", nan_mean, tuning.BOOSTING_LIMIT_INTERMITTENT)


@dataclass(frozen=True)
class FeatureTable:
    """Months ahead of series: x (n, horizon, n_features), the base they correct, its size (n,)."""

    x: np.ndarray
    base: np.ndarray
    size: np.ndarray


def boost_cutoffs(candidates: CandidateForecasts, parameters: Parameters) -> dict[int, np.ndarray]:
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


def blend(weighted: np.ndarray, boosted: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Weighted mean (n, horizon) by the boosted forecast's `share` (n,); NaN of it counts 0."""
    return np.asarray((1 - share[:, None]) * weighted + share[:, None] * np.nan_to_num(boosted))


def boosting_share(boosted: np.ndarray, y: np.ndarray, trust: float = 1.0) -> np.ndarray:
    """Share of the boosted median (n, horizon) by series (n,): 0 without one, and for a young one.

    full share x n / (n + prior), n series with a boosted median; half the full share at n = prior.
    `trust` scales it except where demand is intermittent.
    """
    old = np.isfinite(y).sum(axis=1) >= tuning.BOOSTED_FROM
    there = np.isfinite(boosted).all(axis=1) & old
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
    between; `UNTESTED_TRUST` where no cutoff before had a boosted median. Errors are scaled as in
    MASE (mean absolute change over a year); series of intermittent demand are left out.
    """
    y = candidates.history.cut(back).y
    scale = nan_mean(np.abs(y[:, SEASON:] - y[:, :-SEASON]), 1)
    without, by_it = 0.0, 0.0
    for cutoff in (each for each in candidates.tested if each > back and each in boosted):
        before = candidates.history.cut(cutoff).y
        actual = candidates.actuals(cutoff, known=back)
        blended = blend(weighted[cutoff], boosted[cutoff], boosting_share(boosted[cutoff], before))
        gaps = np.abs(np.stack([weighted[cutoff], blended]) - actual)
        there = np.isfinite(boosted[cutoff]).all(axis=1)
        judged = there & (scale > 0) & ~is_intermittent(before)
        counts = np.isfinite(gaps).all(axis=0) & judged[:, None]
        losses = gaps[:, counts] / scale[np.nonzero(counts)[0]]
        without, by_it = without + float(losses[0].sum()), by_it + float(losses[1].sum())
    if without == 0:
        return tuning.UNTESTED_TRUST
    cost = by_it / without - 1
    return float(np.clip(1 - cost / tuning.BOOSTING_MAX_COST, 0.0, 1.0))


def boost(
    candidates: CandidateForecasts,
    cutoffs: tuple[int, ...],
    *,
    squared: np.ndarray,
    trees: int = 100,
) -> dict[int, np.ndarray]:
    """Boosted forecasts (n, horizon) by cutoff, learnt from what was known at the earliest of them.

    `squared` (n,): series of intermittent demand, whose mean is wanted and not their median:
    they have a model of their own with squared errors. All NaN where there are too few examples.
    """
    shape = (len(candidates.history), candidates.horizon)
    result = {back: np.full(shape, np.nan) for back in cutoffs}
    for kind, aim in ((~squared, MEDIAN), (squared, MEAN)):
        rows = np.flatnonzero(kind)
        model = _learn(candidates, max(cutoffs), rows, aim=aim, trees=trees)
        for back in cutoffs if model is not None else ():
            table = feature_table(candidates, back, rows, aim)
            flat = table.x.reshape(-1, table.x.shape[2])
            moved = model.inplace_predict(flat).reshape(table.base.shape).astype(float)
            result[back][rows] = table.base + table.size[:, None] * moved
    return result


def _learn(
    candidates: CandidateForecasts, now: int, rows: np.ndarray, *, aim: Target, trees: int
) -> Any:
    """A booster of the errors known `now` months ago; None where there are too few."""
    import xgboost

    if not len(rows):
        return None
    inputs, targets, settings = [], [], tuning.BOOSTING_SETTINGS
    for back in (each for each in reversed(candidates.backs) if now < each <= now + SEASON):
        table = feature_table(candidates, back, rows, aim)
        missed = (candidates.actuals(back, known=now)[rows] - table.base) / table.size[:, None]
        usable = np.isfinite(missed)
        inputs.append(table.x[usable])
        targets.append(np.clip(missed[usable], -aim.limit, aim.limit))
    if sum(map(len, targets)) < tuning.BOOSTING_MIN_EXAMPLES:
        return None
    x, y = np.concatenate(inputs), np.concatenate(targets)
    if len(y) > tuning.BOOSTING_EXAMPLES:
        draw = np.random.default_rng(settings["seed"])
        kept = np.sort(draw.choice(len(y), tuning.BOOSTING_EXAMPLES, replace=False))
        x, y = x[kept], y[kept]
    matrix = xgboost.QuantileDMatrix(x, y, max_bin=settings["max_bin"], nthread=1)
    objective = {**settings, "objective": aim.objective}
    return xgboost.train(objective, matrix, num_boost_round=trees)


def feature_table(
    candidates: CandidateForecasts, back: int, rows: np.ndarray, aim: Target = MEDIAN
) -> FeatureTable:
    """Features of each month ahead as known at a cutoff, in sizes of the series."""
    history, forecast = candidates.seen_at(back).take(rows), candidates.at(back)[:, rows]
    base = aim.centre(forecast, 0)
    size = nan_mean(np.abs(history.y[:, -SEASON:]), 1)
    size = np.where(size > 0, size, 1.0)
    own = _features(history, base=base, forecast=forecast, by=size[:, None])
    columns = [*own, *_misses(candidates, back, rows, size)]
    for values in history.regressors.values():
        columns += _driver(values, history.y.shape[1], base.shape[1])
    x = np.stack([np.broadcast_to(each, base.shape) for each in columns], axis=2)
    return FeatureTable(x.astype(np.float32), base, size)


def _features(
    history: History, *, base: np.ndarray, forecast: np.ndarray, by: np.ndarray
) -> Iterator[np.ndarray]:
    """Columns (n, horizon) or what broadcasts to it; `by` (n, 1) is the size of the series."""
    y, horizon = history.y, base.shape[1]
    last = nan_mean(y[:, -SEASON:], 1, keepdims=True)
    before = y[:, -2 * SEASON : -SEASON]
    before = before if before.shape[1] else np.full((len(y), 1), np.nan)
    yield from (forecast - base) / by
    yield nan_std(forecast, 0) / by
    yield (base - last) / by
    years = [_months_ago(y, horizon, SEASON * year) for year in (1, 2, 3)]
    yield from ((values - base) / by for values in years)
    yield from ((_months_ago(y, horizon, SEASON, beside) - base) / by for beside in (-1, 1))
    yield nan_median((years[0] - base) / by, 0, keepdims=True)
    yield from ((nan_mean(y[:, -months:], 1, keepdims=True) - last) / by for months in (1, 2, 3, 6))
    growth = (last - before.mean(axis=1, keepdims=True)) / by
    yield growth
    yield nan_median(growth, 0, keepdims=True)
    yield nan_median((nan_mean(y[:, -3:], 1, keepdims=True) - last) / by, 0, keepdims=True)
    yield nan_std(y[:, -SEASON:], 1, keepdims=True) / by
    yield (y[:, -SEASON:] == 0).mean(axis=1, keepdims=True)
    yield np.minimum(history.length, 10 * SEASON)[:, None].astype(float)
    yield np.arange(1.0, horizon + 1)[None]
    yield history.month_of_year(horizon)[:, y.shape[1] :].astype(float)


def _months_ago(y: np.ndarray, horizon: int, months: int, beside: int = 0) -> np.ndarray:
    """The value `months` before each month ahead, in the latest year known (n, horizon)."""
    steps = np.arange(horizon)
    columns = y.shape[1] + steps - months - SEASON * (steps // SEASON) + beside
    inside = (columns >= 0) & (columns < y.shape[1])
    return np.where(inside, y[:, np.where(inside, columns, 0)], np.nan)


def _misses(
    candidates: CandidateForecasts, back: int, rows: np.ndarray, size: np.ndarray
) -> Iterator[np.ndarray]:
    """Mean and mean absolute miss of the candidates' median at earlier cutoffs, (n, 1) each."""
    for cutoff in (back + months for months in tuning.BOOSTING_LAGS):
        if cutoff not in candidates.backs:
            yield from (np.full((len(rows), 1), np.nan),) * 2
            continue
        median = nan_median(candidates.at(cutoff)[:, rows], 0)
        missed = candidates.actuals(cutoff, known=back)[rows] - median
        yield nan_mean(missed, 1, keepdims=True) / size[:, None]
        yield nan_mean(np.abs(missed), 1, keepdims=True) / size[:, None]


def _driver(values: np.ndarray, width: int, horizon: int) -> Iterator[np.ndarray]:
    """A regressor of the month ahead less last year's mean, and less its value a year before."""
    ahead = values[:, width : width + horizon]
    mean = nan_mean(values[:, max(width - SEASON, 0) : width], 1, keepdims=True)
    year_ago = np.full_like(ahead, np.nan)
    if width >= SEASON:
        year_ago = values[:, width - SEASON : width - SEASON + ahead.shape[1]]
    scale = np.where(np.abs(mean) > 1, np.abs(mean), 1.0)
    yield (ahead - mean) / scale
    yield (ahead - year_ago) / scale
