"""How people change forecasts, what is real of a gain, how high the bar was, and scorecards.

Nobody is accused: a sentence says what happened in how many months and what chance alone would do.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Tone
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.writer import Blocks, BlockWriter, Row, draw, writer_of
from salesfc_lib.retrospective import read_facts

GAINS = ("peoples_gain", "stages_gain")
CHANCE = 0.05  # of so many months, from which a bar is called neither low nor high
BARS = {"actual": "actual", "forecast": "forecast", "target": "mean"}  # how a line is drawn


@in_languages
def habits(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """What the changes of each person and segment have in common, beyond chance or within it."""
    writer, table, key = writer_of(run), compared["habits"], "retrospective.habits"
    table = table[~table["test"].isin(GAINS)].sort_values("p_adjusted", kind="stable")
    rows = [_habit(writer, row) for row in table.to_dict("records")]
    said = [writer.text(f"habit.{row['test']}.says", **row) for row in rows if row["flagged"]]
    return writer.section(
        key,
        rows,
        variant="some" if said else "chance",
        notable=[row["flagged"] for row in rows],
        n=len(rows),
        subjects=len(table[["kind", "name"]].drop_duplicates()),
        said=wording.paragraph(said),
    )


@in_languages
def gains(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """Whose changes, and which steps, made the forecast better in more months than chance would."""
    writer, table, key = writer_of(run), compared["habits"], "retrospective.gains"
    table = table[table["test"].isin(GAINS)]
    rows = [_habit(writer, row) for row in table.to_dict("records")]
    real = [row["who"] for row in rows if row["flagged"]]
    return writer.section(
        key, rows, variant="some" if real else "chance", n=len(rows), real=real, count=len(real)
    )


def _habit(writer: BlockWriter, row: Row) -> dict[str, Any]:
    """The row with its facts, who it is about, and how it reads."""
    facts = read_facts(row["facts"])
    facts = {name: float("nan") if value is None else value for name, value in facts.items()}
    reads = "chance" if row["p_adjusted"] > CHANCE else "beyond" if row["flagged"] else "small"
    if row["test"] in GAINS and facts["share"] <= 0:
        reads = "none"
    return {
        **row,
        **facts,
        "who": _name(writer, row),
        "what": writer.text(f"habit.{row['test']}"),
        "hits": round(row["statistic"] * row["months"]),
        "reads": writer.text(f"retrospective.habits.reads.{reads}"),
    }


def _name(writer: BlockWriter, row: Row) -> str:
    """Who or what a row is about: a name, the people who change a segment, or a stage."""
    if row["kind"] == "stage":
        return writer.name("stage", row["name"])
    if row["kind"] == "author":
        return str(row["name"])
    dimension, _, member = row["name"].partition(": ")
    return writer.text("retrospective.habits.segment", dimension=dimension, member=member)


@in_languages
def stretch(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """How much more than the year before was asked for, by the forecast and by targets."""
    writer, table, key = writer_of(run), compared["stretch"], "retrospective.stretch"
    known = table.dropna(subset="last_year").query("last_year > 0")
    facts = compared.improvement
    bars = [bar for bar in ("forecast", "target") if facts.get(f"{bar}_later") is not None]
    if known.empty or not bars:
        return Blocks(writer.prose(f"{key}.none"))
    said = [_say_bar(writer, bar, facts) for bar in bars]
    told = next((bar for bar in bars if _reading(bar, facts) == "low"), bars[-1])
    names = {name: writer.text(f"{key}.{name}") for name in BARS}
    sold = known.drop_duplicates("ds").assign(bar="actual", stated=lambda rows: rows["actual"])
    lines = pd.concat([sold, known])
    lines = lines.assign(
        group=lines["bar"].map(names), value=lines["stated"] / lines["last_year"] - 1
    )
    wide = lines.pivot(index="ds", columns="bar", values="value").reindex(columns=[*BARS])
    figure = writer.figure(
        f"{key}.figure",
        draw("lines", lines, roles={names[name]: role for name, role in BARS.items()}),
        wide.reset_index(),
        first=wide.index[0],
        last=wide.index[-1],
        title_key=f"{key}.title.{_reading(told, facts)}",
        bar=wording.first_lower(names[told]),
    )
    return Blocks(writer.prose(f"{key}.some", said=wording.paragraph(said)), figure)


def _say_bar(writer: BlockWriter, bar: str, facts: dict[str, Any]) -> str:
    mine = {name: facts[f"{bar}_{name}"] for name in ("months", "reached", "p", "later", "earlier")}
    reading = writer.text(f"retrospective.stretch.reading.{_reading(bar, facts)}", **mine)
    moved = "only" if mine["earlier"] is None else "moved"
    return writer.text(f"retrospective.stretch.{bar}.{moved}", reading=reading, **mine)


def _reading(bar: str, facts: dict[str, Any]) -> str:
    """Whether the bar was lower than chance allows: 'low', or 'fair'."""
    p = facts[f"{bar}_p"]
    return "low" if p is not None and p <= CHANCE else "fair"


@in_languages
def scorecards(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """What the owner, the authors and the departments reached, and what of it may be chance."""
    writer, table, key = writer_of(run), compared["scorecards"], "retrospective.scorecards"
    order = table["kind"].map(["owner", "department", "author"].index)
    table = table.assign(order=order).sort_values(["order", "name"], ignore_index=True)
    rows = [_card(writer, row) for row in table.to_dict("records")]
    judged = table["reading"].isin(["better", "worse"]).sum()
    return writer.section(key, rows, n=len(rows), judged=int(judged))


def _card(writer: BlockWriter, row: dict[Any, Any]) -> dict[Any, Any]:
    key = "retrospective.scorecards"
    below = row["accuracy"] < row["floor"]
    tone: Tone = "alarm" if below and row["accuracy_high"] < row["floor"] else ""
    standing = writer.text(f"{key}.standing.{row['standing']}") if row["standing"] else ""
    in_time = row | {"timely": row["changes"] - row["late"]}
    timely = writer.text(f"{key}.timely", **in_time) if row["changes"] else ""
    kept = writer.text(f"{key}.kept", **row) if row["actions"] else ""
    steps = writer.text(f"{key}.steps", **row) if row["steps"] else ""
    late = writer.text(f"{key}.days_late", **row) if row["steps"] > row["in_time"] else ""
    spread = "" if pd.isna(row["accuracy_low"]) else writer.text(f"{key}.spread", **row)
    return row | {
        "who": row["name"] or writer.text(f"{key}.owner.none"),
        "role": writer.text(f"{key}.{row['kind']}"),
        "accurate": Cell(wording.percent(row["accuracy"]), sub=spread, tone=tone)
        if pd.notna(row["accuracy"])
        else Cell(),
        "reads": writer.text(f"{key}.reads.{row['reading']}"),
        "standing": standing,
        "timely": timely,
        "kept": kept,
        "steps": Cell(steps, sub=late),
    }
