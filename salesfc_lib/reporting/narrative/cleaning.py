"""What the cleaning notebook says: what came in, what was kept, what was changed and what to ask.

The cleaning step's tables enter; blocks leave.
"""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Answer, Cell, Fact, Figure, Prose, Table
from salesfc_lib.reporting.facts.cleaning import CleanedMonth, ledger_totals, monthly_total
from salesfc_lib.reporting.narrative.rules import rule_name
from salesfc_lib.reporting.narrative.section import (
    Section,
    closing,
    columns,
    in_words,
    kicker,
    measure_of,
    voice_of,
)

SHOWN = 12  # rows of a table that may be long


def answer(run: UnitMonth, cleaned: CleanedMonth) -> Answer:
    """The top of the page."""
    voice = voice_of(run)
    totals = ledger_totals(cleaned.ledger).set_index("rule")
    opening, kept = totals.loc["opening"], totals.loc["kept"]
    more, all_kept = kept["rows"] > opening["rows"], kept["rows"] == opening["rows"]
    title = (
        "cleaning.title.more"
        if more
        else "cleaning.title.all"
        if all_kept
        else "cleaning.title.kept"
    )
    rules = [rule_name(rule).lower() for rule in totals.index if rule not in ("opening", "kept")]
    sentences = (
        voice.say(
            "cleaning.lede.in",
            files=_count_order_files(run, cleaned),
            opening=opening["rows"],
            kept=kept["rows"],
            month=run.month,
            amount=kept[run.parameters.measure.value],
        ),
        voice.say(
            "cleaning.lede.changed" if rules else "cleaning.lede.unchanged",
            rules=rules and [wording.first_upper(rules[0]), *rules[1:]],
        ),
        voice.say(
            "cleaning.lede.ask",
            rows=len(cleaned.quarantine),
            sources=sorted({str(name).partition(":")[0] for name in cleaned.quarantine["source"]}),
        )
        if len(cleaned.quarantine)
        else voice.say("cleaning.lede.clean"),
    )
    return Answer(
        kicker(run, "Cleaning"),
        voice.say(
            title, share=kept["rows"] / opening["rows"], opening=opening["rows"], kept=kept["rows"]
        ),
        sentences,
        note=run_note(run, cleaned),
        facts=_facts(run, cleaned, totals),
        changes_title=_since_title(run, cleaned),
        changes=_changes(run, cleaned),
    )


def _count_order_files(run: UnitMonth, cleaned: CleanedMonth) -> int:
    """Files whose rows are counted in the opening."""
    counted = [
        name
        for name, source in run.parameters.sources.items()
        if source.role in ("orders", "returns")
    ]
    return len(
        {(file["path"], file["sha256"]) for file in cleaned.files if file["source"] in counted}
    )


def run_note(run: UnitMonth, cleaned: CleanedMonth) -> str:
    """The line about the run: through when, how many series, which definition."""
    measure = run.parameters.measure
    said = f"{measure.value}, tax {measure.tax}, discounts {measure.discounts}, returns {measure.returns.replace('_', ' ')}"
    return voice_of(run).say("run.note", month=run.month, series=len(cleaned.series), measure=said)


def _facts(run: UnitMonth, cleaned: CleanedMonth, totals: pd.DataFrame) -> tuple[Fact, ...]:
    budget = run.parameters.cleaning.loss_budget
    lost = len(cleaned.quarantine) / max(int(totals.loc["opening", "rows"]), 1)
    return (
        Fact(
            "Rows kept",
            wording.number(totals.loc["kept", "rows"]),
            f"of {wording.number(totals.loc['opening', 'rows'])} read",
        ),
        Fact(
            "In quarantine",
            wording.percent(lost),
            f"budget {wording.percent(budget)}",
            alarm=lost > budget,
        ),
        Fact("Outliers", wording.number(len(cleaned.outliers)), "months of a series"),
        Fact(
            "Series",
            wording.number(len(cleaned.series)),
            f"on {wording.plural(cleaned.series['level'].nunique(), 'level')}",
        ),
    )


