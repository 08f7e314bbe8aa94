"""Selection of the effects that a month's forecast may know, and ends that master files declare.

Effects as declared enter; the same rows with their state leave. A backfill knows what was declared
before that month's publication day, neither an effect nor its removal later. An end that a master
file declares counts as declared on its own day, because the file does not say when it was written.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

import pandas as pd

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, say
from salesfc_lib.panel import DESCRIBING
from salesfc_lib.reconciliation.assumptions.reading import DECLARED_END, as_effects


def select_effects(
    effects: pd.DataFrame,
    months: pd.DatetimeIndex,
    *,
    before: pd.Timestamp | None = None,
    without: Sequence[str] = (),
    authors: Collection[str] | None = None,
) -> pd.DataFrame:
    """The effects, `state` `applied` or why not, for a forecast of `months`.

    `later`: with `before` (a backfill's publication day), not declared earlier than that;
    `removed`: taken back, by then; `off`: its id is among `without`; `over` and `ahead`: ends
    before the first of the months, begins after the last; `refused`: its author is none of
    `authors` (None: all are; an end that a master file declares has no other author).

    Raises `SalesForecastError` for an id in `without` that no effect has.
    """
    unknown = sorted(set(without) - set(effects["id"]))
    if unknown:
        raise SalesForecastError.unknown_key(unknown[0], effects["id"], "`effects.without`")
    removed = effects["removed_at"].notna() if before is None else effects["removed_at"] < before
    reasons = {
        "later": ~(effects["declared_at"] < before) if before is not None else effects["id"].isna(),
        "removed": removed,
        "off": effects["id"].isin(list(without)),
        "over": effects["until"] < months.min(),
        "ahead": effects["start"] > months.max(),
        "refused": _find_barred(effects, authors),
    }
    state = pd.Series("applied", index=effects.index, dtype=object)
    for name, holds in reversed(reasons.items()):
        state = state.mask(holds, name)
    why = [say("adjustment.no_role", author=author) for author in effects["author"]]
    remark = effects["remark"].mask(state.eq("refused"), pd.Series(why, effects.index, object))
    return effects.assign(state=state, remark=remark)


def _find_barred(effects: pd.DataFrame, authors: Collection[str] | None) -> pd.Series:
    """Whether each effect is of somebody who may not change forecasts."""
    is_declared = effects["id"].str.startswith(f"{DECLARED_END} ")
    return ~effects["author"].isin(list(authors or ())) & ~is_declared & (authors is not None)


def list_ends(declared: pd.DataFrame, series: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """Effects of -100 % from the month after a member of the series is discontinued.

    Rows of table `effect`; the author is the source that is the master of that dimension.
    """
    bottom = series[series["level"] == parameters.bottom]
    members = {
        (name, member)
        for name in bottom.columns.difference(DESCRIBING)
        for member in bottom[name].unique()
    }
    rows = []
    for row in declared.dropna(subset=["discontinued"]).itertuples():
        if (row.dimension, row.member) not in members:
            continue
        master, end = _name_master(str(row.dimension), parameters), row.discontinued
        effect = {
            "id": f"{DECLARED_END} {row.dimension} {row.member}",
            "scope": json.dumps({row.dimension: row.member}, ensure_ascii=False),
            "kind": "percent",
            "change": -100.0,
            "start": end.to_period("M").to_timestamp() + pd.DateOffset(months=1),
            "until": pd.NaT,
            "carried_by": None,
            "author": say("effect.master", files=master),
            "reason": say("effect.discontinued", end=f"{end:%Y-%m-%d}"),
            "declared_at": end,
            "removed_at": pd.NaT,
            "source": f"master file '{master}'",
        }
        rows.append(effect)
    return as_effects(rows)


def _name_master(dimension: str, parameters: Parameters) -> str:
    """Names of the sources that declare ends of members of a dimension."""
    names = [
        name
        for name, source in parameters.sources.items()
        if list(source.join) == [dimension] and "discontinued" in source.columns
    ]
    return ", ".join(names)
