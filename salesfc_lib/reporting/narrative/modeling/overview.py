"""Where the forecast stands: next month, the coming year, the season of the largest key series."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import SEASON, iso, wording
from salesfc_lib.reporting.blocks import Answer, Fact
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.facts.shared import year_change
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.modeling.choices import model_name
from salesfc_lib.reporting.narrative.outlook import outlook_figure
from salesfc_lib.reporting.narrative.record import record_and_checks
from salesfc_lib.reporting.narrative.writer import Blocks, context_line, draw, writer_of


@in_languages
def answer(run: UnitMonth, modeled: ModeledMonth) -> Answer:
    """The top of the page."""
    writer, ahead, standing = writer_of(run), modeled.next_month(), modeled.standing()
    standing["model"], verdict = model_name(standing["best"], run), standing["verdict"]
    change = year_change(modeled.sold(modeled.top), ahead["ds"], ahead["y_hat"])
    month = ahead["ds"] - pd.DateOffset(years=1)
    year = "" if change is None else writer.text("year_change", change=change, month=month)
    failed = modeled.failures
    now = int((failed["cutoff"] == modeled.cutoff).sum())
    failure = "complete" if failed.empty else "failed" if now else "failed_earlier"
    span = writer.text("modeling.context", first=ahead["ds"], last=modeled.forecast["ds"].max())
    tried = writer.text("modeling.note", models=len(modeled.models), cutoffs=len(modeled.cutoffs))
    return Answer(
        (*context_line(run, "Modeling"), span),
        writer.text(f"modeling.title.{verdict}", **{**ahead, **standing}),
        (
            writer.text("modeling.summary.next", unit=run.title, change=year, **ahead),
            writer.text(f"modeling.summary.{verdict}", **standing),
            writer.text(f"modeling.summary.{failure}", n=len(failed), now=now),
        ),
        note=writer.text("run.note", month=run.month, series=len(modeled.series), measure=tried),
        facts=_facts(run, modeled),
        changes_title=writer.since(modeled.before and modeled.before.month),
        changes=_changes(run, modeled),
    )


def _facts(run: UnitMonth, modeled: ModeledMonth) -> tuple[Fact, ...]:
    writer, standing = writer_of(run), modeled.standing()
    combined, naive = standing["combined"], standing["naive"]
    ahead = writer.fact("fact.next", **modeled.next_month())
    made = modeled.candidate_forecast[["unique_id", "model", "cutoff"]].drop_duplicates()
    n = len(modeled.failures)
    failed = writer.fact("modeling.fact.failed", n=n, fits=len(made) + n)
    if standing["verdict"] == "none":
        return ahead, failed
    gain = wording.signed(float(naive - combined) * 100)
    return (
        ahead,
        writer.fact("modeling.fact.error", combined=combined, naive=naive),
        writer.fact("modeling.fact.gain", alarm=bool(combined > naive), gain=gain),
        failed,
    )


def _changes(run: UnitMonth, modeled: ModeledMonth) -> tuple[str, ...]:
    writer, before, ahead = writer_of(run), modeled.before, modeled.next_month()
    if before is None:
        return (writer.text("since.nothing"),)
    lines = []
    if then := before.next_total:
        facts = {"before": then, "change": ahead["y_hat"] / then - 1, **ahead}
        lines.append(writer.text("modeling.since.next", **facts))
    weights = pd.DataFrame({"now": modeled.mean_weights()})
    weights["before"] = before.weights.reindex(weights.index).fillna(0.0)
    size = (weights["now"] - weights["before"]).abs().sort_values(ascending=False)
    for name in size.index[:2]:
        model = model_name(name, run)
        lines.append(writer.text("modeling.since.weights", model=model, **weights.loc[name]))
    return tuple(lines)


@in_languages
def outlook(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """The fan of the whole unit."""
    writer, ahead = writer_of(run), modeled.next_month()
    top = modeled.combined[modeled.combined["unique_id"] == modeled.top]
    sold, year = modeled.sold(modeled.top), float(top.nsmallest(SEASON, "h")["y_hat"].sum())
    last, whole = sold.tail(SEASON).sum(), min(len(sold), len(top)) >= SEASON
    change = writer.text("outlook.change", change=year / last - 1) if whole and last > 0 else ""
    growth = year_change(sold, ahead["ds"], ahead["y_hat"])
    key = "short" if growth is None else "up" if growth >= 0 else "down"
    facts = {"unit": run.title, "change": abs(growth or 0), **ahead}
    figure = outlook_figure(
        writer,
        sold,
        top,
        title=writer.text(f"modeling.figure.{key}", **facts),
        source=writer.text("modeling.figure.source"),
    )
    assumed = "" if modeled.cutoffs else writer.text("modeling.outlook.assumed")
    text = writer.prose("modeling.outlook", year=year, change=change, assumed=assumed)
    return Blocks(text, figure)


@in_languages
def season(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Years of the largest key series over one another, and the twelve months ahead."""
    unique_id = modeled.largest_key
    frame = modeled.season(unique_id)
    named = frame["group"].mask(frame["role"] == "forecast", writer_of(run).text("head.forecast"))
    frame = frame.assign(group=named)
    ahead, past = frame[frame["role"] == "forecast"], frame[frame["role"] != "forecast"]
    whole = past.dropna(subset=["value"]).groupby("group").filter(lambda year: len(year) == SEASON)
    peaks = whole.loc[whole.groupby("group")["value"].idxmax(), "at"] if len(whole) else []
    top = ahead.loc[ahead["value"].idxmax()]
    writer = writer_of(run).at([*past["value"].dropna(), *ahead["value"]])
    groups = {name: f"y{place}" for place, name in enumerate(frame["group"].unique())}
    years = frame.assign(year=frame["group"].map(groups))
    rows = years.pivot(index="at", columns="year", values="value")
    same = int((np.asarray(peaks) == top["at"]).sum())
    title = "same" if same else "other" if len(peaks) else "new"
    figure = writer.figure(
        "modeling.season.figure",
        draw("season", frame, scale=writer.scale),
        rows.assign(ds=ahead.set_index("at")["ds"]).dropna(subset=["ds"]),
        columns={f">{group}": f"{{{year}:scaled}}" for group, year in groups.items()},
        title_key=f"modeling.season.title.{title}",
        axis=writer.axis,
        month=run.month,
        label=modeled.series.set_index("unique_id").loc[unique_id, "label"],
        peak=top["value"],
        low=ahead["value"].min(),
        ds=top["ds"],
        same=same,
        years=len(peaks),
    )
    return Blocks(figure)


@in_languages
def checks(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Record and checks."""
    facts = {
        "models": wording.semicolons(model_name(name, run) for name in modeled.models),
        "cutoffs": wording.commas(map(iso, modeled.cutoffs)) or writer_of(run).text("none"),
        "failed": len(modeled.failures),
    }
    return record_and_checks(run, modeled.checks, "modeling.record", **facts)
