"""What the reconciliation notebook says: do the numbers add up, by which method, what did people change.

The reconciliation step's tables enter; blocks leave.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reconciliation import mean_wape
from salesfc_lib.reporting.blocks import Answer, Cell, Fact, Prose, Table
from salesfc_lib.reporting.facts.reconciliation import ReconciledMonth
from salesfc_lib.reporting.narrative.outlook import outlook_figure, year_before
from salesfc_lib.reporting.narrative.section import (
    Section,
    closing,
    columns,
    in_words,
    iso,
    kicker,
    measure_of,
    voice_of,
)

SHOWN = 12  # rows of a table that may be long
METHODS = {
    "bottom_up": "Bottom-up", "ols": "Least squares", "wls_struct": "Weighted by number of parts", "wls_var": "Weighted by error variance",
    "mint_shrink": "Minimum trace, shrunk",
}  # fmt: skip
COHERENT = 1e-6  # relative: what counts as adding up


def method_name(name: str) -> str:
    """How a reconciliation method reads."""
    return METHODS.get(name, name)


def answer(run: UnitMonth, done: ReconciledMonth) -> Answer:
    """The top of the page."""
    voice = voice_of(run)
    stages = (None, "combined", done.modeled, "reconciled")
    final, combined, assumed, moved = (float(done.top(name)["y_hat"].iloc[0]) for name in stages)
    month, people = iso(done.top()["ds"].iloc[0]), final - moved
    title = "reconciliation.title.changed" if people else "reconciliation.title.same"
    gap = (
        "reconciliation.lede.gap" if done.gap_before > COHERENT else "reconciliation.lede.coherent"
    )
    sentences = (
        voice.say(
            "reconciliation.lede.published"
            if done.modeled == "combined"
            else "reconciliation.lede.published.assumed",
            unit=run.title,
            amount=final,
            month=month,
            combined=combined,
            assumed=assumed - combined,
            moved=moved - assumed,
            people=people,
        ),
        voice.say(gap, before=done.gap_before),
        _method_sentence(run, done),
    )
    return Answer(
        kicker(run, "Reconciliation"),
        voice.say(title, month=month, amount=final, change=people),
        sentences,
        note=voice.say(
            "run.note",
            month=run.month,
            series=len(done.series),
            measure=f"{done.series['level'].nunique()} levels",
        ),
        facts=_facts(run, done),
        changes_title=_since_title(done),
        changes=_changes(run, done),
    )


def _method_sentence(run: UnitMonth, done: ReconciledMonth) -> str:
    voice, judged = voice_of(run), _judged(done)
    if judged.empty:
        return voice.say("reconciliation.lede.only", method=method_name(done.method))
    return voice.say(
        "reconciliation.lede.method",
        method=method_name(done.method),
        judged=len(judged),
        wape=float(judged[done.method]),
    )


def _judged(done: ReconciledMonth) -> pd.Series:
    """Mean of the levels' WAPE by method, lowest first: what the choice went by, of the methods that were judged."""
    return mean_wape(done.reconciliation).dropna().sort_values()


def _facts(run: UnitMonth, done: ReconciledMonth) -> tuple[Fact, ...]:
    measure, ahead, counts = measure_of(run), done.top().iloc[0], done.counts()
    before = year_before(done.panel, ahead["unique_id"], ahead["ds"])
    detail = (
        f"{wording.signed_percent(ahead['y_hat'] / before - 1)} on a year before"
        if before
        else "no month a year before"
    )
    return (
        Fact(in_words(ahead["ds"]), measure.amount(ahead["y_hat"]), detail),
        Fact(
            "Largest gap",
            "0" if done.gap <= COHERENT else wording.percent(done.gap),
            f"before: {wording.percent(done.gap_before)}",
            alarm=done.gap > COHERENT,
        ),
        Fact(
            "People's changes",
            wording.number(counts["changes applied"]),
            f"{counts['changes refused']} refused",
        ),
        Fact(
            "Series published",
            wording.number(counts["series published"]),
            f"{counts['months published']} months each",
        ),
    )


def _since_title(done: ReconciledMonth) -> str:
    return (
        "Changed since last month"
        if done.earlier.empty
        else f"Changed since {wording.month_word(iso(done.earlier['cutoff'].iloc[0]))}"
    )


