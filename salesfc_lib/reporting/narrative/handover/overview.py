"""What departments are to do, in one title, three sentences and four numbers; what is missing."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import amounts, wording
from salesfc_lib.reporting.blocks import Answer, Fact
from salesfc_lib.reporting.facts.handover import HandedMonth
from salesfc_lib.reporting.narrative.handover.parts import in_money, in_pieces, label
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.record import record_and_checks
from salesfc_lib.reporting.narrative.writer import Blocks, context_line, writer_of

RANGE = {"mean": "mean", "low": "lo-80", "high": "hi-80"}  # facts and columns of table outlook
COLUMNS = {  # that a source of a role may have, beside dimensions and `product`
    "lead_times": ("days", "spread", "lot", "minimum", "shelf_life", "supplier"),
    "stock": ("date", "stock"),
    "open_orders": ("kind", "due", "quantity", "order_id"),
    "prices": ("price", "start", "terms"),
    "costs": ("cost", "start", "terms"),
    "capacity": ("ds", "capacity"),
}


@in_languages
def answer(run: UnitMonth, handed: HandedMonth) -> Answer:
    """The top of the page."""
    writer, settings = writer_of(run), run.parameters.handover
    facts = describe(run, handed)
    how = {"paths": settings.paths, "service": settings.service_level}
    kind = writer.text(f"handover.service.{settings.service}", **how)
    return Answer(
        context_line(run, "Handover"),
        writer.text(f"handover.title.{facts['state']}", **facts),
        (
            writer.text("handover.summary.needed", **facts),
            writer.text(f"handover.summary.{facts['state']}", **facts),
            wording.paragraph(_say_further(run, handed)),
        ),
        note=writer.text("run.note", month=run.month, series=len(handed.items), measure=kind),
        facts=_facts(run, handed, facts),
        changes_title=writer.since(None if handed.before is None else run.month_before),
        changes=_changes(run, handed),
    )


def describe(run: UnitMonth, handed: HandedMonth) -> dict[str, Any]:
    """Facts of the sentences: what is needed and brought, what to order, what is at stake.

    state: order, none, or without lead times arrive, without stock unknown.
    """
    pieces, money = in_pieces(run).measure, in_money(run).measure
    now = label(handed.to_order(), handed)
    facts: dict[str, Any] = {"unit": run.title, "all": len(handed.items), "n": len(now)}
    facts |= {"first": handed.months[0], "last": handed.months[-1]}
    facts |= _say_total(run, handed)
    if handed.knows_stock and not handed.knows_days:
        arrives = float(handed["requirements"]["planned"].sum())
        return facts | {"state": "arrive", "planned": pieces.amount(arrives)}
    if not handed.knows_days:
        lacking = [role for role in ("stock", "lead_times") if role in {*handed["asked"]["role"]}]
        named = [wording.first_lower(writer_of(run).name("source", each)) for each in lacking]
        return facts | {"state": "unknown", "lacking": named or [writer_of(run).text("none")]}
    facts["state"] = "order" if len(now) else "none"
    if len(now):
        first = now.sort_values("out_on", na_position="last").iloc[0]
        facts |= {"label": first["label"], "day": first["out_on"]}
        ordered = float(now["quantity"].sum())
        facts |= {"quantity": pieces.amount(ordered)}
        facts["order"] = amounts.AmountFormat("").amount(ordered)
        facts["money"] = money.amount(now["money"].sum())
        valued = "margin" if now["valued"].eq("margin").all() else "revenue"
        facts["valued"] = writer_of(run).text(f"handover.valued.{valued}")
    return facts


def _say_total(run: UnitMonth, handed: HandedMonth) -> dict[str, Any]:
    """Pieces needed and what they bring; money alone where no price makes pieces of it."""
    known, writer = {*handed["outlook"]["name"]}, in_money(run)
    units = {"pieces": in_pieces(run).measure, "revenue": writer.measure}
    said = {
        name: {fact: unit.amount(handed.total(name)[key]) for fact, key in RANGE.items()}
        for name, unit in units.items()
        if name in known
    }
    name = "pieces" if "pieces" in known else "revenue"
    bare = amounts.AmountFormat("" if name == "pieces" else run.parameters.unit.currency)
    facts = said.get(name, {}) | {"bare": bare.amount(handed.total(name)["mean"])}
    if name == "revenue":
        return facts | {"brings": writer.text("handover.summary.uncounted")}
    key = "brings" if "revenue" in known else "unpriced"
    return facts | {"brings": writer.text(f"handover.summary.{key}", **said.get("revenue", {}))}


def _say_further(run: UnitMonth, handed: HandedMonth) -> list[str]:
    """What else needs somebody: late suppliers, capacity, missing sources."""
    writer, late, beyond = writer_of(run), handed.overdue(), handed.beyond()
    said = []
    if len(late):
        days = int((handed.months[0] - late["due"].min()).days)
        partners = [*late["partner"].dropna().unique()] or [writer.text("none")]
        said.append(writer.text("handover.summary.late", n=len(late), days=days, names=partners))
    if len(beyond):
        members = [*beyond["member"].unique()]
        facts = {"members": members, "n": beyond["ds"].nunique(), "all": len(handed.months)}
        said.append(writer.text("handover.summary.beyond", **facts))
    if len(handed["asked"]):
        said.append(writer.text("handover.summary.asked", n=len(handed["asked"])))
    return said or [writer.text("handover.summary.calm")]


def _facts(run: UnitMonth, handed: HandedMonth, facts: dict[str, Any]) -> tuple[Fact, ...]:
    writer, key, beyond = writer_of(run), "handover.fact", handed.beyond()
    shown = [writer.fact(f"{key}.needed", **facts)]
    if facts["state"] == "order":
        shown.append(writer.fact(f"{key}.order", **facts))
        shown.append(writer.fact(f"{key}.stake", alarm=True, **facts))
    if len(handed["capacity_plan"]):
        members = wording.listing([*beyond["member"].unique()]) or writer.text("none")
        over = {"n": beyond["ds"].nunique(), "all": len(handed.months), "members": members}
        shown.append(writer.fact(f"{key}.capacity", alarm=bool(len(beyond)), **over))
    else:
        shown.append(writer.fact(f"{key}.asked", n=len(handed["asked"])))
    return tuple(shown)


def _changes(run: UnitMonth, handed: HandedMonth) -> tuple[str, ...]:
    writer, before = writer_of(run), handed.before
    if before is None:
        return (writer.text("handover.since.first"),)
    then = before[before["action"].isin(["expedite", "order"]) & before["quantity"].gt(0)]
    now = label(handed.to_order(), handed)
    money = in_money(run).measure
    sums = {"before": money.amount(then["money"].sum()), "now": money.amount(now["money"].sum())}
    lines = [writer.text("handover.since.order", then=len(then), n=len(now), **sums)]
    new = now.loc[~now["unique_id"].isin(then["unique_id"]), "label"]
    if len(new):
        lines.append(writer.text("handover.since.new", names=[*new]))
    return tuple(lines)


@in_languages
def asked(run: UnitMonth, handed: HandedMonth) -> Blocks:
    """Sources that are missing: whom to ask for what, and what is said without them."""
    writer, rows = writer_of(run), handed["asked"]
    known = rows.assign(
        whom=[writer.text(f"handover.whom.{role}") for role in rows["role"]],
        asked=[wording.commas(COLUMNS[role]) for role in rows["role"]],
    )
    blocks = writer.section("handover.asked", known, n=len(known), unit=run.unit)
    if handed.stock_from != "inventory":
        return blocks
    return Blocks(*blocks.blocks, writer.prose("handover.asked.inventory", month=run.month))


@in_languages
def checks(run: UnitMonth, handed: HandedMonth) -> Blocks:
    """Record and checks."""
    writer, settings = writer_of(run), run.parameters.handover
    taking = settings.consumption
    counted = handed["on_hand"].get("date", pd.Series(dtype="datetime64[ns]")).max()
    facts: dict[str, Any] = {
        "first": handed.months[0],
        "last": handed.months[-1],
        "paths": settings.paths,
        "service": writer.text(
            f"handover.service.{settings.service}",
            paths=settings.paths,
            service=settings.service_level,
        ),
        "review": settings.review_days,
        "consumption": writer.text(f"handover.consumption.{taking.mode}", **taking.model_dump()),
        "counted": writer.text("none") if pd.isna(counted) else wording.day(counted),
        "level": handed.level,
    }
    return record_and_checks(run, handed.checks, "handover.record", **facts)
