"""The monthly panel at the bottom level: an unbroken grid with what is known ahead.

A month in which the unit has no source row at all is missing (null), a month with rows but none for
the series is zero, and before its first row a series is absent. Only regressors known ahead have a
column in `future`, because a model sees no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, Inexact

import numpy as np
import pandas as pd
import pyarrow

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import (
    Parameters,
    bound_months,
    count_trading_days,
    holidays,
    month_of,
    schema,
    tables,
)
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
    """Tables series and panel of the bottom level up to the month, and future after it."""

    series: pd.DataFrame
    panel: pd.DataFrame
    future: pd.DataFrame


@dataclass(frozen=True)
class Months:
    """Months (datetime64[M]) of the panel, the first `n_past`, and of the horizon after it."""

    all: np.ndarray
    n_past: int

    @property
    def past(self) -> np.ndarray:
        return self.all[: self.n_past]

    @property
    def ahead(self) -> np.ndarray:
        return self.all[self.n_past :]

    @property
    def first(self) -> np.datetime64:
        return np.datetime64(self.all[0], "M")


def build_panel(
    transactions: pd.DataFrame,
    parameters: Parameters,
    month: str,
    promotion: pd.DataFrame | None = None,
    *,
    event: pd.DataFrame | None = None,
    driver: pd.DataFrame | None = None,
) -> BottomPanel:
    """Panel of the bottom level from the unit's first month through `month`, and its future.

    y = y_raw: decimals of the unit's measure, summed exactly, then as float, in its currency or
    pieces. Regressors: `trading_days` (count); `promotion` (share of the month's days, 0..1, with
    the agreed window) and `event` where the unit has any; each declared driver under its name. A
    flag of promotion on the rows is history: without a plan, `promotion` is no column of the
    future. Returns that the unit counts apart are not subtracted. Rows after `month` are not seen.

    Raises `SalesForecastError` for a unit without rows, a dimension that is no column, or a row
    without a member.
    """
    levels = {parameters.bottom: parameters.levels[parameters.bottom]}
    rows = _rows_through(transactions, parameters, month)
    counted = rows
    if parameters.measure.returns == "apart":
        counted = _only(rows, rows["kind"].ne("return").to_numpy())
    _check_not_empty(counted, parameters, month)
    series, at = _bottom_series(counted, levels)
    closed = np.array(parameters.calendar.closed_months, dtype="datetime64[M]")
    sold, last = _months(rows), np.datetime64(month, "M")
    n_past = int((last - sold.min()).astype(np.int64)) + 1
    months = Months(np.arange(sold.min(), last + 1 + parameters.horizon), n_past)
    has_rows = np.bincount((sold - months.first).astype(np.int64), minlength=n_past) > 0
    known = has_rows | np.isin(months.past, closed)
    place = ((sold if counted is rows else _months(counted)) - months.first).astype(np.int64)
    placed = Placed(counted, at, place, months.first, (len(series), n_past))
    sales, first = _monthly_sales(counted[parameters.measure.value], at, place, placed.shape)
    y = np.where(known, sales, np.nan)
    columns = {
        **_calendar_columns(months, parameters),
        **_plan_columns(placed, months, parameters, promotion, event),
        **_driver_columns(placed, months, parameters, driver),
    }
    past, ahead = {"y": y, "y_raw": y}, {}
    for name, values in columns.items():
        every = np.broadcast_to(values, (len(series), values.shape[-1]))
        past[name] = every[:, :n_past]
        if every.shape[1] > n_past:
            ahead[name] = every[:, n_past:]
    ids, everywhere = series["unique_id"], np.full((len(series), parameters.horizon), True)
    panel = _long(ids, months.past, np.arange(n_past) >= first[:, None], past)
    return BottomPanel(series, panel, _long(ids, months.ahead, everywhere, ahead))


def take_known(event: pd.DataFrame, before: pd.Timestamp | None) -> pd.DataFrame:
    """Events that were known before a day, by `announced` or else from their first day on.

    A backfill passes the day of that month's publication, so that no later event is used; with
    None, all events are known.
    """
    if before is None or event.empty:
        return event
    return event[event["announced"].fillna(event["start"]) < before].reset_index(drop=True)


def scan_gaps(panel: pd.DataFrame) -> pd.DataFrame:
    """Months without y (unique_id, ds), from a series' first month to the panel's last.

    A month may be null or have no row at all; both are gaps.
    """
    wide = panel.pivot(index="unique_id", columns="ds", values="y")
    months = wide.columns
    if len(wide):
        months = pd.date_range(months.min(), months.max(), freq="MS")
    first = panel.groupby("unique_id")["ds"].min().reindex(wide.index)
    begun = months.to_numpy() >= first.to_numpy()[:, None]
    row, column = np.nonzero(wide.reindex(columns=months).isna().to_numpy() & begun)
    return pd.DataFrame({"unique_id": wide.index.to_numpy()[row], "ds": months[column]})


def fill_gaps(panel: pd.DataFrame) -> pd.DataFrame:
    """Panel whose missing y are filled by `gaps.fill_forward`; y_raw stays null there.

    A row that is added takes its month's mean regressors.
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
    gaps = scan_gaps(tables.check(panel, "panel")).sort_values(["ds", "unique_id"])
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
        where = "Table 'transactions'"
        raise SalesForecastError.missing_columns(missing, transactions.columns, where)
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
    from salesfc_lib.cleaning import group_numbers

    if not crossed:
        return build_series(pd.DataFrame(index=[0]), levels), np.zeros(len(rows), dtype=np.intp)
    group, firsts = group_numbers(rows, crossed)
    members = rows[crossed].iloc[firsts].astype(object).reset_index(drop=True)
    series = build_series(members, levels)
    return series, members.groupby(crossed, sort=True).ngroup().to_numpy()[group]


