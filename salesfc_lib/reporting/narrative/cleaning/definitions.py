"""What sales means, whether the general ledger agrees, and what became of history."""

from __future__ import annotations

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Block
from salesfc_lib.reporting.facts.cleaning import CleanedMonth
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.writer import SHOWN, Blocks, with_labels, writer_of


@in_languages
def meaning_of_sales(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
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
            "exports": wording.commas(
                writer.find(f"definition.exports.{value}")
                or writer.find(f"definition.{name}.{value}")
                for value in sorted(exports.get(name, set()))
            ),
        }
        for name in asked
    ]
    formulas = [source.amount for source in run.parameters.sources.values() if source.amount]
    if formulas:
        signs = str.maketrans("*-", "×−")
        made = wording.commas(dict.fromkeys(formula.translate(signs) for formula in formulas))
        answer = writer.text("definition.amount.made", formula=made)
        rows.insert(
            1, {"question": writer.text("definition.amount"), "answer": answer, "exports": ""}
        )
    weeks = "months" if calendar.kind == "months" else "weeks"
    months = writer.text(f"definition.calendar.{weeks}", **calendar.model_dump())
    rows.append({"question": writer.text("definition.calendar"), "answer": months, "exports": ""})
    table = writer.table("definition.table", rows, unit=run.unit)
    return Blocks(table, *_control(run, cleaned))


def _control(run: UnitMonth, cleaned: CleanedMonth) -> tuple[Block, ...]:
    """Whether the general ledger agrees, month by month."""
    writer, found = writer_of(run), cleaned.control
    newest = found.sort_values(["ds", "member", "measure"], ascending=[False, True, True])
    recent, compared = newest.head(SHOWN), found[found["state"].ne("missing")]
    largest = float(compared["share"].abs().max() or 0.0) if len(compared) else 0.0
    return writer.section(
        "cleaning.control",
        recent,
        n=len(compared),
        missing=len(found) - len(compared),
        largest=largest,
        months=recent["ds"].nunique(),
    ).blocks


@in_languages
def restated(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """What became of history since the month before was published: by cause, month and member."""
    writer, found = writer_of(run), cleaned.restated
    if found.months.empty:
        return Blocks(writer.prose("cleaning.restated.first"))
    if found.restatement.empty:
        return Blocks(writer.prose("cleaning.restated.none", months=len(found.months)))
    months, members = found.by_month(), found.largest(SHOWN // 2)
    months["kinds"] = [
        wording.commas(writer.name("cleaning.restated.kind", kind).lower() for kind in kinds)
        for kinds in months["kinds"].str.split(", ")
    ]
    names = members[[*found.dimensions]].astype(str).agg(" · ".join, axis=1)
    members["member"] = names if len(found.dimensions) else writer.text("unit.whole")
    key, newest = "cleaning.restated", months.tail(SHOWN).iloc[::-1]
    return Blocks(
        writer.prose(f"{key}.some", months=len(months), difference=float(found.total)),
        writer.table(f"{key}.causes", found.by_kind()),
        writer.table(f"{key}.months", newest),
        writer.table(f"{key}.members", members),
    )


@in_languages
def renames(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """Members that may have been renamed, with what to paste into the unit's file."""
    writer, proposals, n = writer_of(run), cleaned.proposals, len(cleaned.proposals)
    more = writer.first_of(SHOWN, n)
    return writer.section("cleaning.renames", proposals.head(SHOWN), n=n, unit=run.unit, more=more)


@in_languages
def stock_outs(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """Months without stock: what was sold there is not what was wanted."""
    writer, censored = writer_of(run), cleaned.censored
    newest = censored.sort_values(["ds", "stockout_days"], ascending=[False, False]).head(SHOWN)
    treatment = writer.text(f"cleaning.stock_outs.{run.parameters.cleaning.stock_outs}")
    rows, n = with_labels(newest, cleaned.series), len(censored)
    return writer.section(
        "cleaning.stock_outs",
        rows,
        notable=~rows["y_raw"].ge(rows["y"]),
        n=n,
        known=int(censored["y"].notna().sum()),
        below=int((censored["y_raw"] < censored["y"]).sum()),
        treatment=treatment,
        shown=writer.first_of(SHOWN, n),
    )
