"""What the retrospective notebook says: what came of the forecast, why, and what changes next month.

The retrospective step's tables enter; blocks leave. A month without an archive behind it says so, and when the first
comparison comes.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Answer, Fact, Prose
from salesfc_lib.reporting.facts.retrospective import ReviewedMonth
from salesfc_lib.reporting.narrative import accuracy
from salesfc_lib.reporting.narrative import causes as why
from salesfc_lib.reporting.narrative.section import (
    Section,
    closing,
    in_words,
    iso,
    kicker,
    measure_of,
    voice_of,
)


def answer(run: UnitMonth, review: ReviewedMonth) -> Answer:
    """The top of the page."""
    voice = voice_of(run)
    note = voice.say(
        "run.note",
        month=run.month,
        series=len(review.series),
        measure=wording.plural(review.vintages, "earlier month"),
    )
    if not review.scored:
        return _first(run, review, note)
    now, measure = review.now, measure_of(run)
    return Answer(
        (
            *kicker(run, "Retrospective"),
            f"forecast made at the end of {in_words(review.month - pd.DateOffset(months=1))}",
        ),
        headline(run, review),
        lede(run, review),
        note=note,
        facts=_facts(run, review, now, measure),
        changes_title=f"Changed since {in_words(review.month - pd.DateOffset(months=1)).split()[0]}",
        changes=_changes(run, review),
    )


def _first(run: UnitMonth, review: ReviewedMonth, note: str) -> Answer:
    voice, following = voice_of(run), iso(review.month + pd.DateOffset(months=1))
    sold = float(review["total"]["y_raw"].iloc[-1])
    sentences = voice.say(
        "retrospective.lede.first", unit=run.title, actual=sold, month=run.month, next=following
    ).split(". ")
    return Answer(
        kicker(run, "Retrospective"),
        voice.say("retrospective.title.first", month=run.month, next=following),
        tuple(f"{sentence.rstrip('.')}." for sentence in sentences),
        note=note,
        changes_title="Changed since last month",
        changes=(voice.say("retrospective.since.first"),),
    )


def headline(run: UnitMonth, review: ReviewedMonth) -> str:
    """The finding as a title: how far off, and mostly why."""
    voice, now, steps = voice_of(run), review.now, review["difference"]
    gap = now["actual"] - now["forecast"]
    if abs(gap) < 0.0005 * abs(now["actual"]):
        return voice.say("retrospective.title.hit", month=run.month)
    same_way = steps[steps["effect"] * gap > 0]
    largest = same_way.loc[same_way["effect"].abs().idxmax()]
    mostly = abs(largest["effect"]) >= 0.5 * abs(gap)
    key = (
        "retrospective.title.no_cause"
        if largest["cause"] == "not_explained"
        else f"cause.{largest['cause']}.mostly"
    )
    cause = voice.say(key) if mostly else ""
    return voice.say(
        "retrospective.title.above" if gap > 0 else "retrospective.title.below",
        month=run.month,
        size=abs(gap),
        cause=cause,
    )


def lede(run: UnitMonth, review: ReviewedMonth) -> tuple[str, ...]:
    """Three sentences: what was sold and forecast, how accurate, what people did and what is explained."""
    voice, now, agreed = voice_of(run), review.now, run.parameters.retrospective
    months = review.run_of_bias(agreed.bias_limit)
    running = (
        voice.say("retrospective.lede.run", months=months, limit=agreed.bias_limit)
        if months > 1
        else ""
    )
    direction = "too high" if now["bias"] > 0 else "too low"
    sold = voice.say(
        "retrospective.lede.sold",
        unit=run.title,
        actual=now["actual"],
        month=run.month,
        forecast=now["forecast"],
        direction=direction,
        bias=abs(now["bias"]),
        run=running,
    )
    worse, series = review.naive_better()
    accuracy = voice.say(
        "retrospective.lede.accuracy",
        accuracy=now["accuracy"],
        floor=agreed.accuracy_floor,
        worse=worse,
        all=series,
        side="above" if now["accuracy"] >= agreed.accuracy_floor else "below",
        before=_than_before(run, review),
    )
    gain = people_gain(review)
    key = "retrospective.lede.people" if gain is not None else "retrospective.lede.no_people"
    effect = "added" if (gain or 0) > 0 else "cost" if (gain or 0) < 0 else "changed nothing:"
    third = voice.say(key, effect=effect, points=abs(gain or 0.0), explained=_explained(review))
    return sold, accuracy, third


def _than_before(run: UnitMonth, review: ReviewedMonth) -> str:
    before = review.before
    if before is None:
        return ""
    direction = "up from" if review.now["accuracy"] >= before["accuracy"] else "down from"
    return voice_of(run).say(
        "retrospective.lede.before",
        direction=direction,
        before=before["accuracy"],
        month=iso(before["ds"]),
    )


def _explained(review: ReviewedMonth) -> float:
    """Share of the month's summed absolute misses for which a cause claims an amount."""
    causes, missed = review["causes_all"], review["missed"]
    total = missed["difference"].abs().sum()
    named = causes.loc[causes["cause"] != "not_explained", "effect"].abs().sum()
    return float(min(named / total, 1.0)) if total else 1.0


