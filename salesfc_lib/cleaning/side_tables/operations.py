"""What stock and delivery are judged by: deliveries by month, and counts of stock above zero.

An export of deliveries has a row for each order line (`date`, `ordered`, `delivered`, the day
`promised` and the day `delivered_on`; several rows of one `key` are parts of one line), or one for
each month (`ds`, `ordered`, `delivered`, and of its `lines` how many came `on_time`). A line counts
in the month for which it was promised, else in that of its order.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.context import Context
from salesfc_lib.cleaning.side_tables.reading import rename_members
from salesfc_lib.cleaning.strict_columns import read_columns
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, Source, label_months, say, tables
from salesfc_lib.intake import Extract, Issue, layout, refuse_stated_unit

ROLE = "deliveries"
DAYS, NUMBERS = ("date", "promised", "delivered_on"), ("ordered", "delivered", "lines", "on_time")
SUMS = [*NUMBERS, "over", "cancelled"]
PARTS = {"delivered": "sum", "delivered_on": "max"}  # of one order line; the rest stands in each


def read_deliveries(context: Context) -> pd.DataFrame:
    """Table delivery: every source with that role, added up by month and dimensions.

    Raises `SalesForecastError` for a missing column and a row that cannot be read, naming the file.
    """
    frames = []
    for name, source in context.with_role(ROLE).items():
        refuse_stated_unit(name, source, context.extracts[name])
        frames.append(_read_source(source, context.extracts[name], context.parameters))
    if not frames:
        return tables.empty("delivery")
    frame = pd.concat(frames, ignore_index=True)
    dimensions = [n for n in (*context.parameters.dimensions, "key_account") if n in frame]
    for name in dimensions:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    frame = rename_members(frame, dimensions, context)
    sums = frame.groupby(["ds", *dimensions], dropna=False)[SUMS].sum(min_count=1).reset_index()
    for name in dimensions:
        sums[name] = sums[name].astype(object).where(sums[name].notna(), None)
    counts = {"over": "int64", "cancelled": "int64"}
    return tables.check(sums[["ds", *SUMS, *dimensions]].astype(counts), "delivery")


def note_operations(
    batch: Batch, inventory: pd.DataFrame, delivery: pd.DataFrame, parameters: Parameters
) -> Batch:
    """Batch with an issue of each kind of count that cannot be, with its months."""
    found = [
        ("negative_stock", "inventory", "stock", inventory["ds"], inventory["stock"].lt(0)),
        ("over_delivered", ROLE, "delivered", delivery["ds"], delivery["over"]),
        ("order_of_nothing", ROLE, "ordered", delivery["ds"], delivery["cancelled"]),
    ]
    for rule, role, column, months, counts in found:
        if not counts.sum():
            continue
        source = next(name for name, one in parameters.sources.items() if one.role == role)
        listed = months[counts.gt(0)].drop_duplicates().dt.strftime("%Y-%m").tolist()
        more = {"source": source, "column": column, "example": say("example.months", months=listed)}
        batch = batch.report(Issue(rule, say(f"reason.{rule}"), 0, int(counts.sum()), **more))
    return batch


def _read_source(source: Source, extract: Extract, parameters: Parameters) -> pd.DataFrame:
    """Rows of one source, an order line or a month each: ds, `SUMS` and its dimensions."""
    dated = "ds" if "ds" in source.columns else "date"
    needed = [name for name in (dated, "ordered", "delivered") if name not in source.columns]
    if needed:
        where = ", ".join(str(file["path"]) for file in extract.files)
        raise SalesForecastError.missing_columns(
            needed, source.columns, f"`columns` of the source that reads '{where}'"
        )
    kinds = dict.fromkeys(source.columns, "text") | {"ds": "month"}
    kinds |= dict.fromkeys(DAYS, "day") | dict.fromkeys(NUMBERS, "float")
    wanted = dict.fromkeys([dated, *NUMBERS, *DAYS[1:], *source.columns])
    kinds = {name: kinds[name] for name in wanted}
    rows = read_columns(kinds, source, extract, nullable={*kinds} - {dated, "ordered"})
    rows = rows.drop(columns=[layout.ROW, layout.FILE])
    if dated == "date":
        if source.key:
            how = {name: PARTS.get(name, "first") for name in rows if name not in source.key}
            rows = rows.groupby(source.key, dropna=False, sort=False).agg(how).reset_index()
        rows = _judge_lines(rows, {"promised", "delivered_on"} <= {*source.columns})
        due = rows["promised"].fillna(rows["date"]).to_numpy()
        rows["ds"] = label_months(due, parameters.calendar).astype("datetime64[ns]")
    ordered, delivered = rows["ordered"].clip(lower=0), rows["delivered"].fillna(0.0).clip(lower=0)
    return rows.assign(
        ordered=ordered,
        delivered=np.minimum(delivered, ordered),
        over=(ordered.gt(0) & delivered.gt(ordered)).astype("int64"),
        cancelled=ordered.eq(0).astype("int64"),
    )


def _judge_lines(rows: pd.DataFrame, dated: bool) -> pd.DataFrame:
    """Order lines with `lines`, 1 where a day was promised, and of those `on_time`: in full by
    then. Both are null where the export is not `dated`.
    """
    if not dated:
        return rows.assign(lines=np.nan, on_time=np.nan)
    promised = rows["promised"].notna() & rows["ordered"].gt(0)
    came = rows["delivered_on"].le(rows["promised"]) & rows["delivered"].ge(rows["ordered"])
    return rows.assign(lines=promised.astype(float), on_time=(promised & came).astype(float))