def _monthly_sales(
    values: pd.Series, at: np.ndarray, month: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Exact sums as floats (n_series, n_months), 0 without rows, and first months (n_series,)."""
    from salesfc_lib.cleaning import sum_units
    from salesfc_lib.intake import fixed_point

    cell = at * shape[1] + month
    units, scale = _as_units(values)
    sums = sum_units(units, cell, shape[0] * shape[1])
    sales = np.array(fixed_point.to_decimals(sums, scale).to_pylist(), dtype=object).astype(float)
    there = np.zeros(shape, dtype=bool)
    there.reshape(-1)[cell] = True
    return sales.reshape(shape), np.where(there.any(axis=1), there.argmax(axis=1), shape[1])


def _as_units(values: pd.Series) -> tuple[np.ndarray, int]:
    """Decimals, as Arrow or Python holds them, as whole numbers of 10**-scale."""
    from salesfc_lib.intake import fixed_point

    if isinstance(values.dtype, pd.ArrowDtype):
        column = values.array.__arrow_array__()
        chunked = isinstance(column, pyarrow.ChunkedArray)
        return fixed_point.from_decimals(column.combine_chunks() if chunked else column)
    exact = [Decimal(value) for value in values]
    scale = max((max(0, -int(value.as_tuple().exponent)) for value in exact), default=0)
    return fixed_point.whole([int(value.scaleb(scale, EXACT)) for value in exact]), scale


def _calendar_columns(months: Months, parameters: Parameters) -> dict[str, np.ndarray]:
    """What the calendar says, alike for every series: (n_months,) of all months."""
    bounds = bound_months(months.all, parameters.calendar)
    off = holidays.list_days_off(parameters.calendar, *bounds)
    days = count_trading_days(months.all, off, parameters.calendar)
    declared = parameters.calendar.moving_holidays
    festivals = holidays.list_observed(off) if declared is None else declared
    return {
        "trading_days": days,
        **{name: holidays.share_of_festival(name, *bounds) for name in festivals},
    }


def _plan_columns(
    placed: Placed,
    months: Months,
    parameters: Parameters,
    promotion: pd.DataFrame | None,
    event: pd.DataFrame | None,
) -> dict[str, np.ndarray]:
    """Promotions and events (n_series, n_months); without the months ahead if none are known."""
    from salesfc_lib.cleaning import has_flag

    columns = {}
    if promotion is not None and len(promotion):
        window = parameters.measure.promotion_window
        columns["promotion"] = _cover(promotion, placed, months, parameters, window=window)
    if has_flag(placed.rows, parameters):
        columns["promotion"] = _prefer(share_flagged(placed), columns.get("promotion"))
    if event is not None and len(event):
        dated = _date_knowledge(event, parameters)
        covered = _cover(dated, placed, months, parameters, window=schema.PromotionWindow())
        foreseen = _is_foreseen(event, months, parameters)
        columns["event"] = covered if foreseen else covered[:, : months.n_past]
    return columns


def _cover(
    spans: pd.DataFrame,
    placed: Placed,
    months: Months,
    parameters: Parameters,
    *,
    window: schema.PromotionWindow,
) -> np.ndarray:
    named = list_dimensions(spans, placed, [*parameters.dimensions, "key_account"])
    split = split_series(placed, named, months.all, parameters.horizon)
    return share_of_spans(spans, split, months.all, parameters.calendar, window=window)


def _prefer(flagged: np.ndarray, planned: np.ndarray | None) -> np.ndarray:
    """Flags of the rows (n_series, n_past), else the plan, which has the months ahead too."""
    if planned is None:
        return flagged
    known = np.isfinite(flagged)
    past = np.where(known, flagged, planned[:, : flagged.shape[1]])
    return np.concatenate([past, planned[:, flagged.shape[1] :]], axis=1)


def _date_knowledge(event: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """Events with `known_from`: first day of the months for which they were known ahead.

    That is when the month before was published after their announcement.
    """
    if "announced" not in event:
        return event
    days = pd.Timedelta(days=parameters.adjust.publication_day - 1)
    return event.assign(known_from=event["announced"] - days)


def _is_foreseen(event: pd.DataFrame, months: Months, parameters: Parameters) -> bool:
    """Whether any event is known ahead: by its announcement, or as one in the months ahead."""
    begins = bound_months(months.ahead[:1], parameters.calendar)[0][0]
    announced = "announced" in event and bool(event["announced"].notna().any())
    return announced or bool(event["end"].ge(pd.Timestamp(begins)).any())


def _driver_columns(
    placed: Placed, months: Months, parameters: Parameters, driver: pd.DataFrame | None
) -> dict[str, np.ndarray]:
    """Each declared driver that has values (n_series, n_months).

    Without the months ahead if it is not known ahead, or no later value is.
    """
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
    ds = months.astype("datetime64[ns]")[column]
    frame = pd.DataFrame({"unique_id": ids.to_numpy()[row], "ds": ds})
    return frame.assign(**{name: values[row, column] for name, values in columns.items()})


def _add_rows(panel: pd.DataFrame, gaps: pd.DataFrame) -> pd.DataFrame:
    """Panel with a row for every gap; an added row has its month's mean regressors."""
    key = ["unique_id", "ds"]
    merged = gaps.merge(panel[key], how="left", indicator=True)
    absent = merged.loc[merged["_merge"] == "left_only", key]
    if absent.empty:
        return panel
    whole = pd.concat([panel, absent]).sort_values(key, ignore_index=True)
    regressors = list(whole.columns.difference([*key, "y", "y_raw"]))
    if not regressors:
        return whole
    return whole.fillna(whole.groupby("ds")[regressors].transform("mean"))
