"""A Parquet file of any origin as a panel whose last months are held back.

`unique_id, ds, y` and other columns enter; a `Panel` leaves: history, the coming months with what
is known ahead, and what came. The decisions made here: which month a row belongs to, whatever way
`ds` is written; what is summed; which rows are held back (the last H months that each series has a
row for); which columns are known ahead. Whatever is left out or changed is counted and said in
`notes`; only a file that cannot be a panel at all is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from panels import STALLION_DAYS, STALLION_EVENTS

HORIZON = 12  # months held back where the name of the file does not say
REACH = 3  # a held-back month later than this many horizons after the history is left out
FIRST, LAST = (
    1800 * 12 - 1970 * 12,
    2200 * 12 - 1970 * 12,
)  # months since 1970 that fit in a table's dates
ORIGIN = 30 * 12  # 2000-01: where months begin that have no date

# Columns known ahead: as files call them, and as the workbench does. Everything else is history
# only.
KNOWN = {
    **{name: name for name in ("promotion", "price", "discount", "event", "trading_days")},
    **{
        name: name
        for name in ("chinese_new_year", "easter", "ramadan", *STALLION_DAYS, *STALLION_EVENTS)
    },
    "promo": "promotion",
    "price_actual": "price",
}


class NotAPanel(ValueError):
    """A file in which no series can be found; the message says why."""


@dataclass(frozen=True)
class Panel:
    """One panel, its last months held back; `ds` is the first of a month.

    history: unique_id (text), ds, y, other columns; each series an unbroken grid from its first y
    to its last. future: unique_id, ds, the columns known ahead; the `reach` months after each
    series' history. actual: unique_id, ds, h (months after the history), actual.
    """

    name: str
    horizon: int
    reach: int
    history: pd.DataFrame
    future: pd.DataFrame
    actual: pd.DataFrame
    known: tuple[str, ...]
    notes: tuple[str, ...]


def find_horizon(name: str) -> int:
    """Months held back, as the name of a file says: NAME_h18; 12 where it does not.

    >>> find_horizon("m3_h18"), find_horizon("mine")
    (18, 12)
    """
    found = re.search(r"_h(\d+)$", name)
    return int(found[1]) if found else HORIZON


def read_panel(path: Path, known: dict[str, str] | None = None) -> Panel:
    """The panel in a file. `known`: names of columns known ahead, and what the workbench calls
    them; by default `KNOWN`.

    Raises `NotAPanel` where the file cannot be read, has no `y`, or no series is longer than the
    horizon.
    """
    horizon = find_horizon(path.stem)
    if horizon < 1:
        raise NotAPanel(f"the name '{path.name}' holds back {horizon} months; one is the least")
    try:
        rows = pd.read_parquet(path)
    except Exception as reason:  # whatever a reader says of a broken file
        raise NotAPanel(f"'{path.name}' cannot be read: {reason}") from reason
    notes: list[str] = []
    months = sum_months(name_columns(rows, KNOWN if known is None else known, notes), notes)
    return hold_back(months, path.stem, horizon, notes)


def name_columns(rows: pd.DataFrame, known: dict[str, str], notes: list[str]) -> pd.DataFrame:
    """unique_id as text, y as a number, `month` since 1970, `day`, and numeric columns; those known
    ahead carry a `known:` before.
    """
    rows = (
        rows.reset_index()
        if {"unique_id", "ds"} & set(rows.index.names)
        else rows.reset_index(drop=True)
    )
    if "y" not in rows:
        raise NotAPanel(
            f"there is no column 'y'; the columns are {', '.join(map(str, rows.columns[:6]))}"
        )
    ids = rows["unique_id"] if "unique_id" in rows else pd.Series("all", index=rows.index)
    month, day = find_months(rows.get("ds"), ids, notes)
    kept = pd.DataFrame(
        {"unique_id": as_text(ids), "month": month, "day": day, "y": as_number(rows["y"])}
    )
    _say(
        notes,
        int((kept["y"].isna() & rows["y"].notna()).sum()),
        "values of y are no numbers and count as missing",
    )
    for name in rows.columns.difference(["unique_id", "ds", "y"], sort=False):
        column = as_number(rows[name])
        if column.isna().all():
            notes.append(f"column '{name}' holds no numbers and is left out")
            continue
        label = f"known:{known[name]}" if name in known else f"past:{name}"
        if label not in kept:
            kept[label] = column
    usable = kept["unique_id"].notna() & kept["month"].notna()
    _say(notes, int((~usable).sum()), "rows without an id or a month are left out")
    return kept[usable].astype({"month": "int64"})


def as_text(ids: pd.Series) -> pd.Series:
    """Ids as text; missing where they are. Bytes are read as UTF-8."""
    texts = ids.astype(object).map(
        lambda each: each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each)
    )
    return texts.where(ids.notna().to_numpy(), None)


def as_number(values: pd.Series) -> pd.Series:
    """Finite floats; missing for everything else."""
    try:
        numbers = pd.to_numeric(
            values if values.dtype.kind in "biuf" else values.astype(object), errors="coerce"
        ).astype(float)
    except (TypeError, ValueError):  # lists and the like
        return pd.Series(np.nan, index=values.index)
    return numbers.replace([np.inf, -np.inf], np.nan)


def find_months(
    ds: pd.Series | None, ids: pd.Series, notes: list[str]
) -> tuple[pd.Series, pd.Series]:
    """Months since 1970, and days since 1970 where days are known, of each row; the order of rows
    where `ds` says nothing.

    Dates, times, periods and texts ('2020-01-31', '2020-01', '31/01/2020', '202001') are read as
    such; whole numbers as YYYYMM, YYYYMMDD, seconds to nanoseconds since 1970, or else as a count
    of months. Years before 1800 (an unknown date) become 2000, whole series at once.
    """
    in_order = pd.Series(
        ORIGIN + ids.groupby(ids.astype(str), sort=False).cumcount(), index=ids.index, dtype=float
    )
    days = pd.Series(np.nan, index=ids.index)
    if ds is None or not ds.notna().any():
        notes.append("no dates: months are the order of the rows")
        return in_order, days
    if ds.dtype.kind in "iuf" or _are_whole_numbers(ds):
        return _from_numbers(as_number(ds), ids, in_order, notes)
    stamps = _as_days(ds)
    found = ~np.isnat(stamps)
    if not found.any():
        notes.append("no date can be read: months are the order of the rows")
        return in_order, days
    return _from_days(stamps, ids, notes)


def _are_whole_numbers(ds: pd.Series) -> bool:
    texts = ds.dropna().astype(str).str.strip()
    return bool(texts.str.fullmatch(r"\d+(\.0)?").all())


def _from_numbers(
    numbers: pd.Series, ids: pd.Series, in_order: pd.Series, notes: list[str]
) -> tuple[pd.Series, pd.Series]:
    """Months and days from whole numbers, by their size."""
    days = pd.Series(np.nan, index=numbers.index)
    there = numbers.dropna()
    if there.between(180001, 220012).all() and (there % 100).between(1, 12).all():
        return (numbers // 100 - 1970) * 12 + numbers % 100 - 1, days
    if there.between(18000101, 22001231).all():
        stamps = _parse(
            numbers.map(lambda each: f"{each:.0f}", na_action="ignore"), format="%Y%m%d"
        )
        return _from_days(stamps, ids, notes)
    for unit, size in (("ns", 1e17), ("us", 1e14), ("ms", 1e11), ("s", 1e8)):
        if there.abs().median() >= size:
            return _from_days(
                pd.to_datetime(numbers, unit=unit, errors="coerce")
                .to_numpy()
                .astype("datetime64[D]"),
                ids,
                notes,
            )
    if there.max() - there.min() > LAST - ORIGIN or (there % 1 != 0).any():
        notes.append("'ds' holds numbers that are no dates: months are the order of the rows")
        return in_order, days
    return ORIGIN + numbers - there.min(), days


def _as_days(ds: pd.Series) -> np.ndarray:
    """Days as datetime64[D], whatever year; NaT where there is none."""
    if isinstance(ds.dtype, pd.PeriodDtype):
        return ds.dt.to_timestamp().to_numpy().astype("datetime64[D]")
    if isinstance(ds.dtype, pd.DatetimeTZDtype):
        return ds.dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    if ds.dtype.kind == "M":
        return ds.to_numpy().astype("datetime64[D]")
    texts = ds.astype(object).map(str, na_action="ignore").str.strip()
    parts = texts.str.extract(r"^(\d{1,2})[/.\-](\d{1,2})[/.\-]\d{4}$").astype(float)
    day_first = bool((parts[0] > 12).any() or (parts[0].nunique() == 1 and parts[1].nunique() > 1))
    texts = texts.str.replace(
        r"^(\d{4})\s*[mM年./](\d{1,2})月?$",
        lambda found: f"{found[1]}-{int(found[2]):02}",
        regex=True,
    )
    texts = texts.str.replace(r"^(\d{4})年(\d{1,2})月(\d{1,2})日$", r"\1-\2-\3", regex=True)
    texts = texts.str.replace(
        r"(?<=:\d\d)(\.\d+)?\s*(Z|[+-]\d\d:?\d\d)$", "", regex=True
    )  # the day as it is written
    return _parse(texts, format="mixed", dayfirst=day_first)


def _parse(texts: pd.Series, **how: object) -> np.ndarray:
    """Days of texts; those in ISO form whatever their year."""
    iso = texts.str.extract(r"^(\d{4}-\d\d(?:-\d\d)?)(?:[T ].*)?$")[0]
    if iso.notna().sum() == texts.notna().sum():
        try:
            return iso.fillna("NaT").to_numpy().astype("datetime64[D]")
        except ValueError:  # a day that no calendar has
            pass
    return pd.to_datetime(texts, errors="coerce", **how).to_numpy().astype("datetime64[D]")  # type: ignore[call-overload]


def _from_days(stamps: np.ndarray, ids: pd.Series, notes: list[str]) -> tuple[pd.Series, pd.Series]:
    """Months and days; series with years outside 1800 to 2200 are moved, whole years, so that they
    begin in 2000.
    """
    there = ~np.isnat(stamps)
    month = pd.Series(
        np.where(there, stamps.astype("datetime64[M]").astype("int64"), np.nan), index=ids.index
    )
    day = pd.Series(np.where(there, stamps.astype("int64"), np.nan), index=ids.index)
    spans = month.groupby(ids.astype(str))
    first, last = spans.transform("min"), spans.transform("max")
    odd = (first < FIRST) | (last > LAST)
    if not odd.any():
        return month, day
    _say(
        notes, int(odd.sum()), "rows of series before 1800 or after 2200 are moved to begin in 2000"
    )
    return month.where(~odd, month - first // 12 * 12 + ORIGIN), day.where(~odd)


def sum_months(rows: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """One row a series and month: y summed, other columns averaged; the last month left out where
    its days are not all there.
    """
    rows = _drop_unfinished(rows, notes)
    several = rows.duplicated(["unique_id", "month"], keep=False)
    if not several.any():
        return rows.drop(columns="day")
    _say(
        notes,
        int(several.sum()),
        "rows share their series and month with others: y is summed, other columns are averaged",
    )
    by = rows.groupby(["unique_id", "month"], sort=False)
    others = [name for name in rows.columns if ":" in name]
    return pd.concat([by["y"].sum(min_count=1), by[others].mean()], axis=1).reset_index()


def _drop_unfinished(rows: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Rows before the last month, where days or weeks are recorded and the records stop before its
    end.
    """
    days = np.sort(rows["day"].dropna().unique())
    if not len(days) or not rows.duplicated(["unique_id", "month"]).any():
        return rows
    step = float(np.median(np.diff(days))) if len(days) > 1 else 99.0
    last = int(rows["month"].max())
    end = (np.datetime64(last + 1, "M").astype("datetime64[D]")).astype("int64")
    if step > 7 or days[-1] + step >= end:
        return rows
    month = np.datetime64(last, "M")
    day = days[-1] - month.astype("datetime64[D]").astype("int64") + 1
    notes.append(f"{month} ends with its day {day:.0f}: the month is left out")
    return rows[rows["month"] < last]


