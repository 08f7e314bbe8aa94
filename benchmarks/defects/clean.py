"""Clean exports in which nothing may be changed, dropped, set aside or flagged.

A seed enters; cases without a defect leave. Half of them are full of near misses, which look like
defects and are none.
"""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from defects.company import TRICKY, Members, make_lines, seeded
from defects.feeds import HEADERS, Dialect, Export, record_of, write_text
from defects.names import NAUGHTY
from defects.planting import plain_records, typed_records
from defects.projects import declare, make_case, text_case, workbook_case
from defects.truth import Case, Cell, Record, Row
from defects.workbook import Sheet

CLEAN = 0
PROMOTIONS = {"name": "活动", "start": "开始", "end": "结束", "region": "地区"}


def make_clean(seed: int) -> list[Case]:
    """Clean cases: plain books and books of near misses, in text of several dialects and in
    workbooks.
    """
    plain, tricky = plain_records(seed), [record_of(line) for line in make_lines(seed, TRICKY)]
    both = {"plain": plain, "near misses": tricky}
    cases = [
        text_case(CLEAN, f"{name}, text", Export("orders.csv", records))
        for name, records in both.items()
    ]
    cases += [
        workbook_case(CLEAN, f"{name}, workbook", [Sheet("明细", typed_records(records))])
        for name, records in both.items()
    ]
    cases.append(
        text_case(
            CLEAN,
            "GB18030, tabs",
            Export("orders.csv", plain, dialect=Dialect("gb18030", delimiter="\t", end="\n")),
        )
    )
    cases.append(
        text_case(
            CLEAN,
            "near misses, all quoted",
            Export("orders.csv", tricky, dialect=Dialect(quote_all=True, delimiter=";")),
        )
    )
    months = sorted({str(record.cells["date"])[:7] for record in plain})
    feed = [
        Export(
            f"orders_{month}.csv",
            [item for item in plain if str(item.cells["date"]).startswith(month)],
        )
        for month in months
    ]
    cases.append(text_case(CLEAN, "one file a month", feed))
    cases.append(
        text_case(
            0,
            "repeats without a key",
            Export("orders.csv", _repeat(tricky, seed)),
            declare({"key": []}),
            allowed=("possible_duplicate",),
        )
    )
    cases += [*_odd_but_clean(plain), _come_and_go(seed)]
    cases += [_columnar(kind, tricky) for kind in ("parquet", "jsonl")]
    return [*cases, _with_companions(seed), make_naughty(seed)]


def _columnar(kind: str, records: list[Record]) -> Case:
    """Near misses in a file of columns, every cell as text."""
    rows = [{HEADERS[name]: str(text) for name, text in record.cells.items()} for record in records]
    path = f"orders.{kind}"
    if kind == "jsonl":
        content = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()
    else:
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), buffer)
        content = buffer.getvalue()
    truth = [
        Row("orders", place, record.line, "kept", "", False)
        for place, record in enumerate(records, start=1)
    ]
    return make_case(
        CLEAN, f"near misses, {kind}", {path: content}, declare({"kind": kind, "path": path}), truth
    )


def _with_companions(seed: int) -> Case:
    """Books with everything that stands beside orders: masters, promotions, stock, ledger totals,
    currency, units, references.
    """
    lines = make_lines(seed)
    headers = {**HEADERS, "currency": "币种", "unit_of_measure": "单位", "reference": "原单号"}
    records = []
    for line in lines:
        record = record_of(replace(line, more={"product_line": f"线 {line.product[0]}"}))
        records.append(
            replace(
                record,
                cells={
                    **record.cells,
                    "currency": "CNY",
                    "unit_of_measure": "件",
                    "reference": line.original,
                },
            )
        )
    products = sorted({line.product for line in lines})
    months = sorted({line.date.replace(day=1) for line in lines})
    totals = {
        month: sum((line.amount for line in lines if line.date.replace(day=1) == month), Decimal(0))
        for month in months
    }
    regions = sorted({line.region for line in lines})
    tables = {
        "products.csv": ["物料,产品线", *(f"{product},线 {product[0]}" for product in products)],
        "promotions.csv": [
            "活动,开始,结束,地区",
            f"春季,2023-03-06,2023-03-12,{regions[0]}",
            f"秋季,2024-09-02,2024-09-09,{regions[1]}",
        ],
        "stock.csv": [
            "月份,地区,库存",
            *(f"{month:%Y-%m},{region},800" for month in months for region in regions),
        ],
        "gl.csv": ["期间,收入", *(f"{month:%Y-%m},{total}" for month, total in totals.items())],
    }
    sources = {
        "products": {
            "kind": "csv",
            "role": "lookup",
            "path": "products.csv",
            "join": {"product": "物料"},
            "columns": {"product_line": "产品线"},
        },
        "promotions": {
            "kind": "csv",
            "role": "promotions",
            "path": "promotions.csv",
            "columns": PROMOTIONS,
        },
        "stock": {
            "kind": "csv",
            "role": "inventory",
            "path": "stock.csv",
            "columns": {"ds": "月份", "region": "地区", "stock": "库存"},
        },
        "gl": {
            "kind": "csv",
            "role": "control_totals",
            "path": "gl.csv",
            "columns": {"ds": "期间", "amount": "收入"},
        },
    }
    tree = declare(
        {"columns": headers},
        sources,
        measure={"currency": "CNY", "unit_of_measure": "件"},
        dimensions=["region", "product_line"],
    )
    more = {path: ("\r\n".join(rows) + "\r\n").encode() for path, rows in tables.items()}
    return text_case(
        CLEAN, "with companions", Export("orders.csv", records, headers), tree, more=more
    )


