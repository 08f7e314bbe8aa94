"""People's answers put in the place of the causes that tables propose, to the cent.

Proposed causes, misses and answers enter; causes that still sum to each miss leave, and a table of
what was said, by whom, and which lines could not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.foundation import say, tables
from salesfc_lib.retrospective.causes.causes import NOT_EXPLAINED

SET_ASIDE = "set_aside"  # verb of an answer that does not count
NONE = {"facts": "{}", "state": "proposed", "by": None, "remark": None}
EXACT = 1e-12  # of a miss: what adding up its parts may leave


def read_proposed(folder: Path) -> pd.DataFrame:
    """Causes that a published month's tables proposed, without anybody's answer."""
    found = tables.read(folder / "tables", "causes_proposed")
    older = folder / "tables" / "causes_all.parquet"
    if found.empty and older.is_file():  # of a version in which nobody could answer
        found = tables.read(older.parent, older.stem).assign(state="proposed")
    return tables.build(found, "causes")


def put_answers(
    proposed: pd.DataFrame, missed: pd.DataFrame, answers: pd.DataFrame
) -> pd.DataFrame:
    """Table `causes` with people's answers about the month of `missed` in their place.

    What is confirmed stands first and keeps the other proposals, what is corrected stands alone;
    `not_explained` is what is left, so that the effects still sum to actual - forecast.
    """
    gaps = dict(zip(missed["unique_id"], -missed["difference"], strict=True))
    said = answers[answers["ds"].isin(missed["ds"]) & answers["unique_id"].isin(list(gaps))]
    said = said[said["verb"] != SET_ASIDE]
    rows: list[dict[str, Any]] = []
    for unique_id, own in said.groupby("unique_id", sort=False):
        before = proposed[proposed["unique_id"] == unique_id].sort_values("rank")
        rows += _replace(gaps[unique_id], own, before)
    kept = proposed[~proposed["unique_id"].isin(said["unique_id"])]
    return tables.build([*kept.to_dict("records"), *rows], "causes")


def list_answers(
    proposed: pd.DataFrame, missed: pd.DataFrame, answers: pd.DataFrame
) -> pd.DataFrame:
    """Table `answers` about the month of `missed`: what counts, and what is set aside and why."""
    answers = answers[answers["ds"].isin(missed["ds"])]
    causes = put_answers(proposed, missed, answers)
    people = causes.loc[causes["state"] != "proposed", ["unique_id", "cause", "effect", "state"]]
    key = ["unique_id", "cause"]
    rows = answers.merge(people, on=key, how="left").merge(
        missed[["unique_id", "label"]], on="unique_id", how="left"
    )
    first = proposed.sort_values("rank").drop_duplicates("unique_id").set_index("unique_id")
    behind, unknown = rows["verb"].eq(SET_ASIDE), rows["label"].isna()
    rows = rows.assign(
        label=rows["label"].fillna(rows["unique_id"]),
        proposed=rows["unique_id"].map(first["cause"]),
        share=rows["effect"].abs() / (missed["difference"].abs().sum() or float("nan")),
        state=rows["state"].mask(behind | unknown, SET_ASIDE),
        why=[
            say("answer.unknown") if no_miss else say("answer.recorded") if is_behind else ""
            for no_miss, is_behind in zip(unknown, behind, strict=True)
        ],
    )
    rows.loc[behind, ["effect", "share"]] = float("nan")
    return tables.build(rows, "answers")


def _replace(gap: float, said: pd.DataFrame, before: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows of one series: people's causes, the other proposals where they stay, what is left."""
    named = before[before["cause"] != NOT_EXPLAINED]
    known: dict[str, dict[Any, Any]] = {row["cause"]: row for row in named.to_dict("records")}
    verb = said["verb"].iloc[0]  # empty: lines of the file
    confirms = verb == "confirm" or (not verb and {*said["cause"]} <= {*known})
    people, left = [], gap
    for row in said.to_dict("records"):
        old = known.pop(row["cause"], {})
        given = pd.notna(row["amount"])
        effect = row["amount"] if given else _within(old.get("effect"), left)
        left -= effect or 0.0
        state = {"state": "confirmed" if confirms else "corrected"}
        about = {name: row[name] for name in ("unique_id", "cause", "by", "remark")}
        people.append(about | state | {"effect": effect, "facts": old.get("facts", "{}")})
    others = []
    for old in known.values() if confirms else ():
        effect = _within(old["effect"], left)
        left -= effect or 0.0
        others += [old | {"effect": effect}] if effect != 0 else []
    rest = next((row for row in people if row["effect"] is None), None)
    if rest is None and abs(left) <= EXACT * abs(gap):
        rest = max(people, key=lambda row: abs(row["effect"]))
    if rest is not None:
        rest["effect"], left = (rest["effect"] or 0.0) + left, 0.0
    people.sort(key=lambda row: -abs(row["effect"] or 0.0))
    about = {"unique_id": said["unique_id"].iloc[0], "cause": NOT_EXPLAINED, "effect": left}
    rows = [*people, *others, *([about | NONE] if left else [])]
    yield from (row | {"rank": rank} for rank, row in enumerate(rows, start=1))


def _within(effect: float | None, left: float) -> float | None:
    """A proposed effect, no more than what is left of the miss; None where there is no amount."""
    if effect is None or pd.isna(effect):
        return None
    return 0.0 if effect * left <= 0 else min(effect, left, key=abs)
