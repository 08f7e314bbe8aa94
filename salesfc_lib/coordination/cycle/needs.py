"""What must be true before a step of the cycle is done: a function by the name of the need.

Each looks at the published month, the hand-written files and the records of the unit, and gives
what is missing as sentences (`say`) that name the command which mends it; none where it is true.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import pandas as pd

from salesfc_lib import archive
from salesfc_lib.archive import UnitMonth
from salesfc_lib.coordination.alerts import fold_alerts
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import last_day, say, tables
from salesfc_lib.reconciliation import list_heads, read_effects, read_overrides
from salesfc_lib.retrospective import loop

REGULAR = 3  # months before, in each of which a source has to have rows to be expected in this one
DATED = {"transactions": "date", "inventory": "ds", "delivery": "ds"}  # what comes in every month


@dataclass(frozen=True)
class Look:
    """What a need is judged by: the unit's month, its records of all months, and the moment."""

    run: UnitMonth
    records: pd.DataFrame
    at: datetime

    @cached_property
    def folder(self) -> Path:
        """Folder of the month as it is published."""
        return archive.unit_folder(self.run.reports, self.run.month, self.run.unit)

    @cached_property
    def is_published(self) -> bool:
        return archive.is_published(self.run.reports, self.run.month, self.run.unit)

    def read(self, name: str) -> pd.DataFrame:
        """Table of the published month."""
        return tables.read(self.folder / "tables", name)

    def of(self, what: str, subject: str | None = None) -> pd.DataFrame:
        """Records of one kind about this month."""
        records = self.records
        mine = records["what"].eq(what) & records["month"].eq(self.run.month)
        return records[mine if subject is None else mine & records["subject"].eq(subject)]

    def facts(self) -> dict[str, str]:
        return {"unit": self.run.unit, "month": self.run.month}


def find_missing(run: UnitMonth, records: pd.DataFrame, at: datetime) -> dict[str, tuple[str, ...]]:
    """By step, what it still needs; () where everything is true."""
    look, steps = Look(run, records, at), run.parameters.cycle.steps
    found = {need: _judge(need, look) for step in steps.values() for need in step.needs}
    return {
        name: tuple(lack for need in step.needs for lack in found[need])
        for name, step in steps.items()
    }


def _judge(need: str, look: Look) -> tuple[str, ...]:
    """What the need lacks; a file or table that cannot be read is what is missing."""
    try:
        return NEEDS[need](look)
    except SalesForecastError as error:
        return (say("cycle.missing.unreadable", why=str(error)),)


def need_data(look: Look) -> tuple[str, ...]:
    """Every source that had rows in each of the three months before has some in this one."""
    if not look.is_published:
        return (say("cycle.missing.unread", **look.facts()),)
    late = [
        say("cycle.missing.source", source=source, last=f"{months.max():%Y-%m}", **look.facts())
        for name, column in DATED.items()
        for source, months in _months_by_source(look.read(name), name, column).items()
        if _is_late(set(months), look.run.cutoff)
    ]
    return tuple(late)


def need_quarantine(look: Look) -> tuple[str, ...]:
    """Rows in quarantine are none, or those of their rule are answered as they are now."""
    rows = look.read("quarantine")
    answers = look.records[look.records["what"].eq("cycle.answer")]
    answered = {each["digest"] for each in answers["new"]}
    return tuple(
        say("cycle.missing.quarantine", rule=rule, rows=len(group), **look.facts())
        for rule, group in rows.groupby("rule")
        if digest_rows(group) not in answered
    )


def digest_rows(rows: pd.DataFrame) -> str:
    """Fingerprint of rows in quarantine by what they hold: with another row it is another."""
    texts = sorted(rows["rule"] + rows["source"] + rows["content"])
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def need_published(look: Look) -> tuple[str, ...]:
    return () if look.is_published else (say("cycle.missing.published", **look.facts()),)


