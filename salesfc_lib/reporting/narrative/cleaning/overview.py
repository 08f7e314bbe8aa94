"""What came in, what was kept, what was changed, what models get to see."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import say, wording
from salesfc_lib.reporting.blocks import Answer, Cell, Fact, Figure
from salesfc_lib.reporting.facts.cleaning import CleanedMonth, ledger_totals
from salesfc_lib.reporting.facts.shared import sales_of, year_change
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.record import record_and_checks
from salesfc_lib.reporting.narrative.writer import (
    SHOWN,
    Blocks,
    context_line,
    draw,
    with_labels,
    writer_of,
)

LARGEST = 2  # rules that the opening names, by what they moved
ENDS = ("opening", "kept")  # entries of the ledger that are no rule


@in_languages
def answer(run: UnitMonth, cleaned: CleanedMonth) -> Answer:
    """The top of the page."""
    writer, totals = writer_of(run), cleaned.by_rule
    opening, kept = totals.loc["opening"], totals.loc["kept"]
    share = kept["rows"] / opening["rows"]
    rows = {"opening": opening["rows"], "kept": kept["rows"], "share": share}
    title = "more" if share > 1 else "all" if share == 1 else "kept"
    asked = sorted({str(name).partition(":")[0] for name in cleaned.quarantine["source"]})
    amount, files = kept[run.parameters.measure.value], _count_order_files(run, cleaned)
    unreadable = "ask" if asked else "clean"
    facts = {"rows": len(cleaned.quarantine), "sources": asked}
    note = {"series": len(cleaned.series), "measure": describe_measure(run)}
    return Answer(
        context_line(run, "Cleaning"),
        writer.text(f"cleaning.title.{title}", **rows),
        (
            writer.text("cleaning.summary.in", files=files, month=run.month, amount=amount, **rows),
            _describe_total(run, cleaned),
            writer.text(f"cleaning.summary.{unreadable}", **facts),
        ),
        note=writer.text("run.note", month=run.month, **note),
        facts=_facts(run, cleaned, rows),
        changes_title=writer.since(cleaned.before and cleaned.before.month),
        changes=_changes(run, cleaned),
    )


def _describe_total(run: UnitMonth, cleaned: CleanedMonth) -> str:
    """What became of the total that was read: the largest parts by rule, and the rest."""
    writer, key, totals = writer_of(run), "cleaning.summary", cleaned.by_rule
    acted = [rule for rule in totals.index if rule in list_acting(cleaned)]
    if not acted:
        return writer.text(f"{key}.unchanged")
    value = totals[run.parameters.measure.value].astype(float)
    moved = -value[acted][value[acted] != 0]  # what a rule took away is below zero
    facts = {"opening": value["opening"], "kept": value["kept"]}
    if moved.empty:
        return writer.text(f"{key}.same_total", ways=len(acted), **facts)
    order = moved.abs().sort_values(ascending=False, kind="stable").index
    parts = [
        writer.text(f"{key}.part", change=moved[rule], rule=writer.name("rule", rule).lower())
        for rule in order[:LARGEST]
    ]
    if len(rest := order[LARGEST:]):
        parts.append(writer.text(f"{key}.rest", change=moved[rest].sum(), n=len(rest)))
    return writer.text(f"{key}.changed", parts=parts, **facts)


def _count_order_files(run: UnitMonth, cleaned: CleanedMonth) -> int:
    """Files whose rows are counted in the opening."""
    sources = run.parameters.sources
    counted = {name for name in sources if sources[name].role in ("orders", "returns")}
    files = [file for file in cleaned.files if file["source"] in counted]
    return len({(file["path"], file["sha256"]) for file in files})


def list_acting(cleaned: CleanedMonth) -> set[str]:
    """Rules that took, put in, moved or changed lines; others only noted something."""
    entries = cleaned.ledger[~cleaned.ledger["rule"].isin(ENDS)]
    moved = entries.loc[entries[["rows", "quantity", "amount"]].ne(0).any(axis=1), "rule"]
    return {*moved, *cleaned.problems.loc[cleaned.problems["action"].eq("changed"), "rule"]}


def describe_measure(run: UnitMonth) -> str:
    """What "sales" means in this unit: amount or quantity, tax, discounts and returns, and what of
    it is assumed.
    """
    writer = writer_of(run)
    assumed = [writer.text(f"measure.assumed.{name}") for name in list_assumed(run)]
    more = writer.text("measure.assumed", what=assumed) if assumed else ""
    return writer.text("measure", **run.parameters.measure.model_dump()) + more


def list_assumed(run: UnitMonth) -> list[str]:
    """Of currency, tax, discounts and returns, what neither the unit's file nor a source states."""
    sources, measure = run.parameters.sources, run.parameters.measure
    said = {
        "currency": ("unit.currency", "measure.currency"),
        "tax": ("measure.tax", *(f"sources.{name}.tax" for name in sources)),
        "discounts": ("measure.discounts", *(f"sources.{name}.discounts" for name in sources)),
        "returns": ("measure.returns",),
    }
    of_money = ("currency", "tax", "discounts") if measure.value == "amount" else ()
    return [name for name in (*of_money, "returns") if not {*said[name]} & {*run.layer}]


