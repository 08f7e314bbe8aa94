"""What the unit's own page says: the summary block of its manifest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import INTERVALS, wording
from salesfc_lib.reporting.catalogue import iso
from salesfc_lib.reporting.facts.cleaning import CleanedMonth
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.facts.reconciliation import ReconciledMonth
from salesfc_lib.reporting.facts.retrospective import UNEXPLAINED, ComparedMonth
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
from salesfc_lib.reporting.narrative import retrospective
from salesfc_lib.reporting.narrative.causes import cause_name, describe_lean
from salesfc_lib.reporting.narrative.cleaning import describe_measure
from salesfc_lib.reporting.narrative.writer import writer_of

HISTORY = 36  # months of actuals on the page
DUE_DAYS = 7  # days after publication by which an owner should have answered


@dataclass(frozen=True)
class Month:
    """A unit's month with the facts of its four steps."""

    run: UnitMonth
    cleaned: CleanedMonth
    modeled: ModeledMonth
    reconciled: ReconciledMonth
    compared: ComparedMonth


def summary(
    run: UnitMonth,
    cleaned: CleanedMonth,
    modeled: ModeledMonth,
    reconciled: ReconciledMonth,
    compared: ComparedMonth,
) -> Summary:
    """The month's summary; `version`, `published_at` and `kind` are filled in by who publishes."""
    month, measure = Month(run, cleaned, modeled, reconciled, compared), writer_of(run).measure
    unit, agreed = run.parameters.unit, run.parameters.retrospective
    opening = float(cleaned.by_rule.loc["opening", "rows"])
    sold = modeled.sold(modeled.top).tail(HISTORY)
    history = (MonthActual(iso(ds), None if pd.isna(y) else float(y)) for ds, y in sold.items())
    return Summary(
        unit=run.unit,
        title=run.title,
        month=run.month,
        version=1,
        published_at="",
        owner=unit.owner,
        currency=measure.currency,
        quantity_unit=measure.unit,
        headline=headline(month),
        sentences=opening_sentences(month),
        floor=agreed.accuracy_floor,
        bias_limit=agreed.bias_limit,
        loss_budget=run.parameters.cleaning.loss_budget,
        loss=Ratio(float(len(cleaned.quarantine)), opening),
        forecast=tuple(_forecast(row) for _, row in reconciled.top().iterrows()),
        history=tuple(history),
        earlier=float(compared["missed"]["forecast"].sum()) if compared.scored else None,
        steps=steps(month),
        attention=attention(month),
        changes=changes(reconciled),
        before_changes=reconciled.next("reconciled") if len(reconciled.adjustment) else None,
        keys=keys(month),
        record=(("Measure", wording.first_upper(describe_measure(run, ", "))),),
        **_scores(run, compared),
    )


def headline(month: Month) -> str:
    """The page's title: the floor and the bias, or what the first month forecasts."""
    run, compared, writer = month.run, month.compared, writer_of(month.run)
    if not compared.scored:
        return writer.text("unit.title.first", unit=run.title, **month.reconciled.top().iloc[0])
    agreed, now = run.parameters.retrospective, compared.now
    met = "met" if now["accuracy"] >= agreed.accuracy_floor else "missed"
    if abs(now["bias"]) <= agreed.bias_limit:
        return writer.text(f"unit.title.{met}", unit=run.title, month=run.month)
    direction = writer.text("side.high" if now["bias"] > 0 else "side.low")
    facts = {"unit": run.title, "month": run.month, "running": _running(month)}
    return writer.text(f"unit.title.{met}.bias", direction=direction, **facts)


def _running(month: Month) -> str:
    """For how many months the bias has been beyond its limit, where it is more than this one."""
    months = month.compared.run_of_bias(month.run.parameters.retrospective.bias_limit)
    return writer_of(month.run).text("unit.title.running", months=months) if months > 1 else ""


def opening_sentences(month: Month) -> tuple[str, ...]:
    """The sentences below the title: sales and forecast, why it missed, what comes next."""
    run, compared, writer = month.run, month.compared, writer_of(month.run)
    ahead, agreed = month.reconciled.top().iloc[0], run.parameters.retrospective
    following = writer.text("unit.summary.next", **ahead)
    if not compared.scored:
        first = writer.text("unit.summary.first", unit=run.title, month=run.month, next=ahead["ds"])
        return first, following
    limits = {"floor": agreed.accuracy_floor, "limit": agreed.bias_limit}
    sold = writer.text("unit.summary.sold", month=run.month, **limits, **compared.now)
    return sold, _describe_miss(month), following


