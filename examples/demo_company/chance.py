"""Seeded chance in whole numbers.

A seed and a purpose enter; the same integers leave on every machine. Only integers are used: NumPy
promises the raw bits of PCG64 for all time, but not what its distributions make of them, and
another processor may round a float differently; so every chance in the demo is an integer
remainder, and every factor is in thousandths.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")
THOUSAND = 1000


class RandomIntegers:
    """A stream of whole numbers for one purpose, independent of every other purpose's.

    >>> RandomIntegers(1, 2).between(5, 9) == RandomIntegers(1, 2).between(5, 9)
    True
    """

    def __init__(self, seed: int, *purpose: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, *purpose]))

    def below(self, end: int) -> int:
        """A number from 0 to `end` - 1."""
        return int(self._bits.random_raw()) % end

    def between(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def chance(self, thousandths: int) -> bool:
        """True in so many of a thousand cases."""
        return self.below(THOUSAND) < thousandths

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[self.below(len(items))]

    def bell(self, spread: int) -> int:
        """A number around 0 with standard deviation `spread`: twelve uniform numbers less their
        mean (Irwin-Hall).
        """
        return (
            (sum(self.below(THOUSAND + 1) for _ in range(12)) - 6 * THOUSAND) * spread // THOUSAND
        )


def scale(value: int, thousandths: int) -> int:
    """`value` times a factor in thousandths, rounded down.

    >>> scale(200, 1500)
    300
    """
    return value * thousandths // THOUSAND
