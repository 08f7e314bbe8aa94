"""Each department's export of its orders, in its own manner.

An `Export` enters; files under the unit's data folder leave. Three manners, none of them made easy:
yearly CSV files with Chinese headers and tax in the amounts; a workbook with titles, merged cells
and subtotals; a database with list prices and discounts, and returns in a table of their own.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from pathlib import Path

from demo_company.company import Unit
from demo_company.orders import Line, month_of
from demo_company.planting import Export
from demo_company.workbook import Sheet, Value, column_letter, write_workbook

TAX = 13  # percent, value-added tax of manufactured goods
CSV_HEADER = (
    "单据编号",
    "行号",
    "日期",
    "单据类型",
    "客户",
    "客户类型",
    "产品线",
    "物料编码",
    "物料名称",
    "区域",
    "渠道",
    "业务员",
    "数量",
    "价税合计",
    "原单据编号",
)
SHEET_HEADER = (
    "区域",
    "订单号",
    "行号",
    "日期",
    "客户名称",
    "客户类型",
    "渠道",
    "产品线",
    "货号",
    "品名",
    "业务员",
    "数量",
    "金额",
)
PARTIES = (
    "customer_name TEXT, customer_type TEXT, product_line TEXT, sku TEXT, region TEXT, "
    "channel TEXT, salesperson TEXT"
)
TABLES = {
    "sales": f"order_no TEXT, line_no INTEGER, order_date TEXT, {PARTIES}, "
    "qty INTEGER, list_amount TEXT, discount TEXT",
    "returns": f"return_no TEXT, order_no TEXT, line_no INTEGER, return_date TEXT, {PARTIES}, "
    "qty INTEGER, refund TEXT",
}
LIBRARY_VERSION = slice(96, 100)  # bytes of a SQLite file that name the library that wrote it
VERSION_WRITTEN = (3_040_001).to_bytes(4, "big")


def yuan(cents: int) -> Decimal:
    """Amount in yuan, with its cents.

    >>> yuan(-1205)
    Decimal('-12.05')
    """
    return Decimal(cents).scaleb(-2)


def write_csv(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], *, encoding: str = "utf-8"
) -> Path:
    """The path of the CSV file written, with Windows line ends as Excel leaves them."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def export_csv(unit: Unit, export: Export, folder: Path) -> list[Path]:
    """One GB18030 file a year, orders and returns by date; returns without a sign, amounts with
    tax.
    """
    rows = sorted(export.orders + export.returns, key=_exported_in)
    return [
        write_csv(
            folder / f"orders_{year}.csv",
            CSV_HEADER,
            [_csv_row(unit, line) for line in lines],
            encoding="gb18030",
        )
        for year, lines in groupby(rows, key=lambda line: _exported_in(line)[:4])
    ]


def export_workbook(unit: Unit, export: Export, folder: Path) -> list[Path]:
    """One sheet: titles, then by month and region a merged block and its subtotal, then the grand
    total.
    """
    rows: list[list[Value]] = [
        [f"{unit.title}事业部 销售明细表"],
        [f"导出日期:{export.made_on:%Y-%m-%d}  单位:元(不含税)"],
        [],
        list(SHEET_HEADER),
    ]
    merged = [f"A1:{column_letter(len(SHEET_HEADER) - 1)}1"]
    lines = sorted(
        export.orders + export.returns, key=lambda line: (month_of(line), line.cell.region)
    )
    for _, block in groupby(lines, key=lambda line: (month_of(line), line.cell.region)):
        members = list(block)
        first = len(rows) + 1
        rows += [_sheet_row(line, shown=position == 0) for position, line in enumerate(members)]
        if len(members) > 1:
            merged.append(f"A{first}:A{len(rows)}")
        rows.append(_sum_row("小计", members))
    rows.append(_sum_row("合计", lines))
    path = folder / "sales.xlsx"
    path.write_bytes(write_workbook([Sheet("销售明细", rows, merged)]))
    return [path]


