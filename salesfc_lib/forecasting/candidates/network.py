"""A small neural network, trained beforehand on made-up series and on nothing else.

Seasonally adjusted months (or, in `network_own`, the months as they are) enter, scaled so that
neither the size nor the level of a series matters; 18 months ahead leave. Layers with residual
connections (He et al. 2016, https://doi.org/10.1109/CVPR.2016.90) beside a linear forecast.
`benchmarks/train_network.py` made the weights and can make them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.smoothing.seasonality import Adjusted, adjust
from salesfc_lib.foundation import SEASON, nan_mean

WEIGHTS = Path(__file__).with_suffix(".npz")
# What follows is part of the trained network; none of it was tuned
WINDOW = 48  # latest months that are inputs
SPREAD_MONTHS = 36  # of them whose deviation is the unit
OLDER = 24  # months before the window, of which the mean is an input
REACH = 18  # months ahead; later ones are forecast as the last of them
LEAST_SPREAD = 0.005  # of a month, as a share of the mean
LIMIT = 6.0  # units that an input may lie from the last year's mean
BLOCK = 4096  # rows at once: what a processor's cache holds

Weights = Mapping[str, np.ndarray]


class Inputs(NamedTuple):
    """x: (n, n_features). A forecast is centre + spread * output, both (n, 1)."""

    x: np.ndarray
    centre: np.ndarray
    spread: np.ndarray


def multiplicative(history: History, horizon: int) -> np.ndarray:
    """The forecast of adjusted months times the panel's season."""
    return _forecast(adjust(history, max(horizon, SEASON), relative=True), horizon)


def additive(history: History, horizon: int) -> np.ndarray:
    """The forecast of adjusted months plus the panel's season."""
    return _forecast(adjust(history, max(horizon, SEASON), relative=False), horizon)


def own(history: History, horizon: int) -> np.ndarray:
    """The forecast of the months as they are: the network finds their season."""
    return _forecast(unadjusted(history, horizon), horizon)


def unadjusted(history: History, horizon: int) -> Adjusted:
    """The history without a season taken out."""
    return Adjusted(history.y, np.ones((len(history), max(horizon, SEASON))), relative=True)


def _forecast(adjusted: Adjusted, horizon: int) -> np.ndarray:
    inputs = make_inputs(adjusted)
    blocks = [
        run_network(load_weights(), inputs.x[begin : begin + BLOCK])
        for begin in range(0, max(len(inputs.x), 1), BLOCK)
    ]
    steps = np.minimum(np.arange(horizon), REACH - 1)
    level = inputs.centre + inputs.spread * np.concatenate(blocks)[:, steps]
    return Adjusted(adjusted.y, adjusted.ahead[:, :horizon], adjusted.relative).restore(level)


def make_inputs(adjusted: Adjusted) -> Inputs:
    """Months as deviations from the last year's mean in mean absolute deviations, which of them are
    known, the season ahead, the length, the mean before the window, and the unit's size.
    """
    y, relative = adjusted.y, adjusted.relative
    window = np.full((len(y), WINDOW), np.nan)
    window[:, -min(WINDOW, y.shape[1]) :] = y[:, -WINDOW:]
    centre = nan_mean(window[:, -SEASON:], 1, keepdims=True)
    size = nan_mean(np.abs(window[:, -SEASON:]), 1, keepdims=True)
    spread = nan_mean(np.abs(window[:, -SPREAD_MONTHS:] - centre), 1, keepdims=True)
    spread = np.where(spread > 0, np.maximum(spread, LEAST_SPREAD * size), 0.0)
    unit, size = np.where(spread > 0, spread, 1.0), np.where(size > 0, size, 1.0)
    older = nan_mean(y[:, -WINDOW - OLDER : -WINDOW], 1, keepdims=True)
    season = adjusted.ahead[:, :SEASON] - 1 if relative else adjusted.ahead[:, :SEASON] / size
    length = np.isfinite(y).sum(axis=1, keepdims=True)
    columns = (
        _scale(window, centre, unit),
        np.isfinite(window),
        2 * np.clip(season, -2, 4),
        np.log(length.clip(1)) / 3 - 1,
        _scale(older, centre, unit),
        np.log(np.clip(unit / size, 0.003, 3.0)) / 2 + 1,
        np.full(length.shape, float(relative)),
    )
    return Inputs(np.concatenate(columns, axis=1), centre, spread)


def _scale(values: np.ndarray, centre: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Values in units from the centre, 0 where they are unknown."""
    return np.nan_to_num(np.clip((values - centre) / unit, -LIMIT, LIMIT))


def run_network(weights: Weights, x: np.ndarray) -> np.ndarray:
    """Outputs (n, REACH): linear ones plus those of the layers."""
    state = np.maximum(x @ weights["first"] + weights["first_bias"], 0)
    for layer, bias in zip(weights["layers"], weights["layer_biases"], strict=True):
        state = state + np.maximum(state @ layer + bias, 0)
    return np.asarray(x @ weights["linear"] + state @ weights["last"] + weights["last_bias"])


@cache
def load_weights() -> Weights:
    """The trained weights by name."""
    with np.load(WEIGHTS) as stored:
        return {name: stored[name].astype(float) for name in stored.files}
