"""What the unit's own page says: the summary block of its manifest.

The four steps' results enter; one `Summary` leaves. Sentences come from the same narratives as the notebooks'.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Check
from salesfc_lib.reporting.facts.cleaning import CleanedMonth, ledger_totals
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.facts.reconciliation import ReconciledMonth
from salesfc_lib.reporting.facts.retrospective import ReviewedMonth
from salesfc_lib.reporting.facts.summary import (
    AttentionItem,
    Change,
    KeyLink,
    MonthActual,
    MonthForecast,
    Ratio,
    StepSummary,
    Summary,
)
from salesfc_lib.reporting.narrative import causes as why
from salesfc_lib.reporting.narrative import reconciliation, retrospective
from salesfc_lib.reporting.narrative.section import iso, measure_of, voice_of

HISTORY = 36  # months of actuals on the page
DUE_DAYS = 7  # days after publication by which an owner should have answered


def summary(
    run: UnitMonth,
    cleaned: CleanedMonth,
    modeled: ModeledMonth,
    reconciled: ReconciledMonth,
    review: ReviewedMonth,
) -> Summary:
    """The month's summary; `version`, `published_at` and `kind` are filled in by who publishes."""
    unit, agreed, measure = run.parameters.unit, run.parameters.retrospective, measure_of(run)
    top = reconciled.top()
    before_changes = (
        float(reconciled.top("reconciled")["y_hat"].iloc[0]) if len(reconciled.adjustment) else None
    )
    return Summary(
        unit=run.unit, title=run.title, month=run.month, version=1, published_at="", owner=unit.owner, currency=measure.currency, quantity_unit=measure.unit,
        headline=headline(run, reconciled, review), lede=lede(run, reconciled, review), floor=agreed.accuracy_floor, bias_limit=agreed.bias_limit,
        loss_budget=run.parameters.cleaning.loss_budget, loss=_loss(run, cleaned), forecast=tuple(_ahead(row) for _, row in top.iterrows()),
        history=_history(modeled), earlier=_earlier(review), steps=steps(run, cleaned, modeled, reconciled, review), attention=attention(run, modeled, review),
        changes=changes(reconciled), before_changes=before_changes, keys=keys(run, modeled, reconciled), record=record(run), **_scores(run, review),
    )  # fmt: skip


def headline(run: UnitMonth, reconciled: ReconciledMonth, review: ReviewedMonth) -> str:
    """The page's title: the floor and the bias, or what the first month forecasts."""
    voice, top = voice_of(run), reconciled.top().iloc[0]
    if not review.scored:
        return voice.say(
            "unit.title.first", unit=run.title, month=iso(top["ds"]), amount=top["y_hat"]
        )
    agreed, now = run.parameters.retrospective, review.now
    met = "met" if now["accuracy"] >= agreed.accuracy_floor else "missed"
    if abs(now["bias"]) <= agreed.bias_limit:
        return voice.say(f"unit.title.{met}", unit=run.title, month=run.month)
    months = review.run_of_bias(agreed.bias_limit)
    running = voice.say("unit.title.running", months=months) if months > 1 else ""
    direction = "too high" if now["bias"] > 0 else "too low"
    return voice.say(
        f"unit.title.{met}.bias",
        unit=run.title,
        month=run.month,
        direction=direction,
        running=running,
    )


def lede(run: UnitMonth, reconciled: ReconciledMonth, review: ReviewedMonth) -> tuple[str, ...]:
    """What was sold and forecast, why it missed, what comes next."""
    voice, top = voice_of(run), reconciled.top().iloc[0]
    following = voice.say(
        "unit.lede.next",
        month=iso(top["ds"]),
        amount=top["y_hat"],
        lo=top["lo-80"],
        hi=top["hi-80"],
    )
    if not review.scored:
        first = voice.say("unit.lede.first", unit=run.title, month=run.month, next=iso(top["ds"]))
        return (first, following)
    now, agreed = review.now, run.parameters.retrospective
    sold = voice.say(
        "unit.lede.sold",
        month=run.month,
        actual=now["actual"],
        forecast=now["forecast"],
        accuracy=now["accuracy"],
        floor=agreed.accuracy_floor,
        bias=now["bias"],
        limit=agreed.bias_limit,
    )
    return (sold, _reason(run, review), following)


