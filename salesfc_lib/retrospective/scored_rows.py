"""The rows of a unit on which forecasts are held against actuals, and their sums by month and lag.

A month's tables and its forecast file enter; arrays leave. A forecast is read into one array of
series, stages and lags: joining and pivoting the same rows in SQL takes three times as long
(`benchmarks/cube.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.archive import manifest
from salesfc_lib.foundation import SEASON, STAGES, tables
from salesfc_lib.retrospective.decomposition.sharing import NAMES, share_months
from salesfc_lib.retrospective.members import bottom_series, by_series, dimensions

CARRIED = {"assumed": "combined", "adjusted": "reconciled"}  # what stands for a stage not archived
EMPTY = pd.Series(dtype=object)


class Rows(NamedTuple):
    """R parts of S series in D months, in G groups; a part is a whole series or a member's share.

    ids: all series of the unit; place: (ids + 1,) the row in the arrays of each, S for those that
    are not asked for; known: (S, D) whether the month has an actual; part_of: (R,); share: (R, D)
    of the series' forecast; sold: (R, D); labels: a row a group; starts: (G,), the first part of
    each group, whose parts stand together.
    """

    dimensions: list[str]
    ids: pa.Array
    place: np.ndarray
    known: np.ndarray
    part_of: np.ndarray
    share: np.ndarray
    sold: np.ndarray
    labels: pd.DataFrame
    starts: np.ndarray


def find_rows(folder: Path, unit: str, by: Sequence[str], months: pd.DatetimeIndex) -> Rows:
    """Rows to score with what the tables of a folder say was sold in the months.

    They are those of the bottom level, or of all where `by` has `level`; a column of `by` that the
    unit does not have is null.
    """
    series = tables.read(folder, "series")
    bottom = bottom_series(series)
    shared = [name for name in by if name in NAMES and bottom.get(name, EMPTY).isna().all()]
    asked = series if "level" in by and not shared else bottom
    ids, every = pd.Index(asked["unique_id"]), pa.array(series["unique_id"], pa.string())
    place = ids.get_indexer(series["unique_id"])
    place = np.append(np.where(place < 0, len(ids), place), len(ids))
    actual = _read_actual(folder, every, place, months)
    parts, share, sold = asked, np.ones(actual.shape), actual
    if shared:
        lines = _read_sold(folder, bottom, shared[0], months[0])
        known = pd.DataFrame(actual, index=ids, columns=months)
        parts, share, sold = share_months(known, lines, shared[0])
        parts = parts.merge(asked.drop(columns=shared, errors="ignore"), on="unique_id")
    labels, codes = _group(parts.assign(unit=unit), [name for name in by if name != "lag"])
    order = np.argsort(codes, kind="stable")
    return Rows(
        dimensions(series),
        every,
        place,
        np.isfinite(actual),
        ids.get_indexer(parts["unique_id"])[order],
        share[order],
        sold[order],
        labels,
        np.searchsorted(codes[order], np.arange(len(labels))),
    )


def _read_actual(
    folder: Path, every: pa.Array, place: np.ndarray, months: pd.DatetimeIndex
) -> np.ndarray:
    """What was sold, (S, months), null where there is no row; `place` is that of `Rows`."""
    actual = np.full((place[-1] + 1, len(months)), np.nan)
    panel = tables.read_columns(folder, "panel", ["unique_id", "ds", "y_raw"], coded=["unique_id"])
    if panel.num_rows:
        ids, ds, y_raw = (column.chunk(0) for column in panel.columns)
        at = ds.to_numpy().astype("datetime64[M]") - months[0].to_datetime64().astype("M8[M]")
        inside = np.flatnonzero((at.astype(int) >= 0) & (at.astype(int) < len(months)))
        row = place[_look_up(ids, every)][ids.indices.to_numpy()[inside]]
        actual[row, at.astype(int)[inside]] = y_raw.to_numpy(zero_copy_only=False)[inside]
    return actual[:-1]


def _group(parts: pd.DataFrame, by: list[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """A row of labels a group, and the group of each part."""
    rows = parts.reindex(columns=by).astype(object).reset_index(drop=True)
    rows = rows.where(rows.notna(), None)
    if not by:
        return rows.iloc[:1], np.zeros(len(rows), int)
    codes = rows.groupby(by, dropna=False, sort=False).ngroup().to_numpy()
    return rows.drop_duplicates(), codes


def _read_sold(
    folder: Path, bottom: pd.DataFrame, column: str, first: pd.Timestamp
) -> pd.DataFrame:
    """Net sales by bottom series, month and a column, from a year before `first` on."""
    agreed = manifest.read(folder.parent)["parameters"]
    measure, returns = (agreed[f"measure.{name}"]["value"] for name in ("value", "returns"))
    by = list(dict.fromkeys(["month", column, *dimensions(bottom)]))
    lines = tables.read_columns(folder, "transactions", [*by, "kind", measure])
    only = pc.field("month") >= first - pd.DateOffset(months=SEASON)
    if returns == "apart":
        only &= pc.field("kind") != "return"
    by = [name for name in by if name in lines.column_names]
    sold = lines.filter(only).group_by(by).aggregate([(measure, "sum")]).to_pandas()
    sold = sold.rename(columns={f"{measure}_sum": "sold"}).astype({"sold": float})
    return by_series(sold, bottom).reindex(columns=["unique_id", "ds", column, "sold"])


def read_stages(
    folder: Path, made_in: pd.Timestamp, lags: np.ndarray, rows: Rows
) -> tuple[np.ndarray, int]:
    """Forecasts at the month's own cutoff, (S, stages, lags), null where there is none.

    Beside them, for how many series and lags there is a forecast of a series that is no more.
    """
    names = ["unique_id", "stage", "cutoff", "h", "y_hat"]
    table = tables.read_columns(folder, "forecast", names, coded=names[:2])
    # one series, stage and lag more than are asked for take what is not
    values = np.full((len(rows.known) + 1, len(STAGES) + 1, len(lags) + 1), np.nan)
    if not table.num_rows:
        return values[:-1, :-1, :-1], 0
    ids, stage, cutoff, h, y_hat = (column.chunk(0) for column in table.columns)
    lag_at = np.full(max(h.to_numpy().max(), lags.max()) + 1, len(lags), "int32")
    lag_at[lags] = np.arange(len(lags))
    key, other = lag_at[h.to_numpy()], cutoff.to_numpy() != made_in.to_datetime64()
    if other.any():
        key[other] = len(lags)
    series, stages = _look_up(ids, rows.ids), _look_up(stage, pa.array(STAGES))
    of_row, lost, gone = ids.indices.to_numpy(), 0, series == len(rows.ids)
    if gone.any():
        of_gone = np.flatnonzero(gone[of_row] & (key < len(lags)))
        lost = len(set(zip(of_row[of_gone], key[of_gone], strict=True)))
    key += (rows.place[series] * values[0].size).astype("int32")[of_row]
    key += (stages * values.shape[2]).astype("int32")[stage.indices.to_numpy()]
    values.reshape(-1)[key] = y_hat.to_numpy()
    return values[:-1, :-1, :-1], lost


def _look_up(column: pa.DictionaryArray, known: pa.Array) -> np.ndarray:
    """Place among the known of each text in the column's dictionary; one more than they if not."""
    places = pc.index_in(column.dictionary, value_set=known).fill_null(len(known))
    return places.to_numpy(zero_copy_only=False)


