"""What there is to ask about a published month: a function a kind of question.

Each reads tables of the month and gives what it found, the largest first: the series concerned, and
a sentence (`say`) with the numbers. Who is asked stands in `KINDS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import iso, say, tables
from salesfc_lib.reconciliation import list_heads, read_effects
from salesfc_lib.retrospective import published
from salesfc_lib.retrospective.loop import read_causes, read_published

AHEAD = 3  # months after the month that are asked about
MOST = 3  # questions of one kind that a department is asked
FELL = 0.2  # share by which sales of an account, over three months, are below a year before
CHANGED = 0.1  # share by which a forecast changed since last month
NOT_EXPLAINED = "not_explained"


@dataclass(frozen=True)
class Found:
    """Something to ask about; key: what makes it this and no other question of its kind."""

    key: str
    unique_id: str
    says: str


def find_new_promotions(run: UnitMonth) -> Iterator[Found]:
    """Promotions of the coming months of which the data cannot tell what they bring."""
    rows, declared = read_published(run, "promotion"), _read_declared(run)
    first, last = _span(run)
    pooled = read_published(run, "pooled_driver").query("term == 'promotion'")
    is_known = bool((pooled["low"] * pooled["high"] > 0).any())
    before = set(rows.loc[rows["start"] < first, "name"])
    for row in _within(rows, first, last).to_dict("records"):
        scope = _scope(row, rows)
        in_time = (declared["start"] <= row["end"]) & ~(declared["until"] < _month(row["start"]))
        is_declared = any(json.loads(each) == scope for each in declared.loc[in_time, "scope"])
        if not is_declared and not (is_known and row["name"] in before):
            yield _promotion("new_promotion", row, scope)


def find_missing_promotions(run: UnitMonth) -> Iterator[Found]:
    """Promotions that ran a year ago in the coming months, and are not planned around them now."""
    rows = read_published(run, "promotion")
    first, last = _span(run)
    year, month = pd.DateOffset(years=1), pd.DateOffset(months=1)
    planned = set(_within(rows, first - month, last + month)["name"])
    for row in _within(rows, first - year, last - year).to_dict("records"):
        if row["name"] not in planned:
            yield _promotion("missing_promotion", row, _scope(row, rows))


def find_shortages(run: UnitMonth) -> Iterator[Found]:
    """Series that are to be ordered or hurried now, as table `urgent` ranks them."""
    rows = read_published(run, "urgent")
    for row in rows[rows["action"].isin(["expedite", "order"])].to_dict("records"):
        key = "short" if pd.notna(row["out_on"]) else "short.unknown"
        facts = {"out": f"{row['out_on']:%Y-%m-%d}"} if pd.notna(row["out_on"]) else {}
        facts |= {"label": _labels(run)[row["unique_id"]], "action": row["action"]}
        short = 0.0 if pd.isna(row["short"]) else row["short"]
        says = say(f"consult.ask.{key}", pieces=short, **facts)
        yield Found(row["unique_id"], row["unique_id"], says)


def find_accounts(run: UnitMonth) -> Iterator[Found]:
    """Key accounts that bought nothing in the month, or much less than a year before."""
    series = read_published(run, "series")
    levels = run.parameters.levels
    own = series[series["level"].map(lambda name: list(levels.get(name, [])) == ["key_account"])]
    if own.empty:
        return
    accounts = own.loc[own["key_account"].ne("other"), "unique_id"]
    panel = read_published(run, "panel")
    sold = panel[panel["unique_id"].isin(accounts) & (panel["ds"] <= run.cutoff)]
    wide = sold.pivot(index="ds", columns="unique_id", values="y_raw").fillna(0.0)
    now, before = wide.tail(3).sum(), wide.iloc[-15:-12].sum()
    lost = (before - now)[(before > 0) & (now < (1 - FELL) * before)]
    for unique_id in lost.sort_values(ascending=False).index:
        facts = {"label": _labels(run)[unique_id], "now": now[unique_id]}
        facts |= {"before": before[unique_id], "change": now[unique_id] / before[unique_id] - 1}
        is_silent = wide[unique_id].iloc[-1] == 0
        says = say(f"consult.ask.account.{'silent' if is_silent else 'fell'}", **facts)
        yield Found(str(unique_id), str(unique_id), says)


def find_shifts(run: UnitMonth) -> Iterator[Found]:
    """Lasting changes of level of the last twelve months, the largest first."""
    rows = read_published(run, "break")
    rows = rows[rows["ds"] > run.cutoff - pd.DateOffset(years=1)]
    for row in rows.sort_values("change", key=abs, ascending=False).to_dict("records"):
        facts = {"label": _labels(run)[row["unique_id"]], "since": iso(row["ds"])}
        says = say("consult.ask.shift", change=row["change"] / 100, **facts)
        yield Found(f"{row['unique_id']} {iso(row['ds'])}", row["unique_id"], says)


def find_changes(run: UnitMonth) -> Iterator[Found]:
    """Series whose forecast of the coming months changed most since the month before."""
    earlier = run.read_before("forecast")
    if earlier is None or earlier.empty:
        return
    first, last = _span(run)
    now, before = (
        published(rows[rows["ds"].between(first, last)]).set_index(["unique_id", "ds"])["y_hat"]
        for rows in (read_published(run, "forecast"), earlier)
    )
    both = pd.DataFrame({"now": now, "before": before}).dropna().groupby("unique_id").sum()
    change = (both["now"] - both["before"])[
        lambda size: size.abs() > CHANGED * both["before"].abs()
    ]
    for unique_id in change.abs().sort_values(ascending=False, kind="stable").index:
        facts = {"label": _labels(run)[unique_id], **both.loc[unique_id].to_dict()}
        facts |= {"first": iso(first), "last": iso(last), "change": change[unique_id]}
        yield Found(str(unique_id), str(unique_id), say("consult.ask.change", **facts))


def find_misses(run: UnitMonth) -> Iterator[Found]:
    """The largest misses of the month that neither a table nor a person explains."""
    missed, causes = read_published(run, "missed"), read_causes(run)
    known = set(causes.loc[causes["cause"].ne(NOT_EXPLAINED) & causes["effect"].ne(0), "unique_id"])
    for row in missed[~missed["unique_id"].isin(known) & missed["difference"].ne(0)].to_dict(
        "records"
    ):
        facts = {name: row[name] for name in ("label", "forecast", "actual", "difference")}
        yield Found(row["unique_id"], row["unique_id"], say("consult.ask.miss", **facts))


FINDERS: dict[str, Callable[[UnitMonth], Iterator[Found]]] = {
    "new_promotion": find_new_promotions,
    "missing_promotion": find_missing_promotions,
    "shortage": find_shortages,
    "account": find_accounts,
    "shift": find_shifts,
    "change": find_changes,
    "miss": find_misses,
}
AT_EVERY_LEVEL = ("change", "shift")  # of which a department is asked on its own levels only
# kinds of questions by what a department's id is; any other department is asked all
KINDS = {
    "sales": ("missing_promotion", "account", "shift", "change", "miss"),
    "marketing": ("new_promotion", "missing_promotion", "change"),
    "purchasing": ("shortage",),
    "production": ("shortage",),
    "finance": ("change",),
}


def _read_declared(run: UnitMonth) -> pd.DataFrame:
    heads = list_heads(read_published(run, "series"), run.parameters)
    rows = read_effects(run.project, run.unit, heads)
    return rows[rows["removed_at"].isna()]


def _promotion(kind: str, row: dict[str, object], scope: dict[str, str]) -> Found:
    facts = {"name": row["name"], "members": list(scope.values())}
    facts |= {name: f"{row[name]:%Y-%m-%d}" for name in ("start", "end")}
    key = f"{row['name']} {facts['start']}"
    where = "" if scope else ".whole"
    return Found(key, "", say(f"consult.ask.{kind}{where}", **facts))


def _scope(row: dict[str, object], rows: pd.DataFrame) -> dict[str, str]:
    """Members that a promotion is for, by dimension."""
    dimensions = [name for name in rows if name not in tables.empty("promotion")]
    return {name: str(row[name]) for name in dimensions if pd.notna(row[name])}


def _span(run: UnitMonth) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First day of the months asked about, and first day of the last of them."""
    ahead = (run.cutoff + pd.DateOffset(months=months) for months in (1, AHEAD))
    first, last = ahead
    return first, last


def _within(rows: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Rows that start from the first month to the end of the last one."""
    return rows[(rows["start"] >= first) & (rows["start"] < last + pd.DateOffset(months=1))]


def _month(day: object) -> pd.Timestamp:
    return pd.Timestamp(str(day)).replace(day=1)


def _labels(run: UnitMonth) -> dict[str, str]:
    series = read_published(run, "series")
    return dict(zip(series["unique_id"], series["label"], strict=True))
