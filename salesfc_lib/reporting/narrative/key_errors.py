"""How well a key series was forecast: what was published, else the backtest, against sales."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.foundation import SEASON, template_of, wording
from salesfc_lib.reporting.blocks import Block, Cell, Fact, Prose, Table
from salesfc_lib.reporting.facts.key import KeyMonth
from salesfc_lib.reporting.narrative.writer import BlockWriter, Row, tone_of

EVEN = 0.0005  # bias that rounds to none


def error_facts(writer: BlockWriter, key: KeyMonth) -> list[Fact]:
    """The error and what its interval held, as far as they are known."""
    if key.judged == "nothing":
        return []
    errors = key.errors()
    if key.judged == "archive":
        row = errors.iloc[0].to_dict()
    else:
        counted = errors[["inside", "bounded"]].sum()
        row = {"wape": key.backtest_wape(), "cutoffs": len(errors), **counted}
    facts = [] if pd.isna(row["wape"]) else [writer.fact(f"key.fact.{key.judged}", **row)]
    inside = pd.notna(row["bounded"]) and row["bounded"]
    return [*facts, writer.fact("key.fact.inside", **row)] if inside else facts


def describe_errors(writer: BlockWriter, key: KeyMonth) -> str:
    """The error one month ahead in one sentence."""
    if key.judged == "nothing":
        return writer.text("key.summary.nothing")
    errors = key.errors()
    if key.judged == "backtest":
        wape = key.backtest_wape()
        verdict = "key.summary.nothing" if pd.isna(wape) else "key.summary.backtest"
        return writer.text(verdict, wape=wape, cutoffs=len(errors))
    first = errors.iloc[0].to_dict()
    if pd.isna(first["wape"]):
        forecast = key.archived.loc[key.archived["h"] == first["h"], "y_hat"].sum()
        return writer.text("key.summary.zero", forecast=forecast, **first)
    if abs(first["bias"]) < EVEN:
        return writer.text("key.summary.even", **first)
    side = writer.text("side.high" if first["bias"] > 0 else "side.low")
    return writer.text("key.summary.archive", side=side, **first | {"bias": abs(first["bias"])})


def error_blocks(writer: BlockWriter, key: KeyMonth) -> tuple[Block, ...]:
    """The errors by month, or by cutoff of the backtest."""
    if key.judged == "nothing":
        return (writer.prose("key.errors.nothing"),)
    errors = key.errors()
    if key.judged == "backtest":
        return writer.prose("key.errors.backtest"), _backtest_table(writer, key, errors)
    keys = errors["bounded"].gt(0).map({True: "key.errors.lag", False: "key.errors.lag.open"})
    rows = errors.assign(key=keys).dropna(subset=["wape"]).to_dict("records")
    lags = wording.paragraph(writer.fill(template_of(row["key"]), row) for row in rows)
    text = writer.text("key.errors.archive", lags=lags).strip()
    return Prose(text), _archive_table(writer, key, errors)


def _archive_table(writer: BlockWriter, key: KeyMonth, errors: pd.DataFrame) -> Table:
    first, rows = errors.iloc[0], key.archived.sort_values("ds").to_dict("records")
    months: dict[pd.Timestamp, dict[str, Any]] = {}
    for row in rows:
        month = months.setdefault(row["ds"], {"ds": row["ds"], "actual": row["actual"]})
        month |= {f"lag{row['h']}": row["y_hat"], f"gap{row['h']}": _gap_cell(writer, row)}
    far = "" if first["h"] == 1 else ".far"
    title = "key.errors.title.zero" if pd.isna(first["wape"]) else f"key.errors.title{far}"
    lags = [int(h) for h in errors["h"]]
    missing = {f"{name}{h}": None for h in lags for name in ("lag", "gap")}
    return writer.table(
        "key.errors.archive.table",
        [missing | month for month in list(months.values())[-SEASON:]],
        columns={
            writer.text("key.errors.heads", h=h): f"{{lag{h}:amount}} ?? – | {{gap{h}}}"
            for h in lags
        },
        title_key=title,
        **first,
    )


def _gap_cell(writer: BlockWriter, row: Row) -> Cell:
    """By how much a forecast was off, marked where the actual lay outside its interval."""
    outside = pd.notna(row["lo-80"]) and not row["lo-80"] <= row["actual"] <= row["hi-80"]
    gap = row["y_hat"] - row["actual"]
    text = "{share:signed_percent}" if row["actual"] else "{gap:signed_amount}"
    share = gap / row["actual"] if row["actual"] else None
    cross = "✕ " if outside else ""
    return Cell(cross + writer.fill(text, {"gap": gap, "share": share}), tone=tone_of(gap))


def _backtest_table(writer: BlockWriter, key: KeyMonth, errors: pd.DataFrame) -> Table:
    wape, table = key.backtest_wape(), "key.errors.backtest.table"
    title = "zero" if pd.isna(wape) else "backtest"
    rows = errors.assign(toned=writer.toned("{bias:signed_percent}", errors, "bias"))
    return writer.table(table, rows, title_key=f"key.errors.title.{title}", wape=wape)