def _changes(run: UnitMonth, done: ReconciledMonth) -> tuple[str, ...]:
    voice, ahead = voice_of(run), done.top().iloc[0]
    if done.earlier.empty:
        return (voice.say("reconciliation.since.first"),)
    lines = []
    same = done.earlier[
        (done.earlier["unique_id"] == ahead["unique_id"]) & (done.earlier["ds"] == ahead["ds"])
    ]
    method = str(done.earlier.loc[done.earlier["stage"] == "reconciled", "model"].iloc[0])
    if len(same):
        before = float(same["y_hat"].iloc[-1])
        change = ahead["y_hat"] / before - 1 if before else 0.0
        lines.append(
            voice.say(
                "reconciliation.since.total",
                month=iso(ahead["ds"]),
                before=before,
                now=ahead["y_hat"],
                change=change,
            )
        )
    key = (
        "reconciliation.since.same_method"
        if method == done.method
        else "reconciliation.since.method"
    )
    return (
        *lines,
        voice.say(key, method=method_name(done.method).lower(), before=method_name(method).lower()),
    )


def gaps(run: UnitMonth, done: ReconciledMonth) -> Section:
    """Next month summed on each level, before and after."""
    voice, measure, table = voice_of(run), measure_of(run), done.by_level()
    scale = wording.scale_for([*table["before"], *table["after"]])
    rows = [
        [
            Cell(str(row["level"]).replace("_", " ")),
            wording.number(int((done.series["level"] == row["level"]).sum())),
            measure.scaled(row["before"], scale),
            measure.scaled(row["after"], scale),
            measure.scaled(row["after"] - row["before"], scale, sign=True),
        ]
        for _, row in table.iterrows()
    ]
    title = voice.say(
        "reconciliation.gaps.title",
        low=table["before"].min(),
        high=table["before"].max(),
        amount=table["after"].iloc[0],
    )
    heads = columns("Level", ">Series", _said(done), ">Reconciled", ">Moved")
    block = Table(
        title,
        f"{in_words(done.top()['ds'].iloc[0])}, sum of the level's series",
        heads,
        rows,
        source="Source: tables/forecast.parquet.",
    )
    return Section(
        Prose(
            voice.say(
                "reconciliation.gaps" if done.gap_before > COHERENT else "reconciliation.gaps.none"
            )
        ),
        block,
    )


def _said(done: ReconciledMonth) -> str:
    """Head of the column with what was reconciled."""
    return ">With assumptions" if done.modeled == "assumed" else ">Models said"


def methods(run: UnitMonth, done: ReconciledMonth) -> Section:
    """WAPE of each method by level."""
    voice, mean = voice_of(run), _judged(done)
    if mean.empty:
        return Section(Prose(voice.say("reconciliation.methods.none")))
    table = done.reconciliation.assign(
        value=done.reconciliation["numerator"] / done.reconciliation["denominator"]
    )
    wide = table.pivot(index="method", columns="level", values="value").reindex(mean.index)[
        list(done.series["level"].drop_duplicates())
    ]
    best = wide.idxmin()
    rows = [
        [
            Cell(method_name(name), bold=name == done.method),
            *(_heat(wide[level], name, best[level]) for level in wide.columns),
            Cell(wording.percent(mean[name]), bold=name == done.method),
        ]
        for name in wide.index
    ]
    not_judged = sorted(set(table["method"]) - set(mean.index))
    subtitle = "WAPE in % over the backtest by level; darker = larger error within its level, best underlined"
    if not_judged:
        subtitle += f"; not judged, too few errors known: {wording.listing([method_name(name) for name in not_judged])}"
    heads = columns(
        "Method", *(f"#{str(level).replace('_', ' ')}" for level in wide.columns), ">Mean"
    )
    block = Table(
        voice.say("reconciliation.methods.title", method=method_name(str(mean.index[0]))),
        subtitle,
        heads,
        rows,
        source="Source: tables/reconciliation.parquet.",
        min_width="min46",
    )
    return Section(Prose(voice.say("reconciliation.methods")), block)


def _heat(column: pd.Series, name: str, best: str) -> Cell:
    low, high = float(column.min()), float(column.max())
    return Cell(
        f"{column[name] * 100:.1f}",
        heat=1 + min(4, int(5 * (column[name] - low) / ((high - low) or 1))),
        best=best == name,
    )


def moves(run: UnitMonth, done: ReconciledMonth) -> Section:
    """The series that reconciliation moved most."""
    voice, measure, table = voice_of(run), measure_of(run), done.moves()
    scale = wording.scale_for(table["after"])
    rows = [
        [
            Cell(str(row["label"]), sub=str(row["level"]).replace("_", " ")),
            measure.scaled(row["before"], scale),
            measure.scaled(row["after"], scale),
            measure.scaled(row["change"], scale, sign=True),
            wording.signed_percent(row["change"] / row["before"]) if row["before"] else "",
        ]
        for _, row in table.head(SHOWN).iterrows()
    ]
    month = iso(done.top()["ds"].iloc[0])
    text = voice.say(
        "reconciliation.moves",
        up=int((table["change"] > 0).sum()),
        down=int((table["change"] < 0).sum()),
        month=month,
    )
    block = Table(
        f"The {len(rows)} largest of {len(table)} moves",
        wording.month_name(month),
        columns("Series", _said(done), ">Reconciled", ">Moved", ">Share"),
        rows,
        source=f"Source: tables/forecast.parquet, stages {done.modeled} and reconciled.",
        min_width="min40",
    )
    return Section(Prose(text), block)


