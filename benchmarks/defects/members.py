"""Defects 43 to 45: names that change their bearer, and bearers that change their name.

A seed enters; cases leave. A mapping is declared with its days, and lines outside those days keep
the name that they have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from defects.company import make_lines, seeded
from defects.feeds import Export, record_of
from defects.projects import declare, text_case
from defects.truth import Case, Cell, Line, Record


def plant_renames(seed: int) -> list[Case]:
    """43: members under an old name, for all time or for a while; a mapping with dates gives them
    one name.
    """
    rng = seeded(seed, 43)
    lines = make_lines(seed)
    cut = date(2024, rng.randrange(1, 7), 1)
    everywhere = [
        replace(
            record_of(
                replace(line, region="原华东")
                if _is(line, "region", "华东") and line.date < cut
                else line
            ),
            line=line,
        )
        for line in lines
    ]
    records = [
        replace(item, planted=item.cells["region"] != item.line.region)
        for item in everywhere
        if item.line
    ]
    unbroken = tuple(
        Cell("panel", {"region": "华东", "ds": f"{month}-01"}, "y_raw", amount)
        for month, amount in _sum_months(lines, "华东").items()
    )
    windows = [
        replace(
            record_of(
                replace(line, customer="Old Name")
                if _is(line, "customer", "Northwind") and line.date < cut
                else line
            ),
            line=line,
        )
        for line in lines
    ]
    later = [_stay(item, "北辰连锁", "Old Name", cut) for item in windows]
    dated = [replace(item, planted=item.cells["customer"] == "Old Name") for item in later]
    table = (
        f"栏目,旧名,新名,截止\r\ncustomer,Old Name,Northwind,{cut - timedelta(days=1)}\r\n".encode()
    )
    columns = {"column": "栏目", "old": "旧名", "new": "新名", "until": "截止"}
    kept = {"names": {"kind": "csv", "role": "mapping", "path": "names.csv", "columns": columns}}
    window = {
        "customer": {
            "Old Name": [{"to": "Northwind", "until": (cut - timedelta(days=1)).isoformat()}]
        }
    }
    return [
        propose_case(seed),
        text_case(
            43,
            "a region",
            Export("orders.csv", records),
            declare(renames={"region": {"原华东": "华东"}}),
            cells=unbroken,
        ),
        text_case(
            43,
            "a customer, in a table",
            Export("orders.csv", dated),
            declare(None, kept),
            more={"names.csv": table},
        ),
        text_case(43, "a customer, dated", Export("orders.csv", dated), declare(renames=window)),
    ]


def propose_case(seed: int) -> Case:
    """Members that go on under another name, which nobody declared: nothing is changed, and the
    renames are proposed.
    """
    rng = seeded(seed, 43, "proposed")
    lines = make_lines(seed)
    cells = []
    for column, old, new in (
        ("region", "华东", "华东大区"),
        ("customer", "Northwind", "NORTHWIND Ltd"),
        ("customer", "青山贸易", "青山贸易有限公司"),
    ):
        cut = date(2024, rng.randrange(1, 7), 1)
        lines = [
            _call(line, column, new) if _is(line, column, old) and line.date >= cut else line
            for line in lines
        ]
        cells.append(Cell("rename_proposals", {"dimension": column, "old": old, "new": new}))
    return text_case(
        43,
        "proposed",
        Export("orders.csv", [record_of(line) for line in lines]),
        cells=tuple(cells),
    )


def _call(line: Line, column: str, name: str) -> Line:
    return replace(line, region=name) if column == "region" else replace(line, customer=name)


def _sum_months(lines: Sequence[Line], region: str) -> dict[str, Decimal]:
    """A region's amount by month."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        if line.region == region:
            sums[f"{line.date:%Y-%m}"] = sums.get(f"{line.date:%Y-%m}", Decimal(0)) + line.amount
    return sums


def _is(line: Line, column: str, member: str) -> bool:
    return bool(getattr(line, column) == member)


def _stay(record: Record, member: str, shown: str, cut: date) -> Record:
    """A line of another customer that bears the name after the window: it keeps it."""
    line = record.line
    if line is None or line.customer != member or line.date < cut:
        return record
    return record_of(replace(line, customer=shown))


def plant_reused_codes(seed: int) -> list[Case]:
    """44: one code, two products, one after the other."""
    rng = seeded(seed, 44)
    cut = date(2024, rng.randrange(1, 7), 1)
    records = []
    for line in make_lines(seed):
        true = line
        if line.product in ("Kettle", "Fan"):
            true = replace(line, product="Kettle" if line.date < cut else "Fan")
        shown = replace(true, product="P-77") if line.product in ("Kettle", "Fan") else line
        records.append(replace(record_of(shown), line=true, planted=shown != true))
    windows = [
        {"to": "Kettle", "until": (cut - timedelta(days=1)).isoformat()},
        {"to": "Fan", "from": cut.isoformat()},
    ]
    tree = declare(renames={"product": {"P-77": windows}})
    return [text_case(44, "a product", Export("orders.csv", records), tree)]


def plant_reorganised(seed: int) -> list[Case]:
    """45: customers moved to another region: as it was, and restated, both kept."""
    cases = []
    for view, other in (("restated", "region_as_was"), ("as_was", "region_restated")):
        rng = seeded(seed, 45, view)
        lines = make_lines(seed)
        moved = {
            customer: "新区"
            for customer in rng.sample(sorted({line.customer for line in lines}), 3)
        }
        records = []
        for line in lines:
            now = moved.get(line.customer, line.region)
            shown, beside = (now, line.region) if view == "restated" else (line.region, now)
            true = replace(line, region=shown, more={other: beside})
            records.append(replace(record_of(line), line=true, planted=line.customer in moved))
        tree = declare(reorganised={"region": {"view": view, "by": "customer", "members": moved}})
        cases.append(text_case(45, view, Export("orders.csv", records), tree))
    return cases


PLANTS = {43: plant_renames, 44: plant_reused_codes, 45: plant_reorganised}