def _since_title(run: UnitMonth, cleaned: CleanedMonth) -> str:
    if cleaned.before is None:
        return "Changed since last month"
    return f"Changed since {wording.month_word(cleaned.before.month)}"


def _changes(run: UnitMonth, cleaned: CleanedMonth) -> tuple[str, ...]:
    voice, before = voice_of(run), cleaned.before
    if before is None:
        return (voice.say("cleaning.since.first"),)
    kept = int(ledger_totals(cleaned.ledger).set_index("rule").loc["kept", "rows"])
    restated = "cleaning.since.history" if before.restated else "cleaning.since.same"
    return (
        voice.say(
            "cleaning.since.rows",
            rows=kept - before.kept,
            month=before.month,
            quarantine=len(cleaned.quarantine),
            quarantine_before=before.quarantine,
        ),
        voice.say(restated, month=before.month, difference=before.restated),
    )


def ledger(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """The balance: opening, every rule, kept."""
    voice, totals = voice_of(run), ledger_totals(cleaned.ledger)
    money = wording.Measure(run.parameters.unit.currency)
    reasons = say_rules(cleaned.ledger, cleaned.problems)
    by_rule = totals.set_index("rule")
    rows = [
        _ledger_row(row, reasons, -1 if row["rule"] not in ("opening", "kept") else 1)
        for _, row in totals.iterrows()
        if row["rule"] != "kept"
    ]
    opening, kept = by_rule.loc["opening"], by_rule.loc["kept"]
    table = Table(
        f"{wording.number(opening['rows'])} rows in, {wording.number(kept['rows'])} kept, and nothing in between is unaccounted for",
        f"Rows, quantity and amount ({money.currency}, exact) of every rule, all months; the ledger by month is in the tables",
        columns("Rule", ">Rows", ">Quantity", ">Amount", "What it did"),
        rows,
        footer=[_ledger_row(kept.rename(None), reasons, 1, "kept")],
        source="Source: tables/ledger.parquet.",
        min_width="min46",
        outset=False,
    )
    share = kept["rows"] / opening["rows"]
    return Section(
        Prose(
            voice.say(
                "cleaning.ledger.more" if share > 1 else "cleaning.ledger",
                opening=opening["rows"],
                kept=kept["rows"],
                share=share,
            )
        ),
        table,
    )


def say_rules(ledger: pd.DataFrame, problems: pd.DataFrame) -> pd.Series:
    """What each rule did, by rule; one that moved no row and no value says how many lines it touched in all months."""
    reasons = ledger.groupby("rule")["reason"].first()
    moved = ledger[["rows", "quantity", "amount"]].ne(0).any(axis=1).groupby(ledger["rule"]).any()
    touched = (
        problems[problems["action"].isin(["changed", "noted"])]
        .groupby("rule")
        .agg(rows=("rows", "sum"), reason=("reason", "first"))
    )
    still = touched[touched.index.isin(moved.index[~moved])]
    said = still.apply(
        lambda rule: f"{wording.plural(rule['rows'], 'row')}: {rule['reason']}",
        axis=1,
        result_type="reduce",
    )
    return said.combine_first(reasons) if len(still) else reasons


def _ledger_row(row: pd.Series, reasons: pd.Series, sign: int, rule: str = "") -> list[Cell | str]:
    rule = rule or str(row["rule"])
    exact = [_exact(sign * Decimal(row[name])) for name in ("quantity", "amount")]
    reason = str(reasons.get(rule, "")) if rule not in ("opening", "kept") else ""
    return [
        Cell(rule_name(rule), bold=rule in ("opening", "kept")),
        wording.number(sign * int(row["rows"])),
        *exact,
        reason,
    ]


def _exact(value: Decimal) -> str:
    """Every digit, with a real minus sign where the value is below zero."""
    return f"{wording.MINUS if value < 0 else ''}{abs(value):,f}"


def outliers(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """Months far outside what their series did before, with both values."""
    voice, settings, found = voice_of(run), run.parameters.cleaning.outliers, cleaned.outliers
    if not settings.enabled or found.empty:
        return Section(
            Prose(
                voice.say("cleaning.outliers.none" if settings.enabled else "cleaning.outliers.off")
            )
        )
    measure = measure_of(run)
    labels = cleaned.series.set_index("unique_id")["label"]
    ordered = found.sort_values(["ds", "unique_id"], ascending=[False, True])
    rows = [
        [
            Cell(str(labels[row["unique_id"]])),
            in_words(row["ds"]),
            measure.amount(row["y_raw"]),
            measure.amount(row["y"]),
            str(row["reason"]),
        ]
        for _, row in ordered.head(SHOWN).iterrows()
    ]
    treatment = voice.say(
        "cleaning.outliers.replaced"
        if settings.treatment == "replace"
        else "cleaning.outliers.kept"
    )
    table = Table(
        f"{wording.first_upper(wording.plural(len(found), 'outlier'))}, both values kept",
        "Bottom series, newest first",
        columns("Series", "|Month", ">Sold", ">Expected", "Why"),
        rows,
        source="Source: tables/outliers.parquet.",
        min_width="min46",
    )
    return Section(
        Prose(voice.say("cleaning.outliers.some", n=len(found), treatment=treatment)), table
    )


def panel(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """What models get to see: the grid, and total sales."""
    voice = voice_of(run)
    bottom = cleaned.panel[
        cleaned.panel["unique_id"].isin(
            cleaned.series.loc[cleaned.series["level"] == cleaned.bottom, "unique_id"]
        )
    ]
    months = cleaned.panel["ds"]
    text = voice.say(
        "cleaning.panel",
        series=len(cleaned.series),
        levels=cleaned.series["level"].nunique(),
        months=months.nunique(),
        first=f"{months.min():%Y-%m}",
        last=f"{months.max():%Y-%m}",
        zero=float(bottom["y_raw"].eq(0).mean()),
        missing=len(cleaned.missing),
    )
    return Section(Prose(text), _sales_figure(run, cleaned))


def _sales_figure(run: UnitMonth, cleaned: CleanedMonth) -> Figure:
    from salesfc_lib.reporting import plots

    measure, total = measure_of(run), monthly_total(cleaned.panel, cleaned.series)
    scale = wording.scale_for(total["y_raw"].dropna())
    frame = total.assign(group="Sold", value=total["y_raw"] / scale.divisor)[
        ["group", "ds", "value"]
    ]
    wide, slim = plots.draw(plots.lines, frame, roles={"Sold": "actual"}, percent=False)
    now = float(total["y_raw"].iloc[-1])
    before = total.set_index("ds")["y_raw"].get(total["ds"].iloc[-1] - pd.DateOffset(years=1))
    key = "cleaning.figure" if before else "cleaning.figure.short"
    title = voice_of(run).say(
        key, month=run.month, now=now, change=now / before - 1 if before else 0.0
    )
    rows = [
        [in_words(row["ds"]), measure.scaled(row["y_raw"], scale)]
        for _, row in total.dropna(subset=["y_raw"]).tail(24).iterrows()
    ]
    return Figure(
        title,
        f"Sales per month, {measure.axis(scale)}, whole unit, through {wording.month_name(run.month)}",
        f"Line chart of monthly sales from {in_words(total['ds'].iloc[0])} to {wording.month_name(run.month)}, ending at {measure.amount(now)}.",
        wide,
        slim,
        "Source: tables/panel.parquet, y_raw of the top series.",
        Table("Numbers behind this figure", "", columns("Month", ">Sold"), rows),
    )


def checks(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """Record and checks."""
    measure = run.parameters.measure
    terms = [
        (
            "Unit and month",
            f"{run.unit}, {run.month}; data closed through {wording.month_name(run.month)}",
        ),
        (
            "Measure",
            f"{measure.value}; tax {measure.tax}; discounts {measure.discounts}; returns {measure.returns.replace('_', ' ')}",
        ),
        (
            "Inputs",
            "; ".join(
                f"{str(file['path']).rsplit('/', 1)[-1]} ({str(file['sha256'])[:6]}…)"
                for file in cleaned.files
            ),
        ),
    ]
    return closing(run, cleaned.checks, terms)
