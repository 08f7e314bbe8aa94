"""Lines that stand for a week: one that crosses the end of a month is shared over both by days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.batch.frames import with_month
from salesfc_lib.cleaning.context import Context, where
from salesfc_lib.foundation import Source, bound_months, label_months, say
from salesfc_lib.intake import Issue, fixed_point

WEEK = "week"  # the rule by which weeks without a day are read, and the name of this one
DAYS = 7
PLACES = 2  # decimal places that a share has at least


def stands_for_week(batch: Batch, source: Source, name: str) -> bool:
    """Whether each line of a source is of a week: declared, or written as ISO weeks."""
    written = any(
        one.rule == WEEK and (one.source == name or one.source.startswith(f"{name}: "))
        for one in batch.issues
    )
    return source.period != "day" or written


def is_weekly(batch: Batch, context: Context) -> bool:
    """Whether all orders stand for weeks."""
    sources = context.with_role("orders").items()
    return bool(sources) and all(stands_for_week(batch, one, name) for name, one in sources)


def _list_parts(batch: Batch, own: np.ndarray) -> list[Issue]:
    """The first and the last month of the weeks, where they do not reach its first or last day."""
    if not len(own):
        return []
    lines = batch.lines.iloc[own]
    days = lines["date"].to_numpy().astype("datetime64[D]")
    ends = np.array([days.min(), days.max() + DAYS - 1])
    months = label_months(ends, batch.calendar)
    starts, after = bound_months(months, batch.calendar)
    whole = (ends[0] == starts[0], ends[1] == after[1] - 1)
    words = [(side, str(day)) for side, day in zip(("first", "last"), ends, strict=True)]
    rows = lines["row"].to_numpy()[[days.argmin(), days.argmax()]]
    parts = zip(whole, words, months, rows, strict=True)
    source = str(lines["source"].iloc[0])
    return [
        Issue(
            "part_month",
            say(f"reason.part_month.{side}", day=day, month=str(month)),
            int(row),
            1,
            source=source,
            column="date",
            example=str(month),
        )
        for is_whole, (side, day), month, row in parts
        if not is_whole
    ]


def share_weeks(batch: Batch, context: Context) -> Batch:
    """Batch in which a week's measures stand in each month as its days do, to the last unit."""
    sources = context.with_role("orders", "returns")
    names = [name for name, one in sources.items() if stands_for_week(batch, one, name)]
    if not names:
        return batch
    ending = [name for name in names if sources[name].period == "week_ending"]
    at = where(batch.lines["name"].isin(ending))
    begins = (batch.lines["date"].iloc[at] - pd.Timedelta(days=DAYS - 1)).to_numpy()
    reason = say("reason.week.ending")
    batch = batch.change(WEEK, at, reason, date=begins, known=begins)
    batch = batch.at_scales({name: max(scale, PLACES) for name, scale in batch.scales.items()})
    own = where(batch.lines["name"].isin(names) & batch.lines["date"].notna())
    batch = batch.report(*_list_parts(batch, own))
    dates = batch.lines["date"].to_numpy()[own].astype("datetime64[D]")
    months = batch.lines["month"].to_numpy()[own].astype("datetime64[M]")
    _, after = bound_months(months, batch.calendar)
    days = (after - dates).astype(np.int64)
    crossing = days < DAYS
    own, days, after = own[crossing], days[crossing], after[crossing]
    if not len(own):
        return batch
    lines = batch.lines.iloc[own]
    first = {
        name: fixed_point.round_half_even(lines[name].to_numpy().astype(object) * days, 1, DAYS)
        for name in batch.scales
        if name in lines and name != "price"
    }
    rest = {name: lines[name].to_numpy() - units for name, units in first.items()}
    later = lines.assign(date=after.astype("datetime64[ns]"), **rest)
    reason = say("reason.week")
    batch = batch.change(WEEK, own, reason, **first)
    return batch.put(with_month(later, batch.calendar).reset_index(drop=True), WEEK, reason)
