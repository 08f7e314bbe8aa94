"""A source of a unit's parameter file, as YAML with the evidence in comments.

What was proved stands as a key; what was not stands as a comment that says what to ask, so that a
file that was pasted unread takes nothing for granted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from salesfc_lib.inspection.choices import enlist, find_join, list_mapped, quote
from salesfc_lib.inspection.mapping import Match
from salesfc_lib.inspection.proposal import Proposal
from salesfc_lib.intake import CONTRARY, UNPROVED

MOST_HEADERS = 60  # listed where a name was not recognised
MOST_LISTED = 12
MANY_ROWS = 50  # in which no two rows repeat a key, from which it is written without a question
TABLES = ("inventory", "targets")  # roles whose rows are months of the unit's dimensions


def write_source(
    name: str,
    found: Proposal,
    path: str,
    *,
    dimensions: Collection[str] | None = None,
    orders: Proposal | None = None,
) -> list[str]:
    """Lines of one source.

    `dimensions` are those that the unit forecasts along, `orders` what returns and lookups are
    joined to.
    """
    because = found.sample.why
    settings = [
        f"{key}: {quote(value)}{f'   # {because[key]}' if key in because else ''}"
        for key, value in found.sample.settings.items()
    ]
    join = find_join(found, orders) if orders is not None else {}
    keys = [
        f"kind: {found.sample.kind}",
        *([f"role: {found.role}"] if found.role != "orders" else []),
        f"path: {quote(path)}",
        *settings,
        *_write_columns(found, dimensions, join),
        *_write_kinds(found),
        *_write_layout(found),
        *_write_values(found),
        *(_write_money(found) if found.role in ("orders", "returns") else ()),
        *(_write_key(found) if found.role in ("orders", "returns") and not join else ()),
        *_write_split(found),
    ]
    lines = [f"  {name}:", *(f"    {line}" for line in keys)]
    along = [name for name in dimensions or () if name in found.names]
    is_table = found.role in TABLES and dimensions is not None
    if not (repeats := _count_repeats(found, along) if is_table else 0):
        return lines
    said = f"{repeats:,} rows repeat {enlist(['ds', *along])}"
    more = "add what tells them apart to `dimensions`"
    return [f"  # not read yet: {said}; {more}", *(f"  #{line[1:]}" for line in lines)]


def name_sources(found: Sequence[Proposal]) -> dict[str, Proposal]:
    """Proposals by the names of their sources: the role's, numbered from the second on."""
    named: dict[str, Proposal] = {}
    for proposal in found:
        name, count = proposal.role, 1
        while name in named:
            count += 1
            name = f"{proposal.role}_{count}"
        named[name] = proposal
    return named


def _count_repeats(found: Proposal, names: Sequence[str]) -> int:
    """Rows of a table that repeat the month and the members of these names of another."""
    months = [day and (day.year, day.month) for day in found.days("ds").values]
    members = [found.columns[found.names[name]].cells for name in names]
    keys = list(zip(months, *members, strict=True))
    return len(keys) - len(set(keys))


def _write_columns(
    found: Proposal, dimensions: Collection[str] | None, join: Mapping[str, str]
) -> Iterator[str]:
    matches = [match for match in found.assignment.matches if match.header not in join.values()]
    names = {*list_mapped(found, dimensions)}
    mapped = [match for match in matches if found.role == "lookup" or match.name in names]
    shown = {
        "unit"
        if match.name == "unit_of_measure" and found.role == "conversions"
        else match.name: match
        for match in mapped
    } | _choose_total(found)
    if join:
        said = ", ".join(f"{name}: {quote(header)}" for name, header in join.items())
        yield f"join: {{{said}}}   # column of the orders: this export's header"
    yield f"columns:{'' if mapped else ' {}'}   # this project's name: the export's header"
    for name, match in shown.items():
        headers = [quote(one) for one in (match.header, *found.spellings.get(match.header, ()))]
        listed = headers[0] if len(headers) == 1 else f"[{', '.join(headers)}]"
        yield f"  {name}: {listed}{_say_doubt(match)}"
    for name in found.missing:
        headers_said = enlist(found.sample.header[:MOST_HEADERS])
        yield f"  # {name}: not recognised; headers: {headers_said}"
    if beside := [f"{match.name}: {match.header}" for match in matches if match not in mapped]:
        yield f"  # recognised too, not needed by a run: {enlist(beside)}"


def _say_doubt(match: Match) -> str:
    said = [] if match.exact else [f"check: the header only ends like '{match.alias}'"]
    said += [f"not {enlist(match.rivals[:3])}"] if match.rivals else []
    return f"   # {'; '.join(said)}" if said else ""


def _choose_total(found: Proposal) -> dict[str, Match]:
    """The amount of control totals, where no column is called so: the balance, or a side."""
    by_name = {match.name: match for match in found.assignment.matches}
    if found.role != "control_totals" or "amount" in by_name:
        return {}
    side = by_name.get("balance") or by_name.get("credit") or by_name.get("debit")
    return {"amount": side} if side else {}


