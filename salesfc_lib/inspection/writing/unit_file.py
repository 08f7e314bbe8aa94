"""`salesfc init`: a unit's parameter file to start from, out of its exports.

What was recognised is filled in, the evidence stands in comments, and what a person has to complete
is commented out. Each export, and each further sheet or table that belongs to the unit, becomes a
source of the role that its headers show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import check_unit, translate_message
from salesfc_lib.inspection.aliases import read_aliases
from salesfc_lib.inspection.evidence.columns import FEW
from salesfc_lib.inspection.evidence.mapping import DIMENSIONS, SUPPLY
from salesfc_lib.inspection.findings.calendars import join_calendars
from salesfc_lib.inspection.findings.masters import UNUSED, join_masters, list_brought
from salesfc_lib.inspection.findings.proposal import Proposal, Setting
from salesfc_lib.inspection.findings.propose import propose_feed
from salesfc_lib.inspection.findings.roles import (
    ask_role,
    choose_orders,
    list_further,
    tell_further,
)
from salesfc_lib.inspection.sampling.feeds import find_exports, find_path, group_files
from salesfc_lib.inspection.writing.source import as_comment, find_join, write_setting, write_source
from salesfc_lib.intake import CURRENCIES

MEASURES = {"quantity", "amount"}
MOST_LEVELS = 2  # dimensions that the proposed bottom level crosses; more make thin series
NEEDED_FOR = {
    "currency": "measure.currency and measure.rates are needed for",
    "unit_of_measure": "measure.unit_of_measure and measure.conversions are needed for",
}
# roles that stand beside the orders
TABLES = ("promotions", "events", "inventory", "deliveries", "targets", *SUPPLY)


def write_unit_file(
    exports: Sequence[Path], project: Path, unit: str | None = None
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
    found = {} if unit else propose_sources(files, project)
    unit = check_unit(unit or propose_unit(next(iter(found.values())).files[0].stem))
    target = find_target(project, unit)
    found = found or propose_sources(files, project)
    save_unit(target, found, project, unit)
    return target, found


def find_target(project: Path, unit: str) -> Path:
    """Where a new unit's file goes; raises `RequestError` where there is one."""
    target = project / "parameters" / "units" / f"{unit}.yml"
    if target.exists():
        raise RequestError.of(
            f"'{target}' exists", "A new unit", "Name another with --unit, or remove the file first"
        )
    return target


def save_unit(target: Path, found: Mapping[str, Proposal], project: Path, title: str) -> None:
    """Write a unit's file."""
    lines = _write_lines(found, project, target.stem, title)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def propose_unit(name: str, other: str = "unit") -> str:
    """An id out of a name; `other` where nothing of it can be one.

    >>> propose_unit("Sample - Superstore"), propose_unit("华东", "unit-1")
    ('sample-superstore', 'unit-1')
    """
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32].rstrip("-")
    return slug or other


def propose_sources(files: Sequence[Path], project: Path) -> dict[str, Proposal]:
    """Proposals of each feed, and each sheet that orders can use, by the names of their sources:
    the role's, numbered from the second on.
    """
    aliases = read_aliases(project)
    feeds = [propose_feed(feed, aliases) for feed in group_files(files)]
    feeds = join_calendars(feeds, aliases, project)
    orders = choose_orders(feeds)
    others = [other for feed in feeds for other in feed.beside]
    beside: list[Proposal] = []
    if orders is not None:
        at = next(place for place, feed in enumerate(feeds) if feed is orders)
        joined = join_masters([*feeds, *others], orders)
        orders = joined[at]
        further = list_further(joined[len(feeds) :], orders)
        beside = [
            other for other in joined[len(feeds) :] if other in further or _is_of_use(other, orders)
        ]
        feeds, orders = joined[: len(feeds)], tell_further(orders, further)
        feeds[at] = orders
        feeds = [ask_role(feed, orders) for feed in feeds]
    named: dict[str, Proposal] = {}
    for proposal in sorted([*feeds, *beside], key=lambda feed: feed is not orders):
        count = sum(other.role == proposal.role for other in named.values())
        named[f"{proposal.role}_{count + 1}" if count else proposal.role] = proposal
    return named


