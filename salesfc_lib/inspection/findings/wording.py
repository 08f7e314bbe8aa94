"""Issues in words: questions for the owner of an export, and cells that they are about."""

from __future__ import annotations

from collections.abc import Sequence

from salesfc_lib.inspection.evidence.columns import ColumnEvidence
from salesfc_lib.inspection.findings.proposal import Proposal
from salesfc_lib.intake import Issue

LONGEST = 30  # letters of a cell that are shown


def ask(rule: str, reason: str) -> Issue:
    """An issue that only the owner of the export can settle."""
    return Issue(rule, reason, action="asked")


def point_at(
    found: Proposal,
    column: ColumnEvidence,
    positions: Sequence[int],
    rule: str,
    text: str,
    *,
    asked: bool = False,
) -> Issue:
    """The issue of some cells of a column, with the first of them."""
    cell = " ".join(column.raw[positions[0]].splitlines())[:LONGEST]
    where = found.sample.describe_place(positions[0])
    reason = f"{column.header}: cells that {text}: {len(positions):,}, e.g. '{cell}' in {where}"
    return ask(rule, reason) if asked else Issue(rule, reason)