def _write_kinds(found: Proposal) -> Iterator[str]:
    known = [f"{quote(value)}: {kind}" for value, kind in found.kinds.items() if kind]
    unknown = [value for value, kind in found.kinds.items() if not kind]
    if known:
        yield f"kinds: {{{', '.join(known)}}}   # values of the column `kind`"
    if unknown:
        more = f" and {len(unknown) - MOST_LISTED} more" if len(unknown) > MOST_LISTED else ""
        listed = enlist(unknown[:MOST_LISTED])
        yield f"# kinds to complete, each as sale, return or adjustment: {listed}{more}"
    if found.returns_are_positive:
        count = found.signs.returns_positive
        of = count + found.signs.returns_negative
        said = f"{count:,} of {of:,} returns stand without a minus sign"
        yield f"returns_are_positive: true   # {said}"


def _write_layout(found: Proposal) -> Iterator[str]:
    if found.subtotals:
        words = ", ".join(map(quote, found.subtotals))
        yield f"subtotals: [{words}]   # words that mark a row which adds up others"
    if found.fill_down:
        names = ", ".join(found.fill_down)
        yield f"fill_down: [{names}]   # blank in most rows: merged cells, filled from above"


def _write_values(found: Proposal) -> Iterator[str]:
    order = found.days(found.date_name).order if found.date_name else ""
    if order == UNPROVED:
        said = "no cell proves whether the day or the month stands first; ask"
        yield f"# date_order: dmy or mdy: {said}"
    elif order and order != CONTRARY and found.date_name:
        yield f"date_order: {order}   # {found.say_order_proof(found.date_name)}"
    numbers = [found.columns[header] for header in found.names.values()]
    numbers = [column for column in numbers if column.looks == "number"]
    decimals = {column.numbers.decimal for column in numbers}
    if not found.sample.typed and "," in decimals and "." not in decimals:
        column = next(column for column in numbers if "," in column.numbers.proof)
        place = column.numbers.proof[","]
        yield f'decimal: ","   # {column.raw[place]} in {found.sample.say_place(place)}'
    elif not found.sample.typed and UNPROVED in decimals and not decimals & {".", ","}:
        yield '# decimal: "." or ",": no cell proves which; ask'
    mapped = list_mapped(found)
    if units := {name: unit for name, unit in found.units.items() if name in mapped}:
        said = enlist(dict.fromkeys(words for _, words in units.values()))
        stated = ", ".join(f"{name}: {unit}" for name, (unit, _) in units.items())
        yield f"units: {{{stated}}}   # the title or the header says '{said}'"
    texts = {name: found.columns[match.header] for name, match in mapped.items()}
    spelled = [
        f"{name}: [{', '.join(map(quote, column.nulls))}]"
        for name, column in texts.items()
        if column.looks == "text" and column.nulls
    ]
    if spelled:
        yield f"# nulls: {{{', '.join(spelled)}}}   # if they stand for nothing"


def _write_money(found: Proposal) -> Iterator[str]:
    money, mapped = found.money, list_mapped(found)
    if money.amount is None:
        return
    reasons = dict(reason.split(": ", 1) for reason in reversed(money.why))
    why = next((said for about, said in reasons.items() if about.startswith("tax")), "")
    if money.tax == "included" and money.tax_rate:
        yield from (f"tax: included   # {why}", f'tax_rate: "{money.tax_rate:f}"')
    elif money.tax == "included" and {"tax_amount", "tax_rate"} & set(mapped):
        yield f"tax: included   # {why}"
    elif money.tax == "included":
        yield from (f"# tax: included   # {why}", '# tax_rate: "0.13"   # at which rate?')
    elif money.tax:
        yield f"# tax excluded: {why}"
    why = next((said for about, said in reasons.items() if about.startswith("discounts")), "")
    if money.discounts == "gross" and "discount" in mapped:
        yield f"discounts: gross   # the amounts are before discounts: {why}"
    elif money.discounts == "gross":
        said = "map `discount` (money, not a share) and say `discounts: gross`"
        yield f"# the amounts are before discounts: {said}"
    elif "discount" in mapped and not money.discounts:
        yield "# discounts: gross   # if the discount is still to be taken off the amount"
    for name in ("currency", "unit_of_measure"):
        column = found.columns.get(found.names.get(name, ""))
        if column is not None and len(column.members) == 1:
            yield f"# all rows: {name} {enlist(column.members)} ({enlist([column.header])})"


def _write_key(found: Proposal) -> Iterator[str]:
    names = list(found.key.names)
    if not names:
        said = "columns that identify a row; rows that repeat them are duplicates"
        yield f"# key: [order_id, product]   # {said}"
        return
    keyed = ", ".join(names)
    copies = f"; {found.key.copies:,} rows stand again as a whole" if found.key.copies else ""
    seen = f"identify the {len(found.sample.rows):,} rows that were read{copies}"
    many = "order_id" in names and not found.key.copies and len(found.sample.rows) >= MANY_ROWS
    if not set(names) <= set(list_mapped(found)):
        yield f"# key: {keyed} {seen}; map them above to use them"
    elif "line" in names or many:
        yield f"key: [{keyed}]   # {seen}"
    else:
        yield f"# key: [{keyed}]   # {seen}: does the system make sure of it?"


def _write_split(found: Proposal) -> Iterator[str]:
    if found.role == "orders" and found.splits:
        header, members = next(iter(found.splits.items()))
        shown = f"{enlist(members[:6])}{' …' if len(members) > 6 else ''}"
        said = f"if the export holds several units: {shown}"
        yield f"# where: {{{quote(header)}: {quote(members[0])}}}   # {said}"