def _is_of_use(other: Proposal, orders: Proposal) -> bool:
    """Whether a sheet beside the orders belongs to the unit: a table of its own, or a joined
    one.
    """
    joined = other.role in ("returns", "lookup") and bool(find_join(other, orders))
    dated = other.role == "returns" and "date" in other.names and bool(MEASURES & {*other.names})
    return not other.missing and (other.role in TABLES or joined or dated)


def _write_lines(
    found: Mapping[str, Proposal], project: Path, unit: str, title: str
) -> Iterator[str]:
    """Lines of the unit's parameter file."""
    proposals = list(found.values())
    orders = choose_orders(proposals)
    dimensions = _choose_dimensions(orders, proposals) if orders is not None else []
    file = as_comment([proposals[0].files[-1].name])
    say = translate_message
    yield say(f"# Unit '{as_comment([title])}', started from '{file}' by `salesfc init`.")
    yield say("# Lines that begin with # are to complete;")
    yield say(f"# `salesfc parameters {unit}` lists every key and its value.")
    yield "unit:"
    yield f"  {write_setting(Setting('title', title))}"
    yield say('  # owner: "who answers for this forecast"')
    if orders is not None and (found_currency := find_currency(orders)):
        sign, why = found_currency
        yield f"  {write_setting(Setting('currency', sign, why))}"
    yield from ("", "sources:")
    for name, proposal in found.items():
        path = find_path(proposal.files, project)
        if proposal.role == UNUSED:
            yield f"  # {as_comment([path])}: {as_comment([say(proposal.assignment.why)])}"
            continue
        yield from write_source(name, proposal, path, dimensions=dimensions, orders=orders)
    yield from _write_left_out(proposals)
    yield ""
    if orders is None:
        yield say("# no export looks like orders: a unit needs one, with dates and amounts")
    else:
        yield from _write_measure(orders, proposals)
    yield from _write_dimensions(orders, dimensions)
    last_month = "last complete month; without it, the month before the latest row's"
    yield ""
    yield say(
        "# key_accounts: {column: customer, members: []}   # customers to forecast on their own"
    )
    yield f'# calendar: {{closed_through: "YYYY-MM"}}   # {say(last_month)}'
    asked = [f"{name}: {one}" for name, proposal in found.items() for one in proposal.questions]
    if asked:
        yield from ("", say("# To ask the owner of the exports:"))
        yield from (f"#   {as_comment([say(question)])}" for question in asked)


def find_currency(orders: Proposal) -> tuple[str, str] | None:
    """The currency of the orders as it is printed before amounts, and why: of its column, of the
    amount's header, or of the amounts' own signs.
    """
    column, amount = orders.column("currency"), orders.column("amount")
    if column is not None and len(column.members) == 1:
        return spell_currency([*column.members][0]), f"the only one in {column.header}"
    if amount is None:
        return None
    words = re.findall(r"[^\W\d_]+|[^\w\s]", amount.header)
    texts = [*words, *(f"{first}{second}" for first, second in pairwise(words))]
    named = [text for text in texts if text.casefold() in CURRENCIES]
    if named:
        return spell_currency(named[-1]), f"the header {amount.header} names it"
    signs = {"".join(re.findall(r"[^\d\s.,'()+\-]+", cell)) for cell in amount.members}
    if len(signs) == 1 and (sign := signs.pop()).casefold() in CURRENCIES:
        return spell_currency(sign), f"the sign of the amounts in {amount.header}"
    return None


