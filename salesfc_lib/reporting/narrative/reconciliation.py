"""The reconciliation notebook: do the numbers add up, how, what did people change."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import level_name, wording
from salesfc_lib.reporting.blocks import Answer, Block, Cell, Fact
from salesfc_lib.reporting.catalogue import Sentences
from salesfc_lib.reporting.facts.reconciliation import ReconciledMonth
from salesfc_lib.reporting.facts.shared import year_change
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.outlook import outlook_figure
from salesfc_lib.reporting.narrative.record import record_and_checks
from salesfc_lib.reporting.narrative.writer import (
    SHOWN,
    Blocks,
    context_line,
    heat_cells,
    with_labels,
    writer_of,
)

COHERENT = 1e-6  # relative: what counts as adding up


@in_languages
def answer(run: UnitMonth, reconciled: ReconciledMonth) -> Answer:
    """The top of the page."""
    writer, ahead, stage = writer_of(run), reconciled.top().iloc[0], reconciled.modeled
    final, combined = ahead["y_hat"], reconciled.next("combined")
    assumed, coherent = reconciled.next(stage), reconciled.next("reconciled")
    parts = {
        "combined": combined,
        "assumed": assumed - combined,
        "moved": coherent - assumed,
        "people": final - coherent,
    }
    title = "changed" if parts["people"] else "same"
    gap = "gap" if reconciled.gap_before > COHERENT else "coherent"
    judged, method = _judged(reconciled), reconciled.method
    equal = _say_equal(writer, judged) if len(judged) else ""
    choice = {"judged": len(judged), "wape": judged.get(method), "equal": equal}
    choice["method"] = _method(writer, method)
    if not len(judged):
        told = "only"
    elif judged.index[0] == method:
        told = "method"
    else:
        told, choice["least"] = "level", judged.iloc[0]
        choice["best"] = _method(writer, str(judged.index[0]))
    series, earlier = reconciled.series, reconciled.earlier["cutoff"]
    levels = writer.text("reconciliation.note", levels=series["level"].nunique())
    return Answer(
        context_line(run, "Reconciliation"),
        writer.text(f"reconciliation.title.{title}", change=parts["people"], **ahead),
        (
            writer.text(
                f"reconciliation.summary.published.{stage}", unit=run.title, **parts, **ahead
            ),
            writer.text(f"reconciliation.summary.{gap}", before=reconciled.gap_before),
            writer.text(f"reconciliation.summary.{told}", **choice),
        ),
        note=writer.text("run.note", month=run.month, series=len(series), measure=levels),
        facts=_facts(run, reconciled),
        changes_title=writer.since(None if earlier.empty else earlier.iloc[0]),
        changes=_changes(run, reconciled),
    )


def _method(writer: Sentences, method: str) -> str:
    """How a method reads inside a sentence."""
    return wording.first_lower(writer.name("method", method))


def _judged(reconciled: ReconciledMonth) -> pd.Series:
    """Mean of the levels' WAPE by method, lowest first, of the methods that were judged."""
    from salesfc_lib.reconciliation import mean_wape

    return mean_wape(reconciled.reconciliation).dropna().sort_values()


def _facts(run: UnitMonth, reconciled: ReconciledMonth) -> tuple[Fact, ...]:
    writer, ahead = writer_of(run), reconciled.top().iloc[0]
    change = year_change(reconciled.sold, ahead["ds"], ahead["y_hat"])
    year = "reconciliation.fact.next.short" if change is None else "reconciliation.fact.next"
    open_gap, before = reconciled.gap > COHERENT, reconciled.gap_before
    gap = wording.percent(reconciled.gap) if open_gap else "0"
    return (
        writer.fact(year, change=change, **ahead),
        writer.fact("reconciliation.fact.gap", alarm=open_gap, gap=gap, before=before),
        writer.fact("reconciliation.fact.people", **reconciled.counted),
        writer.fact("reconciliation.fact.series", **reconciled.counted),
    )


def _changes(run: UnitMonth, reconciled: ReconciledMonth) -> tuple[str, ...]:
    writer, ahead, earlier = writer_of(run), reconciled.top().iloc[0], reconciled.earlier
    if earlier.empty:
        return (writer.text("since.nothing"),)
    lines = []
    same = earlier[(earlier["unique_id"] == ahead["unique_id"]) & (earlier["ds"] == ahead["ds"])]
    if len(same):
        before = float(same["y_hat"].iloc[-1])
        facts = {"before": before, "change": ahead["y_hat"] / before - 1 if before else 0.0}
        lines.append(writer.text("reconciliation.since.total", **facts, **ahead))
    method = str(earlier.loc[earlier["stage"] == "reconciled", "model"].iloc[0])
    key = "same_method" if method == reconciled.method else "method"
    names = [_method(writer, name) for name in (reconciled.method, method)]
    return *lines, writer.text(f"reconciliation.since.{key}", method=names[0], before=names[1])


@in_languages
def gaps(run: UnitMonth, reconciled: ReconciledMonth) -> Blocks:
    """Next month summed on each level, before and after."""
    table, count = reconciled.by_level(), reconciled.series["level"].value_counts()
    table = table.assign(n=table["level"].map(count), moved=table["after"] - table["before"])
    writer = writer_of(run).at([*table["before"], *table["after"]])
    return writer.section(
        "reconciliation.gaps",
        table,
        low=table["before"].min(),
        high=table["before"].max(),
        amount=table["after"].iloc[0],
        month=reconciled.month,
        modeled=writer.text(f"head.{reconciled.modeled}"),
        variant="some" if reconciled.gap_before > COHERENT else "coherent",
    )