def name_sums(stages: Sequence[str]) -> list[str]:
    """What `add_up` sums, in order; size: absolute actuals; own: rows of the stage itself."""
    own = [f"own_{stage}" for stage in CARRIED]
    scores = [f"{what}_{stage}" for what in ("forecast", "error") for stage in stages]
    return ["sum_n", "sum_actual", "sum_size", *own, *scores]


def add_up(
    values: np.ndarray, at: np.ndarray, rows: Rows, stages: Sequence[str]
) -> tuple[np.ndarray, dict[str, int]]:
    """Sums by group and lag, (sums, G, lags), over the rows that have every stage and an actual.

    Beside them, how many rows lack either. `values` comes from `read_stages` and is used up; at:
    column of `rows` of each lag's month.
    """
    own, place = np.isfinite(values), STAGES.index
    there = own.copy()
    for later, earlier in ((place(each), place(before)) for each, before in CARRIED.items()):
        np.copyto(values[:, later], values[:, earlier], where=~own[:, later])
        there[:, later] |= there[:, earlier]
    full = there[:, [place(stage) for stage in stages]].all(axis=1)
    good = full & rows.known[:, at]
    lacking = {
        "stage_missing": int((own.any(axis=1) & ~full).sum()),
        "actual_missing": int((full & ~good).sum()),
    }
    scored, share = good[rows.part_of], rows.share[:, at]
    sold = np.where(scored, rows.sold[:, at], 0.0)
    counted = scored & ((share > 0) | (sold != 0))
    carried = [own[rows.part_of, place(stage)] & counted for stage in CARRIED]
    # from here on in place: new memory costs most
    values = values[rows.part_of[:, None], [place(stage) for stage in stages]]
    np.copyto(values, 0.0, where=~scored[:, None])
    values *= share[:, None]
    counts = np.stack([counted, sold, np.abs(sold), *carried], axis=1)
    sums = [np.add.reduceat(each, rows.starts, axis=0) for each in (counts, values)]
    values -= sold[:, None]
    sums.append(np.add.reduceat(np.abs(values, out=values), rows.starts, axis=0))
    return np.concatenate(sums, axis=1).swapaxes(0, 1), lacking
