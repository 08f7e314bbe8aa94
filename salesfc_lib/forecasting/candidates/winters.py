"""Holt-Winters smoothing over a grid of parameters, averaged by likelihood.

One pass over a series serves all its cutoffs, since the state after a month does not depend on
later ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from salesfc_lib.forecasting import tuning
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.smoothing import recursions
from salesfc_lib.foundation import SEASON, nan_mean

NEEDED = 2 * SEASON + 1  # months: two years to start from, and one to learn
COMBINED = product(tuning.WINTERS_ALPHAS, tuning.WINTERS_TRENDS, tuning.WINTERS_GAMMAS)
GRID = np.array([(alpha, *trend, gamma) for alpha, trend, gamma in COMBINED]).T
NO_TREND = GRID[1] == 0


@dataclass
class _State:
    """Level, trend (n, n_parameters), season (n, 12, n_parameters), sum of squared errors."""

    level: np.ndarray
    trend: np.ndarray
    season: np.ndarray
    squares: np.ndarray


def multiplicative(history: History, horizon: int) -> np.ndarray:
    """y = (level + trend) x season; for series that are never negative and mostly above zero."""
    return _forecast(history, horizon, relative=True)


def additive(history: History, horizon: int) -> np.ndarray:
    """y = level + trend + season.

    Winters (1960), https://doi.org/10.1287/mnsc.6.3.324, with the damped trend of Gardner and
    McKenzie (1985), https://doi.org/10.1287/mnsc.31.10.1237.
    """
    return _forecast(history, horizon, relative=False)


def _forecast(history: History, horizon: int, *, relative: bool) -> np.ndarray:
    """One pass over each series' latest cutoff; its other cutoffs are read on the way."""
    latest, place = _latest(history)
    first = history.first[latest]
    size = _size(history.y[latest], first)
    y = history.y[latest] / size[:, None]
    values = np.full((len(history), horizon), np.nan)
    # months known, counted from the latest row's first column
    column = y.shape[1] - (history.back - history.back[latest][place])
    for rows in recursions.blocks_by_start(first, GRID.shape[1]):
        position = np.full(len(latest), -1)
        position[rows] = np.arange(len(rows))
        wanted = np.flatnonzero(position[place] >= 0)
        cutoffs = set(column[wanted].tolist())
        for at, known in _pass_over(y[rows], first[rows], cutoffs, horizon, relative=relative):
            to = wanted[column[wanted] == at]
            values[to] = known[position[place[to]]]
    values[history.length < NEEDED] = np.nan
    return values * size[place][:, None]


