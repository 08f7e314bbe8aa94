"""Defects 46 and 52 to 55: what stands beside the orders, and what was said of them before.

A seed enters; cases leave. Stock, promotions and the general ledger come as files of their own, as
people keep them; what is judged are the month's tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from defects.company import PLAIN, list_months, make_lines, seeded
from defects.feeds import Export, record_of, write_text
from defects.projects import declare, text_case
from defects.truth import Case, Cell, Line


def plant_promotions(seed: int) -> list[Case]:
    """53: promotions with their window of influence; a peak in one is no outlier."""
    rng = seeded(seed, 53)
    region = rng.choice(PLAIN.regions)
    days = [
        date(2023, 6, 10),
        date(2023, 11, 5),
        date(2024, 6, 12),
        date(2024, 10, 1 + rng.randrange(20)),
    ]
    spans = [(start, start + timedelta(days=rng.randrange(3, 9))) for start in days]
    lines = [_promote(line, region, spans) for line in make_lines(seed, returns=False)]
    rows = "".join(
        f"促销 {place},{start},{end},{region}\r\n" for place, (start, end) in enumerate(spans)
    )
    more = {"promotions.csv": f"活动,开始,结束,地区\r\n{rows}".encode()}
    columns = {"name": "活动", "start": "开始", "end": "结束", "region": "地区"}
    sources = {
        "promotions": {
            "kind": "csv",
            "role": "promotions",
            "path": "promotions.csv",
            "columns": columns,
        }
    }
    cases = []
    for before, after in ((0, 0), (3, 7)):
        tree = declare(
            None, sources, measure={"promotion_window": {"before": before, "after": after}}
        )
        cells = [
            Cell(
                "panel",
                {"region": name, "ds": date(year, month, 1).isoformat()},
                "promotion",
                _covered(year, month, spans if name == region else [], (before, after)),
            )
            for year, month in list_months()
            for name in (region, next(other for other in PLAIN.regions if other != region))
        ]
        export = Export("orders.csv", [record_of(line) for line in lines])
        cases.append(
            text_case(
                53,
                f"window {before} and {after}",
                export,
                tree,
                cells=tuple(cells),
                more=more,
                allowed=("implausible",),
            )
        )
    return cases


def _promote(line: Line, region: str, spans: Sequence[tuple[date, date]]) -> Line:
    months = {(start.year, start.month) for start, _ in spans}
    if line.region != region or (line.date.year, line.date.month) not in months:
        return line
    return replace(line, quantity=line.quantity * 4, amount=line.amount * 4)


def _covered(
    year: int, month: int, spans: Sequence[tuple[date, date]], window: tuple[int, int]
) -> float:
    """Share of a month's days that are on promotion or in its window (days before, days after)."""
    days = [date(year, month, 1) + timedelta(days=off) for off in range(31)]
    days = [day for day in days if day.month == month]
    wide = [
        (start - timedelta(days=window[0]), end + timedelta(days=window[1])) for start, end in spans
    ]
    return sum(any(start <= day <= end for start, end in wide) for day in days) / len(days)


def plant_stock_outs(seed: int) -> list[Case]:
    """52: months in which stock ran out: said, kept as sold, and no outlier."""
    rng = seeded(seed, 52)
    short = {
        (rng.choice(PLAIN.regions), date(*month, 1)): rng.randrange(4, 20)
        for month in rng.sample(list_months()[13:], 4)
    }
    lines = [
        line
        for line in make_lines(seed, returns=False)
        if (line.region, line.date.replace(day=1)) not in short or line.date.day <= 8
    ]
    rows = "".join(
        f"{year}-{month:02},{region},{0 if (region, date(year, month, 1)) in short else 500},"
        f"{short.get((region, date(year, month, 1)), 0)}\r\n"
        for year, month in list_months()
        for region in PLAIN.regions
    )
    columns = {"ds": "月份", "region": "地区", "stock": "库存", "stockout_days": "缺货天数"}
    sources = {
        "stock": {"kind": "csv", "role": "inventory", "path": "stock.csv", "columns": columns}
    }
    cells = []
    for (region, month), days in short.items():
        sold = sum(
            (
                line.amount
                for line in lines
                if line.region == region and line.date.replace(day=1) == month
            ),
            Decimal(0),
        )
        where = {"region": region, "ds": month.isoformat()}
        cells += [
            Cell("censored", where, "stockout_days", days),
            Cell("censored", where, "y_raw", sold),
            Cell("panel", where, "y_raw", sold),
        ]
    more = {"stock.csv": f"月份,地区,库存,缺货天数\r\n{rows}".encode()}
    export = Export("orders.csv", [record_of(line) for line in lines])
    return [
        text_case(52, "by region", export, declare(None, sources), cells=tuple(cells), more=more)
    ]


