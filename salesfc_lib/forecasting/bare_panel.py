"""A panel from outside, as `forecast_panel` gets it: read or refused, never guessed.

Frames with unique_id, ds and y enter; the same frames with plain months leave, or an error that
names the first row that cannot be used.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import pandas as pd

from salesfc_lib.errors import SalesForecastError, shorten

KEY = ("unique_id", "ds")


def check_horizon(horizon: Any) -> int:
    """The horizon, if it is a whole number of months from 1 on."""
    if isinstance(horizon, bool) or not isinstance(horizon, Integral) or horizon < 1:
        raise SalesForecastError.of(
            f"`horizon` is {horizon!r}",
            "The months to forecast, a whole number from 1 on",
            "Give one, such as `horizon=12`",
        )
    return int(horizon)


def read_panel(panel: pd.DataFrame) -> pd.DataFrame:
    """The panel with plain months in ds.

    Raises `SalesForecastError` for a missing column, id or month, for ids that differ in type only,
    for what is no month, and for a `y` that is no number.
    """
    read = _read_rows(panel, (*KEY, "y"), "Panel")
    _check_numbers(read)
    return read


def read_future(future: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    """The regressors of the coming months, with plain months, and ids as the panel has them."""
    read = _read_rows(future, KEY, "`future`")
    _check_types(pd.concat([panel["unique_id"], read["unique_id"]]).unique())
    return read


def _read_rows(frame: pd.DataFrame, needed: Sequence[str], where: str) -> pd.DataFrame:
    missing = [name for name in needed if name not in frame]
    if missing:
        raise SalesForecastError.of(
            f"{where} lacks the column {shorten(missing)}",
            f"Columns {shorten(needed)}; found: {shorten(frame.columns, 12)}",
            "Rename its columns",
        )
    for name in KEY:
        _refuse(frame, frame[name].isna(), f"{where} has no `{name}`", "Fill it, or drop the row")
    _check_types(frame["unique_id"].unique())
    return frame.assign(ds=_read_months(frame, where))


def _read_months(frame: pd.DataFrame, where: str) -> pd.Series:
    """The months; of a moment with a time zone, the one that its own clock shows."""
    days = frame["ds"]
    if isinstance(days.dtype, pd.PeriodDtype):
        return days.dt.to_timestamp()
    if pd.api.types.is_numeric_dtype(days):
        raise SalesForecastError.of(
            f"{where} has numbers in `ds`, such as {days.iloc[0]}",
            "The first day of each month, such as 2026-01-01",
            "Turn them into dates",
        )
    try:
        read = pd.to_datetime(days, format="ISO8601")
        local = read.dt.tz_localize(None)
    except (ValueError, TypeError, AttributeError) as error:
        raise SalesForecastError.of(
            f"{where} has what is no date in `ds`: {str(error).partition('. ')[0]}",
            "The first day of each month, such as 2026-01-01, all with the same time zone or none",
            "Correct the dates",
        ) from None
    if read.dt.tz is not None:
        moved = local != local.dt.to_period("M").dt.to_timestamp()
        do = "Say whose month is meant: `ds.dt.tz_convert(ZONE).dt.tz_localize(None)`"
        _refuse(frame, moved, f"{where} has a time zone, and no first of a month, in `ds`", do)
    return local


def _check_numbers(panel: pd.DataFrame) -> None:
    y, do = panel["y"], "Correct it, or leave it null where it is unknown"
    numbers = pd.to_numeric(y, errors="coerce")
    _refuse(panel, numbers.isna() & y.notna(), "Panel has no number in `y`", do, shown="y")
    if pd.api.types.is_complex_dtype(numbers):
        raise SalesForecastError.of("Panel has complex numbers in `y`", "Sales are real", do)


def _check_types(ids: Sequence[Any]) -> None:
    """Raise where two ids are written alike."""
    known: dict[str, Any] = {}
    for each in ids:
        whole = isinstance(each, Real) and each % 1 == 0
        text = str(int(each)) if whole else str(each)
        other = known.setdefault(text, each)
        if type(other) is not type(each):
            raise SalesForecastError.of(
                f"Ids {other!r} and {each!r} differ in type only",
                "One id a series, of one type",
                "Write ids as text everywhere: `unique_id.astype(str)`",
            )


def _refuse(frame: pd.DataFrame, rows: pd.Series, wrong: str, do: str, *, shown: str = "") -> None:
    """Raise where any of the rows is True, naming the first."""
    if not rows.any():
        return
    first = frame[rows.to_numpy()].iloc[0]
    values = ", ".join(f"{name} {first[name]}" for name in (*KEY, *((shown,) if shown else ())))
    raise SalesForecastError.of(
        f"{wrong}: {int(rows.sum())} of {len(frame)} rows (first: {values})",
        "Each row is a series' month, with the sales of it",
        do,
    )
