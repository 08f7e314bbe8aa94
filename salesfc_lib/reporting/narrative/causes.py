"""What the retrospective says of reasons: causes of misses, people's changes, proposals with their evidence.

The retrospective step's tables enter; blocks leave. The decision made here: a cause is named with what it rests on, and
what no table explains is called not explained.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Diff, Figure, Prose, Table, Tone
from salesfc_lib.reporting.catalogue import Voice
from salesfc_lib.reporting.facts.retrospective import ReviewedMonth
from salesfc_lib.reporting.narrative.section import Section, columns, in_words, measure_of, voice_of
from salesfc_lib.retrospective import read_facts

UNEXPLAINED = "not_explained"
SHOWN = 12  # salespeople listed


def cause_name(voice: Voice, cause: str, effect: float = float("nan")) -> str:
    """How a cause reads; with its effect on sales against the forecast, which way people changed it."""
    if cause == "change_by_people" and pd.notna(effect):
        return voice.say("cause.raised_by_people" if effect < 0 else "cause.lowered_by_people")
    return voice.say(f"cause.{cause}")


def evidence_text(voice: Voice, cause: str, facts: str) -> str:
    """What a cause rests on, in a few words."""
    return voice.say(f"cause.{cause}.evidence", **_worded(read_facts(facts)))


def _worded(facts: dict[str, object]) -> dict[str, object]:
    return {key: (0 if value is None else value) for key, value in facts.items()}


def difference(run: UnitMonth, review: ReviewedMonth) -> Section:
    """From the forecast to the actual, one step per cause."""
    from salesfc_lib.reporting import plots

    voice, measure, now, steps = voice_of(run), measure_of(run), review.now, review["difference"]
    gap = float(now["actual"] - now["forecast"])
    scale = wording.scale_for([now["actual"], now["forecast"]])
    unexplained = float(steps.loc[steps["cause"] == UNEXPLAINED, "effect"].sum())
    frame = pd.DataFrame(
        [("Forecast", now["forecast"], "start"), *((cause_name(voice, row["cause"], row["effect"]), row["effect"], "unexplained" if row["cause"] == UNEXPLAINED else "cause") for _, row in steps.iterrows()),
         ("Actual", now["actual"], "end")], columns=["label", "value", "kind"],
    )  # fmt: skip
    wide, slim = plots.draw(plots.waterfall, frame, scale=scale)
    named = gap - unexplained
    title = voice.say(
        "retrospective.difference.title"
        if len(steps) > 1
        else "retrospective.difference.title.none",
        named=named,
        unexplained=unexplained,
    )
    rows = [
        [
            row["label"],
            measure.scaled(row["value"], scale, sign=row["kind"] in ("cause", "unexplained")),
        ]
        for _, row in frame.iterrows()
    ]
    figure = Figure(
        title,
        f"From the {wording.month_name(run.month)} forecast made one month ahead to actual sales, {measure.axis(scale)}; totals are marks on a cut axis, not bars",
        "Steps from forecast to actual: " + "; ".join(f"{row[0]} {row[1]}" for row in rows) + ".",
        wide,
        slim,
        "Source: tables/difference.parquet. Causes come from the order, promotion, stock, returns and change tables; what no table explains stays not explained.",
        Table("Numbers behind this figure", "", columns("Cause", f">{measure.axis(scale)}"), rows),
    )
    text = voice.say(
        "retrospective.difference",
        causes=int((steps["cause"] != UNEXPLAINED).sum()),
        forecast=now["forecast"],
        actual=now["actual"],
        unexplained=unexplained,
    )
    return Section(Prose(text), figure)


def misses(run: UnitMonth, review: ReviewedMonth) -> Section:
    """The largest misses, each with its likely causes and their evidence."""
    voice, measure, largest, causes = (
        voice_of(run),
        measure_of(run),
        review["misses"],
        review["causes"],
    )
    if largest.empty:
        return Section(Prose(voice.say("cause.not_explained")))
    scale = wording.scale_for([*largest["forecast"], *largest["actual"]])
    size = float(largest["difference"].abs().max())
    rows = []
    for _, row in largest.iterrows():
        tone: Tone = "over" if row["difference"] > 0 else "under"
        rows.append([
            Cell(str(row["label"])), measure.scaled(row["forecast"], scale), measure.scaled(row["actual"], scale),
            Cell(measure.scaled(-row["difference"], scale, sign=True), tone=tone), Cell(bar=abs(row["difference"]) / size, tone=tone), wording.percent(row["share"], 0),
            _cause_cell(voice, causes[causes["unique_id"] == row["unique_id"]].sort_values("rank")),
        ])  # fmt: skip
    heads = columns(
        "Series", ">Forecast", ">Actual", ">Difference", "Size", ">Share", "Cause and evidence"
    )
    heads[4] = type(heads[4])("Size", "l", small=False, silent=True)
    explained = sum(
        _mostly_explained(causes[causes["unique_id"] == name]) for name in largest["unique_id"]
    )
    missed = review["missed"]
    text = voice.say(
        "retrospective.misses",
        n=len(largest),
        all=len(missed),
        share=float(largest["share"].sum()),
        error=float(missed["difference"].abs().sum()),
        explained=explained,
    )
    table = Table(
        voice.say("retrospective.misses.title", n=len(largest)),
        f"{wording.month_name(run.month)}, {measure.axis(scale)}; difference = actual − forecast; share of the absolute error of all bottom series",
        heads,
        rows,
        source="Source: tables/misses.parquet, tables/causes.parquet.",
        outset=True,
        min_width="min46",
    )
    return Section(Prose(wording.first_upper(text)), table)


def _mostly_explained(causes: pd.DataFrame) -> bool:
    known = causes.loc[causes["cause"] != UNEXPLAINED, "effect"].abs().sum()
    return bool(
        known > 0 and known >= causes.loc[causes["cause"] == UNEXPLAINED, "effect"].abs().sum()
    )


def _cause_cell(voice: Voice, causes: pd.DataFrame) -> Cell:
    first = causes.iloc[0]
    named = cause_name(voice, first["cause"], first["effect"])
    if pd.notna(first["effect"]) and first["cause"] != UNEXPLAINED:
        named += f" ({voice.measure.amount(first['effect'], sign=True)})"
    others = [
        cause_name(voice, cause).lower()
        for cause in causes["cause"].iloc[1:]
        if cause != UNEXPLAINED
    ]
    sub = evidence_text(voice, first["cause"], first["facts"])
    return Cell(named, sub=f"{sub}; also: {wording.listing(others)}" if others else sub)


def people(run: UnitMonth, review: ReviewedMonth) -> Section:
    """What people's changes did by author, and sales and attributed error by salesperson."""
    voice, table = voice_of(run), review["people"]
    blocks: list[Prose | Figure | Table]
    blocks = (
        [Prose(voice.say("retrospective.people.none"))]
        if table.empty
        else [
            Prose(_people_text(voice, table)),
            _leaning(run, voice, table),
            _people_table(run, table),
        ]
    )
    sales = review["salespeople"]
    return Section(*blocks, *([_sales_table(run, review, sales)] if len(sales) else []))


