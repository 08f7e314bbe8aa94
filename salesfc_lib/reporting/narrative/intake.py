"""What the cleaning notebook says of the exports: which came in, what the scan saw, what was changed, what to send back.

The cleaning step's tables enter; blocks leave.
"""

from __future__ import annotations

import json

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.cleaning import count_found, gather_feeds
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Prose, Table
from salesfc_lib.reporting.facts.cleaning import CleanedMonth, ledger_totals
from salesfc_lib.reporting.narrative.rules import rule_name
from salesfc_lib.reporting.narrative.section import Section, columns, voice_of

SHOWN = 12  # rows of a table that may be long
QUESTIONS = {  # what only the owner of a source can answer
    "unreadable": "What should stand in these cells?", "misfit": "Are separators or quotes inside a field left unquoted? Please export again.",
    "other_encoding": "Which program writes these lines? Please export in one encoding.", "control_character": "What puts control characters into these fields?",
    "error_cell": "Please mend the formulas that give an error.", "stale_formula": "Please open, calculate and save the workbook before it is sent.",
    "no_such_day": "Which day was meant?", "sentinel_date": "When did these happen? The date stands for none.",
    "key_conflict": "Which of the lines with one key is right?", "possible_duplicate": "Are these repeats, or sold twice in earnest? Which column identifies a line?",
    "return_without_sale": "Which sale do these returns take back?", "notice_without_sale": "Which order do these notices name?",
    "undated_return_without_sale": "When were these returned, and against which sale?", "return_sign_unclear": "Are returns written with a minus sign or without?",
    "implausible": "Are price and quantity of these lines right?", "lost_zeros": "Please export identifiers as text: some have lost their leading zeros.",
    "mojibake": "Some names are garbled. Please export as UTF-8.", "cut_short": "Is the file complete?", "hidden": "Are the hidden rows or columns meant to count?",
    "missing_month": "Was nothing sold in these months, or are they not in the export?",
    "dialect_drift": "Why are the files of this feed written differently?", "renamed_column": "Has the layout of the export changed for good?",
}  # fmt: skip
ACTIONS = {
    "quarantined": "Set aside",
    "dropped": "Taken out",
    "changed": "Changed",
    "noted": "Only noted",
    "read": "Read",
}


