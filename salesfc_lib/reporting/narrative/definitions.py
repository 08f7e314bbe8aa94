"""What the cleaning notebook says of definitions, the general ledger and restated history."""

from __future__ import annotations

from salesfc_lib.archive import UnitMonth
from salesfc_lib.reporting.blocks import Block, Cell
from salesfc_lib.reporting.facts.cleaning import CleanedMonth
from salesfc_lib.reporting.narrative.section import Section, Template, voice_of, with_labels

SHOWN = 12  # rows of a table that may be long


def definition(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """What "sales" means in this unit, and whether the general ledger agrees."""
    voice, measure, calendar = voice_of(run), run.parameters.measure, run.parameters.calendar
    orders = [source for source in run.parameters.sources.values() if source.role == "orders"]
    exports: dict[str, set[str]] = {
        "discounts": {source.discounts for source in orders},
        "tax": {source.tax for source in orders},
        "freight": {source.freight for source in orders if "freight" in source.columns},
    }
    asked = ("value", "returns", "discounts", "tax", "freight", "samples", "within_company")
    rows = [
        {
            "question": voice.say(f"definition.{name}"),
            "answer": voice.find(f"definition.{name}.{getattr(measure, name)}")
            or getattr(measure, name),
            "exports": ", ".join(sorted(exports.get(name, set()))),
        }
        for name in asked
    ]
    weeks = "months" if calendar.kind == "months" else "weeks"
    months = voice.say(f"definition.calendar.{weeks}", **calendar.model_dump())
    rows.append({"question": voice.say("definition.calendar"), "answer": months, "exports": ""})
    cells = (Cell("{question}", bold=True), "{answer}", "{exports}")
    table = voice.table("definition.table", rows, cells, width="min40", unit=run.unit)
    return Section(table, *_control(run, cleaned))


def _control(run: UnitMonth, cleaned: CleanedMonth) -> tuple[Block, ...]:
    """Whether the general ledger agrees, month by month."""
    voice, found = voice_of(run), cleaned.control
    if found.empty:
        return (voice.prose("cleaning.control.none"),)
    recent = found.sort_values(["ds", "member", "measure"], ascending=[False, True, True])
    recent = recent.head(SHOWN)

    def exact(field: str) -> Template:
        return lambda row: voice.fill(f"{{{field}:exact}}", row) or voice.say("none")

    cells = (
        "{ds:month}",
        lambda row: str(row["member"] or voice.say("unit.whole")),
        "{measure}",
        *map(exact, ("ours", "ledger", "difference")),
        Cell("{state:name cleaning.control.state}", sub="{reason}"),
    )
    months = recent["ds"].nunique()
    table = voice.table("cleaning.control.table", recent, cells, width="min46", months=months)
    compared = found[found["state"].ne("missing")]
    largest = float(compared["share"].abs().max() or 0.0) if len(compared) else 0.0
    facts = {"n": len(compared), "missing": len(found) - len(compared), "largest": largest}
    return voice.prose("cleaning.control.some", **facts), table


def restated(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """What became of history since the month before was published: by cause, month and member."""
    voice, found = voice_of(run), cleaned.restated
    if found.months.empty:
        return Section(voice.prose("cleaning.restated.first"))
    if found.restatement.empty:
        return Section(voice.prose("cleaning.restated.none", months=len(found.months)))
    months, members = found.by_month(), found.largest(SHOWN // 2)
    named = (
        members[[*found.dimensions]].astype(str).agg(" · ".join, axis=1)
        if len(found.dimensions)
        else voice.say("unit.whole")
    )
    return Section(
        voice.prose("cleaning.restated.some", months=len(months), difference=float(found.total)),
        voice.table("cleaning.restated.causes", found.by_kind(), CAUSES, width="min46"),
        voice.table("cleaning.restated.months", months.tail(SHOWN).iloc[::-1], MONTHS),
        voice.table("cleaning.restated.members", members.assign(member=named), MEMBERS),
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


def renames(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """Members that may have been renamed, with what to paste into the unit's file."""
    voice, found = voice_of(run), cleaned.proposals
    n = len(found)
    if found.empty:
        return Section(voice.prose("cleaning.renames.none"))
    cells = (
        Cell("{old}", sub="{dimension}"),
        "{new}",
        "{from:iso}",
        "{evidence}",
        Cell("{yaml}", code=True),
    )
    table = voice.table(
        "cleaning.renames.table",
        found.head(SHOWN),
        cells,
        width="min46",
        n=n,
        unit=run.unit,
        more=voice.first_of(SHOWN, n),
    )
    return Section(voice.prose("cleaning.renames.some", n=n), table)


def stock_outs(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """Months without stock: what was sold there is not what was wanted."""
    voice, found = voice_of(run), cleaned.censored
    if found.empty:
        return Section(voice.prose("cleaning.stock_outs.none"))
    newest = found.sort_values(["ds", "stockout_days"], ascending=[False, False]).head(SHOWN)
    cells = (
        "{label}",
        "{ds:month}",
        "{stockout_days:count}",
        "{y_raw:amount}",
        lambda row: voice.fill("{y:amount}", row) or voice.say("cleaning.stock_outs.unknown"),
    )
    table = voice.table(
        "cleaning.stock_outs.table",
        with_labels(newest, cleaned.series),
        cells,
        width="min40",
        n=len(found),
    )
    treatment = voice.say(f"cleaning.stock_outs.{run.parameters.cleaning.stock_outs}")
    return Section(
        voice.prose("cleaning.stock_outs.some", n=len(found), treatment=treatment), table
    )
