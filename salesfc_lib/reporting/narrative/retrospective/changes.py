"""What should change: proposals with what they would have gained, and what came of earlier ones."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.reporting.blocks import Cell, Diff
from salesfc_lib.reporting.catalogue import Sentences
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.retrospective.causes import describe_evidence
from salesfc_lib.reporting.narrative.retrospective.decisions import count_verdicts
from salesfc_lib.reporting.narrative.writer import Blocks, Row, writer_of

KEY, DECIDED = "retrospective.proposals", "retrospective.decided"


@in_languages
def proposals(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """What to change next month, what it would have gained and how to accept it; and what was
    looked at and is not worth it.
    """
    writer, table = writer_of(run), compared["proposals"]
    facts: dict[str, Any] = {"unit": run.unit, "month": run.month}
    rows = [_describe(writer, row) for row in compared.proposed.to_dict("records")]
    blocks = list(writer.section(KEY, rows, n=len(rows), **facts).blocks)
    if rows:
        lines = [line for row in rows for line in _list_commands(writer, run.unit, row)]
        blocks.append(Diff(writer.text(f"{KEY}.diff"), tuple(lines)))
    examined = table[table["decision"] == "not_worth_it"].to_dict("records")
    if examined:
        tried = [_describe(writer, row) for row in examined]
        blocks.append(writer.table("retrospective.examined.table", tried, n=len(tried), **facts))
    return Blocks(*blocks)


@in_languages
def decided(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """What was decided on earlier proposals, and what came of it."""
    writer, table = writer_of(run), compared["decided"]
    rows = [_describe_decision(writer, row) for row in table.to_dict("records")]
    return writer.section(DECIDED, rows, **_count(writer, table))


def say_decided(writer: Sentences, table: pd.DataFrame) -> str:
    """How many proposals were decided on, and how many of those accepted helped."""
    return writer.text(f"{DECIDED}.some", **_count(writer, table))


def _count(writer: Sentences, table: pd.DataFrame) -> dict[str, Any]:
    taken, judged = int(table["decision"].eq("accepted").sum()), count_verdicts(writer, table)
    state = "judged" if judged["parts"] else "early" if taken else "rejected_only"
    numbers = {"n": len(table), "accepted": taken, "rejected": len(table) - taken}
    return numbers | {"verdict": writer.text(f"{DECIDED}.{state}", **judged)}


def _describe(writer: Sentences, row: Row) -> dict[str, Any]:
    """The row with its name, evidence and gain in words; `plain` is the key itself."""
    rule = f"proposal.{row['evidence']}"
    worth = Cell(writer.text(f"{KEY}.unmeasured"), sub=writer.said(row["remark"]))
    if pd.notna(row["gain"]):
        measured = writer.text(f"{KEY}.{row['measured']}", **row)
        worth = Cell(writer.text(f"{KEY}.gain", **row), sub=measured)
    shown = {"evidence": describe_evidence(writer, rule, row["facts"]), "worth": worth}
    return {**row, **shown, "key": _name(writer, row, sub=f"`{row['id']}`"), "plain": row["key"]}


def _name(writer: Sentences, row: Row, *, sub: str = "") -> Cell:
    if row["kind"] == "parameter":
        return Cell(row["key"], sub=sub, code=True)
    rule = f"proposal.{row['evidence']}.key"
    return Cell(describe_evidence(writer, rule, row["facts"]), sub=sub)


def _list_commands(writer: Sentences, unit: str, row: Row) -> list[str]:
    """How to accept a proposal, and what that changes in the parameter file."""
    command = writer.text(f"{KEY}.command", unit=unit, id=row["id"])
    if row["kind"] != "parameter":
        return [command]
    return [command, f"-{row['plain']}: {row['now']}", f"+{row['plain']}: {row['proposed']}"]


def _describe_decision(writer: Sentences, row: Row) -> dict[str, Any]:
    by = writer.text(f"{DECIDED}.by", **row)
    name = _name(writer, row, sub=writer.fill("{old} → {new}", row))
    effect, verdict = Cell(), row["verdict"]
    if pd.notna(row["before"]) and pd.notna(row["after"]):
        gain = {"gain": row["measured"], "noise": row["noise"]}
        measured = writer.text(f"{KEY}.gain", **gain) if pd.notna(row["measured"]) else ""
        effect = Cell(measured, sub=writer.text(f"{DECIDED}.sides", **row))
    expected = row["expected"]
    return {
        "key": name,
        "decided": Cell(writer.name("decision", row["decision"]), sub=by),
        "promised": writer.fill("{expected:points}", row) if pd.notna(expected) else "",
        "effect": effect,
        "reading": writer.text(f"{DECIDED}.verdict.{verdict}", **row) if verdict else "",
    }
