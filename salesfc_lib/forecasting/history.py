"""A panel as arrays, every series ending in the last column.

Rows of arrays enter and leave. Series are right-aligned: the last column is each series' latest
month, whatever its date. A series at an earlier cutoff is another row, so a backtest is a larger
panel and no loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.forecasting.recall import recall
from salesfc_lib.foundation import SEASON
from salesfc_lib.panel import Kind, Summing

LEAST_POSITIVE = 0.5  # share of months above zero from which a driver is a level. Not tuned
TRADING_DAYS = "trading_days"


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
    the same time. absurd: id to the month that was taken as unknown, kept by `say`.
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
