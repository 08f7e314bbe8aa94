"""What became of history: the same months, as the month before published them and as they are now.

A row is the same row by its source's declared key, else by all its content; rows with the same
content cancel out one by one. A row that is new, gone or changed in the month last published is a
late posting or a correction; in an older month, which was closed and stayed so at least once, the
month was reopened; and where the unit's definitions changed, the difference is called redefined,
because the rows alone cannot tell. Sums are of decimals at the finer scale of both views, never of
binary floats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal, Inexact, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from salesfc_lib.cleaning.history.changed_definitions import EVERY
from salesfc_lib.cleaning.history.published_views import (
    CHANGED,
    GONE,
    MEASURES,
    NEW,
    PRECISION,
    Matching,
    Views,
    keep_unequal,
    pair_versions,
    read_months,
    usable_keys,
)
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import tables

SAMPLE, FEW = 100_000, 1_000  # rows that tell whether a column's texts are few, and how many are
VIEWS = ("before", "now")
EXACT = Context(prec=2 * PRECISION, traps=[Inexact])


def read_view(path: Path) -> pa.Table:
    """Table `transactions` of a published month, a chunk a column, repeated texts encoded.

    Raises `SalesForecastError` naming a file that is torn.
    """
    try:
        names = pq.read_schema(path).names
        return pa.table(
            {name: _shrink(pq.read_table(path, columns=[name])[name]) for name in names}
        )
    except (pa.ArrowException, OSError) as error:
        do = "Run `salesfc verify`, then publish that month again"
        raise SalesForecastError.unreadable_file(path, " ".join(str(error).split()), do) from error


def _shrink(column: pa.ChunkedArray) -> pa.Array:
    repeats = pa.types.is_string(column.type) and len(column.slice(0, SAMPLE).unique()) <= FEW
    return (column.dictionary_encode().unify_dictionaries() if repeats else column).combine_chunks()


def restate(
    before: pa.Table,
    now: pa.Table,
    *,
    last: pd.Timestamp,
    dimensions: Sequence[str],
    keys: Mapping[str, Sequence[str]],
    redefined: Mapping[str, Sequence[str]],
) -> dict[str, pd.DataFrame]:
    """Tables `restatement` and `restatement_months` of the months through `last` in both views.

    `keys` has every source's key as columns of the transactions (empty: none is declared);
    `redefined` the changed definitions by source (see `find_redefined`).
    """
    matching = Matching(usable_keys(keys, before, now), dimensions)
    views = keep_unequal(before, now, matching)
    found = _locate(pair_versions(views, matching), views, dimensions)
    found = found[found["month"].le(last)]
    found = found.assign(kind=_name_kinds(found, last, redefined))
    return {
        "restatement": _sum_cells(found, views, dimensions, redefined),
        "restatement_months": _sum_months(before, now, last),
    }


def _locate(found: pd.DataFrame, views: Views, dimensions: Sequence[str]) -> pd.DataFrame:
    """Rows with their month and cell (month, members), and whether their partner has another."""
    places = found["place"].to_numpy()
    rows = views.take(places)
    cell = pd.Series(rows.code(["month", *dimensions]), index=places)
    moved = cell.reindex(found["partner"]).to_numpy() != cell.to_numpy()
    months = rows.months.astype("datetime64[ns]")
    return found.assign(month=months, cell=cell.to_numpy(), moved=moved)


def _name_kinds(
    found: pd.DataFrame, last: pd.Timestamp, redefined: Mapping[str, Sequence[str]]
) -> np.ndarray:
    is_redefined = found["source"].isin(list(redefined)) | (EVERY in redefined)
    conditions = [is_redefined, found["month"].lt(last), found["change"].eq(NEW)]
    return np.select(conditions, ["redefined", "reopened", "late_posting"], "corrected")


def _sum_cells(
    found: pd.DataFrame,
    views: Views,
    dimensions: Sequence[str],
    redefined: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Table `restatement`: rows by cell, source and kind."""
    groups = found.groupby(["month", "cell", "source", "kind"], sort=True)
    number = groups.ngroup().to_numpy()
    first = groups.first().reset_index()
    places = pa.array(first["place"].to_numpy(dtype=np.int64))
    members = views.rows.select([*dimensions]).take(places)
    # counted where its new version stands
    left = found["change"].eq(CHANGED) & found["then"] & ~found["moved"]
    counts = {
        change: _count(number[found["change"].eq(change) & ~left], len(first))
        for change in (NEW, GONE, CHANGED)
    }
    keys = [[*redefined.get(EVERY, ()), *redefined.get(name, ())] for name in first["source"]]
    reasons = np.array([", ".join(each) for each in keys], dtype=object)
    frame = pd.DataFrame(
        {
            "ds": first["month"],
            "source": first["source"],
            **{name: members[name].cast(pa.string()).to_pandas() for name in dimensions},
            "kind": first["kind"],
            **_sum_views(views, found["place"].to_numpy(), number, len(first)),
            **counts,
            "reason": np.where(first["kind"].eq("redefined"), reasons, ""),
        }
    )
    types: dict[str, Any] = {"ds": "datetime64[ns]"}
    types |= dict.fromkeys(["source", *dimensions, "kind", "reason"], object)
    return tables.check(frame.astype(types), "restatement")