def _describe_miss(month: Month) -> str:
    writer, largest, causes = (
        writer_of(month.run),
        month.compared["misses"],
        month.compared["causes"],
    )
    if largest.empty:
        return writer.text("unit.summary.no_miss")
    first = largest.iloc[0]
    cause = causes[causes["unique_id"] == first["unique_id"]].sort_values("rank").iloc[0]
    size, name = abs(first["difference"]), cause_name(writer, cause["cause"], cause["effect"])
    known = cause["cause"] != UNEXPLAINED and abs(cause["effect"]) >= 0.5 * size
    side = "below" if first["difference"] > 0 else "above"
    facts = {"label": first["label"], "size": size, "side": side, "cause": name.lower()}
    return writer.text("unit.summary.miss" if known else "unit.summary.miss.unexplained", **facts)


def _scores(run: UnitMonth, compared: ComparedMonth) -> dict[str, Any]:
    """Pooled ratios one month ahead, at other lags, of the interval; none without a score."""
    if not compared.scored:
        return {}
    further = compared["by_lag"]["lag"].isin(run.parameters.retrospective.lags)
    bottom = compared["by_lag"][further].query("level == @compared.bottom and lag > 1")
    sums = zip(bottom["lag"], bottom["wape"] * bottom["actual"], bottom["actual"], strict=True)
    held = compared["coverage"].query("level == @compared.bottom and lag == 1")
    inside = [Ratio(*map(float, pair)) for pair in zip(held["inside"], held["n"], strict=True)]
    people = compared.people_gain() is not None
    return {
        "wape": compared.ratio("wape"),
        "bias": compared.ratio("bias"),
        "naive": compared.ratio("wape", "baseline"),
        "before_people": compared.ratio("wape", "reconciled") if people else None,
        "further": tuple((int(lag), Ratio(float(error), float(size))) for lag, error, size in sums),
        "covered80": inside[0] if inside else None,
    }


def _forecast(row: pd.Series) -> MonthForecast:
    bounds = _bounds(row[name] for name in INTERVALS)
    return MonthForecast(iso(row["ds"]), float(row["y_hat"]), *bounds)


def _bounds(values: Iterable[float]) -> list[float | None]:
    return [None if pd.isna(value) else float(value) for value in values]


def steps(month: Month) -> tuple[StepSummary, ...]:
    """The four steps in three short lines each."""
    found = (
        ("Cleaning", _cleaning_lines(month), month.cleaned.checks),
        ("Modeling", _modeling_lines(month), month.modeled.checks),
        ("Reconciliation", _reconciliation_lines(month), month.reconciled.checks),
        ("Retrospective", _retrospective_lines(month), month.compared.checks),
    )
    pages = [
        "" if month.run.kind == "backfill" else f"0{place}_{title.lower()}.html"
        for place, (title, _, _) in enumerate(found, start=1)
    ]
    return tuple(
        StepSummary(title, page, lines, sum(check.passed for check in checks), len(checks))
        for page, (title, lines, checks) in zip(pages, found, strict=True)
    )


def _cleaning_lines(month: Month) -> tuple[str, ...]:
    writer, cleaned = writer_of(month.run), month.cleaned
    rows = cleaned.by_rule["rows"]
    return (
        writer.text("unit.cleaning.rows", **rows[["opening", "kept"]]),
        writer.text("unit.cleaning.quarantine", n=len(cleaned.quarantine), rules=len(rows) - 2),
        writer.text("unit.cleaning.outliers", n=len(cleaned.outliers)),
    )


def _modeling_lines(month: Month) -> tuple[str, ...]:
    writer, modeled, standing = writer_of(month.run), month.modeled, month.modeled.standing()
    used = int((modeled.mean_weights() > 0).sum())
    key = "unit.modeling.no_backtest" if standing["verdict"] == "none" else "unit.modeling.error"
    return (
        writer.text("unit.modeling.models", used=used, all=len(modeled.models)),
        writer.text(key, **standing),
        writer.text("unit.modeling.failures", n=len(modeled.failures)),
    )