def people_gain(review: ReviewedMonth) -> float | None:
    """Points that people's changes added this month, bottom level; None where nobody had changed it."""
    table = review["value_added"]
    rows = table[
        (table["level"] == review.bottom)
        & (table["stage"] == "adjusted")
        & (table["own_months"] > 0)
    ]
    return float(rows["gain"].iloc[0]) if len(rows) else None


def _facts(
    run: UnitMonth, review: ReviewedMonth, now: pd.Series, measure: wording.Measure
) -> tuple[Fact, ...]:
    agreed, before = run.parameters.retrospective, review.before
    month = "" if before is None else wording.month_word(iso(before["ds"]))
    gain = people_gain(review)
    return (
        Fact(
            "One-month accuracy",
            wording.percent(now["accuracy"]),
            _with_before(
                f"floor {wording.percent(agreed.accuracy_floor, 0)}",
                month,
                before,
                "accuracy",
                wording.percent,
            ),
            alarm=now["accuracy"] < agreed.accuracy_floor,
        ),
        Fact(
            "Bias",
            wording.signed_percent(now["bias"]),
            _with_before(
                f"limit ±{wording.percent(agreed.bias_limit, 0)}",
                month,
                before,
                "bias",
                wording.signed_percent,
            ),
            alarm=abs(now["bias"]) > agreed.bias_limit,
        ),
        Fact(
            "Gain over seasonal naive",
            wording.signed(now["gain"] * 100),
            _with_before(
                "points", month, before, "gain", lambda value: wording.signed(value * 100)
            ),
            alarm=now["gain"] < 0,
        ),
        Fact(
            "Gain by people's changes",
            "none made" if gain is None else wording.signed(gain * 100),
            "points" if gain is not None else "the reconciled forecast was published",
            alarm=(gain or 0) < 0,
        ),
    )


def _with_before(text: str, month: str, before: pd.Series | None, name: str, form: object) -> str:
    return (
        text
        if before is None or pd.isna(before[name])
        else f"{text} · {month} {form(before[name])}"
    )  # type: ignore[operator]


def _changes(run: UnitMonth, review: ReviewedMonth) -> tuple[str, ...]:
    voice, now, before = voice_of(run), review.now, review.before
    if before is None:
        return (voice.say("retrospective.since.first"),)
    lines = [
        voice.say(
            "retrospective.since.accuracy",
            before=before["accuracy"],
            now=now["accuracy"],
            bias_before=before["bias"],
            bias=now["bias"],
        )
    ]
    if pd.notna(before["naive_accuracy"]) and pd.notna(now["naive_accuracy"]):
        reading = voice.say(
            "retrospective.since.easier"
            if now["naive_accuracy"] >= before["naive_accuracy"]
            else "retrospective.since.harder"
        )
        lines.append(
            voice.say(
                "retrospective.since.naive",
                before=before["naive_accuracy"],
                now=now["naive_accuracy"],
                reading=reading,
            )
        )
    return (*lines, voice.say("retrospective.since.proposals", n=len(review["proposals"])))


def _nothing(run: UnitMonth, question: str) -> Section:
    """What will stand under a question once the first comparison is there."""
    following = iso(run.cutoff + pd.DateOffset(months=1))
    return Section(Prose(voice_of(run).say(f"retrospective.none.{question}", next=following)))


def difference(run: UnitMonth, review: ReviewedMonth) -> Section:
    """From the forecast to the actual, cause by cause."""
    return why.difference(run, review) if review.scored else _nothing(run, "difference")


def lags(run: UnitMonth, review: ReviewedMonth) -> Section:
    """How early it was known: accuracy by months ahead."""
    return accuracy.lags(run, review) if review.scored else _nothing(run, "lags")


def value_added(run: UnitMonth, review: ReviewedMonth) -> Section:
    """Which step earned its keep: accuracy after each of them."""
    return accuracy.value_added(run, review) if review.scored else _nothing(run, "value_added")


def people(run: UnitMonth, review: ReviewedMonth) -> Section:
    """Who changes which way, what it did, and sales by salesperson."""
    return why.people(run, review)


def misses(run: UnitMonth, review: ReviewedMonth) -> Section:
    """The largest misses with their likely causes."""
    return why.misses(run, review) if review.scored else _nothing(run, "misses")


def dimensions(run: UnitMonth, review: ReviewedMonth) -> Section:
    """Forecast against actual for each member of each dimension."""
    return accuracy.dimensions(run, review) if review.scored else _nothing(run, "dimensions")


def improvement(run: UnitMonth, review: ReviewedMonth) -> Section:
    """Whether an improvement is real: accuracy over time beside the seasonal naive's."""
    return accuracy.improvement(run, review) if review.scored else _nothing(run, "improvement")


def proposals(run: UnitMonth, review: ReviewedMonth) -> Section:
    """What to change next month, with the evidence."""
    return why.proposals(run, review)


def checks(run: UnitMonth, review: ReviewedMonth) -> Section:
    """Record and checks."""
    terms = [
        ("Unit and month", f"{run.unit}, {run.month}"),
        ("Archive", f"{wording.plural(review.vintages, 'earlier month')} with forecasts"),
        ("Scored", "forecasts as published then, against sales as known now"),
        ("Lags", ", ".join(map(str, run.parameters.retrospective.lags))),
    ]
    return closing(run, review.checks, terms)
