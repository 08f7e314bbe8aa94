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
        why = ""
        if (repeated := pairs[dimension].duplicated()).any():
            why = (
                f"{dimension} '{pairs.loc[repeated, dimension].iloc[0]}' has several declared days"
            )
        for column in columns:
            texts = pairs[column].fillna("").to_numpy()
            cells = pa.chunked_array([pa.array(texts, pa.string())])
            try:
                read = read_dates(cells, source.date_format)
            except SalesForecastError as error:
                raise evidence.prefix(error, f"Column `{column}` of source '{name}': ") from error
            wrong = [f"`{column}` {text}" for at, text in read.problems.items() if texts[int(at)]]
            why, pairs[column] = why or next(iter(wrong), ""), read.days
        if why:
            raise SalesForecastError.say(
                f"Source '{name}': {why}",
                "One day for each member, such as 2024-03-01",
                "Correct the master file",
            )
        pairs = pairs.rename(columns={dimension: "member"}).assign(dimension=dimension)
        found.append(pairs.astype(object))
    table = pd.concat(found, ignore_index=True).reindex(columns=[*COLUMNS])
    table = table.astype(dict.fromkeys(DECLARED, "datetime64[ns]"))
    return table.dropna(subset=[*DECLARED], how="all").reset_index(drop=True)