def _come_and_go(seed: int) -> Case:
    """A customer leaves, and in the month after another one comes, who buys less and other things:
    no rename.
    """
    rng = seeded(seed, CLEAN, "come and go")
    cut = date(2024, rng.randrange(1, 7), 1)
    lines = []
    for line in make_lines(seed, returns=False):
        if line.customer == "Baker Stores" and line.date >= cut:
            if line.product not in ("台灯", "Fan"):
                continue
            line = replace(line, customer="新客户")  # noqa: PLW2901
        elif line.customer == "Baker Stores" and line.product in ("台灯", "Fan"):
            continue
        lines.append(line)
    return text_case(
        CLEAN, "customers come and go", Export("orders.csv", [record_of(line) for line in lines])
    )


def _odd_but_clean(records: list[Record]) -> list[Case]:
    """Files that nobody would call tidy, and in which nothing is wrong."""
    content, places = write_text(Export("orders.csv", records))
    header, *lines = content.decode().split("\r\n")[:-1]
    written = {
        "line ends of old Macs, none at the end": ("\r".join([header, *lines]), 1),
        "a blank line after each, and at the end": ("\n\n".join([header, *lines]) + "\n\n\n", 2),
        "a comma at the end of each line": (
            "\r\n".join(f"{line}," for line in [header, *lines]) + "\r\n",
            1,
        ),
        "lines of commas at the end": (
            "\r\n".join([header, *lines, *[",,,,,,,,"] * 3]) + "\r\n",
            1,
        ),
    }
    cases = []
    for name, (text, step) in written.items():
        rows = [
            Row("orders", 1 + (place - 1) * step, record.line, "kept", "", False)
            for place, record in zip(places, records, strict=True)
        ]
        cases.append(make_case(CLEAN, name, {"orders.csv": text.encode()}, declare(), rows))
    left = {"blank": "", **HEADERS}
    moved = [
        replace(record, cells={"blank": "", **record.cells}) for record in typed_records(records)
    ]
    return [
        *cases,
        workbook_case(
            CLEAN,
            "a table that begins in column B",
            [Sheet("明细", moved, left, above=[[""], [""]])],
            allowed=("title_rows",),
        ),
    ]


def _repeat(records: list[Record], seed: int) -> list[Record]:
    """Some lines twice: without a key, a legitimate repeat like any other."""
    chosen = set(seeded(seed, 0).sample(range(len(records)), 6))
    return [
        item
        for place, record in enumerate(records)
        for item in ([record, record] if place in chosen else [record])
    ]


def make_naughty(seed: int) -> Case:
    """Names that have broken other programs, as customers, products and regions; each region is a
    series of its own.
    """
    members = Members(NAUGHTY, NAUGHTY, NAUGHTY)
    lines = []
    for place, line in enumerate(make_lines(seed, members, months=3, per_region=1, returns=False)):
        name = NAUGHTY[(place * 7 + 3) % len(NAUGHTY)]
        lines.append(
            replace(
                line,
                customer=name,
                product=NAUGHTY[(place * 11 + 5) % len(NAUGHTY)],
                quantity=Decimal(2),
                amount=Decimal("10.50"),
            )
        )
    cells = tuple(Cell("series", {"level": "region", "region": name}) for name in NAUGHTY)
    tree = declare(cleaning={"outliers": {"enabled": False}})
    records = [record_of(line) for line in lines]
    allowed = (
        "lost_zeros",
        "mojibake",
        "rename_proposed",
        "discontinued",
        "launched",
        "outliers",
    )  # noted only: they look alike indeed
    return text_case(
        0,
        "naughty names",
        Export("orders.csv", records, dict(HEADERS)),
        tree,
        month="2023-03",
        cells=cells,
        allowed=allowed,
    )
