"""Which header means which of this project's names, and what an export is for.

Columns enter; the role and its matches leave, with the alias that matched each. The decisions made here: a header is mapped
where it is an alias and its values fit (a date, a number, a text), first those that are an alias, then those that only end
with one; between several headers for a name the alias listed first wins; and the others are named, never dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from salesfc_lib.inspection.aliases import Aliases, Hit
from salesfc_lib.inspection.columns import MOST, Column
from salesfc_lib.inspection.sample import Sample

DIMENSIONS = ("product_line", "customer_type", "region", "channel", "product_group")
ALONG = (
    *DIMENSIONS,
    "product",
    "customer",
    "salesperson",
    "department",
    "company",
    "warehouse",
)  # what tables of a role hold for
MONEY = (
    "quantity",
    "amount",
    "discount",
    "tax_amount",
    "tax_rate",
    "freight",
    "cost",
    "profit",
    "price",
    "currency",
    "rate",
    "unit_of_measure",
)
ORDERS = (
    "date",
    "order_id",
    "line",
    "version",
    "kind",
    "status",
    "reference",
    "partner",
    *ALONG,
    *MONEY,
)
NAMES: dict[str, tuple[str, ...]] = {
    "promotions": ("name", "start", "end", *ALONG),
    "events": ("name", "start", "end", "kind", *ALONG),
    "inventory": ("ds", "stock", "stockout_days", "unit_of_measure", *ALONG),
    "targets": ("ds", "target", "currency", *ALONG),
    "opportunities": (
        "opportunity",
        "stage",
        "probability",
        "expected",
        "date",
        "amount",
        "quantity",
        "currency",
        "status",
        *ALONG,
    ),
    "control_totals": (
        "ds",
        "account",
        "debit",
        "credit",
        "balance",
        "amount",
        "quantity",
        "currency",
        *ALONG,
    ),
    "rates": ("currency", "date", "rate"),
    "conversions": ("unit_of_measure", "factor", "product"),
    "returns": ORDERS,
    "orders": ORDERS,
}
RETURNED = (
    "return",
    "refund",
    "退货",
    "退款",
    "退回",
    "rma",
    "credit note",
    "retour",
    "gutschrift",
)
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
    """A header for a name: why it, what other headers could stand for the name, and what other names the header could have."""

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
    said = " ".join(
        [
            sample.path.stem,
            *sample.settings.get("sheet", "").split(),
            sample.settings.get("table", ""),
        ]
    ).casefold()
    words = {
        role: [
            word for word in aliases.roles.get(role, {}).get("words", ()) if word.casefold() in said
        ]
        for role in (*NAMES, "lookup")
    }
    role, why = _decide_role(found, words, columns)
    matches, refused = found.get(role) or match_headers(columns, aliases, ORDERS)
    return Assignment(role, why, matches, refused)


def match_headers(
    columns: Mapping[str, Column], aliases: Aliases, names: Sequence[str]
) -> tuple[list[Match], list[str]]:
    """Matches for the names, in their order, and why headers were refused."""
    hits = {
        header: [hit for hit in aliases.find(header) if hit.name in names] for header in columns
    }
    order = list(columns)
    refused = []
    fits: dict[str, list[tuple[str, Hit]]] = {}
    for header, found in hits.items():
        for hit in found:
            if why := _refuse(columns[header], hit.name, aliases):
                refused.append(f"'{header}' is an alias of {hit.name}, but {why}")
            else:
                fits.setdefault(hit.name, []).append((header, hit))
    taken: dict[str, Match] = {}
    for exact in (True, False):
        for name in names:
            rivals = sorted(
                fits.get(name, ()),
                key=lambda pair: _rank(columns[pair[0]], pair[1], aliases, order.index(pair[0])),
            )
            only = {
                headers[0][0]
                for other, headers in fits.items()
                if other == "product" and len(headers) == 1
            }
            rivals = [
                pair for pair in rivals if not (name == "line" and pair[0] in only)
            ]  # an `item` may be the product
            free = [
                pair
                for pair in rivals
                if pair[0] not in {match.header for match in taken.values()}
                and pair[1].exact is exact
            ]
            if name in taken or not free or (name == "date" and not exact and "ds" in taken):
                continue
            header, hit = free[0]
            others = [hit.name for hit in hits[header] if hit.name != name]
            taken[name] = Match(
                name,
                header,
                hit.alias,
                hit.exact,
                [other for other, _ in rivals if other != header],
                others,
            )
    return [taken[name] for name in names if name in taken], refused


def _rank(
    column: Column, hit: Hit, aliases: Aliases, place: int
) -> tuple[bool, bool, bool, int, bool, int]:
    """How well a header fits a name, the best first: an alias, without a word of another measure in brackets, that has values."""
    inside = (
        " ".join(re.findall(r"[(\[（【]([^()\[\]（）【】]*)", column.header)).casefold().split()
    )
    is_other = bool(set(inside) & {word.casefold() for word in aliases.others})
    is_gross = bool(aliases.means(column.header, "with_tax")) or "gross" in inside
    return not hit.exact, is_other, column.looks == "empty", hit.rank, is_gross, place


def say_match(match: Match) -> str:
    """Why a header was matched."""
    if match.exact:
        same = (
            re.sub(r"[\s_-]", "", match.alias).casefold()
            == re.sub(r"[\s_-]", "", match.header).casefold()
        )
        return "known header" if same else f"known as '{match.alias}'"
    return f"ends like '{match.alias}': check"


def _refuse(column: Column, name: str, aliases: Aliases) -> str:
    """Why a column cannot be what a name says; '' where it can."""
    if column.looks == "empty":
        measured = name in aliases.values.get("number", ()) or name in aliases.values.get(
            "date", ()
        )
        return "it has no value" if column.cells and measured else ""
    if name in aliases.values.get("date", ()):
        return (
            ""
            if column.looks == "date" or column.as_serials is not None or column.days.share > 0.3
            else _say_held(column)
        )
    if name in aliases.values.get("number", ()) or name == "name":
        return _say_held(column) if (column.looks == "number") == (name == "name") else ""
    if name in FEW_MEMBERS:
        is_code = len(column.members) <= MOST_MEMBERS and not (
            name in ("currency", "unit_of_measure") and column.numbers.share > MOST
        )
        return "" if is_code else _say_held(column)
    return (
        _say_held(column)
        if column.looks == "date" or (name == "line" and column.looks != "number")
        else ""
    )


def _say_held(column: Column) -> str:
    kind = {"text": "texts", "number": "numbers", "date": "days"}.get(column.looks, "nothing")
    return f"it holds {kind} ({column.describe()})"


Found = Mapping[
    str, tuple[list[Match], list[str]]
]  # role: its matches, and why headers were refused
Words = Mapping[str, Sequence[str]]  # role: words of it in the export's name


def _decide_role(found: Found, words: Words, columns: Mapping[str, Column]) -> tuple[str, str]:
    """The role and what tells it; the first that fits, from those that little else looks like to orders."""
    for role, names, fits in TELLING:
        if fits(found, words) if role != "returns" else _are_returns(found, columns, words):
            headers = [
                f"{match.header} ({match.name})" for match in found[role][0] if match.name in names
            ]
            said = [f"it has {', '.join(headers)}"] if headers else []
            return role, "; ".join(
                [*said, *([f"its name says '{words[role][0]}'"] if words[role] else [])]
            )
    known = _names(found, "orders")
    if (
        known
        and not known & {"date", "amount", "quantity"}
        and not any(column.looks in ("date", "number") for column in columns.values())
    ):
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
    return (
        {"name", "start", "end"} <= _names(found, "promotions")
        and not _is_document(found)
        and not is_event
    )


def _are_events(found: Found, words: Words) -> bool:
    return (
        {"name", "start"} <= _names(found, "events")
        and not _is_document(found)
        and bool(words["events"])
    )


def _is_inventory(found: Found, words: Words) -> bool:
    sure = "stock" in _names(found, "inventory", sure=True)
    return sure and "ds" in _names(found, "inventory") and not _is_document(found)


def _are_targets(found: Found, words: Words) -> bool:
    sure = "target" in _names(found, "targets", sure=True)
    return sure and "ds" in _names(found, "targets") and not _is_document(found)


def _are_opportunities(found: Found, words: Words) -> bool:
    return (
        len(
            {"opportunity", "stage", "probability", "expected"}
            & _names(found, "opportunities", sure=True)
        )
        >= 2
    )


def _are_totals(found: Found, words: Words) -> bool:
    has, sure = _names(found, "control_totals"), _names(found, "control_totals", sure=True)
    is_ledger = bool({"account", "debit", "credit"} & sure) and not {
        "product",
        "quantity",
    } & _names(found, "orders")
    holds = "ds" in has and bool(has & {"debit", "credit", "balance", "amount"})
    return holds and not _is_document(found) and (is_ledger or bool(words["control_totals"]))


def _are_rates(found: Found, words: Words) -> bool:
    return {"currency", "date", "rate"} <= _names(found, "rates") and not _names(
        found, "orders"
    ) & {"amount", "quantity"}


def _are_conversions(found: Found, words: Words) -> bool:
    return {"unit_of_measure", "factor"} <= _names(found, "conversions") and not _names(
        found, "orders"
    ) & {"date", "amount"}


def _are_orders(found: Found, words: Words) -> bool:
    has = _names(found, "orders")
    return "date" in has and bool(has & {"amount", "quantity"})


def _are_returns(found: Found, columns: Mapping[str, Column], words: Words) -> bool:
    """Whether the rows have a document, and the file's name says so, or its document or date is one of returns, or it only names what came back."""
    if not _names(found, "returns") & {"order_id", "reference"}:
        return False
    if words["returns"]:
        return not (words["orders"] and any(match.name == "kind" for match in found["orders"][0]))
    main = [match.header for match in found["returns"][0] if match.name in ("order_id", "date")]
    bare = not {"date", "amount", "quantity"} & {match.name for match in found["returns"][0]}
    return any(
        word in header.casefold() for header in (columns if bare else main) for word in RETURNED
    )


# role, names to show as what tells it, and whether an export has it; in this order
TELLING: tuple[tuple[str, tuple[str, ...], Callable[[Found, Words], bool]], ...] = (
    ("promotions", ("name", "start", "end"), _are_promotions),
    ("events", ("name", "start"), _are_events),
    ("inventory", ("ds", "stock", "stockout_days"), _is_inventory),
    ("targets", ("ds", "target"), _are_targets),
    ("opportunities", ("opportunity", "stage", "probability", "expected"), _are_opportunities),
    ("control_totals", ("ds", "account", "debit", "credit", "balance", "amount"), _are_totals),
    ("rates", ("currency", "date", "rate"), _are_rates),
    ("conversions", ("unit_of_measure", "factor"), _are_conversions),
    ("returns", ("order_id", "reference", "date", "amount"), _are_orders),
    ("orders", ("date", "order_id", "product", "quantity", "amount"), _are_orders),
)
