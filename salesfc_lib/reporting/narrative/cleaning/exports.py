"""The exports: what was read, what was found in them, what to send back."""

from __future__ import annotations

import json
from typing import Any

from salesfc_lib import cleaning
from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import FORMATS, language, wording
from salesfc_lib.reporting.blocks import Cell
from salesfc_lib.reporting.facts.cleaning import CleanedMonth
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.writer import SHOWN, Blocks, BlockWriter, Row, cut, writer_of

LONG = 160  # characters of a row as it was read, beyond which it is cut
QUIET = ("noted", "read")  # what changed no line
ACTIONS = ("quarantined", "dropped", "changed", "noted", "read")  # gravest first


@in_languages
def sources(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """The files that were read."""
    return writer_of(run).section("cleaning.sources", cleaned.files, n=len(cleaned.files))


@in_languages
def scan(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """What was found before anything was done, gravest first."""
    writer, found = writer_of(run), cleaned.problems[cleaned.problems["rule"].ne("after_month")]
    order = found["action"].map(ACTIONS.index)
    ranked = cleaning.scan.gather_feeds(found.assign(order=order)).sort_values(
        ["order", "rows"], ascending=[True, False], kind="stable", ignore_index=True
    )
    kinds, counts = ranked["rule"].nunique(), ranked.groupby("action")["rule"].nunique()
    rows = [_describe_problem(writer, row) for row in ranked.itertuples()]
    parts = [
        writer.text(
            "cleaning.scan.part",
            n=counts[name],
            action=writer.name("cleaning.action", name).lower(),
        )
        for name in ACTIONS
        if name in counts
    ]
    named, acted = wording.listing(parts, len(ACTIONS)), list(~ranked["action"].isin(QUIET))
    return writer.section("cleaning.scan", rows, kinds=kinds, parts=named, notable=acted)


def _describe_problem(writer: BlockWriter, row: Any) -> Row:
    """One problem in all files of its feed, as the table shows it."""
    grave, columns = row.action in ACTIONS[:2], FORMATS["columns"](row.column.split(", "))
    return {
        "found": Cell(writer.name("rule", row.rule), columns, bold=grave),
        "action": row.action,
        "count": wording.number(row.rows) if row.first_row else cleaning.scan.count_found(row),
        "where": Cell(row.feed, sub=_first_place(writer, row.source, row.first_row)),
        "example": "" if row.example == row.reason else row.example,
        "reason": row.reason,
    }


def _first_place(writer: BlockWriter, source: str, row: int) -> str:
    """Where a problem stands first: file of a feed, and row."""
    file = source.partition(": ")[2]
    first = writer.text("cleaning.scan.first", file=file) if file else ""
    return wording.commas([first, writer.text("cleaning.scan.row", row=row) if row else ""])


@in_languages
def questions(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """What only the owners of the source systems can answer, by source and rule."""
    writer, found = writer_of(run), cleaned.problems
    prefix = "cleaning.question."  # the catalogue has one for each rule that asks
    asking = {key.removeprefix(prefix) for key in language.sentences() if key.startswith(prefix)}
    asked = found[found["action"].isin(["quarantined", "noted"]) & found["rule"].isin(asking)]
    feed = asked["source"].str.split(":").str[0].rename("feed")
    rows = asked.groupby([feed, "rule"], sort=False)["rows"].sum().reset_index()
    return writer.section("cleaning.ask", rows, n=len(rows))


@in_languages
def quarantine(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """The rows to send back, with where they stand and why."""
    writer, found, n = writer_of(run), cleaned.quarantine, len(cleaned.quarantine)
    return writer.section(
        "cleaning.quarantine",
        found.head(SHOWN).assign(content=found["content"].map(_read_content)),
        title_key=f"cleaning.quarantine.title.{'one' if n == 1 else 'many'}",
        n=n,
        share=n / int(cleaned.by_rule.loc["opening", "rows"]),
        budget=run.parameters.cleaning.loss_budget,
        more=writer.first_of(SHOWN, n),
    )


def _read_content(content: str) -> str:
    """A row as it was read: its fields, or the line that could not be laid out."""
    try:
        found = json.loads(content)
    except ValueError:
        return content
    values = found.values() if isinstance(found, dict) else found
    return cut(" | ".join(str(value) for value in values if str(value or "").strip()), LONG)
