"""What the reconciliation notebook says: do the numbers add up, how, what did people change."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Answer, Cell, Fact
from salesfc_lib.reporting.facts.reconciliation import ReconciledMonth
from salesfc_lib.reporting.facts.sales import year_change
from salesfc_lib.reporting.narrative.outlook import outlook_figure
from salesfc_lib.reporting.narrative.writer import (
    Blocks,
    Row,
    Template,
    context_line,
    heat_cell,
    record_and_checks,
    with_labels,
    writer_of,
)

SHOWN = 12  # rows of a table that may be long
COHERENT = 1e-6  # relative: what counts as adding up


def answer(run: UnitMonth, done: ReconciledMonth) -> Answer:
    """The top of the page."""
    writer, ahead, levels = writer_of(run), done.top().iloc[0], done.series["level"].nunique()
    final, combined = ahead["y_hat"], done.next("combined")
    assumed, reconciled = done.next(done.modeled), done.next("reconciled")
    parts = {
        "combined": combined,
        "assumed": assumed - combined,
        "moved": reconciled - assumed,
        "people": final - reconciled,
    }
    title = "reconciliation.title.changed" if parts["people"] else "reconciliation.title.same"
    gap = (
        "reconciliation.summary.gap"
        if done.gap_before > COHERENT
        else "reconciliation.summary.coherent"
    )
    judged = _judged(done)
    method = {"method": done.method, "judged": len(judged), "wape": judged.get(done.method)}
    sentences = (
        writer.text(
            f"reconciliation.summary.published.{done.modeled}", unit=run.title, **parts, **ahead
        ),
        writer.text(gap, before=done.gap_before),
        writer.text(f"reconciliation.summary.{'method' if len(judged) else 'only'}", **method),
    )
    measure, earlier = writer.text("reconciliation.note", levels=levels), done.earlier["cutoff"]
    return Answer(
        context_line(run, "Reconciliation"),
        writer.text(title, change=parts["people"], **ahead),
        sentences,
        note=writer.text("run.note", month=run.month, series=len(done.series), measure=measure),
        facts=_facts(run, done),
        changes_title=writer.since(None if earlier.empty else earlier.iloc[0]),
        changes=_changes(run, done),
    )


def _judged(done: ReconciledMonth) -> pd.Series:
    """Mean of the levels' WAPE by method, lowest first, of the methods that were judged."""
    from salesfc_lib.reconciliation import mean_wape

    return mean_wape(done.reconciliation).dropna().sort_values()


def _facts(run: UnitMonth, done: ReconciledMonth) -> tuple[Fact, ...]:
    writer, ahead = writer_of(run), done.top().iloc[0]
    change = year_change(done.sold, ahead["ds"], ahead["y_hat"])
    year = "reconciliation.fact.next.short" if change is None else "reconciliation.fact.next"
    gap = "0" if done.gap <= COHERENT else wording.percent(done.gap)
    counts: dict[str, Any] = done.counted
    return (
        writer.fact(year, change=change, **ahead),
        writer.fact(
            "reconciliation.fact.gap", alarm=done.gap > COHERENT, gap=gap, before=done.gap_before
        ),
        writer.fact("reconciliation.fact.people", **counts),
        writer.fact("reconciliation.fact.series", **counts),
    )


def _changes(run: UnitMonth, done: ReconciledMonth) -> tuple[str, ...]:
    writer, ahead, earlier = writer_of(run), done.top().iloc[0], done.earlier
    if earlier.empty:
        return (writer.text("reconciliation.since.first"),)
    lines = []
    same = earlier[(earlier["unique_id"] == ahead["unique_id"]) & (earlier["ds"] == ahead["ds"])]
    if len(same):
        before = float(same["y_hat"].iloc[-1])
        change = ahead["y_hat"] / before - 1 if before else 0.0
        lines.append(
            writer.text("reconciliation.since.total", before=before, change=change, **ahead)
        )
    method = str(earlier.loc[earlier["stage"] == "reconciled", "model"].iloc[0])
    key = "same_method" if method == done.method else "method"
    names = [writer.name("method", name).lower() for name in (done.method, method)]
    return *lines, writer.text(f"reconciliation.since.{key}", method=names[0], before=names[1])


def gaps(run: UnitMonth, done: ReconciledMonth) -> Blocks:
    """Next month summed on each level, before and after."""
    table, count = done.by_level(), done.series["level"].value_counts()
    table = table.assign(n=table["level"].map(count), moved=table["after"] - table["before"])
    writer = writer_of(run).at([*table["before"], *table["after"]])
    cells = (
        "{level:spaced}",
        "{n:count}",
        "{before:scaled}",
        "{after:scaled}",
        "{moved:signed_scaled}",
    )
    block = writer.table(
        "reconciliation.gaps.table",
        table,
        cells,
        low=table["before"].min(),
        high=table["before"].max(),
        amount=table["after"].iloc[0],
        month=done.month,
        modeled=writer.text(f"head.{done.modeled}"),
    )
    key = "reconciliation.gaps" if done.gap_before > COHERENT else "reconciliation.gaps.none"
    return Blocks(writer.prose(key), block)


