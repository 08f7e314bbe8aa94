"""Which of the matches of an export stand in its source, and what it is joined by.

A proposal enters; matches leave. The decision made here: a column that would say nothing to a run (one currency, shares of a
price, tax that is not in) is recognised and left out, because what is not mapped cannot be misread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable

from salesfc_lib.inspection.mapping import DIMENSIONS, Match
from salesfc_lib.inspection.proposal import Proposal

# names that a run reads; others are named in a comment
MAPPED = ("date", "ds", "order_id", "line", "version", "kind", "reference", "customer", "product", *DIMENSIONS, "salesperson", "quantity", "amount",
          "discount", "freight", "tax_amount", "tax_rate", "currency", "unit_of_measure", "name", "start", "end", "stock", "stockout_days", "target",
          "account", "stage", "probability", "expected", "rate", "factor")  # fmt: skip
TABLES = (
    "promotions",
    "inventory",
    "targets",
    "events",
)  # roles whose further columns have to be dimensions of the unit
OWN = ("name", "start", "end", "ds", "stock", "stockout_days", "target")  # and their own columns
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def list_mapped(found: Proposal, dimensions: Collection[str] | None = None) -> dict[str, Match]:
    """Matches that stand in `columns`; `dimensions` are those of the unit."""
    along = found.role in TABLES and dimensions is not None
    return {
        match.name: match
        for match in found.assignment.matches
        if match.name in MAPPED
        and not _is_idle(found, match)
        and not (along and match.name not in (*OWN, *(dimensions or ())))
    }


def find_join(found: Proposal, orders: Proposal) -> dict[str, str]:
    """Columns of the orders by which a lookup, or returns without a date, are joined, and their headers."""
    if found.role == "lookup":
        single = {
            match.name: match.header
            for match in found.assignment.matches
            if match.name in orders.names
        }
        unique = {
            name: header
            for name, header in single.items()
            if len(found.columns[header].members) == len(found.sample.rows)
        }
        return dict([next(iter((unique or single).items()))]) if single else {}
    if found.role == "returns" and "date" not in found.names:
        name = "order_id" if "order_id" in found.names else "reference"
        return (
            {"order_id": found.names[name]}
            if name in found.names and "order_id" in orders.names
            else {}
        )
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
    """Whether a column would say nothing to a run: parts of a key that is none, shares of a price, one currency, tax that is not in."""
    few = len(found.columns[match.header].members) < 2
    return {
        "line": "line" not in found.key.names,
        "version": "version" not in found.key.names,
        "discount": bool(found.money.share),
        "currency": few and found.role != "rates",
        "unit_of_measure": few and found.role != "conversions",
        "tax_amount": found.money.tax != "included",
        "tax_rate": found.money.tax != "included",
        "rate": found.role != "rates",
        "kind": not any(found.kinds.values()),
    }.get(match.name, False)
