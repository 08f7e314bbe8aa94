"""Master files (products, customers, territories) beside the orders: by which key each is joined.

The feeds of a unit enter, and leave with those that name members of the orders as lookups. A master
may be joined by a column that another master brings (a product's subcategory, its category).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from salesfc_lib.inspection.evidence.columns import ColumnEvidence
from salesfc_lib.inspection.evidence.mapping import DIMENSIONS
from salesfc_lib.inspection.findings.proposal import Finding, Proposal
from salesfc_lib.intake import fold_header

COVERED = 0.9  # share of a column's members that a master has to name
LEAST = 4  # letters that headers share at their ends: TerritoryKey, SalesTerritoryKey
BROUGHT = (*DIMENSIONS, "salesperson")  # names that a master brings
UNUSED = "unused"  # the role of an export that nothing joins to the orders


@dataclass(frozen=True)
class Reached:
    """A column whose members a master may name: this project's name for it, and whose it is."""

    name: str
    column: ColumnEvidence
    owner: int


@dataclass(frozen=True)
class Link:
    """A master's key, and the column that it names."""

    header: str
    reached: Reached
    covered: float


def join_masters(feeds: Sequence[Proposal], orders: Proposal) -> list[Proposal]:
    """The feeds, with each that names members of the orders as a lookup with its `join`, and each
    that can be neither as unused.
    """
    found = [*feeds]
    at = next(place for place, one in enumerate(found) if one is orders)
    reached = [*_list_reached(orders, at)]
    open_places = [place for place, one in enumerate(found) if _may_be_master(one, orders)]
    while links := {place: link for place in open_places if (link := _link(found[place], reached))}:
        place = max(links, key=lambda each: links[each].covered)
        _join(found, place, links[place])
        open_places.remove(place)
        reached += _list_reached(found[place], place)
    _share_extra(found, at)
    for place in open_places:
        if found[place].role == "orders":
            found[place] = _set_aside(found[place], "no column of it names members of the orders")
    return [one if _brings(one) else _set_aside(one, "it brings no dimension") for one in found]


def _may_be_master(found: Proposal, orders: Proposal) -> bool:
    """Whether an export lacks what orders need, or is a list of names."""
    if found is orders or found.role != "orders":
        return found.role == "lookup"
    lacking = "date" in found.missing or {"quantity", "amount"} <= {*found.missing}
    return lacking and found.sample.total <= orders.sample.total


def _list_reached(found: Proposal, owner: int) -> Iterator[Reached]:
    """Columns of members that a master may name."""
    names = {header: name for name, header in found.names.items()}
    for header, column in found.columns.items():
        if column.content in ("text", "number") and len(column.members) > 1:
            name = names.get(header, "")
            is_measure = column.content == "number" and name not in ("product", "customer", "")
            if name not in ("order_id", "line", "quantity", "amount", "price") and not is_measure:
                yield Reached(name or _slug(header), column, owner)


def _link(found: Proposal, reached: Sequence[Reached]) -> Link | None:
    """The link by which most members are named, of columns whose headers or names agree."""
    names = {header: name for name, header in found.names.items()}
    links = [
        Link(header, one, _cover(one.column, column))
        for header, column in found.columns.items()
        if column.filled == len(column.cells) == len(column.members) > 1
        for one in reached
        if _is_alike(header, one.column.header) or names.get(header, "-") == one.name
    ]
    good = [link for link in links if link.covered >= COVERED]
    return max(good, key=lambda link: link.covered, default=None)


def _cover(column: ColumnEvidence, key: ColumnEvidence) -> float:
    """Share of the filled cells of a column whose member the key has."""
    named = sum(count for member, count in column.members.items() if member in key.members)
    return named / column.filled if column.filled else 0.0


def _is_alike(one: str, other: str) -> bool:
    """Whether two headers are equal, or the longer ends with the shorter."""
    short, long = sorted((fold_header(one), fold_header(other)), key=len)
    return short == long or (len(short) >= LEAST and long.endswith(short))


def _join(found: list[Proposal], place: int, link: Link) -> None:
    """Make the proposal at `place` a lookup by its link, and map the linked column of its owner."""
    reached, one = link.reached, found[place]
    owner = found[reached.owner]
    if reached.name not in owner.list_mapped():
        extra = {**owner.extra, reached.name: reached.column.header}
        found[reached.owner] = replace(owner, extra=extra)
    why = f"each row names one {reached.column.header} of {owner.files[-1].name}"
    assignment = replace(one.assignment, role="lookup", why=why)
    found[place] = replace(
        one, assignment=assignment, findings=_list_wide(one), joined_by={reached.name: link.header}
    )


def _share_extra(found: list[Proposal], at: int) -> None:
    """Map the columns by which masters are joined in returns and in further orders too."""
    for place, one in enumerate(found):
        if place != at and one.role in ("orders", "returns"):
            own = {fold_header(header): header for header in one.columns}
            shared = {
                name: own[fold_header(header)]
                for name, header in found[at].extra.items()
                if fold_header(header) in own
            }
            found[place] = replace(one, extra=shared)


def _brings(found: Proposal) -> bool:
    """Whether a lookup brings a column that somebody uses; others need not."""
    if found.role != "lookup" or not found.joined_by:
        return True
    return bool(list_brought(found) or found.extra)


def _list_wide(found: Proposal) -> list[Finding]:
    """What is asked of months that stand side by side, whatever the export is."""
    return [one for one in found.issues if one.rule == "wide" and one.action == "asked"]


def _set_aside(found: Proposal, why: str) -> Proposal:
    wide = _list_wide(found)
    why = "its months stand side by side" if wide else why
    assignment = replace(found.assignment, role=UNUSED, why=f"not read: {why}")
    return replace(found, assignment=assignment, findings=wide)


def _slug(header: str) -> str:
    """A name of ours for a header: territory_key of TerritoryKey.

    >>> _slug("TerritoryKey"), _slug("客户编码"), _slug("Ship-To ID")
    ('territory_key', '客户编码', 'ship_to_id')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", header.strip())
    return re.sub(r"\W+", "_", parted).strip("_").lower() or "key"


def list_brought(found: Proposal) -> Mapping[str, ColumnEvidence]:
    """Columns by name that a lookup brings: dimensions and people."""
    own = {*found.joined_by.values()}
    return {
        name: found.columns[header]
        for name, header in found.names.items()
        if name in BROUGHT and header not in own
    }
