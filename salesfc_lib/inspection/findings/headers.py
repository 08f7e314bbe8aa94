"""What the headers of an export are matched with, and which of them nobody can read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from salesfc_lib.inspection.findings.proposal import Fact, Finding, Proposal
from salesfc_lib.inspection.findings.wording import ask
from salesfc_lib.intake import Issue, is_year, survey_days


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
    months = [head for head in named if is_year(head) or survey_days([head]).share > 0]
    if len(months) >= 3 and len(months) * 2 > len(named):
        text = f"months stand side by side as columns ({', '.join(months[:3])} …)"
        yield ask("wide", f"{text}: can it be exported with a row for each month?")
