"""Which models carry the forecast: in all, series by series, for key accounts; which failed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.forecasting import BOOSTING, refusal_of
from salesfc_lib.foundation import SEASON, language, wording
from salesfc_lib.reporting.blocks import Cell, Spark
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.writer import Blocks, BlockWriter, Row, writer_of

HEAVIEST = 10  # models whose weight has a row of its own
SHOWN = 15  # rows of a table that may be long
LISTED = 25  # series whose choice is on the page
EQUAL = 1e-9  # difference of two shares that is none


def model_name(name: str, run: UnitMonth) -> str:
    """How a model reads: by the catalogue, or by the unit's label for a candidate of its own."""
    own = run.parameters.candidates.get(name)
    return language.sentences().get(f"model.{name}") or (own and own.label) or name


def weight_rows(
    writer: BlockWriter, weights: pd.DataFrame, folded_reason: str
) -> list[dict[Any, Any]]:
    """Rows of the heaviest models, heaviest first; those of the others folded into one.

    `folded_reason` is a sentence of the `low`est and `high`est folded weight.
    """
    n = len(weights) if len(weights) == HEAVIEST + 1 else HEAVIEST
    rows, rest = weights.head(n).to_dict("records"), weights["weight"].iloc[n:]
    if rest.empty:
        return rows
    name = writer.text("modeling.weights.folded", n=len(rest))
    reason = writer.text(folded_reason, low=rest.min(), high=rest.max())
    missing = dict.fromkeys(weights.columns)
    return [*rows, missing | {"name": name, "weight": rest.sum(), "reason": reason}]


