"""What stands inside a display block: cells and columns of tables, strips and sparks.

Worded text and plain numbers enter; parts that turn into JSON leave. The decision made here: small drawings are
positions between 0 and 1, so that no markup is ever stored.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

Tone = Literal["", "over", "under", "alarm", "muted"]
Mark = Literal["", "plain", "bad", "on"]
Align = Literal["l", "r", "q", "w"]  # left, right (numbers), heat cell, left without a line break


def as_json(value: Any) -> Any:
    """JSON types for a value: parts become dicts, tuples lists, numpy scalars numbers; what is not finite becomes null."""
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


def _spread(values: Iterable[float | None]) -> tuple[float, float]:
    """Lowest value and range of those there are, with a range that can be divided by."""
    there = [float(value) for value in values if value is not None and math.isfinite(value)]
    low, high = (min(there), max(there)) if there else (0.0, 1.0)
    return low, (high - low) or 1.0


@dataclass(frozen=True)
class Strip(Part):
    """A number against its limits: positions between 0 and 1 on one line.

    A thick line for each limit, a filled dot for this month (alarm where the limit is missed), an open dot for the
    month before, ticks for the months before that.
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
        """Strip whose line runs from the lowest to the highest of all values, with a margin of a tenth."""
        low, width = _spread([now, before, *earlier, *limits])
        low, width = low - width * 0.1, width * 1.2

        def position(value: float) -> float:
            return round((value - low) / width, 4)

        places = tuple(position(value) for value in earlier)
        return cls(
            label,
            position(now),
            None if before is None else position(before),
            places,
            tuple(map(position, limits)),
            missed,
        )


@dataclass(frozen=True)
class Spark(Part):
    """A small line of months, then forecasts with their band: positions between 0 and 1, by month."""

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
        low, width = _spread([*history, *forecast, *lo, *hi])
        rows = (
            [value for value in row if math.isfinite(value)] for row in (history, forecast, lo, hi)
        )
        return cls(
            label, *(tuple(round((value - low) / width, 4) for value in row) for row in rows)
        )


@dataclass(frozen=True)
class Cell(Part):
    """One cell of a table.

    `sub` stands small under the text; `heat` 1 to 5 shades it (darker = larger error); `best` underlines it; `bar` is a
    length between 0 and 1 in the tone's colour; `tag` outlines `text` as a word of state.
    """

    text: str = ""
    sub: str = ""
    tone: Tone = ""
    tag: Mark = ""
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
    """A column's head; `small` False hides it on a phone, `silent` True keeps its head for screen readers only."""

    label: str
    align: Align = "l"
    small: bool = True
    silent: bool = False
