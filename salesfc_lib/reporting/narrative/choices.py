"""What the modeling notebook says series by series: weights, key accounts, fits that failed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.forecasting import BOOSTING, REGISTRY, REJECTED
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Prose, Spark
from salesfc_lib.reporting.facts.modeling import COMBINED, ModeledMonth
from salesfc_lib.reporting.narrative.writer import Blocks, Row, writer_of

SHOWN = 15  # rows of a table that may be long
LISTED = 25  # series whose choice is on the page
EQUAL = 1e-9  # difference of two shares that is none


def model_name(name: str, run: UnitMonth) -> str:
    """How a model reads: the library's label, or the unit's for a candidate of its own."""
    if name in REGISTRY:
        return REGISTRY[name].label
    own = run.parameters.candidates.get(name)
    return (
        {BOOSTING: "Correction by XGBoost", COMBINED: "Combination"}.get(name)
        or (own and own.label)
        or name
    )


def choices(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Per series what carries the forecast, and why its heaviest model does."""
    writer, table, key = writer_of(run), modeled.choice_table(), "modeling.choices"
    shown = table[modeled.largest(LISTED)]

    def carried(row: Row) -> Cell:
        """The heaviest candidate with its weight, the next below it, the number of the rest."""
        if not isinstance(row["weights"], list):  # the series came to an end
            return Cell(writer.text(f"{key}.ended"))
        (name, weight), *others = row["weights"]
        then = [f"then {model_name(other, run)} {share:.2f}" for other, share in others[:1]]
        more = [f"{len(others) - 1} more"] if len(others) > 1 else []
        return Cell(f"{model_name(name, run)} {weight:.2f}", sub="; ".join(then + more))

    cells = (
        Cell("{label}", sub="{level:spaced}"),
        carried,
        lambda row: model_name(row["single"], run) if isinstance(row["weights"], list) else "",
        "{error:percent}",
        "{naive:percent}",
        "{reason:upper}",
    )
    facts: dict[str, Any] = {"shown": len(shown), "n": len(table)}
    title = writer.text(f"{key}.title.{'all' if len(shown) == len(table) else 'some'}", **facts)
    block = writer.table(f"{key}.table", shown, cells, title=title, width="outset", **facts)
    worse = int((table["error"] > table["naive"]).sum())
    facts |= {"worse": worse, "all": len(table), "corrected": _boosted(run, modeled)}
    return Blocks(
        Prose(writer.text(key if modeled.cutoffs else f"{key}.none", **facts).strip()), block
    )


def _boosted(run: UnitMonth, modeled: ModeledMonth) -> str:
    """What the global residual model carries; nothing where it is off."""
    shares = modeled.boosted()
    if shares.empty:
        return ""
    low, high = float(shares.min()), float(shares.max())
    key = "modeling.choices.corrected" if high - low > EQUAL else "modeling.choices.corrected.same"
    return writer_of(run).text(key, low=low, high=high)


def key_accounts(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """Each key account's history and forecast."""
    writer, table, key = writer_of(run), modeled.key_account_table(), "modeling.key"
    if table.empty:
        return Blocks(writer.prose(f"{key}.none"))

    def spark(row: Row) -> Cell:
        label, (lo, hi) = writer.text(f"{key}.spark", **row), (row["lo"], row["hi"])
        return Cell(spark=Spark.of(label, row["history"], forecast=row["ahead"], lo=lo, hi=hi))

    def remark(row: Row) -> str:
        if row["silent"]:
            return writer.text(f"{key}.gone", **row)
        month = row["ds"] - pd.DateOffset(years=1)
        return "" if pd.isna(row["change"]) else writer.text(f"{key}.change", month=month, **row)

    cells = (
        lambda row: Cell(row["label"], bold=True, href=modeled.page_of(row["unique_id"])),
        spark,
        "{now:amount}",
        Cell("{next:amount}", bold=True),
        "{lo[0]:amount} – {hi[0]:amount}",
        remark,
    )
    facts = {"n": len(table), "share": float(table["share"].sum()), "amount": table["next"].sum()}
    facts |= {"month": run.month, "ds": modeled.next_month()["ds"]}
    block = writer.table(f"{key}.table", table, cells, width="outset", **facts)
    return Blocks(writer.prose(key, **facts), block)


def failures(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """The fits that failed, grouped by model and message."""
    writer, found, key = writer_of(run), modeled.failures, "modeling.failures"
    n = len(found)
    if found.empty:
        return Blocks(writer.prose(f"{key}.none"))
    labels = modeled.series.set_index("unique_id")["label"]
    rejected = found["error"].str.startswith(REJECTED)
    without_numbers = found["error"].str.partition(";")[0]
    kinds = found.assign(
        kind=found["error"].mask(rejected, without_numbers),
        label=found["unique_id"].map(labels).astype(str),
    ).groupby(["model", "kind"])
    table = kinds.agg(n=("cutoff", "size"), labels=("label", "unique"), error=("error", "first"))
    table = table.reset_index().sort_values("n", ascending=False)
    cells = (
        lambda row: Cell(model_name(row["model"], run), bold=True),
        "{n:count}",
        lambda row: wording.listing(list(row["labels"]), 3),
        "{error}",
    )
    block = writer.table(f"{key}.table", table.head(SHOWN), cells, width="min40", n=n)
    cutoffs, series = found["cutoff"].nunique(), found["unique_id"].nunique()
    text = writer.text(f"{key}.some", n=n, cutoffs=cutoffs, series=series)
    if rejected.any():
        text += writer.text(f"{key}.refused", n=int(rejected.sum()))
    return Blocks(Prose(text), block)
