"""Mean, median and standard deviation along one axis, without NaN and without warnings.

Where every value is NaN, so is the result.
"""

from __future__ import annotations

import numpy as np


def nan_mean(values: np.ndarray, axis: int, *, keepdims: bool = False) -> np.ndarray:
    """Mean of the values that are not NaN.

    >>> nan_mean(np.array([[1.0, np.nan, 3.0], [np.nan] * 3]), 1).tolist()
    [2.0, nan]
    """
    known = ~np.isnan(values)
    count = known.sum(axis=axis, keepdims=keepdims)
    total = np.where(known, values, 0.0).sum(axis=axis, keepdims=keepdims)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def nan_median(values: np.ndarray, axis: int, *, keepdims: bool = False) -> np.ndarray:
    """Median of the values that are not NaN.

    >>> nan_median(np.array([[4.0, np.nan, 1.0, 2.0], [np.nan] * 4]), 1).tolist()
    [2.0, nan]
    """
    if not values.shape[axis]:
        return nan_mean(values, axis, keepdims=keepdims)
    count = (~np.isnan(values)).sum(axis=axis, keepdims=True)
    ordered = np.sort(values, axis=axis)  # NaN last
    last = values.shape[axis] - 1
    places = ((count - 1) // 2, count // 2)
    low, high = (np.take_along_axis(ordered, at.clip(0, last), axis=axis) for at in places)
    middle = np.where(count > 0, (low + high) / 2, np.nan)
    return np.asarray(middle if keepdims else middle.squeeze(axis))


def nan_std(values: np.ndarray, axis: int, *, keepdims: bool = False) -> np.ndarray:
    """Standard deviation (divisor n) of the values that are not NaN.

    >>> nan_std(np.array([[1.0, np.nan, 3.0], [np.nan] * 3]), 1).tolist()
    [1.0, nan]
    """
    deviation = values - nan_mean(values, axis, keepdims=True)
    return np.sqrt(nan_mean(deviation**2, axis, keepdims=keepdims))
