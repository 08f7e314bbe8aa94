"""Defects 8 and 9: files that end before what they should hold.

A seed enters; cases leave. A file that is cut is cut anywhere, in the middle of a row too; a sheet
is full at the last row that its kind can hold, and one row less or more says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from defects.company import seeded
from defects.feeds import Export, write_text
from defects.planting import plain_records, typed_records
from defects.projects import declare, text_case, workbook_case
from defects.truth import Case, Record
from defects.workbook import Sheet

TRAILER = "记录数"  # what the last line begins with; a comma and the count of rows follow


def plant_cut_short(seed: int) -> list[Case]:
    """8: the file ends before it is complete; the trailer it should end with is missing or counts
    more rows.
    """
    rng = seeded(seed, 8)
    records = plain_records(seed)
    tree = declare({"trailer": rf"{TRAILER},(?P<rows>\d+)"})
    trailer = f"{TRAILER},{len(records)}\r\n".encode()
    whole, _ = write_text(Export("orders.csv", records, below=[trailer]))
    cases = [text_case(8, "complete", Export("orders.csv", records, below=[trailer]), tree)]
    for share in (0.3, 0.6, 0.9, 1.0):
        cut = int(len(whole) * share) - rng.randrange(len(trailer) + 1, 60)
        cases.append(
            replace(
                text_case(
                    8,
                    f"cut at {share:.0%}",
                    Export("orders.csv", records),
                    tree,
                    blocked=("orders.csv", "trailer|cut|complete"),
                ),
                files={"orders.csv": whole[:cut]},
            )
        )
    missing = Export("orders.csv", records[:-9], below=[trailer])
    cases.append(
        text_case(8, "rows missing", missing, tree, blocked=("orders.csv", str(len(records))))
    )
    return cases


def plant_row_limit(seed: int) -> list[Case]:
    """9: a sheet that ends at exactly the last row that its kind of file can hold; one row less or
    more is none of it.
    """
    records = plain_records(seed, months=3)
    cases = []
    for rows, blocked in ((65_536, ("65", "row")), (65_535, None), (65_537, None)):
        many = [records[place % len(records)] for place in range(rows - 1)]
        many = [
            replace(record, cells={**record.cells, "line": str(place)}, line=None)
            for place, record in enumerate(many)
        ]
        export = Export("orders.csv", many)
        content, _ = write_text(export)
        case = text_case(
            9,
            f"{rows} lines",
            Export("orders.csv", []),
            blocked=blocked,
            month="2023-03",
            allowed=("possible_duplicate",),
        )
        cases.append(replace(case, files={"orders.csv": content}))
    return [*cases, *_sheets_at_the_limit(records)]


def _sheets_at_the_limit(records: Sequence[Record]) -> list[Case]:
    """Workbooks whose last row in use is, or is beside, the last that a kind of file can hold."""
    cases = []
    for last, blocked in (
        (1_048_576, ("1,048,576", "row")),
        (65_536, ("65,536", "row")),
        (65_535, None),
    ):
        sheet = Sheet("明细", typed_records(records), last=last)
        cases.append(
            workbook_case(9, f"sheet to row {last}", [sheet], blocked=blocked, month="2023-03")
        )
    return cases


PLANTS = {8: plant_cut_short, 9: plant_row_limit}
