"""What an export is for: the role that its headers, its values and its name tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.evidence.columns import ColumnEvidence
from salesfc_lib.inspection.evidence.mapping import (
    DEALS,
    DELIVERY,
    NAMES,
    SUMS,
    Match,
    match_headers,
)
from salesfc_lib.inspection.sampling.sample import Sample

MONTHLY = ("month", "period", "monat", "mois", "mes", "月", "期间")  # in a header of months

Found = Mapping[str, Sequence[Match]]  # role: its matches
Words = Mapping[str, Sequence[str]]  # role: words of it in the export's name


@dataclass(frozen=True)
class Assignment:
    """What an export is for, why, its matches, headers whose values refused a name, and those that
    speak of returns.
    """

    role: str
    why: str
    matches: Sequence[Match]
    refused: Sequence[str]
    returned: Sequence[str] = ()


def map_columns(
    sample: Sample, columns: Mapping[str, ColumnEvidence], aliases: Aliases
) -> Assignment:
    """Role and matches of an export."""
    returned = [header for header in columns if aliases.list_words(header, "returns")]
    found = {
        role: match_headers(columns, aliases, names, first=returned if role == "returns" else ())
        for role, names in NAMES.items()
    }
    settings = [sample.settings.get(key, "") for key in ("sheet", "table")]
    name = " ".join([sample.path.stem, *settings])
    words = {role: aliases.list_words(name, role) for role in NAMES}
    headed = [word for header in columns for word in aliases.list_words(header, "open_orders")]
    words["open_orders"] = [*words["open_orders"], *headed]
    matches = {role: one for role, (one, _) in found.items()}
    role, why = _decide_role(matches, words, columns, returned)
    return Assignment(role, why, *(found.get(role) or found["orders"]), returned)


def _decide_role(
    found: Found, words: Words, columns: Mapping[str, ColumnEvidence], returned: Sequence[str]
) -> tuple[str, str]:
    """The role and what tells it; the first that fits, from those that little else looks like."""
    names = {role: {match.name for match in matches} for role, matches in found.items()}
    known = names["orders"]
    is_document = "order_id" in known and bool({"amount", "quantity"} & known)
    fitting = {
        "returns": _are_returns(found["orders"], columns, words, returned),
        "control_totals": _are_totals(found["control_totals"], known, words),
        "promotions": bool(words["promotions"]) or not words["events"],
        "events": bool(words["events"]),
        "stock": _is_counted_once(found["inventory"], columns),
        **{role: bool(words[role]) for role in ("open_orders", "prices", "costs")},
    }
    for role, rule in RULES.items():
        sure = {match.name for match in found[role] if match.exact}
        fits = (
            {*rule.every} <= names[role]
            and (not rule.some or bool({*rule.some} & names[role]))
            and len({*rule.exact} & sure) >= rule.least_exact
            and not {*rule.none} & known
            and not (is_document and rule.undocumented)
        )
        if fits and fitting.get(role, True):
            shown = (*rule.every, *rule.some, *rule.exact, *rule.more)
            headers = [f"{one.header} ({one.name})" for one in found[role] if one.name in shown]
            why = [f"it has {', '.join(headers)}"] if headers else []
            why += [f"its name says '{words[role][0]}'"] if words[role] else []
            return role, "; ".join(why)
    measured = any(column.content in ("date", "number") for column in columns.values())
    if known and not known & {"date", "amount", "quantity"} and not measured:
        return "lookup", "it has neither a date nor an amount, only names"
    return (
        "orders",
        "taken for orders, because nothing tells another role; what is missing has to be named",
    )


@dataclass(frozen=True)
class Rule:
    """Which names an export of a role has: every one, some of these, these as an alias (that many
    at least), none of these as orders; an undocumented one is no table of order lines. `more` are
    shown too where they are there.
    """

    every: Sequence[str] = ()
    some: Sequence[str] = ()
    exact: Sequence[str] = ()
    least_exact: int = 0
    none: Sequence[str] = ()
    more: Sequence[str] = ()
    undocumented: bool = False


RULES = {  # in this order
    "promotions": Rule(["name", "start", "end"], undocumented=True),
    "events": Rule(["name", "start"], undocumented=True),
    "stock": Rule(exact=["stock"], least_exact=1, none=["amount"], undocumented=True),
    "inventory": Rule(
        ["ds"], exact=["stock"], least_exact=1, more=["stockout_days"], undocumented=True
    ),
    "deliveries": Rule(["date"], exact=DELIVERY[:3], least_exact=3, none=["amount"]),
    "open_orders": Rule(["due", "quantity"], none=["amount"]),
    "lead_times": Rule(exact=["days"], least_exact=1, none=["amount", "quantity"]),
    "capacity": Rule(exact=["capacity"], least_exact=1, none=["amount", "quantity"]),
    "prices": Rule(exact=["price"], least_exact=1, none=["amount", "quantity", "date"]),
    "costs": Rule(exact=["cost"], least_exact=1, none=["amount", "quantity", "date"]),
    "targets": Rule(["ds"], exact=["target"], least_exact=1, undocumented=True),
    "opportunities": Rule(exact=DEALS, least_exact=2),
    "control_totals": Rule(["ds"], SUMS, more=["account"], undocumented=True),
    "rates": Rule(["currency", "date", "rate"], none=["amount", "quantity"]),
    "conversions": Rule(["unit_of_measure", "factor"], none=["date", "amount"]),
    "returns": Rule(some=["order_id", "reference", "date"], more=["quantity", "amount"]),
    "orders": Rule(["date"], ["amount", "quantity"], more=["order_id", "product"]),
}


def _is_counted_once(matches: Sequence[Match], columns: Mapping[str, ColumnEvidence]) -> bool:
    """Whether stock is that of one day, or of none that is said: no history of months."""
    found = {match.name: match for match in matches}
    if {"stockout_days", "value"} & found.keys():
        return False
    day = found.get("ds")
    is_month = day is not None and any(word in day.alias.casefold() for word in MONTHLY)
    return day is None or (len(columns[day.header].members) == 1 and not is_month)


def _are_totals(matches: Sequence[Match], of_orders: set[str], words: Words) -> bool:
    """Whether totals are a ledger's, or the file's name says that they are controls."""
    sure = {match.name for match in matches if match.exact}
    is_ledger = {"account", "debit", "credit"} & sure and not {"product", "quantity"} & of_orders
    return bool(is_ledger or words["control_totals"])


def _are_returns(
    matches: Sequence[Match],
    columns: Mapping[str, ColumnEvidence],
    words: Words,
    returned: Sequence[str],
) -> bool:
    """Whether the rows are returns, with a document or counted by day: the file's name says so, or
    their document, their date or all their measures are `returned`, or they only name what came
    back.
    """
    names = {match.name: match.header for match in matches}
    measures = [names[name] for name in ("quantity", "amount") if name in names]
    if not {"order_id", "reference"} & names.keys() and not ("date" in names and measures):
        return False
    if words["returns"]:
        return not (words["orders"] and ("kind" in names or _are_mixed(columns, measures)))
    main = {names[name] for name in ("order_id", "date") if name in names}
    is_bare = "date" not in names and not measures
    is_named = bool({*returned} & ({*columns} if is_bare else main))
    return is_named or (bool(measures) and {*measures} <= {*returned})


def _are_mixed(columns: Mapping[str, ColumnEvidence], measures: Sequence[str]) -> bool:
    """Whether most of the figures are above zero and others below: sales and returns together."""
    figures = columns[measures[-1]].figures if measures else []
    below = sum(figure < 0 for figure in figures)
    return 0 < below < len(figures) / 2