def _reason(run: UnitMonth, review: ReviewedMonth) -> str:
    voice, largest = voice_of(run), review["misses"]
    if largest.empty:
        return voice.say("unit.lede.no_miss")
    first = largest.iloc[0]
    causes = review["causes"]
    cause = causes[causes["unique_id"] == first["unique_id"]].sort_values("rank").iloc[0]
    named = cause["cause"] != "not_explained" and abs(cause["effect"]) >= 0.5 * abs(
        first["difference"]
    )
    key = "unit.lede.miss" if named else "unit.lede.miss.unexplained"
    side = "below" if first["difference"] > 0 else "above"
    said = why.cause_name(voice, cause["cause"], cause["effect"]).lower()
    return voice.say(
        key, label=first["label"], size=abs(first["difference"]), side=side, cause=said
    )


def _scores(run: UnitMonth, review: ReviewedMonth) -> dict[str, Any]:
    """Pooled ratios one month ahead, at the other lags, and of the interval; nothing where nothing was scored."""
    if not review.scored:
        return {}
    lags = review["by_lag"]
    bottom = lags[
        (lags["level"] == review.bottom)
        & lags["lag"].isin([lag for lag in run.parameters.retrospective.lags if lag > 1])
    ]
    people = retrospective.people_gain(review) is not None
    held = review["coverage"].query("level == @review.bottom and lag == 1")
    return {
        "wape": review.ratio("wape"), "bias": review.ratio("bias"), "naive": review.ratio("wape", "baseline"),
        "before_people": review.ratio("wape", "reconciled") if people else None,
        "further": tuple((int(row["lag"]), Ratio(float(row["wape"] * row["actual"]), float(row["actual"]))) for _, row in bottom.iterrows()),
        "covered80": Ratio(float(held["inside"].iloc[0]), float(held["n"].iloc[0])) if len(held) else None,
    }  # fmt: skip


def _loss(run: UnitMonth, cleaned: CleanedMonth) -> Ratio:
    """Rows set aside of rows read."""
    return Ratio(
        float(len(cleaned.quarantine)),
        float(ledger_totals(cleaned.ledger).set_index("rule").loc["opening", "rows"]),
    )


def _ahead(row: pd.Series) -> MonthForecast:
    bounds = [
        None if pd.isna(row[name]) else float(row[name])
        for name in ("lo-80", "hi-80", "lo-95", "hi-95")
    ]
    return MonthForecast(iso(row["ds"]), float(row["y_hat"]), *bounds)


def _history(modeled: ModeledMonth) -> tuple[MonthActual, ...]:
    top = (
        modeled.panel[modeled.panel["unique_id"] == modeled.series["unique_id"].iloc[0]]
        .sort_values("ds")
        .tail(HISTORY)
    )
    return tuple(
        MonthActual(iso(row["ds"]), None if pd.isna(row["y_raw"]) else float(row["y_raw"]))
        for _, row in top.iterrows()
    )


def _earlier(review: ReviewedMonth) -> float | None:
    return float(review["missed"]["forecast"].sum()) if review.scored else None


def steps(
    run: UnitMonth,
    cleaned: CleanedMonth,
    modeled: ModeledMonth,
    reconciled: ReconciledMonth,
    review: ReviewedMonth,
) -> tuple[StepSummary, ...]:
    """The four steps in three short lines each."""
    sentences = {
        "Cleaning": _cleaning_lines(run, cleaned), "Modeling": _modeling_lines(run, modeled),
        "Reconciliation": _reconciliation_lines(run, reconciled), "Retrospective": _retrospective_lines(run, review),
    }  # fmt: skip
    checks: dict[str, tuple[Check, ...]] = {
        "Cleaning": cleaned.checks,
        "Modeling": modeled.checks,
        "Reconciliation": reconciled.checks,
        "Retrospective": review.checks,
    }
    return tuple(
        StepSummary(
            title,
            "" if run.kind == "backfill" else f"0{place}_{title.lower()}.html",
            sentences[title],
            sum(check.passed for check in checks[title]),
            len(checks[title]),
        )
        for place, title in enumerate(sentences, start=1)
    )


