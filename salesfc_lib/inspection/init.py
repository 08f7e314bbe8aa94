"""A unit's parameter file to start from, out of its exports.

Exports enter; `parameters/units/<unit>.yml` leaves, with what was recognised filled in, the evidence in comments, and what a
person has to complete commented out. The decision made here: each export, and each further sheet or table of one, becomes a
source of the role that its headers tell; nothing is mapped that is not a known header (see `inspection`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import check_unit
from salesfc_lib.inspection.aliases import read_aliases
from salesfc_lib.inspection.choices import enlist, find_join, quote
from salesfc_lib.inspection.exports import find_exports, find_path, group_files
from salesfc_lib.inspection.mapping import DIMENSIONS
from salesfc_lib.inspection.proposal import Proposal
from salesfc_lib.inspection.propose import propose_feed
from salesfc_lib.inspection.source_block import name_sources, write_source

MOST_LEVELS = 2  # dimensions that the proposed bottom level crosses; more make thin series
MEANS = {
    "currency": "currency and measure.rates are needed for",
    "unit_of_measure": "unit_of_measure and measure.conversions are needed for",
}
TABLES = (
    "promotions",
    "events",
    "inventory",
    "targets",
)  # roles that stand on their own beside the orders


def write_unit_file(
    exports: Sequence[Path], project: Path, unit: str | None = None, *, title: str = ""
) -> tuple[Path, dict[str, Proposal]]:
    """The parameter file written for the exports, and what was recognised in each source of it.

    Raises `RequestError` where the file exists, an export does not or the id is wrong, `SalesForecastError` where an export
    cannot be read.
    """
    files = find_exports(exports)
    unit = check_unit(unit or propose_unit(files[0]))
    target = project / "parameters" / "units" / f"{unit}.yml"
    if target.exists():
        raise RequestError.say(
            f"'{target}' exists", "A new unit", "Name another with --unit, or remove the file first"
        )
    found = propose_sources(files, project)
    text = write_text(found, project, title=title or unit)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return target, found


def propose_sources(files: Sequence[Path], project: Path) -> dict[str, Proposal]:
    """Proposals by the names of their sources: one for each feed of files, and for each sheet beside that orders can use."""
    aliases = read_aliases(project)
    feeds = [propose_feed(feed, aliases) for feed in group_files(files)]
    orders = next((feed for feed in feeds if feed.role == "orders"), None)
    beside = [
        other
        for feed in feeds
        for other in feed.beside
        if orders is not None and _is_of_use(other, orders)
    ]
    every = sorted([*feeds, *beside], key=lambda feed: feed is not orders)
    return name_sources(every)


def propose_unit(export: Path) -> str:
    """An id out of a file's name.

    >>> propose_unit(Path("Sample - Superstore.xls"))
    'sample-superstore'
    """
    slug = re.sub(r"[^a-z0-9]+", "-", export.stem.lower()).strip("-")[:32].rstrip("-")
    return slug or "unit"


def write_text(found: Mapping[str, Proposal], project: Path, *, title: str) -> str:
    """Text of the unit's parameter file."""
    orders = next((proposal for proposal in found.values() if proposal.role == "orders"), None)
    dimensions = choose_dimensions(orders, list(found.values())) if orders is not None else []
    first = next(iter(found.values()))
    blocks = [
        write_source(
            name, proposal, find_path(proposal.files, project), dimensions=dimensions, orders=orders
        )
        for name, proposal in found.items()
    ]
    return "\n".join(
        [
            f"# Unit '{enlist([title])}', started from '{enlist([first.files[-1].name])}' by `salesfc init`. Every key and its default:",
            "# parameters/defaults.yml; every key of a source: salesfc_lib/schema.py. Lines that begin with # are to complete.",
            "unit:",
            f"  title: {quote(title)}",
            '  # owner: "who answers for this forecast"',
            *_write_currency(orders),
            "",
            "sources:",
            *(line for block in blocks for line in block),
            *_write_left_out(found),
            "",
            *_write_measure(orders, found),
            *_write_dimensions(orders, dimensions),
            "",
            "# key_accounts: {column: customer, members: []}   # customers to forecast on their own",
            '# calendar: {closed_through: "YYYY-MM"}   # last complete month; without it, the month before the latest row\'s',
            *_write_questions(found),
            "",
        ]
    )


