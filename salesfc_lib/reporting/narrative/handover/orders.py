"""What purchasing and production are to do: orders by month and site, what is first, capacity."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Block, Cell, Tone
from salesfc_lib.reporting.facts.handover import NOW, OVER, HandedMonth
from salesfc_lib.reporting.narrative.handover.parts import (
    basis,
    by_month,
    in_money,
    in_pieces,
    label,
    month_columns,
)
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.writer import Blocks, BlockWriter, Row, writer_of


@in_languages
def order(run: UnitMonth, handed: HandedMonth) -> Blocks:
    """What is to arrive in each month, by site and by series, and the stock that is aimed at."""
    writer, rows = in_pieces(run), label(handed["requirements"], handed)
    if not handed.knows_stock:
        return _demand(writer, handed, rows)
    known = handed.knows_days
    key = "handover.order" if known else "handover.order.undated"
    shown: list[Block] = [writer.prose(key, late=int(rows["late"].sum()))]
    if site := handed.site:
        named = rows.merge(handed.series[["unique_id", site]], on="unique_id")
        sums = named.groupby([site, "ds"])["planned"].sum(min_count=1).reset_index()
        shown.append(_by_month(writer, "sites", sums.rename(columns={site: "label"}), handed))
    shown.append(_by_month(writer, "order", rows, handed))
    if not known:
        return Blocks(*shown, basis(writer, rows.drop_duplicates("unique_id"), "label"))
    policy, settings = label(handed["stock_policy"], handed), run.parameters.handover
    policy["now"] = [
        Cell(wording.number(quantity), tag="bad") if quantity > 0 else Cell("–")
        for quantity in policy["quantity"]
    ]
    facts: dict[str, Any] = {"service": settings.service_level, "review": settings.review_days}
    shown.append(writer.table("handover.policy", policy, **facts))
    both = pd.concat([policy, rows.drop_duplicates("unique_id")], ignore_index=True)
    return Blocks(*shown, basis(writer, both, "label"))


def _by_month(writer: BlockWriter, key: str, rows: pd.DataFrame, handed: HandedMonth) -> Block:
    """Table of planned orders by label and month."""
    wide = by_month(rows, "planned", handed.months)
    wide["sum"] = wide.sum(axis=1)
    columns, unit = month_columns(handed.months, ":count"), writer.measure.unit_name
    table = wide.reset_index()
    return writer.table(f"handover.{key}.table", table, columns=columns, unit=unit)


def _demand(writer: BlockWriter, handed: HandedMonth, rows: pd.DataFrame) -> Blocks:
    """What is needed, where stock and lead times do not say what to order."""
    ranges = rows[["lo-80", "hi-80"]].map(wording.number).agg("–".join, axis=1)
    means = rows["demand"].map(wording.number)
    rows["cell"] = [Cell(mean, sub=each) for mean, each in zip(means, ranges, strict=True)]
    wide = by_month(rows, "cell", handed.months).reset_index()
    columns, unit = month_columns(handed.months), writer.measure.unit_name
    table = writer.table("handover.demand.table", wide, columns=columns, unit=unit)
    return Blocks(writer.prose("handover.order.none"), table, basis(writer, rows, "label"))


@in_languages
def first(run: UnitMonth, handed: HandedMonth) -> Blocks:
    """What to do first: by money, with the day of the stock-out; suppliers that are late."""
    writer, money = writer_of(run), in_money(run)
    urgent, late = label(handed["urgent"], handed), handed.overdue()
    shown: list[Block] = []
    if not handed.knows_stock:
        shown.append(writer.prose("handover.first.none"))
    else:
        acts, hurry = urgent["action"].isin(NOW), urgent["action"].eq("expedite")
        rows = [_describe_urgent(money, row) for row in urgent.to_dict("records")]
        facts: dict[str, Any] = {"n": int(acts.sum()), "all": len(urgent)}
        key, facts["expedite"] = "some" if acts.any() else "calm", int(hurry.sum())
        key = key if handed.knows_days else "undated"
        section = money.section("handover.first", rows, variant=key, notable=[*acts], **facts)
        shown += section.blocks
    if len(late):
        days = [int((handed.months[0] - due).days) for due in late["due"]]
        told = late.assign(days=days, place=_places(late, handed))
        facts = {"n": len(late), "month": handed.months[0]}
        shown.append(in_pieces(run).table("handover.late", told, **facts))
    return Blocks(*shown, basis(writer, urgent, "label"))


def _describe_urgent(writer: BlockWriter, row: Row) -> dict[Any, Any]:
    """A row of the list with its cells."""
    action = "unknown" if pd.isna(row["quantity"]) else row["action"]
    named = writer.name("handover.action", action)
    what = Cell(named, tag="bad" if action in NOW else "plain")
    early, out = "", writer.text("handover.first.later")
    if pd.notna(row["early_on"]):
        early = writer.text("handover.first.early", day=row["early_on"])
    if pd.notna(row["out_on"]):
        out = wording.day(row["out_on"])
    return {**row, "what": what, "out": Cell(out, sub=early)}


def _places(rows: pd.DataFrame, handed: HandedMonth) -> list[str]:
    """Members of each row along what is stocked."""
    names = [name for name in rows if name in handed.series and name not in ("label", "level")]
    every = rows[names].to_numpy()
    return [" · ".join(str(each) for each in row if pd.notna(each)) for row in every]


@in_languages
def capacity(run: UnitMonth, handed: HandedMonth) -> Blocks:
    """Demand against what can be made, by member and month."""
    writer, plan = in_pieces(run), handed["capacity_plan"]
    if plan.empty:
        return Blocks(writer.prose("handover.capacity.none"))
    rows = plan.assign(label=plan["member"], share=plan["demand"] / plan["capacity"])
    rows["cell"] = [_describe_month(writer, row) for row in rows.to_dict("records")]
    months, beyond = sorted(rows["ds"].unique()), handed.beyond()
    wide = by_month(rows, "cell", months).reset_index()
    table = writer.table("handover.capacity.table", wide, columns=month_columns(months))
    facts: dict[str, Any] = {"members": [*beyond["member"].unique()], "n": beyond["ds"].nunique()}
    facts["lack"] = writer.measure.amount(float((beyond["demand"] - beyond["capacity"]).sum()))
    key = "some" if len(beyond) else "enough"
    prose = writer.prose(f"handover.capacity.{key}", all=len(months), **facts)
    return Blocks(prose, table, basis(writer, rows, "label"))


def _describe_month(writer: BlockWriter, row: Row) -> Cell:
    """Demand as a share of capacity, and how likely it is above."""
    over = writer.text("handover.capacity.over", over=row["over"])
    tone: Tone = "alarm" if row["over"] >= OVER else ""
    return Cell(wording.percent(row["share"], 0), tone=tone, sub=over)
