"""A source of a unit's parameter file, as YAML with the evidence in comments.

A proposal enters; lines leave, ready to paste under `sources:`. The decision made here: what was proved stands as a key,
what was not stands as a comment that says what to ask, so that a file that was pasted unread takes nothing for granted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from salesfc_lib.inspection.choices import enlist, find_join, list_mapped, quote
from salesfc_lib.inspection.mapping import Match
from salesfc_lib.inspection.proposal import Proposal
from salesfc_lib.inspection.settings import write_settings

MOST_HEADERS = 60  # listed where a name was not recognised


def write_source(
    name: str,
    found: Proposal,
    path: str,
    *,
    dimensions: Collection[str] | None = None,
    orders: Proposal | None = None,
) -> list[str]:
    """Lines of one source; `dimensions` are those that the unit forecasts along, `orders` what returns and lookups are joined to."""
    lines = [
        f"  {name}:",
        f"    kind: {found.sample.kind}",
        *([f"    role: {found.role}"] if found.role != "orders" else []),
        f"    path: {quote(path)}",
        *(
            f"    {key}: {quote(value)}{_because(found, key)}"
            for key, value in found.sample.settings.items()
        ),
        *_write_columns(found, dimensions, orders),
        *write_settings(found, orders),
    ]
    if (
        found.role in ("inventory", "targets")
        and dimensions is not None
        and (repeats := _count_repeats(found, dimensions))
    ):
        along = enlist(["ds", *(name for name in dimensions if name in found.names)])
        return [
            f"  # not read yet: {repeats:,} rows repeat {along}; add what tells them apart to `dimensions`",
            *(f"  #{line[1:]}" for line in lines),
        ]
    return lines


def name_sources(found: Mapping[str, Proposal]) -> dict[str, Proposal]:
    """Proposals by the names of their sources: the role's, numbered from the second on."""
    named: dict[str, Proposal] = {}
    for proposal in found.values():
        name, count = proposal.role, 1
        while name in named:
            count += 1
            name = f"{proposal.role}_{count}"
        named[name] = proposal
    return named


def _count_repeats(found: Proposal, dimensions: Collection[str]) -> int:
    """Rows of a table that repeat the month and the dimensions of another."""
    months = [day and (day.year, day.month) for day in found.days("ds").values]
    members = [found.columns[found.names[name]].cells for name in dimensions if name in found.names]
    keys = list(zip(months, *members, strict=True))
    return len(keys) - len(set(keys))


def _because(found: Proposal, key: str) -> str:
    return f"   # {found.sample.why[key]}" if key in found.sample.why else ""


def _write_columns(
    found: Proposal, dimensions: Collection[str] | None, orders: Proposal | None
) -> list[str]:
    join = find_join(found, orders) if orders is not None else {}
    mapped = {
        name: match
        for name, match in list_mapped(found, dimensions).items()
        if match.header not in join.values()
    }
    if found.role == "lookup":
        mapped = {
            match.name: match
            for match in found.assignment.matches
            if match.header not in join.values()
        }
    shown = {
        "unit" if name == "unit_of_measure" and found.role == "conversions" else name: match
        for name, match in mapped.items()
    }
    beside = [
        f"{match.name}: {match.header}"
        for match in found.assignment.matches
        if match.name not in mapped and match.header not in join.values()
    ]
    shown |= _choose_total(found)
    spelled = {
        name: [match.header, *found.spellings.get(match.header, ())]
        for name, match in shown.items()
    }
    lines = (
        [
            f"    join: {{{', '.join(f'{name}: {quote(header)}' for name, header in join.items())}}}   # column of the orders: this export's header"
        ]
        if join
        else []
    )
    return [
        *lines,
        f"    columns:{'' if mapped else ' {}'}   # this project's name: the export's header",
        *(
            f"      {name}: {_write_spellings(spelled[name])}{_say(match)}"
            for name, match in shown.items()
        ),
        *(
            f"      # {name}: not recognised; headers: {enlist(found.sample.header[:MOST_HEADERS])}"
            for name in found.missing
        ),
        *([f"      # recognised too, not needed by a run: {enlist(beside)}"] if beside else []),
    ]


def _choose_total(found: Proposal) -> dict[str, Match]:
    """The amount of control totals, where no column is called so: the balance, or the side on which sales are booked."""
    by_name = {match.name: match for match in found.assignment.matches}
    if found.role != "control_totals" or "amount" in by_name:
        return {}
    return next(
        ({"amount": by_name[name]} for name in ("balance", "credit", "debit") if name in by_name),
        {},
    )


def _write_spellings(headers: Sequence[str]) -> str:
    return quote(headers[0]) if len(headers) == 1 else f"[{', '.join(map(quote, headers))}]"


def _say(match: Match) -> str:
    said = [] if match.exact else [f"check: the header only ends like '{match.alias}'"]
    return (
        f"   # {'; '.join([*said, *([f'not {enlist(match.rivals[:3])}'] if match.rivals else [])])}"
        if said or match.rivals
        else ""
    )
