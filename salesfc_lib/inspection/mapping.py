"""Which header means which of this project's names, and what an export is for.

A header is mapped where it is an alias and its values fit (a date, a number, a text), first those
that are an alias, then those that only end with one; between several headers for a name the alias
listed first wins; the others are named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from salesfc_lib.inspection.aliases import Aliases, Hit
from salesfc_lib.inspection.columns import MOST, Column
from salesfc_lib.inspection.sample import Sample

_LISTS = """
dimensions: product_line customer_type region channel product_group
along: product customer salesperson department company warehouse
document: date order_id line version kind status reference partner
money: quantity amount discount tax_amount tax_rate freight cost profit price currency rate
deals: opportunity stage probability expected date amount quantity currency status
ledger: ds account debit credit balance amount quantity currency
returned: return refund 退货 退款 退回 rma retour gutschrift
"""
_WORDS = {
    name: words.split()
    for name, _, words in (line.partition(": ") for line in _LISTS.strip().splitlines())
}
DIMENSIONS = tuple(_WORDS["dimensions"])
ALONG = [*DIMENSIONS, *_WORDS["along"]]  # what tables of a role hold for
ORDERS = [*_WORDS["document"], *ALONG, *_WORDS["money"], "unit_of_measure"]
DEALS, LEDGER = _WORDS["deals"], _WORDS["ledger"]
NAMES: dict[str, Sequence[str]] = {  # role: names that its headers may mean
    "promotions": ["name", "start", "end", *ALONG],
    "events": ["name", "start", "end", "kind", *ALONG],
    "inventory": ["ds", "stock", "stockout_days", "unit_of_measure", *ALONG],
    "targets": ["ds", "target", "currency", *ALONG],
    "opportunities": [*DEALS, *ALONG],
    "control_totals": [*LEDGER, *ALONG],
    "rates": ["currency", "date", "rate"],
    "conversions": ["unit_of_measure", "factor", "product"],
    "returns": ORDERS,
    "orders": ORDERS,
}
RETURNED = [*_WORDS["returned"], "credit note"]
NEEDED = {
    "orders": ("date", "quantity", "amount"),
    "promotions": ("name", "start", "end"),
    "events": ("name", "start"),
    "inventory": ("ds", "stock"),
    "targets": ("ds", "target"),
    "opportunities": ("expected",),
    "control_totals": ("ds",),
}
FEW_MEMBERS, MOST_MEMBERS = ("kind", "status", "currency", "unit_of_measure", "stage"), 100


@dataclass(frozen=True)
class Match:
    """A header for a name: why it, what other headers could stand for the name, and what other
    names the header could have.
    """

    name: str
    header: str
    alias: str
    exact: bool
    rivals: Sequence[str] = ()
    other_names: Sequence[str] = ()


@dataclass(frozen=True)
class Assignment:
    """What an export is for, why, its matches, and headers whose values refused a name."""

    role: str
    why: str
    matches: Sequence[Match]
    refused: Sequence[str]

    @property
    def columns(self) -> dict[str, str]:
        """This project's names: headers."""
        return {match.name: match.header for match in self.matches}


def map_columns(sample: Sample, columns: Mapping[str, Column], aliases: Aliases) -> Assignment:
    """Role and matches of an export."""
    found = {role: match_headers(columns, aliases, names) for role, names in NAMES.items()}
    settings = [sample.settings.get(key, "") for key in ("sheet", "table")]
    name = " ".join([sample.path.stem, *settings]).casefold()
    words = {
        role: [
            word for word in aliases.roles.get(role, {}).get("words", ()) if word.casefold() in name
        ]
        for role in (*NAMES, "lookup")
    }
    role, why = _decide_role(found, words, columns)
    matches, refused = found.get(role) or found["orders"]
    return Assignment(role, why, matches, refused)


