"""What moves sales: prices, discounts, advertising, and the orders' own flags of promotion.

A blank cell is no value; what is not known ahead ends with the month, so that no later step can
take it for a plan. A flag that is blank, zero or a word for no is no, and everything else, the name
of a campaign too, is yes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import Batch
from salesfc_lib.cleaning.context import Context
from salesfc_lib.cleaning.side_tables.reading import rename_members
from salesfc_lib.cleaning.strict_columns import read_columns
from salesfc_lib.foundation import Parameters, Source, label_months, say, tables
from salesfc_lib.intake import Extract, Issue, layout

ROLE = "drivers"
OWN = ("name", "date", "ds", "value", "announced")  # columns of the table that are no dimensions
FLAG = "promotion"  # the orders' column
WESTERN_NO = ("no", "n", "false", "f", "none", "off", "normal", "regular", "nein", "non", "-", "--")
CHINESE_NO = ("否", "无", "非", "不", "正常", "非促销", "无促销")
NO = frozenset((*WESTERN_NO, *CHINESE_NO))


def read_drivers(context: Context) -> pd.DataFrame:
    """Table driver: the values of every source with that role, in the order of their rows.

    Raises `SalesForecastError` for a row that cannot be read, naming the file.
    """
    frames = [
        _read_source(source, context.extracts[name], context.parameters)
        for name, source in context.with_role(ROLE).items()
    ]
    if not frames:
        return tables.empty("driver")
    frame = pd.concat(frames, ignore_index=True)
    dimensions = [name for name in frame.columns if name not in OWN]
    for name in dimensions:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return tables.check(rename_members(frame, dimensions, context), "driver")


def close_drivers(driver: pd.DataFrame, parameters: Parameters, month: str) -> pd.DataFrame:
    """Rows of table driver that a month may use: known ahead, or of days through the month."""
    known = [name for name, declared in parameters.drivers.items() if declared.known_ahead]
    ahead = driver["name"].isin(known)
    return driver[ahead | driver["ds"].le(pd.Timestamp(f"{month}-01"))].reset_index(drop=True)


def note_drivers(batch: Batch, driver: pd.DataFrame, parameters: Parameters, month: str) -> Batch:
    """Batch with an issue for each driver that lacks values ahead, or is not known ahead."""
    for name, declared in parameters.drivers.items():
        own, horizon = driver[driver["name"].eq(name)], parameters.horizon
        reason, example = say("reason.driver.past"), ""
        if declared.known_ahead:
            months = _count_months(own, month, horizon)
            short = months.index[months < horizon]
            if not len(short) and len(months):
                continue
            example = str(next(iter(short), ""))
            if not months.any() and declared.carry is None:
                then = "none"
            elif declared.carry:
                then = "announced" if own["announced"].notna().any() else "carried"
            else:
                then = "empty"
            facts = {"n": len(short), "members": len(months), "horizon": horizon}
            reason = say(f"reason.driver.{then}", **facts)
        source = next(
            key
            for key, item in parameters.sources.items()
            if item.role == ROLE and name in item.columns
        )
        more = {"source": source, "column": name, "example": example}
        batch = batch.report(Issue("driver", reason, 0, len(own), **more))
    return batch


def _read_source(source: Source, extract: Extract, parameters: Parameters) -> pd.DataFrame:
    """Values of one source: name, date, ds, value, announced and its dimensions."""
    numbers = [name for name in source.columns if name in parameters.drivers]
    plain = {"ds": "month", "date": "day", "announced": "day", **dict.fromkeys(numbers, "float")}
    kinds = {name: plain.get(name, "text") for name in [*source.columns, "announced"]}
    wide = read_columns(kinds, source, extract, nullable={*kinds} - {"ds", "date"})
    days = wide["ds" if "ds" in wide else "date"].to_numpy()
    calendar = parameters.calendar
    months = days.astype("datetime64[M]") if "ds" in wide else label_months(days, calendar)
    placed = wide.drop(columns=[layout.ROW, layout.FILE]).assign(
        date=days, ds=months.astype("datetime64[ns]")
    )
    kept = [name for name in placed.columns if name not in numbers]
    long = placed.melt(id_vars=kept, value_vars=numbers, var_name="name", value_name="value")
    columns = [*OWN, *(name for name in kept if name not in OWN)]
    return long.dropna(subset="value")[columns].astype({"name": object})


def _count_months(own: pd.DataFrame, month: str, horizon: int) -> pd.Series:
    """Number of coming months with a value, by member (joined names; '' where it holds for all)."""
    last = pd.Timestamp(f"{month}-01")
    ahead = own["ds"].gt(last) & own["ds"].le(last + pd.DateOffset(months=horizon))
    dimensions = [name for name in own.columns if name not in OWN]
    members = pd.Series("", index=own.index)
    if dimensions:
        members = own[dimensions].fillna("").agg(" / ".join, axis=1)
    return own["ds"].where(ahead).groupby(members).nunique()


def has_flag(lines: pd.DataFrame, parameters: Parameters) -> bool:
    """Whether the orders have a flag of promotion: a column of that name that is no dimension."""
    return FLAG in lines and FLAG not in parameters.dimensions


def read_flags(texts: pd.Series) -> np.ndarray:
    """Whether each row is flagged (n_rows,); a blank cell is not.

    >>> read_flags(pd.Series(["1", "0.0", "否", None, "618"])).tolist()
    [True, False, False, False, True]
    """
    codes, words = pd.factorize(texts)
    yes = np.array([*(_is_yes(str(word)) for word in words), False])
    return yes[codes]  # a missing one has the code -1


def note_flags(batch: Batch, parameters: Parameters) -> Batch:
    """Batch with an issue for each source with a flag of promotion, which shows its words."""
    lines = batch.lines
    if not has_flag(lines, parameters):
        return batch
    flagged = read_flags(lines[FLAG])
    reason = say("reason.promotion_flag")
    for source in lines.loc[flagged, "source"].unique():
        mine = lines[flagged & lines["source"].eq(source).to_numpy()]
        words = mine[FLAG].value_counts().loc[lambda counts: counts > 0].index.astype(str)
        first, more = int(mine["row"].min()), {"source": str(source), "column": FLAG}
        more["example"] = say("example.words", words=[*words[:3]])
        batch = batch.report(Issue("promotion_flag", reason, first, len(mine), **more))
    return batch


def _is_yes(word: str) -> bool:
    text = word.strip().casefold()
    try:
        return float(text) != 0
    except ValueError:
        return bool(text) and text not in NO
