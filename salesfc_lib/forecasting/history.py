"""A panel as arrays, every series ending in the last column.

A monthly panel enters, a `History` leaves. Series are right-aligned: the last column is each
series' latest month, whatever its date. A series at an earlier cutoff is another row, so a backtest
is a larger panel and no loop. A missing month is filled from earlier months only, so no row knows
what came after its cutoff.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.forecasting.booked_days import WEEKDAYS, count_days, find_booked_days
from salesfc_lib.forecasting.recall import recall
from salesfc_lib.foundation import ABSURD_RATIO, SEASON, find_absurd
from salesfc_lib.panel import Kind, Summing, fill_forward

TRADING_DAYS = "trading_days"
UNTREATED = 1e-9  # of a value, that rounding leaves between what was sold and what models see
LEAST_POSITIVE = 0.5  # share of months above zero from which a driver is a level. Not tuned
KEYS = ("unique_id", "ds", "y", "y_raw")


@dataclass(frozen=True)
class History:
    """Series as known at a cutoff each: one row a series and cutoff.

    ids: (n,) of the series. y: (n, T), NaN before a series' first month and nowhere else. actual:
    (n, T), what was sold, NaN where y was filled, replaced or censored: forecasts are judged by it,
    and it is y where nothing else is known. last: (n,) datetime64[M], the month of the last column.
    regressors: name to (n, T + ahead), what is known of each month and of `ahead` more, NaN where
    it is unknown; kinds: name to what it is, over the whole panel. level: (n,) codes of the level
    in the hierarchy; summing: which bottom series make up which, None where all are bottoms.
    recalled: cutoff to rows of table `recalled`, what was known then of later months. back:
    (n,) months between the row's cutoff and that of the run; what has the same `back` was known at
    the same time. absurd: id to the month that was taken as unknown, in words.
    """

    ids: np.ndarray
    y: np.ndarray
    last: np.ndarray
    ahead: int = 0
    regressors: Mapping[str, np.ndarray] = field(default_factory=dict)
    level: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    back: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    absurd: Mapping[Any, str] = field(default_factory=dict)
    actual: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    summing: Summing | None = None
    recalled: Mapping[pd.Timestamp, pd.DataFrame] = field(default_factory=dict)
    derived: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Default codes of level and back: 0; what was sold: y; kinds: as the values tell."""
        if self.actual.shape != self.y.shape:
            object.__setattr__(self, "actual", self.y)
        for name in ("level", "back"):
            if len(getattr(self, name)) != len(self.y):
                object.__setattr__(self, name, np.zeros(len(self.y), dtype=int))
        known = self.regressors.items()
        told = {name: self.kinds.get(name) or tell_kind(name, values) for name, values in known}
        object.__setattr__(self, "kinds", told)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.y)

    @property
    def first(self) -> np.ndarray:
        """Column of each row's first value (n,); T where there is none."""
        known = np.isfinite(self.y)
        return np.where(known.any(axis=1), known.argmax(axis=1), self.y.shape[1])

    @property
    def length(self) -> np.ndarray:
        """Months of each row from its first value on (n,)."""
        return np.asarray(self.y.shape[1] - self.first)

    def month_of_year(self, horizon: int) -> np.ndarray:
        """Calendar month, 0 to 11, of every column and of `horizon` more (n, T + horizon)."""
        months = self.last.astype("datetime64[M]").astype(int)
        return np.asarray((months[:, None] + np.arange(1 - self.y.shape[1], horizon + 1)) % SEASON)

    def once(self, key: object, compute: Callable[[], Any]) -> Any:
        """What `compute` gives, computed once for this history."""
        if key not in self.derived:
            self.derived[key] = compute()
        return self.derived[key]

    def take(self, rows: np.ndarray) -> History:
        """Some rows."""
        return _combine_rows([self], lambda arrays: arrays[0][rows])

    def cut(self, months: int) -> History:
        """Every row as it was known `months` earlier; what was known ahead is kept."""
        regressors = {name: shift(values, months) for name, values in self.regressors.items()}
        last = self.last - np.timedelta64(months, "M")
        for cutoff, recalled in self.recalled.items() if months else ():
            rows = np.flatnonzero(last == cutoff.to_datetime64().astype("datetime64[M]"))
            recall(regressors, recalled, rows, self.ids, self.y.shape[1])
        return replace(
            self,
            y=shift(self.y, months),
            actual=shift(self.actual, months),
            last=last,
            regressors=regressors,
            back=self.back + months,
        )

    def actuals(self, back: int, horizon: int, *, known: int = 0) -> np.ndarray:
        """Months after those through `back` months ago (n, horizon).

        NaN later than `known` months ago, and where what was sold is not known.
        """
        width = self.y.shape[1]
        columns = width - back + np.arange(horizon)
        sold = self.actual[:, columns.clip(max=width - 1)]
        return np.where(columns < width - known, sold, np.nan)

    def stack(self, backs: Sequence[int]) -> History:
        """Every row at each of `backs` months earlier, one cutoff's rows behind another's."""
        return _combine_rows([self.cut(months) for months in backs], np.concatenate)


