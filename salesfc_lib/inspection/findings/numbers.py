"""How the numbers of an export are written: decimal signs and their proof, units, cells that are
none.
"""

from __future__ import annotations

from collections.abc import Iterator

from salesfc_lib.foundation import scales
from salesfc_lib.inspection.evidence.columns import ColumnEvidence
from salesfc_lib.inspection.findings.proposal import Fact, Finding, Line, Proposal, Setting, ask
from salesfc_lib.intake import CONTRARY, UNPROVED, Issue

CODES = ("order_id", "customer", "product")
DECIMALS = {
    ".": "decimal point",
    ",": "decimal comma",
    UNPROVED: "undecidable, see below",
    CONTRARY: "two conventions, see below",
}
SPELLINGS = {
    "trailing_minus": "have their minus behind",
    "parentheses": "are negative in parentheses",
    "currency_sign": "carry a currency sign",
    "percent": "are in percent",
    "debit_credit": "end in CR, DR, 借 or 贷",
    "chinese_unit": "count in 万 or 亿",
    "full_width": "have full-width digits",
    "scientific_notation": "are in scientific notation, with all their digits",
}


def describe_numbers(found: Proposal) -> Iterator[Finding]:
    """Decimal signs, units and strange cells of the columns of numbers."""
    numbers = {
        name: found.columns[header]
        for name, header in found.names.items()
        if found.columns[header].content == "number"
    }
    for name, column in numbers.items():
        if name not in ("line", *CODES):
            yield from _check_decimals(found, column)
            yield from _check_cells(found, column)
    yield from _describe_units(found)
    yield Fact("decimal", {one.header: _list_facts(one) for one in numbers.values()})
    if found.sample.typed:
        yield Line("numbers", "stored as numbers: no question of decimal signs")
        return
    shown = [one for name, one in numbers.items() if name != "line"]
    yield Line("numbers", "\n".join(f"{one.header}: {_describe(found, one)}" for one in shown))
    decimals = {one.numbers.decimal for one in numbers.values()}
    if "," in decimals and "." not in decimals:
        column = next(one for one in numbers.values() if "," in one.numbers.proofs)
        place = column.numbers.proofs[","][0]
        why = found.show_cell(column, place)
        yield Setting("decimal", ",", why)
    elif UNPROVED in decimals and not decimals & {".", ","}:
        yield Setting("decimal", None, '"." or ",": no cell proves which; ask')


def _list_facts(column: ColumnEvidence) -> dict[str, object]:
    numbers = column.numbers
    return {
        "is": numbers.decimal,
        "proof": {sign: column.raw[at[0]] for sign, at in numbers.proofs.items()},
        "grouping": numbers.grouping,
        "undecided": len(numbers.open),
    }


def _describe(found: Proposal, column: ColumnEvidence) -> str:
    numbers = column.numbers
    text = DECIMALS.get(numbers.decimal, "whole numbers")
    if numbers.decimal in (".", ","):
        text = f"{text}, as in {found.show_cell(column, numbers.proofs[numbers.decimal][0])}"
        if numbers.grouping:
            text = f"{text}, thousands with {numbers.grouping!r}"
    return text


def _check_decimals(found: Proposal, column: ColumnEvidence) -> Iterator[Issue]:
    numbers, header = column.numbers, column.header
    if numbers.decimal == UNPROVED and not found.sample.typed:
        cell = column.raw[numbers.open[0]]
        whole = cell.replace(".", "").replace(",", "")
        proved = {
            one.numbers.decimal: f"{other} '{one.numbers.decimal}'"
            for other, one in found.columns.items()
            if other != header and one.content == "number" and one.numbers.decimal in (".", ",")
        }
        text = f"is {cell} {whole}, or does it have decimals? No cell of the column proves it"
        if proved:
            text += f"; decimal signs elsewhere in the file: {', '.join(proved.values())}"
        yield ask("separators", f"{header}: {text}")
    if numbers.decimal == CONTRARY:
        cells = {sign: found.show_cell(column, at[0]) for sign, at in numbers.proofs.items()}
        text = f"decimal point in {cells['.']}, decimal comma in {cells[',']}"
        yield ask("separators", f"{header}: {text}: two conventions in one column")
    if numbers.currencies:
        both = "' and '".join(numbers.currencies)
        yield ask("currency", f"{header}: '{both}' are in different currencies: which is which?")


def _check_cells(found: Proposal, column: ColumnEvidence) -> Iterator[Issue]:
    for rule, positions in column.numbers.rules.items():
        if rule in SPELLINGS:
            yield found.point_at(column, positions, rule, SPELLINGS[rule])
    if unread := column.numbers.unread:
        rule = "error_cell" if column.raw[unread[0]].startswith("#") else "unreadable"
        text = "are no number; their rows go to quarantine"
        yield found.point_at(column, unread, rule, text)


def _describe_units(found: Proposal) -> Iterator[Finding]:
    """Units that headers and titles state for sure, and those that a header may state."""
    for name, header in found.names.items():
        scale = scales.find_scale(header) if name in (*scales.MONEY, *scales.COUNTS) else None
        if scale and not scale.sure:
            other = "" if scale.other is None else scales.NAMES[scale.other]
            either = [each for each in (scale.unit, other) if each]
            asked, declared = " / ".join(either), ", ".join(f"`{{{name}: {x}}}`" for x in either)
            text = (
                f"does '{scale.words}' in the header {header} say that its numbers count in units "
                f"of {asked}? Declare `units` as {declared}, or `{{{name}: 1}}` if not"
            )
            yield ask("stated_unit", text)
    for name, (unit, words) in found.units.items():
        yield Issue("stated_unit", f"{found.names[name]} counts in units of {unit}: '{words}'")
    units = {name: {"unit": unit, "words": words} for name, (unit, words) in found.units.items()}
    yield Fact("units", units)
    mapped = found.list_mapped()
    stated = {
        name: int(unit) if unit.isdigit() else unit
        for name, (unit, _) in found.units.items()
        if name in mapped
    }
    if stated:
        words = ", ".join(dict.fromkeys(found.units[name][1] for name in stated))
        yield Setting("units", stated, f"the title or the header says '{words}'")
