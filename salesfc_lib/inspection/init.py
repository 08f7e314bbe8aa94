"""`salesfc init`: a unit's parameter file to start from, out of its exports.

What was recognised is filled in, the evidence stands in comments, and what a person has to complete
is commented out. Each export, and each further sheet or table that belongs to the unit, becomes a
source of the role that its headers show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
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
NEEDED_FOR = {
    "currency": "currency and measure.rates are needed for",
    "unit_of_measure": "unit_of_measure and measure.conversions are needed for",
}
TABLES = ("promotions", "events", "inventory", "targets")  # roles that stand beside the orders


def write_unit_file(
    exports: Sequence[Path], project: Path, unit: str | None = None, *, title: str = ""
) -> tuple[Path, dict[str, Proposal]]:
    """The parameter file written for the exports, and what was recognised in each source of it.

    Raises
    ------
    RequestError
        The file exists, an export does not, or the id is wrong.
    SalesForecastError
        An export cannot be read.
    """
    files = find_exports(exports)
    unit = check_unit(unit or propose_unit(files[0]))
    target = project / "parameters" / "units" / f"{unit}.yml"
    if target.exists():
        raise RequestError.say(
            f"'{target}' exists", "A new unit", "Name another with --unit, or remove the file first"
        )
    found = _propose_sources(files, project)
    text = _write_text(found, project, title=title or unit)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return target, found


def propose_unit(export: Path) -> str:
    """An id out of a file's name.

    >>> propose_unit(Path("Sample - Superstore.xls"))
    'sample-superstore'
    """
    slug = re.sub(r"[^a-z0-9]+", "-", export.stem.lower()).strip("-")[:32].rstrip("-")
    return slug or "unit"


def _propose_sources(files: Sequence[Path], project: Path) -> dict[str, Proposal]:
    """Proposals by the names of their sources: of each feed, and each sheet that orders can use."""
    aliases = read_aliases(project)
    feeds = [propose_feed(feed, aliases) for feed in group_files(files)]
    orders = next((feed for feed in feeds if feed.role == "orders"), None)
    others = [other for feed in feeds for other in feed.beside]
    beside = [other for other in others if orders is not None and _is_of_use(other, orders)]
    return name_sources(sorted([*feeds, *beside], key=lambda feed: feed is not orders))


def _is_of_use(other: Proposal, orders: Proposal) -> bool:
    """Whether a sheet beside the orders belongs to the unit: a table of its own, or a joined
    one.
    """
    joined = other.role in ("returns", "lookup") and bool(find_join(other, orders))
    dated = other.role == "returns" and {"date", "amount"} <= set(other.names)
    return not other.missing and (other.role in TABLES or joined or dated)


def _write_text(found: Mapping[str, Proposal], project: Path, *, title: str) -> str:
    """Text of the unit's parameter file."""
    proposals = list(found.values())
    orders = next((proposal for proposal in proposals if proposal.role == "orders"), None)
    dimensions = _choose_dimensions(orders, proposals) if orders is not None else []
    file = enlist([proposals[0].files[-1].name])
    lines = [
        f"# Unit '{enlist([title])}', started from '{file}' by `salesfc init`. "
        "Every key and its default:",
        "# parameters/defaults.yml; "
        "every key of a source: salesfc_lib/foundation/schema/sources.py.",
        "# Lines that begin with # are to complete.",
        "unit:",
        f"  title: {quote(title)}",
        '  # owner: "who answers for this forecast"',
        *(_write_currency(orders) if orders else ()),
        "",
        "sources:",
    ]
    for name, proposal in found.items():
        path = find_path(proposal.files, project)
        lines += write_source(name, proposal, path, dimensions=dimensions, orders=orders)
    last_month = "last complete month; without it, the month before the latest row's"
    lines += [
        *_write_left_out(proposals),
        "",
        *_write_measure(orders, proposals),
        *_write_dimensions(orders, dimensions),
        "",
        "# key_accounts: {column: customer, members: []}   # customers to forecast on their own",
        f'# calendar: {{closed_through: "YYYY-MM"}}   # {last_month}',
    ]
    asks = [f"#   {name}: {enlist([ask])}" for name, one in found.items() for ask in one.asks]
    lines += ["", "# To ask the owner of the exports:", *asks] if asks else []
    return "\n".join([*lines, ""])


def _choose_dimensions(orders: Proposal, found: Sequence[Proposal]) -> list[str]:
    """Dimensions to forecast along: those of inventory and targets, others up to `MOST_LEVELS`."""
    tables = [table for table in found if table.role in ("inventory", "targets")]
    kept = [name for name in orders.dimensions if any(name in table.names for table in tables)]
    free = [name for name in orders.dimensions if name not in kept]
    chosen = [*kept, *free[: max(0, MOST_LEVELS - len(kept))]]
    return [name for name in orders.dimensions if name in chosen]


def _write_currency(orders: Proposal) -> Iterator[str]:
    column = orders.columns.get(orders.names.get("currency", ""))
    if column is not None and len(column.members) == 1:
        (currency,) = column.members
        yield f"  currency: {quote(currency)}   # the only one in {enlist([column.header])}"


def _write_left_out(found: Sequence[Proposal]) -> Iterator[str]:
    used = {(one.sample.path, *one.sample.settings.values()) for one in found}
    samples = [other.sample for one in found for other in one.beside]
    left = [one for one in samples if (one.path, *one.settings.values()) not in used]
    names = [one.settings.get("sheet") or one.settings.get("table", "") for one in left]
    if names:
        said = "each that matters is a source of its own"
        yield f"  # also in the file, not read: {enlist(dict.fromkeys(names))}; {said}"


def _write_measure(orders: Proposal | None, found: Sequence[Proposal]) -> list[str]:
    if orders is None:
        return [
            "# no export looks like orders: a unit needs a source of orders, with dates and amounts"
        ]
    chosen, why = [], []
    if "amount" not in orders.names:
        chosen += ["value: quantity"] if "quantity" in orders.names else []
        why += ["no amount was recognised"]
    if any(one.role == "returns" and "date" not in one.names for one in found):
        chosen += ["returns: month_of_sale"]
        why += ["the returns have no date"]
    columns = {name: orders.columns.get(orders.names.get(name, "")) for name in NEEDED_FOR}
    asked = [
        f"# measure.{NEEDED_FOR[name]}: {enlist(column.members)}"
        for name, column in columns.items()
        if column is not None and len(column.members) > 1
    ]
    keys, reason = ", ".join(chosen), f"what sales means here: {'; '.join(why)}"
    if not chosen:
        keys, reason = "value: amount, returns: month_of_return", "what sales means here"
    return [f"{'' if chosen else '# '}measure: {{{keys}}}   # {reason}", *asked]


def _write_dimensions(orders: Proposal | None, used: Sequence[str]) -> Iterator[str]:
    yield f"dimensions: [{', '.join(used)}]"
    if orders is not None:
        if beside := [name for name in DIMENSIONS if name in orders.names and name not in used]:
            said = "mapped too; to forecast along one, add it above and to the last level"
            yield f"# {said}: {', '.join(beside)}"
        if orders.others:
            said = "add one under `columns` by a name of yours, and that name here"
            yield f"# further columns with few members: {said}"
        for header, count in orders.others.items():
            yield f"#   {enlist([header])}: {count} members"
    yield from ("levels:", "  total: []", *(f"  {name}: [{name}]" for name in used))
    if len(used) > 1:
        crossed = f"{'_'.join(used)}: [{', '.join(used)}]"
        yield f"  {crossed}   # the bottom: crosses all `dimensions`"
