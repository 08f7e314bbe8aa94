"""The unit's own page: the summary block of its manifest."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import INTERVALS, iso, name_of, wording
from salesfc_lib.reporting.facts.handover import HandedMonth
from salesfc_lib.reporting.facts.month import PAGES, MonthFacts
from salesfc_lib.reporting.facts.now.reading import read_live_unit
from salesfc_lib.reporting.facts.reconciliation import ReconciledMonth
from salesfc_lib.reporting.facts.retrospective import UNEXPLAINED, ComparedMonth
from salesfc_lib.reporting.facts.summary import (
    Change,
    KeyLink,
    KpiOver,
    MonthActual,
    MonthForecast,
    Ratio,
    StepSummary,
    Summary,
)
from salesfc_lib.reporting.narrative.attention.limits import say_running
from salesfc_lib.reporting.narrative.attention.overview import list_attention
from salesfc_lib.reporting.narrative.cleaning.overview import describe_measure
from salesfc_lib.reporting.narrative.handover.overview import describe
from salesfc_lib.reporting.narrative.retrospective.causes import cause_name
from salesfc_lib.reporting.narrative.retrospective.overview import headline
from salesfc_lib.reporting.narrative.revision import describe_stages, find_revision
from salesfc_lib.reporting.narrative.writer import writer_of

HISTORY = 36  # months of actuals on the page


def summary(month: MonthFacts) -> Summary:
    """The month's summary; `version`, `published_at` and `kind` are filled in by who publishes."""
    run, cleaned, reconciled, compared = month.run, month.cleaned, month.reconciled, month.compared
    unit, agreed = run.parameters.unit, run.parameters.retrospective
    measure = writer_of(run).measure
    opening = float(cleaned.by_rule.loc["opening", "rows"])
    sold = month.modeled.sold(month.modeled.top).tail(HISTORY)
    return Summary(
        unit=run.unit,
        title=run.title,
        month=run.month,
        version=1,
        published_at="",
        owner=unit.owner,
        currency=measure.currency,
        quantity_unit=measure.unit,
        headline=_headline(month),
        sentences=_sentences(month),
        floor=agreed.accuracy_floor,
        bias_limit=agreed.bias_limit,
        loss_budget=run.parameters.cleaning.loss_budget,
        loss=Ratio(float(len(cleaned.quarantine)), opening),
        forecast=tuple(
            MonthForecast(iso(row["ds"]), *_numbers(row[["y_hat", *INTERVALS]]))
            for _, row in reconciled.top().iterrows()
        ),
        history=tuple(MonthActual(iso(ds), *_numbers([y])) for ds, y in sold.items()),
        earlier=float(compared["missed"]["forecast"].sum()) if compared.scored else None,
        revision=find_revision(run, compared),
        stages=describe_stages(run, reconciled),
        steps=_steps(month),
        attention=list_attention(month),
        changes=_changes(reconciled),
        before_changes=reconciled.next("reconciled") if len(reconciled.adjustment) else None,
        keys=_keys(month),
        kpis=_kpis(compared),
        money=unit.currency,
        live=read_live_unit(run.project, run.parameters),
        record=tuple(writer_of(run).record("unit.record.measure", measure=describe_measure(run))),
        **_scores(run, compared),
    )


def _numbers(values: Any) -> list[Any]:
    return [None if pd.isna(value) else float(value) for value in values]


def _headline(month: MonthFacts) -> str:
    """The page's title: the floor and the bias, or what the first month forecasts."""
    run, compared, writer = month.run, month.compared, writer_of(month.run)
    if not compared.scored:
        return writer.text("unit.title.first", unit=run.title, **month.reconciled.top().iloc[0])
    agreed, now = run.parameters.retrospective, compared.now
    met = "met" if now["accuracy"] >= agreed.accuracy_floor else "missed"
    bias = ".bias" if abs(now["bias"]) > agreed.bias_limit else ""
    facts = {
        "direction": writer.text("side.high" if now["bias"] > 0 else "side.low"),
        "running": say_running(month),
    }
    return writer.text(f"unit.title.{met}{bias}", unit=run.title, month=run.month, **facts)


