"""A source of a unit's parameter file, as YAML with the evidence in comments.

A proposal enters; lines leave, ready to paste under `sources:`. The decision made here: what was proved stands as a key,
what was not stands as a comment that says what to ask, so that a file that was pasted unread takes nothing for granted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import get_args

from salesfc_lib.inspection.mapping import DIMENSIONS, Match
from salesfc_lib.inspection.proposal import Proposal
from salesfc_lib.schema import SUBTOTALS, Role

# names that a run reads; others are named in a comment
MAPPED = ("date", "ds", "order_id", "line", "version", "kind", "reference", "customer", "product", *DIMENSIONS, "salesperson", "quantity", "amount",
          "discount", "freight", "tax_amount", "tax_rate", "currency", "unit_of_measure", "name", "start", "end", "stock", "stockout_days", "target",
          "account", "debit", "credit", "balance", "opportunity", "stage", "probability", "expected_close")  # fmt: skip
TABLES = ("promotions", "inventory", "targets", "events")  # roles whose further columns have to be dimensions of the unit
OWN = ("name", "start", "end", "ds", "stock", "stockout_days", "target")  # and their own columns
FORMATS = {"dmy": ("%d/%m/%Y", "25/1/2026"), "mdy": ("%m/%d/%Y", "1/25/2026")}
MOST_LISTED = 12
UNPRINTABLE = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


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
    """A text as YAML reads it back: signs that it takes for line ends, or refuses, are escaped.

    >>> quote("a\u2028b"), quote("价税合计")
    ('"a\\\\u2028b"', '"价税合计"')
    """
    return UNPRINTABLE.sub(lambda sign: f"\\u{ord(sign.group()):04x}", json.dumps(text, ensure_ascii=False))


def enlist(texts: Iterable[str]) -> str:
    """Texts for a comment: on one line."""
    return ", ".join(" ".join(text.split()) for text in texts)


def list_mapped(found: Proposal, dimensions: Collection[str] | None = None) -> dict[str, Match]:
    """Matches that stand in `columns`; `dimensions` are those of the unit."""
    along = found.role in TABLES and dimensions is not None
    return {
        match.name: match
        for match in found.assignment.matches
        if match.name in MAPPED and not _is_idle(found, match) and not (along and match.name not in (*OWN, *(dimensions or ())))
    }


def _is_idle(found: Proposal, match: Match) -> bool:
    """Whether a column would say nothing to a run: parts of a key that is none, shares of a price, one currency, tax that is not in."""
    few = len(found.columns[match.header].members) < 2
    return {
        "line": "line" not in found.key.names,
        "version": "version" not in found.key.names,
        "discount": bool(found.money.share),
        "currency": few,
        "unit_of_measure": few,
        "tax_amount": found.money.tax != "included",
        "tax_rate": found.money.tax != "included",
    }.get(match.name, False)


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
    units = {name: unit for name, unit in found.units.items() if name in list_mapped(found)}
    if units:
        said = enlist(dict.fromkeys(words for _, words in units.values()))
        stated = ", ".join(f"{name}: {unit}" for name, (unit, _) in units.items())
        lines.append(f"    units: {{{stated}}}   # the title or the header says '{said}'")
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
    return [*_write_tax(found), *_write_discounts(found), *_write_one(found)]


def _write_tax(found: Proposal) -> list[str]:
    money, mapped = found.money, list_mapped(found)
    why = next((reason.split(": ", 1)[1] for reason in money.why if reason.startswith("tax")), "")
    if money.tax != "included":
        return [f"    # tax excluded: {why}"] if money.tax else []
    if money.tax_rate:
        return [f"    tax: included   # {why}", f'    tax_rate: "{money.tax_rate:f}"']
    if {"tax_amount", "tax_rate"} & set(mapped):
        return [f"    tax: included   # {why}"]
    return [f"    # tax: included   # {why}", '    # tax_rate: "0.13"   # at which rate?']


def _write_discounts(found: Proposal) -> list[str]:
    money, is_mapped = found.money, "discount" in list_mapped(found)
    why = next((reason.split(": ", 1)[1] for reason in money.why if reason.startswith("discounts")), "")
    if money.discounts == "gross" and is_mapped:
        return [f"    discounts: gross   # the amounts are before discounts: {why}"]
    if money.discounts == "gross":
        return ["    # the amounts are before discounts: map `discount` (money, not a share) and say `discounts: gross`"]
    return (
        ["    # discounts: gross   # if the discount is still to be taken off the amount"]
        if is_mapped and not money.discounts
        else []
    )


def _write_one(found: Proposal) -> list[str]:
    """The currency and the unit of measure that all rows have."""
    only = {name: found.columns[found.names[name]] for name in ("currency", "unit_of_measure") if name in found.names}
    return [
        f"    # all rows: {name} {enlist(column.members)} ({enlist([column.header])})"
        for name, column in only.items()
        if len(column.members) == 1
    ]


def _write_key(found: Proposal, orders: Proposal | None) -> list[str]:
    if found.role not in ("orders", "returns") or (orders is not None and find_join(found, orders)):
        return []
    names = list(found.key.names)
    copies = f"; {found.key.copies:,} rows stand again as a whole" if found.key.copies else ""
    seen = f"identify the {len(found.sample.rows):,} rows that were read{copies}"
    keyed = ", ".join(names)
    if not names:
        return ["    # key: [order_id, product]   # columns that identify a row; rows that repeat them are duplicates"]
    if not set(names) <= set(list_mapped(found)):
        return [f"    # key: {keyed} {seen}; map them above to use them"]
    is_sure = "line" in names or ("order_id" in names and not found.key.copies and len(found.sample.rows) >= 50)
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
