"""What the cleaning notebook says of definitions, the general ledger and restated history."""

from __future__ import annotations

from salesfc_lib.archive import UnitMonth
from salesfc_lib.reporting.blocks import Block, Cell
from salesfc_lib.reporting.facts.cleaning import CleanedMonth
from salesfc_lib.reporting.narrative.writer import Blocks, Template, with_labels, writer_of

SHOWN = 12  # rows of a table that may be long


def definition(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """What "sales" means in this unit, and whether the general ledger agrees."""
    writer, measure, calendar = writer_of(run), run.parameters.measure, run.parameters.calendar
    orders = [source for source in run.parameters.sources.values() if source.role == "orders"]
    exports: dict[str, set[str]] = {
        "discounts": {source.discounts for source in orders},
        "tax": {source.tax for source in orders},
        "freight": {source.freight for source in orders if "freight" in source.columns},
    }
    asked = ("value", "returns", "discounts", "tax", "freight", "samples", "within_company")
    rows = [
        {
            "question": writer.text(f"definition.{name}"),
            "answer": writer.find(f"definition.{name}.{getattr(measure, name)}")
            or getattr(measure, name),
            "exports": ", ".join(sorted(exports.get(name, set()))),
        }
        for name in asked
    ]
    weeks = "months" if calendar.kind == "months" else "weeks"
    months = writer.text(f"definition.calendar.{weeks}", **calendar.model_dump())
    rows.append({"question": writer.text("definition.calendar"), "answer": months, "exports": ""})
    cells = (Cell("{question}", bold=True), "{answer}", "{exports}")
    table = writer.table("definition.table", rows, cells, width="min40", unit=run.unit)
    return Blocks(table, *_control(run, cleaned))


def _control(run: UnitMonth, cleaned: CleanedMonth) -> tuple[Block, ...]:
    """Whether the general ledger agrees, month by month."""
    writer, found = writer_of(run), cleaned.control
    if found.empty:
        return (writer.prose("cleaning.control.none"),)
    recent = found.sort_values(["ds", "member", "measure"], ascending=[False, True, True])
    recent = recent.head(SHOWN)

    def exact(field: str) -> Template:
        return lambda row: writer.fill(f"{{{field}:exact}}", row) or writer.text("none")

    cells = (
        "{ds:month}",
        lambda row: str(row["member"] or writer.text("unit.whole")),
        "{measure}",
        *map(exact, ("ours", "ledger", "difference")),
        Cell("{state:name cleaning.control.state}", sub="{reason}"),
    )
    months = recent["ds"].nunique()
    table = writer.table("cleaning.control.table", recent, cells, width="min46", months=months)
    compared = found[found["state"].ne("missing")]
    largest = float(compared["share"].abs().max() or 0.0) if len(compared) else 0.0
    facts = {"n": len(compared), "missing": len(found) - len(compared), "largest": largest}
    return writer.prose("cleaning.control.some", **facts), table


def restated(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """What became of history since the month before was published: by cause, month and member."""
    writer, found = writer_of(run), cleaned.restated
    if found.months.empty:
        return Blocks(writer.prose("cleaning.restated.first"))
    if found.restatement.empty:
        return Blocks(writer.prose("cleaning.restated.none", months=len(found.months)))
    months, members = found.by_month(), found.largest(SHOWN // 2)
    named = (
        members[[*found.dimensions]].astype(str).agg(" · ".join, axis=1)
        if len(found.dimensions)
        else writer.text("unit.whole")
    )
    return Blocks(
        writer.prose("cleaning.restated.some", months=len(months), difference=float(found.total)),
        writer.table("cleaning.restated.causes", found.by_kind(), CAUSES, width="min46"),
        writer.table("cleaning.restated.months", months.tail(SHOWN).iloc[::-1], MONTHS),
        writer.table("cleaning.restated.members", members.assign(member=named), MEMBERS),
    )


CAUSES = (
    Cell("{kind:name cleaning.restated.kind}", bold=True),
    "{months:count}",
    "{rows_new:count}",
    "{rows_gone:count}",
    "{rows_changed:count}",
    "{difference:exact}",
    "{reason}",
)
MONTHS = ("{ds:month}", "{before:exact}", "{now:exact}", "{difference:exact}", "{kinds:spaced}")
MEMBERS = ("{member}", "{months:count}", "{difference:exact}")


def renames(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """Members that may have been renamed, with what to paste into the unit's file."""
    writer, found = writer_of(run), cleaned.proposals
    n = len(found)
    if found.empty:
        return Blocks(writer.prose("cleaning.renames.none"))
    cells = (
        Cell("{old}", sub="{dimension}"),
        "{new}",
        "{from:iso}",
        "{evidence}",
        Cell("{yaml}", code=True),
    )
    table = writer.table(
        "cleaning.renames.table",
        found.head(SHOWN),
        cells,
        width="min46",
        n=n,
        unit=run.unit,
        more=writer.first_of(SHOWN, n),
    )
    return Blocks(writer.prose("cleaning.renames.some", n=n), table)


def stock_outs(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """Months without stock: what was sold there is not what was wanted."""
    writer, found = writer_of(run), cleaned.censored
    if found.empty:
        return Blocks(writer.prose("cleaning.stock_outs.none"))
    newest = found.sort_values(["ds", "stockout_days"], ascending=[False, False]).head(SHOWN)
    cells = (
        "{label}",
        "{ds:month}",
        "{stockout_days:count}",
        "{y_raw:amount}",
        lambda row: writer.fill("{y:amount}", row) or writer.text("cleaning.stock_outs.unknown"),
    )
    table = writer.table(
        "cleaning.stock_outs.table",
        with_labels(newest, cleaned.series),
        cells,
        width="min40",
        n=len(found),
    )
    treatment = writer.text(f"cleaning.stock_outs.{run.parameters.cleaning.stock_outs}")
    return Blocks(
        writer.prose("cleaning.stock_outs.some", n=len(found), treatment=treatment), table
    )
