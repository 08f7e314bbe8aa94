"""What the cleaning notebook says of the exports: what was found, what to send back."""

from __future__ import annotations

import json

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.cleaning import count_found, gather_feeds
from salesfc_lib.reporting.blocks import Cell
from salesfc_lib.reporting.catalogue import read_catalogue
from salesfc_lib.reporting.facts.cleaning import CleanedMonth
from salesfc_lib.reporting.narrative.writer import Blocks, Row, writer_of

SHOWN = 12  # rows of a table that may be long
LONG = 160  # characters of a row as it was read, beyond which it is cut
ACTIONS = ("quarantined", "dropped", "changed", "noted", "read")  # gravest first


def sources(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """The files that were read."""
    writer, files = writer_of(run), len(cleaned.files)
    cells = (
        Cell("{path:file}", bold=True),
        "{source}",
        "{rows:count}",
        "{encoding}",
        "{bytes:bytes}",
        Cell("{sha256:.8}", code=True),
    )
    table = writer.table("cleaning.sources.table", cleaned.files, cells, width="min40", n=files)
    return Blocks(writer.prose("cleaning.sources", files=files), table)


def scan(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """What was found before anything was done, gravest first."""
    writer, found = writer_of(run), cleaned.problems[cleaned.problems["rule"].ne("after_month")]
    if found.empty:
        return Blocks(writer.prose("cleaning.scan.none"))
    ranked = _rank(found)
    kinds, counts = ranked["rule"].nunique(), ranked.groupby("action")["rule"].nunique()
    ranked["found"] = [count_found(item) for item in ranked.itertuples()]
    worded = {name: writer.name("cleaning.action", name) for name in ACTIONS}
    cells = (
        lambda row: Cell(
            writer.name("rule", row["rule"]), row["column"], bold=row["action"] in ACTIONS[:2]
        ),
        "{action:name cleaning.action}",
        lambda row: writer.fill("{rows:count}" if row["first_row"] else "{found}", row),
        lambda row: Cell(row["feed"], sub=_first_place(row["source"], row["first_row"])),
        lambda row: (
            "" if row["example"] in ("", row["reason"]) else Cell(row["example"], code=True)
        ),
        "{reason}",
    )
    table = writer.table("cleaning.scan.table", ranked, cells, width="outset", kinds=kinds)
    parts = [f"{counts[name]} {worded[name].lower()}" for name in ACTIONS if name in counts]
    return Blocks(writer.prose("cleaning.scan.some", kinds=kinds, parts=parts), table)


def _rank(found: pd.DataFrame) -> pd.DataFrame:
    """Problems of all files of a feed together, gravest first."""
    order = found["action"].map(ACTIONS.index)
    return gather_feeds(found.assign(order=order)).sort_values(
        ["order", "rows"], ascending=[True, False], kind="stable", ignore_index=True
    )


def _first_place(source: str, row: int) -> str:
    """Where a problem stands first: file of a feed, and row."""
    file = source.partition(": ")[2]
    parts = (f"first in {file}" if file else "", f"row {row}" if row else "")
    return ", ".join(filter(None, parts))


def questions(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """What only the owners of the source systems can answer, by source and rule."""
    writer, found = writer_of(run), cleaned.problems
    prefix = "cleaning.question."  # the catalogue has one for each rule that asks
    asking = {
        key.removeprefix(prefix)
        for key in read_catalogue(writer.language)
        if key.startswith(prefix)
    }
    asked = found[found["action"].isin(["quarantined", "noted"]) & found["rule"].isin(asking)]
    if asked.empty:
        return Blocks(writer.prose("cleaning.ask.none"))
    feed = asked["source"].str.split(":").str[0].rename("feed")
    rows = asked.groupby([feed, "rule"], sort=False)["rows"].sum().reset_index()
    cells = ("{feed}", "{rule:name rule}", "{rows:count}", "{rule:name cleaning.question}")
    table = writer.table("cleaning.ask.table", rows, cells, width="min40", n=len(rows))
    return Blocks(writer.prose("cleaning.ask.some", n=len(rows)), table)


def quarantine(run: UnitMonth, cleaned: CleanedMonth) -> Blocks:
    """The rows to send back, with where they stand and why."""
    writer, found = writer_of(run), cleaned.quarantine
    n, budget = len(found), run.parameters.cleaning.loss_budget
    if found.empty:
        return Blocks(writer.prose("cleaning.quarantine.none", budget=budget))
    share = n / int(cleaned.by_rule.loc["opening", "rows"])
    cells = (Cell("{source}", sub="row {row}"), "{reason}", _content)
    table = writer.table(
        "cleaning.quarantine.table",
        found.head(SHOWN),
        cells,
        title=writer.text(f"cleaning.quarantine.title.{'one' if n == 1 else 'many'}", n=n),
        width="min46",
        more=writer.first_of(SHOWN, n),
    )
    return Blocks(
        writer.prose("cleaning.quarantine.some", rows=n, share=share, budget=budget), table
    )


def _content(row: Row) -> Cell:
    """A row as it was read: its fields, or the line that could not be laid out."""
    try:
        found = json.loads(row["content"])
    except ValueError:
        return Cell(row["content"], code=True)
    values = found.values() if isinstance(found, dict) else found
    text = " | ".join(str(value) for value in values if str(value or "").strip())
    return Cell(text if len(text) <= LONG else f"{text[: LONG - 1]}…", code=True)
