"""Parts of a display block: cells of a table with their small drawings, as plain JSON types.

Small drawings are positions between 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

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


def _positions(*groups: Iterable[float | None], margin: float = 0.0) -> list[tuple[float, ...]]:
    """Each group's values between 0 and 1 on the range of all; missing ones are left out.

    `margin` is a share of the range, added at both ends.
    """
    known = [[v for v in group if v is not None and math.isfinite(v)] for group in groups]
    values = [value for group in known for value in group] or [0.0, 1.0]
    low, width = min(values), (max(values) - min(values)) or 1.0
    low, width = low - margin * width, (1 + 2 * margin) * width
    return [tuple(round((value - low) / width, 4) for value in group) for group in known]


@dataclass(frozen=True)
class Strip(Part):
    """A number against its limits on one line; its JSON holds positions between 0 and 1.

    A thick line for each limit, a filled dot for this month (alarm where the limit is missed), an
    open dot for the month before, ticks for the months before that.
    """

    label: str
    now: float
    missed: bool
    before: float | None = None
    earlier: Sequence[float] = ()
    limits: Sequence[float] = ()

    def to_json(self) -> dict[str, Any]:
        groups = ([self.now], [self.before], self.earlier, self.limits)
        (now, *_), before, earlier, limits = _positions(*groups, margin=0.1)
        at = {"now": now, "before": next(iter(before), None), "earlier": earlier, "limits": limits}
        return {"label": self.label, "missed": self.missed} | as_json(at)


@dataclass(frozen=True)
class Spark(Part):
    """A small line of months, then forecasts with their band; its JSON holds positions (0 to 1)."""

    label: str
    history: Sequence[float]
    forecast: Sequence[float] = ()
    lo: Sequence[float] = ()
    hi: Sequence[float] = ()

    def to_json(self) -> dict[str, Any]:
        names = ("history", "forecast", "lo", "hi")
        lines = _positions(*(getattr(self, name) for name in names))
        return {"label": self.label} | as_json(dict(zip(names, lines, strict=True)))


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
class ColumnHead(Part):
    """A column's head; `small` False hides it on a phone, `silent` leaves it to screen readers.

    `choose` names what the rows of a long table can be chosen by: the small text of the column's
    cells, or their text where they have none.
    """

    label: str
    align: Align = "l"
    small: bool = True
    silent: bool = False
    choose: str = ""
