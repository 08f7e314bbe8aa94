"""Why it missed: causes of misses, and people's changes.

A cause is named with what it rests on; what no table explains is called not explained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import template_of, wording
from salesfc_lib.reporting.blocks import Block, Cell, Figure, Table
from salesfc_lib.reporting.catalogue import Sentences
from salesfc_lib.reporting.facts.retrospective import UNEXPLAINED, ComparedMonth
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.writer import (
    Blocks,
    BlockWriter,
    Row,
    draw,
    tone_of,
    writer_of,
)
from salesfc_lib.retrospective import read_facts

Question = Callable[[UnitMonth, ComparedMonth], Blocks]
SHOWN = 12  # salespeople listed


def scored(function: Question) -> Question:
    """`function`, or what will stand in its place where no earlier month forecast this one."""

    @wraps(function)
    def section(run: UnitMonth, compared: ComparedMonth) -> Blocks:
        if compared.scored:
            return function(run, compared)
        following = run.cutoff + pd.DateOffset(months=1)
        key = f"retrospective.none.{function.__name__}"
        return Blocks(writer_of(run).prose(key, next=following))

    return section


def cause_name(writer: Sentences, cause: str, effect: float | None = None) -> str:
    """How a cause reads; given its effect (actual - forecast), which way people changed it."""
    if cause == "change_by_people" and effect is not None and pd.notna(effect):
        return writer.text("cause.raised_by_people" if effect < 0 else "cause.lowered_by_people")
    return writer.text(f"cause.{cause}")


def describe_evidence(writer: Sentences, key: str, facts: str) -> str:
    """What a cause or a proposal rests on, in a few words."""
    known = {name: 0 if value is None else value for name, value in read_facts(facts).items()}
    return writer.text(key, **known)


@scored
@in_languages
def difference(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """From the forecast to the actual, one step per cause."""
    now, steps, key = compared.now, compared["difference"], "retrospective.difference"
    writer = writer_of(run).at([now["actual"], now["forecast"]])
    unexplained = steps["cause"] == UNEXPLAINED
    names = map(cause_name, [writer] * len(steps), steps["cause"], steps["effect"])
    kinds = unexplained.map({True: "unexplained", False: "cause"})
    causes = zip(names, steps["effect"], kinds, strict=True)
    fall = lay_out_fall(writer, now["forecast"], causes, now["actual"])
    rest = float(steps.loc[unexplained, "effect"].sum())
    gap: dict[str, Any] = {
        "named": float(now["actual"] - now["forecast"]) - rest,
        "unexplained": rest,
    }
    figure = writer.figure(
        f"{key}.figure",
        draw("waterfall", fall, scale=writer.scale),
        fall,
        title_key=f"{key}.title" if len(steps) > 1 else f"{key}.title.none",
        month=run.month,
        axis=writer.axis,
        **gap,
    )
    return Blocks(writer.prose(key, causes=int((~unexplained).sum()), **gap, **now), figure)


def lay_out_fall(
    writer: BlockWriter, forecast: float, steps: Iterable[tuple[str, float, str]], actual: float
) -> pd.DataFrame:
    """Rows of a waterfall from the forecast by steps (label, value, kind) to the actual."""
    ends = (
        (writer.text("head.forecast"), forecast, "start"),
        (writer.text("head.actual"), actual, "end"),
    )
    frame = pd.DataFrame([ends[0], *steps, ends[1]], columns=["label", "value", "kind"])
    signs = frame["kind"].isin(["start", "end"]).map({True: "", False: "signed_"})
    rows = zip(signs, frame.to_dict("records"), strict=True)
    shown = [writer.fill(f"{{value:{sign}scaled}}", row) for sign, row in rows]
    return frame.assign(shown=shown)


@scored
@in_languages
def misses(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """The largest misses, each with its likely causes and their evidence."""
    largest, missed, key = compared["misses"], compared["missed"], "retrospective.misses"
    writer = writer_of(run).at([*largest["forecast"], *largest["actual"]])
    if largest.empty:
        return Blocks(writer.prose("cause.not_explained"))
    sizes = largest["difference"].abs()
    by_series = compared["causes"].sort_values("rank").groupby("unique_id")
    causes = [by_series.get_group(unique_id) for unique_id in largest["unique_id"]]
    bars = zip(sizes / sizes.max(), largest["difference"].map(tone_of), strict=True)
    rows = largest.assign(gap=-largest["difference"])
    rows = rows.assign(
        toned=writer.toned("{gap:signed_scaled}", rows, "difference"),
        bar=[Cell(bar=share, tone=tone) for share, tone in bars],
        cause=[_cause_cell(writer, each) for each in causes],
    )
    return writer.section(
        key,
        rows,
        axis=writer.axis,
        month=run.month,
        n=len(largest),
        all=len(missed),
        share=float(largest["share"].sum()),
        error=float(missed["difference"].abs().sum()),
        explained=sum(map(_mostly_explained, causes)),
    )


def _mostly_explained(causes: pd.DataFrame) -> bool:
    effect, unexplained = causes["effect"].abs(), causes["cause"] == UNEXPLAINED
    known = effect[~unexplained].sum()
    return bool(known > 0 and known >= effect[unexplained].sum())


def _cause_cell(writer: Sentences, causes: pd.DataFrame) -> Cell:
    first = causes.iloc[0]
    cause, effect = first["cause"], first["effect"]
    name = cause_name(writer, cause, effect)
    if pd.notna(effect) and cause != UNEXPLAINED:
        name = writer.text("retrospective.misses.effect", cause=name, effect=effect)
    further = [other for other in causes["cause"].iloc[1:] if other != UNEXPLAINED]
    others = [wording.first_lower(cause_name(writer, other)) for other in further]
    if first["state"] == "proposed":
        evidence = describe_evidence(writer, f"cause.{cause}.evidence", first["facts"])
    else:
        evidence = writer.text(f"cause.said.{first['state']}", **first[["by", "remark"]])
    if others:
        evidence = writer.text("retrospective.misses.also", evidence=evidence, others=others)
    return Cell(name, sub=evidence)


@in_languages
def people(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """What people's changes did by author, and sales and attributed error by salesperson."""
    writer, table, sales = writer_of(run), compared["people"], compared["salespeople"]
    blocks: list[Block] = [writer.prose("retrospective.people.none")]
    if len(table):
        biased = table[table["leans"] != ""].to_dict("records")
        counts = {name: int(table[name].sum()) for name in ("changes", "helped")}
        fair = writer.text("retrospective.people.fair")
        verdict = wording.paragraph(describe_bias(writer, row) for row in biased) or fair
        text = writer.prose("retrospective.people", authors=len(table), leaning=verdict, **counts)
        blocks = [text, *_people_blocks(run, table)]
    return Blocks(*blocks, *([_sales_table(run, compared)] if len(sales) else []))


