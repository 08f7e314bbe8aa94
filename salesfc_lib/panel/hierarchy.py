"""Levels of the business: the `series` table and the summing matrix.

An id is built by `unique_id` alone and never parsed: the `series` table has the members.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten

if TYPE_CHECKING:
    from scipy import sparse

DESCRIBING = ("unique_id", "level", "label")  # columns of `series` that are not dimensions


class Summing(NamedTuple):
    """Which bottom series make up which series: `matrix @ bottoms` gives every series.

    matrix: (n_series, n_bottom) of zeros and ones; ids: unique_ids of its rows, in the order of the
    `series` table; bottom_ids: unique_ids of its columns; bottom: (n_bottom,) their rows.
    """

    matrix: sparse.csr_matrix
    ids: pd.Index
    bottom_ids: pd.Index
    bottom: np.ndarray

    @property
    def upper(self) -> np.ndarray:
        """Rows of the series above the bottom, (n_series - n_bottom,)."""
        return np.setdiff1d(np.arange(len(self.ids)), self.bottom)


def unique_id(level: str, members: Mapping[str, str]) -> str:
    r"""Id of the series of `members`, in the order of the level's dimensions, at `level`.

    A backslash before ``/`` and ``\`` in a member (and before ``:`` in a level's name) keeps ids
    unique for any names.

    >>> unique_id("total", {})
    'total'
    >>> unique_id("line_region", {"line": "Pots/Pans", "region": "North"})
    'line_region:Pots\\/Pans/North'
    """
    head = re.sub(r"[\\:]", r"\\\g<0>", level)
    tail = "/".join(re.sub(r"[\\/]", r"\\\g<0>", str(each)) for each in members.values())
    return f"{head}:{tail}" if members else head


def build_series(bottom_keys: pd.DataFrame, levels: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Series table of all `levels`, in their order, members sorted.

    `bottom_keys` has a row per combination of dimensions (repeated rows are ignored). A dimension
    that a level sums over is null. Two levels that give the same series still give two rows.

    Raises `SalesForecastError` where a dimension is not a column or a member is null.

    >>> keys = pd.DataFrame({"line": ["Pots", "Pans"], "region": ["North", "North"]})
    >>> build_series(keys, {"total": [], "line": ["line"]})[["unique_id", "label", "line"]]
       unique_id label  line
    0      total   All  None
    1  line:Pans  Pans  Pans
    2  line:Pots  Pots  Pots
    """
    dimensions = [column for column in bottom_keys.columns if column not in DESCRIBING]
    _check_keys(bottom_keys, dimensions, levels)
    parts = [
        _level_series(bottom_keys, name, crossed, dimensions) for name, crossed in levels.items()
    ]
    return pd.concat(parts, ignore_index=True)


def list_levels(series: pd.DataFrame) -> dict[str, list[str]]:
    """Dimensions that each level of a series table crosses, in the table's order, bottom last.

    >>> list_levels(build_series(pd.DataFrame({"line": ["Pots"]}), {"total": [], "line": ["line"]}))
    {'total': [], 'line': ['line']}
    """
    dimensions = [column for column in series.columns if column not in DESCRIBING]
    first = series.drop_duplicates("level").set_index("level")
    return {
        str(level): [name for name in dimensions if pd.notna(first.at[level, name])]
        for level in first.index
    }


def summing_matrix(series: pd.DataFrame, levels: Mapping[str, Sequence[str]]) -> Summing:
    """Summing matrix of the series table, (n_series, n_bottom), with ids of rows and columns.

    Raises `SalesForecastError` where a bottom series has no series to go into at some level.
    """
    from scipy import sparse  # slow to import

    series = series.loc[series["level"].isin(list(levels))].reset_index(drop=True)
    bottom = np.flatnonzero(series["level"].eq(list(levels)[-1]).to_numpy())
    parents = [_parents(series, bottom, name, list(crossed)) for name, crossed in levels.items()]
    rows = np.concatenate(parents)
    places = rows, np.tile(np.arange(len(bottom)), len(levels))
    matrix = sparse.csr_matrix((np.ones(len(rows)), places), shape=(len(series), len(bottom)))
    ids = pd.Index(series["unique_id"])
    return Summing(matrix, ids, ids[bottom], bottom)


def coherence_gap(
    frame: pd.DataFrame,
    series: pd.DataFrame,
    levels: Mapping[str, Sequence[str]],
    *,
    value: str = "y_hat",
) -> float:
    """Largest relative gap between a series and the sum of its bottoms; 0 where everything adds up.

    gap = |series - sum| / max(|series|, sum of |bottoms|), over every combination of stage, cutoff
    and ds, as far as the frame has them. A series without a row counts as zero; months that are
    null for all series are skipped, one that is null for some only is infinitely far off.
    """
    by = [name for name in ("stage", "cutoff", "ds") if name in frame.columns]
    summing = summing_matrix(series, levels)
    wide = frame.pivot(index="unique_id", columns=by, values=value)
    null = frame[value].isna()
    missing = null.groupby([frame[name] for name in by], dropna=False).agg(["all", "any"])
    if (missing["any"] & ~missing["all"]).any():
        return float("inf")
    values = wide.reindex(summing.ids).fillna(0.0).to_numpy()
    bottoms = values[summing.bottom]
    scale = np.maximum(np.abs(values), summing.matrix @ np.abs(bottoms))
    gap = np.abs(values - summing.matrix @ bottoms)
    return float(np.max(gap / np.where(scale > 0, scale, 1.0), initial=0.0))


def _check_keys(
    bottom_keys: pd.DataFrame, dimensions: list[str], levels: Mapping[str, Sequence[str]]
) -> None:
    missing = sorted({name for crossed in levels.values() for name in crossed} - set(dimensions))
    if missing:
        where = "The bottom's combinations"
        raise SalesForecastError.missing_columns(missing, bottom_keys.columns, where)
    null = [name for name in dimensions if bottom_keys[name].isna().any()]
    if null:
        raise SalesForecastError.of(
            f"Rows have no member of {shorten(null)}",
            "Every row belongs to one member of each dimension, so that the bottom series make up "
            "the whole",
            "Give such rows a member in cleaning, e.g. 'unknown'",
        )


def _level_series(
    keys: pd.DataFrame, level: str, crossed: Sequence[str], dimensions: list[str]
) -> pd.DataFrame:
    names = list(crossed)
    members = keys[names].drop_duplicates().sort_values(names) if names else keys.iloc[:1]
    rows = members[names].to_dict("records") if names else [{}]
    series: dict[str, Any] = {
        "unique_id": [unique_id(level, row) for row in rows],
        "level": level,
        "label": [" · ".join(map(str, row.values())) or "All" for row in rows],
    }
    none = [None] * len(rows)
    for name in dimensions:
        series[name] = members[name].to_numpy(object) if name in names else none
    return pd.DataFrame(series, dtype=object)


def _parents(
    series: pd.DataFrame, bottom: np.ndarray, level: str, crossed: list[str]
) -> np.ndarray:
    """Row in `series` of the series at `level` that each bottom series adds into, (n_bottom,)."""
    rows = np.flatnonzero(series["level"].eq(level).to_numpy())
    members = list(map(tuple, series[crossed].to_numpy(dtype=object)))
    at = {members[row]: row for row in rows}
    wanted = [members[row] for row in bottom]
    orphans = [row for row, key in zip(bottom, wanted, strict=True) if key not in at]
    if orphans:
        raise SalesForecastError.of(
            f"Level '{level}' has no series for {shorten(series['unique_id'].iloc[orphans])}",
            "Every bottom series adds into one series of each level",
            "Build the series table with `build_series`",
        )
    return np.array([at[key] for key in wanted], dtype=np.intp)
