"""How far sales are from their path, in standard deviations of what a quiet month does.

Sales so far less those expected, x, as shares of the month's forecast, enter; scores leave. A month
is off by as much as its forecast is (`sigma`, all of the month alike), and by its own days (a
Brownian motion of variance v a month, of which sigma holds its part). Two questions are asked of a
day: whether sales since the month began are off, and whether sales since a later day are, given
what the month sold before. The second knows better how well this month sells than the forecast
did, and finds what happened within it (a generalised likelihood ratio; Basseville and Nikiforov
1993, *Detection of Abrupt Changes*, chapter 7).
"""

from __future__ import annotations

import numpy as np

LEAST_STEP = 0.15  # of the month that a later beginning has to leave
TELLING = 5.0  # a stop of all sales scores that much, or the days are too few to be judged: sales
# of few orders are skewed, and their high days pass for a change


def score_path(
    x: np.ndarray, share: np.ndarray, sigma: np.ndarray, spread: np.ndarray
) -> np.ndarray:
    """Scores of sales since the month began: x / sqrt((share * sigma)^2 + spread^2).

    x: (..., n_series, n_looks); sigma: (..., n_series, n_looks) or one that fits; share and spread:
    (n_series, n_looks), as expected through each look and their standard deviation.
    """
    scale = np.hypot(share * sigma, spread)
    return np.asarray(x / np.where((scale > 0) & (TELLING * scale <= share), scale, np.inf))


def predict_since(
    share: np.ndarray, sigma: np.ndarray, v: np.ndarray, begin: slice, end: int
) -> tuple[np.ndarray, np.ndarray]:
    """What x at the look `end` is for one of the looks `begin`, as a multiple of x there, and its
    standard deviation, (n_series, n_begins) each; sigma, v: (n_series,).

    With level^2 = sigma^2 - v and shares p and q of the two looks, the level is known from x(p)
    with the weight level^2 / (v + level^2 p):
    x(q) = x(p) (1 + (q - p) weight), of variance v (q - p) (1 + (q - p) weight).
    """
    level = np.clip(sigma**2 - v, 0, None)[:, None]
    p, v = share[:, begin], v[:, None]
    step = np.clip(share[:, end, None] - p, 0, None)
    multiple = 1 + step * level / np.clip(v + level * p, 1e-300, None)
    return multiple, np.sqrt(v * step * multiple)


def score_since(
    x: np.ndarray, share: np.ndarray, sigma: np.ndarray, v: np.ndarray, end: int
) -> np.ndarray:
    """Scores at the look `end` of sales since each earlier look, (..., n_series, end)."""
    multiple, deviation = predict_since(share, sigma, v, slice(0, end), end)
    step = share[:, end, None] - share[:, :end]
    enough = (step >= LEAST_STEP) & (TELLING * deviation <= step)
    scale = np.where(enough & (deviation > 0), deviation, np.inf)
    return np.asarray((x[..., end, None] - x[..., :end] * multiple) / scale)