def changes(run: UnitMonth, done: ReconciledMonth) -> Section:
    """What people changed, applied and refused."""
    voice, counts = voice_of(run), done.counts()
    if done.adjustment.empty:
        return Section(Prose(voice.say("reconciliation.changes.none")))
    before, after = (
        float(done.top("reconciled")["y_hat"].iloc[0]),
        float(done.top()["y_hat"].iloc[0]),
    )
    text = voice.say(
        "reconciliation.changes.some",
        applied=counts["changes applied"],
        refused=counts["changes refused"],
        month=iso(done.top()["ds"].iloc[0]),
        before=before,
        after=after,
    )
    rows = change_rows(run, done)
    authors = done.adjustment.loc[done.adjustment["state"] == "applied", "author"].nunique()
    title = voice.say(
        "reconciliation.changes.title",
        authors=authors,
        applied=counts["changes applied"],
        refused=counts["changes refused"],
    )
    block = Table(
        title,
        "Changes to the reconciled forecast, in order of size; refused ones last",
        columns("Series", "|Month", ">From", ">To", ">Change", "Who and why"),
        rows,
        source=f"Source: overrides/{run.unit}.csv; tables/adjustment.parquet.",
        min_width="min46",
    )
    return Section(Prose(text), block)


def change_rows(run: UnitMonth, done: ReconciledMonth) -> list[list[object]]:
    """One row per change: series, month, from, to, change, who and why."""
    measure = measure_of(run)
    labels = done.series.set_index("unique_id")["label"]
    table = done.adjustment.assign(
        change=done.adjustment["final"] - done.adjustment["old"],
        size=(done.adjustment["final"] - done.adjustment["old"]).abs(),
    )
    rows = []
    for _, row in table.sort_values(["state", "size"], ascending=[True, False]).iterrows():
        refused = row["state"] == "refused"
        who = Cell(
            "refused" if refused else f"{row['author']}: {row['reason']}",
            sub=str(row["remark"]),
            tag="plain" if refused else "",
        )
        asked = row["asked"] if refused else row["final"]
        rows.append(
            [
                str(labels.get(row["unique_id"], row["unique_id"])),
                wording.month_short(iso(row["ds"])),
                measure.amount(row["old"]),
                measure.amount(asked),
                "–" if refused else measure.amount(row["change"], sign=True),
                who,
            ]
        )
    return rows


def published(run: UnitMonth, done: ReconciledMonth) -> Section:
    """The final numbers: fan of the whole unit, and every series of the upper levels for three months."""
    voice, measure, top = voice_of(run), measure_of(run), done.top()
    figure = outlook_figure(
        done.panel,
        top,
        str(top["unique_id"].iloc[0]),
        measure=measure,
        source="Source: forecast.csv; tables/panel.parquet.",
        title=voice.say(
            "reconciliation.figure",
            unit=run.title,
            amount=top["y_hat"].iloc[0],
            month=iso(top["ds"].iloc[0]),
        ),
    )
    upper = done.series[done.series["level"] != done.bottom]
    ahead = done.published[done.published["h"] <= 3].pivot(
        index="unique_id", columns="ds", values="y_hat"
    )
    scale = wording.scale_for(ahead.iloc[:, 0])
    rows = [
        [
            Cell(str(row["label"]), sub=str(row["level"]).replace("_", " ")),
            *(measure.scaled(value, scale) for value in ahead.loc[row["unique_id"]]),
        ]
        for _, row in upper.iterrows()
    ]
    table = Table(
        "Three months ahead for every level above the bottom",
        "Published numbers; the bottom series and all months are in forecast.csv",
        columns("Series", *(f">{in_words(ds)}" for ds in ahead.columns)),
        rows,
        source="Source: forecast.csv.",
        min_width="min40",
    )
    return Section(Prose(voice.say("reconciliation.published")), figure, table)


def checks(run: UnitMonth, done: ReconciledMonth) -> Section:
    """Record and checks."""
    terms = [
        (
            "Unit and month",
            f"{run.unit}, {run.month}; forecast {in_words(done.published['ds'].min())} to {in_words(done.published['ds'].max())}",
        ),
        ("Stage published", str(done.published["stage"].iloc[0])),
        ("Method", method_name(done.method)),
        (
            "Changes",
            f"{done.counts()['changes applied']} applied, {done.counts()['changes refused']} refused",
        ),
    ]
    return closing(run, done.checks, terms)