def choose_dimensions(orders: Proposal, found: Sequence[Proposal]) -> list[str]:
    """Dimensions to forecast along: those that inventory and targets are kept by, then others up to `MOST_LEVELS`."""
    kept = [
        name
        for name in orders.dimensions
        if any(name in table.names for table in found if table.role in ("inventory", "targets"))
    ]
    free = [name for name in orders.dimensions if name not in kept]
    chosen = [*kept, *free[: max(0, MOST_LEVELS - len(kept))]]
    return [name for name in orders.dimensions if name in chosen]


def _is_of_use(other: Proposal, orders: Proposal) -> bool:
    """Whether a sheet beside the orders belongs to the unit: a table of its own, or one that can be joined."""
    joined = other.role in ("returns", "lookup") and bool(find_join(other, orders))
    dated = other.role == "returns" and {"date", "amount"} <= set(other.names)
    return not other.missing and (other.role in TABLES or joined or dated)


def _write_currency(orders: Proposal | None) -> list[str]:
    column = orders.columns.get(orders.names.get("currency", "")) if orders is not None else None
    if column is None or len(column.members) != 1:
        return []
    return [
        f"  currency: {quote(next(iter(column.members)))}   # the only one in {enlist([column.header])}"
    ]


def _write_left_out(found: Mapping[str, Proposal]) -> list[str]:
    used = {
        (proposal.sample.path, *proposal.sample.settings.values()) for proposal in found.values()
    }
    left = [
        other
        for proposal in found.values()
        for other in proposal.beside
        if (other.sample.path, *other.sample.settings.values()) not in used
    ]
    names = dict.fromkeys(
        other.sample.settings.get("sheet") or other.sample.settings.get("table", "")
        for other in left
    )
    return (
        [
            f"  # also in the file, not read: {enlist(names)}; each that matters is a source of its own"
        ]
        if names
        else []
    )


def _write_measure(orders: Proposal | None, found: Mapping[str, Proposal]) -> list[str]:
    if orders is None:
        return [
            "# no export looks like orders: a unit needs a source of orders, with dates and amounts"
        ]
    by_sale = any(
        proposal.role == "returns" and "date" not in proposal.names for proposal in found.values()
    )
    several = [
        name
        for name in ("currency", "unit_of_measure")
        if len(orders.columns[orders.names[name]].members if name in orders.names else ()) > 1
    ]
    chosen = [
        *(
            ["value: quantity"]
            if "amount" not in orders.names and "quantity" in orders.names
            else []
        ),
        *(["returns: month_of_sale"] if by_sale else []),
    ]
    asked = [
        f"# measure.{MEANS[name]}: {enlist(orders.columns[orders.names[name]].members)}"
        for name in several
    ]
    if not chosen:
        return [
            "# measure: {value: amount, returns: month_of_return}   # what sales means here",
            *asked,
        ]
    why = [
        *(["no amount was recognised"] if "amount" not in orders.names else []),
        *(["the returns have no date"] if by_sale else []),
    ]
    return [f"measure: {{{', '.join(chosen)}}}   # what sales means here: {'; '.join(why)}", *asked]


def _write_dimensions(orders: Proposal | None, used: Sequence[str]) -> list[str]:
    if orders is None:
        return ["dimensions: []", "levels:", "  total: []"]
    beside = [name for name in DIMENSIONS if name in orders.names and name not in used]
    more = [f"#   {enlist([header])}: {count} members" for header, count in orders.others.items()]
    levels = ["levels:", "  total: []", *(f"  {name}: [{name}]" for name in used)]
    if len(used) > 1:
        levels.append(
            f"  {'_'.join(used)}: [{', '.join(used)}]   # the bottom: crosses all `dimensions`"
        )
    return [
        f"dimensions: [{', '.join(used)}]",
        *(
            [
                f"# mapped too; to forecast along one, add it above and to the last level: {', '.join(beside)}"
            ]
            if beside
            else []
        ),
        *(
            [
                "# further columns with few members: add one under `columns` by a name of yours, and that name here",
                *more,
            ]
            if more
            else []
        ),
        *levels,
    ]


def _write_questions(found: Mapping[str, Proposal]) -> list[str]:
    asked = [
        f"#   {name}: {enlist([question])}"
        for name, proposal in found.items()
        for question in proposal.asks
    ]
    return ["", "# To ask the owner of the exports:", *asked] if asked else []
