"""What people decided: causes that they confirmed, actions that they promised and what they did."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell
from salesfc_lib.reporting.catalogue import Sentences
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.retrospective.causes import cause_name
from salesfc_lib.reporting.narrative.writer import Blocks, BlockWriter, Row, writer_of

COMPARED = 2  # earlier months that it takes for one of them to have misses
OPEN = ("overdue", "open")
JUDGED = ("as_expected", "less", "chance", "worse")


@in_languages
def answers(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """What people said of the causes of the month before, and of this month's own."""
    writer, table, key = writer_of(run), compared["answers"], "retrospective.answers"
    if table.empty and compared.vintages < COMPARED:
        return Blocks(writer.prose(f"{key}.first"))
    counted = table[table["state"] != "set_aside"]
    parts = [
        writer.text(f"{key}.month", month=ds, series=rows["unique_id"].nunique(), **_shares(rows))
        for ds, rows in counted.groupby("ds")
    ]
    if aside := len(table) - len(counted):
        parts.append(writer.text(f"{key}.set_aside", n=aside))
    rows = [row | _answer_cells(writer, row) for row in table.to_dict("records")]
    before = run.cutoff - pd.DateOffset(months=1)
    return writer.section(key, rows, parts=parts, before=before, unit=run.unit)


def _shares(rows: pd.DataFrame) -> dict[str, float]:
    share = min(float(rows["share"].sum()), 1.0)
    return {"share": share, "left": 1.0 - share}


def _answer_cells(writer: BlockWriter, row: Row) -> dict[str, Any]:
    before = "" if pd.isna(row["proposed"]) else cause_name(writer, row["proposed"])
    state = writer.text(f"answer.state.{row['state']}", why=row["why"])
    cause = cause_name(writer, row["cause"], row["effect"])
    return {"before": before, "cause": cause, "state": state}


@in_languages
def promises(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """What was promised in earlier months, whether it was done, and what it changed."""
    writer, table, key = writer_of(run), compared["actions"], "retrospective.promises"
    rows = [row | _action_cells(writer, row) for row in table.to_dict("records")]
    facts: dict[str, Any] = {"month": run.month, "unit": run.unit}
    if rows:
        facts |= {"state": say_state(writer, table), "effect": say_effect(writer, table)}
    return writer.section(key, rows, notable=list(table["state"] != "closed"), **facts)


def say_state(writer: Sentences, table: pd.DataFrame) -> str:
    """How many are open, and the one that has waited longest or is due next."""
    still, overdue = (table[table["state"].isin(states)] for states in (OPEN, OPEN[:1]))
    kind = "overdue" if len(overdue) else "open" if len(still) else "closed"
    facts: dict[str, Any] = {"n": len(table), "open": len(still), "overdue": len(overdue)}
    if len(still):
        first = still.iloc[0]
        facts |= {"days": first["overdue_days"], **first[["owner", "what", "due"]]}
    return writer.text(f"retrospective.promises.state.{kind}", **facts)


def say_effect(writer: Sentences, table: pd.DataFrame) -> str:
    """How many actions did what was expected, among those that can be judged."""
    judged = count_verdicts(writer, table)
    return writer.text(
        f"retrospective.promises.effect.{'some' if judged['parts'] else 'none'}", **judged
    )


def count_verdicts(writer: Sentences, table: pd.DataFrame) -> dict[str, Any]:
    """Facts judged, the number of rows with a verdict, and parts, what each verdict says of how
    many.
    """
    counts = table["verdict"].value_counts().reindex(JUDGED).dropna().astype(int)
    parts = [writer.text(f"retrospective.judged.{name}", n=n) for name, n in counts.items()]
    return {"judged": int(counts.sum()), "parts": parts}


def cause_of_action(writer: Sentences, row: Row) -> str:
    """What an action is on: the words of a cause, or the name of an answer such as 'C12'."""
    cause = row["cause"]
    return cause if cause[1:].isdigit() else wording.first_lower(cause_name(writer, cause))


def _action_cells(writer: BlockWriter, row: Row) -> dict[str, Any]:
    """An action as its table shows it."""
    key = "retrospective.promises"
    about = f"{key}.about{'.postponed' if row['postponed'] else ''}"
    sub = writer.text(about, cause=cause_of_action(writer, row), postponed=row["postponed"])
    late = row["state"] == "overdue"
    outcome = writer.name("outcome", row["outcome"]) if row["state"] == "closed" else ""
    day = writer.text(f"{key}.{row['state']}", **dict(row) | {"outcome": outcome})
    kind = f"{key}.{'amount' if row['kpi'] == 'error' else 'share'}"
    measured = sides = ""
    if pd.notna(row["measured"]):
        effect = {"value": row["measured"], "noise": row["noise"]}
        measured = writer.text(f"{kind}.measured", **effect)
    if pd.notna(row["before"]) and pd.notna(row["after"]):
        sides = writer.text(f"{key}.sides.{row['kpi']}", **row)
    return {
        "action": Cell(f"A{row['number']} {row['what']}", sub=sub, bold=True),
        "day": Cell(row["owner"], sub=day, tone="alarm" if late else ""),
        "kpi": writer.name("action.kpi", row["kpi"]),
        "rows": row["rows"] or writer.text(f"{key}.rows"),
        "expected": writer.text(kind, value=row["expected"]),
        "measured": Cell(measured, sub=sides),
        "verdict": writer.name("verdict", row["verdict"]),
        "months": writer.text(f"{key}.months", **row),
    }
