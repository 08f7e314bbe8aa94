"""What the headers of an export are matched with; what its rows are, and what identifies them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict

from salesfc_lib.errors import shorten
from salesfc_lib.inspection.evidence.columns import FEW, join_some
from salesfc_lib.inspection.evidence.merged import is_block
from salesfc_lib.inspection.findings.measure import BUSINESS
from salesfc_lib.inspection.findings.proposal import Fact, Finding, Line, Proposal, Setting, ask
from salesfc_lib.inspection.sampling.periods import ACTUAL
from salesfc_lib.inspection.sampling.sample import Sample
from salesfc_lib.intake import Issue, is_year, survey_days

SCENARIO = re.compile(r"[\W\d_]+")  # between the words of a scenario: Actual 2024
PLANNED = {
    *("budget", "plan", "planned", "forecast", "target", "estimate", "soll", "prognose", "prévu"),
    *("prévision", "presupuesto", "previsto", "orçamento", "预算", "计划", "预测", "目标"),
    *("予算", "計画", "予測"),
}
FILLED = 0.9  # share of the rows with an order number, below which blank ones are asked about
MOST_COPIES = 0.02  # share of rows that stand again, from which a key without lines is not named
LEVELS = 0.3  # share of days in a column, from which the texts beside them may be their groups
MANY_ROWS = 50  # in which no two rows repeat a key, from which it is written without a question


def describe_headers(found: Proposal) -> Iterator[Finding]:
    """Role, matches and headers that are left, twice there or months."""
    matches, known = found.assignment.matches, found.names.values()
    yield Fact("role", {"is": found.role, "why": found.assignment.why})
    yield Fact("columns", {one.name: {**asdict(one), "why": one.describe()} for one in matches})
    free = {header: one for header, one in found.columns.items() if header not in known}
    values = {head: {"looks": one.content, "values": one.describe()} for head, one in free.items()}
    yield Fact("unmatched", values)
    yield Fact("refused", found.assignment.refused)
    yield Fact("missing", found.missing)
    named = [header for header in found.sample.header if header]
    if twice := sorted({header for header in named if named.count(header) > 1}):
        text = f"the header {', '.join(twice)} stands more than once: which column is meant?"
        is_mapped = bool({*twice} & {*known})
        yield ask("renamed_column", text) if is_mapped else Issue("renamed_column", text)
    months = [head for head in named if is_year(head) or survey_days([head, f"{head} 2000"]).share]
    if len(months) >= 3 and len(months) * 2 > len(named):
        text = (
            f"months stand side by side as columns ({', '.join(months[:3])} …), which is read of "
            "sales alone: can it be exported with a row for each month, the month with its year in "
            "one column (Month) and the figure in another (Target, Stock)?"
        )
        yield ask("wide", text)
    levels = [one for one in free.values() if LEVELS <= one.days.share < 1 and one.days.unread]
    if levels and found.role == "orders" and "date" in found.missing:
        text = (
            f"{levels[0].header} holds days or months among other texts "
            f"({levels[0].raw[levels[0].days.unread[0]]}): are they levels of a pivot table in one "
            "column? Show it in tabular form (Design, Report Layout) and export it again"
        )
        yield ask("wide", text)


def _ask_about_sheets(found: Proposal) -> Iterator[Issue]:
    """Whether other sheets or tables with the same headers are parts of the business too."""
    own = {header for header in found.sample.header if header}
    others = [one.sample for one in found.beside if own == {*filter(None, one.sample.header)}]
    if names := [name for sample in others for name in sample.settings.values()]:
        text = f"{shorten(names, 5)} of the same file have the same columns, and are not read"
        yield ask("sheet", f"{text}: are they further rows (each a source of its own), or copies?")


def _describe_wide(found: Proposal) -> Iterator[Finding]:
    """What the source has to say of periods that stand side by side."""
    sample = found.sample
    if not sample.wide:
        return
    (name, label), *more = sample.wide.items()
    value = dict(sample.wide) if label or more else name
    yield Setting("wide", value, sample.why_wide)
    yield Line("wide", f"{sample.why_wide}; each is a row of its own")
    yield from _describe_days(sample)
    if sample.sums and not found.subtotals:
        yield Setting("subtotals", [*sample.sums], "words that mark what adds up others")


def _describe_days(sample: Sample) -> Iterator[Finding]:
    """Where the days of columns stand that only number their periods."""
    if sample.period_dates:
        why = f"the day of each of the {len(sample.numbered):,} columns"
        yield Setting("period_dates", dict(sample.period_dates), why)
    elif sample.numbered:
        first, step = sample.numbered[0], sample.step
        why = f"the day of '{first}'; or {{path, key, date}}: a file that has the day of each"
        yield Setting("period_dates", {"first": "YYYY-MM-DD", "step": step}, why, proved=False)
        form = f"period_dates: {{first: YYYY-MM-DD, step: {step}}}"
        yield ask("wide", f"which day is '{first}'? nothing says it: `{form}` of the source does")


def describe_rows(found: Proposal) -> Iterator[Finding]:
    """Repeated headers, subtotals, merged cells, duplicates, keys, units side by side."""
    yield from _ask_about_sheets(found)
    yield from _describe_wide(found)
    yield from _describe_layout(found)
    yield Fact("key", asdict(found.key))
    if copies := found.key.copies:
        more = "; with a key they are dropped as duplicates" if found.key.columns else ""
        yield Issue("duplicate", f"rows that repeat another in every cell: {copies:,}{more}")
    if found.role in BUSINESS:
        yield from _describe_key(found)
    yield Fact("where", found.splits)
    if found.role in BUSINESS:
        yield from _choose_actuals(found)
    if found.role == "orders" and found.splits:
        header, members = next(iter(found.splits.items()))
        text = f"if the file holds several, {header} may tell them apart"
        yield Line("units", f"{text} ({join_some(members, 5)}); `where` chooses one")
        why = f"if the export holds several units: {join_some(members, 6)}"
        yield Setting("where", {header: members[0]}, why, proved=False)


def _choose_actuals(found: Proposal) -> Iterator[Setting]:
    """The rows of what happened, where a column tells them from plans."""
    free = {found.names.get(name) for name in ("kind", "version", "status")}
    known = {*found.names.values()} - free
    for header, column in found.columns.items():
        members = {member: SCENARIO.split(member.casefold()) for member in column.members}
        if header in known or not 1 < len(members) <= FEW:
            continue
        actual = [one for one, words in members.items() if {*words} & {*ACTUAL}]
        planned = [one for one, words in members.items() if {*words} & PLANNED]
        if len(actual) == 1 and planned and actual[0] not in planned:
            why = f"{join_some(planned, 3)}: plans, which are no sales"
            yield Setting("where", {header: actual[0]}, why)
            return


def _describe_layout(found: Proposal) -> Iterator[Finding]:
    if not found.sample.rows:
        aside = [one.reason for one in found.sample.issues if one.action == "quarantined"]
        none = "no row can be read" if aside else "no row stands below the header"
        yield ask("empty", "; ".join([none, *aside]))
    if count := found.layout_rows.count("header"):
        yield Issue("repeated_header", f"rows that repeat the header: {count:,}; they are dropped")
    yield Fact("subtotals", found.subtotals)
    if words := found.subtotals:
        count = sum(word in words for word in found.layout_rows)
        text = f"rows that add up others ({', '.join(words)}): {count:,}"
        yield Issue("subtotal", f"{text}; they are dropped once they equal their parts")
        yield Setting("subtotals", words, "words that mark a row which adds up others")
    yield Fact("fill_down", found.fill_down)
    if names := found.fill_down:
        headers = ", ".join(found.names[name] for name in names)
        text = "merged or blank cells; they are filled from above"
        yield Issue("filled_down", f"{headers}: {text}")
        yield Setting("fill_down", names, "blank in most rows: merged cells, filled from above")
    orders = found.column("order_id")
    if orders and is_block(orders.cells) and orders.filled < FILLED * len(orders.cells):
        count = len(orders.cells) - orders.filled
        yield Setting("fill_down", ["order_id"], "if blank means the number above", proved=False)
        text = (
            f"{orders.header} is blank in {count:,} rows: is it the number above? "
            "`fill_down: [order_id]` says so"
        )
        yield ask("filled_down", text)


def _describe_key(found: Proposal) -> Iterator[Finding]:
    names, tried = [*found.key.columns], "; ".join(found.key.tried[:3])
    if not names:
        none = f"none found ({tried})" if tried else "none found: no order number was recognised"
        yield Line("key", none)
        why = "columns that identify a row; rows that repeat them are duplicates"
        yield Setting("key", [], why, proved=False)
        return
    is_all = found.key.proved and not found.is_whole
    which = "of the whole export" if is_all else "looked at"
    yield Line("key", f"{' + '.join(names)}: no two rows {which} have the same")
    copies = f"; {found.key.copies:,} rows stand again as a whole" if found.key.copies else ""
    rows = f"the {len(found.sample.rows):,} rows that were read"
    why = f"identify {'every row of the export' if is_all else rows}{copies}"
    is_many = "order_id" in names and not copies and len(found.sample.rows) >= MANY_ROWS
    if found.key.by_files:
        why = f"{why} in another file, of which the newest counts"
    if found.key.by_sums:
        why = f"{why}; the subtotals equal their parts only without them"
    if not found.key.proved:
        why = f"identify the {len(found.sample.rows):,} rows looked at, not yet all others"
    is_told = "line" in names or found.key.by_sums or found.key.by_files
    if not is_told and found.key.copies > MOST_COPIES * len(found.sample.rows):
        rows = f"{found.key.copies:,} rows that may be sales of their own"
        why = f"{', '.join(names)} would drop {rows}"
        yield Setting("key", [], why, proved=False)
    elif not {*names} <= {*found.list_mapped()}:
        yield Setting("key", None, f"{', '.join(names)}: {why}; map them above to use them")
    elif found.key.proved and (is_told or is_many):
        yield Setting("key", names, why)
    else:
        yield Setting("key", names, f"{why}: does the system make sure of it?", proved=False)
