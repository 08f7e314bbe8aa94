"""Many defects at a time, in one project.

A seed enters; cases leave. Each defect takes rows of its own, among lines that nothing else hangs
on, so that the truth of one does not depend on the treatment of another; what belongs to a file as
a whole (its encoding, titles, hidden rows) lies over all of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from defects.company import make_lines, seeded
from defects.feeds import HEADERS, Dialect, Export, record_of
from defects.planting import choose, insert, is_free, plain_records, quarantine, typed_records
from defects.projects import EXCEL, declare, text_case, workbook_case
from defects.structure import add_subtotals
from defects.truth import Case, Cell, Note, Record
from defects.workbook import Sheet
from demo_company.workbook import DAY_ZERO

Change = Callable[[Record], Record]
TOGETHER = 99


@dataclass(frozen=True)
class Plan:
    """How many rows are changed, and how."""

    rows: int
    change: Change


def apply(records: Sequence[Record], plans: Mapping[str, Plan], rng: random.Random) -> list[Record]:
    """Records with every plan's change, each in rows of its own."""
    found = list(records)
    for plan in plans.values():
        free = is_free(found)

        def is_left(record: Record, free: Callable[[Record], bool] = free) -> bool:
            return free(record) and not record.planted

        for place in choose(rng, found, plan.rows, is_left):
            found[place] = replace(plan.change(found[place]), planted=True)
    return found


def show(**cells: Callable[[Record], str]) -> Change:
    """A change of spelling that leaves the truth as it is."""
    return lambda record: replace(
        record, cells={**record.cells, **{name: text(record) for name, text in cells.items()}}
    )


def _amount(record: Record) -> Decimal:
    return record.line.amount if record.line else Decimal(0)


def _day(record: Record) -> date:
    return record.line.date if record.line else date(1, 1, 1)


def _misfit(record: Record) -> Record:
    text = ",".join(str(record.cells[name]) for name in HEADERS) + ",more\r\n"
    return replace(record, raw=text.encode("gb18030"), fate="quarantined", rule="misfit")


def _rename(record: Record) -> Record:
    return (
        replace(
            record,
            cells={**record.cells, "customer": "旧名"},
            line=replace(record.line, customer="Northwind"),
        )
        if record.line
        else record
    )


def _postpone(record: Record) -> Record:
    line = replace(record.line, date=date(2026, 3, 9)) if record.line else None
    return replace(record_of(line), fate="later", rule="after_month") if line else record


ROWS = {
    "full_width": Plan(
        5,
        show(
            amount=lambda record: f"{_amount(record):f}".translate(
                str.maketrans("0123456789", "０１２３４５６７８９")
            )
        ),
    ),
    "chinese_unit": Plan(4, show(amount=lambda record: f"{_amount(record).scaleb(-4):f}万")),
    "currency_sign": Plan(5, show(amount=lambda record: f"¥{_amount(record):,f}")),
    "serial_date": Plan(5, show(date=lambda record: str((_day(record) - DAY_ZERO).days))),
    "date_spellings": Plan(
        8,
        show(
            date=lambda record: f"{_day(record).year}年{_day(record).month}月{_day(record).day}日"
        ),
    ),
    "date_dots": Plan(6, show(date=lambda record: f"{_day(record):%Y.%m.%d}")),
    "no_such_day": Plan(3, quarantine("no_such_day", date="2023-02-30")),
    "sentinel_date": Plan(3, quarantine("sentinel_date", date="9999-12-31")),
    "unreadable": Plan(3, quarantine("unreadable", amount="see note")),
    "control_character": Plan(3, quarantine("control_character", customer="bad\x01name")),
    "error_cell": Plan(3, quarantine("error_cell", amount="#REF!")),
    "misfit": Plan(3, _misfit),
    "renamed": Plan(5, _rename),
    "after_month": Plan(4, _postpone),
}


