"""What the modeling notebook says: the outlook, the weights, the backtest."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.forecasting import BOOSTING
from salesfc_lib.foundation import SEASON, wording
from salesfc_lib.reporting.blocks import Answer, Cell, Fact
from salesfc_lib.reporting.catalogue import iso
from salesfc_lib.reporting.facts.modeling import COMBINED, ModeledMonth
from salesfc_lib.reporting.facts.sales import year_change
from salesfc_lib.reporting.narrative.assumptions import effects
from salesfc_lib.reporting.narrative.choices import choices, failures, key_accounts, model_name
from salesfc_lib.reporting.narrative.coverage import coverage
from salesfc_lib.reporting.narrative.drivers import drivers
from salesfc_lib.reporting.narrative.level_shifts import level_shifts
from salesfc_lib.reporting.narrative.outlook import outlook_figure
from salesfc_lib.reporting.narrative.writer import (
    Blocks,
    Row,
    Template,
    context_line,
    heat_cell,
    record_and_checks,
    writer_of,
)

__all__ = [
    "answer",
    "backtest",
    "checks",
    "choices",
    "coverage",
    "drivers",
    "effects",
    "failures",
    "key_accounts",
    "level_shifts",
    "model_name",
    "outlook",
    "weights",
]

HEAVIEST = 10  # models whose weight has a row of its own
DISTANCES = (1, 2, 3, 4, 6, 8, 10, 12)  # months ahead that have a column


def answer(run: UnitMonth, modeled: ModeledMonth) -> Answer:
    """The top of the page."""
    writer, ahead, standing = writer_of(run), modeled.next_month(), modeled.standing()
    standing["model"] = model_name(standing["best"], run)
    verdict = writer.text(f"modeling.verdict.{standing['verdict']}", **standing)
    change = year_change(modeled.sold(modeled.top), ahead["ds"], ahead["y_hat"])
    month = ahead["ds"] - pd.DateOffset(years=1)
    year = (
        "" if change is None else writer.text("modeling.summary.change", change=change, month=month)
    )
    sentences = (
        writer.text("modeling.summary.next", unit=run.title, change=year, **ahead),
        writer.text(f"modeling.summary.{standing['verdict']}", **standing),
        _describe_failures(run, modeled),
    )
    span = writer.text("modeling.context", first=ahead["ds"], last=modeled.forecast["ds"].max())
    tried = writer.text("modeling.note", models=len(modeled.models), cutoffs=len(modeled.cutoffs))
    return Answer(
        (*context_line(run, "Modeling"), span),
        writer.text("modeling.title", verdict=verdict, **ahead),
        sentences,
        note=writer.text("run.note", month=run.month, series=len(modeled.series), measure=tried),
        facts=_facts(run, modeled),
        changes_title=writer.since(modeled.before and modeled.before.month),
        changes=_changes(run, modeled),
    )


def _describe_failures(run: UnitMonth, modeled: ModeledMonth) -> str:
    failed = modeled.failures
    now = int((failed["cutoff"] == modeled.cutoff).sum())
    key = "complete" if failed.empty else "failed" if now else "failed_earlier"
    return writer_of(run).text(f"modeling.summary.{key}", n=len(failed), now=now)


def _facts(run: UnitMonth, modeled: ModeledMonth) -> tuple[Fact, ...]:
    writer, standing = writer_of(run), modeled.standing()
    combined, naive = standing["combined"], standing["naive"]
    ahead = writer.fact("fact.next", **modeled.next_month())
    failed = writer.fact("modeling.fact.failed", n=len(modeled.failures), fits=modeled.fits)
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
        return (writer.text("modeling.since.first"),)
    lines = []
    if before.next_total:
        change = ahead["y_hat"] / before.next_total - 1
        lines.append(
            writer.text("modeling.since.next", before=before.next_total, change=change, **ahead)
        )
    weights = pd.DataFrame({"now": modeled.mean_weights()})
    weights["before"] = before.weights.reindex(weights.index).fillna(0.0)
    size = (weights["now"] - weights["before"]).abs().sort_values(ascending=False)
    for name in size.index[:2]:
        row = weights.loc[name]
        lines.append(writer.text("modeling.since.weights", model=model_name(name, run), **row))
    return tuple(lines)


def outlook(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """The fan of the whole unit."""
    writer, ahead = writer_of(run), modeled.next_month()
    top = modeled.combined[modeled.combined["unique_id"] == modeled.top]
    sold, year = modeled.sold(modeled.top), float(top.nsmallest(SEASON, "h")["y_hat"].sum())
    last, whole = sold.tail(SEASON).sum(), min(len(sold), len(top)) >= SEASON
    change = (
        writer.text("modeling.outlook.change", change=year / last - 1) if whole and last > 0 else ""
    )
    apart = year_change(sold, ahead["ds"], ahead["y_hat"])
    key = "short" if apart is None else "up" if apart >= 0 else "down"
    figure = outlook_figure(
        sold,
        top,
        writer=writer,
        title=writer.text(
            f"modeling.figure.{key}", unit=run.title, change=abs(apart or 0), **ahead
        ),
        source=writer.text("modeling.figure.source"),
    )
    text = "modeling.outlook" if modeled.cutoffs else "modeling.outlook.assumed"
    return Blocks(writer.prose(text, year=year, change=change), figure)


def weights(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Mean weight of each model at the bottom, with its error; beyond the heaviest in one row."""
    writer, table = writer_of(run), modeled.weight_table()
    table["name"] = [model_name(name, run) for name in table["model"]]
    largest = max(float(table["weight"].max()), 1e-9)
    shown = table if len(table) == HEAVIEST + 1 else table.head(HEAVIEST)
    rest = table.iloc[len(shown) :]["weight"]

    def reason(row: Row) -> str:
        used = "corrects" if row["model"] == BOOSTING else "reason"
        return writer.text(f"modeling.weights.{used if row['used'] else 'never'}", **row)

    cells = (
        lambda row: Cell(row["name"], bold=bool(row["used"])),
        "{weight:.2f}",
        lambda row: Cell(bar=row["weight"] / largest),
        "{wape:percent}",
        reason,
    )
    candidates, boosted = table[table["model"] != BOOSTING], table[table["model"] == BOOSTING]
    block = writer.table(
        "modeling.weights.table", shown, cells, width="min40", **candidates.iloc[0]
    )
    if len(rest):
        folded = (
            writer.text("modeling.weights.folded", n=len(rest)),
            f"{rest.sum():.2f}",
            Cell(bar=min(float(rest.sum()) / largest, 1.0), tone="muted"),
            "",
            writer.text("modeling.weights.folded.reason", low=rest.min(), high=rest.max()),
        )
        block = replace(block, rows=(*block.rows, folded))
    share = float(boosted["weight"].sum())
    facts = {
        "carrying": int((candidates["used"] > 0).sum()),
        "all": len(candidates),
        "share": share,
    }
    return Blocks(
        writer.prose(f"modeling.weights.{'boosted' if share else 'plain'}", **facts), block
    )


