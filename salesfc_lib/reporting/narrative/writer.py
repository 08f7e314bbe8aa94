"""What every section needs: a writer of prose, tables and figures; record and checks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Literal, TypeAlias, cast

import pandas as pd
import yaml

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import amounts, language, name_of, template_of, wording
from salesfc_lib.reporting.blocks import (
    Align,
    Block,
    Cell,
    ColumnHead,
    Fact,
    Figure,
    Prose,
    Table,
    Tone,
)
from salesfc_lib.reporting.catalogue import Sentences
from salesfc_lib.reporting.markup import TEMPLATES

SHOWN = 12  # rows of a table that may be long
NOISE = 5  # rows of less interest that are worth folding
LONG = 80  # characters of a text in a table, beyond which it is cut
ALIGN: dict[str, Align] = {">": "r", "#": "q", "=": "w"}  # numbers, heat, never broken
Width = Literal["", "min40", "min46"]
# **bold** or `code` text, what stands where it is empty, and the small text below
CELL = re.compile(r"(\*\*|`)?(?P<text>.*?)\1?(?: \?\? (?P<missing>.*?))?(?: // (?P<sub>.*))?")

Row = Mapping[Any, Any]
Rows: TypeAlias = "pd.DataFrame | Sequence[Row]"


class Blocks:
    """Blocks that one cell shows, in order."""

    def __init__(self, *blocks: Block) -> None:
        self.blocks = blocks

    def _ipython_display_(self) -> None:
        from IPython.display import display

        for block in self.blocks:
            display(block)


class BlockWriter(Sentences):
    """Blocks of one unit, each from an entry of the catalogue."""

    def prose(self, key: str, /, **facts: Any) -> Prose:
        """The sentence `key` as a block."""
        return Prose(self.text(key, **facts))

    def fact(self, key: str, /, *, alarm: bool = False, **facts: Any) -> Fact:
        """A key fact from the entry's `label`, `value` and `detail`."""
        label, value, detail = (
            self.text(f"{key}.{part}", **facts) for part in ("label", "value", "detail")
        )
        return Fact(label, value, detail, alarm)

    def record(self, key: str, /, **facts: Any) -> list[tuple[str, str]]:
        """Terms with their texts: the lines of the sentence `key`, each cut at its first colon."""
        lines = (re.split(": |：", line, maxsplit=1) for line in template_of(key).splitlines())
        return [(self.fill(term, facts), self.fill(text, facts)) for term, text in lines]

    def table(
        self,
        key: str,
        rows: Rows,
        /,
        *,
        columns: Mapping[str, str] | None = None,
        title_key: str = "",
        footer: Rows = (),
        notable: Sequence[bool] | None = None,
        **facts: Any,
    ) -> Table:
        """Table of the entry's `title`, `subtitle`, `heads`, `cells` and `source`.

        `heads` and `cells` are parts between ' | ' (`read_heads`, `cell`), where `{columns}` stands
        for `columns`: cells by head. `title_key` is a sentence in place of the entry's title.
        `notable` says of each row whether it stays open; the others are folded under the entry's
        `rest`, where there are enough of them and something stays open.
        """
        added = columns or {}
        heads = self.text(f"{key}.heads", columns=" | ".join(added), **facts)
        cells = template_of(f"{key}.cells").replace("{columns}", " | ".join(added.values()))
        width = read_widths().get(key, "")
        body, foot = (
            [[self.cell(cell, row) for cell in cells.split(" | ")] for row in _records(each)]
            for each in (rows, footer)
        )
        table = Table(
            self.text(title_key or f"{key}.title", **facts),
            self.find(f"{key}.subtitle", **facts),
            read_heads(heads),
            body,
            foot,
            source=self.find(f"{key}.source", **facts),
            outset=width == "outset",
            min_width=cast(Width, "min46" if width == "outset" else width),
        )
        return table if notable is None else self._fold(table, key, list(notable), **facts)

    def _fold(self, table: Table, key: str, notable: list[bool], **facts: Any) -> Table:
        n = len(notable) - sum(notable)
        if n < NOISE or n == len(notable):
            return table
        title = self.text(f"{key}.rest", rest=n, **facts)
        rows = list(zip(table.rows, notable, strict=True))
        rest = replace(
            table,
            title=title,
            subtitle="",
            source="",
            rows=[row for row, stays in rows if not stays],
            footer=(),
        )
        return replace(table, rows=[row for row, stays in rows if stays], rest=rest)

    def section(
        self,
        key: str,
        rows: Rows,
        /,
        *,
        variant: str = "some",
        notable: Sequence[bool] | None = None,
        **facts: Any,
    ) -> Blocks:
        """The sentence `variant` of `key`, and its `table` of the rows; without rows its `none`."""
        if not len(rows):
            return Blocks(self.prose(f"{key}.none", **facts))
        table = self.table(f"{key}.table", rows, notable=notable, **facts)
        return Blocks(self.prose(f"{key}.{variant}", **facts), table)

    def cell(self, template: str, row: Row) -> Cell:
        """A cell of a row: `**{label}** // {level:spaced}` is bold, with the level small below.

        What stands after ' ?? ' fills a cell that would be empty; a field of a row that is a `Cell`
        already stays as it is.
        """
        if isinstance(given := row.get(template[1:-1]), Cell):
            return given
        parts = CELL.fullmatch(template)
        assert parts  # any text matches
        text, missing, sub = (self.fill(part or "", row) for part in parts.groups()[1:])
        bold, code = parts[1] == "**", parts[1] == "`" and bool(text)
        return Cell(text or missing, sub, bold=bold, code=code)

    def toned(self, template: str, rows: pd.DataFrame, by: str) -> list[Cell]:
        """Cells in the tone of column `by`, which is forecast - actual or has its sign."""
        return [
            Cell(self.fill(template, row), tone=tone_of(row[by])) for row in rows.to_dict("records")
        ]

    def figure(
        self,
        key: str,
        drawn: tuple[str, str],
        rows: Rows | None = None,
        /,
        *,
        columns: Mapping[str, str] | None = None,
        title_key: str = "",
        **facts: Any,
    ) -> Figure:
        """Figure of the entry's `title`, `subtitle`, `alt` and `source`.

        `drawn` are its two drawings; `rows` its numbers, as `table` has them. `alt` may hold
        `listed`: each of `rows` by the entry's template `row`.
        """
        numbers = None
        if rows is not None:
            catalogue = language.sentences()
            named = f"{key}.numbers" if f"{key}.numbers" in catalogue else "figure.numbers"
            numbers = self.table(key, rows, columns=columns, title_key=named, **facts)
            numbers = replace(numbers, subtitle="", source="")
            template = catalogue.get(f"{key}.row", "")
            facts["listed"] = wording.semicolons(self.fill(template, row) for row in _records(rows))
        names = title_key or f"{key}.title", *(f"{key}.{part}" for part in ("subtitle", "alt"))
        title, subtitle, alt = (self.text(name, **facts) for name in names)
        return Figure(title, subtitle, alt, *drawn, self.find(f"{key}.source", **facts), numbers)

    def since(self, month: str | pd.Timestamp | None) -> str:
        """What stands above the changes since `month`, the last one published."""
        return self.text("since.month", month=month) if month else self.text("since.first")

    def first_of(self, shown: int, n: int) -> str:
        """That a table holds the first rows alone, where it does."""
        return self.text("table.first", shown=shown, n=n) if n > shown else ""


