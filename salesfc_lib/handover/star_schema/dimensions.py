"""Dimensions with their integer keys: kept from run to run, new ones for what is new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from salesfc_lib.handover.star_schema import model
from salesfc_lib.panel import DESCRIBING

if TYPE_CHECKING:
    import duckdb

OWN = ("unit", "made_in", "version", "latest", "kind")  # columns that the cube puts before a table
Names = Mapping[str, Mapping[str, Sequence[str]]]  # by unit and conformed dimension


def assign_keys(
    found: pd.DataFrame, known: pd.DataFrame, key: str, natural: list[str]
) -> pd.DataFrame:
    """The rows with column `key` in front: the one that `known` has for them, else the next ones.

    >>> known = pd.DataFrame({"k": [2], "name": ["b"]})
    >>> assign_keys(pd.DataFrame({"name": ["a", "b"]}), known, "k", ["name"])["k"].tolist()
    [3, 2]
    """
    last = 0 if known.empty else int(known[key].max())
    keyed = found.merge(known[[key, *natural]], on=natural, how="left", validate="1:1")
    new = keyed[key].isna()
    keyed.loc[new, key] = range(last + 1, last + 1 + int(new.sum()))
    keys = keyed.pop(key).astype("int64")
    keyed.insert(0, key, keys)
    return keyed


def list_series(cube: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Every series of any month as the newest month with it describes it, by unit and id.

    Columns unit, unique_id, level, label, and the dimensions of all units.
    """
    order = "row_number() OVER (PARTITION BY unit, unique_id ORDER BY made_in DESC)"
    wanted = f"SELECT * FROM series WHERE latest QUALIFY {order} = 1 ORDER BY unit, unique_id"
    rows = cube.sql(wanted).df()
    return rows.drop(columns=[name for name in OWN if name != "unit"])


def make_series(
    rows: pd.DataFrame, units: pd.DataFrame, known: Mapping[str, pd.DataFrame], conformed: Names
) -> dict[str, pd.DataFrame]:
    """`dim_series` and the dimensions that units share, from what `list_series` gives.

    A unit's dimension with the name of a declared column is there as `dimension_` and its name.
    """
    found, made = rows.copy(), {}
    for name in model.CONFORMED:
        parts = [_conform(own, conformed[str(unit)][name]) for unit, own in rows.groupby("unit")]
        found[name] = pd.concat([pd.Series(dtype=object), *parts])
        key = f"{name}_key"
        members = pd.DataFrame({name: sorted(found[name].dropna().unique())}, dtype=object)
        table = assign_keys(members, known[f"dim_{name}"].query(f"{key} > 0"), key, [name])
        whole = pd.DataFrame({key: [0], name: [model.ALL]})
        made[f"dim_{name}"] = pd.concat([whole, table], ignore_index=True)
        keys = table.set_index(name)[key]
        found[key] = found[name].map(keys).fillna(0).astype("int64")
    found["unit_key"] = found["unit"].map(units.set_index("unit")["unit_key"])
    found["is_bottom"] = found["level"].eq(
        found["unit"].map({unit: _bottom(own) for unit, own in rows.groupby("unit")})
    )
    own = [each.name for each in model.columns("dim_series")[1:]]
    further = rows.drop(columns=["unit", *DESCRIBING])
    names = {name: f"dimension_{name}" for name in further if name in own}
    series = found[own].join(further.rename(columns=names))
    keyed = assign_keys(series, known["dim_series"], "series_key", ["unit_key", "unique_id"])
    return {**made, "dim_series": keyed}


def make_calendar(months: pd.Series) -> pd.DataFrame:
    """`dim_calendar` without gaps from the first of the months (yyyymm) through the last."""
    first, last = (pd.Timestamp(f"{each}01") for each in (months.min(), months.max()))
    days = pd.date_range(first, last, freq="MS")
    columns = {"month_key": days.year * 100 + days.month, "month": days}
    columns |= {"label": days.strftime("%Y-%m"), "year": days.year, "quarter": days.quarter}
    return pd.DataFrame({**columns, "month_of_year": days.month})


def _conform(own: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Members of the first of the dimensions that a unit's series have."""
    there = {str(column).casefold(): column for column in own if own[column].notna().any()}
    chosen = next((there[name.casefold()] for name in names if name.casefold() in there), None)
    return pd.Series(None, own.index, dtype=object) if chosen is None else own[chosen]


def _bottom(own: pd.DataFrame) -> str:
    """The level of most series, which is the finest that others are sums of."""
    named = own["level"].eq("bottom")
    return "bottom" if named.any() else str(own["level"].value_counts().idxmax())