def backtest(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """WAPE by model and distance as a heat table."""
    writer, errors, cutoffs = writer_of(run), modeled.errors(), modeled.cutoffs
    if errors.empty:
        return Blocks(writer.prose("modeling.backtest.none"))
    wide = errors.pivot(index="model", columns="h", values="value")
    order = wide.drop(index=COMBINED, errors="ignore").mean(axis=1).sort_values().index
    wide = wide.reindex([name for name in (COMBINED, *order) if name in wide.index])
    steps, best = [h for h in DISTANCES if h in wide.columns], wide.idxmin()
    ends = float(wide.min().min()), float(wide.max().max())

    def head(row: Row) -> Cell:
        name, combined = model_name(row["model"], run), row["model"] == COMBINED
        return Cell(f"{name}, in use" if combined else name, bold=combined)

    def distance(h: int) -> Template:
        return lambda row: heat_cell(row[h], *ends, best=best[h] == row["model"])

    table = writer.table(
        "modeling.backtest.table",
        wide.reset_index(),
        (head, *map(distance, steps)),
        width="min40",
        best=int((best[steps] == COMBINED).sum()),
        all=len(steps),
        bottom=modeled.bottom,
        cutoffs=len(cutoffs),
        distances=" | ".join(f"#{h} month" if h == 1 else f"#{h}" for h in steps),
    )
    facts = {"cutoffs": len(cutoffs), "first": cutoffs[0], "last": cutoffs[-1]}
    return Blocks(writer.prose("modeling.backtest", **facts), table)


def checks(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Record and checks."""
    writer = writer_of(run)
    cutoffs = ", ".join(map(iso, modeled.cutoffs))
    models = "; ".join(model_name(name, run) for name in modeled.models)
    return record_and_checks(
        run,
        modeled.checks,
        "modeling.record",
        models=models,
        cutoffs=cutoffs or writer.text("none"),
        failed=len(modeled.failures),
    )