def hold_back(rows: pd.DataFrame, name: str, horizon: int, notes: list[str]) -> Panel:
    """The panel, the last `horizon` months that each series has a row for held back."""
    rows = rows.sort_values(["unique_id", "month"], ignore_index=True)
    size = rows.groupby("unique_id")["month"].transform("size")
    ahead = rows.groupby("unique_id").cumcount() >= size - horizon
    values = (~ahead & rows["y"].notna()).groupby(rows["unique_id"]).transform("any")
    kept = (size > horizon) & values
    short, empty = (
        rows.loc[out, "unique_id"].nunique()
        for out in (size <= horizon, (size > horizon) & ~values)
    )
    _say(notes, short, f"series of {horizon} rows or fewer cannot be held back and are left out")
    _say(notes, empty, "series without a value in their history are left out")
    if not kept.any():
        raise NotAPanel(f"no series has more than {horizon} rows and a value before them")
    history, later = rows[kept & ~ahead], rows[kept & ahead]
    grid = fill_grid(history)
    end = grid.groupby("unique_id")["month"].max()
    step = later["month"] - later["unique_id"].map(end)
    near = step <= REACH * horizon
    _say(
        notes,
        int((~near).sum()),
        f"held-back rows lie more than {REACH * horizon} months after the history "
        "and are not scored",
    )
    reach = max(horizon, int(step[near].max()) if near.any() else 0)
    if not later.loc[near, "y"].notna().any():
        raise NotAPanel("no held-back row has a value")
    known = tuple(
        column.removeprefix("known:") for column in rows.columns if column.startswith("known:")
    )
    future = _list_future(end, reach).merge(
        rows.drop(columns="y"), on=["unique_id", "month"], how="left"
    )
    actual = later[near].assign(h=step[near]).rename(columns={"y": "actual"})
    return Panel(
        name=name,
        horizon=horizon,
        reach=reach,
        history=_date(grid),
        future=_date(future)[["unique_id", "ds", *known]],
        actual=_date(actual)[["unique_id", "ds", "h", "actual"]].reset_index(drop=True),
        known=known,
        notes=tuple(notes),
    )


