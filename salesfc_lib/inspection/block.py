"""A source of a unit's parameter file, as YAML with the evidence in comments.

A proposal enters; lines leave, ready to paste under `sources:`. The decision made here: what was proved stands as a key,
what was not stands as a comment that says what to ask, so that a file that was pasted unread takes nothing for granted.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import get_args

from salesfc_lib.inspection.mapping import DIMENSIONS, Match
from salesfc_lib.inspection.proposal import Proposal
from salesfc_lib.schema import SUBTOTALS, Role

MAPPED = ("date", "ds", "order_id", "line", "kind", "reference", "customer", "product", *DIMENSIONS, "salesperson", "quantity", "amount", "discount",
          "name", "start", "end", "stock", "stockout_days", "target")  # names that a run reads; others are named in a comment  # fmt: skip
FORMATS = {"dmy": ("%d/%m/%Y", "25/1/2026"), "mdy": ("%m/%d/%Y", "1/25/2026")}
MOST_LISTED = 12


def write_source(
    name: str, found: Proposal, path: str, *, dimensions: Collection[str] | None = None, orders: Proposal | None = None
) -> list[str]:
    """Lines of one source; `dimensions` are those that the unit forecasts along, `orders` what returns and lookups are joined to."""
    lines = [
        f"  {name}:",
        f"    kind: {found.sample.kind}",
        *([f"    role: {found.role}"] if found.role != "orders" else []),
        f"    path: {quote(path)}",
        *(f"    {key}: {quote(value)}{_because(found, key)}" for key, value in found.sample.settings.items()),
        *_write_columns(found, dimensions, orders),
        *_write_kinds(found),
        *_write_layout(found),
        *_write_values(found),
        *_write_money(found),
        *_write_key(found, orders),
        *_write_split(found),
    ]
    if found.role not in get_args(Role):
        return [f"  # a source of the role '{found.role}', which no run reads yet:", *(f"  #{line[1:]}" for line in lines)]
    return lines


def quote(text: str) -> str:
    """A text as YAML reads it back."""
    return json.dumps(text, ensure_ascii=False)


def enlist(texts: Iterable[str]) -> str:
    """Texts for a comment: on one line."""
    return ", ".join(" ".join(text.split()) for text in texts)


def list_mapped(found: Proposal, dimensions: Collection[str] | None = None) -> dict[str, Match]:
    """Matches that stand in `columns`."""
    along = found.role in ("promotions", "inventory", "targets", "events")
    return {
        match.name: match
        for match in found.assignment.matches
        if match.name in MAPPED
        and not (match.name == "line" and "line" not in found.key.names)
        and not (match.name == "discount" and found.money.share)
        and not (
            along
            and dimensions is not None
            and match.name not in (*dimensions, "name", "start", "end", "ds", "stock", "stockout_days", "target")
        )
    }


def find_join(found: Proposal, orders: Proposal) -> dict[str, str]:
    """Columns of the orders by which a lookup, or returns without a date, are joined, and their headers."""
    if found.role == "lookup":
        single = {match.name: match.header for match in found.assignment.matches if match.name in orders.names}
        unique = {name: header for name, header in single.items() if len(found.columns[header].members) == len(found.sample.rows)}
        return dict([next(iter((unique or single).items()))]) if single else {}
    if found.role == "returns" and "date" not in found.names:
        name = "order_id" if "order_id" in found.names else "reference"
        return {"order_id": found.names[name]} if name in found.names and "order_id" in orders.names else {}
    return {}


def _because(found: Proposal, key: str) -> str:
    return f"   # {found.sample.why[key]}" if key in found.sample.why else ""


def _write_columns(found: Proposal, dimensions: Collection[str] | None, orders: Proposal | None) -> list[str]:
    join = find_join(found, orders) if orders is not None else {}
    mapped = {name: match for name, match in list_mapped(found, dimensions).items() if match.header not in join.values()}
    if found.role == "lookup":
        mapped = {match.name: match for match in found.assignment.matches if match.header not in join.values()}
    beside = [
        f"{match.name}: {match.header}"
        for match in found.assignment.matches
        if match.name not in mapped and match.header not in join.values()
    ]
    shown = {name: [match.header, *found.spellings.get(match.header, ())] for name, match in mapped.items()}
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
            f"      {name}: {quote(shown[name][0]) if len(shown[name]) == 1 else '[' + ', '.join(map(quote, shown[name])) + ']'}{_say(match)}"
            for name, match in mapped.items()
        ),
        *(f"      # {name}: not recognised; headers: {enlist(found.sample.header)}" for name in found.missing),
        *([f"      # recognised too, not needed by a run: {enlist(beside)}"] if beside else []),
    ]


def _say(match: Match) -> str:
    said = [] if match.exact else [f"check: the header only ends like '{match.alias}'"]
    return (
        f"   # {'; '.join([*said, *([f'not {enlist(match.rivals[:3])}'] if match.rivals else [])])}" if said or match.rivals else ""
    )


def _write_kinds(found: Proposal) -> list[str]:
    known = [f"{quote(value)}: {kind}" for value, kind in found.kinds.items() if kind]
    unknown = [value for value, kind in found.kinds.items() if not kind]
    more = f" and {len(unknown) - MOST_LISTED} more" if len(unknown) > MOST_LISTED else ""
    signs = f"{found.signs.returns_positive:,} of {found.signs.returns_positive + found.signs.returns_negative:,}"
    return [
        *([f"    kinds: {{{', '.join(known)}}}   # values of the column `kind`"] if known else []),
        *(
            [f"    # kinds to complete, each as sale, return or adjustment: {enlist(unknown[:MOST_LISTED])}{more}"]
            if unknown
            else []
        ),
        *([f"    returns_are_positive: true   # {signs} returns stand without a minus sign"] if found.returns_are_positive else []),
    ]


def _write_layout(found: Proposal) -> list[str]:
    own = [word for word in found.subtotals if word.casefold() not in {known.casefold() for known in SUBTOTALS}]
    words = ", ".join(quote(word) for word in [*found.subtotals])
    return [
        *([f"    subtotals: [{words}]   # words that mark a row which adds up others"] if own or words else []),
        *(
            [f"    fill_down: [{', '.join(found.fill_down)}]   # blank in most rows: merged cells, filled from above"]
            if found.fill_down
            else []
        ),
    ]


def _write_values(found: Proposal) -> list[str]:
    lines = []
    name = found.date_name
    order = found.days(name).order if name else ""
    if name and order in FORMATS:
        days, column = found.days(name), found.columns[found.names[name]]
        place = days.proof[order]
        lines.append(
            f"    # dates: {'day' if order == 'dmy' else 'month'} first, as {column.cells[place]} in {found.sample.say_place(place)} proves; each file has to prove it"
        )
    if order == "?":
        lines.append(
            f'    # date_format: "{FORMATS["dmy"][0]}" or "{FORMATS["mdy"][0]}": no cell proves whether the day or the month stands first; ask'
        )
    decimals = {
        found.columns[header].figures.decimal for name, header in found.names.items() if found.columns[header].looks == "number"
    }
    if not found.sample.typed and "," in decimals and "." not in decimals:
        lines.append(f'    decimal: ","   # {_prove_decimal(found, ",")}')
    elif not found.sample.typed and "?" in decimals and not decimals & {".", ","}:
        lines.append('    # decimal: "." or ",": no cell proves which; ask')
    if found.units:
        lines.append(
            f"    # in the export's title or header: {enlist(f'{name} in {unit} ({words})' for name, (unit, words) in found.units.items())}"
        )
    return lines


def _prove_decimal(found: Proposal, sign: str) -> str:
    for header in found.names.values():
        column = found.columns[header]
        if column.looks == "number" and sign in column.figures.proof:
            place = column.figures.proof[sign]
            return f"{column.cells[place]} in {found.sample.say_place(place)}"
    return ""


def _write_money(found: Proposal) -> list[str]:
    if found.role not in ("orders", "returns") or found.money.amount is None:
        return []
    money, lines = found.money, []
    why = next((reason for reason in money.why if reason.startswith("tax")), "")
    if money.tax == "included" and money.tax_rate:
        lines += [f"    tax: included   # {why.removeprefix('tax included: ')}", f'    tax_rate: "{money.tax_rate:f}"']
    elif money.tax == "included":
        lines += [f"    # tax: included   # {why.removeprefix('tax included: ')}", '    # tax_rate: "0.13"   # at which rate?']
    elif money.tax:
        lines += [f"    # {why}"]
    off = next((reason for reason in money.why if reason.startswith("discounts")), "")
    if money.discounts == "gross" and "discount" in list_mapped(found):
        lines.append(f"    discounts: gross   # {off}")
    elif money.discounts == "gross":
        lines.append("    # the amounts are before discounts: map `discount` (money, not a share) and say `discounts: gross`")
    elif not money.discounts and "discount" in list_mapped(found):
        lines.append("    # discounts: gross   # if the discount is still to be taken off the amount")
    return lines


def _write_key(found: Proposal, orders: Proposal | None) -> list[str]:
    if found.role not in ("orders", "returns") or (orders is not None and find_join(found, orders)):
        return []
    names = list(found.key.names)
    seen = f"identify each of the {len(found.sample.rows):,} rows that were read" + (
        f"; {found.key.copies:,} repeat another" if found.key.copies else ""
    )
    keyed = ", ".join(names)
    if not names:
        return ["    # key: [order_id, product]   # columns that identify a row; rows that repeat them are duplicates"]
    if not set(names) <= set(list_mapped(found)):
        return [f"    # key: {keyed} {seen}; map them above to use them"]
    is_sure = "line" in names or (not found.key.copies and len(found.sample.rows) >= 50)
    return [f"    key: [{keyed}]   # {seen}"] if is_sure else [f"    # key: [{keyed}]   # {seen}: does the system make sure of it?"]


def _write_split(found: Proposal) -> list[str]:
    if found.role != "orders":
        return []
    if not found.splits:
        return []
    header, members = next(iter(found.splits.items()))
    return [
        f"    # where: {{{quote(header)}: {quote(members[0])}}}   # if the export holds several units: {enlist(members[:6])}{' …' if len(members) > 6 else ''}"
    ]


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
