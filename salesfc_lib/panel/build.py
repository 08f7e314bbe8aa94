"""The monthly panel at the bottom level: an unbroken grid with what is known ahead.

A month in which the unit has no source row at all is missing (null), a month with rows but none for
the series is zero, and before its first row a series is absent. Only regressors known ahead have a
column in `future`, because a model sees no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact

import numpy as np
import pandas as pd
import pyarrow

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, month_of
from salesfc_lib.panel.aggregation import long_rows
from salesfc_lib.panel.cutoffs import list_backs
from salesfc_lib.panel.hierarchy import build_series
from salesfc_lib.panel.plans import count_plans, lay_out_plans, list_plans, recall_plans
from salesfc_lib.panel.regressors import PanelMonths, PlacedRows, calendar_columns

EXACT = Context(prec=400, traps=[Inexact])  # a decimal that would be rounded is an error


@dataclass(frozen=True)
class BottomPanel:
    """Tables series and panel of the bottom level up to the month, and future after it.

    recalled: by cutoff of the backtest, the months ahead of it as they were known then, of plans
    with days of announcement; plans: table plan.
    """

    series: pd.DataFrame
    panel: pd.DataFrame
    future: pd.DataFrame
    recalled: Mapping[pd.Timestamp, pd.DataFrame]
    plans: pd.DataFrame


def build_panel(  # noqa: PLR0913  each of the last four has a default
    transactions: pd.DataFrame,
    parameters: Parameters,
    month: str,
    promotion: pd.DataFrame | None = None,
    *,
    event: pd.DataFrame | None = None,
    driver: pd.DataFrame | None = None,
    known_before: pd.Timestamp | None = None,
) -> BottomPanel:
    """Panel of the bottom level from the unit's first month through `month`, and its future.

    y = y_raw: decimals of the unit's measure, summed exactly, then as float, in its currency or
    pieces. Regressors: `trading_days` (count); `promotion` (share of the month's days, 0..1, with
    the agreed window) and `event` where the unit has any; each declared driver under its name. A
    flag of promotion on the rows is history: without a plan, `promotion` is no column of the
    future. Returns that the unit counts apart are not subtracted. Rows after `month` are not seen.
    A backfill passes the day of that month's publication as `known_before`: months ahead show no
    plan that was announced on it or later.

    Raises `SalesForecastError` for a unit without rows, a dimension that is no column, or a row
    without a member.
    """
    rows = _rows_through(transactions, parameters, month)
    counted, sales = rows, rows["kind"].ne("return").to_numpy()
    if parameters.measure.returns == "apart" and not sales.all():
        counted = rows.loc[sales]
    if counted.empty:
        raise SalesForecastError.of(
            f"Unit '{parameters.unit.title}' has no rows through {month}",
            "At least one sale to start the panel from",
            "Look into the quarantine and the `where` of its sources, or take the unit out",
        )
    series, at = _bottom_series(counted, parameters)
    closed = np.array(parameters.calendar.closed_months, dtype="datetime64[M]")
    sold, last = _months(rows), np.datetime64(month, "M")
    begin = sold.min()
    n_past = int((last - begin).astype(np.int64)) + 1
    months = PanelMonths(np.arange(begin, last + 1 + parameters.horizon), n_past)
    has_rows = np.bincount((sold - begin).astype(np.int64), minlength=n_past) > 0
    known = has_rows | np.isin(months.past, closed)
    place = ((sold if counted is rows else _months(counted)) - begin).astype(np.int64)
    placed = PlacedRows(counted, at, place, (len(series), n_past))
    sums, first = _monthly_sales(counted[parameters.measure.value], at, place, placed.shape)
    y = np.where(known, sums, np.nan)
    backs = list_backs(n_past, parameters.backtest)
    plans = list_plans(placed, months, parameters, promotion=promotion, event=event, driver=driver)
    columns = {
        **calendar_columns(months, parameters),
        **lay_out_plans(plans, placed, months, parameters, known_before=known_before),
    }
    past, ahead = {"y": y, "y_raw": y}, {}
    for name, values in columns.items():
        every = np.broadcast_to(values, (len(series), values.shape[-1]))
        past[name] = every[:, :n_past]
        if every.shape[1] > n_past:
            ahead[name] = every[:, n_past:]
    ids, there = series["unique_id"], np.arange(len(months.all)) >= first[:, None]
    there[:, n_past:] = True
    seen = {name: plan for name, plan in plans.items() if name in ahead}
    then = {
        pd.Timestamp(months.all[places.start - 1]): long_rows(
            ids, months.all[places], there[:, places], recalled
        )
        for places, recalled in recall_plans(seen, months, sum(backs, ()), parameters)
    }
    return BottomPanel(
        series,
        long_rows(ids, months.past, there[:, :n_past], past),
        long_rows(ids, months.ahead, there[:, n_past:], ahead),
        then,
        count_plans(seen, months, backs, parameters, known_before=known_before),
    )


def take_known(event: pd.DataFrame, before: pd.Timestamp | None) -> pd.DataFrame:
    """Events that were known before a day, by `announced` or else from their first day on.

    A backfill passes the day of that month's publication, so that no later event is used; with
    None, all events are known.
    """
    if before is None or event.empty:
        return event
    return event[event["announced"].fillna(event["start"]) < before].reset_index(drop=True)


def _rows_through(transactions: pd.DataFrame, parameters: Parameters, month: str) -> pd.DataFrame:
    wanted = ["date", "kind", parameters.measure.value, *parameters.levels[parameters.bottom]]
    missing = [name for name in wanted if name not in transactions.columns]
    if missing:
        where = "Table 'transactions'"
        raise SalesForecastError.missing_columns(missing, transactions.columns, where)
    through = _months(transactions) <= np.datetime64(month, "M")
    return transactions if through.all() else transactions.loc[through]


def _months(transactions: pd.DataFrame) -> np.ndarray:
    return month_of(transactions).to_numpy().astype("datetime64[M]")


def _bottom_series(rows: pd.DataFrame, parameters: Parameters) -> tuple[pd.DataFrame, np.ndarray]:
    """Bottom series, and the position of each row's series among them (n_rows,)."""
    from salesfc_lib.cleaning import group_numbers

    levels = {parameters.bottom: parameters.levels[parameters.bottom]}
    crossed = levels[parameters.bottom]
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
