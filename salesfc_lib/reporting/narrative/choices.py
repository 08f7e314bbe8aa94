"""What the modeling notebook says series by series: what carries each of them, key accounts, fits that failed.

The modeling step's tables enter; blocks leave.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.forecasting import BOOSTING, REGISTRY, REJECTED
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Prose, Spark, Table
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.narrative.section import Section, columns, iso, measure_of, voice_of

SHOWN = 15  # rows of a table that may be long
LISTED = 25  # series whose choice is told on the page
EQUAL = 1e-9  # difference of two shares that is none
COMBINED = "combined"


def model_name(name: str, run: UnitMonth) -> str:
    """How a model reads: the library's label, or that which the unit's parameters give to one of its own."""
    if name in REGISTRY:
        return REGISTRY[name].label
    if name == BOOSTING:
        return "Correction by XGBoost"
    own = run.parameters.candidates.get(name)
    return "Combination" if name == COMBINED else (own and own.label) or name


def choices(run: UnitMonth, modeled: ModeledMonth) -> Section:
    """Per series what carries the forecast, and why its heaviest model does."""
    voice, table = voice_of(run), modeled.choice_table()
    rows = [
        [
            Cell(str(row["label"]), sub=str(row["level"]).replace("_", " ")),
            _carried(row["weights"], run),
            model_name(row["single"], run) if isinstance(row["weights"], list) else "",
            "" if pd.isna(row["error"]) else wording.percent(row["error"]),
            "" if pd.isna(row["naive"]) else wording.percent(row["naive"]),
            wording.first_upper(str(row["reason"])),
        ]
        for _, row in table[modeled.largest(LISTED)].iterrows()
    ]
    heads = columns(
        "Series", "Heaviest candidate", "Best alone", ">WAPE", ">Naive", "Why it is the heaviest"
    )
    worse, corrected = int((table["error"] > table["naive"]).sum()), _corrected(run, modeled)
    key = "modeling.choices" if modeled.cutoffs else "modeling.choices.none"
    text = voice.say(key, worse=worse, all=len(table), corrected=corrected).strip()
    source = f"Source: tables/weights.parquet, all {len(table)} series."
    block = Table(
        f"What carries each of {len(rows)} series, and why"
        if len(rows) == len(table)
        else f"What carries the {len(rows)} largest of {len(table)} series, and why",
        "WAPE of the combination in the backtest, all distances, beside the seasonal naive's",
        heads,
        rows,
        source=source,
        min_width="min46",
        outset=True,
    )
    return Section(Prose(text), block)


def _carried(weights: list[tuple[str, float]] | float, run: UnitMonth) -> Cell:
    """The heaviest candidate with its weight, the next below it, and how many more there are; a series that ended has none."""
    if not isinstance(weights, list):
        return Cell("ended")
    (name, weight), *others = weights
    then = [f"then {model_name(other, run)} {share:.2f}" for other, share in others[:1]]
    more = [f"{len(others) - 1} more"] if len(others) > 1 else []
    return Cell(f"{model_name(name, run)} {weight:.2f}", sub="; ".join([*then, *more]))


def _corrected(run: UnitMonth, modeled: ModeledMonth) -> str:
    """What the correction carries; nothing where it is off."""
    shares = modeled.corrected()
    if shares.empty:
        return ""
    low, high = float(shares.min()), float(shares.max())
    key = "modeling.choices.corrected" if high - low > EQUAL else "modeling.choices.corrected.same"
    return voice_of(run).say(key, low=low, high=high)


def key_accounts(run: UnitMonth, modeled: ModeledMonth) -> Section:
    """Each key account's history and forecast."""
    voice, measure, table = voice_of(run), measure_of(run), modeled.key_account_table()
    if table.empty:
        return Section(Prose(voice.say("modeling.key.none")))
    rows = []
    for _, row in table.iterrows():
        said = f"{row['label']}: {measure.amount(row['now'])}, then {measure.amount(row['next'])}"
        spark = Spark.of(said, row["history"], forecast=row["ahead"], lo=row["lo"], hi=row["hi"])
        rows.append(
            [
                Cell(str(row["label"]), bold=True, href=modeled.page_of(row["unique_id"])),
                Cell(spark=spark),
                measure.amount(row["now"]),
                Cell(measure.amount(row["next"]), bold=True),
                f"{measure.amount(row['lo'][0])} – {measure.amount(row['hi'][0])}",
                _what_to_know(run, row),
            ]
        )
    ahead = modeled.next_month()
    title = voice.say(
        "modeling.key.title", amount=float(table["next"].sum()), month=iso(ahead["ds"])
    )
    heads = columns(
        "Customer",
        "Twelve months and three ahead",
        f">{wording.month_word(run.month)}",
        f">{ahead['ds']:%B}",
        ">80 %",
        "What to know",
    )
    block = Table(
        title,
        "Twelve months of actuals, three of forecast, 80 % interval",
        heads,
        rows,
        source="Source: tables/forecast.parquet.",
        min_width="min46",
        outset=True,
    )
    return Section(
        Prose(voice.say("modeling.key", n=len(table), share=float(table["share"].sum()))), block
    )


def _what_to_know(run: UnitMonth, row: pd.Series) -> str:
    voice = voice_of(run)
    if row["silent"]:
        return voice.say("modeling.key.gone", months=int(row["silent"]), amount=row["next"])
    if row["year_before"]:
        return voice.say(
            "modeling.key.change",
            change=row["next"] / row["year_before"] - 1,
            month=iso(row["ds"] - pd.DateOffset(years=1)),
        )
    return ""


def failures(run: UnitMonth, modeled: ModeledMonth) -> Section:
    """The fits that failed, grouped by model and message."""
    voice, found = voice_of(run), modeled.failures
    if found.empty:
        return Section(Prose(voice.say("modeling.failures.none")))
    labels = modeled.series.set_index("unique_id")["label"]
    refused = found["error"].str.startswith(REJECTED)
    kind = found["error"].where(
        ~refused, found["error"].str.partition(";")[0]
    )  # without its numbers
    grouped = (
        found.assign(kind=kind)
        .groupby(["model", "kind"])
        .agg(n=("cutoff", "size"), series=("unique_id", "unique"), error=("error", "first"))
        .reset_index()
        .sort_values("n", ascending=False)
    )
    rows = [
        [
            Cell(model_name(row["model"], run), bold=True),
            wording.number(row["n"]),
            wording.listing([str(labels[name]) for name in row["series"]], 3),
            str(row["error"]),
        ]
        for _, row in grouped.head(SHOWN).iterrows()
    ]
    table = Table(
        f"{wording.first_upper(wording.plural(len(found), 'fit'))} failed, shown and not replaced",
        "By model and message, most frequent first",
        columns("Model", ">Fits", "Series", "Message"),
        rows,
        source="Source: tables/failures.parquet.",
        min_width="min40",
    )
    return Section(
        Prose(
            voice.say(
                "modeling.failures.some",
                n=len(found),
                cutoffs=found["cutoff"].nunique(),
                series=found["unique_id"].nunique(),
            )
            + (
                voice.say("modeling.failures.refused", n=int(refused.sum()))
                if refused.any()
                else ""
            )
        ),
        table,
    )
