"""What the retrospective notebook says: forecast against actual, why, what changes next month.

A month without an archive behind it says so, and when the first comparison comes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Answer, Fact
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.narrative import accuracy, causes
from salesfc_lib.reporting.narrative.writer import (
    Blocks,
    context_line,
    record_and_checks,
    writer_of,
)

Question = Callable[[UnitMonth, ComparedMonth], Blocks]
HIT = 0.0005  # of the actual: a difference that rounds to none


def answer(run: UnitMonth, compared: ComparedMonth) -> Answer:
    """The top of the page."""
    writer, measure = writer_of(run), f"{wording.plural(compared.vintages, 'earlier month')}"
    note = writer.text("run.note", month=run.month, series=len(compared.series), measure=measure)
    if not compared.scored:
        return _first(run, compared, note)
    made = compared.month - pd.DateOffset(months=1)
    return Answer(
        (*context_line(run, "Retrospective"), writer.text("retrospective.context", made=made)),
        headline(run, compared),
        opening_sentences(run, compared),
        note=note,
        facts=_facts(run, compared),
        changes_title=writer.since(made),
        changes=_changes(run, compared),
    )


def _first(run: UnitMonth, compared: ComparedMonth, note: str) -> Answer:
    writer, sold = writer_of(run), float(compared["total"]["y_raw"].iloc[-1])
    months = {"month": run.month, "next": compared.month + pd.DateOffset(months=1)}
    return Answer(
        context_line(run, "Retrospective"),
        writer.text("retrospective.title.first", **months),
        writer.text(
            "retrospective.summary.first", unit=run.title, actual=sold, **months
        ).splitlines(),
        note=note,
        changes_title=writer.since(None),
        changes=(writer.text("retrospective.since.first"),),
    )


def headline(run: UnitMonth, compared: ComparedMonth) -> str:
    """The finding as a title: how far off, and mostly why."""
    writer, now, steps = writer_of(run), compared.now, compared["difference"]
    gap = now["actual"] - now["forecast"]
    if abs(gap) < HIT * abs(now["actual"]):
        return writer.text("retrospective.title.hit", month=run.month)
    same_way = steps[steps["effect"] * gap > 0]
    largest = same_way.loc[same_way["effect"].abs().idxmax()]
    mostly = abs(largest["effect"]) >= 0.5 * abs(gap)
    side = "above" if gap > 0 else "below"
    cause = writer.text(f"cause.{largest['cause']}.mostly") if mostly else ""
    return writer.text(f"retrospective.title.{side}", month=run.month, size=abs(gap), cause=cause)


def opening_sentences(run: UnitMonth, compared: ComparedMonth) -> tuple[str, ...]:
    """Three sentences: sales against forecast, accuracy, people's changes and known causes."""
    writer, now, agreed, before = (
        writer_of(run),
        compared.now,
        run.parameters.retrospective,
        compared.before,
    )
    limit, floor, accuracy_now = agreed.bias_limit, agreed.accuracy_floor, now["accuracy"]
    months = compared.run_of_bias(limit)
    again = (
        writer.text("retrospective.summary.run", months=months, limit=limit) if months > 1 else ""
    )
    direction = writer.text("side.high" if now["bias"] > 0 else "side.low")
    facts = now.to_dict() | {"bias": abs(now["bias"]), "direction": direction, "run": again}
    sold = writer.text("retrospective.summary.sold", unit=run.title, month=run.month, **facts)
    than_before = ""
    if before is not None:
        way = "up from" if accuracy_now >= before["accuracy"] else "down from"
        than_before = writer.text("retrospective.summary.before", direction=way, **before)
    worse, series = compared.naive_better()
    accuracy_said = writer.text(
        "retrospective.summary.accuracy",
        accuracy=accuracy_now,
        floor=floor,
        worse=worse,
        all=series,
        side="above" if accuracy_now >= floor else "below",
        before=than_before,
    )
    gain = compared.people_gain()
    key = "retrospective.summary.no_people" if gain is None else "retrospective.summary.people"
    effect = "added" if (gain or 0) > 0 else "cost" if (gain or 0) < 0 else "changed nothing:"
    explained = compared.share_explained()
    people_said = writer.text(key, effect=effect, points=abs(gain or 0.0), explained=explained)
    return sold, accuracy_said, people_said


def _facts(run: UnitMonth, compared: ComparedMonth) -> tuple[Fact, ...]:
    writer, now, agreed = writer_of(run), compared.now, run.parameters.retrospective
    before, gain = compared.before, compared.people_gain()

    def with_before(name: str, *, alarm: bool, **facts: float) -> Fact:
        found = writer.fact(f"retrospective.fact.{name}", alarm=alarm, **facts, **now)
        if before is None or pd.isna(before[name]):
            return found
        then = writer.text(f"retrospective.fact.{name}.before", **before)
        return replace(found, detail=f"{found.detail} · {then}")

    people = "retrospective.fact.people" if gain is not None else "retrospective.fact.no_people"
    floor, limit = agreed.accuracy_floor, agreed.bias_limit
    return (
        with_before("accuracy", alarm=now["accuracy"] < floor, floor=floor),
        with_before("bias", alarm=abs(now["bias"]) > limit, limit=limit),
        with_before("gain", alarm=now["gain"] < 0),
        writer.fact(people, alarm=(gain or 0) < 0, gain=gain),
    )


def _changes(run: UnitMonth, compared: ComparedMonth) -> tuple[str, ...]:
    writer, now, before = writer_of(run), compared.now, compared.before
    if before is None:
        return (writer.text("retrospective.since.first"),)
    bias = {"bias_before": before["bias"], "bias": now["bias"]}
    accurate = {"before": before["accuracy"], "now": now["accuracy"]}
    lines = [writer.text("retrospective.since.accuracy", **accurate, **bias)]
    naive = {"before": before["naive_accuracy"], "now": now["naive_accuracy"]}
    if pd.notna(naive["before"]) and pd.notna(naive["now"]):
        easier = "easier" if naive["now"] >= naive["before"] else "harder"
        reading = writer.text(f"retrospective.since.{easier}")
        lines.append(writer.text("retrospective.since.naive", reading=reading, **naive))
    return *lines, writer.text("retrospective.since.proposals", n=len(compared["proposals"]))


def _scored(function: Question) -> Question:
    """`function`, or what will stand in its place where no earlier month forecast this one."""

    @wraps(function)
    def section(run: UnitMonth, compared: ComparedMonth) -> Blocks:
        if compared.scored:
            return function(run, compared)
        following = run.cutoff + pd.DateOffset(months=1)
        return Blocks(
            writer_of(run).prose(f"retrospective.none.{function.__name__}", next=following)
        )

    return section


difference, misses = _scored(causes.difference), _scored(causes.misses)
lags, value_added = _scored(accuracy.lags), _scored(accuracy.value_added)
people, proposals = causes.people, causes.proposals
dimensions, improvement = _scored(accuracy.dimensions), _scored(accuracy.improvement)


def checks(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """Record and checks."""
    lags = ", ".join(map(str, run.parameters.retrospective.lags))
    facts = {"earlier": compared.vintages, "lags": lags}
    return record_and_checks(run, compared.checks, "retrospective.record", **facts)
