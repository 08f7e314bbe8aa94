"""What the cleaning notebook says of definitions: what counts as sales here, whether finance agrees, what history became.

The cleaning step's tables enter; blocks leave.
"""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Prose, Table
from salesfc_lib.reporting.facts.cleaning import CleanedMonth
from salesfc_lib.reporting.narrative.section import (
    Section,
    columns,
    in_words,
    iso,
    measure_of,
    voice_of,
)

SHOWN = 12  # rows of a table that may be long
KINDS = {
    "late_posting": "Posted late",
    "corrected": "Corrected",
    "reopened": "Reopened",
    "redefined": "Defined otherwise",
}
STATES = {"within": "agrees", "accepted": "accepted", "missing": "no control total"}


def definition(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """What "sales" means in this unit, one line a question."""
    measure, sources = run.parameters.measure, run.parameters.sources
    orders = [source for source in sources.values() if source.role == "orders"]
    said = {
        "What is counted": {"amount": "money", "quantity": "pieces"}[measure.value],
        "Returns": {
            "month_of_return": "taken off in the month of the return",
            "month_of_sale": "taken off in the month of the sale, with hindsight",
            "apart": "counted apart, not taken off",
        }[measure.returns],
        "Discounts": {"net": "taken off", "gross": "left in"}[measure.discounts],
        "Tax": measure.tax,
        "Freight": measure.freight,
        "Samples": {"in": "their pieces count", "out": "left out"}[measure.samples],
        "Sales within the company": {"in": "counted", "out": "left out"}[measure.within_company],
        "Months": "calendar months"
        if run.parameters.calendar.kind == "months"
        else f"{run.parameters.calendar.kind} weeks, the year beginning on the {run.parameters.calendar.week_begins} nearest to {run.parameters.calendar.year_begins}",
    }
    exports = {
        "Discounts": ", ".join(sorted({source.discounts for source in orders})),
        "Tax": ", ".join(sorted({source.tax for source in orders})),
        "Freight": ", ".join(
            sorted({source.freight for source in orders if "freight" in source.columns})
        ),
    }
    table = Table(
        "What sales means in this unit",
        "The unit's definition beside what its exports hold; where they differ, a rule of the ledger settles it",
        columns("Question", "In this unit", "In the exports"),
        [
            [Cell(question, bold=True), answer, exports.get(question, "")]
            for question, answer in said.items()
        ],
        source=f"Source: measure and sources in parameters/units/{run.unit}.yml. `salesfc bridge {run.unit}` reconciles it with another definition.",
        min_width="min40",
    )
    return Section(table, *_control(run, cleaned))


def _control(run: UnitMonth, cleaned: CleanedMonth) -> tuple[Prose | Table, ...]:
    """Whether the general ledger agrees, month by month."""
    voice, found = voice_of(run), cleaned.control
    if found.empty:
        return (Prose(voice.say("cleaning.control.none")),)
    asked = found[found["state"].ne("missing")]
    recent = found.sort_values(["ds", "member", "measure"], ascending=[False, True, True]).head(
        SHOWN
    )
    rows = [
        [
            in_words(item.ds),
            str(item.member or "whole unit"),
            item.measure,
            _exact(item.ours),
            _exact(item.ledger),
            _exact(item.difference),
            Cell(STATES[item.state], sub=item.reason),
        ]
        for item in recent.itertuples()
    ]
    table = Table(
        f"Our total beside the general ledger's, the last {wording.plural(recent['ds'].nunique(), 'month')}",
        "Exact; outside the agreed tolerance the month would not have been published",
        columns("|Month", "Of", "Measure", ">Ours", ">Ledger", ">Difference", "State"),
        rows,
        source="Source: tables/control.parquet.",
        min_width="min46",
    )
    missing = int(found["state"].eq("missing").sum())
    largest = asked["share"].abs().max() if len(asked) else 0.0
    return (
        Prose(
            voice.say(
                "cleaning.control.some",
                n=len(asked),
                missing=missing,
                largest=float(largest or 0.0),
            )
        ),
        table,
    )


def restated(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """What became of history since the month before was published: by cause and by month."""
    voice, found = voice_of(run), cleaned.restated
    if found.months.empty:
        return Section(Prose(voice.say("cleaning.restated.first")))
    if found.restatement.empty:
        return Section(Prose(voice.say("cleaning.restated.none", months=len(found.months))))
    causes = [
        [
            Cell(KINDS[item.kind], bold=True),
            wording.number(item.months),
            wording.number(item.rows_new),
            wording.number(item.rows_gone),
            wording.number(item.rows_changed),
            _exact(item.difference),
            item.reason,
        ]
        for item in found.by_kind().itertuples()
    ]
    months = [
        [
            in_words(item.ds),
            _exact(item.before),
            _exact(item.now),
            _exact(item.difference),
            item.kinds.replace("_", " "),
        ]
        for item in found.by_month().tail(SHOWN).iloc[::-1].itertuples()
    ]
    members = found.largest(SHOWN // 2)
    people = [
        [
            " · ".join(str(getattr(item, name)) for name in found.dimensions) or "whole unit",
            wording.number(item.months),
            _exact(item.difference),
        ]
        for item in members.rename(columns=str).itertuples()
    ]
    note = "Source: tables/restatement.parquet, tables/restatement_months.parquet."
    return Section(
        Prose(voice.say("cleaning.restated.some", months=len(found.by_month()), difference=float(found.total))),
        Table(
            "Why history changed", "By cause, over all months that the month before published",
            columns("Cause", ">Months", ">Rows new", ">Gone", ">Changed", ">Difference", "What it means"), causes, source=note, min_width="min46",
        ),
        Table("Which months", "As published then, and as they are now", columns("|Month", ">Then", ">Now", ">Difference", "Cause"), months, source=note),
        Table("Whose", "Members of the bottom level with the largest difference", columns("Member", ">Months", ">Difference"), people, source=note),
    )  # fmt: skip


def renames(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """Members that may have been renamed, with what to paste into the unit's file."""
    voice, found = voice_of(run), cleaned.proposals
    if found.empty:
        return Section(Prose(voice.say("cleaning.renames.none")))
    rows = [
        [
            Cell(item.old, sub=item.dimension),
            item.new,
            iso(pd.Timestamp(item.ds)),
            item.evidence,
            Cell(item.yaml, code=True),
        ]
        for item in found.rename(columns={"from": "ds"}).head(SHOWN).itertuples()
    ]
    more = "" if len(found) <= SHOWN else f" The first {SHOWN} of {len(found)}."
    table = Table(
        f"{wording.first_upper(wording.plural(len(found), 'member'))} that may have been renamed",
        f"One ends where the other begins; to accept one, paste its line under renames in parameters/units/{run.unit}.yml",
        columns("Ended", "Began", "|From", "Evidence", "To accept it"),
        rows,
        source=f"Source: tables/rename_proposals.parquet.{more}",
        min_width="min46",
    )
    return Section(Prose(voice.say("cleaning.renames.some", n=len(found))), table)


def stock_outs(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """Months without stock: what was sold there is not what was wanted."""
    voice, found = voice_of(run), cleaned.censored
    if found.empty:
        return Section(Prose(voice.say("cleaning.stock_outs.none")))
    measure, labels = measure_of(run), cleaned.series.set_index("unique_id")["label"]
    newest = found.sort_values(["ds", "stockout_days"], ascending=[False, False]).head(SHOWN)
    rows = [
        [
            Cell(str(labels[item.unique_id])),
            in_words(item.ds),
            wording.number(item.stockout_days),
            measure.amount(item.y_raw),
            measure.amount(item.y) if pd.notna(item.y) else "not known",
        ]
        for item in newest.itertuples()
    ]
    treatment = voice.say(f"cleaning.stock_outs.{run.parameters.cleaning.stock_outs}")
    table = Table(
        f"{wording.first_upper(wording.plural(len(found), 'month'))} of a series with days without stock",
        "Newest first; expected is what the series' own past would have had it sell",
        columns("Series", "|Month", ">Days without", ">Sold", ">Expected"),
        rows,
        source="Source: tables/censored.parquet.",
        min_width="min40",
    )
    return Section(
        Prose(voice.say("cleaning.stock_outs.some", n=len(found), treatment=treatment)), table
    )


def _exact(value: object) -> str:
    if value is None or pd.isna(value):
        return "none"
    number = Decimal(str(value))
    return f"{wording.MINUS if number < 0 else ''}{abs(number):,f}"
