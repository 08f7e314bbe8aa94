"""What the retrospective says of reasons: causes of misses, people's changes, proposals.

A cause is named with what it rests on; what no table explains is called not explained.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Block, Cell, Diff, Figure, Prose, Table
from salesfc_lib.reporting.catalogue import Sentences
from salesfc_lib.reporting.facts.retrospective import UNEXPLAINED, ComparedMonth
from salesfc_lib.reporting.narrative.writer import Blocks, Row, tone_of, writer_of
from salesfc_lib.retrospective import read_facts

SHOWN = 12  # salespeople listed


def cause_name(writer: Sentences, cause: str, effect: float | None = None) -> str:
    """How a cause reads; given its effect (actual - forecast), which way people changed it."""
    if cause == "change_by_people" and effect is not None and pd.notna(effect):
        return writer.text("cause.raised_by_people" if effect < 0 else "cause.lowered_by_people")
    return writer.text(f"cause.{cause}")


def _evidence(writer: Sentences, key: str, facts: str) -> str:
    """What a cause or a proposal rests on, in a few words."""
    known = {name: 0 if value is None else value for name, value in read_facts(facts).items()}
    return writer.text(key, **known)


def difference(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """From the forecast to the actual, one step per cause."""
    from salesfc_lib.reporting import plots

    now, steps, key = compared.now, compared["difference"], "retrospective.difference"
    writer = writer_of(run).at([now["actual"], now["forecast"]])
    unexplained = steps["cause"] == UNEXPLAINED
    names = map(cause_name, [writer] * len(steps), steps["cause"], steps["effect"])
    kinds = unexplained.map({True: "unexplained", False: "cause"})
    frame = pd.DataFrame(
        {
            "label": [writer.text("head.forecast"), *names, writer.text("head.actual")],
            "value": [now["forecast"], *steps["effect"], now["actual"]],
            "kind": ["start", *kinds, "end"],
        }
    )
    rest = float(steps.loc[unexplained, "effect"].sum())
    gap = {"named": float(now["actual"] - now["forecast"]) - rest, "unexplained": rest}

    def value(row: Row) -> str:
        signed = row["kind"] in ("cause", "unexplained")
        return writer.fill("{value:signed_scaled}" if signed else "{value:scaled}", row)

    figure = writer.figure(
        f"{key}.figure",
        plots.draw(plots.waterfall, frame, scale=writer.scale),
        frame,
        ("{label}", value),
        title=writer.text(f"{key}.title" if len(steps) > 1 else f"{key}.title.none", **gap),
        month=run.month,
        axis=writer.axis,
        steps="; ".join(f"{row['label']} {value(row)}" for row in frame.to_dict("records")),
    )
    return Blocks(writer.prose(key, causes=int((~unexplained).sum()), **gap, **now), figure)


def misses(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """The largest misses, each with its likely causes and their evidence."""
    largest, missed, key = compared["misses"], compared["missed"], "retrospective.misses"
    writer = writer_of(run).at([*largest["forecast"], *largest["actual"]])
    if largest.empty:
        return Blocks(writer.prose("cause.not_explained"))
    size = float(largest["difference"].abs().max())
    causes = {
        name: rows.sort_values("rank") for name, rows in compared["causes"].groupby("unique_id")
    }
    cells = (
        "{label}",
        "{forecast:scaled}",
        "{actual:scaled}",
        lambda row: Cell(writer.fill("{gap:signed_scaled}", row), tone=tone_of(row["difference"])),
        lambda row: Cell(bar=abs(row["difference"]) / size, tone=tone_of(row["difference"])),
        "{share:share}",
        lambda row: _cause_cell(writer, causes[row["unique_id"]]),
    )
    table = writer.table(
        f"{key}.table",
        largest.assign(gap=-largest["difference"]),
        cells,
        width="outset",
        n=len(largest),
        month=run.month,
        axis=writer.axis,
    )
    text = writer.prose(
        key,
        n=len(largest),
        all=len(missed),
        share=float(largest["share"].sum()),
        error=float(missed["difference"].abs().sum()),
        explained=sum(map(_mostly_explained, (causes[name] for name in largest["unique_id"]))),
    )
    return Blocks(text, table)


def _mostly_explained(causes: pd.DataFrame) -> bool:
    effect, unexplained = causes["effect"].abs(), causes["cause"] == UNEXPLAINED
    known = effect[~unexplained].sum()
    return bool(known > 0 and known >= effect[unexplained].sum())


def _cause_cell(writer: Sentences, causes: pd.DataFrame) -> Cell:
    first = causes.iloc[0]
    cause, effect = first["cause"], first["effect"]
    name = cause_name(writer, cause, effect)
    if pd.notna(effect) and cause != UNEXPLAINED:
        name += f" ({writer.measure.amount(effect, sign=True)})"
    further = [other for other in causes["cause"].iloc[1:] if other != UNEXPLAINED]
    others = wording.listing([cause_name(writer, other).lower() for other in further])
    evidence = _evidence(writer, f"cause.{cause}.evidence", first["facts"])
    return Cell(name, sub=f"{evidence}; also: {others}" if others else evidence)


def people(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """What people's changes did by author, and sales and attributed error by salesperson."""
    writer, table, sales = writer_of(run), compared["people"], compared["salespeople"]
    blocks: list[Block] = [writer.prose("retrospective.people.none")]
    if len(table):
        leaning = list(table.loc[table["leans"] != "", "author"])
        blocks = [
            _describe_people(writer, table),
            _bias_figure(run, table, leaning),
            _people_table(run, table),
        ]
    return Blocks(*blocks, *([_sales_table(run, compared)] if len(sales) else []))