def _cleaning_lines(run: UnitMonth, cleaned: CleanedMonth) -> tuple[str, ...]:
    voice, totals = voice_of(run), ledger_totals(cleaned.ledger).set_index("rule")
    return (
        voice.say(
            "unit.cleaning.rows",
            opening=totals.loc["opening", "rows"],
            kept=totals.loc["kept", "rows"],
        ),
        voice.say("unit.cleaning.quarantine", n=len(cleaned.quarantine), rules=len(totals) - 2),
        voice.say("unit.cleaning.outliers", n=len(cleaned.outliers)),
    )


def _modeling_lines(run: UnitMonth, modeled: ModeledMonth) -> tuple[str, ...]:
    voice, standing = voice_of(run), modeled.standing()
    used = int((modeled.mean_weights() > 0).sum())
    key = "unit.modeling.no_backtest" if standing["verdict"] == "none" else "unit.modeling.error"
    return (
        voice.say("unit.modeling.models", used=used, all=len(modeled.models)),
        voice.say(key, combined=standing["combined"], naive=standing["naive"]),
        voice.say("unit.modeling.failures", n=len(modeled.failures)),
    )


def _reconciliation_lines(run: UnitMonth, reconciled: ReconciledMonth) -> tuple[str, ...]:
    voice, counts = voice_of(run), reconciled.counts()
    before, after = (
        float(reconciled.top("combined")["y_hat"].iloc[0]),
        float(reconciled.top()["y_hat"].iloc[0]),
    )
    return (
        voice.say(
            "unit.reconciliation.method",
            method=reconciliation.method_name(reconciled.method),
            series=counts["series published"],
        ),
        voice.say(
            "unit.reconciliation.changes" if len(reconciled.adjustment) else "unit.changes.none",
            applied=counts["changes applied"],
            refused=counts["changes refused"],
        ),
        voice.say(
            "unit.reconciliation.moved",
            month=iso(reconciled.top()["ds"].iloc[0]),
            before=before,
            after=after,
        ),
    )


def _retrospective_lines(run: UnitMonth, review: ReviewedMonth) -> tuple[str, ...]:
    voice = voice_of(run)
    if not review.scored:
        return (
            voice.say("unit.retrospective.first", next=iso(review.month + pd.DateOffset(months=1))),
        )
    gain = retrospective.people_gain(review)
    people = (
        voice.say("unit.retrospective.no_people")
        if gain is None
        else voice.say("unit.retrospective.people", gain=gain)
    )
    return (
        retrospective.headline(run, review),
        people,
        voice.say("unit.retrospective.proposals", n=len(review["proposals"])),
    )


def attention(
    run: UnitMonth, modeled: ModeledMonth, review: ReviewedMonth
) -> tuple[AttentionItem, ...]:
    """What needs a person: the floor, the bias, an author who leans, a key account that went silent."""
    voice, owner = voice_of(run), run.parameters.unit.owner
    due = "" if run.kind == "backfill" else (date.today() + timedelta(days=DUE_DAYS)).isoformat()
    found = [*_missed_limits(run, review, owner, due)]
    found += _costly_changes(run, review, owner, due)
    people = review["people"]
    for _, row in people[people["leans"] != ""].iterrows():
        lowered = row["leans"] == "low"
        said = voice.say(
            "retrospective.people.lean",
            author=row["author"],
            leans=row["leans"],
            months=max(row["months_lowered"], row["months_raised"]),
            beyond=row["months_too_low"] if lowered else row["months_too_high"],
        )
        found.append(
            AttentionItem(
                "other",
                voice.say("unit.attention.lean", author=row["author"], leans=row["leans"]),
                said,
                owner,
                due,
                "04_retrospective.html#who-leans-which-way",
            )
        )
    for _, row in modeled.key_account_table().query("2 <= silent <= 6").iterrows():
        # one silent month may be chance, and after half a year nobody needs to be told again
        what = voice.say("unit.attention.silent", account=row["label"], months=int(row["silent"]))
        found.append(
            AttentionItem(
                "other",
                what,
                voice.say("unit.attention.silent.why", amount=row["next"]),
                owner,
                due,
                "02_modeling.html#key-accounts",
            )
        )
    return (
        tuple(replace(item, href="") for item in found) if run.kind == "backfill" else tuple(found)
    )


