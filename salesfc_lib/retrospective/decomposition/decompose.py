"""All tables of the decomposition of one month."""

from __future__ import annotations

import pandas as pd

from salesfc_lib.foundation import tables
from salesfc_lib.retrospective.decomposition.attribution import attribute, whole_month
from salesfc_lib.retrospective.decomposition.customers import customer_change
from salesfc_lib.retrospective.decomposition.drill import drill
from salesfc_lib.retrospective.decomposition.price_volume_mix import price_volume_mix
from salesfc_lib.retrospective.decomposition.rules import count_rules
from salesfc_lib.retrospective.decomposition.sharing import names_below, sales_around, sum_sales

TABLES = ("attribution", "drill", "price_volume_mix", "customer_change", "decomposition_rules")


def decompose(
    missed: pd.DataFrame,
    transactions: pd.DataFrame,
    series: pd.DataFrame,
    *,
    measure: str,
    silent_months: int,
    gone: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """`TABLES` by name, without rows where no earlier month forecast this one.

    `missed` comes from `compare_month`, `gone` from `rules.find_gone`; transactions are of the
    month and the twelve before, and hold what counts as sales.
    """
    if missed.empty:
        return {name: tables.empty(name) for name in TABLES}
    month = missed["ds"].iloc[0]
    sales = sales_around(transactions, series, month=month, measure=measure)
    names = names_below(sales, series)
    whole = whole_month(missed, series, sum_sales(sales, names))
    attribution = attribute(whole, names)
    empty = tables.empty("price_volume_mix")
    return {
        "attribution": attribution,
        "drill": drill(whole, names),
        "price_volume_mix": price_volume_mix(missed, sales) if measure == "amount" else empty,
        "customer_change": customer_change(attribution, sales, month=month, least=silent_months),
        "decomposition_rules": count_rules(
            missed, sales, attribution, gone=gone, dimensions=whole.dimensions
        ),
    }
