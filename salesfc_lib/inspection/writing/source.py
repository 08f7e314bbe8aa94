"""A source of a unit's parameter file, as YAML with the evidence in comments.

What was proved stands as a key; what was not stands as a comment that says what to ask, so that a
file that was pasted unread takes nothing for granted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from salesfc_lib.foundation import translate_message
from salesfc_lib.inspection.evidence.mapping import Match
from salesfc_lib.inspection.findings.masters import list_brought
from salesfc_lib.inspection.findings.proposal import Proposal, Setting

MOST_HEADERS = 60  # listed where a name was not recognised
TABLES = ("inventory", "targets")  # roles whose rows are months of the unit's dimensions
# what YAML takes for a line's end, or refuses
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
BARE = re.compile(r'(?<!\\)"(?!(?:null|true|false|yes|no|on|off)")([a-z]+(?:_[a-z]+)*)"')


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
    sample, join = found.sample, find_join(found, orders) if orders is not None else {}
    settings = [
        Setting("kind", sample.kind),
        *([Setting("role", found.role)] if found.role != "orders" else ()),
        Setting("path", path),
        *(Setting(key, value, sample.why.get(key, "")) for key, value in sample.settings.items()),
        *([Setting("join", join, "column of the orders: this export's header")] if join else ()),
    ]
    own = [one for one in found.findings if isinstance(one, Setting)]
    lines = [
        f"  {name}:",
        *(f"    {write_setting(setting)}" for setting in settings),
        *(f"    {line}" for line in _write_columns(found, dimensions, join)),
        *(f"    {write_setting(setting)}" for setting in own if setting.key != "key" or not join),
    ]
    along = [name for name in dimensions or () if name in found.names]
    is_table = found.role in TABLES and dimensions is not None
    if not (repeats := _count_repeats(found, along) if is_table else 0):
        return lines
    text = (
        f"# not read yet: {repeats:,} rows repeat {as_comment(['ds', *along])}; "
        "add what tells them apart to `dimensions`"
    )
    return [f"  {translate_message(text)}", *(f"  #{line[1:]}" for line in lines)]


def write_setting(setting: Setting) -> str:
    """A line of YAML, as a comment where the setting is not proved."""
    if setting.value is None:
        key, why = map(translate_message, (setting.key, setting.why))
        return f"# {key}: {as_comment([why])}"
    why = f"   # {as_comment([translate_message(setting.why)])}" if setting.why else ""
    return f"{'' if setting.proved else '# '}{setting.key}: {as_yaml(setting.value)}{why}"


def as_yaml(value: object) -> str:
    """A value on one line as YAML reads it back; names of this project stand without quotes.

    >>> as_yaml("a\u2028b"), as_yaml({"价税合计": ["order_id", "no"]})
    ('"a\\\\u2028b"', '{"价税合计": [order_id, "no"]}')
    """
    return BARE.sub(r"\1", _escape(json.dumps(value, ensure_ascii=False)))


def as_comment(texts: Iterable[str]) -> str:
    """Texts for a comment: on one line, with nothing that YAML refuses even there."""
    return _escape(", ".join(" ".join(text.split()) for text in texts))


def _escape(text: str) -> str:
    return UNPRINTABLE.sub(lambda sign: f"\\u{ord(sign.group()):04x}", text)


def find_join(found: Proposal, orders: Proposal) -> dict[str, str]:
    """Columns of the orders by which a lookup, or returns without a date, are joined: headers."""
    if found.joined_by:
        return dict(found.joined_by)
    if found.role == "lookup":
        shared = {name: header for name, header in found.names.items() if name in orders.names}
        rows = len(found.sample.rows)
        unique = [name for name in shared if len(found.columns[shared[name]].members) == rows]
        return {name: shared[name] for name in [*unique, *shared][:1]}
    if found.role == "returns" and "date" not in found.names and "order_id" in orders.names:
        header = found.names.get("order_id") or found.names.get("reference")
        return {"order_id": header} if header else {}
    return {}


def _write_columns(
    found: Proposal, dimensions: Collection[str] | None, join: Mapping[str, str]
) -> Iterator[str]:
    matches = [match for match in found.assignment.matches if match.header not in join.values()]
    names = {*found.list_mapped(dimensions)}
    if found.joined_by:
        names = {*list_brought(found)}
    is_whole = found.role == "lookup" and not found.joined_by
    mapped = [match for match in matches if is_whole or match.name in names]
    shown = {match.name: match for match in mapped} | _find_total(found)
    if found.role == "conversions":
        shown = {"unit" if name == "unit_of_measure" else name: one for name, one in shown.items()}
    none = "" if mapped or found.extra else " {}"
    names_said = translate_message("this project's name: the export's header")
    yield f"columns:{none}   # {names_said}"
    for name, match in shown.items():
        headers = [match.header, *found.spellings.get(match.header, ())]
        if parts := found.sample.joined.get(match.header):
            yield from (f"  {write_setting(Setting(part, head))}" for part, head in parts.items())
            continue
        doubts = [] if match.exact else [f"check: the header only ends like '{match.alias}'"]
        doubts += [f"not {', '.join(match.rivals[:3])}"] if match.rivals else []
        value = headers if len(headers) > 1 else match.header
        yield f"  {write_setting(Setting(name, value, '; '.join(doubts)))}"
    for name, header in found.extra.items():
        yield f"  {write_setting(Setting(name, header, 'by which a master file is joined'))}"
    own = [head for head in found.sample.header if head not in found.sample.joined]
    dated = [one.header for one in found.columns.values() if one.content == "date"]
    for name in found.missing:
        headers_there = as_comment(own[:MOST_HEADERS])
        yield f"  {translate_message(f'# {name}: not recognised; headers: {headers_there}')}"
        if name == "date" and len(dated) == 1:
            why = "if it is this one, the only column of days"
            yield f"  {write_setting(Setting(name, dated[0], why, proved=False))}"
    joined = {head for parts in found.sample.joined.values() for head in parts.values()}
    left = [match for match in matches if match not in mapped and match.header not in joined]
    if beside := [f"{match.header} ({match.name})" for match in left]:
        text = f"# recognised too, not needed by a run: {as_comment(beside)}"
        yield f"  {translate_message(text)}"


def _find_total(found: Proposal) -> dict[str, Match]:
    """The amount of control totals, where no column is called so: the balance, or a side."""
    by_name = {match.name: match for match in found.assignment.matches}
    if found.role != "control_totals" or "amount" in by_name:
        return {}
    sides = [by_name[name] for name in ("balance", "credit", "debit") if name in by_name]
    return {"amount": sides[0]} if sides else {}


def _count_repeats(found: Proposal, names: Sequence[str]) -> int:
    """Rows of a table that repeat the month and the members of these names of another."""
    months = [day and (day.year, day.month) for day in found.days("ds").values]
    members = [found.columns[found.names[name]].cells for name in names]
    keys = list(zip(months, *members, strict=True))
    return len(keys) - len(set(keys))