def plant_late_postings(seed: int) -> list[Case]:
    """46: what a month published of its history is not what the next month finds."""
    rng = seeded(seed, 46)
    lines = make_lines(seed)
    history = [line for line in lines if line.date < date(2024, 12, 1) and line.kind == "sale"]
    last = [line for line in history if line.date >= date(2024, 11, 1)]
    older = [line for line in history if date(2024, 6, 1) <= line.date < date(2024, 11, 1)]
    late = rng.sample(last, 3)
    corrected = rng.choice(older)
    changed = replace(corrected, amount=corrected.amount + 100)
    before = [
        record_of(line) for line in lines if line not in late and line.date < date(2024, 12, 1)
    ]
    now = [record_of(changed if line is corrected else line) for line in lines]
    earlier, _ = write_text(Export("orders.csv", before))
    cells = [
        Cell(
            "restatement",
            {"ds": "2024-11-01", "region": region, "kind": "late_posting"},
            "amount_difference",
            amount,
        )
        for region in sorted({line.region for line in late})
        for amount in [sum((line.amount for line in late if line.region == region), Decimal(0))]
    ]
    reopened = {
        "ds": corrected.date.replace(day=1).isoformat(),
        "region": corrected.region,
        "kind": "reopened",
    }
    cells.append(Cell("restatement", reopened, "amount_difference", 100))
    for month in (date(2024, 11, 1), corrected.date.replace(day=1)):
        then = sum(
            (
                line.amount
                for line in lines
                if line.date.replace(day=1) == month and line not in late
            ),
            Decimal(0),
        )
        cells.append(Cell("restatement_months", {"ds": month.isoformat()}, "amount_before", then))
    tree = declare(calendar={"closed_through": None})
    running = [
        replace(line, date=date(2025, 1, 1 + place), order_id=f"J{place}")
        for place, line in enumerate(history[:9])
    ]
    now += [replace(record_of(line), fate="later", rule="after_month") for line in running]
    december = [
        replace(line, date=date(2024, 12, 1 + place), order_id=f"D{place}")
        for place, line in enumerate(history[:9])
    ]
    earlier += write_text(Export("orders.csv", [record_of(line) for line in december]))[0].split(
        b"\r\n", 1
    )[1]
    return [
        text_case(
            46,
            "late, reopened",
            Export("orders.csv", now),
            tree,
            cells=tuple(cells),
            earlier=(("2024-11", {"orders.csv": earlier}),),
        )
    ]


def plant_lifecycles(seed: int) -> list[Case]:
    """54: a region that opens in the middle of the history and one that closes before its end."""
    rng = seeded(seed, 54)
    opened, closed = rng.sample(PLAIN.regions, 2)
    first, last = date(2023, rng.randrange(6, 12), 1), date(2024, rng.randrange(3, 8), 1)
    lines = [
        line
        for line in make_lines(seed, returns=False)
        if not (line.region == opened and line.date < first)
        and not (line.region == closed and line.date.replace(day=1) > last)
    ]
    after = date(2024, last.month + 1, 1)
    cells = (
        Cell(
            "lifecycle",
            {"region": opened},
            "launched",
            (first.isoformat(), first.replace(day=28).isoformat()),
        ),
        Cell("lifecycle", {"region": opened}, "discontinued", None),
        Cell(
            "lifecycle", {"region": closed}, "discontinued", (last.isoformat(), after.isoformat())
        ),
        *(
            Cell("panel", {"region": closed, "ds": f"2024-{month:02}-01"}, "y_raw", 0)
            for month in range(after.month, 13)
        ),
    )
    return [
        text_case(
            54,
            "opened, closed",
            Export("orders.csv", [record_of(line) for line in lines]),
            cells=cells,
        )
    ]


def plant_general_ledger(seed: int) -> list[Case]:
    """55: the general ledger's totals by month; equal, off by less than is tolerated, or by more,
    which stops the month.
    """
    lines = make_lines(seed)
    rng = seeded(seed, 55)
    columns = {"ds": "期间", "amount": "主营业务收入"}
    sources = {
        "gl": {"kind": "csv", "role": "control_totals", "path": "gl.csv", "columns": columns}
    }
    export = Export("orders.csv", [record_of(line) for line in lines])
    cases = []
    stopped = ("gl.csv|general ledger|control", "2024-12")
    for name, off, state in (
        ("equal", Decimal(0), "within"),
        ("within tolerance", Decimal("9.50"), "within"),
        ("accepted", Decimal(-1900), "accepted"),
        ("too low", Decimal(-1900), ""),
        ("too high", Decimal(rng.randrange(900, 9000)), ""),
    ):
        rows = "".join(
            f"{year}-{month:02},"
            f"{_sum(lines, year, month, off if (year, month) == (2024, 12) else Decimal(0))}\r\n"
            for year, month in list_months()
        )
        more = {"gl.csv": f"期间,主营业务收入\r\n{rows}".encode()}
        accepted = {"2024-12": "freight is booked in January"} if state == "accepted" else {}
        tree = declare(None, sources, cleaning={"control": {"accepted": accepted}})
        cells = (
            (Cell("control", {"ds": "2024-12-01", "measure": "amount"}, "state", state),)
            if state
            else ()
        )
        cases.append(
            text_case(
                55, name, export, tree, more=more, blocked=None if state else stopped, cells=cells
            )
        )
    return cases


def _sum(lines: Sequence[Line], year: int, month: int, off: Decimal) -> Decimal:
    return sum(
        (line.amount for line in lines if (line.date.year, line.date.month) == (year, month)), off
    )


PLANTS = {
    46: plant_late_postings,
    52: plant_stock_outs,
    53: plant_promotions,
    54: plant_lifecycles,
    55: plant_general_ledger,
}