def _sentences(month: MonthFacts) -> tuple[str, ...]:
    """The sentences below the title: sales and forecast, why it missed, what comes next."""
    run, compared, writer = month.run, month.compared, writer_of(month.run)
    ahead, agreed = month.reconciled.top().iloc[0], run.parameters.retrospective
    following = writer.text("unit.summary.next", **ahead)
    if not compared.scored:
        facts = {"unit": run.title, "month": run.month, "next": ahead["ds"]}
        return writer.text("unit.summary.first", **facts), following
    limits = {"floor": agreed.accuracy_floor, "limit": agreed.bias_limit}
    sold = writer.text("unit.summary.sold", month=run.month, **limits, **compared.now)
    return sold, _describe_miss(month), following


def _describe_miss(month: MonthFacts) -> str:
    writer, largest = writer_of(month.run), month.compared["misses"]
    if largest.empty:
        return writer.text("unit.summary.no_miss")
    first, causes = largest.iloc[0], month.compared["causes"]
    cause = causes[causes["unique_id"] == first["unique_id"]].sort_values("rank").iloc[0]
    size = abs(first["difference"])
    name = cause_name(writer, cause["cause"], cause["effect"])
    known = cause["cause"] != UNEXPLAINED and abs(cause["effect"]) >= 0.5 * size
    side = writer.text(f"unit.summary.miss.{'below' if first['difference'] > 0 else 'above'}")
    facts = {"label": first["label"], "size": size, "side": side}
    facts["cause"] = wording.first_lower(name)
    return writer.text(f"unit.summary.miss{'' if known else '.unexplained'}", **facts)


def _scores(run: UnitMonth, compared: ComparedMonth) -> dict[str, Any]:
    """Pooled ratios one month ahead, at other lags, of the interval; none without a score."""
    if not compared.scored:
        return {}
    further = compared["by_lag"]["lag"].isin(run.parameters.retrospective.lags)
    bottom = compared["by_lag"][further].query("level == @compared.bottom and lag > 1")
    held = compared["coverage"].query("level == @compared.bottom and lag == 1")
    inside = [Ratio(float(row.inside), float(row.n)) for row in held.itertuples()]
    people = compared.people_gain() is not None
    return {
        "wape": compared.ratio("wape"),
        "bias": compared.ratio("bias"),
        "naive": compared.ratio("wape", "baseline"),
        "before_people": compared.ratio("wape", "reconciled") if people else None,
        "further": tuple(
            (int(row.lag), Ratio(float(row.wape * row.actual), float(row.actual)))
            for row in bottom.itertuples()
        ),
        "covered80": inside[0] if inside else None,
    }


def _steps(month: MonthFacts) -> tuple[StepSummary, ...]:
    """The steps in three short lines each."""
    steps = {
        "Cleaning": (_cleaning_lines(month), month.cleaned.checks),
        "Modeling": (_modeling_lines(month), month.modeled.checks),
        "Reconciliation": (_reconciliation_lines(month), month.reconciled.checks),
        "Retrospective": (_retrospective_lines(month), month.compared.checks),
    }
    if month.handed is not None:
        steps["Handover"] = (_handover_lines(month.run, month.handed), month.handed.checks)
    backfill, text = month.run.kind == "backfill", writer_of(month.run).text
    return tuple(
        StepSummary(
            name_of("step", title),
            "" if backfill else PAGES[title],
            tuple(text(f"unit.{title.lower()}.{key}", **facts) for key, facts in lines.items()),
            sum(check.passed for check in checks),
            len(checks),
        )
        for title, (lines, checks) in steps.items()
    )


Lines = dict[str, dict[str, Any]]  # facts by the last part of a sentence's key


def _cleaning_lines(month: MonthFacts) -> Lines:
    cleaned, rows = month.cleaned, month.cleaned.by_rule["rows"]
    return {
        "rows": dict(rows[["opening", "kept"]]),
        "quarantine": {"n": len(cleaned.quarantine), "rules": len(rows) - 2},
        "outliers": {"n": len(cleaned.outliers)},
    }


def _modeling_lines(month: MonthFacts) -> Lines:
    modeled, standing = month.modeled, month.modeled.standing()
    used = int((modeled.mean_weights() > 0).sum())
    lines: Lines = {
        "models": {"used": used, "all": len(modeled.models)},
        "no_backtest" if standing["verdict"] == "none" else "error": standing,
        "failures": {"n": len(modeled.failures)},
    }
    return lines | plan_lines(month.run, modeled.explained["plan"])