@in_languages
def weights(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Mean weight of each model at the bottom, with its error; beyond the heaviest in one row."""
    writer, table, key = writer_of(run), modeled.weight_table(), "modeling.weights"
    largest, boosted = max(float(table["weight"].max()), 1e-9), table["model"] == BOOSTING
    titles = [model_name(name, run) for name in table["model"]]
    cells = zip(titles, table["used"], strict=True)
    table["name"] = [Cell(title, bold=bool(used)) for title, used in cells]
    reasons = boosted.map({True: f"{key}.corrects", False: f"{key}.reason"})
    reasons = reasons.where(table["used"] > 0, f"{key}.never")
    described = zip(reasons, table.to_dict("records"), strict=True)
    table["reason"] = [writer.text(reason, **row) for reason, row in described]
    rows = weight_rows(writer, table, f"{key}.folded.reason")
    for row in rows:
        share = min(row["weight"] / largest, 1.0)
        row["bar"] = Cell(bar=share, tone="" if row["model"] else "muted")
    candidates, share = table[~boosted], float(table.loc[boosted, "weight"].sum())
    first = candidates.iloc[0]
    name = model_name(first["model"], run)
    block = writer.table(
        f"{key}.table",
        rows,
        name=name,
        weight=first["weight"],
        corrected=describe_correction(writer, share),
    )
    facts = {"carrying": int((candidates["used"] > 0).sum()), "all": len(candidates)}
    text = f"{key}.{'boosted' if share else 'plain'}"
    return Blocks(writer.prose(text, share=share, **facts), block)


def describe_correction(writer: BlockWriter, share: float) -> str:
    """What the global residual model has beside the candidates; nothing where it has none."""
    return writer.text("modeling.weights.correction", share=share) if share else ""


@in_languages
def models_by_series(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Per series what carries the forecast, and why its heaviest model does."""
    writer, table = writer_of(run), modeled.choice_table()
    year = modeled.panel["ds"] > modeled.cutoff - pd.DateOffset(months=SEASON)
    sales = modeled.panel[year].groupby("unique_id")["y_raw"].sum()
    sales = table["unique_id"].map(sales).fillna(0.0)
    place = sales.rank(method="first", ascending=False)
    shown = table[place <= LISTED]
    single = shown["single"].map(lambda name: model_name(name, run))
    return writer.section(
        "modeling.choices",
        shown.assign(
            heaviest=[_describe_weights(writer, run, pairs) for pairs in shown["weights"]],
            single=single.where(shown["weights"].notna(), ""),
        ),
        variant="some" if modeled.cutoffs else "not_judged",
        notable=(place[shown.index] <= HEAVIEST) | (shown["error"] > shown["naive"]),
        title_key=f"modeling.choices.title.{'all' if len(shown) == len(table) else 'some'}",
        shown=len(shown),
        n=len(table),
        worse=int((table["error"] > table["naive"]).sum()),
        corrected=_describe_boosting(run, modeled),
    )


def _describe_weights(writer: BlockWriter, run: UnitMonth, pairs: object) -> Cell:
    """The heaviest candidate with its weight, the next below it, the number of the rest."""
    if not isinstance(pairs, list):  # the series came to an end
        return Cell(writer.text("modeling.choices.ended"))
    keys = zip(("heaviest", "then"), pairs, strict=False)
    first, *then = (
        writer.text(f"modeling.choices.{key}", name=model_name(name, run), weight=weight)
        for key, (name, weight) in keys
    )
    more = writer.text("modeling.choices.more", n=len(pairs) - 2) if len(pairs) > 2 else ""
    return Cell(first, sub=wording.semicolons([*then, more]))


def _describe_boosting(run: UnitMonth, modeled: ModeledMonth) -> str:
    """What the global residual model carries; nothing where it is off."""
    rows = modeled.weights[modeled.weights["model"] == BOOSTING]
    shares = rows.loc[rows["weight"] > 0, "weight"]
    if shares.empty:
        return ""
    low, high = float(shares.min()), float(shares.max())
    key = "modeling.choices.corrected" if high - low > EQUAL else "modeling.choices.corrected.same"
    return writer_of(run).text(key, low=low, high=high)


@in_languages
def key_accounts(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Each key account's history and forecast."""
    writer, table = writer_of(run), modeled.key_account_table()
    rows = [_describe_account(writer, row) for row in table.to_dict("records")]
    return writer.section(
        "modeling.key",
        rows,
        n=len(rows),
        share=float(table["share"].sum()),
        amount=sum(row["next"] for row in rows),
        month=run.month,
        ds=modeled.next_month()["ds"],
    )


def _describe_account(writer: BlockWriter, row: dict[Any, Any]) -> Row:
    label, (lo, hi) = writer.text("modeling.key.spark", **row), (row["lo"], row["hi"])
    spark = Spark(label, row["history"], forecast=row["ahead"], lo=lo, hi=hi)
    key = "gone" if row["silent"] else "" if pd.isna(row["change"]) else "change"
    month = row["ds"] - pd.DateOffset(years=1)
    remark = writer.text(f"modeling.key.{key}", month=month, **row) if key else ""
    name = Cell(row["label"], bold=True, href=row["page"])
    return row | {"name": name, "spark": Cell(spark=spark), "remark": remark}


@in_languages
def failures(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """The fits that failed, grouped by model and message."""
    writer, failed, key = writer_of(run), modeled.failures, "modeling.failures"
    n = len(failed)
    if failed.empty:
        return Blocks(writer.prose(f"{key}.none"))
    labels = modeled.series.set_index("unique_id")["label"]
    refusal = failed["error"].map(refusal_of)
    rejected = refusal != ""
    kinds = failed.assign(
        kind=failed["error"].mask(rejected, refusal),
        label=failed["unique_id"].map(labels).astype(str),
    ).groupby(["model", "kind"])
    table = kinds.agg(n=("cutoff", "size"), labels=("label", "unique"), error=("error", "first"))
    table = table.reset_index().sort_values("n", ascending=False).head(SHOWN)
    table["name"] = [model_name(name, run) for name in table["model"]]
    table["labels"] = [wording.listing(writer.said(list(labels)), 3) for labels in table["labels"]]
    return writer.section(
        key,
        table,
        n=n,
        cutoffs=failed["cutoff"].nunique(),
        series=failed["unique_id"].nunique(),
        refused=writer.text(f"{key}.refused", n=int(rejected.sum())) if rejected.any() else "",
    )
