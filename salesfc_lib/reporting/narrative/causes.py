"""What the retrospective says of reasons: causes of misses, people's changes, proposals.

A cause is named with what it rests on; what no table explains is called not explained.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Block, Cell, Diff, Figure, Prose, Table
from salesfc_lib.reporting.catalogue import Voice
from salesfc_lib.reporting.facts.retrospective import UNEXPLAINED, ComparedMonth
from salesfc_lib.reporting.narrative.section import Row, Section, tone_of, voice_of
from salesfc_lib.retrospective import read_facts

SHOWN = 12  # salespeople listed


def cause_name(voice: Voice, cause: str, effect: float | None = None) -> str:
    """How a cause reads; given its effect (actual - forecast), which way people changed it."""
    if cause == "change_by_people" and effect is not None and pd.notna(effect):
        return voice.say("cause.raised_by_people" if effect < 0 else "cause.lowered_by_people")
    return voice.say(f"cause.{cause}")


def _evidence(voice: Voice, key: str, facts: str) -> str:
    """What a cause or a proposal rests on, in a few words."""
    known = {name: 0 if value is None else value for name, value in read_facts(facts).items()}
    return voice.say(key, **known)


def difference(run: UnitMonth, compared: ComparedMonth) -> Section:
    """From the forecast to the actual, one step per cause."""
    from salesfc_lib.reporting import plots

    now, steps, key = compared.now, compared["difference"], "retrospective.difference"
    voice = voice_of(run).at([now["actual"], now["forecast"]])
    unexplained = steps["cause"] == UNEXPLAINED
    names = map(cause_name, [voice] * len(steps), steps["cause"], steps["effect"])
    kinds = unexplained.map({True: "unexplained", False: "cause"})
    frame = pd.DataFrame(
        {
            "label": [voice.say("head.forecast"), *names, voice.say("head.actual")],
            "value": [now["forecast"], *steps["effect"], now["actual"]],
            "kind": ["start", *kinds, "end"],
        }
    )
    rest = float(steps.loc[unexplained, "effect"].sum())
    gap = {"named": float(now["actual"] - now["forecast"]) - rest, "unexplained": rest}

    def value(row: Row) -> str:
        signed = row["kind"] in ("cause", "unexplained")
        return voice.fill("{value:signed_scaled}" if signed else "{value:scaled}", row)

    figure = voice.figure(
        f"{key}.figure",
        plots.draw(plots.waterfall, frame, scale=voice.scale),
        frame,
        ("{label}", value),
        title=voice.say(f"{key}.title" if len(steps) > 1 else f"{key}.title.none", **gap),
        month=run.month,
        axis=voice.axis,
        steps="; ".join(f"{row['label']} {value(row)}" for row in frame.to_dict("records")),
    )
    return Section(voice.prose(key, causes=int((~unexplained).sum()), **gap, **now), figure)


def misses(run: UnitMonth, compared: ComparedMonth) -> Section:
    """The largest misses, each with its likely causes and their evidence."""
    largest, missed, key = compared["misses"], compared["missed"], "retrospective.misses"
    voice = voice_of(run).at([*largest["forecast"], *largest["actual"]])
    if largest.empty:
        return Section(voice.prose("cause.not_explained"))
    size = float(largest["difference"].abs().max())
    causes = {
        name: rows.sort_values("rank") for name, rows in compared["causes"].groupby("unique_id")
    }
    cells = (
        "{label}",
        "{forecast:scaled}",
        "{actual:scaled}",
        lambda row: Cell(voice.fill("{gap:signed_scaled}", row), tone=tone_of(row["difference"])),
        lambda row: Cell(bar=abs(row["difference"]) / size, tone=tone_of(row["difference"])),
        "{share:share}",
        lambda row: _cause_cell(voice, causes[row["unique_id"]]),
    )
    table = voice.table(
        f"{key}.table",
        largest.assign(gap=-largest["difference"]),
        cells,
        width="outset",
        n=len(largest),
        month=run.month,
        axis=voice.axis,
    )
    text = voice.prose(
        key,
        n=len(largest),
        all=len(missed),
        share=float(largest["share"].sum()),
        error=float(missed["difference"].abs().sum()),
        explained=sum(map(_mostly_explained, (causes[name] for name in largest["unique_id"]))),
    )
    return Section(text, table)


def _mostly_explained(causes: pd.DataFrame) -> bool:
    effect, unexplained = causes["effect"].abs(), causes["cause"] == UNEXPLAINED
    known = effect[~unexplained].sum()
    return bool(known > 0 and known >= effect[unexplained].sum())


def _cause_cell(voice: Voice, causes: pd.DataFrame) -> Cell:
    first = causes.iloc[0]
    cause, effect = first["cause"], first["effect"]
    name = cause_name(voice, cause, effect)
    if pd.notna(effect) and cause != UNEXPLAINED:
        name += f" ({voice.measure.amount(effect, sign=True)})"
    further = [other for other in causes["cause"].iloc[1:] if other != UNEXPLAINED]
    others = wording.listing([cause_name(voice, other).lower() for other in further])
    evidence = _evidence(voice, f"cause.{cause}.evidence", first["facts"])
    return Cell(name, sub=f"{evidence}; also: {others}" if others else evidence)


def people(run: UnitMonth, compared: ComparedMonth) -> Section:
    """What people's changes did by author, and sales and attributed error by salesperson."""
    voice, table, sales = voice_of(run), compared["people"], compared["salespeople"]
    blocks: list[Block] = [voice.prose("retrospective.people.none")]
    if len(table):
        leaning = list(table.loc[table["leans"] != "", "author"])
        blocks = [
            _describe_people(voice, table),
            _bias_figure(run, table, leaning),
            _people_table(run, table),
        ]
    return Section(*blocks, *([_sales_table(run, compared)] if len(sales) else []))


