"""What a decomposition could not place as it is, by rule: counted, with its amounts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from salesfc_lib.foundation import tables
from salesfc_lib.retrospective.compare import Past, published
from salesfc_lib.retrospective.decomposition.sharing import NAMES, VALUES
from salesfc_lib.retrospective.facts import write_facts
from salesfc_lib.retrospective.members import bottom_series

CENT = 0.005
EXAMPLES = 3  # names given


def find_gone(past: Past, missed: pd.DataFrame, then: pd.DataFrame | None) -> pd.DataFrame:
    """Bottom series forecast for the month that are not compared: unique_id, label, forecast.

    They are series no more (renamed, other levels), or nothing is known of their month. `then` is
    table `series` of the month in which the forecast was made; without it none is found.
    """
    if missed.empty or then is None:
        return pd.DataFrame(columns=["unique_id", "label", *VALUES])
    month, made_in = missed[["ds", "cutoff"]].iloc[0]
    rows = past.vintages[past.vintages["ds"].eq(month) & past.vintages["cutoff"].eq(made_in)]
    rows = published(rows).merge(bottom_series(then)[["unique_id", "label"]], on="unique_id")
    rows = rows[~rows["unique_id"].isin(missed["unique_id"])].rename(columns={"y_hat": "forecast"})
    return rows[["unique_id", "label", "forecast"]].assign(actual=0.0)


def count_rules(
    missed: pd.DataFrame,
    sales: pd.DataFrame,
    attribution: pd.DataFrame,
    *,
    gone: pd.DataFrame,
    dimensions: Sequence[str],
) -> pd.DataFrame:
    """Table `decomposition_rules`: what each rule concerned; one that concerned nothing is no row.

    `sales` comes from `sales_around`, `attribution` is the table of that name, `gone` comes from
    `find_gone`; `dimensions` tell bottom series apart.
    """
    zero, told = missed["actual"].eq(0), sales[sales["now"]].groupby("unique_id")["sold"].sum()
    untold = missed.assign(actual=missed["actual"] - missed["unique_id"].map(told).fillna(0.0))
    absent = [name for name in NAMES if name not in [*attribution["dimension"]]]
    people = attribution[attribution["dimension"].eq("salesperson")]
    moved = people[people["member"].isin(find_moved(sales, dimensions))]
    found = {
        "gone": gone,
        "not_forecast": missed[~missed["forecasted"] & ~zero],
        "nothing_sold": missed[zero & missed["forecast"].ne(0)],
        "untold": untold[untold["actual"].abs() >= CENT],
        **{f"no_{name}": missed for name in absent},
        **({} if sales["quantity"].astype(bool).any() else {"no_quantity": missed}),
        "moved": moved.rename(columns={"member": "label"}),
    }
    rows = [
        {"rule": rule, "n": len(rows), **rows[VALUES].sum(), "facts": _names(rows)}
        for rule, rows in found.items()
        if len(rows)
    ]
    return tables.build(rows, "decomposition_rules")


def find_moved(sales: pd.DataFrame, dimensions: Sequence[str]) -> list[str]:
    """Salespeople who sold before, and now only for members for which they had sold nothing.

    Of any one dimension, such as another region. Their forecast stays where they sold before.
    """
    if "salesperson" not in sales:
        return []
    moved: set[str] = set()
    for name in dimensions:
        seen = sales.groupby(["salesperson", name])["now"].agg(["any", "all"])
        seen = seen.assign(both=seen["any"] & ~seen["all"], before=~seen["all"])
        by_person = seen.groupby("salesperson")[["any", "both", "before"]].any()
        moved |= {*by_person.index[by_person["any"] & by_person["before"] & ~by_person["both"]]}
    return sorted(moved)


def _names(rows: pd.DataFrame) -> str:
    """Names of the largest, as facts."""
    size = rows[VALUES].abs().sum(axis=1).sort_values(ascending=False, kind="stable")
    return write_facts(names=rows.loc[size.index, "label"].head(EXAMPLES).tolist())