@in_languages
def methods(run: UnitMonth, reconciled: ReconciledMonth) -> Blocks:
    """WAPE of each method by level."""
    writer, mean, tried = writer_of(run), _judged(reconciled), reconciled.reconciliation
    key = "reconciliation.methods"
    if mean.empty:
        return Blocks(writer.prose(f"{key}.none"))
    wape = tried.assign(value=tried["numerator"] / tried["denominator"])
    levels = list(reconciled.series["level"].drop_duplicates())
    wide = wape.pivot(index="method", columns="level", values="value").loc[mean.index, levels]
    rows = wide.set_axis([f"level{n}" for n in range(len(levels))], axis=1).apply(heat_cells)
    used = mean.index == reconciled.method
    named = {"method": mean.index.map(lambda name: writer.name("method", name))}
    named["mean"] = mean.map(wording.percent)
    for column, texts in named.items():
        rows[column] = [Cell(text, bold=bold) for text, bold in zip(texts, used, strict=True)]
    names = [writer.name("method", name) for name in sorted({*tried["method"]} - {*mean.index})]
    return writer.section(
        key,
        rows,
        columns={f"#{level_name(name)}": f"{{level{n}}}" for n, name in enumerate(levels)},
        method=str(mean.index[0]),
        equal=_say_equal(writer, mean),
        skipped=writer.text(f"{key}.skipped", methods=names) if names else "",
    )


def _say_equal(writer: Sentences, mean: pd.Series) -> str:
    """Which methods are level with the first of `mean` as errors are written; else nothing."""
    texts = mean.map(wording.percent)
    level = [name for name in texts.index[1:] if texts[name] == texts.iloc[0]]
    names = [_method(writer, str(name)) for name in level]
    return writer.text("reconciliation.methods.equal", methods=names) if names else ""


@in_languages
def moves(run: UnitMonth, reconciled: ReconciledMonth) -> Blocks:
    """The series that reconciliation moved most."""
    table = reconciled.moves()
    writer, shown = writer_of(run).at(table["after"]), table.head(SHOWN)
    change = table["change"]
    return writer.section(
        "reconciliation.moves",
        shown.assign(share=shown["change"] / shown["before"].where(shown["before"] != 0)),
        modeled=writer.text(f"head.{reconciled.modeled}"),
        shown=len(shown),
        n=len(table),
        month=reconciled.month,
        stage=reconciled.modeled,
        up=int((change > 0).sum()),
        down=int((change < 0).sum()),
    )


@in_languages
def changes(run: UnitMonth, reconciled: ReconciledMonth) -> Blocks:
    """What people changed, applied and refused: in order of size, refused ones last."""
    writer, adjustment = writer_of(run), reconciled.adjustment
    refused = adjustment["state"] == "refused"
    change = adjustment["final"] - adjustment["old"]
    table = with_labels(adjustment, reconciled.series).assign(
        change=change.mask(refused),
        size=change.abs(),
        new=adjustment["final"].mask(refused, adjustment["asked"]),
        why=[_describe_author(writer, row) for row in adjustment.itertuples()],
    )
    table["label"] = table["label"].fillna(table["unique_id"])
    applied = adjustment["state"] == "applied"
    return writer.section(
        "reconciliation.changes",
        table.sort_values(["state", "size"], ascending=[True, False]),
        unit=run.unit,
        authors=adjustment.loc[applied, "author"].nunique(),
        applied=int(applied.sum()),
        refused=int(refused.sum()),
        month=reconciled.month,
        before=reconciled.next("reconciled"),
        after=reconciled.next(),
    )


def _describe_author(writer: Sentences, change: Any) -> Cell:
    remark, facts = writer.said(change.remark), {"author": change.author, "reason": change.reason}
    if change.state == "refused":
        return Cell(writer.name("state", "refused"), sub=remark, tag="plain")
    return Cell(writer.text("reconciliation.changes.why", **facts), sub=remark)


@in_languages
def published(run: UnitMonth, reconciled: ReconciledMonth) -> Blocks:
    """The final numbers: fan of the whole unit, and three months of the upper levels."""
    writer, top, published = writer_of(run), reconciled.top(), reconciled.published
    figure = outlook_figure(
        writer,
        reconciled.sold,
        top,
        title=writer.text("reconciliation.figure", unit=run.title, **top.iloc[0]),
        source=writer.text("reconciliation.figure.source"),
    )
    near = published[published["h"] <= 3]
    ahead = near.pivot(index="unique_id", columns="ds", values="y_hat")
    months = {f"{ds:%Y-%m}": ds for ds in ahead.columns}
    upper = reconciled.series[reconciled.series["level"] != reconciled.bottom]
    table = writer.at(ahead.iloc[:, 0]).table(
        "reconciliation.published.table",
        upper.join(ahead.set_axis(list(months), axis=1), on="unique_id"),
        columns={f">{wording.month_name(month)}": f"{{{month}:scaled}}" for month in months},
    )
    shown: list[Block] = [writer.prose("reconciliation.published")]
    if reconciled.counted["changes_applied"]:
        shown.append(writer.prose("reconciliation.published.borrowed"))
    return Blocks(*shown, figure, table)


@in_languages
def checks(run: UnitMonth, reconciled: ReconciledMonth) -> Blocks:
    """Record and checks."""
    rows, counts = reconciled.published, reconciled.counted
    facts = {"first": rows["ds"].min(), "last": rows["ds"].max(), "stage": rows["stage"].iloc[0]}
    facts |= {"method": reconciled.method, "applied": counts["changes_applied"]}
    facts |= {"refused": counts["changes_refused"]}
    return record_and_checks(run, reconciled.checks, "reconciliation.record", **facts)