def spell_currency(text: str) -> str:
    """A currency as it is printed before amounts: a code or a word with a space behind it.

    >>> spell_currency("gbp"), spell_currency("£"), spell_currency("元")
    ('GBP ', '£', '¥')
    """
    codes = CURRENCIES.get(text.casefold(), frozenset())
    if "CNY" in codes and not text.isascii():
        return "¥"
    is_word = text.isascii() and text.isalpha()
    return f"{text.upper()} " if is_word else text


def _choose_dimensions(orders: Proposal, found: Sequence[Proposal]) -> list[str]:
    """Dimensions to forecast along, of the orders and of what masters bring: those of inventory and
    targets, others up to `MOST_LEVELS`.
    """
    tables = [table for table in found if table.role in ("inventory", "targets")]
    fixed = {header for value in _list_conditions(orders) for header in value}
    own = [name for name in orders.dimensions if orders.names[name] not in fixed]
    brought = {
        name
        for one in found
        if one.role == "lookup" and one.joined_by
        for name, column in list_brought(one).items()
        if name not in orders.names and 1 < len(column.members) <= FEW
    }
    every = [name for name in DIMENSIONS if name in own or name in brought]
    kept = [name for name in every if any(name in table.names for table in tables)]
    free = [name for name in every if name not in kept]
    used = [*kept, *free[: max(0, MOST_LEVELS - len(kept))]]
    return [name for name in every if name in used]


def _list_conditions(orders: Proposal) -> Iterator[Mapping[str, str]]:
    """Values of `where` that choose this unit's rows."""
    for one in orders.findings:
        if isinstance(one, Setting) and one.key == "where" and one.proved:
            assert isinstance(one.value, Mapping)
            yield one.value


def _write_left_out(found: Sequence[Proposal]) -> Iterator[str]:
    used = {(one.sample.path, *one.sample.settings.values()) for one in found}
    samples = [other.sample for one in found for other in one.beside]
    left = [one.settings for one in samples if (one.path, *one.settings.values()) not in used]
    if names := dict.fromkeys(name for settings in left for name in settings.values()):
        why = "each that matters is a source of its own"
        text = f"# also in the file, not read: {as_comment(names)}; {why}"
        yield f"  {translate_message(text)}"


def _write_measure(orders: Proposal, found: Sequence[Proposal]) -> Iterator[str]:
    keys: dict[str, str] = {}
    why = []
    if not orders.has_amount:
        keys |= {"value": "quantity"} if "quantity" in orders.names else {}
        why += ["no amount was recognised"]
    if any(one.role == "returns" and "date" not in one.names for one in found):
        keys |= {"returns": "month_of_sale"}
        why += ["the returns have no date"]
    usual = {"value": "amount", "returns": "month_of_return"}
    reason = f"what sales means here{': ' if keys else ''}{'; '.join(why) if keys else ''}"
    yield write_setting(Setting("measure", keys or usual, reason, bool(keys)))
    for name, needed in NEEDED_FOR.items():
        column = orders.column(name)
        if column is not None and len(column.members) > 1:
            yield f"# {translate_message(needed)}: {as_comment(column.members)}"


def _write_dimensions(orders: Proposal | None, used: Sequence[str]) -> Iterator[str]:
    yield write_setting(Setting("dimensions", used))
    if orders is not None:
        if beside := [name for name in DIMENSIONS if name in orders.names and name not in used]:
            text = "mapped too; to forecast along one, add it above and to the last level"
            yield f"# {translate_message(text)}: {', '.join(beside)}"
        if orders.others:
            text = "add one under `columns` by a name of yours, and that name here"
            yield translate_message(f"# further columns with few members: {text}")
        for header, count in orders.others.items():
            yield translate_message(f"#   {as_comment([header])}: {count} members")
    yield from ("levels:", "  total: []", *(f"  {name}: [{name}]" for name in used))
    if len(used) > 1:
        crossed = Setting("_".join(used), used, "the bottom: crosses all `dimensions`")
        yield f"  {write_setting(crossed)}"