def methods(run: UnitMonth, done: ReconciledMonth) -> Blocks:
    """WAPE of each method by level."""
    writer, mean, found = writer_of(run), _judged(done), done.reconciliation
    if mean.empty:
        return Blocks(writer.prose("reconciliation.methods.none"))
    wape = found.assign(value=found["numerator"] / found["denominator"])
    levels = list(done.series["level"].drop_duplicates())
    wide = wape.pivot(index="method", columns="level", values="value").loc[mean.index, levels]
    best, low, high = wide.idxmin(), wide.min(), wide.max()

    def used(template: str) -> Template:
        return lambda row: Cell(writer.fill(template, row), bold=row["method"] == done.method)

    def error(level: str) -> Template:
        return lambda row: heat_cell(
            row[level], low[level], high[level], best=best[level] == row["method"]
        )

    not_judged = [
        writer.name("method", name) for name in sorted({*found["method"]} - {*mean.index})
    ]
    skipped = (
        writer.text("reconciliation.methods.skipped", methods=not_judged) if not_judged else ""
    )
    table = writer.table(
        "reconciliation.methods.table",
        wide.assign(mean=mean).reset_index(),
        (used("{method:name method}"), *map(error, levels), used("{mean:percent}")),
        width="min46",
        method=str(mean.index[0]),
        skipped=skipped,
        levels=" | ".join(f"#{level.replace('_', ' ')}" for level in levels),
    )
    return Blocks(writer.prose("reconciliation.methods"), table)


def moves(run: UnitMonth, done: ReconciledMonth) -> Blocks:
    """The series that reconciliation moved most."""
    table = done.moves()
    writer, shown = writer_of(run).at(table["after"]), table.head(SHOWN)
    cells = (
        Cell("{label}", sub="{level:spaced}"),
        "{before:scaled}",
        "{after:scaled}",
        "{change:signed_scaled}",
        "{share:signed_percent}",
    )
    share = shown["change"] / shown["before"].where(shown["before"] != 0)
    facts = {"shown": len(shown), "n": len(table), "month": done.month, "stage": done.modeled}
    block = writer.table(
        "reconciliation.moves.table",
        shown.assign(share=share),
        cells,
        width="min40",
        modeled=writer.text(f"head.{done.modeled}"),
        **facts,
    )
    up, down = int((table["change"] > 0).sum()), int((table["change"] < 0).sum())
    return Blocks(writer.prose("reconciliation.moves", up=up, down=down, month=done.month), block)


def changes(run: UnitMonth, done: ReconciledMonth) -> Blocks:
    """What people changed, applied and refused: in order of size, refused ones last."""
    writer, found = writer_of(run), done.adjustment
    if found.empty:
        return Blocks(writer.prose("reconciliation.changes.none"))
    refused, change = found["state"] == "refused", found["final"] - found["old"]
    table = with_labels(found, done.series).assign(
        refused=refused,
        change=change.mask(refused),
        size=change.abs(),
        new=found["final"].mask(refused, found["asked"]),
    )
    table["label"] = table["label"].fillna(table["unique_id"])
    table = table.sort_values(["state", "size"], ascending=[True, False])
    facts: dict[str, Any] = {
        "applied": int((found["state"] == "applied").sum()),
        "refused": int(refused.sum()),
    }
    cells = (
        "{label}",
        "{ds:month_short}",
        "{old:amount}",
        "{new:amount}",
        lambda row: writer.fill("{change:signed_amount}", row) or "–",
        _describe_author,
    )
    block = writer.table(
        "reconciliation.changes.table",
        table,
        cells,
        width="min46",
        unit=run.unit,
        authors=found.loc[found["state"] == "applied", "author"].nunique(),
        **facts,
    )
    facts |= {"month": done.month, "before": done.next("reconciled"), "after": done.next()}
    return Blocks(writer.prose("reconciliation.changes.some", **facts), block)


def _describe_author(row: Row) -> Cell:
    if row["refused"]:
        return Cell("refused", sub=str(row["remark"]), tag="plain")
    return Cell(f"{row['author']}: {row['reason']}", sub=str(row["remark"]))


def published(run: UnitMonth, done: ReconciledMonth) -> Blocks:
    """The final numbers: fan of the whole unit, and three months of the upper levels."""
    writer, top = writer_of(run), done.top()
    figure = outlook_figure(
        done.sold,
        top,
        writer=writer,
        title=writer.text("reconciliation.figure", unit=run.title, **top.iloc[0]),
        source=writer.text("reconciliation.figure.source"),
    )
    near = done.published[done.published["h"] <= 3]
    ahead = near.pivot(index="unique_id", columns="ds", values="y_hat")
    months = {ds: f"{ds:%Y-%m}" for ds in ahead.columns}
    upper = done.series[done.series["level"] != done.bottom]
    table = writer.at(ahead.iloc[:, 0]).table(
        "reconciliation.published.table",
        upper.join(ahead.rename(columns=months), on="unique_id"),
        (
            Cell("{label}", sub="{level:spaced}"),
            *(f"{{{month}:scaled}}" for month in months.values()),
        ),
        width="min40",
        months=" | ".join(f">{wording.month_name(month)}" for month in months.values()),
    )
    return Blocks(writer.prose("reconciliation.published"), figure, table)


def checks(run: UnitMonth, done: ReconciledMonth) -> Blocks:
    """Record and checks."""
    rows, counts = done.published, done.counts()
    return record_and_checks(
        run,
        done.checks,
        "reconciliation.record",
        first=rows["ds"].min(),
        last=rows["ds"].max(),
        stage=rows["stage"].iloc[0],
        method=done.method,
        applied=counts["changes applied"],
        refused=counts["changes refused"],
    )
