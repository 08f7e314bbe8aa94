"""Whole numbers of a smallest unit: change of scale, exact rounding, and decimals for a table.

Arrays are int64, or objects of Python ints where int64 does not suffice: nothing wraps, nothing is
a float.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Context, Inexact, InvalidOperation, Overflow, localcontext

import numpy as np
import pyarrow as pa

INT64 = 2**63 - 1
LARGEST_DECIMAL = 38  # digits of decimal128


def whole(values: Sequence[int]) -> np.ndarray:
    """Python ints as int64, or as objects where one is too large.

    >>> whole([1, -2]).dtype, whole([2**63]).dtype
    (dtype('int64'), dtype('O'))
    """
    try:
        return np.array(values, dtype=np.int64)
    except OverflowError:
        return np.array(values, dtype=object)


def to_unit(digits: str, scale: int) -> int:
    """Whole number of units of a plain decimal text that has at most so many places.

    >>> to_unit("-12.5", 2), to_unit(".5", 1)
    (-1250, 5)
    """
    ahead, _, behind = digits.partition(".")
    return int(ahead + behind.ljust(scale, "0"))


def largest(units: np.ndarray) -> int:
    """Largest absolute value; 0 where there is none.

    >>> largest(np.array([1, -(2**63)]))
    9223372036854775808
    """
    return max(abs(int(units.min())), abs(int(units.max()))) if len(units) else 0


def rescale(units: np.ndarray, scale: int, new_scale: int) -> np.ndarray:
    """The same values with another number of decimal places; a smaller one has to lose nothing.

    >>> rescale(np.array([125, -5]), 2, 4), rescale(np.array([1200]), 2, 0)
    (array([12500,  -500]), array([12]))
    >>> rescale(np.array([10**18]), 0, 2)
    array([100000000000000000000], dtype=object)
    """
    if new_scale >= scale:
        return multiply(units, 0, 1, new_scale - scale)[0]
    factor = 10 ** (scale - new_scale)
    if factor > INT64:
        units = units.astype(object)
    if (units % factor != 0).any():
        raise ValueError(f"values with {scale} decimal places lose digits with {new_scale}")
    return units // factor


def round_half_even(units: np.ndarray, numerator: int, denominator: int) -> np.ndarray:
    """Units times numerator / denominator, rounded once, half to even.

    >>> round_half_even(np.array([5, 15, -25, 26]), 1, 10)
    array([ 0,  2, -2,  3])
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    fits = (
        units.dtype != object
        and max(largest(units), 1) * max(abs(numerator), 1) <= INT64 // 2
        and denominator <= INT64 // 2
    )
    product = units * np.int64(numerator) if fits else units.astype(object) * numerator
    low, rest = product // denominator, product % denominator
    up = (2 * rest > denominator) | ((2 * rest == denominator) & (low % 2 == 1))
    rounded = low + up.astype(low.dtype)
    return rounded if fits else whole([int(value) for value in rounded])


def multiply(units: np.ndarray, scale: int, factor: int, power: int) -> tuple[np.ndarray, int]:
    """Values times factor * 10**power, exactly: units and their scale.

    >>> multiply(np.array([12]), 1, 1, 4)
    (array([12000]), 0)
    >>> multiply(np.array([125]), 1, 1, -2)
    (array([125]), 3)
    """
    factor, new_scale = multiply_one(factor, scale, 1, power)
    if factor == 1:
        return units, new_scale
    if units.dtype != object and max(largest(units), 1) * abs(factor) <= INT64:
        return units * np.int64(factor), new_scale
    return whole([unit * factor for unit in units.tolist()]), new_scale


def multiply_one(unit: int, scale: int, factor: int, power: int) -> tuple[int, int]:
    """A single value times factor * 10**power: its units and scale."""
    new_scale = max(scale - power, 0)
    return unit * factor * 10 ** (power - scale + new_scale), new_scale


def total(units: np.ndarray) -> int:
    """Exact sum, however large.

    >>> total(np.full(4, 2**62)) == 2**64
    True
    """
    if units.dtype == object or largest(units) * len(units) <= INT64:
        return int(units.sum())
    return (int((units >> 32).sum()) << 32) + int((units & 0xFFFFFFFF).sum())


def to_decimals(units: np.ndarray, scale: int) -> pa.Array:
    """Values as Arrow decimals: decimal128(38, scale), or decimal256(76, scale) where that is too
    small.

    >>> to_decimals(np.array([1250, -5]), 2).to_pylist()
    [Decimal('12.50'), Decimal('-0.05')]
    """
    if units.dtype != object and scale <= LARGEST_DECIMAL:
        words = np.empty((len(units), 2), dtype="<i8")
        words[:, 0], words[:, 1] = units, units >> 63
        return pa.Array.from_buffers(
            pa.decimal128(LARGEST_DECIMAL, scale), len(units), [None, pa.py_buffer(words)]
        )
    kind = (
        pa.decimal128(LARGEST_DECIMAL, scale)
        if largest(units) < 10**LARGEST_DECIMAL and scale <= 38
        else pa.decimal256(76, scale)
    )
    width = kind.byte_width
    buffer = b"".join(int(unit).to_bytes(width, "little", signed=True) for unit in units)
    return pa.Array.from_buffers(kind, len(units), [None, pa.py_buffer(buffer)])


def from_decimals(decimals: pa.Array) -> tuple[np.ndarray, int]:
    """Units and scale of Arrow decimals without nulls.

    >>> from_decimals(to_decimals(np.array([1250, -5]), 2))
    (array([1250,   -5]), 2)
    """
    scale, width = decimals.type.scale, decimals.type.byte_width
    raw = np.frombuffer(decimals.buffers()[1], dtype="<i8").reshape(-1, width // 8)[
        decimals.offset : decimals.offset + len(decimals)
    ]
    if (raw[:, 1:] == (raw[:, :1] >> 63)).all():
        return np.ascontiguousarray(raw[:, 0]), scale
    bytes_ = raw.tobytes()
    return whole(
        [
            int.from_bytes(bytes_[at : at + width], "little", signed=True)
            for at in range(0, len(bytes_), width)
        ]
    ), scale


@contextmanager
def exactly() -> Iterator[None]:
    """Decimal arithmetic in which nothing is rounded: `decimal.Inexact` where it would have to
    be.
    """
    with localcontext(Context(prec=400, traps=[Inexact, InvalidOperation, Overflow])):
        yield
