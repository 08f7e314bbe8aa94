"""How far off the month was, in one title, three sentences and four numbers."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Answer, Fact
from salesfc_lib.reporting.facts.retrospective import UNEXPLAINED, ComparedMonth
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.record import record_and_checks
from salesfc_lib.reporting.narrative.retrospective.changes import say_decided
from salesfc_lib.reporting.narrative.retrospective.decisions import say_effect, say_state
from salesfc_lib.reporting.narrative.writer import Blocks, context_line, writer_of

HIT = 0.0005  # of the actual: a difference that rounds to none


@in_languages
def answer(run: UnitMonth, compared: ComparedMonth) -> Answer:
    """The top of the page."""
    writer, context = writer_of(run), context_line(run, "Retrospective")
    vintages = writer.text("retrospective.note", n=compared.vintages)
    series = len(compared.series)
    note = writer.text("run.note", month=run.month, series=series, measure=vintages)
    if not compared.scored:
        months = {"month": run.month, "next": compared.month + pd.DateOffset(months=1)}
        facts = {"unit": run.title, "actual": float(compared["total"]["y_raw"].iloc[-1]), **months}
        return Answer(
            context,
            writer.text("retrospective.title.first", **months),
            writer.text("retrospective.summary.first", **facts).splitlines(),
            note=note,
            changes_title=writer.since(None),
            changes=(writer.text("retrospective.since.first"),),
        )
    made = compared.month - pd.DateOffset(months=1)
    return Answer(
        (*context, writer.text("retrospective.context", made=made)),
        headline(run, compared),
        (_describe_sales(run, compared), _describe_accuracy(run, compared), _people(run, compared)),
        note=note,
        facts=_facts(run, compared),
        changes_title=writer.since(made),
        changes=_changes(run, compared),
    )


def headline(run: UnitMonth, compared: ComparedMonth) -> str:
    """The finding as a title: how far off, and mostly why."""
    writer, now = writer_of(run), compared.now
    effects = compared["difference"].groupby("cause")["effect"].sum()
    gap = now["actual"] - now["forecast"]
    if abs(gap) < HIT * abs(now["actual"]):
        return writer.text("retrospective.title.hit", month=run.month)
    first = (effects * gap).idxmax()  # what people raised and what they lowered is one cause
    mostly = effects[first] * gap >= 0.5 * gap**2
    side = "above" if gap > 0 else "below"
    cause = writer.text(f"cause.{first}.mostly") if mostly else ""
    return writer.text(f"retrospective.title.{side}", month=run.month, size=abs(gap), cause=cause)


def _describe_sales(run: UnitMonth, compared: ComparedMonth) -> str:
    """Sales against forecast, and for how many months the bias has gone the same way."""
    writer, now, limit = writer_of(run), compared.now, run.parameters.retrospective.bias_limit
    months, key = compared.run_of_bias(limit), "retrospective.summary"
    again = writer.text(f"{key}.run", months=months, limit=limit) if months > 1 else ""
    direction = writer.text("side.high" if now["bias"] > 0 else "side.low")
    facts = now.to_dict() | {"bias": abs(now["bias"]), "direction": direction, "run": again}
    return writer.text(f"{key}.sold", unit=run.title, month=run.month, **facts)


def _describe_accuracy(run: UnitMonth, compared: ComparedMonth) -> str:
    writer, now, before = writer_of(run), compared.now["accuracy"], compared.before
    floor, key, than_before = (
        run.parameters.retrospective.accuracy_floor,
        "retrospective.summary",
        "",
    )
    if before is not None:
        way = "before" if now >= before["accuracy"] else "before.down"
        than_before = writer.text(f"{key}.{way}", **before)
    errors, side = compared["series_errors"], "above" if now >= floor else "below"
    worse = int((errors["naive_error"] < errors["error"]).sum())
    facts = {"side": writer.text(f"{key}.side.{side}"), "worse": worse, "all": len(errors)}
    return writer.text(f"{key}.accuracy", accuracy=now, floor=floor, before=than_before, **facts)


def _people(run: UnitMonth, compared: ComparedMonth) -> str:
    """What people's changes were worth, and for how much of the misses causes are known."""
    gain, causes = compared.people_gain(), compared["causes_all"]
    total = compared["missed"]["difference"].abs().sum()
    claimed = causes.loc[causes["cause"] != UNEXPLAINED, "effect"].abs().sum()
    facts = {"explained": float(min(claimed / total, 1.0)) if total else 1.0}
    if gain is None:
        return writer_of(run).text("retrospective.summary.no_people", **facts)
    effect = "added" if gain > 0 else "cost" if gain < 0 else "nothing"
    key = f"retrospective.summary.people.{effect}"
    return writer_of(run).text(key, points=abs(gain), **facts)


def _facts(run: UnitMonth, compared: ComparedMonth) -> tuple[Fact, ...]:
    writer, now, agreed = writer_of(run), compared.now, run.parameters.retrospective
    before, gain, key = compared.before, compared.people_gain(), "retrospective.fact"
    floor, limit = agreed.accuracy_floor, agreed.bias_limit

    def with_before(name: str, *, alarm: bool) -> Fact:
        fact = writer.fact(f"{key}.{name}", alarm=alarm, floor=floor, limit=limit, **now)
        if before is None or pd.isna(before[name]):
            return fact
        return replace(
            fact, detail=f"{fact.detail} · {writer.text(f'{key}.{name}.before', **before)}"
        )

    return (
        with_before("accuracy", alarm=now["accuracy"] < floor),
        with_before("bias", alarm=abs(now["bias"]) > limit),
        with_before("gain", alarm=now["gain"] < 0),
        writer.fact(
            f"{key}.{'no_people' if gain is None else 'people'}", alarm=(gain or 0) < 0, gain=gain
        ),
    )


def _changes(run: UnitMonth, compared: ComparedMonth) -> tuple[str, ...]:
    writer, now, before = writer_of(run), compared.now, compared.before
    if before is None:
        return (writer.text("retrospective.since.first"),)
    bias = {"bias_before": before["bias"], "bias": now["bias"]}
    accurate = {"before": before["accuracy"], "now": now["accuracy"]}
    lines = [writer.text("retrospective.since.accuracy", **accurate, **bias)]
    naive = {"before": before["naive_wape"], "now": now["naive_wape"]}
    if pd.notna(naive["before"]) and pd.notna(naive["now"]):
        easier = "easier" if naive["now"] <= naive["before"] else "harder"
        reading = writer.text(f"retrospective.since.{easier}")
        lines.append(writer.text("retrospective.since.naive", reading=reading, **naive))
    if len(compared["actions"]):
        promised = {"state": say_state(writer, compared["actions"])}
        promised["effect"] = say_effect(writer, compared["actions"])
        lines.append(writer.text("retrospective.promises.some", **promised))
    if len(compared["decided"]):
        lines.append(say_decided(writer, compared["decided"]))
    return *lines, writer.text("retrospective.since.proposals", n=len(compared.proposed))


@in_languages
def checks(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """Record and checks."""
    lags = wording.commas(map(str, run.parameters.retrospective.lags))
    record = int(compared["decisions"]["last_record"].max()) if len(compared["decisions"]) else 0
    facts = {"earlier": compared.vintages, "lags": lags, "record": record}
    return record_and_checks(run, compared.checks, "retrospective.record", **facts)