def describe_bias(writer: Sentences, row: Row) -> str:
    """Which way an author's changes are biased, and how often sales came in on the other side."""
    months = max(row["months_lowered"], row["months_raised"])
    beyond = row["months_too_low" if row["leans"] == "low" else "months_too_high"]
    facts = {"author": row["author"], "leans": row["leans"], "months": months}
    return writer.text("retrospective.people.lean", beyond=beyond, **facts)


def _people_blocks(run: UnitMonth, table: pd.DataFrame) -> tuple[Figure, Table]:
    writer, limit = writer_of(run), run.parameters.retrospective.bias_limit
    key, leaning = "retrospective.people", table["leans"] != ""
    detail = [writer.text(f"{key}.detail", n=n) for n in table["changes"]]
    frame = table.rename(columns={"author": "label", "bias_with": "bias", "bias_without": "mean"})
    frame = frame[["label", "bias", "mean"]].assign(detail=detail)
    template, judged = template_of(f"{key}.bias"), table.dropna(subset=["bias_with"])
    heads = tuple(writer.text(f"{key}.head.{name}") for name in ("with", "without"))
    figure = writer.figure(
        f"{key}.figure",
        draw("bias_by_owner", frame, limit=limit, heads=heads),
        title_key=f"{key}.title.{'lean' if leaning.any() else 'fair'}",
        authors=[
            writer.text(f"{key}.title.{row['leans']}", **row)
            for row in table[leaning].to_dict("records")
        ],
        limit=limit,
        biases=wording.semicolons(writer.fill(template, row) for row in judged.to_dict("records")),
    )
    gains = table["gain"].map(lambda gain: writer.measure.amount(gain, sign=True))
    tones = table["gain"].lt(0).map({True: "alarm", False: ""})
    cells = [Cell(gain, tone=tone) for gain, tone in zip(gains, tones, strict=True)]
    reading = [writer.text(f"{key}.reading.{leans or 'fair'}") for leans in table["leans"]]
    return figure, writer.table(f"{key}.table", table.assign(toned=cells, reading=reading))


def _sales_table(run: UnitMonth, compared: ComparedMonth) -> Table:
    sales, attributed = compared["salespeople"].head(SHOWN), compared["attributed"]
    writer = writer_of(run).at(compared["salespeople"]["actual"])
    errors = attributed.set_index("salesperson")["attributed_difference"] if len(attributed) else {}
    table = sales.assign(error=sales["salesperson"].map(errors))
    table = table.assign(toned=writer.toned("{error:signed_scaled}", table, "error"))
    return writer.table("retrospective.sales", table, month=run.month)