def _people_text(voice: Voice, table: pd.DataFrame) -> str:
    leaning = table[table["leans"] != ""]
    said = [
        voice.say("retrospective.people.lean", author=row["author"], leans=row["leans"], months=max(row["months_lowered"], row["months_raised"]),
                  beyond=row["months_too_low"] if row["leans"] == "low" else row["months_too_high"])
        for _, row in leaning.iterrows()
    ]  # fmt: skip
    verdict = " ".join(said) or voice.say("retrospective.people.fair")
    return voice.say(
        "retrospective.people",
        authors=len(table),
        changes=int(table["changes"].sum()),
        helped=int(table["helped"].sum()),
        leaning=verdict,
    )


def _leaning(run: UnitMonth, voice: Voice, table: pd.DataFrame) -> Figure:
    from salesfc_lib.reporting import plots

    limit = run.parameters.retrospective.bias_limit
    frame = pd.DataFrame(
        {
            "label": table["author"].astype(str),
            "detail": [wording.plural(int(n), "change") for n in table["changes"]],
            "bias": table["bias_with"],
            "mean": table["bias_without"],
        }
    )
    wide, slim = plots.draw(plots.bias_by_owner, frame, limit=limit, heads=("With", "Without"))
    leaning = list(table.loc[table["leans"] != "", "author"])
    said = "; ".join(
        f"{row['author']} {wording.signed_percent(row['bias_with'])} with, {wording.signed_percent(row['bias_without'])} without"
        for _, row in table.iterrows()
    )
    return Figure(
        voice.say(
            "retrospective.people.title.lean" if leaning else "retrospective.people.title.fair",
            authors=leaning,
        ),
        f"Bias of the series that each author changed, with the changes (bar) and without them (diamond), last twelve months; shaded: the agreed ±{wording.percent(limit, 0)}",
        f"Bias by author: {said}.",
        wide,
        slim,
        "Source: tables/people.parquet. Bias = (forecast − actual) / actual.",
    )