def match_headers(
    columns: Mapping[str, Column], aliases: Aliases, names: Sequence[str]
) -> tuple[list[Match], list[str]]:
    """Matches for the names, in their order, and why headers were refused."""
    hits = {
        header: [hit for hit in aliases.find(header) if hit.name in names] for header in columns
    }
    order = {header: place for place, header in enumerate(columns)}
    refused = []
    fits: dict[str, list[tuple[str, Hit]]] = {}
    for header, found in hits.items():
        for hit in found:
            if why := _refuse(columns[header], hit.name, aliases):
                refused.append(f"'{header}' is an alias of {hit.name}, but {why}")
            else:
                fits.setdefault(hit.name, []).append((header, hit))
    for pairs in fits.values():
        pairs.sort(key=lambda pair: _rank(columns[pair[0]], pair[1], aliases, order[pair[0]]))
    if len(fits.get("product", ())) == 1:  # an `item` may be the product
        only = fits["product"][0][0]
        fits["line"] = [pair for pair in fits.get("line", ()) if pair[0] != only]
    taken: dict[str, Match] = {}
    for exact in (True, False):
        for name in names:
            used = {match.header for match in taken.values()}
            pairs = fits.get(name, [])
            free = [pair for pair in pairs if pair[0] not in used and pair[1].exact is exact]
            is_dated = name == "date" and not exact and "ds" in taken
            if name in taken or not free or is_dated:
                continue
            header, hit = free[0]
            rivals = [other for other, _ in pairs if other != header]
            others = [other.name for other in hits[header] if other.name != name]
            taken[name] = Match(name, header, hit.alias, hit.exact, rivals, others)
    return [taken[name] for name in names if name in taken], refused


def _rank(
    column: Column, hit: Hit, aliases: Aliases, place: int
) -> tuple[bool, bool, bool, int, bool, int]:
    """How well a header fits a name, the best first: an alias, without a word of another measure in
    brackets, that has values.
    """
    inside = (
        " ".join(re.findall(r"[(\[（【]([^()\[\]（）【】]*)", column.header)).casefold().split()
    )
    is_other = bool(set(inside) & {word.casefold() for word in aliases.others})
    is_gross = bool(aliases.means(column.header, "with_tax")) or "gross" in inside
    return not hit.exact, is_other, column.looks == "empty", hit.rank, is_gross, place


def say_match(match: Match) -> str:
    """Why a header was matched."""
    if not match.exact:
        return f"ends like '{match.alias}': check"
    alias, header = (re.sub(r"[\s_-]", "", text).casefold() for text in (match.alias, match.header))
    return "known header" if alias == header else f"known as '{match.alias}'"


def _refuse(column: Column, name: str, aliases: Aliases) -> str:
    """Why a column cannot be what a name says; '' where it can."""
    of_days = name in aliases.values.get("date", ())
    of_numbers = name in aliases.values.get("number", ())
    if column.looks == "empty":
        return "it has no value" if column.cells and (of_days or of_numbers) else ""
    if of_days:
        fits = column.looks == "date" or column.as_serials is not None or column.days.share > 0.3
    elif of_numbers or name == "name":
        fits = (column.looks == "number") != (name == "name")
    elif name in FEW_MEMBERS:
        is_measured = name in ("currency", "unit_of_measure") and column.numbers.share > MOST
        fits = len(column.members) <= MOST_MEMBERS and not is_measured
    else:
        fits = column.looks != "date" and (name != "line" or column.looks == "number")
    kind = {"text": "texts", "number": "numbers", "date": "days"}.get(column.looks, "nothing")
    return "" if fits else f"it holds {kind} ({column.describe()})"


Found = Mapping[str, tuple[list[Match], list[str]]]  # role: its matches, and refused headers
Words = Mapping[str, Sequence[str]]  # role: words of it in the export's name


def _decide_role(found: Found, words: Words, columns: Mapping[str, Column]) -> tuple[str, str]:
    """The role and what tells it; the first that fits, from those that little else looks like."""
    for role, (names, fits) in ROLES.items():
        if fits(found, words) and (role != "returns" or _are_returns(found, columns, words)):
            headers = [f"{one.header} ({one.name})" for one in found[role][0] if one.name in names]
            said = [f"it has {', '.join(headers)}"] if headers else []
            said += [f"its name says '{words[role][0]}'"] if words[role] else []
            return role, "; ".join(said)
    known = _names(found, "orders")
    measured = any(column.looks in ("date", "number") for column in columns.values())
    if known and not known & {"date", "amount", "quantity"} and not measured:
        return "lookup", "it has neither a date nor an amount, only names"
    return (
        "orders",
        "taken for orders, because nothing tells another role; what is missing has to be named",
    )


