"""Display blocks: what a notebook cell or a page shows, as frozen values.

Facts that are already worded enter; each block leaves as plain JSON (`to_json`), from which one set of templates makes
HTML for the notebook page, the index pages and JupyterLab alike. The decision made here: a block holds text and
numbers, never markup; only a figure's SVG passes, and that is rebuilt from an allow-list when it is rendered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.reporting import markup
from salesfc_lib.reporting.blocks.cells import Cell, Column, Part, Spark, Strip, as_json

__all__ = [
    "MIME",
    "Alert",
    "Answer",
    "Attention",
    "Block",
    "Cell",
    "Check",
    "Checks",
    "Column",
    "Diff",
    "Fact",
    "Figure",
    "Note",
    "Prose",
    "Record",
    "Spark",
    "Strip",
    "Table",
    "as_json",
]

MIME = "application/vnd.salesfc.v1+json"


@dataclass(frozen=True)
class Block(Part):
    """Something that a cell shows."""

    kind: ClassVar[str] = ""

    def to_json(self) -> dict[str, Any]:
        return {"block": self.kind, **super().to_json()}

    def plain(self) -> str:
        """One line of text for where nothing else can be shown."""
        return str(getattr(self, "title", "") or self.kind)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        block = self.to_json()
        return {
            MIME: block,
            "text/html": markup.render("lab.html.j2", b=block),
            "text/plain": self.plain(),
        }


def _cell(value: object) -> Cell:
    return value if isinstance(value, Cell) else Cell(str(value))


@dataclass(frozen=True)
class Table(Block):
    """Rows of cells; the first cell of a row is its header. `bare` shows the title to screen readers only."""

    kind: ClassVar[str] = "table"
    title: str
    subtitle: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[object]]
    footer: Sequence[Sequence[object]] = ()
    source: str = ""
    outset: bool = False
    min_width: Literal["", "min40", "min46"] = ""
    bare: bool = False

    def __post_init__(self) -> None:
        for row in (*self.rows, *self.footer):
            if len(row) != len(self.columns):
                raise SalesForecastError.say(
                    f"A row of table '{self.title}' has {len(row)} cells",
                    f"One for each of the {len(self.columns)} columns",
                    "Complete the row",
                )
        for name in ("rows", "footer"):
            object.__setattr__(
                self, name, tuple(tuple(map(_cell, row)) for row in getattr(self, name))
            )


@dataclass(frozen=True)
class Fact(Part):
    """One of at most four key facts: label, large value, detail below; `alarm` where a limit is missed."""

    label: str
    value: str
    detail: str
    alarm: bool = False


@dataclass(frozen=True)
class Answer(Block):
    """The top of a page: what it is, the finding as its title, three sentences, the run, key facts, what changed.

    The first of `kicker` is set bold; `tag` is an outlined word behind it; `note` is the line about the run.
    """

    kind: ClassVar[str] = "answer"
    kicker: Sequence[str]
    title: str
    sentences: Sequence[str]
    note: str = ""
    facts: Sequence[Fact] = ()
    changes_title: str = ""
    changes: Sequence[str] = ()
    tag: str = ""

    def __post_init__(self) -> None:
        if len(self.facts) > 4:  # the page's row holds four
            raise SalesForecastError.say(
                f"'{self.title}' has {len(self.facts)} key facts",
                "At most four",
                "Leave the least important out",
            )

    def plain(self) -> str:
        return "\n".join((" · ".join(self.kicker), self.title, " ".join(self.sentences)))


@dataclass(frozen=True)
class Prose(Block):
    """Sentences; a blank line begins a new paragraph."""

    kind: ClassVar[str] = "prose"
    text: str

    def plain(self) -> str:
        return self.text


@dataclass(frozen=True)
class Note(Block):
    """A definition for the margin: its term, then what it means."""

    kind: ClassVar[str] = "note"
    term: str
    text: str

    def plain(self) -> str:
        return f"{self.term} {self.text}"


@dataclass(frozen=True)
class Figure(Block):
    """A figure drawn twice (see `plots.draw`), with its finding as title and the numbers in `alt`."""

    kind: ClassVar[str] = "figure"
    title: str
    subtitle: str
    alt: str
    wide: str
    slim: str
    source: str = ""
    numbers: Table | None = None

    def __post_init__(self) -> None:
        for drawing in (self.wide, self.slim):
            markup.svg(drawing, self.alt, "wide")

    def plain(self) -> str:
        return f"{self.title}\n{self.alt}"


@dataclass(frozen=True)
class Alert(Part):
    """What needs a person: what, why, who, and until when (as words: 'due 8 July'); `rank` 0 is the most urgent kind."""

    what: str
    why: str = ""
    who: str = ""
    due: str = ""
    href: str = ""
    rank: int = 5


@dataclass(frozen=True)
class Attention(Block):
    """What needs a person, most urgent first."""

    kind: ClassVar[str] = "attention"
    alerts: Sequence[Alert]
    empty: str = "Nothing needs attention."

    def plain(self) -> str:
        return "\n".join(f"{alert.what} ({alert.who})" for alert in self.alerts) or self.empty


@dataclass(frozen=True)
class Diff(Block):
    """A change to a file, line by line; lines begin with '+', '-' or neither, comments with '#'."""

    kind: ClassVar[str] = "diff"
    title: str
    lines: Sequence[str]


@dataclass(frozen=True)
class Check(Part):
    """One check with its outcome in words."""

    name: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True)
class Checks(Block):
    """The closing checks of a notebook; failed ones stand first and open."""

    kind: ClassVar[str] = "checks"
    checks: Sequence[Check]

    @property
    def passed(self) -> int:
        """How many passed."""
        return sum(check.passed for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        return {**super().to_json(), "passed": self.passed, "total": len(self.checks)}

    def plain(self) -> str:
        failed = "".join(
            f"\nfailed: {check.name}. {check.detail}" for check in self.checks if not check.passed
        )
        return f"{self.passed} of {len(self.checks)} checks passed{failed}"


@dataclass(frozen=True)
class Record(Block):
    """Provenance: a sentence of state, terms with their texts, and folded tables or changes."""

    kind: ClassVar[str] = "record"
    badge: str
    badge_detail: str = ""
    terms: Sequence[tuple[str, str]] = ()
    details: Sequence[Table | Diff | Checks] = ()

    def plain(self) -> str:
        return "\n".join(
            (f"{self.badge} {self.badge_detail}", *(f"{term}: {text}" for term, text in self.terms))
        )
