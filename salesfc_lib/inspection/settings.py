"""The keys of a source that say how its values are read, as YAML lines with their evidence.

A proposal enters; lines leave. The decision made here: what was proved stands as a key, what was not stands as a comment that
says what to ask.
"""

from __future__ import annotations

from salesfc_lib.foundation import SUBTOTALS
from salesfc_lib.inspection.choices import enlist, find_join, list_mapped, quote
from salesfc_lib.inspection.proposal import Proposal

ORDERS = ("dmy", "mdy")
MOST_LISTED = 12


def write_settings(found: Proposal, orders: Proposal | None) -> list[str]:
    """Lines of everything but where the export is and which columns it has; `orders` is what returns are joined to."""
    return [
        *_write_kinds(found),
        *_write_layout(found),
        *_write_values(found),
        *_write_money(found),
        *_write_key(found, orders),
        *_write_split(found),
    ]


def _write_kinds(found: Proposal) -> list[str]:
    known = [f"{quote(value)}: {kind}" for value, kind in found.kinds.items() if kind]
    unknown = [value for value, kind in found.kinds.items() if not kind]
    more = f" and {len(unknown) - MOST_LISTED} more" if len(unknown) > MOST_LISTED else ""
    signs = f"{found.signs.returns_positive:,} of {found.signs.returns_positive + found.signs.returns_negative:,}"
    return [
        *([f"    kinds: {{{', '.join(known)}}}   # values of the column `kind`"] if known else []),
        *(
            [
                f"    # kinds to complete, each as sale, return or adjustment: {enlist(unknown[:MOST_LISTED])}{more}"
            ]
            if unknown
            else []
        ),
        *(
            [f"    returns_are_positive: true   # {signs} returns stand without a minus sign"]
            if found.returns_are_positive
            else []
        ),
    ]


def _write_layout(found: Proposal) -> list[str]:
    own = [
        word
        for word in found.subtotals
        if word.casefold() not in {known.casefold() for known in SUBTOTALS}
    ]
    words = ", ".join(quote(word) for word in [*found.subtotals])
    return [
        *(
            [f"    subtotals: [{words}]   # words that mark a row which adds up others"]
            if own or words
            else []
        ),
        *(
            [
                f"    fill_down: [{', '.join(found.fill_down)}]   # blank in most rows: merged cells, filled from above"
            ]
            if found.fill_down
            else []
        ),
    ]


def _write_values(found: Proposal) -> list[str]:
    lines = []
    name = found.date_name
    order = found.days(name).order if name else ""
    if name and order in ORDERS:
        days, column = found.days(name), found.columns[found.names[name]]
        place = days.proof[order]
        lines.append(
            f"    date_order: {order}   # {column.cells[place]} in {found.sample.say_place(place)} can be read no other way"
        )
    if order == "?":
        lines.append(
            "    # date_order: dmy or mdy: no cell proves whether the day or the month stands first; ask"
        )
    decimals = {
        found.columns[header].figures.decimal
        for name, header in found.names.items()
        if found.columns[header].looks == "number"
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
    texts = {
        name: found.columns[match.header].nulls
        for name, match in list_mapped(found).items()
        if found.columns[match.header].looks == "text"
    }
    if spelled := {name: nulls for name, nulls in texts.items() if nulls}:
        said = ", ".join(
            f"{name}: [{', '.join(map(quote, nulls))}]" for name, nulls in spelled.items()
        )
        lines.append(f"    # nulls: {{{said}}}   # if they stand for nothing")
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
    why = next(
        (reason.split(": ", 1)[1] for reason in money.why if reason.startswith("discounts")), ""
    )
    if money.discounts == "gross" and is_mapped:
        return [f"    discounts: gross   # the amounts are before discounts: {why}"]
    if money.discounts == "gross":
        return [
            "    # the amounts are before discounts: map `discount` (money, not a share) and say `discounts: gross`"
        ]
    return (
        ["    # discounts: gross   # if the discount is still to be taken off the amount"]
        if is_mapped and not money.discounts
        else []
    )


def _write_one(found: Proposal) -> list[str]:
    """The currency and the unit of measure that all rows have."""
    only = {
        name: found.columns[found.names[name]]
        for name in ("currency", "unit_of_measure")
        if name in found.names
    }
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
        return [
            "    # key: [order_id, product]   # columns that identify a row; rows that repeat them are duplicates"
        ]
    if not set(names) <= set(list_mapped(found)):
        return [f"    # key: {keyed} {seen}; map them above to use them"]
    is_sure = "line" in names or (
        "order_id" in names and not found.key.copies and len(found.sample.rows) >= 50
    )
    return (
        [f"    key: [{keyed}]   # {seen}"]
        if is_sure
        else [f"    # key: [{keyed}]   # {seen}: does the system make sure of it?"]
    )


def _write_split(found: Proposal) -> list[str]:
    if found.role != "orders":
        return []
    if not found.splits:
        return []
    header, members = next(iter(found.splits.items()))
    return [
        f"    # where: {{{quote(header)}: {quote(members[0])}}}   # if the export holds several units: {enlist(members[:6])}{' …' if len(members) > 6 else ''}"
    ]
