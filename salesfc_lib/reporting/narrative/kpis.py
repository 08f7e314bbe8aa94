"""KPIs in words: each value with the months it rests on, its formula, and what it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from salesfc_lib.foundation import amounts, wording
from salesfc_lib.reporting.blocks import Cell
from salesfc_lib.reporting.catalogue import Sentences
from salesfc_lib.reporting.narrative.writer import Row
from salesfc_lib.retrospective import KPIS, Kpi


def describe_kpis(rows: Iterable[Row], currency: str) -> list[dict[str, Any]]:
    """A row for each KPI out of its rows of table `kpis`, one a window; unknown ones are left out.

    Cells: `name`, with formula, sources and what they lack or which months they have; `over <n>`
    months; `before`, a year earlier over the longest window. known: whether any window has a value;
    better: whether the longest is better than a year earlier, None where that cannot be said.
    """
    writer = Sentences(amounts.AmountFormat(currency))
    by_kpi: dict[str, dict[int, Row]] = {}
    for row in rows:
        if row["kpi"] in KPIS:
            by_kpi.setdefault(row["kpi"], {})[int(row["window"])] = row
    return [_describe(writer, name, over) for name, over in by_kpi.items()]


def count_kpis(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """How many KPIs there are (all), have data (n), are known a year earlier too (compared), and
    the names of those that did better than then.
    """
    rows = list(rows)
    compared = [row["better"] for row in rows if row["better"] is not None]
    better = [row["title"] for row in rows if row["better"]]
    counts = {"n": sum(row["known"] for row in rows), "all": len(rows), "compared": len(compared)}
    return {**counts, "better": len(better), "names": better}


def _describe(writer: Sentences, name: str, over: Mapping[int, Row]) -> dict[str, Any]:
    kpi, longest, title = KPIS[name], over[max(over)], writer.name("kpi", name)
    better = _is_better(kpi, longest["value"], longest["before"])
    way = "" if better is None else writer.text(f"kpi.{'better' if better else 'worse'}")
    return {
        "kpi": name,
        "title": title,
        "name": Cell(title, _explain(writer, name, longest), bold=not kpi.is_detail),
        **{f"over {months}": _value(writer, kpi, row) for months, row in over.items()},
        "before": Cell(_write(writer, kpi, longest["before"]), way, tone="muted"),
        "known": any(pd.notna(row["value"]) for row in over.values()),
        "better": better,
    }


def _is_better(kpi: Kpi, value: float | None, before: float | None) -> bool | None:
    """Whether a KPI is better than it was, None where both are the same or one is not known."""
    if value is None or before is None or pd.isna(value) or pd.isna(before) or value == before:
        return None
    if kpi.better == "near":
        return abs(value - kpi.aim) < abs(before - kpi.aim)
    return (value > before) is (kpi.better == "high")


def _value(writer: Sentences, kpi: Kpi, row: Row) -> Cell:
    """A value, and how many of its months are known where they are not all."""
    months, window = int(row["months"]), int(row["window"])
    if pd.isna(row["value"]):
        return Cell(_write(writer, kpi, None), tone="muted")
    part = writer.text("kpi.part", months=months, window=window) if months < window else ""
    return Cell(_write(writer, kpi, row["value"]), part)


def _write(writer: Sentences, kpi: Kpi, value: float | None) -> str:
    known = value is not None and pd.notna(value)
    return writer.text(f"kpi.unit.{kpi.unit}" if known else "kpi.none", value=value)


def _explain(writer: Sentences, name: str, row: Row) -> str:
    """Formula and sources, with what is missing, or else the first and the last month."""
    sources = [writer.name("kpi.source", each) for each in row["source"].split(", ")]
    months = {"first": row["first"], "last": row["last"]}
    rests = writer.said(row["needs"]) or writer.text("kpi.span", **months)
    formula = writer.text(f"kpi.formula.{name}")
    source = wording.commas(sources)
    return writer.text("kpi.explained", formula=formula, source=source, rests=rests)
