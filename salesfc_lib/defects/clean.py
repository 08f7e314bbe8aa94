"""Clean exports in which nothing may be changed, dropped, set aside or flagged.

A seed enters; cases without a defect leave. The decision made here: half of them are full of near misses, which look like
defects and are none.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from salesfc_lib.defects.company import MONTH, TRICKY, Members, dice, make_lines
from salesfc_lib.defects.feeds import HEADERS, Dialect, Export, record_of
from salesfc_lib.defects.names import NAUGHTY
from salesfc_lib.defects.planting import plain_records, typed_records
from salesfc_lib.defects.projects import declare, text_case, workbook_case
from salesfc_lib.defects.truth import Case, Cell, Record
from salesfc_lib.defects.workbook import Sheet


def make_clean(seed: int) -> list[Case]:
    """Clean cases: plain books and books of near misses, in text of several dialects and in workbooks."""
    plain, tricky = plain_records(seed), [record_of(line) for line in make_lines(seed, TRICKY)]
    both = {"plain": plain, "near misses": tricky}
    cases = [text_case(0, f"{name}, text", Export("orders.csv", records)) for name, records in both.items()]
    cases += [workbook_case(0, f"{name}, workbook", [Sheet("明细", typed_records(records))]) for name, records in both.items()]
    cases.append(text_case(0, "GB18030, tabs", Export("orders.csv", plain, dialect=Dialect("gb18030", delimiter="\t", end="\n"))))
    cases.append(
        text_case(0, "near misses, all quoted", Export("orders.csv", tricky, dialect=Dialect(quote_all=True, delimiter=";")))
    )
    months = sorted({str(record.cells["date"])[:7] for record in plain})
    feed = [
        Export(f"orders_{month}.csv", [item for item in plain if str(item.cells["date"]).startswith(month)]) for month in months
    ]
    cases.append(text_case(0, "one file a month", feed))
    cases.append(
        text_case(
            0,
            "repeats without a key",
            Export("orders.csv", _repeat(tricky, seed)),
            declare({"key": []}),
            allowed=("possible_duplicate",),
        )
    )
    return [*cases, make_naughty(seed)]


def _repeat(records: list[Record], seed: int) -> list[Record]:
    """Some lines twice: without a key, a legitimate repeat like any other."""
    chosen = set(dice(seed, 0).sample(range(len(records)), 6))
    return [item for place, record in enumerate(records) for item in ([record, record] if place in chosen else [record])]


def make_naughty(seed: int) -> Case:
    """Names that have broken other programs, as customers, products and regions; each region is a series of its own."""
    members = Members(NAUGHTY, NAUGHTY, NAUGHTY)
    lines = []
    for place, line in enumerate(make_lines(seed, members, months=3, per_region=1, returns=False)):
        name = NAUGHTY[(place * 7 + 3) % len(NAUGHTY)]
        lines.append(
            replace(
                line, customer=name, product=NAUGHTY[(place * 11 + 5) % len(NAUGHTY)], quantity=Decimal(2), amount=Decimal("10.50")
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
        0, "naughty names", Export("orders.csv", records, dict(HEADERS)), tree, month="2023-03", cells=cells, allowed=allowed
    )


__all__ = ["MONTH", "make_clean", "make_naughty"]
