"""From records to the bytes of an export, and to where each of them stands in it.

Records enter; bytes and expected rows leave. An export is written by hand, byte by byte, so that a
plant can spoil one record and leave its neighbours as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from defects.truth import Line, Record, Row

HEADERS = {
    "date": "日期",
    "order_id": "单据编号",
    "line": "行号",
    "customer": "客户",
    "product": "物料编码",
    "region": "地区",
    "quantity": "数量",
    "amount": "金额",
    "kind": "类型",
}
KINDS = {"sale": "销售", "return": "退货"}
Show = Callable[[Any], str]


def show_date(day: date) -> str:
    """Day as ISO writes it."""
    return day.isoformat()


def show_number(value: Decimal) -> str:
    """Number with a decimal point and nothing else."""
    return f"{value:f}"


def record_of(line: Line, *, day: Show = show_date, number: Show = show_number) -> Record:
    """The row that a clean export has for a line."""
    cells = {
        "date": day(line.date),
        "order_id": line.order_id,
        "line": line.line,
        "customer": line.customer,
        "product": line.product,
        "region": line.region,
        "quantity": number(line.quantity),
        "amount": number(line.amount),
        "kind": KINDS[line.kind],
    }
    return Record(cells, line)


@dataclass(frozen=True)
class Dialect:
    """How a text file is written."""

    encoding: str = "utf-8"
    mark: bytes = b""
    delimiter: str = ","
    quote: str = '"'
    end: str = "\r\n"
    quote_all: bool = False


@dataclass(frozen=True)
class Export:
    """A text file to be: rows above the header, the header, records, and what stands below them."""

    path: str
    records: Sequence[Record]
    headers: Mapping[str, str] = field(default_factory=lambda: dict(HEADERS))
    dialect: Dialect = Dialect()
    above: Sequence[Sequence[str]] = ()
    below: Sequence[bytes] = ()


def write_text(export: Export) -> tuple[bytes, list[int]]:
    """The file's bytes, and the line on which each record begins (from 1)."""
    dialect = export.dialect
    top = [_join(row, dialect) for row in [*export.above, list(export.headers.values())]]
    parts, places = [dialect.mark, *top], []
    at = 1 + sum(_count_lines(part, dialect) for part in top)
    for record in export.records:
        text = (
            _join([str(record.cells.get(name, "")) for name in export.headers], dialect)
            if record.raw is None
            else record.raw
        )
        places.append(at)
        at += _count_lines(text, dialect)
        parts.append(text)
    return b"".join([*parts, *export.below]), places


def expect(export: Export, places: Iterable[int], label: str) -> list[Row]:
    """What is to become of each record."""
    return [
        Row(label, place, record.line, record.fate, record.rule, record.planted)
        for record, place in zip(export.records, places, strict=True)
    ]


def _join(cells: Sequence[str], dialect: Dialect) -> bytes:
    return (dialect.delimiter.join(_quote(cell, dialect) for cell in cells) + dialect.end).encode(
        dialect.encoding
    )


def _quote(cell: str, dialect: Dialect) -> str:
    special = any(mark in cell for mark in (dialect.delimiter, dialect.quote, "\n", "\r"))
    return (
        f"{dialect.quote}{cell.replace(dialect.quote, dialect.quote * 2)}{dialect.quote}"
        if special or dialect.quote_all
        else cell
    )


def _count_lines(text: bytes, dialect: Dialect) -> int:
    return text.count("\n".encode(dialect.encoding))
