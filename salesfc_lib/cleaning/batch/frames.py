"""Frames of lines: concatenated, summed exactly, given months, without an object a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Calendar, label_months
from salesfc_lib.intake import fixed_point, text_columns

DAYS, PLACE = ("known", "date"), ("source", "row")  # first and last in an order by content
LARGEST = 2**62  # a sum below this cannot have left int64


def concat_lines(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Lines of several frames; a measure that one of them lacks is 0 there, a text missing."""
    names = list(dict.fromkeys(name for frame in frames for name in frame.columns))
    filled = [frame for frame in frames if len(frame)]
    if len(filled) == 1 and set(filled[0].columns) == set(names):
        return filled[0].reset_index(drop=True)
    return pd.DataFrame({name: _concat(name, frames) for name in names}, copy=False)


def _concat(name: str, frames: Sequence[pd.DataFrame]) -> pd.Series:
    own = [frame[name] for frame in frames if name in frame]
    if any(is_category(column) for column in own):
        parts = [
            frame[name] if name in frame else text_columns.missing_category(len(frame))
            for frame in frames
        ]
        parts = [part if is_category(part) else text_columns.one_category(part) for part in parts]
        return pd.Series(union_categoricals([part.array for part in parts]))
    zeros = {id(frame): pd.Series(0, index=frame.index, dtype="int64") for frame in frames}
    parts = [frame[name] if name in frame else zeros[id(frame)] for frame in frames]
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def is_category(column: pd.Series) -> bool:
    """Whether a column of lines holds text."""
    return isinstance(column.dtype, pd.CategoricalDtype)


def with_month(lines: pd.DataFrame, calendar: Calendar) -> pd.DataFrame:
    """Lines with the first day of the business month of their date."""
    months = label_months(lines["date"].to_numpy(), calendar)
    return lines.assign(month=months.astype("datetime64[ns]"))


def sum_by(lines: pd.DataFrame, keys: list[str], measures: Iterable[str]) -> pd.DataFrame:
    """Number of rows, and exact sums of whole numbers, by keys (missing is a key too)."""
    group, firsts = group_numbers(lines, keys)
    sums = {"rows": np.bincount(group, minlength=len(firsts)).astype(np.int64)}
    for name in measures:
        sums[name] = sum_units(lines[name].to_numpy(), group, len(firsts))
    frame = lines[keys].iloc[firsts].reset_index(drop=True).assign(**sums)
    return frame.astype({key: object for key in keys if is_category(frame[key])})