def _count(numbers: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(numbers, minlength=size).astype(np.int64)


def _sum_views(
    views: Views, places: np.ndarray, number: np.ndarray, size: int
) -> dict[str, pd.Series]:
    """Sum of both measures in both views, and the difference, by each place's number."""
    then, rows = views.then[places], views.rows.select([*MEASURES]).take(pa.array(places))
    sums = [_sum(rows.filter(pa.array(mask)), number[mask], size) for mask in (then, ~then)]
    return _subtract(*sums)


def _subtract(
    before: Mapping[str, pd.Series], now: Mapping[str, pd.Series]
) -> dict[str, pd.Series]:
    with localcontext(EXACT):
        differences = {measure: now[measure] - before[measure] for measure in MEASURES}
    named = (("before", before), ("now", now), ("difference", differences))
    return {f"{measure}_{view}": values[measure] for measure in MEASURES for view, values in named}


def _sum(rows: pa.Table, number: np.ndarray, size: int) -> dict[str, pd.Series]:
    """Exact sums of the measures of each number below `size`, as Decimal at their scale."""
    found = rows.select([*MEASURES]).append_column("number", pa.array(number))
    found = found.group_by("number").aggregate([(measure, "sum") for measure in MEASURES])
    sums = {}
    for measure in MEASURES:
        kind = rows[measure].type
        series = pd.Series([Decimal(0).scaleb(-getattr(kind, "scale", 0))] * size, dtype=object)
        series[found["number"].to_numpy()] = found[f"{measure}_sum"].to_pylist()
        sums[measure] = series
    return sums


def _sum_months(before: pa.Table, now: pa.Table, last: pd.Timestamp) -> pd.DataFrame:
    """Table `restatement_months`: rows and measures of the months through `last` in both views."""
    months = [read_months(table) for table in (before, now)]
    every = np.unique(np.concatenate(months))
    every = every[every <= np.datetime64(last, "M")]
    numbers = [np.searchsorted(every, each) for each in months]  # the last place: what is later
    size = len(every) + 1
    sums = [_sum(table, each, size) for table, each in zip((before, now), numbers, strict=True)]
    rows = {f"rows_{view}": _count(each, size) for view, each in zip(VIEWS, numbers, strict=True)}
    totals = pd.DataFrame({**_subtract(*sums), **rows}).iloc[: len(every)]
    totals = totals.assign(ds=every.astype("datetime64[ns]"))
    columns = [*tables.CONTRACTS["restatement_months"].columns]
    return tables.check(totals[columns], "restatement_months")