def _facts(run: UnitMonth, cleaned: CleanedMonth, rows: dict[str, Any]) -> tuple[Fact, ...]:
    writer, budget = writer_of(run), run.parameters.cleaning.loss_budget
    lost = len(cleaned.quarantine) / max(int(rows["opening"]), 1)
    levels = cleaned.series["level"].nunique()
    return (
        writer.fact("cleaning.fact.kept", **rows),
        writer.fact("cleaning.fact.quarantine", alarm=lost > budget, lost=lost, budget=budget),
        writer.fact("cleaning.fact.outliers", n=len(cleaned.outliers)),
        writer.fact("cleaning.fact.series", n=len(cleaned.series), levels=levels),
    )


def _changes(run: UnitMonth, cleaned: CleanedMonth) -> tuple[str, ...]:
    writer, before, quarantine = writer_of(run), cleaned.before, len(cleaned.quarantine)
    if before is None:
        return (writer.text("cleaning.since.first"),)
    rows = int(cleaned.by_rule.loc["kept", "rows"]) - before.kept
    facts = {"rows": rows, "quarantine": quarantine, "quarantine_before": before.quarantine}
    history = "cleaning.since.history" if before.restated else "cleaning.since.same"
    return (
        writer.text("cleaning.since.rows", month=before.month, **facts),
        writer.text(history, month=before.month, difference=before.restated),
    )


@in_languages
def ledger(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """The balance: opening, every rule, kept."""
    writer, totals = writer_of(run), ledger_totals(cleaned.ledger)
    reasons = describe_rules(cleaned.ledger, cleaned.problems)
    is_end = totals["rule"].isin(ENDS)
    sign = is_end.map({True: 1, False: -1})  # what a rule took away is below zero
    signed = totals[["rows", "quantity", "amount"]].mul(sign, axis=0)
    table = totals.assign(reason=totals["rule"].map(reasons).mask(is_end), **signed)
    table["name"] = [Cell(writer.name("rule", rule), bold=rule in ENDS) for rule in table["rule"]]
    opening, kept = (int(cleaned.by_rule.loc[name, "rows"]) for name in ENDS)
    last = table["rule"] == "kept"
    facts: dict[str, Any] = {"opening": opening, "kept": kept}
    block = writer.table(
        "cleaning.ledger.table",
        table[~last],
        footer=table[last],
        currency=run.parameters.unit.currency.strip() or writer.text("currency.none"),
        **facts,
    )
    key = "cleaning.ledger.more" if kept > opening else "cleaning.ledger"
    return Blocks(writer.prose(key, share=kept / opening, **facts), block)


def describe_rules(ledger: pd.DataFrame, problems: pd.DataFrame) -> pd.Series:
    """What each rule did, by rule; of one that moved no row and no value, the lines it touched."""
    reasons = ledger.groupby("rule")["reason"].first()
    moved = ledger[["rows", "quantity", "amount"]].ne(0).any(axis=1).groupby(ledger["rule"]).any()
    touched = problems[problems["action"].isin(["changed", "noted"])].groupby("rule")
    rows, reason = touched["rows"].sum(), touched["reason"].first()
    still = rows.index.intersection(moved.index[~moved])
    counted = {rule: say("reason.counted", rows=rows[rule], reason=reason[rule]) for rule in still}
    return pd.Series(counted, dtype=object).combine_first(reasons)


@in_languages
def outliers(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """Months far outside what their series did before, with both values."""
    writer, settings = writer_of(run), run.parameters.cleaning.outliers
    if not settings.enabled:
        return Blocks(writer.prose("cleaning.outliers.off"))
    named = with_labels(cleaned.outliers, cleaned.series)
    newest = named.sort_values(["ds", "unique_id"], ascending=[False, True]).head(SHOWN)
    treatment = writer.text(f"cleaning.outliers.{settings.treatment}")
    return writer.section("cleaning.outliers", newest, n=len(named), treatment=treatment)


@in_languages
def panel(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """What models get to see: the grid, and total sales."""
    series, months = cleaned.series, cleaned.panel["ds"]
    members = series.loc[series["level"] == cleaned.bottom, "unique_id"]
    bottom = cleaned.panel[cleaned.panel["unique_id"].isin(members)]
    text = writer_of(run).prose(
        "cleaning.panel",
        series=len(series),
        levels=series["level"].nunique(),
        months=months.nunique(),
        first=months.min(),
        last=months.max(),
        zero=float(bottom["y_raw"].eq(0).mean()),
        missing=len(cleaned.missing),
    )
    return Blocks(text, _sales_figure(run, cleaned))


def _sales_figure(run: UnitMonth, cleaned: CleanedMonth) -> Figure:
    sold = sales_of(cleaned.panel, cleaned.series["unique_id"].iloc[0])
    now, known = float(sold.iloc[-1]), sold.dropna()
    writer, change = writer_of(run).at(known), year_change(sold, sold.index[-1], now)
    frame = (sold / writer.scale.divisor).rename("value").reset_index()
    name = writer.text("cleaning.figure.sold")
    return writer.figure(
        "cleaning.figure",
        draw("lines", frame.assign(group=name), roles={name: "actual"}, percent=False),
        known.tail(24).reset_index(),
        title_key="cleaning.figure.short" if change is None else "",
        axis=writer.axis,
        first=sold.index[0],
        month=run.month,
        now=now,
        change=change,
    )


@in_languages
def checks(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """Record and checks."""
    writer = writer_of(run)
    files = wording.semicolons(
        writer.text("cleaning.record.file", path=file["path"], begins=file["sha256"][:6])
        for file in cleaned.files
    )
    facts = {"measure": describe_measure(run), "files": files}
    return record_and_checks(run, cleaned.checks, "cleaning.record", **facts)