def plant_together(seed: int) -> list[Case]:
    """Text with fourteen kinds of rows under a title in GB18030; a workbook with sums, headers,
    hidden rows and merged cells.
    """
    return [_text(seed), _workbook(seed), _feed(seed)]


def _text(seed: int) -> Case:
    rng = seeded(seed, TOGETHER, "text")
    records = apply(plain_records(seed), ROWS, rng)
    free = is_free(records)
    twice = choose(rng, records, 5, lambda record: free(record) and not record.planted)
    for place in reversed(twice):
        records.insert(
            place + 1, replace(records[place], fate="dropped", rule="duplicate", planted=True)
        )
    header = Record(dict(HEADERS), None, "dropped", "repeated_header", planted=True)
    records = insert(records, header, choose(rng, records, 4))
    export = Export(
        "orders.csv",
        records,
        dialect=Dialect("gb18030"),
        above=[["销售明细表"], ["2023-01 ~ 2024-12"], [""]],
    )
    tree = declare(renames={"customer": {"旧名": "Northwind"}})
    notes = (Note("title_rows"), Note("renamed"))
    cells = (Cell("files", {"path": "orders.csv"}, "encoding", "gb18030"),)
    return text_case(
        TOGETHER,
        "text",
        export,
        tree,
        notes=notes,
        cells=cells,
        allowed=[*ROWS, "encoding", "currency_sign", "date_order"],
    )


def _workbook(seed: int) -> Case:
    rng = seeded(seed, TOGETHER, "workbook")
    records = typed_records(plain_records(seed))
    hidden = set(choose(rng, records, 6))
    shown = [
        replace(record, hidden=place in hidden, planted=place in hidden)
        for place, record in enumerate(records)
    ]
    summed = add_subtotals(shown, rng, spoilt=None)
    typed = [
        replace(
            item,
            cells={
                name: Decimal(text) if name in ("quantity", "amount") else text
                for name, text in item.cells.items()
            },
        )
        if item.line is None
        else item
        for item in summed
    ]
    header = Record(dict(HEADERS), None, "dropped", "repeated_header", planted=True)
    rows = insert(typed, header, choose(rng, typed, 3))
    sheet = Sheet("明细", rows, above=[["销售明细表"], [""]])
    notes = (Note("title_rows"), Note("hidden"))
    return workbook_case(
        TOGETHER,
        "workbook",
        [sheet],
        declare(EXCEL),
        notes=notes,
        from_1904=bool(rng.randrange(2)),
        allowed=("date_system",),
    )


def _feed(seed: int) -> Case:
    """Two files: the later one renames a column, changes its delimiter and its encoding, and
    repeats lines of the first.
    """
    rng = seeded(seed, TOGETHER, "feed")
    lines = make_lines(seed)
    first = [record_of(line) for line in lines if line.date.year == 2023]
    again = [
        replace(first[place], fate="dropped", rule="superseded", planted=True)
        for place in choose(rng, first, 6, is_free(first))
    ]
    keys = {record.cells["order_id"] for record in again}
    early = [next((old for old in again if old.cells == item.cells), item) for item in first]
    late = [record_of(line) for line in lines if line.date.year == 2024 or line.order_id in keys]
    late = [replace(item, planted=item.cells["order_id"] in keys) for item in late]
    headers = {**HEADERS, "amount": "Amount"}
    exports = [
        Export("orders_2023.csv", early),
        Export("orders_2024.csv", late, headers, Dialect("gb18030", delimiter=";")),
    ]
    tree = declare(
        {
            "path": "orders_*.csv",
            "columns": {**HEADERS, "amount": ["金额", "Amount"]},
            "extracted": "name",
        }
    )
    notes = (Note("renamed_column"), Note("dialect_drift"))
    return text_case(TOGETHER, "feed", exports, tree, notes=notes, allowed=("encoding",))


PLANTS = {TOGETHER: plant_together}
