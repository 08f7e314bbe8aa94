"""Decimals as binary floating point writes them out: `19.990000000000002` stands for 19.99."""

from __future__ import annotations

import numpy as np

from salesfc_lib.intake.parse.numbers.fixed_point import round_half_even

NOISY = 16  # significant digits; a double holds 15 decimal digits for certain (IEEE 754)
ROOM = 16  # digits of a column's total, so that sums of it and taxed amounts still fit int64


def round_binary_fractions(units: np.ndarray, scale: int) -> tuple[np.ndarray, int, np.ndarray]:
    """Values, their scale and the places that were rounded, half to even.

    Only values with 16 or more significant digits are rounded, only in a column whose total would
    not fit int64 otherwise, and never to fewer places than the other values have. The column is
    given back as it is where that does not suffice.

    >>> units = np.array([19990000000000002 * 10**3, 15000 * 10**18], dtype=object)
    >>> round_binary_fractions(units, 18)
    (array([   1999000000000, 1500000000000000]), 11, array([0]))
    """
    nowhere = np.zeros(0, dtype=np.int64)
    if not scale or not len(units) or np.abs(units.astype(float)).sum() < 10.0**ROOM:
        return units, scale, nowhere
    texts = [str(abs(int(unit))) for unit in units.tolist()]
    zeros = np.array([len(text) - len(text.rstrip("0")) for text in texts])
    noisy = np.array([len(text) for text in texts]) - zeros >= NOISY
    drop = len(str(sum(map(int, texts)))) - ROOM
    exact = ~noisy & (units != 0)
    if not noisy.any() or drop > min(scale, zeros[exact].min(initial=scale)):
        return units, scale, nowhere
    rounded = round_half_even(units, 1, 10**drop).astype(np.int64)
    return rounded, scale - drop, np.flatnonzero(noisy)
