"""Defects 32 to 36, 38 and 47: rows that read well and mean something else.

A seed enters; cases leave. What an analyst has to declare (a key, a rate, a mapping) is declared as
the parameter file asks for it, and the same rows undeclared are left alone.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from defects.company import MONTH, make_lines, seeded
from defects.feeds import HEADERS, Export, record_of
from defects.planting import choose, insert, is_free, plain_records, quarantine, spoil
from defects.projects import declare, text_case
from defects.truth import Case, Cell, Line, Note, Record


def plant_duplicates(seed: int) -> list[Case]:
    """32: a line that stands again is dropped by its key, set aside where it says something else,
    and only noted without a key.
    """
    rng = seeded(seed, 32)
    records = plain_records(seed)
    chosen = choose(rng, records, 12, is_free(records))
    again = {
        place: replace(records[place], fate="dropped", rule="duplicate", planted=True)
        for place in chosen[:7]
    }
    again |= {place: _contradict(records[place]) for place in chosen[7:]}
    same = {place: replace(records[place], planted=True) for place in chosen[:7]}
    keyed, unkeyed = _repeat(records, again, rng.randrange(1, 40)), _repeat(records, same, 0)
    other = {place: _respell(record) for place, record in again.items()}
    note = Note("possible_duplicate", action="noted", rows=7)
    return [
        text_case(32, "with a key", Export("orders.csv", keyed)),
        text_case(32, "spelled otherwise", Export("orders.csv", _repeat(records, other, 3))),
        text_case(
            32, "without a key", Export("orders.csv", unkeyed), declare({"key": []}), notes=(note,)
        ),
    ]


def _contradict(record: Record) -> Record:
    cells = {**record.cells, "amount": str(Decimal(record.cells["amount"]) + 1)}
    return replace(record, cells=cells, fate="quarantined", rule="key_conflict", planted=True)


def _respell(record: Record) -> Record:
    """The record as another report writes it: the same day, the same amount."""
    day, amount = (
        str(record.cells["date"]).replace("-", "/"),
        f"{Decimal(record.cells['amount']):,f}",
    )
    return replace(record, cells={**record.cells, "date": day, "amount": amount})


def _repeat(records: Sequence[Record], again: Mapping[int, Record], distance: int) -> list[Record]:
    """The records, some of them once more a few rows further down."""
    found = list(records)
    for place in sorted(again, reverse=True):
        found.insert(min(len(found), place + 1 + distance), again[place])
    return found


def plant_overlaps(seed: int) -> list[Case]:
    """33: each extract reaches back three months, and what it says of them is newer."""
    rng = seeded(seed, 33)
    lines = make_lines(seed)
    early = [record_of(line) for line in lines if line.date < date(2024, 7, 1)]
    late = [record_of(line) for line in lines if line.date >= date(2024, 4, 1)]
    again = [
        record
        for record in early
        if record.line is not None and record.line.date >= date(2024, 4, 1)
    ]
    revised = {
        record.line.order_id
        for record in rng.sample([item for item in again if is_free(late)(item)], 9)
        if record.line
    }
    late = [
        _revise(record) if record.line is not None and record.line.order_id in revised else record
        for record in late
    ]
    early = [
        replace(item, fate="dropped", rule="superseded", planted=True) if item in again else item
        for item in early
    ]
    late = [
        replace(item, planted=item.line is not None and item.line.date < date(2024, 7, 1))
        for item in late
    ]
    exports = [Export("orders_20240702.csv", early), Export("orders_20250103.csv", late)]
    tree = declare({"path": "orders_*.csv", "extracted": "name"})
    headers = {**HEADERS, "extracted": "导出时间"}
    stamped = [
        Export(
            path, [replace(item, cells={**item.cells, "extracted": when}) for item in part], headers
        )
        for path, part, when in (
            ("orders_b.csv", early, "2024-07-02"),
            ("orders_a.csv", late, "2025-01-03"),
        )
    ]
    by_column = declare({"path": "orders_*.csv", "columns": headers, "extracted": "extracted"})
    return [
        text_case(33, "newest by name", exports, tree),
        text_case(33, "newest by column", stamped, by_column),
        *_overlaps_without_key(lines),
    ]


def _overlaps_without_key(lines: Sequence[Line]) -> list[Case]:
    """Extracts that overlap by a month, without a key: the unit stops, and does not where the rows
    are declared to have been sold twice.
    """
    bounds = (date(2023, 1, 1), date(2024, 6, 30)), (date(2024, 6, 1), date(2024, 12, 31))
    exports = [
        Export(
            f"orders_{place}.csv", [record_of(line) for line in lines if first <= line.date <= last]
        )
        for place, (first, last) in enumerate(bounds)
    ]
    keyless: dict[str, Any] = {"path": "orders_*.csv", "key": []}
    twice = [
        replace(export, records=[_mark_june(record) for record in export.records])
        for export in exports
    ]
    return [
        text_case(33, "without a key", exports, declare(keyless), blocked=("2024-06", "twice")),
        text_case(
            33,
            "sold twice, declared",
            twice,
            declare({**keyless, "repeats": "real"}),
            allowed=("possible_duplicate",),
        ),
    ]


def _mark_june(record: Record) -> Record:
    is_june = record.line is not None and record.line.date.replace(day=1) == date(2024, 6, 1)
    return replace(record, planted=is_june)


def _revise(record: Record) -> Record:
    line = record.line
    return (
        record
        if line is None
        else record_of(
            replace(line, quantity=line.quantity + 1, amount=line.amount + Decimal("9.90"))
        )
    )


def plant_orphan_returns(seed: int) -> list[Case]:
    """34: returns of orders that are older than the data."""
    rng = seeded(seed, 34)
    lines = make_lines(seed)
    sales = [line for line in lines if line.kind == "sale"]
    orphans = [
        replace(
            line,
            order_id=f"2021-{rng.randrange(10_000):04}-{place}",
            line="1",
            quantity=Decimal(-1),
            amount=Decimal("-55.20"),
            kind="return",
        )
        for place, line in enumerate(rng.sample(sales, 6))
    ]
    records = [
        replace(record_of(line), planted=line in orphans)
        for line in sorted([*lines, *orphans], key=lambda line: line.date)
    ]
    note = Note("return_without_sale", action="noted", rows=6)
    return [text_case(34, "in the orders", Export("orders.csv", records), notes=(note,))]


def plant_cancellations(seed: int) -> list[Case]:
    """35: an order is reversed by one that names it, and sometimes billed again; the pair goes, the
    new bill stays.
    """
    rng = seeded(seed, 35)
    headers = {**HEADERS, "reference": "原单号"}
    records = plain_records(seed)
    chosen = choose(
        rng,
        records,
        8,
        lambda record: (
            is_free(records)(record) and record.line is not None and record.line.date.day <= 20
        ),
    )
    made: list[tuple[int, Record]] = []
    for count, place in enumerate(chosen):
        line = records[place].line
        if line is None:
            continue
        if count == 0 and line.quantity > 1:  # a part only: no pair, a return
            part = replace(
                line,
                date=line.date + timedelta(days=3),
                order_id=f"P{line.order_id}",
                quantity=Decimal(-1),
                amount=Decimal("-1.10"),
            )
            records[place] = replace(records[place], planted=True)
            made.append((place, _refer(part, line.order_id)))
            continue
        records[place] = replace(records[place], fate="dropped", rule="cancelled", planted=True)
        day = line.date + timedelta(days=2)
        reversal = replace(
            line,
            date=day,
            order_id=f"C{line.order_id}",
            quantity=-line.quantity,
            amount=-line.amount,
        )
        made.append((place, _refer(reversal, line.order_id, fate="dropped", rule="cancelled")))
        if count % 2:
            bill = replace(line, date=day, order_id=f"B{line.order_id}", amount=line.amount - 1)
            made.append((place, _refer(bill, line.order_id)))
    for place, record in reversed(made):
        records.insert(place + 1 + rng.randrange(30), record)
    tree = declare({"columns": headers})
    return [
        text_case(
            35,
            "by reference",
            Export("orders.csv", records, headers),
            tree,
            allowed=("return_without_sale",),
        )
    ]


def _refer(line: Line, order_id: str, **fate: Any) -> Record:
    """A record that names another order; its truth is a sale's or, below nothing, a return's."""
    kind = "return" if line.quantity < 0 else "sale"
    record = record_of(line)
    return replace(
        record,
        cells={**record.cells, "reference": order_id},
        line=replace(line, kind=kind),
        planted=True,
        **fate,
    )


def plant_future(seed: int) -> list[Case]:
    """36: orders dated after the month: a few of next month, a few typed a year ahead."""
    rng = seeded(seed, 36)
    lines = make_lines(seed)
    late = [
        replace(
            line,
            order_id=f"9{place}",
            line="1",
            date=date(2025, 1, 3) + timedelta(days=place and rng.randrange(300)),
        )
        for place, line in enumerate(rng.sample([line for line in lines if line.kind == "sale"], 8))
    ]
    planted = [
        replace(record_of(line), fate="later", rule="after_month", planted=True) for line in late
    ]
    records = [record_of(line) for line in lines]
    for record in planted:
        records = insert(records, record, [rng.randrange(len(records))])
    free = [place for place, record in enumerate(records) if is_free(records)(record)]
    mistyped = spoil(records, rng.sample(free, 2), partial(_mistype_year, rng))
    open_ended = declare(calendar={"closed_through": None})
    later = declare(calendar={"closed_through": MONTH})
    return [
        text_case(36, name, Export("orders.csv", records), tree)
        for name, tree in (("closed month given", later), ("found", open_ended))
    ] + [text_case(36, "years too early", Export("orders.csv", mistyped), open_ended)]


def _mistype_year(rng: random.Random, record: Record) -> Record:
    """The record dated a decade or two before the business began."""
    day = str(record.cells["date"])
    early = f"{rng.choice((1999, 2003, 2013))}{day[4:]}".replace("-02-29", "-02-28")
    return quarantine("far_date", date=early)(record)


def plant_implausible(seed: int) -> list[Case]:
    """38: negative prices and impossible quantities are flagged and kept; an outlier's month has
    both values.
    """
    rng = seeded(seed, 38)
    records = plain_records(seed)
    chosen = choose(rng, records, 8, is_free(records))
    planted = spoil(records, chosen[:4], _negative_price)
    planted = [
        replace(_impossible(record), planted=True) if place in chosen[4:] else record
        for place, record in enumerate(planted)
    ]
    note = Note("implausible", action="noted", rows=8)
    cases = [
        text_case(
            38,
            "prices and quantities",
            Export("orders.csv", planted),
            notes=(note,),
            allowed=("outliers",),
        )
    ]
    for place in range(4):
        cases.append(_outlier_case(seed, place))
    return cases


def _negative_price(record: Record) -> Record:
    line = record.line
    return record if line is None else record_of(replace(line, amount=-line.amount))


def _impossible(record: Record) -> Record:
    line = record.line
    return record if line is None else record_of(replace(line, quantity=line.quantity * 1_000_000))


def _outlier_case(seed: int, place: int) -> Case:
    """One line that makes its region's month a multiple of what it ever was."""
    rng = seeded(seed, 38, place)
    lines = make_lines(seed)
    chosen = rng.choice(
        [line for line in lines if line.date >= date(2024, 8, 1) and line.kind == "sale"]
    )
    factor = rng.randrange(14, 80)
    large = replace(chosen, quantity=chosen.quantity * factor, amount=chosen.amount * factor)
    changed = [large if line is chosen else line for line in lines]
    records = [replace(record_of(line), planted=line is large) for line in changed]
    month = chosen.date.replace(day=1)
    total = sum(
        (
            line.amount
            for line in changed
            if line.region == chosen.region and line.date.replace(day=1) == month
        ),
        Decimal(0),
    )
    where = {"region": chosen.region, "ds": month.isoformat()}
    cells = (Cell("outliers", where, "y_raw", total), Cell("panel", where, "y_raw", total))
    return text_case(
        38,
        f"outlier {place + 1}",
        Export("orders.csv", records),
        cells=cells,
        allowed=("outliers", "implausible"),
    )


def plant_open_month(seed: int) -> list[Case]:
    """47: the running month, and one that has not begun."""
    rng = seeded(seed, 47)
    lines = make_lines(seed)
    running = [
        replace(line, order_id=f"R{place}", date=date(2025, 1, 1 + place % 9))
        for place, line in enumerate(rng.sample([line for line in lines if line.kind == "sale"], 9))
    ]
    export = Export("orders.csv", [record_of(line) for line in [*lines, *running]])
    tree = declare(calendar={"closed_through": None})
    return [
        text_case(47, name, export, tree, month=month, blocked=(month, "closed"))
        for name, month in (("running", "2025-01"), ("to come", "2025-03"))
    ] + [text_case(47, "declared", export, month="2025-01", blocked=("2025-01", "closed"))]


PLANTS = {
    32: plant_duplicates,
    33: plant_overlaps,
    34: plant_orphan_returns,
    35: plant_cancellations,
    36: plant_future,
    38: plant_implausible,
    47: plant_open_month,
}