def _reconciliation_lines(month: Month) -> tuple[str, ...]:
    writer, done = writer_of(month.run), month.reconciled
    changes = "unit.reconciliation.changes" if len(done.adjustment) else "unit.changes.none"
    moved = {"month": done.month, "before": done.next("combined"), "after": done.next()}
    return (
        writer.text("unit.reconciliation.method", method=done.method, **done.counted),
        writer.text(changes, **done.counted),
        writer.text("unit.reconciliation.moved", **moved),
    )


def _retrospective_lines(month: Month) -> tuple[str, ...]:
    writer, compared = writer_of(month.run), month.compared
    if not compared.scored:
        return (writer.text("unit.retrospective.first", next=month.reconciled.month),)
    gain = compared.people_gain()
    people = "unit.retrospective.no_people" if gain is None else "unit.retrospective.people"
    return (
        retrospective.headline(month.run, compared),
        writer.text(people, gain=gain),
        writer.text("unit.retrospective.proposals", n=len(compared["proposals"])),
    )


def attention(month: Month) -> tuple[AttentionItem, ...]:
    """What needs a person: floor, bias, costly changes, authors who lean, silent key accounts."""
    run, writer, backfill = month.run, writer_of(month.run), month.run.kind == "backfill"
    due = "" if backfill else (date.today() + timedelta(days=DUE_DAYS)).isoformat()
    page = "04_retrospective.html#who-leans-which-way"
    found = [*_missed_limits(month), *_costly_changes(month)]
    for row in month.compared["people"].query("leans != ''").to_dict("records"):
        what = writer.text("unit.attention.lean", **row)
        found.append(AttentionItem("other", what, describe_lean(writer, row), href=page))
    # one silent month may be chance, and after half a year nobody needs to be reminded
    silent = month.modeled.key_account_table().query("2 <= silent <= 6")
    for row in silent.to_dict("records"):
        what, why = (
            writer.text(f"unit.attention.{key}", **row) for key in ("silent", "silent.why")
        )
        found.append(AttentionItem("other", what, why, href="02_modeling.html#key-accounts"))
    owner = run.parameters.unit.owner
    return tuple(
        replace(item, who=owner, due=due, href="" if backfill else item.href) for item in found
    )


def _costly_changes(month: Month) -> list[AttentionItem]:
    """People's changes that cost accuracy over the year, in at least three months."""
    writer, compared = writer_of(month.run), month.compared
    year = compared["value_added_year"].query(
        "level == @compared.bottom and stage == 'adjusted' and own_months >= 3 and gain < 0"
    )
    page = "04_retrospective.html#which-step-earned-its-keep"
    why = writer.text("unit.attention.people.why")
    return [
        AttentionItem("other", writer.text("unit.attention.people", **row), why, href=page)
        for row in year.head(1).to_dict("records")
    ]


def _missed_limits(month: Month) -> list[AttentionItem]:
    """The accuracy floor and the bias limit, where they were missed."""
    if not month.compared.scored:
        return []
    writer, agreed, now = (
        writer_of(month.run),
        month.run.parameters.retrospective,
        month.compared.now,
    )
    floor, limit, facts = agreed.accuracy_floor, agreed.bias_limit, {"unit": month.run.title, **now}
    found, why, page = [], _describe_miss(month), "04_retrospective.html"
    if now["accuracy"] < floor:
        what = writer.text("unit.attention.floor", floor=floor, **facts)
        found.append(AttentionItem("floor", what, why, href=page))
    if abs(now["bias"]) > limit:
        running = _running(month)
        what = writer.text("unit.attention.bias", limit=limit, running=running, **facts)
        found.append(AttentionItem("bias", what, why, href=page))
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
        )
        for row in reconciled.adjustment.to_dict("records")
    )


def keys(month: Month) -> tuple[KeyLink, ...]:
    """Key accounts and key products with their next month; a backfill has no pages to link to."""
    modeled, out = month.modeled, month.reconciled.published
    named = modeled.series.set_index("unique_id")[["label", "level"]]
    ahead = out[out["h"] == 1].set_index("unique_id")
    links = []
    for unique_id, share in modeled.explained["key_series"][["unique_id", "share"]].to_numpy():
        row, (label, level) = ahead.loc[unique_id], named.loc[unique_id]
        href = "" if month.run.kind == "backfill" else modeled.page_of(unique_id)
        bounds = _bounds(row[name] for name in ("lo-80", "hi-80"))
        links.append(
            KeyLink(str(label), str(level), href, float(share), float(row["y_hat"]), *bounds)
        )
    return tuple(links)
