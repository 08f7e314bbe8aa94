"""The monthly panel at the bottom level: an unbroken grid with what is known ahead.

Cleaned transactions and plans enter; a `BottomPanel` leaves (series, panel, future). The decisions made here: a month in
which the unit has no source row at all is missing (null), a month with rows but none for the series is zero, and
before its first row a series is absent; and only what is known ahead has a column in `future`, because a model sees no other.
Finding such gaps and filling them are two functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, Inexact

import numpy as np
import pandas as pd
import pyarrow

from salesfc_lib.cleaning import group_numbers, has_flag, sum_units
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import (
    Parameters,
    Window,
    bound_months,
    check,
    count_trading_days,
    list_days_off,
    list_observed,
    month_of,
    share_of_festival,
)
from salesfc_lib.intake import from_decimals, to_decimals, whole
from salesfc_lib.panel.gaps import fill_forward
from salesfc_lib.panel.hierarchy import build_series
from salesfc_lib.panel.regressors import (
    Placed,
    list_dimensions,
    share_flagged,
    share_of_spans,
    split_series,
    spread_driver,
)

EXACT = Context(prec=400, traps=[Inexact])  # a decimal that would be rounded is an error


@dataclass(frozen=True)
class BottomPanel:
    """Bottom series (unique_id, level, label, dimensions), their panel up to the month, and the months after it."""

    series: pd.DataFrame
    panel: pd.DataFrame
    future: pd.DataFrame


@dataclass(frozen=True)
class Months:
    """Months of the panel and those after it (datetime64[M]); `all` is both."""

    past: np.ndarray
    ahead: np.ndarray

    @classmethod
    def of(cls, first: np.datetime64, last: np.datetime64, horizon: int) -> Months:
        return cls(np.arange(first, last + 1), np.arange(last + 1, last + 1 + horizon))

    @property
    def all(self) -> np.ndarray:
        return np.concatenate([self.past, self.ahead])

    @property
    def first(self) -> np.datetime64:
        return np.datetime64(self.past[0], "M")

    @property
    def n_past(self) -> int:
        return len(self.past)


def build_panel(
    transactions: pd.DataFrame,
    parameters: Parameters,
    month: str,
    promotion: pd.DataFrame | None = None,
    *,
    event: pd.DataFrame | None = None,
    driver: pd.DataFrame | None = None,
) -> BottomPanel:
    """Monthly panel of the bottom level from the unit's first month through `month`, and the horizon after it.

    y = y_raw: the decimals of the unit's measure summed exactly, then as float; in the unit's currency or pieces.
    `trading_days` (count) stands in every row, `promotion` (share of the month's days, 0..1, the agreed
    window of influence included) where the unit has any, `event` likewise (days of events in the market or at competitors), and
    each declared driver under its name. A flag of promotion on the rows says what ran; what will run only a plan says: without
    one, `promotion` is no column of the future. Returns that the unit counts apart are not subtracted. Rows dated after
    `month` are not seen.

    Raises `SalesForecastError` for a unit without rows, a dimension that is no column, or a row without a member.
    """
    levels = {parameters.bottom: parameters.levels[parameters.bottom]}
    rows = _rows_through(transactions, parameters, month)
    counted = (
        rows
        if parameters.measure.returns != "apart"
        else _only(rows, rows["kind"].ne("return").to_numpy())
    )
    _check_not_empty(counted, parameters, month)
    series, at = _bottom_series(counted, levels)
    closed = np.array(parameters.calendar.closed_months, dtype="datetime64[M]")
    sold = _months(rows)
    months = Months.of(sold.min(), np.datetime64(month, "M"), parameters.horizon)
    known = (
        np.bincount((sold - months.first).astype(np.int64), minlength=months.n_past) > 0
    ) | np.isin(months.past, closed)
    place = ((sold if counted is rows else _months(counted)) - months.first).astype(np.int64)
    placed = Placed(counted, at, place, months.first, (len(series), months.n_past))
    sales, first = _monthly_sales(counted[parameters.measure.value], at, place, placed.shape)
    y = np.where(known, sales, np.nan)
    columns = {
        **_calendar_columns(months, parameters),
        **_plan_columns(placed, months, parameters, promotion, event),
        **_driver_columns(placed, months, parameters, driver),
    }
    every = {
        name: np.broadcast_to(values, (len(series), values.shape[-1]))
        for name, values in columns.items()
    }
    told = {name: values[:, : months.n_past] for name, values in every.items()}
    coming = {
        name: values[:, months.n_past :]
        for name, values in every.items()
        if values.shape[1] > months.n_past
    }
    panel = _long(
        series["unique_id"],
        months.past,
        np.arange(months.n_past) >= first[:, None],
        {"y": y, "y_raw": y, **told},
    )
    return BottomPanel(
        series,
        panel,
        _long(
            series["unique_id"],
            months.ahead,
            np.full((len(series), parameters.horizon), True),
            coming,
        ),
    )


def take_known(event: pd.DataFrame, before: pd.Timestamp | None) -> pd.DataFrame:
    """Events that were known before a day: by `announced`, else from their first day on; all of them where `before` is None.

    A backfill passes the day of that month's publication, so that no later event is counted as foresight.
    """
    if before is None or event.empty:
        return event
    return event[event["announced"].fillna(event["start"]) < before].reset_index(drop=True)


def scan_gaps(panel: pd.DataFrame) -> pd.DataFrame:
    """Missing months: unique_id and ds of each month without y, from a series' first month to the panel's last.

    A month may be null or have no row at all; both are gaps.
    """
    wide = panel.pivot(index="unique_id", columns="ds", values="y")
    months = (
        pd.date_range(wide.columns.min(), wide.columns.max(), freq="MS")
        if len(wide)
        else wide.columns
    )
    wide = wide.reindex(columns=months)
    first = panel.groupby("unique_id")["ds"].min().reindex(wide.index)
    row, column = np.nonzero(
        wide.isna().to_numpy() & (months.to_numpy() >= first.to_numpy()[:, None])
    )
    return pd.DataFrame({"unique_id": wide.index.to_numpy()[row], "ds": months[column]})


def fill_gaps(panel: pd.DataFrame) -> pd.DataFrame:
    """Panel whose y is filled where `scan_gaps` finds nothing; y_raw stays null there.

    The value is that of `gaps.fill_forward`: from earlier months only, so that what a cutoff sees does not depend on what came after it. A row that is added takes its month's mean regressors.
    """
    gaps = scan_gaps(panel)
    if gaps.empty:
        return panel.copy()
    whole = _add_rows(panel, gaps)
    wide = whole.pivot(index="ds", columns="unique_id", values="y").asfreq("MS")
    filled = fill_forward(wide.to_numpy().T)
    values = filled[
        wide.columns.get_indexer(whole["unique_id"]), wide.index.get_indexer(whole["ds"])
    ]
    return whole.assign(y=whole["y"].fillna(pd.Series(values, index=whole.index)))


def check_panel(panel: pd.DataFrame, unit: str = "") -> pd.DataFrame:
    """The panel, if its keys are unique and its grid unbroken.

    Raises `SalesForecastError` naming the first missing month and its series.
    """
    gaps = scan_gaps(check(panel, "panel")).sort_values(["ds", "unique_id"])
    if len(gaps):
        months = gaps["ds"].nunique()
        whose = f" of '{unit}'" if unit else ""
        raise SalesForecastError.say(
            f"Panel{whose} lacks {months} month{'s' if months > 1 else ''} "
            f"(first {gaps['ds'].iat[0]:%Y-%m}, '{gaps['unique_id'].iat[0]}')",
            "Modeling needs an unbroken monthly grid",
            "Fill them with `fill_gaps` or list them under `closed_months`",
        )
    return panel


def _rows_through(transactions: pd.DataFrame, parameters: Parameters, month: str) -> pd.DataFrame:
    wanted = ["date", "kind", parameters.measure.value, *parameters.levels[parameters.bottom]]
    missing = [name for name in wanted if name not in transactions.columns]
    if missing:
        raise SalesForecastError.missing_columns(
            missing, transactions.columns, "Table 'transactions'"
        )
    return _only(transactions, _months(transactions) <= np.datetime64(month, "M"))


def _only(rows: pd.DataFrame, mask: np.ndarray) -> pd.DataFrame:
    return rows if mask.all() else rows.loc[mask]


def _check_not_empty(rows: pd.DataFrame, parameters: Parameters, month: str) -> None:
    if rows.empty:
        raise SalesForecastError.say(
            f"Unit '{parameters.unit.title}' has no rows through {month}",
            "At least one sale to start the panel from",
            "Look into the quarantine and the `where` of its sources, or take the unit out",
        )


def _months(transactions: pd.DataFrame) -> np.ndarray:
    return month_of(transactions).to_numpy().astype("datetime64[M]")


def _bottom_series(
    rows: pd.DataFrame, levels: dict[str, list[str]]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Bottom series, and the position of each row's series among them (n_rows,)."""
    (crossed,) = levels.values()
    if not crossed:
        return build_series(pd.DataFrame(index=[0]), levels), np.zeros(len(rows), dtype=np.intp)
    group, firsts = group_numbers(rows, crossed)
    members = rows[crossed].iloc[firsts].astype(object).reset_index(drop=True)
    series = build_series(members, levels)
    return series, members.groupby(crossed, sort=True).ngroup().to_numpy()[group]


