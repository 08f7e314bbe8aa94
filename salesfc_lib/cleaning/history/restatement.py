"""What became of history: the same months, as the month before published them and as they are now.

A row is the same row by its source's declared key, else by all its content; rows with the same
content cancel out one by one, and what is left of one identity are versions of each other. Cells
are compared as codes that are equal where the cells are: exactly, without a loop over rows.

A row that is new, gone or changed in the month last published is a late posting or a correction; in
an older month, which was closed and stayed so at least once, the month was reopened; and where the
unit's definitions changed, the difference is called redefined, because the rows alone cannot tell.
Sums are of decimals at the finer scale of both views, never of binary floats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal, Inexact, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from salesfc_lib.cleaning.batch.frames import combine_codes
from salesfc_lib.cleaning.history.changed_definitions import EVERY
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import tables

MEASURES = ("quantity", "amount")
CONTENT = ("date", "order_id", "customer", "product", "salesperson")  # beside the measures
PLACES = ("row", "date", "month")  # columns that are no text
NEW, GONE, CHANGED = "rows_new", "rows_gone", "rows_changed"
MISSING = ""  # the member of rows from a view without this dimension
PRECISION = 38  # digits of a decimal
TEXT = pa.dictionary(pa.int32(), pa.string())
Keys = Mapping[str, Sequence[str]]  # columns of the views by source; none: all of a row's content
EXACT = Context(prec=2 * PRECISION, traps=[Inexact])


def read_view(path: Path) -> pa.Table:
    """Table `transactions` of a published month, a chunk a column, texts encoded.

    Raises `SalesForecastError` naming a file that is torn.
    """
    try:
        texts = [field.name for field in pq.read_schema(path) if pa.types.is_string(field.type)]
        return pq.read_table(path, read_dictionary=texts).unify_dictionaries().combine_chunks()
    except (pa.ArrowException, OSError) as error:
        do = "Run `salesfc verify`, then publish that month again"
        raise SalesForecastError.unreadable_file(path, " ".join(str(error).split()), do) from error


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
    views = ("before", "now", "difference")
    return {f"{name}_{view}": sums[f"{name}_{view}"] for name in MEASURES for view in views}


def lay_side_by_side(
    before: pa.Table, now: pa.Table, *, keys: Keys, dimensions: Sequence[str]
) -> pa.Table:
    """Rows of both views, the earlier's first, which `then` marks.

    The columns are those of either view, the measures at the finer of their scales.
    """
    of_keys = [column for key in keys.values() for column in key]
    texts = dict.fromkeys([*dimensions, *CONTENT, *of_keys, "kind", "source"])
    kinds = {
        name: pa.decimal128(
            PRECISION, max(getattr(t[name].type, "scale", 0) for t in (before, now))
        )
        for name in MEASURES
    }
    parts = []
    for table, is_earlier in ((before, True), (now, False)):
        columns = {name: _text(table, name) for name in texts if name not in (*PLACES, *MEASURES)}
        columns |= {name: table[name].cast(kind) for name, kind in kinds.items()}
        columns |= {"row": table["row"], "date": table["date"], "month": month_of(table)}
        parts.append(pa.table({**columns, "then": np.full(table.num_rows, is_earlier)}))
    return pa.concat_tables(parts).unify_dictionaries().combine_chunks()


def month_of(table: pa.Table) -> pa.ChunkedArray:
    """First day of each row's month: the column `month`, else the date's."""
    column = table["month"] if "month" in table.column_names else table["date"]
    return pc.floor_temporal(column.cast(pa.timestamp("s")), unit="month")


def encode(rows: pa.Table, columns: Sequence[str]) -> np.ndarray:
    """One code for each row's cells in these columns (n_rows,), by first appearance from 0."""
    if not rows.num_rows:
        return np.empty(0, dtype=np.int64)
    cells = rows.select([*columns]).combine_chunks().columns
    encoded = [column.dictionary_encode("encode").chunk(0).indices for column in cells]
    codes = [indices.to_numpy().astype(np.int64) for indices in encoded]
    return pd.factorize(combine_codes(codes))[0]


def pair_versions(rows: pa.Table, *, keys: Keys, dimensions: Sequence[str]) -> pd.DataFrame:
    """Rows new, gone or changed: place, then, change, place of the partner (-1: none), source."""
    then, labels = rows["then"].to_numpy(), rows["source"].combine_chunks()
    owners = []  # the source of each label: its name, or its name and a file's
    for label in labels.dictionary.to_pylist():
        found = [name for name in keys if label == name or label.startswith(f"{name}: ")]
        owners.append(max(found, key=len, default=label))
    names = list(dict.fromkeys(owners)) or [""]  # one pass where there is no row at all
    owner = np.array([names.index(name) for name in owners] or [0])[labels.indices.to_numpy()]
    parts = []
    for number, name in enumerate(names):
        places = np.flatnonzero(owner == number)
        own = rows if len(names) == 1 else rows.take(pa.array(places))
        content = ["month", "kind", *dimensions, *MEASURES, *(keys.get(name) or CONTENT)]
        codes, side = encode(own, content), then[places]
        counts = [
            np.bincount(codes[of_view], minlength=len(codes) + 1) for of_view in (side, ~side)
        ]
        unequal = np.flatnonzero((counts[0] != counts[1])[codes])  # what may be left, mostly little
        left = unequal[_pair_up(codes[unequal], side[unequal]) < 0]
        own, places = own.take(pa.array(left)), places[left]
        partner = _pair_up(encode(own, keys.get(name) or ("source", "row")), then[places])
        lonely = np.where(then[places], GONE, NEW)
        versions = {
            "place": places,
            "then": then[places],
            "change": np.where(partner >= 0, CHANGED, lonely),
            "partner": np.where(partner >= 0, places[partner], -1),
        }
        parts.append(pd.DataFrame(versions).assign(source=name))
    return pd.concat(parts, ignore_index=True)


def _pair_up(codes: np.ndarray, then: np.ndarray) -> np.ndarray:
    """Place of each row's partner in the other view, by code and turn; -1 without one."""
    turn = pd.DataFrame({"code": codes, "then": then}).groupby(["code", "then"]).cumcount()
    order = np.lexsort((turn, codes))
    first, second = order[:-1], order[1:]
    same = (codes[first] == codes[second]) & (turn.to_numpy()[first] == turn.to_numpy()[second])
    partner = np.full(len(codes), -1, dtype=np.int64)
    partner[first[same]], partner[second[same]] = second[same], first[same]
    return partner


def _text(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column as codes into its distinct texts; a null, or a column not there, is MISSING."""
    if name not in table.column_names:
        return pa.chunked_array([pa.repeat(MISSING, table.num_rows)]).cast(TEXT)
    column = table[name]
    if column.null_count or not pa.types.is_dictionary(column.type):
        column = pc.fill_null(column.cast(pa.string()), MISSING)
    return column.cast(TEXT)