def _records(rows: Rows) -> Sequence[Row]:
    return rows.to_dict("records") if isinstance(rows, pd.DataFrame) else rows


@cache
def read_widths() -> dict[str, str]:
    """Least widths of tables by key: of 40 or 46 rem, or `outset` beyond the text."""
    widths: dict[str, str] = yaml.safe_load((TEMPLATES / "widths.yml").read_text(encoding="utf-8"))
    return widths


def writer_of(run: UnitMonth) -> BlockWriter:
    """The writer of a unit, in its measure: money or pieces."""
    unit, value = run.parameters.unit, run.parameters.measure.value
    amount = value == "amount"
    return BlockWriter(
        amounts.AmountFormat(unit.currency if amount else "", "" if amount else unit.quantity_unit)
    )


def context_line(run: UnitMonth, step: str) -> tuple[str, str, str]:
    """Step, unit and month: the small line above a title."""
    return name_of("step", step), run.title, wording.month_name(run.month)


def read_heads(heads: str) -> list[ColumnHead]:
    """Columns from labels between ' | '.

    A label that begins with '>' is right-aligned, with '=' never broken, with '#' a heat cell, and
    with '.' for screen readers only, above a drawing that a phone leaves out. What stands after
    ' ? ' names what rows can be chosen by.
    """
    parts = [head.partition(" ? ") for head in heads.split(" | ")]
    return [
        ColumnHead(head[1:], "l", small=False, silent=True)
        if head.startswith(".")
        else ColumnHead(head.lstrip(">#="), ALIGN.get(head[:1], "l"), choose=choose)
        for head, _, choose in parts
    ]


def draw(plot: str, frame: pd.DataFrame, **options: Any) -> tuple[str, str]:
    """Both drawings of a frame by a function of `plots`; matplotlib is loaded by the first."""
    from salesfc_lib.reporting import plots

    return plots.draw(getattr(plots, plot), frame, **options)


def heat_cells(errors: pd.Series, low: float | None = None, high: float | None = None) -> pd.Series:
    """Errors in percent as cells, the lowest underlined; empty where one is missing.

    The darker, the nearer to `high`; without limits those of the errors themselves.
    """
    low, high = errors.min() if low is None else low, errors.max() if high is None else high
    best, width = errors.idxmin(), (high - low) or 1
    cells = [
        Cell()
        if pd.isna(error)
        else Cell(
            f"{error * 100:.1f}", heat=1 + min(4, int(5 * (error - low) / width)), best=name == best
        )
        for name, error in errors.items()
    ]
    return pd.Series(cells, index=errors.index)


def tone_of(difference: float) -> Tone:
    """The tone of forecast - actual: over, under, or neither where it is zero or missing."""
    return "over" if difference > 0 else "under" if difference < 0 else ""


def with_labels(frame: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Rows of series with the `label` and the `level` of each."""
    return frame.merge(series[["unique_id", "label", "level"]], on="unique_id", how="left")


def cut(text: str, most: int = LONG) -> str:
    """At most `most` characters of a text, the last an ellipsis where it is longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