def plan_lines(run: UnitMonth, plan: pd.DataFrame) -> Lines:
    """What a backfill may know that nobody knew then, and what it left out, of table plan.

    Events without a day of announcement count as known from their first day on.
    """
    if run.kind != "backfill" or not run.parameters.driver_effects.enabled:
        return {}
    writer = writer_of(run)
    plan = plan.assign(label=[writer.name("driver.head", name).lower() for name in plan["name"]])
    never = plan.loc[(plan["dated"] < plan["rows"]) & plan["name"].ne("event"), "label"]
    dated = plan[plan["dated"] > 0]
    lines: Lines = {"plans_undated": {"names": list(never)}} if len(never) else {}
    left_out = {"n": int(dated["left_out"].sum()), "names": list(dated["label"])}
    return lines | ({"plans_left_out": left_out} if len(dated) else {})


def _reconciliation_lines(month: MonthFacts) -> Lines:
    reconciled = month.reconciled
    numbers = {"before": reconciled.next("combined"), "after": reconciled.next()}
    return {
        "method": {"method": reconciled.method, **reconciled.counted},
        "changes" if len(reconciled.adjustment) else "no_changes": reconciled.counted,
        "moved": {"month": reconciled.month, **numbers},
    }


def _retrospective_lines(month: MonthFacts) -> Lines:
    compared = month.compared
    if not compared.scored:
        return {"first": {"next": month.reconciled.month}}
    gain = compared.people_gain()
    return {
        "headline": {"headline": headline(month.run, compared)},
        "no_people" if gain is None else "people": {"gain": gain},
        "proposals": {"n": len(compared.proposed)},
    }


def _handover_lines(run: UnitMonth, handed: HandedMonth) -> Lines:
    facts, beyond = describe(run, handed), handed.beyond()
    lines: Lines = {facts["state"]: facts}
    if facts["state"] == "order":
        lines["first"] = facts
    if len(beyond):
        members = [*beyond["member"].unique()]
        lines["beyond"] = {"n": beyond["ds"].nunique(), "all": len(handed.months)}
        lines["beyond"]["members"] = members
    if len(handed["asked"]):
        lines["asked"] = {"n": len(handed["asked"])}
    return lines


def _changes(reconciled: ReconciledMonth) -> tuple[Change, ...]:
    """People's changes, applied and refused."""
    labels = reconciled.series.set_index("unique_id")["label"]
    changes = []
    for row in reconciled.adjustment.to_dict("records"):
        facts: dict[str, Any] = {name: float(row[name]) for name in ("old", "asked", "final")}
        facts |= {name: str(row[name] or "") for name in ("author", "reason", "remark")}
        series, month = str(labels.get(row["unique_id"], row["unique_id"])), iso(row["ds"])
        applied = row["state"] == "applied"
        changes.append(Change(series=series, month=month, applied=applied, **facts))
    return tuple(changes)


def _kpis(compared: ComparedMonth) -> tuple[KpiOver, ...]:
    """Rows of table `kpis` as the page shows them."""
    rows = compared["kpis"].to_dict("records")
    return tuple(
        KpiOver(
            kpi=row["kpi"],
            window=row["window"],
            value=_numbers([row["value"]])[0],
            before=_numbers([row["before"]])[0],
            months=row["months"],
            first=iso(row["first"]) if row["months"] else None,
            last=iso(row["last"]) if row["months"] else None,
            source=row["source"],
            needs=row["needs"],
        )
        for row in rows
    )


def _keys(month: MonthFacts) -> tuple[KeyLink, ...]:
    """Key accounts and key products with their next month; a backfill has no pages to link to."""
    modeled, out = month.modeled, month.reconciled.published
    named = modeled.series.set_index("unique_id")[["label", "level"]]
    ahead = out[out["h"] == 1].set_index("unique_id")[["y_hat", "lo-80", "hi-80"]]
    keys = modeled.explained["key_series"][["unique_id", "share"]]
    return tuple(
        KeyLink(
            str(named.at[unique_id, "label"]),
            str(named.at[unique_id, "level"]),
            "" if month.run.kind == "backfill" else modeled.page_of(unique_id),
            float(share),
            *_numbers(ahead.loc[unique_id]),
        )
        for unique_id, share in keys.to_numpy()
    )
