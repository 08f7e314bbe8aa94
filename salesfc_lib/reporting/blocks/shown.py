"""Display blocks: what a notebook cell or a page shows, as frozen values of text and numbers.

Each leaves as plain JSON (`to_json`), from which one set of templates makes HTML for pages and for
JupyterLab. No markup is stored: the only exception is
a figure's SVG, which is rebuilt from an allow-list when it is rendered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.reporting import markup
from salesfc_lib.reporting.blocks.parts import Cell, ColumnHead, Part

MIME = "application/vnd.salesfc.v1+json"
FAILED_TAG = "papermill-error-cell-tag"  # papermill's own, of a cell put in to mark a failure


@dataclass(frozen=True)
class Block(Part):
    """Something that a cell shows."""

    shown: ClassVar[tuple[str, ...]] = ("title",)  # fields that stand for it in plain text
    translations: Mapping[str, Block] = field(default_factory=dict, kw_only=True, repr=False)

    @property
    def kind(self) -> str:
        """The name of its macro in the templates."""
        return type(self).__name__.lower()

    def to_json(self) -> dict[str, Any]:
        found = {"block": self.kind, **super().to_json()}
        if not self.translations:
            del found["translations"]
        return found

    def plain(self) -> str:
        """Text for where nothing else can be shown."""
        return "\n".join(str(getattr(self, name)) for name in self.shown)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        block = self.to_json()
        html = markup.render("lab.html.j2", b=block)
        return {MIME: block, "text/html": html, "text/plain": self.plain()}


@dataclass(frozen=True)
class Table(Block):
    """Rows of cells, or of values that become cells; the first cell of a row is its header."""

    title: str
    subtitle: str
    columns: Sequence[ColumnHead]
    rows: Sequence[Sequence[object]]
    footer: Sequence[Sequence[object]] = ()
    source: str = ""
    outset: bool = False
    min_width: Literal["", "min40", "min46"] = ""
    folded: bool = False  # shown as its title and subtitle, which open it
    rest: Table | None = None  # rows of less interest, folded under its title

    def __post_init__(self) -> None:
        for row in (*self.rows, *self.footer):
            if len(row) != len(self.columns):
                raise SalesForecastError.of(
                    f"A row of table '{self.title}' has {len(row)} cells",
                    f"One for each of the {len(self.columns)} columns",
                    "Complete the row",
                )
        for name in ("rows", "footer"):
            rows = (
                tuple(cell if isinstance(cell, Cell) else Cell(str(cell)) for cell in row)
                for row in getattr(self, name)
            )
            object.__setattr__(self, name, tuple(rows))


@dataclass(frozen=True)
class Fact(Part):
    """A key fact: label, large value, detail below; `alarm` where a limit is missed."""

    label: str
    value: str
    detail: str
    alarm: bool = False


@dataclass(frozen=True)
class Answer(Block):
    """The top of a page: its finding as title, three sentences, the run, key facts, what changed.

    The overline is the line above the title, its first part bold; `note` is the line about the run.
    """

    overline: Sequence[str]
    title: str
    sentences: Sequence[str]
    note: str = ""
    facts: Sequence[Fact] = ()
    changes_title: str = ""
    changes: Sequence[str] = ()

    def __post_init__(self) -> None:
        if len(self.facts) > 4:
            raise SalesForecastError.of(
                f"'{self.title}' has {len(self.facts)} key facts",
                "At most four, which fit the page's row",
                "Leave the least important out",
            )

    def plain(self) -> str:
        return "\n".join((" · ".join(self.overline), self.title, " ".join(self.sentences)))


@dataclass(frozen=True)
class Prose(Block):
    """Sentences; a blank line begins a new paragraph."""

    shown: ClassVar[tuple[str, ...]] = ("text",)
    text: str


@dataclass(frozen=True)
class Figure(Block):
    """A figure drawn twice (`plots.draw`), with its finding as title and the numbers in `alt`."""

    shown: ClassVar[tuple[str, ...]] = ("title", "alt")
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


@dataclass(frozen=True)
class Alert(Part):
    """What needs a person, and until when ('due 8 July'); `rank` 0 is the most urgent kind.

    `state` is a word of where it stands, `late` whether its day is over.
    """

    what: str
    why: str = ""
    who: str = ""
    due: str = ""
    href: str = ""
    rank: int = 5
    do: str = ""
    state: str = ""
    late: bool = False


@dataclass(frozen=True)
class Attention(Block):
    """What needs a person, most urgent first."""

    alerts: Sequence[Alert]
    empty: str = ""  # what is said without alerts, in place of that nothing needs attention

    def plain(self) -> str:
        return "\n".join(f"{alert.what} ({alert.who})" for alert in self.alerts) or self.empty


@dataclass(frozen=True)
class Step(Part):
    """A step with what is said of it, where `go` leads, and a closing `note`, alarming or not."""

    title: str
    lines: Sequence[str]
    go: str = ""
    href: str = ""
    note: str = ""
    alarm: bool = False


@dataclass(frozen=True)
class Steps(Block):
    """Steps side by side, in their order."""

    steps: Sequence[Step]

    def plain(self) -> str:
        return "\n".join(f"{step.title}: {' '.join(step.lines)}" for step in self.steps)


@dataclass(frozen=True)
class Diff(Block):
    """A change to a file: its lines begin with '+', '-' or neither, comments with '#'."""

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

    checks: Sequence[Check]

    def plain(self) -> str:
        failed = [check for check in self.checks if not check.passed]
        lines = [f"failed: {check.name}. {check.detail}" for check in failed]
        n = len(self.checks)
        return "\n".join([f"{n - len(failed)} of {n} checks passed", *lines])


@dataclass(frozen=True)
class Record(Block):
    """Provenance: a sentence of state, terms with their texts, and folded tables or changes."""

    badge: str
    badge_detail: str = ""
    terms: Sequence[tuple[str, str]] = ()
    details: Sequence[Table | Diff | Checks] = ()

    def plain(self) -> str:
        lines = [f"{term}: {text}" for term, text in self.terms]
        return "\n".join([f"{self.badge} {self.badge_detail}", *lines])
