"""Months that no series of sales can mean: a typing error, a total in a row, another unit.

Arrays enter and leave, so that cleaning, which flags such months, and the history of a bare panel
judge them alike.
"""

from __future__ import annotations

import numpy as np

# times all months before. A guard: 31 is the most in the public panels without their last 12 months
ABSURD_RATIO = 100.0
ABSURD_MONTHS = 3  # with a sale before such a month. Not tuned: a quarter


def find_absurd(y: np.ndarray) -> np.ndarray:
    """Months of y (n, T) far beyond all months before, of which a few have a sale (n, T).

    What comes later changes nothing, and a second such month is believed.

    >>> find_absurd(np.array([[5.0, 5, 5, 600, 600]])).tolist()
    [[False, False, False, True, False]]
    """
    size = np.abs(np.nan_to_num(y))
    begin = np.zeros((len(y), 1))
    largest = np.hstack([begin, np.maximum.accumulate(size, axis=1)])[:, :-1]
    sold = np.hstack([begin, np.cumsum(size > 0, axis=1)])[:, :-1]
    return np.asarray((sold >= ABSURD_MONTHS) & (size > ABSURD_RATIO * largest))