def need_effects(look: Look) -> tuple[str, ...]:
    """An effect was declared since the month ended, or somebody said that there are none."""
    if len(look.of("effect.declare")) or len(look.of("cycle.none", "effects")):
        return ()
    run = look.run
    heads = list_heads(look.read("series"), run.parameters)
    declared = read_effects(run.project, run.unit, heads)["declared_at"]
    since = pd.Timestamp(last_day(run.month, run.parameters.calendar))
    if declared.gt(since).any():
        return ()
    return (say("cycle.missing.effects", **look.facts()),)


def need_questions(look: Look) -> tuple[str, ...]:
    """Every question that was asked of a department is answered."""
    if not look.run.parameters.cycle.departments:
        return ()
    asked = look.of("consult.ask")
    if asked.empty and look.of("cycle.none", "questions").empty:
        return (say("cycle.missing.asked", **look.facts()),)
    waiting = asked[~asked["subject"].isin(look.of("consult.answer")["subject"])]
    counts = waiting["new"].map(lambda new: new["department"]).value_counts(sort=False)
    return tuple(
        say("cycle.missing.questions", department=department, n=n, **look.facts())
        for department, n in counts.items()
    )


def need_overrides(look: Look) -> tuple[str, ...]:
    """An override was made for the month, or somebody said that there are none."""
    made = read_overrides(look.run.project, look.run.unit)["made_in"].eq(look.run.cutoff)
    if made.any() or len(look.of("override.enter")) or len(look.of("cycle.none", "overrides")):
        return ()
    return (say("cycle.missing.overrides", **look.facts()),)


def need_decision(look: Look) -> tuple[str, ...]:
    return () if len(look.of("view.decide")) else (say("cycle.missing.decision", **look.facts()),)


def need_sign_off(look: Look) -> tuple[str, ...]:
    if look.is_published and archive.find_sign_off(look.folder) is not None:
        return ()
    return (say("cycle.missing.sign_off", **look.facts()),)


def need_alerts(look: Look) -> tuple[str, ...]:
    """No alert of the unit is open beyond its deadline."""
    alerts = fold_alerts(look.records, look.run.parameters, look.at)
    late = alerts["state"].ne("closed") & alerts["overdue_days"].gt(0)
    return (say("cycle.missing.alerts", n=int(late.sum()), **look.facts()),) if late.any() else ()


def need_actions(look: Look) -> tuple[str, ...]:
    """No action of the unit is overdue."""
    actions = loop.list_actions(look.run)
    late = actions[actions["state"].eq("overdue")]
    if late.empty:
        return ()
    names = [f"A{number}" for number in late["number"]]
    return (say("cycle.missing.actions", n=len(late), names=names, **look.facts()),)


def _months_by_source(rows: pd.DataFrame, name: str, column: str) -> dict[str, pd.Series]:
    """Months in which each source of the table has rows; a table of one source has its name."""
    if rows.empty:
        return {}
    dates = pd.to_datetime(rows["month"] if "month" in rows else rows[column])
    months = dates.dt.to_period("M").dt.to_timestamp()
    source = rows["source"].astype(str) if "source" in rows else pd.Series(name, rows.index)
    return {str(each): own.drop_duplicates() for each, own in months.groupby(source)}


def _is_late(months: set[pd.Timestamp], cutoff: pd.Timestamp) -> bool:
    before = {cutoff - pd.DateOffset(months=back) for back in range(1, REGULAR + 1)}
    return before <= months and not any(month >= cutoff for month in months)


NEEDS: dict[str, Callable[[Look], tuple[str, ...]]] = {
    "data": need_data,
    "quarantine": need_quarantine,
    "published": need_published,
    "effects": need_effects,
    "questions": need_questions,
    "overrides": need_overrides,
    "decision": need_decision,
    "sign_off": need_sign_off,
    "alerts": need_alerts,
    "actions": need_actions,
}
