"""Which matches of an export stand in its source, and what it is joined by.

A column that would mean nothing to a run (one currency, shares of a price, tax that is not in) is
recognised and left out: what is not mapped cannot be misread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable

from salesfc_lib.inspection.mapping import DIMENSIONS, Match
from salesfc_lib.inspection.proposal import Proposal

OTHERS = """
    date ds order_id line version kind reference customer product salesperson quantity amount
    discount freight tax_amount tax_rate currency unit_of_measure name start end stock
    stockout_days target account stage probability expected rate factor
"""
MAPPED = {*OTHERS.split(), *DIMENSIONS}  # names that a run reads; others stand in a comment
ALONG_DIMENSIONS = (
    "promotions",
    "inventory",
    "targets",
    "events",
)  # roles by the unit's dimensions
OWN = ("name", "start", "end", "ds", "stock", "stockout_days", "target")  # and their own columns
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def list_mapped(found: Proposal, dimensions: Collection[str] | None = None) -> dict[str, Match]:
    """Matches that stand in `columns`, by name; `dimensions` are those of the unit."""
    along = found.role in ALONG_DIMENSIONS and dimensions is not None
    names = {*OWN, *(dimensions or ())} if along else MAPPED
    matches = found.assignment.matches
    return {
        match.name: match
        for match in matches
        if match.name in names & MAPPED and not _is_idle(found, match)
    }


def find_join(found: Proposal, orders: Proposal) -> dict[str, str]:
    """Columns of the orders by which a lookup, or returns without a date, are joined: headers."""
    if found.role == "lookup":
        shared = {name: header for name, header in found.names.items() if name in orders.names}
        rows = len(found.sample.rows)
        unique = [name for name in shared if len(found.columns[shared[name]].members) == rows]
        return {name: shared[name] for name in [*unique, *shared][:1]}
    if found.role == "returns" and "date" not in found.names and "order_id" in orders.names:
        header = found.names.get("order_id") or found.names.get("reference")
        return {"order_id": header} if header else {}
    return {}


def quote(text: str) -> str:
    """A text as YAML reads it back: signs that it takes for line ends, or refuses, are escaped.

    >>> quote("a\u2028b"), quote("价税合计")
    ('"a\\\\u2028b"', '"价税合计"')
    """
    return _escape(json.dumps(text, ensure_ascii=False))


def enlist(texts: Iterable[str]) -> str:
    """Texts for a comment: on one line, with nothing that YAML refuses even there."""
    return _escape(", ".join(" ".join(text.split()) for text in texts))


def _escape(text: str) -> str:
    return UNPRINTABLE.sub(lambda sign: f"\\u{ord(sign.group()):04x}", text)


def _is_idle(found: Proposal, match: Match) -> bool:
    """Whether a column would mean nothing to a run."""
    few = len(found.columns[match.header].members) < 2
    no_tax = found.money.tax != "included"
    return {
        "line": "line" not in found.key.names,
        "version": "version" not in found.key.names,
        "discount": bool(found.money.share),
        "currency": few and found.role != "rates",
        "unit_of_measure": few and found.role != "conversions",
        "tax_amount": no_tax,
        "tax_rate": no_tax,
        "rate": found.role != "rates",
        "kind": not any(found.kinds.values()),
    }.get(match.name, False)