def _names(found: Found, role: str, *, sure: bool = False) -> set[str]:
    """Names that were matched for a role; with `sure` those whose header is an alias."""
    return {match.name for match in found[role][0] if match.exact or not sure}


def _is_document(found: Found) -> bool:
    """Whether the rows are lines of documents: an order number with an amount or a quantity."""
    has = _names(found, "orders")
    return "order_id" in has and bool({"amount", "quantity"} & has)


def _are_promotions(found: Found, words: Words) -> bool:
    is_event = bool(words["events"]) and not words["promotions"]
    has = {"name", "start", "end"} <= _names(found, "promotions")
    return has and not _is_document(found) and not is_event


def _are_events(found: Found, words: Words) -> bool:
    has = {"name", "start"} <= _names(found, "events")
    return has and not _is_document(found) and bool(words["events"])


def _hold_months_of(role: str, name: str) -> Fits:
    """Whether an export has months with a column that only this role has."""

    def fits(found: Found, words: Words) -> bool:
        sure = name in _names(found, role, sure=True)
        return sure and "ds" in _names(found, role) and not _is_document(found)

    return fits


def _are_opportunities(found: Found, words: Words) -> bool:
    return len({*DEALS[:4]} & _names(found, "opportunities", sure=True)) >= 2


def _are_totals(found: Found, words: Words) -> bool:
    has, sure = _names(found, "control_totals"), _names(found, "control_totals", sure=True)
    of_goods = {"product", "quantity"} & _names(found, "orders")
    is_ledger = bool({"account", "debit", "credit"} & sure) and not of_goods
    holds = "ds" in has and bool(has & {"debit", "credit", "balance", "amount"})
    return holds and not _is_document(found) and (is_ledger or bool(words["control_totals"]))


def _are_rates(found: Found, words: Words) -> bool:
    of_orders = _names(found, "orders") & {"amount", "quantity"}
    return {*NAMES["rates"]} <= _names(found, "rates") and not of_orders


def _are_conversions(found: Found, words: Words) -> bool:
    of_orders = _names(found, "orders") & {"date", "amount"}
    return {"unit_of_measure", "factor"} <= _names(found, "conversions") and not of_orders


def _are_orders(found: Found, words: Words) -> bool:
    has = _names(found, "orders")
    return "date" in has and bool(has & {"amount", "quantity"})


def _are_returns(found: Found, columns: Mapping[str, Column], words: Words) -> bool:
    """Whether the rows have a document, and the file's name says so, or its document or date is one
    of returns, or it only names what came back."""
    names = {match.name: match.header for match in found["returns"][0]}
    if not {"order_id", "reference"} & names.keys():
        return False
    if words["returns"]:
        return not (words["orders"] and "kind" in names)
    main = [names[name] for name in ("order_id", "date") if name in names]
    is_bare = not {"date", "amount", "quantity"} & names.keys()
    headers = [header.casefold() for header in (columns if is_bare else main)]
    return any(word in header for header in headers for word in RETURNED)


Fits = Callable[[Found, Words], bool]
# role: names to show as what tells it, and whether an export has it; in this order
ROLES: dict[str, tuple[Sequence[str], Fits]] = {
    "promotions": (("name", "start", "end"), _are_promotions),
    "events": (("name", "start"), _are_events),
    "inventory": (("ds", "stock", "stockout_days"), _hold_months_of("inventory", "stock")),
    "targets": (("ds", "target"), _hold_months_of("targets", "target")),
    "opportunities": (DEALS[:4], _are_opportunities),
    "control_totals": (LEDGER[:6], _are_totals),
    "rates": (NAMES["rates"], _are_rates),
    "conversions": (("unit_of_measure", "factor"), _are_conversions),
    "returns": (("order_id", "reference", "date", "amount"), lambda found, words: True),
    "orders": (("date", "order_id", "product", "quantity", "amount"), _are_orders),
}
