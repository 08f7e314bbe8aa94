"""Launches and ends that a master file declares.

Transactions with the columns of lookups enter; the declared days of each member leave. The decision made here: `launched` and
`discontinued` are columns of a lookup by one dimension; a day that cannot be read, or two days of one member, stop the unit,
because a master is a short table that people keep.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters
from salesfc_lib.intake import prefix, read_dates

DECLARED = ("launched", "discontinued")


def list_declared(transactions: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """One row per dimension and member with a declared day: launched, discontinued (days, NaT where not declared)."""
    found = [
        pd.DataFrame({"dimension": pd.Series(dtype=object), "member": pd.Series(dtype=object)})
    ]
    for name, source in parameters.sources.items():
        columns = [column for column in DECLARED if column in source.columns]
        if source.role != "lookup" or len(source.join) != 1 or not columns:
            continue
        (dimension,) = source.join
        pairs = (
            transactions[[dimension, *columns]]
            .drop_duplicates()
            .dropna(subset=dimension)
            .astype(object)
        )
        if (repeated := pairs[dimension].duplicated()).any():
            member = pairs.loc[repeated, dimension].iloc[0]
            raise _unclear(name, f"{dimension} '{member}' has several declared days")
        days = {
            column: _read(pairs[column], name, column, source.date_format) for column in columns
        }
        found.append(
            pd.DataFrame({"dimension": dimension, "member": pairs[dimension].to_numpy(), **days})
        )
    table = pd.concat(found, ignore_index=True).reindex(columns=["dimension", "member", *DECLARED])
    return (
        table.astype(dict.fromkeys(DECLARED, "datetime64[ns]"))
        .dropna(subset=list(DECLARED), how="all")
        .reset_index(drop=True)
    )


def _read(texts: pd.Series, source: str, column: str, date_format: str | None) -> pd.Series:
    known = texts.fillna("").to_numpy()
    try:
        read = read_dates(pa.chunked_array([pa.array(known, pa.string())]), date_format)
    except SalesForecastError as error:
        raise prefix(error, f"Column `{column}` of source '{source}': ") from error
    if wrong := [said for place, said in read.problems.items() if known[int(place)]]:
        raise _unclear(source, f"`{column}` {wrong[0]}")
    return pd.Series(read.days)


def _unclear(source: str, why: str) -> SalesForecastError:
    return SalesForecastError.say(
        f"Source '{source}': {why}",
        "One day for each member, such as 2024-03-01",
        "Correct the master file",
    )
