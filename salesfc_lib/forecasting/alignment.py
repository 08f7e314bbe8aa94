"""From a long monthly panel to a `History`.

Every series is laid out up to its last month; a missing month is filled from earlier months only,
so no row knows what came after its cutoff.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.forecasting.booked_days import WEEKDAYS, count_days, find_booked_days
from salesfc_lib.forecasting.history import TRADING_DAYS, History, shift
from salesfc_lib.foundation import ABSURD_RATIO, SEASON, Parameters, find_absurd, say
from salesfc_lib.panel import Kind, fill_forward, regressor_kinds, summing_matrix

UNTREATED = 1e-9  # of a value, that rounding leaves between what was sold and what models see
KEYS = ("unique_id", "ds", "y", "y_raw")


def align(
    panel: pd.DataFrame,
    future: pd.DataFrame | None = None,
    *,
    horizon: int,
    end: pd.Timestamp | None = None,
    level: Mapping[str, int] | None = None,
    kinds: Mapping[str, Kind] | None = None,
) -> History:
    """History of a panel (unique_id, ds, y, regressors), through each last month or `end`.

    Regressors are the numeric columns that `future` (unique_id, ds, regressors) has too, what is
    not known ahead is no regressor, and `trading_days`, which are the month's weekdays where no
    better count is given; `kinds` says what they are, or else their values over the panel. Series
    are sorted by id; one without any value through `end` is left out. A series without a value for
    a year or more begins anew after it; a month more than 100 times all months before it is taken
    as unknown.

    Raises `SalesForecastError` where a series has two rows for a month, or a value that is no
    finite number.
    """
    past = panel if end is None else panel[panel["ds"] <= end]
    past = past[past["y"].notna()]
    codes, ids = pd.factorize(past["unique_id"], sort=True)
    month = past["ds"].to_numpy().astype("datetime64[M]").astype(int)
    _check_rows(past, codes, month)
    last = np.full(len(ids), -(10**6))
    np.maximum.at(last, codes, month)
    if end is not None:
        last[:] = np.datetime64(end, "M").astype(int)
    width = int((last[codes] - month).max()) + 1 if len(month) else 1
    y = np.full((len(ids), width), np.nan)
    y[codes, width - 1 - (last[codes] - month)] = past["y"].to_numpy(dtype=float)
    regressors = {}
    if future is not None and not future.empty:
        numeric = future.select_dtypes(["number", "bool"]).columns
        for name in (each for each in numeric if each in panel.columns and each not in KEYS):
            regressors[name] = _lay_out(name, (panel, future), ids, last, (width, horizon))
    levels = np.array([(level or {}).get(name, 0) for name in ids], dtype=int)
    y = drop_before_gap(y)
    odd = find_absurd(y)
    told = _describe_absurd(y, odd, ids, last)
    actual = np.where(odd, np.nan, y)
    if "y_raw" in past:
        raw = np.full_like(y, np.nan)
        raw[codes, width - 1 - (last[codes] - month)] = past["y_raw"].to_numpy(
            float, na_value=np.nan
        )
        actual = np.where(np.isclose(raw, y, rtol=UNTREATED), y, np.nan)
    y = fill_forward(np.where(odd, np.nan, y))
    if TRADING_DAYS not in regressors:
        mask = find_booked_days(y, last)
        regressors[TRADING_DAYS] = count_weekdays(last, width, horizon, mask)
    known = (np.asarray(ids, dtype=object), y, last.astype("datetime64[M]"), horizon)
    said = kinds or {}
    return History(*known, regressors, levels, absurd=told, actual=actual, kinds=said)


def align_levels(
    tables: Mapping[str, pd.DataFrame], parameters: Parameters, *, end: pd.Timestamp
) -> History:
    """History of a unit's tables series, panel, future and recalled, as its models see it.

    Through `end`, with what is known of later months; levels are numbered in the order of the
    parameters.
    """
    series, levels = tables["series"], parameters.levels
    codes = series.set_index("unique_id")["level"].map([*levels].index).to_dict()
    panel, future, kinds = tables["panel"], tables["future"], regressor_kinds(parameters)
    history = align(panel, future, horizon=parameters.horizon, end=end, level=codes, kinds=kinds)
    then = dict(list(tables["recalled"].groupby("cutoff")))
    return replace(history, summing=summing_matrix(series, levels), recalled=then)


def drop_before_gap(y: np.ndarray) -> np.ndarray:
    """y (n, T) from each row's first value after its last gap of a year or more on.

    Estimates of a year and more would rest on nothing, and be the backtest's actuals.
    """
    columns = np.arange(float(y.shape[1]))
    latest = np.maximum.accumulate(np.where(np.isfinite(y), columns, -np.inf), axis=1)
    months = columns - shift(latest, 1)  # since the value before
    begins = np.isfinite(y) & np.isfinite(months) & (months > SEASON)
    first = np.where(begins, columns, 0.0).max(axis=1, keepdims=True)
    return np.where(columns < first, np.nan, y)


def _describe_absurd(
    y: np.ndarray, odd: np.ndarray, ids: pd.Index, last: np.ndarray
) -> dict[Any, str]:
    """The latest absurd month of each series that has one, kept by `say`."""
    told = {}
    for row, column in np.argwhere(odd):
        month = np.datetime64(int(last[row] - y.shape[1] + 1 + column), "M")
        facts = {"value": y[row, column], "month": str(month), "ratio": round(ABSURD_RATIO)}
        told[ids[row]] = say("history.absurd", **facts)
    return told


def count_weekdays(last: np.ndarray, width: int, horizon: int, mask: str = WEEKDAYS) -> np.ndarray:
    """Days of a weekmask in months that end at `last` (n,), and `horizon` more (n, width + h)."""
    months = last.astype("datetime64[M]")[:, None] + np.arange(1 - width, horizon + 1)
    distinct, place = np.unique(months, return_inverse=True)
    return np.asarray(count_days(distinct, mask)[place.reshape(months.shape)])


def _check_rows(past: pd.DataFrame, codes: np.ndarray, month: np.ndarray) -> None:
    """Raise for a repeated month of a series, and for infinite values."""
    again = past[pd.Series(codes * np.int64(10**6) + month, index=past.index).duplicated()]
    odd = past[np.isinf(past["y"].to_numpy(dtype=float))]
    rows = zip(again["unique_id"][:3], again["ds"][:3], strict=True)
    examples = [f"{name} {day:%Y-%m}" for name, day in rows]
    if examples:
        raise SalesForecastError.duplicate_keys(("unique_id", "ds"), examples, len(again), "Panel")
    if len(odd):
        raise SalesForecastError.of(
            f"Panel holds {len(odd)} infinite values of `y` (first '{odd['unique_id'].iloc[0]}' "
            f"{odd['ds'].iloc[0]:%Y-%m})",
            "A sale is a finite number, or null where it is unknown",
            "Correct what was divided by zero before the panel was built",
        )


def _lay_out(
    name: str,
    frames: Sequence[pd.DataFrame],
    ids: pd.Index,
    last: np.ndarray,
    size: tuple[int, int],
) -> np.ndarray:
    """A regressor as (n, width + horizon) of `size`; a null never overwrites a value."""
    width, horizon = size
    values = np.full((len(ids), width + horizon), np.nan)
    for frame in frames:
        rows = pd.Index(ids).get_indexer(frame["unique_id"])
        column = width - 1 + frame["ds"].to_numpy().astype("datetime64[M]").astype(int) - last[rows]
        known = frame[name].to_numpy(dtype=float, na_value=np.nan)
        ok = (rows >= 0) & (column >= 0) & (column < width + horizon) & np.isfinite(known)
        values[rows[ok], column[ok]] = known[ok]
    return values
