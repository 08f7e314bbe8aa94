"""Defects 10 to 16: how an export's rows and columns go wrong.

A seed enters; cases leave. What spreadsheets do (titles, sums, merged and hidden cells, errors) is
planted in workbooks, and in text files wherever a text file can have it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from defects.company import TRICKY, make_lines, seeded
from defects.feeds import HEADERS, Export, record_of
from defects.planting import (
    choose,
    insert,
    is_free,
    plain_records,
    quarantine,
    spoil,
    typed_records,
)
from defects.projects import declare, text_case, workbook_case
from defects.truth import Case, Line, Note, Record
from defects.workbook import Sheet, typed
from demo_company.workbook import Error, Formula

TITLES = (
    [["销售明细表"]],
    [["销售明细表", "", "2023-01 ~ 2024-12"], [""]],
    [["Sales report"], ["Printed", "2025-01-03"], ["单位：元"], [""]],
    [["日期", "按单据日期"], ["客户", "全部"], ["制表人：王"], [""], ["第 1 页", "共 1 页"]],
)
WORDS = ("小计", "合计", "Total", "Grand total", "总计", "Subtotal:", "合  计")
ERRORS = ("#REF!", "#N/A", "#DIV/0!", "#VALUE!", "#NAME?")


def plant_title_rows(seed: int) -> list[Case]:
    """10: titles above the header; the header is found by the names it must have."""
    records = [replace(record, planted=True) for record in plain_records(seed, months=6)]
    cases = []
    for place, above in enumerate(TITLES):
        notes = (Note("title_rows", "orders"),)
        month = "2023-06"
        cases.append(
            text_case(
                10,
                f"{len(above)} rows, text",
                Export("orders.csv", records, above=above),
                notes=notes,
                month=month,
            )
        )
        if place % 2:
            sheet = Sheet("明细", typed_records(records), above=above)
            cases.append(
                workbook_case(10, f"{len(above)} rows, workbook", [sheet], notes=notes, month=month)
            )
    return cases


def plant_repeated_headers(seed: int) -> list[Case]:
    """11: each printed page of the report begins with the header again."""
    rng = seeded(seed, 11)
    records = plain_records(seed)
    header = Record(dict(HEADERS), None, "dropped", "repeated_header", planted=True)
    planted = insert(records, header, choose(rng, records, 7))
    spaced = replace(header, cells={name: f" {text} " for name, text in HEADERS.items()})
    return [
        text_case(
            11,
            "with spaces",
            Export("orders.csv", [spaced if item is header else item for item in planted]),
        ),
        text_case(11, "text", Export("orders.csv", planted)),
        workbook_case(
            11,
            "workbook",
            [
                Sheet(
                    "明细",
                    [
                        header if item is header else replace(item, cells=typed(item))
                        for item in planted
                    ],
                )
            ],
        ),
    ]


def plant_subtotals(seed: int) -> list[Case]:
    """12: sums of groups and of everything; dropped where they equal their parts, and a block where
    they do not.
    """
    rng = seeded(seed, 12)
    records = [record_of(line) for line in make_lines(seed, TRICKY)]  # a customer is called 'Total'
    planted = add_subtotals(records, rng, spoilt=None)
    cases = [
        text_case(12, "text", Export("orders.csv", planted)),
        workbook_case(
            12,
            "workbook",
            [Sheet("明细", [replace(item, cells=_typed_sum(item)) for item in planted])],
        ),
    ]
    cases.append(text_case(12, "by region", Export("orders.csv", _sum_by_region(seed))))
    for place in range(3):
        wrong = add_subtotals(records, seeded(seed, 12, place), spoilt=place)
        cases.append(
            text_case(
                12,
                f"unequal {place + 1}",
                Export("orders.csv", wrong),
                blocked=("orders.csv", "subtotal", "equal"),
            )
        )
    return cases


def add_subtotals(
    records: Sequence[Record], rng: random.Random, spoilt: int | None
) -> list[Record]:
    """Records with a sum after some of them, and one of everything; the sum `spoilt` (by its place)
    is off by a cent.
    """
    ends = choose(rng, records, 5)
    found: list[Record] = []
    start, everything = 0, [Decimal(0), Decimal(0)]
    for count, end in enumerate([*ends, len(records) - 1]):
        part = records[start : end + 1]
        sums = [
            sum((getattr(item.line, name) for item in part if item.line), Decimal(0))
            for name in ("quantity", "amount")
        ]
        everything = [whole + one for whole, one in zip(everything, sums, strict=True)]
        off = Decimal("0.01") if count == spoilt else Decimal(0)
        found += [*part, _sum_row(rng, sums[0], sums[1] + off)] if part else []
        start = end + 1
    return [*found, _sum_row(rng, everything[0], everything[1])]


def _sum_by_region(seed: int) -> list[Record]:
    """Records sorted by region, each region with its sum below it, and everything at the end."""
    lines = sorted(make_lines(seed), key=lambda line: line.region)
    found: list[Record] = []
    for region in dict.fromkeys(line.region for line in lines):
        part = [line for line in lines if line.region == region]
        found += [*map(record_of, part), _sum_of(part, region=f"{region} 小计")]
    return [*found, _sum_of(lines, region="Grand total:")]


def _sum_of(lines: Sequence[Line], **cells: str) -> Record:
    quantity, amount = (
        sum((getattr(line, name) for line in lines), Decimal(0)) for name in ("quantity", "amount")
    )
    return Record(
        {**cells, "quantity": f"{quantity:f}", "amount": f"{amount:,f}"},
        None,
        "dropped",
        "subtotal",
        planted=True,
    )


def _sum_row(rng: random.Random, quantity: Decimal, amount: Decimal) -> Record:
    where = rng.choice(("date", "order_id", "region", "customer"))
    cells = {where: rng.choice(WORDS), "quantity": f"{quantity:f}", "amount": f"{amount:f}"}
    return Record(cells, None, "dropped", "subtotal", planted=True)


def _typed_sum(record: Record) -> dict[str, Any]:
    if record.line is not None:
        return typed(record)
    return {
        **record.cells,
        "quantity": Decimal(record.cells["quantity"]),
        "amount": Decimal(record.cells["amount"]),
    }


def plant_merged_cells(seed: int) -> list[Case]:
    """13: the region stands once above its rows; filled down where declared, and nowhere else."""
    lines = sorted(
        make_lines(seed),
        key=lambda line: (line.date.year, line.date.month, line.region, line.order_id),
    )
    records = [record_of(line) for line in lines]
    blanked = [
        _blank(record, above, "region")
        for record, above in zip(records, [None, *records], strict=False)
    ]
    source = {"fill_down": ["region"]}
    notes = (Note("filled_down", "orders"),)
    merged = list_merged([replace(item, cells=typed(item)) for item in blanked], "region")
    cases = [
        text_case(13, "text", Export("orders.csv", blanked), declare(source), notes=notes),
        workbook_case(
            13,
            "workbook",
            [Sheet("明细", typed_records(blanked), merged=merged)],
            declare({"kind": "excel", "path": "orders.xlsx", **source}),
            notes=notes,
        ),
    ]
    undeclared = [
        _blank(record, above, "customer")
        for record, above in zip(records, [None, *records], strict=False)
    ]
    unfilled = [
        replace(item, line=replace(item.line, customer=str(item.cells["customer"])))
        if item.line and item.planted
        else item
        for item in undeclared
    ]
    sheet = Sheet("明细", typed_records(unfilled), merged=list_merged(unfilled, "customer"))
    cases.append(
        workbook_case(
            13, "undeclared column", [sheet], declare({"kind": "excel", "path": "orders.xlsx"})
        )
    )
    return cases


def _blank(record: Record, above: Record | None, column: str) -> Record:
    same = above is not None and above.cells[column] == record.cells[column]
    return replace(record, cells={**record.cells, column: ""}, planted=True) if same else record


def list_merged(records: Sequence[Record], column: str) -> list[tuple[int, int, int]]:
    """Ranges (sheet rows, column) of a value and the blanks below it."""
    place = list(HEADERS).index(column)
    filled = [row for row, record in enumerate(records, start=2) if record.cells[column]]
    ends = [*(row - 1 for row in filled[1:]), len(records) + 1]
    return [(first, last, place) for first, last in zip(filled, ends, strict=True) if last > first]


def plant_hidden(seed: int) -> list[Case]:
    """14: hidden rows, a hidden column, a hidden sheet: they count, and it is said."""
    rng = seeded(seed, 14)
    records = typed_records(plain_records(seed))
    hidden = spoil(records, choose(rng, records, 9), lambda record: replace(record, hidden=True))
    every = [replace(record, planted=True) for record in records]
    excel = {"kind": "excel", "path": "orders.xlsx"}
    return [
        workbook_case(14, "rows", [Sheet("明细", hidden)], notes=(Note("hidden", "orders"),)),
        workbook_case(
            14,
            "column",
            [Sheet("明细", every, hidden_columns=frozenset({5}))],
            notes=(Note("hidden", "orders", ("地区|F",)),),
        ),
        workbook_case(
            14,
            "sheet",
            [Sheet("说明", [], {"text": "text"}), Sheet("明细", every, hidden=True)],
            declare({**excel, "sheet": "明细"}),
            read=1,
            notes=(Note("hidden", "orders", ("明细",)),),
        ),
    ]


def plant_error_cells(seed: int) -> list[Case]:
    """15: cells with an error, formulas never calculated; products named '#…' are neither."""
    rng = seeded(seed, 15)
    records = [record_of(line) for line in make_lines(seed, TRICKY)]
    chosen = choose(rng, records, 10, is_free(records))
    texts, workbook = list(records), [replace(record, cells=typed(record)) for record in records]
    for place in chosen:
        column, said = rng.choice(("amount", "quantity", "customer", "date")), rng.choice(ERRORS)
        texts[place] = replace(
            quarantine("error_cell", **{column: said})(texts[place]), planted=True
        )
        change: Callable[[Record], Record] = quarantine("error_cell")
        spoilt = change(workbook[place])
        workbook[place] = replace(spoilt, cells={**spoilt.cells, column: Error(said)}, planted=True)
    return [
        text_case(15, "errors, text", Export("orders.csv", texts)),
        workbook_case(15, "errors, workbook", [Sheet("明细", workbook)]),
        _empty_formula_case(seed, rng),
    ]


def _empty_formula_case(seed: int, rng: random.Random) -> Case:
    """Amounts are formulas: quantity times price. Some were never calculated."""
    headers = {**HEADERS, "price": "单价"}
    records = [_with_formula(record) for record in plain_records(seed)]
    for place in choose(rng, records, 8, is_free(records)):
        cells = dict(records[place].cells)
        cells["amount"] = Formula(None, cells["amount"].text)
        records[place] = replace(
            records[place], cells=cells, fate="quarantined", rule="stale_formula", planted=True
        )
    tree = declare({"kind": "excel", "path": "orders.xlsx", "columns": headers})
    return workbook_case(15, "empty formulas", [Sheet("明细", records, headers)], tree)


def _with_formula(record: Record) -> Record:
    line = record.line
    if line is None:
        return record
    price = (line.amount / line.quantity).quantize(Decimal("0.01"))
    amount = line.quantity * price
    cells = {**typed(record), "price": price, "amount": Formula(amount, "G{row}*J{row}")}
    return replace(record, cells=cells, line=replace(line, amount=amount))


def plant_renamed_columns(seed: int) -> list[Case]:
    """16: a file of the feed names, orders or repeats its columns otherwise."""
    rng = seeded(seed, 16)
    lines = make_lines(seed)
    years = [[record_of(line) for line in lines if line.date.year == year] for year in (2023, 2024)]
    aliases = {
        "amount": ["金额", "销售额", "Amount"],
        "customer": ["客户", "客户名称", "Customer"],
        "date": ["日期", "Order Date"],
    }
    tree = declare({"path": "orders_*.csv", "columns": {**HEADERS, **aliases}})
    first = Export("orders_2023.csv", years[0])
    later = [replace(record, planted=True) for record in years[1]]
    cases = []
    for name, headers in (
        ("renamed, Chinese", {**HEADERS, "amount": "销售额", "customer": "客户名称"}),
        (
            "renamed, English",
            {**HEADERS, "amount": "Amount", "customer": "Customer", "date": "Order Date"},
        ),
    ):
        notes = (
            Note(
                "renamed_column", words=("|".join(set(headers.values()) - set(HEADERS.values())),)
            ),
        )
        cases.append(
            text_case(
                16, name, [first, Export("orders_2024.csv", later, headers)], tree, notes=notes
            )
        )
    order = rng.sample(list(HEADERS), len(HEADERS))
    reordered = {name: HEADERS[name] for name in order}
    cases.append(
        text_case(
            16,
            "reordered",
            [first, Export("orders_2024.csv", later, reordered)],
            tree,
            allowed=("renamed_column",),
        )
    )
    for name, shown in (
        ("spaces", " {} "),
        ("zero width", "\u200b{}"),
        ("no-break space", "{}\u00a0"),
        ("line break", "{}\n"),
    ):
        headers = {ours: shown.format(header) for ours, header in HEADERS.items()}
        cases.append(text_case(16, name, [first, Export("orders_2024.csv", later, headers)], tree))
    for name, more in (("two that fit", "Amount"), ("twice the same", "金额")):
        headers = {**HEADERS, "again": more}
        doubled = [replace(record, cells={**record.cells, "again": "1"}) for record in years[1]]
        both = [first, Export("orders_2024.csv", doubled, headers)]
        cases.append(text_case(16, name, both, tree, blocked=("orders_2024.csv", "金额")))
    unmapped = {**HEADERS, "again": "备注", "more": "备注"}
    noted = [
        replace(record, cells={**record.cells, "again": "1", "more": "2"}, planted=True)
        for record in years[1]
    ]
    cases.append(
        text_case(16, "unmapped twice", [first, Export("orders_2024.csv", noted, unmapped)], tree)
    )
    return cases


PLANTS = {
    10: plant_title_rows,
    11: plant_repeated_headers,
    12: plant_subtotals,
    13: plant_merged_cells,
    14: plant_hidden,
    15: plant_error_cells,
    16: plant_renamed_columns,
}
