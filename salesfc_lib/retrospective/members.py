"""Which series a row of any table concerns: rows matched to bottom series by their dimensions.

A dimension that a row leaves null, or a table does not have, means all members.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.foundation import month_of, tables
from salesfc_lib.panel import DESCRIBING, list_levels


def dimensions(series: pd.DataFrame) -> list[str]:
    """Names of the dimension columns of the series table."""
    return [column for column in series.columns if column not in DESCRIBING]


def bottom_series(series: pd.DataFrame) -> pd.DataFrame:
    """Rows of the last level, whose series together partition the business."""
    return series[series["level"].isin([*list_levels(series)][-1:])]


def top_series(series: pd.DataFrame) -> pd.DataFrame:
    """Rows of the first level: the whole unit."""
    return series[series["level"].isin([*list_levels(series)][:1])]


def top_and_bottom(series: pd.DataFrame) -> pd.DataFrame:
    """`unique_id` and `level` of the series of the top and the bottom level."""
    ends = pd.concat([top_series(series), bottom_series(series)])
    return ends[["unique_id", "level"]].drop_duplicates()


def match(rows: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Pairs of a row's index label (`row`) and a bottom series (`unique_id`) that the row covers.

    One pair per covered series; a row that covers none has no pair. `rows` may lack dimensions.
    """
    bottom, shared = bottom_series(series), [name for name in dimensions(series) if name in rows]
    named = rows[shared].notna()
    pairs = [pd.DataFrame({"row": rows.index[:0], "unique_id": pd.Series(dtype=object)})]
    for _, group in rows.groupby([named[name] for name in shared] or (lambda _: True)):
        on = [name for name in shared if group[name].notna().all()]
        pairs.append(_join(group[on].assign(row=group.index), bottom, on)[["row", "unique_id"]])
    table = pd.concat(pairs[1:] or pairs, ignore_index=True)
    return table.sort_values(["row", "unique_id"], ignore_index=True)


def by_series(transactions: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Transactions with the `unique_id` of their bottom series and the month `ds` of their date."""
    bottom = bottom_series(series)
    rows = transactions.drop(columns="unique_id", errors="ignore").assign(ds=month_of(transactions))
    shared = [name for name in dimensions(series) if name in rows.columns]
    return _join(rows, bottom, [name for name in shared if bottom[name].notna().any()])


def sum_targets(target: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Target of every series and month that has one for all of its members: columns unique_id, ds
    and target.

    Targets may be set by several combinations of dimensions. Those of a series are summed from the
    coarsest one that is at least as fine as its level, so that no target counts twice.
    """
    rows = target.dropna(subset="target").reset_index(drop=True)
    named = rows[[name for name in dimensions(series) if name in rows]].notna()
    distinct = named.drop_duplicates().to_numpy(dtype=bool)
    kinds = [frozenset(named.columns[each]) for each in distinct] or [frozenset()]
    bottom, found = bottom_series(series), [tables.empty("target").assign(unique_id="")]
    for level, crossed in list_levels(series).items():
        fine = sorted((each for each in kinds if each >= {*crossed}), key=len)
        if fine:
            own, keys = series[series["level"] == level], ["ds", *crossed]
            mine = rows[(named == named.columns.isin(fine[0])).all(axis=1)]
            pairs = match(mine, series).merge(bottom[["unique_id", *crossed]], on="unique_id")
            covered = pairs.assign(ds=mine["ds"].loc[pairs["row"]].to_numpy()).groupby(keys).size()
            sums = mine.groupby(keys)["target"].sum().to_frame().assign(covered=covered)
            sums = _join(sums.reset_index(), own, crossed)
            sizes = _join(bottom[crossed], own, crossed)["unique_id"].value_counts()
            found.append(sums[sums["covered"] == sums["unique_id"].map(sizes)])
    return pd.concat(found, ignore_index=True)[["unique_id", "ds", "target"]]


def _join(rows: pd.DataFrame, bottom: pd.DataFrame, on: list[str]) -> pd.DataFrame:
    """Each row beside the series that it shares all of `on` with, beside every one without any."""
    others = bottom[["unique_id", *on]]
    return rows.merge(others, on=on) if on else rows.merge(others, how="cross")
