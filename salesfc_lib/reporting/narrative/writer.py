"""What every section needs: a writer of prose, tables and figures; record and checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import flatten, wording
from salesfc_lib.reporting.blocks import (
    Align,
    Block,
    Cell,
    Check,
    Checks,
    ColumnHead,
    Fact,
    Figure,
    Prose,
    Record,
    Table,
    Tone,
)
from salesfc_lib.reporting.catalogue import Sentences, read_catalogue

LONG = 80  # characters of a parameter's value, beyond which it is cut
ALIGN: dict[str, Align] = {">": "r", "#": "q", "=": "w"}  # numbers, heat, never broken

Row = Mapping[Any, Any]
Rows: TypeAlias = "pd.DataFrame | Sequence[Row]"
Width = Literal["", "min40", "min46", "outset"]  # least width of a table; wider than the text
# what fills a cell: `{wape:percent}` over the fields of a row, a cell of such, or a function
Template = str | Cell | Callable[[Row], str | Cell]


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
        lines = (line.partition(": ") for line in self.template(key).splitlines())
        return [(self.fill(term, facts), self.fill(text, facts)) for term, _, text in lines]

    def table(
        self,
        key: str,
        rows: Rows,
        cells: Sequence[Template],
        /,
        *,
        title: str = "",
        footer: Rows = (),
        width: Width = "",
        **facts: Any,
    ) -> Table:
        """Table of the entry's `title`, `subtitle`, `heads` and `source`: the cells of each row.

        `heads` is read by `columns`; `title` stands in place of the entry's.
        """
        return Table(
            title or self.text(f"{key}.title", **facts),
            self.find(f"{key}.subtitle", **facts),
            columns(self.text(f"{key}.heads", **facts)),
            self._rows(rows, cells),
            footer=self._rows(footer, cells),
            source=self.find(f"{key}.source", **facts),
            outset=width == "outset",
            min_width="min46" if width == "outset" else width,
        )

    def figure(
        self,
        key: str,
        drawn: tuple[str, str],
        rows: Rows | None = None,
        cells: Sequence[Template] = (),
        /,
        *,
        title: str = "",
        **facts: Any,
    ) -> Figure:
        """Figure of the entry's `title`, `subtitle`, `alt` and `source`.

        `drawn` are its two drawings; `rows` and `cells` its numbers, under the entry's `heads`.
        `alt` may hold `listed`: each of `rows` by the entry's template `row`.
        """
        numbers = None
        if rows is not None:
            named = self.find(f"{key}.numbers", **facts) or self.text("figure.numbers")
            numbers = self.table(key, rows, cells, title=named, **facts)
            numbers = replace(numbers, subtitle="", source="")
            template = read_catalogue(self.language).get(f"{key}.row", "")
            facts["listed"] = "; ".join(self.fill(template, row) for row in _records(rows))
        subtitle, alt, source = (
            self.text(f"{key}.{part}", **facts) for part in ("subtitle", "alt", "source")
        )
        title = title or self.text(f"{key}.title", **facts)
        return Figure(title, subtitle, alt, *drawn, source, numbers)

    def since(self, month: str | pd.Timestamp | None) -> str:
        """What stands above the changes since `month`, the last one published."""
        return self.text("since.month", month=month) if month else self.text("since.first")

    def first_of(self, shown: int, n: int) -> str:
        """That a table holds the first rows alone, where it does."""
        return self.text("table.first", shown=shown, n=n) if n > shown else ""

    def _rows(self, rows: Rows, cells: Sequence[Template]) -> list[list[Cell]]:
        return [[self._cell(cell, row) for cell in cells] for row in _records(rows)]

    def _cell(self, cell: Template, row: Row) -> Cell:
        if callable(cell):
            found = cell(row)
            return found if isinstance(found, Cell) else Cell(found)
        if isinstance(cell, str):
            return Cell(self.fill(cell, row))
        text, sub, href = (self.fill(part, row) for part in (cell.text, cell.sub, cell.href))
        return replace(cell, text=text, sub=sub, href=href)


def _records(rows: Rows) -> Sequence[Row]:
    return rows.to_dict("records") if isinstance(rows, pd.DataFrame) else rows


def writer_of(run: UnitMonth) -> BlockWriter:
    """The writer of a unit, in its measure: money or pieces."""
    unit, value = run.parameters.unit, run.parameters.measure.value
    amount = value == "amount"
    return BlockWriter(
        wording.AmountFormat(unit.currency if amount else "", "" if amount else unit.quantity_unit)
    )


def context_line(run: UnitMonth, step: str) -> tuple[str, str, str]:
    """Step, unit and month: the small line above a title."""
    return step, run.title, wording.month_name(run.month)


def columns(heads: str) -> list[ColumnHead]:
    """Columns from labels between ' | '.

    A label that begins with '>' is right-aligned, with '=' never broken, with '#' a heat cell, and
    with '.' for screen readers only, above a drawing that a phone leaves out.
    """
    return [
        ColumnHead(head[1:], "l", small=False, silent=True)
        if head.startswith(".")
        else ColumnHead(head.lstrip(">#="), ALIGN.get(head[:1], "l"))
        for head in heads.split(" | ")
    ]


def heat_cell(value: float, low: float, high: float, *, best: bool) -> Cell:
    """An error in percent, the darker the nearer to `high`; empty where it is missing."""
    if pd.isna(value):
        return Cell()
    heat = 1 + min(4, int(5 * (value - low) / ((high - low) or 1)))
    return Cell(f"{value * 100:.1f}", heat=heat, best=best)


def tone_of(difference: float) -> Tone:
    """The tone of forecast - actual: over, under, or neither where it is zero or missing."""
    return "over" if difference > 0 else "under" if difference < 0 else ""


def with_labels(frame: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Rows of series with the `label` and the `level` of each."""
    return frame.merge(series[["unique_id", "label", "level"]], on="unique_id", how="left")


def record_and_checks(run: UnitMonth, checks: Sequence[Check], key: str, **facts: Any) -> Blocks:
    """Record and checks of a notebook; the record's terms are the lines of the sentence `key`.

    Raises `SalesForecastError` with the checks that failed, so that the notebook fails.
    """
    failed = [f"{check.name} ({check.detail})" for check in checks if not check.passed]
    if failed:
        raise SalesForecastError.say(
            f"{len(failed)} of {len(checks)} checks failed: {'; '.join(failed)}",
            "Every check passes before a month is published",
            "Read the section that the check belongs to",
        )
    folded = (Checks(tuple(checks)), parameter_table(run))
    badge = writer_of(run).text("checks.passed", n=len(checks))
    terms = writer_of(run).record(key, unit=run.unit, month=run.month, **facts)
    return Blocks(Record(badge, "", terms, folded))


def parameter_table(run: UnitMonth) -> Table:
    """Parameters that differ from the defaults, with the layer that set them."""
    values = flatten(run.parameters.model_dump(mode="json"))
    rows = [
        {
            "key": key,
            "value": _written(values.get(key, "")),
            "layer": layer,
            "reason": run.reasons.get(key, ""),
        }
        for key, layer in sorted(run.layer.items())
        if layer != "defaults"
    ]
    cells = ("{key}", "{value}", "{layer}", "{reason}")
    return writer_of(run).table("parameters", rows, cells, width="min40", n=len(rows))


def _written(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = text.lower() if isinstance(value, bool) else text
    return text if len(text) <= LONG else f"{text[: LONG - 1]}…"