def _costly_changes(
    run: UnitMonth, review: ReviewedMonth, owner: str, due: str
) -> list[AttentionItem]:
    """People's changes that cost accuracy over the year, in at least three months."""
    year = review["value_added_year"].query(
        "level == @review.bottom and stage == 'adjusted' and own_months >= 3 and gain < 0"
    )
    if year.empty:
        return []
    voice, row = voice_of(run), year.iloc[0]
    what = voice.say("unit.attention.people", points=row["gain"], months=row["own_months"])
    return [
        AttentionItem(
            "other",
            what,
            voice.say("unit.attention.people.why"),
            owner,
            due,
            "04_retrospective.html#which-step-earned-its-keep",
        )
    ]


def _missed_limits(
    run: UnitMonth, review: ReviewedMonth, owner: str, due: str
) -> list[AttentionItem]:
    if not review.scored:
        return []
    voice, agreed, now = voice_of(run), run.parameters.retrospective, review.now
    reason, found = _reason(run, review), []
    if now["accuracy"] < agreed.accuracy_floor:
        what = voice.say(
            "unit.attention.floor",
            unit=run.title,
            accuracy=now["accuracy"],
            floor=agreed.accuracy_floor,
        )
        found.append(AttentionItem("floor", what, reason, owner, due, "04_retrospective.html"))
    if abs(now["bias"]) > agreed.bias_limit:
        months = review.run_of_bias(agreed.bias_limit)
        running = voice.say("unit.title.running", months=months) if months > 1 else ""
        what = voice.say(
            "unit.attention.bias",
            unit=run.title,
            bias=now["bias"],
            limit=agreed.bias_limit,
            running=running,
        )
        found.append(AttentionItem("bias", what, reason, owner, due, "04_retrospective.html"))
    return found


def changes(reconciled: ReconciledMonth) -> tuple[Change, ...]:
    """People's changes, applied and refused."""
    labels = reconciled.series.set_index("unique_id")["label"]
    return tuple(
        Change(
            series=str(labels.get(row["unique_id"], row["unique_id"])),
            month=iso(row["ds"]),
            old=float(row["old"]),
            asked=float(row["asked"]),
            final=float(row["final"]),
            author=str(row["author"] or ""),
            reason=str(row["reason"] or ""),
            applied=row["state"] == "applied",
            remark=str(row["remark"]),
        )  # fmt: skip
        for _, row in reconciled.adjustment.iterrows()
    )


def keys(run: UnitMonth, modeled: ModeledMonth, reconciled: ReconciledMonth) -> tuple[KeyLink, ...]:
    """Key accounts and key products with their next month; a backfill has no pages to link to."""
    out = reconciled.published
    ahead = out[out["h"] == 1].set_index("unique_id")
    named = modeled.series.set_index("unique_id")
    links = []
    for _, key in modeled.explained["key_series"].iterrows():
        row, own = _ahead(ahead.loc[key["unique_id"]]), named.loc[key["unique_id"]]
        href = "" if run.kind == "backfill" else modeled.page_of(key["unique_id"])
        links.append(
            KeyLink(
                str(own["label"]),
                str(own["level"]),
                href,
                float(key["share"]),
                row.y_hat,
                row.lo80,
                row.hi80,
            )
        )
    return tuple(links)


def record(run: UnitMonth) -> tuple[tuple[str, str], ...]:
    """What "sales" means in this unit, for the record; who publishes adds inputs, parameters and code."""
    measure = run.parameters.measure
    said = f"{wording.first_upper(measure.value)}, tax {measure.tax}, discounts {measure.discounts}, returns {measure.returns.replace('_', ' ')}"
    return (("Measure", said),)
