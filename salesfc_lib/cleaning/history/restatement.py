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
    encode,
    lay_side_by_side,
    month_of,
    pair_versions,
)
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import tables

SAMPLE, FEW = 100_000, 1_000  # rows that tell whether a column's texts are few, and how many are
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
    both = {*before.column_names} & {*now.column_names}
    usable = {name: key if {*key} <= both else () for name, key in keys.items()}
    rows = lay_side_by_side(before, now, keys=usable, dimensions=dimensions)
    found = pair_versions(rows, keys=usable, dimensions=dimensions)
    own = rows.take(pa.array(found["place"].to_numpy()))
    cell = pd.Series(encode(own, ["month", *dimensions]), index=found["place"])
    moved = cell.reindex(found["partner"]).to_numpy() != cell.to_numpy()
    found = found.assign(month=own["month"].to_pandas(), cell=cell.to_numpy(), moved=moved)
    found = found[found["month"].le(last)]
    is_redefined = found["source"].isin([*redefined]) | (EVERY in redefined)
    conditions = [is_redefined, found["month"].lt(last), found["change"].eq(NEW)]
    kind = np.select(conditions, ["redefined", "reopened", "late_posting"], "corrected")
    return {
        "restatement": _sum_cells(found.assign(kind=kind), rows, dimensions, redefined),
        "restatement_months": _sum_months(before, now, last),
    }


def _sum_cells(
    found: pd.DataFrame,
    rows: pa.Table,
    dimensions: Sequence[str],
    redefined: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Table `restatement`: rows by cell, source and kind."""
    groups = found.groupby(["month", "cell", "source", "kind"], sort=True)
    number = groups.ngroup().to_numpy()
    first = groups.first().reset_index()
    places = pa.array(first["place"].to_numpy(dtype=np.int64))
    members = rows.select([*dimensions]).take(places)
    # counted where its new version stands
    left = found["change"].eq(CHANGED) & found["then"] & ~found["moved"]
    counts = {
        change: np.bincount(number[found["change"].eq(change) & ~left], minlength=len(first))
        for change in (NEW, GONE, CHANGED)
    }
    then = found["then"].to_numpy()
    sides = [
        (rows.take(pa.array(found.loc[side, "place"].to_numpy())), number[side])
        for side in (then, ~then)
    ]
    keys = [[*redefined.get(EVERY, ()), *redefined.get(name, ())] for name in first["source"]]
    reasons = np.array([", ".join(each) for each in keys], dtype=object)
    frame = pd.DataFrame(
        {
            "ds": first["month"],
            "source": first["source"],
            **{name: members[name].cast(pa.string()).to_pandas() for name in dimensions},
            "kind": first["kind"],
            **_sum_views(sides, len(first)),
            **counts,
            "reason": np.where(first["kind"].eq("redefined"), reasons, ""),
        }
    )
    types: dict[str, Any] = {"ds": "datetime64[ns]"}
    types |= dict.fromkeys(["source", *dimensions, "kind", "reason"], object)
    return tables.check(frame.astype(types), "restatement")


def _sum_months(before: pa.Table, now: pa.Table, last: pd.Timestamp) -> pd.DataFrame:
    """Table `restatement_months`: rows and measures of the months through `last` in both views."""
    months = [month_of(table).to_numpy() for table in (before, now)]
    every = np.unique(np.concatenate(months))
    every = every[every <= last.to_datetime64()]
    numbers = [np.searchsorted(every, each) for each in months]  # the last place: what is later
    size = len(every) + 1
    frame = pd.DataFrame(_sum_views([*zip((before, now), numbers, strict=True)], size))
    rows = [np.bincount(each, minlength=size) for each in numbers]
    frame = frame.assign(rows_before=rows[0], rows_now=rows[1]).iloc[: len(every)]
    frame = frame.assign(ds=every.astype("datetime64[ns]"))
    columns = [*tables.CONTRACTS["restatement_months"].columns]
    return tables.check(frame[columns], "restatement_months")


def _sum_views(sides: Sequence[tuple[pa.Table, np.ndarray]], size: int) -> dict[str, np.ndarray]:
    """Exact sums of both measures before and now, and now - before, by number below `size`.

    `sides` are rows of both views with their numbers; the sums are Decimal at the measure's scale.
    """
    sums: dict[str, np.ndarray] = {}
    for (table, number), view in zip(sides, ("before", "now"), strict=True):
        found = table.select([*MEASURES]).append_column("number", pa.array(number))
        found = found.group_by("number").aggregate([(measure, "sum") for measure in MEASURES])
        for measure in MEASURES:
            zero = Decimal(0).scaleb(-getattr(table[measure].type, "scale", 0))
            of_number = np.full(size, zero, dtype=object)
            of_number[found["number"].to_numpy()] = found[f"{measure}_sum"].to_pylist()
            sums[f"{measure}_{view}"] = of_number
    with localcontext(EXACT):
        for name in MEASURES:
            sums[f"{name}_difference"] = sums[f"{name}_now"] - sums[f"{name}_before"]
    return sums
