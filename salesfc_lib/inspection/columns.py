"""What the values of a column look like.

A sample enters; a `Column` a header leaves. The decision made here: a column is of days or of numbers where at least three
in five of its filled cells are, so that the odd cell that is neither can be shown instead of hiding what the column is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from salesfc_lib.inspection.days import Days, read_days
from salesfc_lib.inspection.figures import Figures, read_figures
from salesfc_lib.inspection.sample import Sample

MOST = 0.6  # share of the filled cells that makes a column one of days or numbers
GLANCE = 200  # different cells, of which not one is a day or a number in a column of texts
FEW = 40  # members up to which a column may tell parts of the business apart
SERIALS = (20_000, 60_000)  # days since 1900 that dates of 1954 to 2064 have


@dataclass(frozen=True)
class Column:
    """A header and its cells, without surrounding spaces and with spellings of null as blank."""

    header: str
    cells: Sequence[str]
    nulls: Mapping[str, int]  # spelling: cells
    dated: bool  # the file itself holds days here

    @cached_property
    def members(self) -> Counter[str]:
        """Values and how often each stands."""
        return Counter(cell for cell in self.cells if cell)

    @property
    def filled(self) -> int:
        return sum(self.members.values())

    @cached_property
    def days(self) -> Days:
        return read_days(self.cells)

    @cached_property
    def figures(self) -> Figures:
        return read_figures(self.cells)

    @cached_property
    def looks(self) -> str:
        """'date', 'number', 'text', or 'empty'."""
        if not self.filled:
            return "empty"
        few = list(self.members)[:GLANCE]
        if not self.dated and not read_days(few).share and not read_figures(few).share:
            return "text"
        if (
            self.dated
            or self.days.share >= MOST
            and not (self.days.months and _are_plain_numbers(self.members))
        ):
            return "date"
        return "number" if self.figures.share >= MOST and not self.is_code else "text"

    @property
    def is_code(self) -> bool:
        """Whether zeros lead its numbers, as they do in identifiers."""
        return sum(cell[0] == "0" and cell[1:].isdigit() for cell in self.members) > 0.1 * len(
            self.members
        )

    @cached_property
    def as_serials(self) -> Days | None:
        """Days of cells that may count them from 1900; None where they do not look so."""
        whole = [
            cell
            for cell in self.members
            if re.fullmatch(r"\d{5}(\.\d+)?", cell) and SERIALS[0] <= float(cell) < SERIALS[1]
        ]
        return (
            read_days(self.cells, serial=1900)
            if self.filled and len(whole) >= MOST * len(self.members)
            else None
        )

    def describe(self) -> str:
        """What the values are, for a person who has to say what the column means."""
        few = f"{len(self.members):,} different"
        if self.looks == "empty":
            return "no value"
        if self.looks == "date":
            span = self.days.span
            return f"days, {span[0]} to {span[1]}" if span else "days"
        if self.looks == "number":
            values = [value for value in self.figures.values if value is not None]
            return (
                f"numbers, {min(values):f} to {max(values):f}, {few}"
                if len(self.members) > 1
                else f"always {next(iter(self.members))}"
            )
        shown = ", ".join(_short(member) for member, _ in self.members.most_common(4))
        return f"{few}: {shown}{' …' if len(self.members) > 4 else ''}"


def look_at_columns(sample: Sample, nulls: Collection[str]) -> dict[str, Column]:
    """The sample's columns by header; a header that stands twice is there once, with its first column."""
    spellings = {word.casefold() for word in nulls}
    found: dict[str, Column] = {}
    for place, header in enumerate(sample.header):
        if not header or header in found:
            continue
        cells = sample.column(header)
        counts = Counter(cells)
        null = {
            cell: count for cell, count in counts.items() if cell and cell.casefold() in spellings
        }
        kept = [("" if cell in null else cell) for cell in cells] if null else cells
        found[header] = Column(header, kept, null, place in sample.dated)
    return found


def _are_plain_numbers(members: Mapping[str, int]) -> bool:
    """Whether what could be months (202401) may as well be counts."""
    return not all(
        re.fullmatch(r"(19|20)\d{2}(0[1-9]|1[0-2])", member) or not member.isdigit()
        for member in members
    )


def _short(text: str, most: int = 24) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
