"""Numbers that move sales: prices, discounts, what is spent on advertising.

Extracts of the role `drivers` enter; table `driver` leaves, one row for each value. The decisions made here: a blank cell is no
value; what is not known ahead ends with the month, so that no later step can take it for a plan; and a driver that is called
known ahead but has no values for the coming months is told, with what is done about it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.cleaning.account.account import Account
from salesfc_lib.cleaning.side_tables.reading import (
    Parsed,
    parse_days,
    parse_texts,
    read_columns,
    rename_members,
)
from salesfc_lib.foundation import Parameters, Source, label_months, tables
from salesfc_lib.intake import BLANK, FILE, ROW, Convention, Extract, read_numbers

ROLE = "drivers"
OWN = ("name", "date", "ds", "value")  # columns of the table that are no dimensions


def read_drivers(parameters: Parameters, extracts: Mapping[str, Extract]) -> pd.DataFrame:
    """Table driver: the values of every source with that role, in the order of their rows.

    Raises `SalesForecastError` for a row that cannot be read, naming the file.
    """
    sources = {name: source for name, source in parameters.sources.items() if source.role == ROLE}
    frames = [_read_source(source, extracts[name], parameters) for name, source in sources.items()]
    if not frames:
        return tables.empty("driver")
    frame = pd.concat(frames, ignore_index=True)
    dimensions = [name for name in frame.columns if name not in OWN]
    frame = frame.assign(
        **{name: frame[name].astype(object).where(frame[name].notna(), None) for name in dimensions}
    )
    return tables.check(rename_members(frame, dimensions, parameters, extracts), "driver")


def close_drivers(driver: pd.DataFrame, parameters: Parameters, month: str) -> pd.DataFrame:
    """Rows of table driver that a month may see: all that is known ahead, and of the rest what came through the month."""
    ahead = driver["name"].isin(
        [name for name, declared in parameters.drivers.items() if declared.known_ahead]
    )
    return driver[ahead | driver["ds"].le(pd.Timestamp(f"{month}-01"))].reset_index(drop=True)


def note_drivers(
    account: Account, driver: pd.DataFrame, parameters: Parameters, month: str
) -> Account:
    """Account whose problems say of each driver what the months after `month` will be given."""
    for name, declared in parameters.drivers.items():
        own = driver[driver["name"].eq(name)]
        if not declared.known_ahead:
            account = account.see(
                _tell(
                    name,
                    parameters,
                    len(own),
                    "",
                    "not known ahead: history only, no model uses it",
                )
            )
            continue
        months = _count_months(own, month, parameters.horizon)
        if (lacking := months[months < parameters.horizon]).size or months.empty:
            said = _say_missing(months, parameters.horizon, declared.carry)
            account = account.see(
                _tell(name, parameters, len(own), str(next(iter(lacking.index), "")), said)
            )
    return account


def _read_source(source: Source, extract: Extract, parameters: Parameters) -> pd.DataFrame:
    """Values of one source: name, date, ds, value and its dimensions."""
    wide = read_columns(
        source.columns, source, extract, partial(_parse, drivers=parameters.drivers)
    )
    numbers = [name for name in source.columns if name in parameters.drivers]
    days = wide["ds" if "ds" in wide else "date"].to_numpy()
    months = (
        days.astype("datetime64[M]") if "ds" in wide else label_months(days, parameters.calendar)
    )
    placed = wide.drop(columns=[ROW, FILE]).assign(date=days, ds=months.astype("datetime64[ns]"))
    kept = [name for name in placed.columns if name not in numbers]
    long = placed.melt(
        id_vars=kept, value_vars=numbers, var_name="name", value_name="value"
    ).dropna(subset="value")
    return long[[*OWN, *(name for name in kept if name not in OWN)]].astype({"name": object})


def _parse(
    column: str, texts: pa.ChunkedArray, source: Source, *, drivers: Collection[str]
) -> Parsed:
    """A column's values by what it is: days, a dimension, or a number that may be blank."""
    if column in ("ds", "date"):
        return parse_days(column, texts, source)
    if column not in drivers:
        return parse_texts(column, texts, source)
    read = read_numbers(
        texts, Convention(decimal=source.decimal, unit=source.units.get(column, Decimal(1)))
    )
    values = read.units.astype(float) / 10.0**read.scale
    blank = read.problems.index[read.problems.eq(BLANK)]
    values[blank] = np.nan
    return pd.Series(values), read.problems.drop(blank)


def _count_months(own: pd.DataFrame, month: str, horizon: int) -> pd.Series:
    """Number of the coming months that have a value, by member (joined names; '' where it holds for all)."""
    last = pd.Timestamp(f"{month}-01")
    ahead = own["ds"].gt(last) & own["ds"].le(last + pd.DateOffset(months=horizon))
    dimensions = [name for name in own.columns if name not in OWN]
    members = (
        own[dimensions].fillna("").agg(" / ".join, axis=1)
        if dimensions
        else pd.Series("", index=own.index)
    )
    return own["ds"].where(ahead).groupby(members).nunique()


def _say_missing(months: pd.Series, horizon: int, carry: str | None) -> str:
    lacking = f"{(months < horizon).sum()} of {len(months)} members lack values for some of the {horizon} months ahead"
    if not months.any() and carry is None:
        return f"{lacking}: none has any, so that no model uses it"
    done = (
        "the last value before stands there, which a backtest of past months does not do"
        if carry
        else "they stay empty"
    )
    return f"{lacking}: {done}"


def _tell(
    name: str, parameters: Parameters, rows: int, example: str, reason: str
) -> dict[str, Any]:
    """A row of table problems about a driver."""
    source = next(
        key
        for key, item in parameters.sources.items()
        if item.role == ROLE and name in item.columns
    )
    told = {
        "source": source,
        "rule": "driver",
        "column": name,
        "action": "noted",
        "rows": rows,
        "first_row": 0,
    }
    return told | {"example": example, "reason": reason}
