"""Kind of demand of a series, by the share of months without a sale in the last two years.

A multiplicative season is unsafe where some months are zero, and the mean is wanted rather than the
median where most are.
"""

from __future__ import annotations

import numpy as np

from salesfc_lib.forecasting.tuning import INTERMITTENT_ZEROS, PATCHY_ZEROS
from salesfc_lib.foundation import SEASON

STEADY, PATCHY, INTERMITTENT = "steady", "patchy", "intermittent"


def classify(y: np.ndarray) -> np.ndarray:
    """Kind of each row of y (n, T), (n,) of text.

    >>> classify(np.array([[1.0, 2, 3, 4], [0, 2, 3, 4], [0, 2, 0, 4]])).tolist()
    ['steady', 'patchy', 'intermittent']
    """
    sold = np.where(share_of_zeros(y) > PATCHY_ZEROS, PATCHY, STEADY)
    return np.where(is_intermittent(y), INTERMITTENT, sold)


def is_intermittent(y: np.ndarray) -> np.ndarray:
    """Whether at least 40 % of a row's last 24 months are without a sale (n,)."""
    return np.asarray(share_of_zeros(y) >= INTERMITTENT_ZEROS)


def share_of_zeros(y: np.ndarray) -> np.ndarray:
    """Share of a row's last 24 months that are without a sale (n,)."""
    recent = y[:, -2 * SEASON :]
    known = np.isfinite(recent)
    return np.asarray((known & (recent == 0)).sum(axis=1) / known.sum(axis=1).clip(1))
