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


def largest(units: np.ndarray) -> int:
    """Largest absolute value; 0 where there is none.

    >>> largest(np.array([1, -(2**63)]))
    9223372036854775808
    """
    return max(abs(int(units.min())), abs(int(units.max()))) if len(units) else 0


def multiply(units: np.ndarray, factor: int) -> np.ndarray:
    """Exact products.

    >>> multiply(np.array([10**18]), 100)
    array([100000000000000000000], dtype=object)
    """
    if factor == 1:
        return units
    if units.dtype != object and max(largest(units), 1) * abs(factor) <= INT64:
        return units * np.int64(factor)
    return whole([unit * factor for unit in units.tolist()])


def rescale(units: np.ndarray, scale: int, new_scale: int) -> np.ndarray:
    """The same values with another number of decimal places; a smaller one has to lose nothing.

    >>> rescale(np.array([125, -5]), 2, 4), rescale(np.array([1200]), 2, 0)
    (array([12500,  -500]), array([12]))
    """
    if new_scale >= scale:
        return multiply(units, 10 ** (new_scale - scale))
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
    product = multiply(units, numerator)
    if max(2 * denominator, largest(product)) > INT64:
        product = product.astype(object)
    low, rest = product // denominator, product % denominator
    up = (2 * rest > denominator) | ((2 * rest == denominator) & (low % 2 == 1))
    rounded = low + up.astype(low.dtype)
    return rounded if rounded.dtype != object else whole(rounded.tolist())


def to_decimals(units: np.ndarray, scale: int) -> pa.Array:
    """Values as Arrow decimals: decimal128(38, scale), or decimal256(76, scale) where that is too
    small.

    >>> to_decimals(np.array([1250, -5]), 2).to_pylist()
    [Decimal('12.50'), Decimal('-0.05')]
    """
    is_small = scale <= LARGEST_DECIMAL and largest(units) < 10**LARGEST_DECIMAL
    kind = pa.decimal128(LARGEST_DECIMAL, scale) if is_small else pa.decimal256(76, scale)
    if units.dtype != object and is_small:
        words = np.empty((len(units), 2), dtype="<i8")
        words[:, 0], words[:, 1] = units, units >> 63
        return pa.Array.from_buffers(kind, len(units), [None, pa.py_buffer(words)])
    width = kind.byte_width
    buffer = b"".join(int(unit).to_bytes(width, "little", signed=True) for unit in units)
    return pa.Array.from_buffers(kind, len(units), [None, pa.py_buffer(buffer)])


def from_decimals(decimals: pa.Array) -> tuple[np.ndarray, int]:
    """Units and scale of Arrow decimals without nulls.

    >>> from_decimals(to_decimals(np.array([1250, -5]), 2))
    (array([1250,   -5]), 2)
    """
    words = np.frombuffer(decimals.buffers()[1], dtype="<i8")
    words = words.reshape(-1, decimals.type.byte_width // 8)
    words = words[decimals.offset : decimals.offset + len(decimals)]
    if (words[:, 1:] == (words[:, :1] >> 63)).all():
        return np.ascontiguousarray(words[:, 0]), decimals.type.scale
    return whole(
        [int.from_bytes(row.tobytes(), "little", signed=True) for row in words]
    ), decimals.type.scale


@contextmanager
def exactly() -> Iterator[None]:
    """Decimal arithmetic in which `decimal.Inexact` is raised where a digit would be lost."""
    with localcontext(Context(prec=400, traps=[Inexact, InvalidOperation, Overflow])):
        yield