def _size(y: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Mean absolute month of the first two years, or the first sale (n,): known at every cutoff."""
    mean = recursions.mean_of_first(np.abs(y), first, 2 * SEASON)
    sold = np.nan_to_num(y) != 0
    sale = np.abs(y[np.arange(len(y)), sold.argmax(axis=1)])
    return np.where(mean > 0, mean, np.where(sold.any(axis=1), sale, 1.0))


def _latest(history: History) -> tuple[np.ndarray, np.ndarray]:
    """Rows of each series' latest cutoff, and for every row the place of its series among them.

    A row whose months are not those of the later one, because a change of level was seen in between
    (`breaks`), starts anew.
    """
    order = np.lexsort((history.back, history.ids.astype(str)))
    ids = history.ids[order].astype(str)
    starts = np.r_[True, (ids[1:] != ids[:-1]) | ~_continue(history.y[order], history.back[order])]
    place = np.empty(len(order), dtype=int)
    place[order] = np.cumsum(starts) - 1
    return order[starts], place


def _continue(y: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Whether each row of y but the first is the one before it as known earlier (n - 1,)."""
    months = back[1:] - back[:-1]
    same = np.full(len(months), False)
    for gap in np.unique(months[months >= 0]):
        rows = np.flatnonzero(months == gap)
        later, earlier = y[rows, : y.shape[1] - gap], y[rows + 1, gap:]
        same[rows] = ((later == earlier) | (np.isnan(later) & np.isnan(earlier))).all(axis=1)
    return same


def _pass_over(
    y: np.ndarray, first: np.ndarray, cutoffs: set[int], horizon: int, *, relative: bool
) -> Iterator[tuple[int, np.ndarray]]:
    """Forecasts (n, horizon) after so many columns; rows are sorted by their first column."""
    state = _start(y, first, relative=relative)
    update = _multiply if relative else _add
    for column, rows in recursions.begun_rows(first, y.shape[1]):
        update(state, rows, column % SEASON, y[:rows, column, None])
        now = column + 1
        if now in cutoffs:
            months = (now - first).clip(1)
            yield now, _look_ahead(state, months, now, horizon, relative=relative)


def _start(y: np.ndarray, first: np.ndarray, *, relative: bool) -> _State:
    """State before the first month, from the first two years."""
    n, years = len(y), recursions.first_months(y, first, 2 * SEASON)
    means = np.nan_to_num([nan_mean(years[:, :SEASON], 1), nan_mean(years[:, SEASON:], 1)])
    trend = np.where(np.isfinite(years).all(axis=1), (means[1] - means[0]) / SEASON, 0.0)
    line = means[0][:, None] + trend[:, None] * (np.arange(2 * SEASON) - (SEASON - 1) / 2)
    off = years - line
    if relative:
        above = line > tuning.WINTERS_MIN_LEVEL
        off = np.where(above, years / np.where(above, line, 1.0), 1.0)
    months = (off[:, :SEASON] + off[:, SEASON:]) / 2
    months = np.where(np.isfinite(months), months, 1.0 if relative else 0.0)
    if relative:
        months = np.clip(months, *tuning.WINTERS_SEASON_BOUNDS)
        months = months / months.mean(axis=1, keepdims=True)
    season = np.empty((n, SEASON, GRID.shape[1]))
    place = (first[:, None] + np.arange(SEASON)) % SEASON
    season[np.arange(n)[:, None], place] = months[:, :, None]
    start = means[0] - trend * (SEASON + 1) / 2
    level = np.where(NO_TREND, means[0][:, None], start[:, None])
    trends = np.where(NO_TREND, 0.0, trend[:, None])
    return _State(level, trends, season, np.zeros((n, GRID.shape[1])))


def _add(state: _State, rows: int, month: int, value: np.ndarray) -> None:
    alpha, beta, phi, gamma = GRID
    damped, season = phi * state.trend[:rows], state.season[:rows, month]
    error = value - state.level[:rows] - damped - season
    state.squares[:rows] += error * error
    state.level[:rows] += damped + alpha * error
    state.trend[:rows] = damped + alpha * beta * error
    state.season[:rows, month] = season + gamma * (1 - alpha) * error


def _multiply(state: _State, rows: int, month: int, value: np.ndarray) -> None:
    alpha, beta, phi, gamma = GRID
    damped, season = phi * state.trend[:rows], state.season[:rows, month]
    level = np.maximum(state.level[:rows] + damped, tuning.WINTERS_MIN_LEVEL)
    error = value - level * season
    state.squares[:rows] += error * error
    change = error / np.maximum(season, 0.05)
    state.level[:rows] = np.maximum(level + alpha * change, tuning.WINTERS_MIN_LEVEL)
    state.trend[:rows] = damped + alpha * beta * change
    state.season[:rows, month] = np.clip(
        season + gamma * (1 - alpha) * error / np.maximum(level, 0.05),
        *tuning.WINTERS_SEASON_BOUNDS,
    )


def _look_ahead(
    state: _State, months: np.ndarray, column: int, horizon: int, *, relative: bool
) -> np.ndarray:
    """The grid's mean forecast (n, horizon), weighted by likelihood."""
    mse = state.squares / months[:, None]
    weight = recursions.likelihood_weights(mse, months, tuning.WINTERS_POWER)
    phi = GRID[2]
    values, reach = np.empty((len(months), horizon)), np.zeros_like(phi)
    for step in range(1, horizon + 1):
        reach = reach + phi**step
        season = state.season[:, (column + step - 1) % SEASON]
        base = state.level + reach * state.trend
        path = np.maximum(base, 0.0) * season if relative else base + season
        values[:, step - 1] = (weight * path).sum(axis=1)
    return values
