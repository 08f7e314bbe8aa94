"""Which header means which of this project's names.

A header is mapped where it is an alias and its values fit (a date, a number, a text), first those
that are an alias, then those that only end with one; between several headers for a name the alias
listed first wins; the others are named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from salesfc_lib.inspection.aliases import Aliases, Hit
from salesfc_lib.inspection.evidence.columns import MOST, ColumnEvidence

DIMENSIONS = ("product_line", "customer_type", "region", "channel", "product_group")
ALONG = [  # what tables of a role hold for
    *DIMENSIONS,
    *("product", "customer", "salesperson", "department", "company", "warehouse"),
]
ORDERS = [
    *("date", "order_id", "line", "version", "kind", "status", "reference", "partner"),
    *ALONG,
    *("quantity", "amount", "discount", "tax_amount", "tax_rate", "freight", "cost", "profit"),
    *("price", "currency", "rate", "unit_of_measure", "year", "month", "week"),
]
DELIVERY = ["ordered", "delivered", "promised", "delivered_on"]
DEALS = ["opportunity", "stage", "probability", "expected"]
SUMS = ["debit", "credit", "balance", "amount"]
LEAD = ["days", "spread", "lot", "minimum", "shelf_life", "supplier"]
SUPPLY: dict[str, Sequence[str]] = {  # what supply is planned with: a role's own names
    "lead_times": LEAD,
    "stock": ["ds", "stock"],
    "open_orders": ["due", "quantity", "order_id", "kind", "customer", "supplier"],
    "prices": ["price", "start", "terms"],
    "costs": ["cost", "start", "terms"],
    "capacity": ["ds", "capacity"],
}
NAMES: dict[str, Sequence[str]] = {  # role: names that its headers may mean
    "promotions": ["name", "start", "end", "announced", *ALONG],
    "events": ["name", "start", "end", "announced", "kind", *ALONG],
    "inventory": ["ds", "stock", "stockout_days", "value", "unit_of_measure", *ALONG],
    "deliveries": ["date", "order_id", "line", *DELIVERY, *ALONG],
    "targets": ["ds", "target", "currency", *ALONG],
    "opportunities": [*DEALS, "date", "amount", "quantity", "currency", "status", *ALONG],
    "control_totals": ["ds", "account", *SUMS, "quantity", "currency", *ALONG],
    "rates": ["currency", "date", "rate"],
    "conversions": ["unit_of_measure", "factor", "product"],
    **{
        role: list(dict.fromkeys([*own, "unit_of_measure", *ALONG])) for role, own in SUPPLY.items()
    },
    "returns": ORDERS,
    "orders": ORDERS,
}
OF_RETURNS = ("date", "quantity", "amount")  # that returns have beside those of their order
NEEDED = {
    "orders": ("date", "quantity", "amount"),
    "promotions": ("name", "start", "end"),
    "events": ("name", "start"),
    "inventory": ("ds", "stock"),
    "deliveries": ("date", "ordered", "delivered"),
    "targets": ("ds", "target"),
    "opportunities": ("expected",),
    "control_totals": ("ds",),
    "lead_times": ("days",),
    "stock": ("stock",),
    "open_orders": ("quantity",),
    "prices": ("price",),
    "costs": ("cost",),
    "capacity": ("capacity",),
}
FEW_MEMBERS, MOST_MEMBERS = ("kind", "status", "currency", "unit_of_measure", "stage"), 100
FIRST_LINE = 10  # the first of a document's lines, at most
CONTENTS = {"text": "texts", "number": "numbers", "date": "days", "empty": "nothing"}


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

    def describe(self) -> str:
        """Why the header was matched."""
        if not self.exact:
            return f"ends like '{self.alias}': check"
        alias, header = (re.sub(r"[\s_-]", "", one).casefold() for one in (self.alias, self.header))
        return "known header" if alias == header else f"known as '{self.alias}'"


def match_headers(
    columns: Mapping[str, ColumnEvidence],
    aliases: Aliases,
    names: Sequence[str],
    *,
    first: Sequence[str] = (),
) -> tuple[list[Match], list[str]]:
    """Matches for the names, in their order, and why headers were refused.

    `first` are headers that date or measure the rows rather than others do.
    """
    hits = {
        header: [hit for hit in aliases.find(header) if hit.name in names]
        or _find_of_return(column, aliases, exact=header in first)
        for header, column in columns.items()
    }
    refused = []
    fits: dict[str, list[tuple[str, Hit]]] = {}
    for header, found in hits.items():
        for hit in found:
            if why := _refuse(columns[header], hit.name, aliases):
                refused.append(f"'{header}' is an alias of {hit.name}, but {why}")
            else:
                fits.setdefault(hit.name, []).append((header, hit))
    for name, pairs in fits.items():
        pairs.sort(key=lambda pair: _rank(columns[pair[0]], pair[1], aliases))
        if name in OF_RETURNS:
            pairs.sort(key=lambda pair: pair[0] not in first)
    if len(fits.get("product", ())) == 1:  # an `item` may be the product
        only = fits["product"][0][0]
        fits["line"] = [pair for pair in fits.get("line", ()) if pair[0] != only]
    matches: dict[str, Match] = {}
    for exact in (True, False):
        for name in names:
            used = {match.header for match in matches.values()}
            pairs = fits.get(name, [])
            free = [pair for pair in pairs if pair[0] not in used and pair[1].exact is exact]
            is_dated = name == "date" and not exact and "ds" in matches
            if name in matches or not free or is_dated:
                continue
            header, hit = free[0]
            rivals = [other for other, _ in pairs if other != header]
            others = [other.name for other in hits[header] if other.name != name]
            matches[name] = Match(name, header, hit.alias, hit.exact, rivals, others)
    return [matches[name] for name in names if name in matches], refused


def _find_of_return(column: ColumnEvidence, aliases: Aliases, *, exact: bool) -> list[Hit]:
    """What a header that speaks of returns dates or measures, by its values and its first word:
    Date de retour, Cantidad devuelta.
    """
    if not aliases.list_words(column.header, "returns"):
        return []
    if column.content == "date":
        return [Hit("date", column.header, 0, exact)]
    known = aliases.find(column.header.split(maxsplit=1)[0]) if column.content == "number" else []
    return [replace(hit, exact=exact) for hit in known if hit.name in OF_RETURNS]


def _rank(column: ColumnEvidence, hit: Hit, aliases: Aliases) -> tuple[bool, bool, bool, int, bool]:
    """How well a header fits a name, the best first: an alias, without a word of another measure in
    brackets, that has values.
    """
    brackets = re.findall(r"[(\[（【]([^()\[\]（）【】]*)", column.header)
    inside = " ".join(brackets).casefold().split()
    is_other = bool({*inside} & {word.casefold() for word in aliases.others})
    is_gross = bool(aliases.means(column.header, "with_tax")) or "gross" in inside
    return not hit.exact, is_other, column.content == "empty", hit.rank, is_gross


def _refuse(column: ColumnEvidence, name: str, aliases: Aliases) -> str:
    """Why a column cannot be what a name says; '' where it can."""
    of_days = name in aliases.values.get("date", ())
    of_numbers = name in aliases.values.get("number", ())
    if column.content == "empty":
        return "it has no value" if column.cells and (of_days or of_numbers) else ""
    if of_days:
        fits = column.content == "date" or column.as_serials is not None or column.days.share > 0.3
    elif of_numbers or name == "name":
        fits = (column.content == "number") != (name == "name")
    elif name in FEW_MEMBERS:
        is_measured = name in ("currency", "unit_of_measure") and column.numbers.share > MOST
        fits = len(column.members) <= MOST_MEMBERS and not is_measured
    else:
        fits = column.content != "date"
        if name == "line":
            fits = column.content == "number" or (column.is_code and _counts(column))
    return "" if fits else f"it holds {CONTENTS[column.content]} ({column.describe()})"


def _counts(column: ColumnEvidence) -> bool:
    """Whether texts count lines, as 000010, 000020 … do: whole numbers from ten or less."""
    numbers = [int(member) if member.isdecimal() else -1 for member in column.members]
    return 0 <= min(numbers) <= FIRST_LINE
