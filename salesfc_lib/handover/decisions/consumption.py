"""Open sales orders are part of what was forecast, and are not counted twice.

A forecast and orders by month enter; what orders took of the forecast leaves.
"""

from __future__ import annotations

import numpy as np

MODES = {"same": (0, 0), "backward": (1, 0), "forward": (0, 1), "both": (1, 1)}


def consume(
    forecast: np.ndarray,
    ordered: np.ndarray,
    *,
    mode: str = "both",
    before: int = 1,
    after: int = 1,
) -> np.ndarray:
    """What is left of the forecast, (..., n_months), once orders (..., n_months) have taken theirs.

    An order takes the forecast of the month it is due in, then with `backward` and `both` of at
    most `before` months before it, the nearest first, then with `forward` and `both` of at most
    `after` months after it. Earlier orders come first; each takes its own month before any takes
    another's. What finds no forecast is demand beyond it: demand = ordered + what is left. The
    first month's orders hold those that are overdue.

    >>> consume(np.array([10.0, 10, 10]), np.array([0.0, 14, 0]), mode="both")
    array([ 6.,  0., 10.])
    >>> consume(np.array([10.0, 10, 10]), np.array([0.0, 14, 0]), mode="same")
    array([10.,  0., 10.])
    """
    backward, forward = MODES[mode]
    steps = [0, *(-step for step in range(1, backward * before + 1))]
    steps += range(1, forward * after + 1)
    left, open_ = np.broadcast_arrays(forecast, ordered)
    left, open_ = left.astype(np.float64), open_.astype(np.float64)
    months = left.shape[-1]
    for step in steps:
        for month in range(months):
            if 0 <= month + step < months:
                taken = np.minimum(open_[..., month], left[..., month + step].clip(0))
                open_[..., month] -= taken
                left[..., month + step] -= taken
    return left