def group_numbers(lines: pd.DataFrame, keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Group of each line (n_lines,) by first appearance, and its first line (n_groups,)."""
    group, distinct = pd.factorize(combine_codes([_codes(lines[key]) for key in keys]))
    firsts = np.full(len(distinct), len(lines), dtype=np.int64)
    firsts[group[::-1]] = np.arange(len(lines))[::-1]
    return group, firsts


def key_codes(lines: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """A whole number from 0 for each distinct key (n_lines,); -1 where a part is missing."""
    codes = [_codes(lines[column]) for column in columns]
    missing = np.logical_or.reduce([each == 0 for each in codes])
    return np.where(missing, -1, combine_codes(codes))


def combine_codes(codes: Sequence[np.ndarray]) -> np.ndarray:
    """One whole number for each line's codes, from 0."""
    combined = codes[0]
    for more in codes[1:]:
        combined = combined * (int(more.max(initial=0)) + 1) + more
        if combined.max(initial=0) > LARGEST // 2**31:
            combined = pd.factorize(combined)[0]
    return combined


def _codes(column: pd.Series) -> np.ndarray:
    """A whole number from 1 for each value of a key; missing is 0."""
    if is_category(column):
        return column.cat.codes.to_numpy().astype(np.int64) + 1
    if column.dtype.kind == "M":
        days = column.to_numpy().astype("datetime64[D]").view(np.int64)
        known = ~np.isnat(column.to_numpy())
        low = days[known].min() if known.any() else 0
        return np.where(known, days - low + 1, 0)
    return pd.factorize(column)[0].astype(np.int64) + 1


def key_tuples(frame: pd.DataFrame, columns: Iterable[str]) -> pd.Series:
    """The frame's keys as tuples; None where a part is missing."""
    parts = frame[list(columns)].astype(object)
    keys = list(parts.itertuples(index=False, name=None))
    whole = parts.notna().all(axis=1)
    return pd.Series(keys, index=frame.index, dtype=object).where(whole, None)


def fill_category(column: pd.Series, found: pd.Series) -> pd.Series:
    """The column, its missing labels as found."""
    missing = column.isna()
    if not missing.any():
        return column
    return text_columns.one_category(column.astype(object).where(~missing, found.astype(object)))


def replace_cells(column: pd.Series, at: np.ndarray, values: pd.Series) -> pd.Series:
    """The column with new values at some positions; a category takes further members in."""
    if is_category(column):
        more = pd.Index(values.dropna().unique()).difference(column.cat.categories, sort=False)
        column = column.cat.add_categories(more)
        codes = column.cat.codes.to_numpy().astype(np.int32)
        codes[at] = column.cat.categories.get_indexer(values)
        return pd.Series(pd.Categorical.from_codes(codes, dtype=column.dtype), index=column.index)
    array = column.to_numpy(copy=True)
    array[at] = values.to_numpy()
    return pd.Series(array, index=column.index)


def sum_units(units: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Exact sums by group (n_groups,); raises `SalesForecastError` where one leaves int64."""
    if not len(units):
        return np.zeros(groups, dtype=np.int64)
    if max(abs(int(units.min())), abs(int(units.max()))) * len(units) < LARGEST:
        return _sum(units, group, groups)
    high, low = _sum(units >> 32, group, groups), _sum(units & 0xFFFFFFFF, group, groups)
    exact = [(int(one) << 32) + int(other) for one, other in zip(high, low, strict=True)]
    return fit_int64(np.array(exact, dtype=object), "A sum")


def _sum(units: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    sums = np.zeros(groups, dtype=np.int64)
    found = pd.Series(units).groupby(group, sort=False).sum()
    sums[found.index.to_numpy()] = found.to_numpy()
    return sums


def rescale_units(units: np.ndarray, more: int) -> np.ndarray:
    """The same values with so many more decimal places."""
    return fit_int64(fixed_point.rescale(units, 0, more), "A column")


def multiply_each(units: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Exact products of whole numbers: int64, or Python's whole numbers where one does not fit.

    >>> multiply_each(np.array([2, 10**18]), np.array([3, 100])).tolist()
    [6, 100000000000000000000]
    """
    if (
        max(fixed_point.largest(units), 1) * max(fixed_point.largest(factors), 1)
        <= fixed_point.INT64
    ):
        return units * factors
    return units.astype(object) * factors.astype(object)


def fit_int64(units: np.ndarray, what: str, scale: int = 0) -> np.ndarray:
    """Whole numbers of 10**-scale as int64; raises `SalesForecastError` for more than 18 digits."""
    if units.dtype != object:
        return units
    if wrong := [value for value in units.tolist() if abs(value) > fixed_point.INT64]:
        shown, digits = Decimal(wrong[0]).scaleb(-scale), len(str(abs(wrong[0])))
        raise SalesForecastError.of(
            f"{what} holds {shown:f}: {digits} digits with the column's {scale} decimal places",
            "At most 18 digits, decimal places included",
            "Export the column with fewer decimal places, or correct the cell that is too large",
        )
    return units.astype(np.int64)


def sort_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines by source, row and kind; they come so unless a rule has put some in."""
    source, row = lines["source"].cat, lines["row"].to_numpy().astype(np.int64)
    order = np.argsort(source.categories.to_numpy().astype(str), kind="stable")
    rank, kinds = np.argsort(order, kind="stable")[source.codes], lines["kind"].cat
    key = (rank * (row.max(initial=0) + 1) + row) * len(kinds.categories) + kinds.codes.to_numpy()
    if (key[1:] >= key[:-1]).all():
        return lines.reset_index(drop=True)
    return lines.iloc[np.argsort(key, kind="stable")].reset_index(drop=True)


def order_by_content(lines: pd.DataFrame) -> np.ndarray:
    """Positions of lines (n_lines,) by day (missing last), then content, then source and row."""
    between = sorted(name for name in lines if name not in (*DAYS, *PLACE))
    names = [name for name in (*DAYS, *between, *PLACE) if name in lines]
    return np.lexsort([_rank(lines[name]) for name in reversed(names)])


def _rank(column: pd.Series) -> np.ndarray:
    """A number for each value that does not depend on the order of rows."""
    if not is_category(column):
        return column.to_numpy()
    used, place = np.unique(column.cat.codes.to_numpy(), return_inverse=True)
    labels = column.cat.categories.to_numpy().astype(object)
    texts = ["" if code < 0 else f"={labels[code]}" for code in used.tolist()]
    return np.asarray(np.argsort(np.argsort(np.array(texts, dtype=object)))[place])


def units_as_decimals(units: np.ndarray, scale: int) -> pd.Series:
    """Whole numbers of 10**-scale as exact decimals, held by Arrow."""
    decimals = fixed_point.to_decimals(units, scale)
    return pd.Series(pd.arrays.ArrowExtensionArray(decimals), dtype=pd.ArrowDtype(decimals.type))
