"""Which members of the unit's dimensions a deal belongs to.

Table opportunity and lines enter; the table with the unit's dimensions leaves. The decision made here: a dimension that the
deals' source does not bring is that of the latest line with the same declared `join`; a deal without such a line has none.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.account.frames import group_numbers
from salesfc_lib.cleaning.account.lines import key_tuples
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters


def join_members(
    opportunity: pd.DataFrame, lines: pd.DataFrame, parameters: Parameters
) -> pd.DataFrame:
    """Opportunities with the dimensions of the latest line that has their keys; None where there is none.

    Raises `SalesForecastError` for a declared key that one of the two lacks.
    """
    joins: list[Mapping[str, str]] = [
        source.join for source in parameters.sources.values() if source.role == "opportunities"
    ]
    keys = list(dict.fromkeys(name for join in joins for name in join))
    wanted = [name for name in parameters.dimensions if name not in opportunity and name in lines]
    if not keys or not wanted or opportunity.empty:
        return opportunity
    for frame, where in ((opportunity, "the opportunities"), (lines, "the orders")):
        if missing := [name for name in keys if name not in frame]:
            raise SalesForecastError.missing_columns(
                missing, frame.columns, f"`join` of the opportunities: {where}"
            )
    group, firsts = group_numbers(lines, keys)
    order = np.argsort(lines["known"].to_numpy(), kind="stable")
    latest = np.empty(len(firsts), dtype=np.int64)
    latest[group[order]] = order
    known = dict(zip(key_tuples(lines[keys].iloc[firsts], keys), latest.tolist(), strict=True))
    at = [known.get(key) for key in key_tuples(opportunity, keys)]
    members = {name: lines[name].astype(object).to_numpy() for name in wanted}
    found = {
        name: [None if place is None else members[name][place] for place in at] for name in wanted
    }
    return opportunity.assign(
        **{
            name: pd.Series(values, index=opportunity.index, dtype=object)
            for name, values in found.items()
        }
    )
