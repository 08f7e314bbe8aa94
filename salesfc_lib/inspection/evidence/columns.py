"""What the values of each column of an export are: days, numbers, texts.

A column is one of days or of numbers where at least three in five of its filled cells are, so that
the odd cell that is neither can be shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from salesfc_lib.inspection.sampling.sample import Sample
from salesfc_lib.intake import (
    DaySurvey,
    NumberSurvey,
    is_counted,
    is_null_spelling,
    survey_days,
    survey_numbers,
)

MOST = 0.6  # share of the filled cells that makes a column one of days or numbers
GLANCE = 200  # different cells, of which not one is a day or a number in a column of texts
WIDE = 24  # letters of a member that are shown
FEW = 40  # members up to which a column may tell parts of the business apart


@dataclass(frozen=True)
class ColumnEvidence:
    """A header and its cells, without surrounding spaces.

    `nulls` counts the spellings that may stand for nothing; `dated` says that the file itself holds
    days.
    """

    header: str
    raw: Sequence[str]
    nulls: Mapping[str, int]
    dated: bool

    @cached_property
    def cells(self) -> Sequence[str]:
        """Cells with spellings of nothing as blank."""
        return [("" if cell in self.nulls else cell) for cell in self.raw]

    @cached_property
    def members(self) -> Counter[str]:
        """Values and how often each stands."""
        return Counter(cell for cell in self.cells if cell)

    @property
    def filled(self) -> int:
        return sum(self.members.values())

    @cached_property
    def days(self) -> DaySurvey:
        return survey_days(self.raw)

    @cached_property
    def numbers(self) -> NumberSurvey:
        return survey_numbers(self.raw)

    @cached_property
    def content(self) -> str:
        """'date', 'number', 'text', or 'empty'."""
        if not self.filled or self.dated:
            return "date" if self.filled else "empty"
        few = list(self.members)[:GLANCE]
        if not survey_days(few).share and not survey_numbers(few).share:
            return "text"
        # what could be months (202401) may as well be counts
        may_count = self.days.period and any(self.cells[at].isdigit() for at in self.days.unread)
        if self.days.share >= MOST and not may_count:
            return "date"
        return "number" if self.numbers.share >= MOST and not self.is_code else "text"

    @property
    def is_code(self) -> bool:
        """Whether zeros lead its numbers, as they do in identifiers."""
        led = sum(cell[0] == "0" and cell[1:].isdigit() for cell in self.members)
        return led > 0.1 * len(self.members)

    @cached_property
    def as_serials(self) -> DaySurvey | None:
        """Days of cells that may count them from 1900; None where they do not look so."""
        serials = sum(map(is_counted, self.members))
        is_likely = self.filled and serials >= MOST * len(self.members)
        return survey_days(self.raw, date_system=1900) if is_likely else None

    @property
    def figures(self) -> list[Decimal]:
        """The numbers, without the cells that are none."""
        return [value for value in self.numbers.values if value is not None]

    @property
    def is_share(self) -> bool:
        """Whether it holds shares of something: no number is above one, or they are in percent."""
        highest = max(map(abs, self.figures), default=Decimal(2))
        return self.content == "number" and (highest <= 1 or "percent" in self.numbers.rules)

    def describe(self) -> str:
        """What the values are, for a person who has to say what the column means."""
        few = f"{len(self.members):,} different"
        if self.content == "empty":
            return "no value"
        if self.content == "date":
            span = self.days.span
            return f"days, {span[0]} to {span[1]}" if span else "days"
        if self.content == "number" and len(self.members) == 1:
            return f"always {next(iter(self.members))}"
        if self.content == "number":
            return f"numbers, {min(self.figures):f} to {max(self.figures):f}, {few}"
        common = (" ".join(member.split()) for member, _ in self.members.most_common())
        short = [text if len(text) <= WIDE else f"{text[: WIDE - 1]}…" for text in common]
        return f"{few}: {join_some(short, 4)}"


def join_some(texts: Collection[str], most: int) -> str:
    """The first texts, and a sign where there are more.

    >>> join_some(["a", "b", "c"], 2)
    'a, b …'
    """
    return ", ".join([*texts][:most]) + (" …" if len(texts) > most else "")


def gather_columns(sample: Sample, nulls: Collection[str]) -> dict[str, ColumnEvidence]:
    """The sample's columns by header; of a header that stands twice the first."""
    spellings = {word.casefold() for word in nulls}
    found: dict[str, ColumnEvidence] = {}
    for place, header in enumerate(sample.header):
        if header and header not in found:
            raw = sample.column(header)
            null = {
                cell: count
                for cell, count in Counter(raw).items()
                if cell and (cell.casefold() in spellings or is_null_spelling(cell))
            }
            found[header] = ColumnEvidence(header, raw, null, place in sample.dated)
    return found
