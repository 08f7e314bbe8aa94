"""Launches and ends that a lookup by one dimension declares: `launched`, `discontinued`."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters
from salesfc_lib.intake import evidence, read_dates

DECLARED = ("launched", "discontinued")
COLUMNS = ("dimension", "member", *DECLARED)


def list_declared(transactions: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """One row per dimension and member with a declared day: launched, discontinued (or NaT).

    Raises `SalesForecastError` for a day that cannot be read and for two days of one member.
    """
    found = [pd.DataFrame(columns=pd.Index(COLUMNS), dtype=object)]
    for name, source in parameters.sources.items():
        columns = [column for column in DECLARED if column in source.columns]
        if source.role != "lookup" or len(source.join) != 1 or not columns:
            continue
        (dimension,) = source.join
        pairs = transactions[[dimension, *columns]].drop_duplicates()
        pairs = pairs.dropna(subset=dimension).astype(object)
        if (repeated := pairs[dimension].duplicated()).any():
            member = pairs.loc[repeated, dimension].iloc[0]
            raise _unclear(name, f"{dimension} '{member}' has several declared days")
        days = {
            column: _read(pairs[column], name, column, source.date_format) for column in columns
        }
        members = {"dimension": dimension, "member": pairs[dimension].to_numpy()}
        found.append(pd.DataFrame({**members, **days}).astype(object))
    table = pd.concat(found, ignore_index=True).reindex(columns=[*COLUMNS])
    table = table.astype(dict.fromkeys(DECLARED, "datetime64[ns]"))
    return table.dropna(subset=[*DECLARED], how="all").reset_index(drop=True)


def _read(texts: pd.Series, source: str, column: str, date_format: str | None) -> pd.Series:
    known = texts.fillna("").to_numpy()
    try:
        read = read_dates(pa.chunked_array([pa.array(known, pa.string())]), date_format)
    except SalesForecastError as error:
        raise evidence.prefix(error, f"Column `{column}` of source '{source}': ") from error
    if wrong := [why for place, why in read.problems.items() if known[int(place)]]:
        raise _unclear(source, f"`{column}` {wrong[0]}")
    return pd.Series(read.values)


def _unclear(source: str, why: str) -> SalesForecastError:
    return SalesForecastError.say(
        f"Source '{source}': {why}",
        "One day for each member, such as 2024-03-01",
        "Correct the master file",
    )
