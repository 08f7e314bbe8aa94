"""Frames of lines: put together, summed and given their months, without a Python object a row.

Frames with pandas categories and whole numbers enter and leave. The decision made here: sums are exact. They run on int64
where no sum can leave it, and on Python's whole numbers where one could.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from salesfc_lib.foundation import Calendar, label_months
from salesfc_lib.intake import missing_category, one_category, to_decimals

LARGEST = 2**62  # a sum below this cannot have left int64


def concat_lines(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Lines of several frames; categories are joined, a column that one lacks is missing there."""
    names = list(dict.fromkeys(name for frame in frames for name in frame.columns))
    filled = [frame for frame in frames if len(frame)]
    if len(filled) == 1 and set(filled[0].columns) == set(names):
        return filled[0].reset_index(drop=True)
    return pd.DataFrame({name: _concat(name, frames) for name in names}, copy=False)


def _concat(name: str, frames: Sequence[pd.DataFrame]) -> pd.Series:
    own = [frame[name] for frame in frames if name in frame]
    if any(isinstance(column.dtype, pd.CategoricalDtype) for column in own):
        parts = [frame[name] if name in frame else missing_category(len(frame)) for frame in frames]
        parts = [
            part if isinstance(part.dtype, pd.CategoricalDtype) else one_category(part)
            for part in parts
        ]
        return pd.Series(union_categoricals([part.array for part in parts]))
    parts = [
        frame[name] if name in frame else pd.Series(0, index=frame.index, dtype="int64")
        for frame in frames
    ]
    parts = [part for part in parts if len(part)] or parts[:1]
    if all(part.dtype == parts[0].dtype for part in parts):
        return pd.concat(parts, ignore_index=True)
    return pd.concat([part.astype(object) for part in parts], ignore_index=True)


def with_month(lines: pd.DataFrame, calendar: Calendar) -> pd.DataFrame:
    """Lines with the first day of the business month of their date."""
    return lines.assign(
        month=label_months(lines["date"].to_numpy(), calendar).astype("datetime64[ns]")
    )


def sum_by(lines: pd.DataFrame, keys: list[str], measures: Iterable[str]) -> pd.DataFrame:
    """Number of rows, and exact sums of whole numbers, by keys (a missing key is a group of its own)."""
    group, firsts = group_numbers(lines, keys)
    sums = {"rows": np.bincount(group, minlength=len(firsts)).astype(np.int64)}
    for name in measures:
        sums[name] = sum_units(lines[name].to_numpy(), group, len(firsts))
    frame = lines[keys].iloc[firsts].reset_index(drop=True).assign(**sums)
    return frame.assign(
        **{
            key: frame[key].astype(object)
            for key in keys
            if isinstance(frame[key].dtype, pd.CategoricalDtype)
        }
    )


def group_numbers(lines: pd.DataFrame, keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Group of each line (n_lines,), and the position of the first line of each group (n_groups,), groups by first appearance."""
    combined = np.zeros(len(lines), dtype=np.int64)
    for key in keys:
        codes = _codes(lines[key])
        combined = combined * (int(codes.max(initial=0)) + 1) + codes
        if combined.max(initial=0) > LARGEST // 2**31:
            combined = pd.factorize(combined)[0]
    group, distinct = pd.factorize(combined)
    firsts = np.full(len(distinct), len(lines), dtype=np.int64)
    firsts[group[::-1]] = np.arange(len(lines))[::-1]
    return group, firsts


def _codes(column: pd.Series) -> np.ndarray:
    """A whole number from 0 for each value of a key; missing is 0."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype(np.int64) + 1
    if column.dtype.kind == "M":
        days = column.to_numpy().astype("datetime64[D]").view(np.int64)
        known = ~np.isnat(column.to_numpy())
        low = days[known].min() if known.any() else 0
        return np.where(known, days - low + 1, 0)
    return pd.factorize(column)[0].astype(np.int64) + 1


def sum_units(units: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Exact sums of whole numbers by group (n_groups,): int64 where none can leave it, else Python's whole numbers."""
    if units.dtype != object and len(units):
        largest = max(abs(int(units.min())), abs(int(units.max())))
        if largest * len(units) < LARGEST:
            order = pd.Series(units).groupby(group, sort=False).sum()
            sums = np.zeros(groups, dtype=np.int64)
            sums[order.index.to_numpy()] = order.to_numpy()
            return sums
    exact = np.zeros(groups, dtype=object)
    for place, value in zip(group, units.tolist(), strict=True):
        exact[place] += value
    return exact


def sort_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines by source, row and kind; they come so unless a rule has put some in."""
    source = lines["source"].cat
    rank = np.argsort(
        np.argsort(source.categories.to_numpy().astype(str), kind="stable"), kind="stable"
    )[source.codes]
    keys = (lines["kind"].cat.codes.to_numpy(), lines["row"].to_numpy(), rank)
    if _is_sorted(keys[::-1]):
        return lines.reset_index(drop=True)
    return lines.iloc[np.lexsort(keys)].reset_index(drop=True)


def _is_sorted(keys: Sequence[np.ndarray]) -> bool:
    later = np.zeros(max(len(keys[0]) - 1, 0), dtype=bool)
    for key in keys:
        if (key[1:] < key[:-1])[~later].any():
            return False
        later |= key[1:] > key[:-1]
    return True


def units_as_decimals(units: np.ndarray, scale: int) -> pd.Series:
    """Whole numbers of 10**-scale as exact decimals, held by Arrow."""
    decimals = to_decimals(units, scale)
    return pd.Series(pd.arrays.ArrowExtensionArray(decimals), dtype=pd.ArrowDtype(decimals.type))
