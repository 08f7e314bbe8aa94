"""Display blocks: what a notebook cell or a page shows, as frozen values of text and numbers.

Each leaves as plain JSON (`to_json`), from which one set of templates makes HTML for pages and for
JupyterLab. Small drawings are positions between 0 and 1. No markup is stored: the only exception is
a figure's SVG, which is rebuilt from an allow-list when it is rendered.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.reporting import markup

MIME = "application/vnd.salesfc.v1+json"
Tone = Literal["", "over", "under", "alarm", "muted"]
Tag = Literal["", "plain", "bad", "on"]
Align = Literal["l", "r", "q", "w"]  # left, right (numbers), heat cell, left without a line break


def as_json(value: Any) -> Any:
    """JSON types for a value: numpy scalars become numbers, what is not finite becomes null."""
    if isinstance(value, Part):
        return value.to_json()
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True)
class Part:
    """Something inside a block."""

    def to_json(self) -> dict[str, Any]:
        """The part's fields as JSON types."""
        return {field.name: as_json(getattr(self, field.name)) for field in fields(self)}


def _extent(values: Iterable[float | None]) -> tuple[float, float]:
    """Lowest of the values that there are, and their range, never 0."""
    there = [float(value) for value in values if value is not None and math.isfinite(value)]
    low, high = (min(there), max(there)) if there else (0.0, 1.0)
    return low, (high - low) or 1.0


@dataclass(frozen=True)
class Strip(Part):
    """A number against its limits: positions between 0 and 1 on one line.

    A thick line for each limit, a filled dot for this month (alarm where the limit is missed), an
    open dot for the month before, ticks for the months before that.
    """

    label: str
    now: float
    before: float | None
    earlier: tuple[float, ...]
    limits: tuple[float, ...]
    missed: bool

    @classmethod
    def of(
        cls,
        label: str,
        now: float,
        *,
        before: float | None = None,
        earlier: Sequence[float] = (),
        limits: Sequence[float] = (),
        missed: bool,
    ) -> Strip:
        """Strip from the lowest to the highest of all values, with a margin of a tenth."""
        low, width = _extent([now, before, *earlier, *limits])
        low, width = low - width * 0.1, width * 1.2

        def at(value: float) -> float:
            return round((value - low) / width, 4)

        then = None if before is None else at(before)
        return cls(label, at(now), then, tuple(map(at, earlier)), tuple(map(at, limits)), missed)


@dataclass(frozen=True)
class Spark(Part):
    """A small line of months, then forecasts with their band: positions from 0 to 1, by month."""

    label: str
    history: tuple[float, ...]
    forecast: tuple[float, ...] = ()
    lo: tuple[float, ...] = ()
    hi: tuple[float, ...] = ()

    @classmethod
    def of(
        cls,
        label: str,
        history: Sequence[float],
        *,
        forecast: Sequence[float] = (),
        lo: Sequence[float] = (),
        hi: Sequence[float] = (),
    ) -> Spark:
        """Spark over the common range of all values; months that are missing are left out."""
        low, width = _extent([*history, *forecast, *lo, *hi])

        def at(values: Sequence[float]) -> tuple[float, ...]:
            return tuple(round((v - low) / width, 4) for v in values if math.isfinite(v))

        return cls(label, at(history), at(forecast), at(lo), at(hi))


@dataclass(frozen=True)
class Cell(Part):
    """One cell of a table.

    `sub` stands small under the text; `heat` 1 to 5 shades it (darker = larger error); `best`
    underlines it; `bar` is a length between 0 and 1 in the tone's colour; `tag` outlines `text` as
    a word of state.
    """

    text: str = ""
    sub: str = ""
    tone: Tone = ""
    tag: Tag = ""
    bold: bool = False
    code: bool = False
    heat: int = 0
    best: bool = False
    href: str = ""
    bar: float | None = None
    strip: Strip | None = None
    spark: Spark | None = None


@dataclass(frozen=True)
class Column(Part):
    """A column's head; `small` False hides it on a phone, `silent` leaves it to screen readers."""

    label: str
    align: Align = "l"
    small: bool = True
    silent: bool = False


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
        html = markup.render("lab.html.j2", b=block)
        return {MIME: block, "text/html": html, "text/plain": self.plain()}


@dataclass(frozen=True)
class Table(Block):
    """Rows of cells, or of values that become cells; the first cell of a row is its header."""

    kind: ClassVar[str] = "table"
    title: str
    subtitle: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[object]]
    footer: Sequence[Sequence[object]] = ()
    source: str = ""
    outset: bool = False
    min_width: Literal["", "min40", "min46"] = ""
    folded: bool = False  # shown as its title and subtitle, which open it

    def __post_init__(self) -> None:
        for row in (*self.rows, *self.footer):
            if len(row) != len(self.columns):
                raise SalesForecastError.say(
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

    The kicker is the line above the title, its first part bold; `tag` is an outlined word behind
    it; `note` is the line about the run.
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
        if len(self.facts) > 4:
            raise SalesForecastError.say(
                f"'{self.title}' has {len(self.facts)} key facts",
                "At most four, which fit the page's row",
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
    """A figure drawn twice (`plots.draw`), with its finding as title and the numbers in `alt`."""

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
    """What needs a person, and until when ('due 8 July'); `rank` 0 is the most urgent kind."""

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
    """A change to a file: its lines begin with '+', '-' or neither, comments with '#'."""

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
        failed = [check for check in self.checks if not check.passed]
        lines = [f"failed: {check.name}. {check.detail}" for check in failed]
        return "\n".join([f"{self.passed} of {len(self.checks)} checks passed", *lines])


@dataclass(frozen=True)
class Record(Block):
    """Provenance: a sentence of state, terms with their texts, and folded tables or changes."""

    kind: ClassVar[str] = "record"
    badge: str
    badge_detail: str = ""
    terms: Sequence[tuple[str, str]] = ()
    details: Sequence[Table | Diff | Checks] = ()

    def plain(self) -> str:
        lines = [f"{term}: {text}" for term, text in self.terms]
        return "\n".join([f"{self.badge} {self.badge_detail}", *lines])