def _monthly_sales(
    values: pd.Series, at: np.ndarray, month: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Exact sums as floats (n_series, n_months), zero without rows, and each series' first month (n_series,)."""
    cell = at * shape[1] + month
    units, scale = _as_units(values)
    sums = sum_units(units, cell, shape[0] * shape[1])
    sales = np.array(to_decimals(sums, scale).to_pylist(), dtype=object).astype(float)
    there = np.zeros(shape, dtype=bool)
    there.reshape(-1)[cell] = True
    return sales.reshape(shape), np.where(there.any(axis=1), there.argmax(axis=1), shape[1])


def _as_units(values: pd.Series) -> tuple[np.ndarray, int]:
    """Decimals, as Arrow or Python holds them, as whole numbers of 10**-scale."""
    if isinstance(values.dtype, pd.ArrowDtype):
        column = values.array.__arrow_array__()
        return from_decimals(
            column.combine_chunks() if isinstance(column, pyarrow.ChunkedArray) else column
        )
    exact = [Decimal(value) for value in values]
    scale = max((max(0, -int(value.as_tuple().exponent)) for value in exact), default=0)
    return whole([int(value.scaleb(scale, EXACT)) for value in exact]), scale


def _calendar_columns(months: Months, parameters: Parameters) -> dict[str, np.ndarray]:
    """What the calendar says, alike for every series: (n_months,) of all months."""
    bounds = bound_months(months.all, parameters.calendar)
    off = list_days_off(parameters.calendar, *bounds)
    days = count_trading_days(months.all, off, parameters.calendar)
    declared = parameters.calendar.moving_holidays
    festivals = list_observed(off) if declared is None else declared
    return {"trading_days": days, **{name: share_of_festival(name, *bounds) for name in festivals}}


def _plan_columns(
    placed: Placed,
    months: Months,
    parameters: Parameters,
    promotion: pd.DataFrame | None,
    event: pd.DataFrame | None,
) -> dict[str, np.ndarray]:
    """Promotions and events (n_series, n_months): of all months, or of the past alone where nothing tells what comes."""
    columns = {}
    if promotion is not None and len(promotion):
        columns["promotion"] = _cover(
            promotion, placed, months, parameters, window=parameters.measure.promotion_window
        )
    if has_flag(placed.rows, parameters):
        columns["promotion"] = _prefer(share_flagged(placed), columns.get("promotion"))
    if event is not None and len(event):
        covered = _cover(
            _date_knowledge(event, parameters), placed, months, parameters, window=Window()
        )
        columns["event"] = (
            covered if _is_foreseen(event, months, parameters) else covered[:, : months.n_past]
        )
    return columns


def _cover(
    spans: pd.DataFrame, placed: Placed, months: Months, parameters: Parameters, *, window: Window
) -> np.ndarray:
    named = list_dimensions(spans, placed, [*parameters.dimensions, "key_account"])
    split = split_series(placed, named, months.all, parameters.horizon)
    return share_of_spans(spans, split, months.all, parameters.calendar, window=window)


def _prefer(flagged: np.ndarray, planned: np.ndarray | None) -> np.ndarray:
    """What the rows flag (n_series, n_past), the plan where they say nothing and, if there is one, in the months ahead."""
    if planned is None:
        return flagged
    known = np.isfinite(flagged)
    past = np.where(known, flagged, planned[:, : flagged.shape[1]])
    return np.concatenate([past, planned[:, flagged.shape[1] :]], axis=1)


def _date_knowledge(event: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """Events with `known_from`: they count in the months that begin on it or later, known when the month before was published."""
    if "announced" not in event:
        return event
    return event.assign(
        known_from=event["announced"] - pd.Timedelta(days=parameters.adjust.publication_day - 1)
    )


def _is_foreseen(event: pd.DataFrame, months: Months, parameters: Parameters) -> bool:
    """Whether events are ever known ahead: one has the day of its announcement, or lies in the months ahead."""
    begins = bound_months(months.ahead[:1], parameters.calendar)[0][0]
    announced = "announced" in event and bool(event["announced"].notna().any())
    return announced or bool(event["end"].ge(pd.Timestamp(begins)).any())


def _driver_columns(
    placed: Placed, months: Months, parameters: Parameters, driver: pd.DataFrame | None
) -> dict[str, np.ndarray]:
    """Each declared driver that has values (n_series, n_months); of the past alone where it is not known ahead, or nothing of it."""
    columns = {}
    for name, declared in parameters.drivers.items():
        values = driver[driver["name"].eq(name)] if driver is not None else None
        if values is None or values.empty:
            continue
        named = list_dimensions(values, placed, [*parameters.dimensions, "key_account"])
        split = split_series(placed, named, months.all, parameters.horizon)
        found = spread_driver(values, declared, split, months.all)
        foreseen = declared.known_ahead and np.isfinite(found[:, months.n_past :]).any()
        columns[name] = found if foreseen else found[:, : months.n_past]
    return columns


def _long(
    ids: pd.Series, months: np.ndarray, there: np.ndarray, columns: dict[str, np.ndarray]
) -> pd.DataFrame:
    """Rows (unique_id, ds, columns) of the series' months that are there."""
    row, column = np.nonzero(there)
    frame = pd.DataFrame(
        {"unique_id": ids.to_numpy()[row], "ds": months.astype("datetime64[ns]")[column]}
    )
    return frame.assign(**{name: values[row, column] for name, values in columns.items()})


def _add_rows(panel: pd.DataFrame, gaps: pd.DataFrame) -> pd.DataFrame:
    """Panel with a row for every gap; a row that was not there takes its month's mean regressors."""
    absent = gaps.merge(panel[["unique_id", "ds"]], how="left", indicator=True).query(
        "_merge == 'left_only'"
    )
    if absent.empty:
        return panel
    whole = pd.concat([panel, absent[["unique_id", "ds"]]]).sort_values(
        ["unique_id", "ds"], ignore_index=True
    )
    regressors = whole.columns.difference(["unique_id", "ds", "y", "y_raw"])
    means = (
        whole.groupby("ds")[list(regressors)].transform("mean") if len(regressors) else whole[[]]
    )
    return whole.fillna(means)