def describe_lean(voice: Voice, row: Row) -> str:
    """Which way an author's changes lean, and how often sales came in on the other side."""
    months = max(row["months_lowered"], row["months_raised"])
    beyond = row["months_too_low" if row["leans"] == "low" else "months_too_high"]
    facts = {"author": row["author"], "leans": row["leans"], "months": months}
    return voice.say("retrospective.people.lean", beyond=beyond, **facts)


def _describe_people(voice: Voice, table: pd.DataFrame) -> Prose:
    leaning = table[table["leans"] != ""].to_dict("records")
    verdict = " ".join(describe_lean(voice, row) for row in leaning)
    counts = {name: int(table[name].sum()) for name in ("changes", "helped")}
    verdict = verdict or voice.say("retrospective.people.fair")
    return Prose(voice.say("retrospective.people", authors=len(table), leaning=verdict, **counts))


def _bias_figure(run: UnitMonth, table: pd.DataFrame, leaning: list[str]) -> Figure:
    from salesfc_lib.reporting import plots

    voice, limit = voice_of(run), run.parameters.retrospective.bias_limit
    detail = [wording.plural(int(n), "change") for n in table["changes"]]
    frame = table.rename(columns={"author": "label", "bias_with": "bias", "bias_without": "mean"})
    frame = frame[["label", "bias", "mean"]].assign(detail=detail)
    drawn = plots.draw(plots.bias_by_owner, frame, limit=limit, heads=("With", "Without"))
    biases = [
        voice.fill(voice.template("retrospective.people.bias"), row)
        for row in table.to_dict("records")
    ]
    title = voice.say(
        f"retrospective.people.title.{'lean' if leaning else 'fair'}", authors=leaning
    )
    facts = {"limit": limit, "biases": "; ".join(biases)}
    return voice.figure("retrospective.people.figure", drawn, title=title, **facts)


def _people_table(run: UnitMonth, table: pd.DataFrame) -> Table:
    voice = voice_of(run)
    cells = (
        "{author}",
        "{raised}",
        "{lowered}",
        "{helped} of {changes}",
        lambda row: Cell(
            voice.fill("{gain:signed_amount}", row), tone="alarm" if row["gain"] < 0 else ""
        ),
        "{bias_with:signed_percent}",
        lambda row: f"leans {row['leans']}" if row["leans"] else "no lean",
    )
    return voice.table("retrospective.people.table", table, cells, width="min40")


def _sales_table(run: UnitMonth, compared: ComparedMonth) -> Table:
    sales, attributed = compared["salespeople"], compared["attributed"]
    voice = voice_of(run).at(sales["actual"])
    errors = attributed.set_index("salesperson")["attributed_difference"] if len(attributed) else {}
    table = sales.head(SHOWN).assign(error=sales["salesperson"].map(errors))
    cells = (
        lambda row: voice.fill("{salesperson}", row) or voice.say("retrospective.sales.unnamed"),
        "{actual:scaled}",
        lambda row: (
            voice.fill("{growth:signed_percent}", row) or voice.say("retrospective.sales.new")
        ),
        "{share:percent}",
        lambda row: Cell(voice.fill("{error:signed_scaled}", row), tone=tone_of(row["error"])),
    )
    return voice.table("retrospective.sales", table, cells, width="min40", month=run.month)


def proposals(run: UnitMonth, compared: ComparedMonth) -> Section:
    """What to change next month, with the evidence, and as a change to the parameter file."""
    voice, table, key = voice_of(run), compared["proposals"], "retrospective.proposals"
    if table.empty:
        return Section(voice.prose(f"{key}.none"))
    cells = (
        lambda row: Cell(row["key"], code=row["kind"] == "parameter"),
        "{now}",
        Cell("{proposed}", bold=True),
        lambda row: _evidence(voice, f"proposal.{row['evidence']}", row["facts"]),
        "{decision}",
    )
    facts: dict[str, Any] = {"n": len(table), "unit": run.unit, "month": run.month}
    block = voice.table(f"{key}.table", table, cells, width="min46", **facts)
    lines = [f"# parameters/units/{run.unit}.yml"]
    for row in table[table["kind"] == "parameter"].to_dict("records"):
        new = f"+{row['key']}: {row['proposed']}  # {run.month} retrospective"
        lines += [f"-{row['key']}: {row['now']}", new]
    diff = [Diff(voice.say(f"{key}.diff"), tuple(lines))] if len(lines) > 1 else []
    return Section(voice.prose(f"{key}.some", n=len(table)), block, *diff)