def export_database(_unit: Unit, export: Export, folder: Path) -> list[Path]:
    """A SQLite file with the tables `sales` and `returns`; amounts are text, for SQLite has no
    exact decimals.
    """
    path = folder / "shop.sqlite"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in (
            "page_size=4096",
            "encoding='UTF-8'",
            "auto_vacuum=0",
            "journal_mode=OFF",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        for name, rows in (
            ("sales", map(_sale_row, export.orders)),
            ("returns", map(_return_row, export.returns)),
        ):
            connection.execute(f"CREATE TABLE {name} ({TABLES[name]})")
            connection.executemany(f"INSERT INTO {name} VALUES ({','.join('?' * 13)})", rows)
        connection.execute("COMMIT")
        connection.execute("VACUUM")
    finally:
        connection.close()
    _hide_library_version(path)
    return [path]


def _exported_in(line: Line) -> str:
    """Month whose export holds the line: that of its number, which a wrong date does not move."""
    return line.order_id.rpartition("-")[0][-6:]


def _csv_row(unit: Unit, line: Line) -> list[object]:
    sign, kind, sale = (-1, "退货", line.returned[0]) if line.returned else (1, "销售", "")
    cell, shown = line.cell, line.written
    return [
        line.order_id,
        line.line,
        shown.get("date", f"{line.date.year}/{line.date.month}/{line.date.day}"),
        kind,
        line.customer,
        cell.customer_type,
        cell.product_line,
        line.product.code,
        line.product.name,
        region_name(unit, line),
        cell.channel,
        line.salesperson,
        sign * line.quantity,
        shown.get("amount", yuan(sign * with_tax(line.amount))),
        sale,
    ]


def with_tax(cents: int) -> int:
    """Cents with value-added tax; exact, because this unit's prices have no cents."""
    return cents * (100 + TAX) // 100


def region_name(unit: Unit, line: Line) -> str:
    """The region as it was called in the line's month."""
    for rename in unit.renames:
        if line.cell.region == rename.new and _exported_in(line) <= rename.last.replace("-", ""):
            return rename.old
    return line.cell.region


def _sheet_row(line: Line, *, shown: bool) -> list[Value]:
    cell = line.cell
    return [
        cell.region if shown else None,
        line.order_id,
        line.line,
        line.date,
        line.customer,
        cell.customer_type,
        cell.channel,
        cell.product_line,
        line.product.code,
        line.product.name,
        line.salesperson,
        line.written.get("quantity", line.quantity),
        line.written.get("amount", yuan(line.amount)),
    ]


def _sum_row(word: str, lines: list[Line]) -> list[Value]:
    readable = [line for line in lines if not line.written]
    empty: list[Value] = [None] * (len(SHEET_HEADER) - 3)
    return [
        word,
        *empty,
        sum(line.quantity for line in readable),
        yuan(sum(line.amount for line in readable)),
    ]


def _parties(line: Line) -> tuple[object, ...]:
    cell = line.cell
    return (
        line.customer,
        cell.customer_type,
        cell.product_line,
        line.product.code,
        cell.region,
        cell.channel,
        line.salesperson,
    )


def _sale_row(line: Line) -> tuple[object, ...]:
    day = line.written.get("date", line.date.isoformat())
    amount = line.written.get("amount", str(yuan(line.gross)))
    return (
        *line.key,
        day,
        *_parties(line),
        line.quantity,
        amount,
        str(yuan(line.gross - line.amount)),
    )


def _return_row(line: Line) -> tuple[object, ...]:
    order, position = line.returned or ("", 0)
    return (
        line.order_id,
        order,
        position,
        line.date.isoformat(),
        *_parties(line),
        -line.quantity,
        str(yuan(-line.amount)),
    )


def _hide_library_version(path: Path) -> None:
    """Put one version into the header, whichever library wrote the file."""
    content = bytearray(path.read_bytes())
    content[LIBRARY_VERSION] = VERSION_WRITTEN
    path.write_bytes(bytes(content))
