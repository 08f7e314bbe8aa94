"""The protocol that every candidate keeps, and the loop for those that see one series at a time.

A monthly panel and cutoffs enter; forecasts and failures leave, each as a frame. The decisions made here: a window ends
at its cutoff, so nothing later can reach a model; regressors reach over the horizon because only calendars that are
known ahead are regressors; a month without any source row is filled for training only; and what a model raises is a
failure of that series and cutoff, with nothing put in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

REGRESSORS = ("promotion", "trading_days")
SEASON = 12  # months
FORECASTS = ["unique_id", "cutoff", "ds", "h", "y_hat"]
FAILURES = ["unique_id", "cutoff", "error"]

Found = dict[str, Any]
Result = tuple[pd.DataFrame, pd.DataFrame]


@dataclass(frozen=True)
class Candidate:
    """A model that competes: `forecast(panel, future, cutoffs, horizon, **settings) -> (forecasts, failures)`.

    `panel` holds all series asked for (unique_id, ds, y, regressors), `future` the regressors of later months. `forecasts` has
    one row per series, cutoff and month; `failures` one per series and cutoff that could not be forecast. `scope` says what a
    forecast depends on: its own `series`, or the whole `panel`. Where something costly is found once per series and then used
    at every cutoff, `search(panel, **settings)` finds it on the history through `search_month(first, cutoffs)`, and the
    forecast receives it as `found` (unique_id: what was found).
    """

    name: str
    family: str
    label: str  # for people
    forecast: Callable[..., Result]
    scope: Literal["series", "panel"] = "series"
    search: Callable[..., Found] | None = None
    search_month: Callable[[pd.Timestamp, Sequence[pd.Timestamp]], pd.Timestamp] | None = None


class TooShort(ValueError):
    """A series has fewer months than a model needs."""

    def __init__(self, months: int, needed: int) -> None:
        super().__init__(f"{months} {'month' if months == 1 else 'months'}, {needed} needed")


@dataclass(frozen=True)
class Window:
    """One series as known at a cutoff.

    y: (n,) from the first month with a value through the cutoff, gaps filled. month: (n + horizon,) calendar months 1 to 12.
    regressors: name to (n + horizon,), NaN where unknown.
    """

    y: np.ndarray
    month: np.ndarray
    regressors: Mapping[str, np.ndarray]

    @property
    def horizon(self) -> int:
        return len(self.month) - len(self.y)


@dataclass(frozen=True)
class Grid:
    """Panel and future as arrays: y and each regressor (n_series, n_months), NaN where there is no value.

    `start` is the first month, as months since year 0; `ids` are sorted.
    """

    ids: list[str]
    start: int
    y: np.ndarray
    regressors: Mapping[str, np.ndarray]

    def column(self, month: pd.Timestamp) -> int:
        """Column of `month`; before 0 or past the end where the grid does not hold it."""
        return count_months(month) - self.start

    def first(self, row: int, end: int) -> int:
        """Column of the first value of a series before column `end`; `end` where there is none."""
        known = np.flatnonzero(~np.isnan(self.y[row, :end]))
        return int(known[0]) if len(known) else end

    def window(self, row: int, cutoff: pd.Timestamp, horizon: int) -> Window:
        """The series in `row` as known at `cutoff`, with calendars for `horizon` months more."""
        end = self.column(cutoff) + 1
        first = self.first(row, end)
        months = (self.start + np.arange(first, end + horizon)) % SEASON + 1
        known = {name: stretch(values[row, first:], end + horizon - first) for name, values in self.regressors.items()}
        return Window(fill_gaps(stretch(self.y[row, first:end], end - first)), months, known)


def grid(panel: pd.DataFrame, future: pd.DataFrame) -> Grid:
    """Arrays of a panel (unique_id, ds, y, regressors) and of its regressors in later months."""
    names = [name for name in REGRESSORS if name in panel.columns]
    frame = panel[["unique_id", "ds", "y", *names]]
    if len(future) and names:
        later = future.loc[future["unique_id"].isin(panel["unique_id"].unique())]
        frame = pd.concat([frame, later.reindex(columns=["unique_id", "ds", *names])], ignore_index=True)
    codes, ids = pd.factorize(frame["unique_id"], sort=True)
    month = count_months(frame["ds"]).to_numpy()
    start = int(month.min())
    shape = (len(ids), int(month.max()) - start + 1)
    fields = {name: _scatter(frame[name], shape, (codes, month - start)) for name in ["y", *names]}
    return Grid(list(ids), start, fields.pop("y"), fields)


def count_months(ds: Any) -> Any:
    """Months since year 0 of a timestamp or of a column of them.

    >>> count_months(pd.Timestamp("2026-01-01"))
    24312
    """
    return ds.dt.year * SEASON + ds.dt.month - 1 if isinstance(ds, pd.Series) else ds.year * SEASON + ds.month - 1


def fill_gaps(y: np.ndarray) -> np.ndarray:
    """Copy of y without NaN: the mean of the same month a year before and after, or else a straight line.

    >>> fill_gaps(np.array([1.0, np.nan, 3.0])).tolist()
    [1.0, 2.0, 3.0]
    """
    y = y.astype(float, copy=True)
    gaps = np.flatnonzero(np.isnan(y))
    if not len(gaps) or len(gaps) == len(y):
        return y
    known = np.flatnonzero(~np.isnan(y))
    line = np.interp(gaps, known, y[known])
    for gap, between in zip(gaps, line, strict=True):
        same = [y[k] for k in (gap - SEASON, gap + SEASON) if 0 <= k < len(y) and not np.isnan(y[k])]
        y[gap] = np.mean(same) if same else between
    return y


def forecast_each(
    panel: pd.DataFrame,
    future: pd.DataFrame,
    *,
    cutoffs: Sequence[pd.Timestamp],
    horizon: int,
    fit: Callable[[Window, str], np.ndarray],
    needed: int,
) -> Result:
    """Forecasts and failures of a model that sees one series at a time.

    `fit(window, unique_id)` gives (horizon,) values; `needed` is the least number of months that it can work with.
    """
    if panel.empty:
        return collect([], [], horizon)
    arrays = grid(panel, future)
    done: list[tuple[str, pd.Timestamp, np.ndarray]] = []
    failed: list[tuple[str, pd.Timestamp, str]] = []
    for row, unique_id in enumerate(arrays.ids):
        for cutoff in cutoffs:
            try:
                window = arrays.window(row, cutoff, horizon)
                if len(window.y) < needed:
                    raise TooShort(len(window.y), needed)
                done.append((unique_id, cutoff, finite(fit(window, unique_id))))
            except Exception as error:  # the series fails, not the run
                failed.append((unique_id, cutoff, describe(error)))
    return collect(done, failed, horizon)


def collect(
    done: Sequence[tuple[str, pd.Timestamp, np.ndarray]], failed: Sequence[tuple[str, pd.Timestamp, str]], horizon: int
) -> Result:
    """Frames of forecasts and failures from (unique_id, cutoff, values (horizon,)) and (unique_id, cutoff, error)."""
    cutoff = np.array([item[1] for item in done], dtype="datetime64[ns]")
    steps = np.tile(np.arange(1, horizon + 1, dtype="int64"), len(done))
    forecasts = pd.DataFrame(
        {
            "unique_id": np.repeat(np.array([item[0] for item in done], dtype=object), horizon),
            "cutoff": np.repeat(cutoff, horizon),
            "ds": add_months(np.repeat(cutoff, horizon), steps),
            "h": steps,
            "y_hat": np.concatenate([item[2] for item in done]) if done else np.array([], dtype=float),
        }
    )
    failures = pd.DataFrame(list(failed), columns=FAILURES)
    return forecasts, failures.astype({"unique_id": object, "cutoff": "datetime64[ns]", "error": object})


def add_months(ds: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """First days of the months `steps` after `ds` (datetime64, elementwise)."""
    return (ds.astype("datetime64[M]") + steps.astype("timedelta64[M]")).astype("datetime64[ns]")


def finite(values: np.ndarray) -> np.ndarray:
    """The values, if all are finite."""
    values = np.asarray(values, dtype=float)
    if not np.isfinite(values).all():
        raise ValueError("the model's forecast is not a finite number")
    return values


def describe(error: Exception) -> str:
    """One line of what went wrong."""
    text = " ".join(str(error).split())[:200]
    return text if isinstance(error, TooShort) else f"{type(error).__name__}: {text}" if text else type(error).__name__


def stretch(values: np.ndarray, length: int) -> np.ndarray:
    """The first `length` values, with NaN behind where there are fewer."""
    return np.concatenate([values[:length], np.full(max(length - len(values), 0), np.nan)])


def pick(panel: pd.DataFrame, ids: Iterable[str]) -> pd.DataFrame:
    """Rows of some series."""
    return panel.loc[panel["unique_id"].isin(set(ids))]


def _scatter(values: pd.Series, shape: tuple[int, int], where: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Array of a column by (series, month); a null never overwrites a value."""
    array = np.full(shape, np.nan)
    known = values.notna().to_numpy()
    array[where[0][known], where[1][known]] = values.to_numpy(dtype=float)[known]
    return array
