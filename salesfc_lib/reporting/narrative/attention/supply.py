"""Alerts of supply: what runs out before a new order arrives, and suppliers that are late."""

from __future__ import annotations

from collections.abc import Iterator

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.facts.handover import HandedMonth
from salesfc_lib.reporting.facts.month import PAGES, MonthFacts
from salesfc_lib.reporting.facts.summary import AttentionItem
from salesfc_lib.reporting.narrative.attention.items import item, say
from salesfc_lib.reporting.narrative.handover.parts import in_money, in_pieces, label

FIRST = f"{PAGES['Handover']}#what-do-we-do-first"  # section of notebook 05


def supply_at_risk(month: MonthFacts) -> Iterator[AttentionItem]:
    """One alert for all series that an order would reach too late, one for all late orders."""
    if month.handed is None:
        return
    yield from _stock_outs(month, month.handed)
    if len(late := month.handed.overdue()):
        days = int((month.handed.months[0] - late["due"].min()).days)
        partners = [*late["partner"].dropna().unique()]
        facts = {"n": len(late), "days": days, "names": wording.listing(partners)}
        facts["quantity"] = in_pieces(month.run).measure.amount(float(late["quantity"].sum()))
        why, do = say(month, "late.why", **facts), say(month, "late.do", **facts)
        yield item(month, "other", "late", why, do, href=FIRST, **facts)


def _stock_outs(month: MonthFacts, handed: HandedMonth) -> Iterator[AttentionItem]:
    urgent = handed["urgent"]
    hurried = label(urgent[urgent["action"].eq("expedite")], handed).sort_values("out_on")
    for row in hurried.head(1).to_dict("records"):
        facts = {"label": row["label"], "day": row["out_on"], "n": len(hurried)}
        facts["money"] = in_money(month.run).measure.amount(float(hurried["money"].sum()))
        pieces = float(hurried["quantity"].sum())
        facts["quantity"] = in_pieces(month.run).measure.amount(pieces)
        why, do = say(month, "expedite.why", **facts), say(month, "expedite.do", **facts)
        yield item(month, "other", "expedite", why, do, href=FIRST, **facts)