def _combine_rows(
    parts: Sequence[History], combine: Callable[[list[np.ndarray]], np.ndarray]
) -> History:
    """A history of the same months, each of its arrays combined from those of the parts."""
    known = {
        name: combine([part.regressors[name] for part in parts]) for name in parts[0].regressors
    }
    rows: dict[str, Any] = {
        name: combine([getattr(part, name) for part in parts])
        for name in ("ids", "y", "actual", "last", "level", "back")
    }
    return replace(parts[0], regressors=known, **rows)


def shift(values: np.ndarray, months: int) -> np.ndarray:
    """Columns (axis 1) moved to the right by `months`, NaN on the left.

    >>> shift(np.array([[1.0, 2.0, 3.0]]), 1).tolist()
    [[nan, 1.0, 2.0]]
    """
    if months == 0:
        return values
    moved = np.full_like(values, np.nan)
    moved[:, months:] = values[:, : max(values.shape[1] - months, 0)]
    return moved


def sum_years(y: np.ndarray) -> np.ndarray:
    """Sums of twelve months in a row (n, T - 11), NaN where one of them is missing."""
    if y.shape[1] < SEASON:
        return np.full((len(y), 0), np.nan)
    sums = np.cumsum(np.concatenate([np.zeros((len(y), 1)), np.nan_to_num(y)], axis=1), axis=1)
    whole = np.isfinite(y[:, : y.shape[1] - SEASON + 1])
    return np.where(whole, sums[:, SEASON:] - sums[:, :-SEASON], np.nan)


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
    """The latest absurd month of each series that has one, in words."""
    told = {}
    for row, column in np.argwhere(odd):
        month = np.datetime64(int(last[row] - y.shape[1] + 1 + column), "M")
        told[ids[row]] = (
            f"{y[row, column]:,.6g} in {month} is more than {ABSURD_RATIO:.0f} times any month "
            "before, and taken as unknown"
        )
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


def tell_kind(name: str, values: np.ndarray) -> Kind:
    """What a driver is by its values over the whole panel, where nobody declared it.

    Shares lie within 0 and 1 and are 0 at times; a level is above zero in most months.

    >>> shares, prices = np.array([[0.0, 0.5]]), np.array([[8.0, 9.5, 9.5, 0.0]])
    >>> tell_kind("promotion", shares), tell_kind("price", prices), tell_kind("visits", -prices)
    ('share', 'level', 'count')
    """
    known = values[np.isfinite(values)]
    if name == TRADING_DAYS or not len(known) or known.min() < 0:
        return "count"
    if known.max() <= 1 and known.min() == 0:
        return "share"
    return "level" if (known > 0).mean() > LEAST_POSITIVE else "count"


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