def describe_lean(writer: Sentences, row: Row) -> str:
    """Which way an author's changes lean, and how often sales came in on the other side."""
    months = max(row["months_lowered"], row["months_raised"])
    beyond = row["months_too_low" if row["leans"] == "low" else "months_too_high"]
    facts = {"author": row["author"], "leans": row["leans"], "months": months}
    return writer.text("retrospective.people.lean", beyond=beyond, **facts)


def _describe_people(writer: Sentences, table: pd.DataFrame) -> Prose:
    leaning = table[table["leans"] != ""].to_dict("records")
    verdict = " ".join(describe_lean(writer, row) for row in leaning)
    counts = {name: int(table[name].sum()) for name in ("changes", "helped")}
    verdict = verdict or writer.text("retrospective.people.fair")
    return Prose(writer.text("retrospective.people", authors=len(table), leaning=verdict, **counts))


def _bias_figure(run: UnitMonth, table: pd.DataFrame, leaning: list[str]) -> Figure:
    from salesfc_lib.reporting import plots

    writer, limit = writer_of(run), run.parameters.retrospective.bias_limit
    detail = [wording.plural(int(n), "change") for n in table["changes"]]
    frame = table.rename(columns={"author": "label", "bias_with": "bias", "bias_without": "mean"})
    frame = frame[["label", "bias", "mean"]].assign(detail=detail)
    drawn = plots.draw(plots.bias_by_owner, frame, limit=limit, heads=("With", "Without"))
    biases = [
        writer.fill(writer.template("retrospective.people.bias"), row)
        for row in table.to_dict("records")
    ]
    title = writer.text(
        f"retrospective.people.title.{'lean' if leaning else 'fair'}", authors=leaning
    )
    facts = {"limit": limit, "biases": "; ".join(biases)}
    return writer.figure("retrospective.people.figure", drawn, title=title, **facts)


def _people_table(run: UnitMonth, table: pd.DataFrame) -> Table:
    writer = writer_of(run)
    cells = (
        "{author}",
        "{raised}",
        "{lowered}",
        "{helped} of {changes}",
        lambda row: Cell(
            writer.fill("{gain:signed_amount}", row), tone="alarm" if row["gain"] < 0 else ""
        ),
        "{bias_with:signed_percent}",
        lambda row: f"leans {row['leans']}" if row["leans"] else "no lean",
    )
    return writer.table("retrospective.people.table", table, cells, width="min40")


def _sales_table(run: UnitMonth, compared: ComparedMonth) -> Table:
    sales, attributed = compared["salespeople"], compared["attributed"]
    writer = writer_of(run).at(sales["actual"])
    errors = attributed.set_index("salesperson")["attributed_difference"] if len(attributed) else {}
    table = sales.head(SHOWN).assign(error=sales["salesperson"].map(errors))
    cells = (
        lambda row: writer.fill("{salesperson}", row) or writer.text("retrospective.sales.unnamed"),
        "{actual:scaled}",
        lambda row: (
            writer.fill("{growth:signed_percent}", row) or writer.text("retrospective.sales.new")
        ),
        "{share:percent}",
        lambda row: Cell(writer.fill("{error:signed_scaled}", row), tone=tone_of(row["error"])),
    )
    return writer.table("retrospective.sales", table, cells, width="min40", month=run.month)


def proposals(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """What to change next month, with the evidence, and as a change to the parameter file."""
    writer, table, key = writer_of(run), compared["proposals"], "retrospective.proposals"
    if table.empty:
        return Blocks(writer.prose(f"{key}.none"))
    cells = (
        lambda row: Cell(row["key"], code=row["kind"] == "parameter"),
        "{now}",
        Cell("{proposed}", bold=True),
        lambda row: _evidence(writer, f"proposal.{row['evidence']}", row["facts"]),
        "{decision}",
    )
    facts: dict[str, Any] = {"n": len(table), "unit": run.unit, "month": run.month}
    block = writer.table(f"{key}.table", table, cells, width="min46", **facts)
    lines = [f"# parameters/units/{run.unit}.yml"]
    for row in table[table["kind"] == "parameter"].to_dict("records"):
        new = f"+{row['key']}: {row['proposed']}  # {run.month} retrospective"
        lines += [f"-{row['key']}: {row['now']}", new]
    diff = [Diff(writer.text(f"{key}.diff"), tuple(lines))] if len(lines) > 1 else []
    return Blocks(writer.prose(f"{key}.some", n=len(table)), block, *diff)