def _people_table(run: UnitMonth, table: pd.DataFrame) -> Table:
    measure = measure_of(run)
    rows = [
        [
            Cell(str(row["author"])),
            str(row["raised"]),
            str(row["lowered"]),
            f"{row['helped']} of {row['changes']}",
            Cell(measure.amount(row["gain"], sign=True), tone="alarm" if row["gain"] < 0 else ""),
            wording.signed_percent(row["bias_with"]),
            f"leans {row['leans']}" if row["leans"] else "no lean",
        ]
        for _, row in table.iterrows()
    ]
    return Table(
        "What each author's changes did",
        "Last twelve months that can be judged; gain = absolute error saved by the changes, below zero they made it worse",
        columns("Author", ">Raised", ">Lowered", ">Helped", ">Gain", ">Bias", "Reading"),
        rows,
        source="Source: tables/people.parquet.",
        min_width="min40",
    )


def _sales_table(run: UnitMonth, review: ReviewedMonth, sales: pd.DataFrame) -> Table:
    measure = measure_of(run)
    attributed = (
        review["attributed"].set_index("salesperson")["attributed_difference"]
        if len(review["attributed"])
        else pd.Series(dtype=float)
    )
    scale = wording.scale_for(sales["actual"])
    rows = []
    for _, row in sales.head(SHOWN).iterrows():
        name, error = row["salesperson"], attributed.get(row["salesperson"])
        shown = "" if error is None or pd.isna(error) else measure.scaled(error, scale, sign=True)
        rows.append(
            [
                Cell(str(name) if pd.notna(name) else "without a name"),
                measure.scaled(row["actual"], scale),
                wording.signed_percent(row["growth"]) if pd.notna(row["growth"]) else "new",
                wording.percent(row["share"]),
                Cell(shown, tone="" if not shown else "over" if error > 0 else "under"),
            ]
        )
    return Table(
        voice_of(run).say("retrospective.sales.title"),
        f"{wording.month_name(run.month)}; attributed error = forecast − actual of the series they sell, by their share of the twelve months before",
        columns("Salesperson", ">Sold", ">On a year before", ">Share", ">Attributed error"),
        rows,
        source="Source: tables/salespeople.parquet, tables/attributed.parquet.",
        min_width="min40",
    )


def proposals(run: UnitMonth, review: ReviewedMonth) -> Section:
    """What to change next month, with the evidence, and the same as a change to the parameter file."""
    voice, table = voice_of(run), review["proposals"]
    if table.empty:
        return Section(Prose(voice.say("retrospective.proposals.none")))
    rows = [
        [
            Cell(str(row["key"]), code=row["kind"] == "parameter"),
            str(row["now"]),
            Cell(str(row["proposed"]), bold=True),
            _evidence(voice, row),
            str(row["decision"]),
        ]
        for _, row in table.iterrows()
    ]
    block = Table(
        wording.first_upper(voice.say("retrospective.proposals.title", n=len(table))),
        f"Keys of parameters/units/{run.unit}.yml, and practices; observed through {in_words(review.month)}",
        columns("Key", ">Now", ">Proposed", "Evidence", "|Decision"),
        rows,
        source="Source: tables/proposals.parquet.",
        min_width="min46",
    )
    keys = table[table["kind"] == "parameter"]
    lines = [f"# parameters/units/{run.unit}.yml"]
    for _, row in keys.iterrows():
        lines += [
            f"-{row['key']}: {row['now']}",
            f"+{row['key']}: {row['proposed']}  # {run.month} retrospective",
        ]
    diff = [Diff("The same as a change to the parameter file", tuple(lines))] if len(keys) else []
    return Section(
        Prose(wording.first_upper(voice.say("retrospective.proposals.some", n=len(table)))),
        block,
        *diff,
    )


def _evidence(voice: Voice, row: pd.Series) -> str:
    return voice.say(f"proposal.{row['evidence']}", **_worded(read_facts(row["facts"])))