def fill_grid(history: pd.DataFrame) -> pd.DataFrame:
    """Rows with every month from a series' first y to its last one; months that were absent have
    nothing but nulls.
    """
    spans = history[history["y"].notna()].groupby("unique_id")["month"].agg(["min", "max"])
    length = (spans["max"] - spans["min"] + 1).to_numpy()
    start = np.repeat(
        spans["min"].to_numpy() - np.concatenate([[0], np.cumsum(length)[:-1]]), length
    )
    grid = pd.DataFrame(
        {
            "unique_id": np.repeat(spans.index.to_numpy(), length),
            "month": start + np.arange(length.sum()),
        }
    )
    return grid.merge(history, on=["unique_id", "month"], how="left")


def _list_future(end: pd.Series, reach: int) -> pd.DataFrame:
    ahead = np.tile(np.arange(1, reach + 1), len(end))
    return pd.DataFrame(
        {
            "unique_id": np.repeat(end.index.to_numpy(), reach),
            "month": np.repeat(end.to_numpy(), reach) + ahead,
        }
    )


def _date(rows: pd.DataFrame) -> pd.DataFrame:
    """`month` as ds, the first of the month; columns without the word that told them apart."""
    ds = rows["month"].to_numpy().astype("datetime64[M]").astype("datetime64[ns]")
    named = rows.rename(columns=lambda name: name.partition(":")[2] or name)
    return named.drop(columns="month").assign(ds=ds)[
        ["unique_id", "ds", *named.columns.drop(["unique_id", "month"])]
    ]


def _say(notes: list[str], count: int, what: str) -> None:
    if count:
        notes.append(f"{count} {what}")