def sources(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """The files that were read."""
    rows = [
        [
            Cell(str(file["path"]).rsplit("/", 1)[-1], bold=True),
            str(file.get("source", "")),
            wording.number(file.get("rows") or 0),
            str(file.get("encoding") or ""),
            wording.size(int(file.get("bytes") or 0)),
            Cell(str(file["sha256"])[:8], code=True),
        ]
        for file in cleaned.files
    ]
    table = Table(
        f"{wording.first_upper(wording.plural(len(rows), 'extract'))} for the month",
        "As they were when they were read; the fingerprint is the start of the file's sha256",
        columns("File", "Source", ">Rows", "Encoding", ">Size", "Fingerprint"),
        rows,
        source="Source: manifest.json, inputs.",
        min_width="min40",
    )
    return Section(Prose(voice_of(run).say("cleaning.sources", files=len(rows))), table)


def scan(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """What was found before anything was done, gravest first; the table of changes says what was made of it."""
    voice, found = voice_of(run), cleaned.problems[cleaned.problems["rule"].ne("after_month")]
    if found.empty:
        return Section(Prose(voice.say("cleaning.scan.none")))
    ranked = _rank(found)
    rows = [
        [
            Cell(
                rule_name(item.rule),
                bold=item.action in ("quarantined", "dropped"),
                sub=item.column,
            ),
            ACTIONS[item.action],
            wording.number(item.rows) if item.first_row else count_found(item),
            Cell(item.feed, sub=_first_place(item.source, item.first_row)),
            Cell(item.example, code=True) if item.example and item.example != item.reason else "",
            item.reason,
        ]
        for item in ranked.itertuples()
    ]
    counts = ranked.groupby("action")["rule"].nunique()
    table = Table(
        f"{wording.first_upper(wording.plural(ranked['rule'].nunique(), 'kind'))} of problem and oddity",
        "What was found, what was done about it, how often, where first, and one of them as it stands",
        columns("Found", "Done", ">Rows", "Where", "As it stands", "Why"),
        rows,
        source="Source: tables/problems.parquet; every changed cell: tables/changes.parquet; every line taken: tables/removed.parquet.",
        min_width="min46",
        outset=True,
    )
    parts = [
        f"{counts[action]} {said.lower()}" for action, said in ACTIONS.items() if action in counts
    ]
    return Section(
        Prose(voice.say("cleaning.scan.some", kinds=ranked["rule"].nunique(), parts=parts)), table
    )


def _rank(found: pd.DataFrame) -> pd.DataFrame:
    """Problems of all files of a feed together, gravest first."""
    order = found["action"].map({action: place for place, action in enumerate(ACTIONS)})
    return gather_feeds(found.assign(order=order)).sort_values(
        ["order", "rows"], ascending=[True, False], kind="stable", ignore_index=True
    )


def _first_place(source: str, row: int) -> str:
    """Where a problem stands first: file of a feed, and row."""
    file = source.partition(": ")[2]
    return ", ".join(
        part for part in (f"first in {file}" if file else "", f"row {row}" if row else "") if part
    )


def ask(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """What to ask the owners of the source systems: a line for each kind of trouble that they alone can end."""
    voice, found = voice_of(run), cleaned.problems
    asked = found[found["action"].isin(["quarantined", "noted"]) & found["rule"].isin(QUESTIONS)]
    asked = asked.assign(feed=asked["source"].str.split(":").str[0])
    if asked.empty:
        return Section(Prose(voice.say("cleaning.ask.none")))
    rows = [
        [Cell(source), rule_name(rule), wording.number(part["rows"].sum()), QUESTIONS[rule]]
        for (source, rule), part in asked.groupby(["feed", "rule"], sort=False)
    ]
    table = Table(
        f"{wording.first_upper(wording.plural(len(rows), 'question'))} to the owners of the sources",
        "By source and kind; the rows themselves stand below and in the quarantine table",
        columns("Source", "What", ">Rows", "To ask"),
        rows,
        source="Source: tables/problems.parquet.",
        min_width="min40",
    )
    return Section(Prose(voice.say("cleaning.ask.some", n=len(rows))), table)


def quarantine(run: UnitMonth, cleaned: CleanedMonth) -> Section:
    """The rows to send back, with where they stand and why."""
    voice, found = voice_of(run), cleaned.quarantine
    budget = run.parameters.cleaning.loss_budget
    if found.empty:
        return Section(Prose(voice.say("cleaning.quarantine.none", budget=budget)))
    opening = int(ledger_totals(cleaned.ledger).set_index("rule").loc["opening", "rows"])
    rows = [
        [
            Cell(str(row["source"]), sub=f"row {row['row']}"),
            str(row["reason"]),
            Cell(_content(row["content"]), code=True),
        ]
        for _, row in found.head(SHOWN).iterrows()
    ]
    more = "" if len(found) <= SHOWN else f" The first {SHOWN} of {len(found)}."
    table = Table(
        f"{wording.first_upper(wording.cardinal(len(found)))} {'row' if len(found) == 1 else 'rows'} to send back to the source",
        "Where each stands, why it could not be used, and what it says",
        columns("Where", "Why", "As read"),
        rows,
        source=f"Source: quarantine.csv, the file to send back; tables/quarantine.parquet.{more}",
        min_width="min46",
    )
    return Section(
        Prose(
            voice.say(
                "cleaning.quarantine.some",
                rows=len(found),
                share=len(found) / opening,
                budget=budget,
            )
        ),
        table,
    )


def _content(text: str) -> str:
    try:
        values = json.loads(text)
    except ValueError:
        return text
    shown = " | ".join(
        str(value)
        for value in (values.values() if isinstance(values, dict) else values)
        if str(value or "").strip()
    )
    return shown if len(shown) <= 160 else f"{shown[:159]}…"
