"""Protocol of candidates, and the loop for models that see one series at a time.

Rows of a `History` enter, each a series as known at a cutoff; forecasts leave. What a model raises
is a failure of its row, with nothing put in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from salesfc_lib.forecasting.demand import INTERMITTENT, PATCHY, STEADY
from salesfc_lib.forecasting.history import History
from salesfc_lib.foundation import hide_secrets
from salesfc_lib.panel import Kind

KINDS = (STEADY, PATCHY, INTERMITTENT)
NOT_FINITE = "the model's forecast is not a finite number"
SearchResults = Mapping[str, Any]


class Prediction(NamedTuple):
    """Forecasts (n, horizon), NaN where there is none, and what went wrong by row."""

    values: np.ndarray
    errors: Mapping[int, str] = {}


@dataclass(frozen=True)
class Candidate:
    """A model that competes: `forecast(history, horizon, **settings)` gives (n, horizon) values, or
    a `Prediction`.

    Rows of less than `needed` months, or whose kind of demand is not in `demand`, are left out.
    `scope` is what a forecast rests on: its own `series` (cached, and stopped early where
    hopeless), or the whole `panel` at once, which has to be fast, as it runs at more cutoffs. What
    is costly and the same for all cutoffs of a series is found by `search(history, **settings)` on
    the history as known at the earliest cutoff; the forecast gets the results as `searched`, by id.
    A candidate of scope `panel` sees months from which the drivers' effects are taken out, and they
    are added to its forecast. `code` is a digest of the code of a candidate that is not this
    library's; without one it is not cached.
    """

    name: str
    family: str
    label: str  # for people; empty: the catalogue has it, as `model.<name>`
    forecast: Callable[..., np.ndarray | Prediction]
    needed: int = 1  # months
    demand: tuple[str, ...] = KINDS
    scope: Literal["series", "panel"] = "series"
    search: Callable[..., SearchResults] | None = None
    code: str = ""


@dataclass(frozen=True)
class Window:
    """One series as known at a cutoff.

    y: (n,) from the first month with a value through the cutoff. month: (n + horizon,) calendar
    months 1 to 12. regressors: name to (n + horizon,), NaN where unknown; kinds: of each.
    """

    unique_id: str
    y: np.ndarray
    month: np.ndarray
    regressors: Mapping[str, np.ndarray] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)

    @property
    def horizon(self) -> int:
        return len(self.month) - len(self.y)


def windows(history: History, horizon: int) -> list[Window]:
    """A window for each row."""
    month = history.month_of_year(horizon) + 1
    known = {}
    for name, values in history.regressors.items():
        known[name] = np.full(month.shape, np.nan)
        known[name][:, : values.shape[1]] = values[:, : month.shape[1]]
    return [
        Window(
            str(history.ids[row]),
            history.y[row, first:],
            month[row, first:],
            {name: values[row, first:] for name, values in known.items()},
            history.kinds,
        )
        for row, first in enumerate(history.first)
    ]


def each_series(fit: Callable[..., np.ndarray]) -> Callable[..., Prediction]:
    """The forecast of all rows by `fit(window, **settings)`, which gives (horizon,) values."""

    def forecast(history: History, horizon: int, **settings: Any) -> Prediction:
        values = np.full((len(history), horizon), np.nan)
        errors: dict[int, str] = {}
        for row, window in enumerate(windows(history, horizon)):
            try:
                values[row] = finite(fit(window, **settings), horizon)
            except (Exception, SystemExit) as error:  # the series fails, not the run
                errors[row] = describe_error(error)
        return Prediction(values, errors)

    forecast.__wrapped__ = fit  # type: ignore[attr-defined]  # its settings are those of `fit`
    return forecast


def finite(values: np.ndarray, horizon: int) -> np.ndarray:
    """The values, if they are `horizon` finite numbers."""
    values = np.asarray(values, dtype=float)
    if values.shape != (horizon,):
        raise ValueError(f"the model gave {values.size} values, {horizon} needed")
    if not np.isfinite(values).all():
        raise ValueError(NOT_FINITE)
    return values


def describe_error(error: BaseException) -> str:
    """One line of what went wrong."""
    if isinstance(error, SystemExit):
        return "it asked Python to exit"
    text = " ".join(hide_secrets(str(error)).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
