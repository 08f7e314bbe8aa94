"""The demo company: the same bytes everywhere, exports as messy as promised, and a truth that the
exports bear out.

The exports are read here by short loops of their own, not by the workbench.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from demo_company import UNITS, go_on, trade, write_demo
from demo_company.chance import RandomIntegers
from demo_company.company import LEVELS, Unit, series_id
from demo_company.months import HOLIDAYS, new_year_effect, number, trading_days
from demo_company.planting import Export
from demo_company.running_month import LEFT, SHOCK_FROM, SHOCK_WHERE, extend
from salesfc_lib.foundation import tables
from salesfc_lib.foundation.parameters import list_units, resolve
from salesfc_lib.foundation.schema import Parameters
from salesfc_lib.panel import hierarchy
from tests.conftest import CHECKOUT

LAST_CLOSED, RUNNING = "2026-06", "2026-07"

# first 16 digits of each file's sha256, seed 20260630; a change here changes every published demo
# number
RECORDED = {
    "data/cleaning/inventory.csv": "c33617823b129f23",
    "data/cleaning/promotions.csv": "5d581f8eb48f22f5",
    "data/cleaning/shop.sqlite": "fa1321f88509c2b9",
    "data/cleaning/targets.csv": "1e37173d27d0311c",
    "data/kitchen/capacity.csv": "b57d36f5b4113a2b",
    "data/kitchen/costs.csv": "50c83c6214775880",
    "data/kitchen/deliveries.csv": "0ee4e34866ee363c",
    "data/kitchen/inventory.csv": "991ad555d3f65a53",
    "data/kitchen/lead_times.csv": "a672ca8da6c3c0e3",
    "data/kitchen/open_orders.csv": "201bec7014a0a3b4",
    "data/kitchen/orders_2022.csv": "c51b8e7dea45ad6d",
    "data/kitchen/orders_2023.csv": "9b8d3c3d273b3f00",
    "data/kitchen/orders_2024.csv": "71c4da265526ee65",
    "data/kitchen/orders_2025.csv": "a4192c48bdef0023",
    "data/kitchen/orders_2026.csv": "846d3a71dd05e9f6",
    "data/kitchen/prices.csv": "a87ebfe5e4d6fe11",
    "data/kitchen/promotions.csv": "4ef441c662339a24",
    "data/kitchen/stock.csv": "f8a69e9619c59229",
    "data/kitchen/targets.csv": "a9c03dde70a69c6d",
    "data/personal-care/inventory.csv": "2e16dd8634f22b67",
    "data/personal-care/promotions.csv": "aa7ab9b3f8ce4dc4",
    "data/personal-care/sales.xlsx": "6ffd358c90d77d59",
    "data/personal-care/targets.csv": "192b101c1bb29741",
    "data/truth.json": "bbcdea7133679634",
    "overrides/cleaning.csv": "cf6243591d8373a1",
    "overrides/kitchen.csv": "70ad2bcb71ff4657",
    "overrides/personal-care.csv": "32e2fa61f5de8845",
}

Truth = dict[str, Any]
Shop = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder)
    return folder


@pytest.fixture(scope="module")
def truth(project: Path) -> Truth:
    told: Truth = json.loads((project / "data" / "truth.json").read_text(encoding="utf-8"))
    return told


@pytest.fixture(scope="module")
def exports() -> dict[str, Export]:
    return {unit.id: trade(unit) for unit in UNITS}


@pytest.fixture(scope="module")
def kitchen(project: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for path in sorted((project / "data" / "kitchen").glob("orders_*.csv")):
        with path.open(encoding="gb18030", newline="") as file:
            rows += csv.DictReader(file)
    return rows


@pytest.fixture(scope="module")
def sheet(project: Path) -> list[list[Any]]:
    path = project / "data" / "personal-care" / "sales.xlsx"
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_name("销售明细").to_python()


@pytest.fixture(scope="module")
def shop(project: Path) -> Shop:
    connection = sqlite3.connect(project / "data" / "cleaning" / "shop.sqlite")
    connection.row_factory = sqlite3.Row
    read = {
        name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]
        for name in ("sales", "returns")
    }
    connection.close()
    return read


def fingerprints(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".yml")
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for path in files
    }


def parameters(unit: str) -> Parameters:
    return resolve(CHECKOUT, unit).parameters


def amount_of(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except ArithmeticError:
        return None


def day_of(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y/%m/%d" if "/" in text else "%Y-%m-%d").date()
    except ValueError:
        return None


def sum_by_month(rows: Iterable[tuple[Any, ...]]) -> dict[str, dict[str, Any]]:
    """Rows (key, date, quantity, amount) of closed months by month: each key once, those without a
    date or number left out.
    """
    seen: set[Any] = set()
    months: dict[str, list[Any]] = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
    for key, day, quantity, amount in rows:
        if (
            key in seen
            or day is None
            or quantity is None
            or amount is None
            or f"{day:%Y-%m}" > LAST_CLOSED
        ):
            continue
        seen.add(key)
        months[f"{day:%Y-%m}"][0] += 1
        months[f"{day:%Y-%m}"][1] += quantity
        months[f"{day:%Y-%m}"][2] += amount
    return {
        month: {
            "rows": rows,
            "quantity": str(int(quantity)),
            "amount": str(amount.quantize(Decimal("0.01"))),
        }
        for month, (rows, quantity, amount) in sorted(months.items())
    }


def kitchen_amount(row: dict[str, str]) -> Decimal | None:
    """Yuan without tax, returns negative."""
    amount = amount_of(row["价税合计"])
    return (
        None
        if amount is None
        else amount / Decimal("1.13") * (-1 if row["单据类型"] == "退货" else 1)
    )


def net_by_cell(rows: list[dict[str, str]], *names: str) -> dict[tuple[str, ...], Decimal]:
    """Yuan without tax of readable kitchen rows by month and columns."""
    total: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in rows:
        day, amount = day_of(row["日期"]), kitchen_amount(row)
        if day is not None and amount is not None:
            total[f"{day:%Y-%m}", *(row[name] for name in names)] += amount
    return total


def test_chinese_new_year_moves_sales_and_every_unit_has_it_in_its_calendar() -> None:
    januaries = [new_year_effect(number(f"{year}-01")) for year in (2023, 2024, 2025, 2026)]
    assert (
        min(januaries) < -50 < 50 < max(januaries)
    )  # thousandths: silence in one January, stocking up in another
    assert all(
        parameters(unit).calendar.moving_holidays == ["chinese_new_year"]
        for unit in list_units(CHECKOUT)
    )


def test_the_demo_knows_nothing_of_the_library() -> None:
    written = sorted((CHECKOUT / "examples" / "demo_company").glob("*.py"))
    assert len(written) > 10
    assert [
        path.name
        for path in written
        if "salesfc_lib" in path.read_text(encoding="utf-8").split('"""', 2)[2]
    ] == []


def test_two_writes_are_the_same_bytes_and_those_recorded(project: Path, tmp_path: Path) -> None:
    write_demo(tmp_path)
    assert fingerprints(tmp_path) == fingerprints(project)
    assert fingerprints(project) == RECORDED


def test_another_seed_is_another_company_with_the_same_files(project: Path, tmp_path: Path) -> None:
    written = write_demo(tmp_path, seed=1)
    assert sorted(written) == sorted(path for path in tmp_path.rglob("*") if path.is_file())
    ours, other = fingerprints(project), fingerprints(tmp_path)
    assert ours.keys() == other.keys()
    same = {name for name, digits in ours.items() if other[name] == digits}
    agreed = {"capacity", "costs", "lead_times", "prices"}
    assert {Path(name).stem for name in same} == {"promotions", "targets", *agreed}


def test_draws_are_the_raw_bits_of_pcg64() -> None:
    draws = RandomIntegers(20260630, 1)
    assert [draws.below(1000) for _ in range(5)] == [969, 133, 684, 114, 971]


def test_a_bell_has_the_spread_it_was_asked_for() -> None:
    draws = RandomIntegers(1)
    drawn = pd.Series([draws.bell(80) for _ in range(4000)])
    assert drawn.std() == pytest.approx(80, rel=0.05)
    assert abs(drawn.mean()) < 5


def test_chinese_new_year_2024_leaves_sixteen_trading_days_in_february() -> None:
    assert len(trading_days(19)) == 21 - 5 and trading_days(19)[0] == date(2024, 2, 1)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.id)
def test_parameter_files_agree_with_the_company(unit: Unit, project: Path) -> None:
    declared = parameters(unit.id)
    assert declared.unit.title == unit.title and declared.unit.owner
    assert declared.key_accounts.members == [account.customer for account in unit.accounts]
    assert tuple(declared.calendar.holidays) == HOLIDAYS
    assert {level: tuple(crossed) for level, crossed in declared.levels.items()} == LEVELS
    assert declared.renames == {
        rename.dimension: {rename.old: rename.new} for rename in unit.renames
    }
    copied = project / "parameters" / "units" / f"{unit.id}.yml"
    assert (
        copied.read_bytes() == (CHECKOUT / "parameters" / "units" / f"{unit.id}.yml").read_bytes()
    )
    assert list_units(project) == sorted(unit.id for unit in UNITS)


@pytest.mark.parametrize(
    ("unit", "series"), [("kitchen", 75), ("personal-care", 38), ("cleaning", 38)]
)
def test_units_have_the_series_they_were_meant_to_have(
    unit: str, series: int, exports: dict[str, Export]
) -> None:
    bottom = pd.DataFrame([vars(line.cell) for line in exports[unit].orders]).drop_duplicates()
    assert len(hierarchy.build_series(bottom, parameters(unit).levels)) == series


def test_overrides_name_series_as_the_hierarchy_does(
    project: Path, exports: dict[str, Export]
) -> None:
    for unit, export in exports.items():
        bottom = pd.DataFrame([vars(line.cell) for line in export.orders]).drop_duplicates()
        known = set(hierarchy.build_series(bottom, parameters(unit).levels)["unique_id"])
        named = set(pd.read_csv(project / "overrides" / f"{unit}.csv")["unique_id"])
        assert named and named <= known


def test_series_ids_escape_as_the_hierarchy_does() -> None:
    members = {"product_line": "a/b\\c", "region": "华东"}
    assert series_id("line_region", members) == hierarchy.unique_id("line_region", members)


@pytest.mark.parametrize("unit", [unit.id for unit in UNITS])
def test_overrides_keep_their_contract(unit: str, project: Path) -> None:
    changes = pd.read_csv(project / "overrides" / f"{unit}.csv")
    changes = changes.assign(
        made_in=pd.to_datetime(changes["made_in"]),
        ds=pd.to_datetime(changes["ds"]),
        created_at=pd.to_datetime(changes["created_at"]),
        new=changes["new"].astype(float),
        percent=changes["percent"].astype(float),
    )
    tables.check(changes, "override")
    assert (changes["ds"] > changes["made_in"]).all()
    assert changes["made_in"].between("2025-06-01", "2026-06-01").all() and changes[
        "made_in"
    ].max() == pd.Timestamp("2026-06-01")
    month_end = changes["made_in"] + pd.offsets.MonthBegin(1)
    assert (changes["created_at"] - month_end).dt.days.between(0, 6).all()
    assert changes["percent"].between(-100, 400).all() and changes[
        ["author", "reason"]
    ].notna().all(axis=None)


def test_the_sandbagger_lowers_his_region_every_month(project: Path, truth: Truth) -> None:
    planner = next(
        planner
        for planner in truth["units"]["kitchen"]["planners"]
        if planner["kind"] == "sandbagger"
    )
    changes = pd.read_csv(project / "overrides" / "kitchen.csv").query(
        "author == @planner['author']"
    )
    assert set(changes["unique_id"]) == {planner["unique_id"]}
    assert changes["made_in"].nunique() == 13
    assert changes.loc[changes["sequence"].eq(1), "percent"].between(-15, -10).all()


def test_kitchen_files_are_gb18030_with_chinese_headers(
    project: Path, kitchen: list[dict[str, str]]
) -> None:
    paths = sorted((project / "data" / "kitchen").glob("orders_*.csv"))
    assert [path.stem for path in paths] == [f"orders_{year}" for year in range(2022, 2027)]
    with pytest.raises(UnicodeDecodeError):
        paths[0].read_text(encoding="utf-8")
    assert 8_000 < len(kitchen) < 15_000
    assert kitchen[0].keys() >= {"单据编号", "行号", "日期", "客户类型", "物料编码", "价税合计"}
    assert all(row["物料编码"].startswith("00") for row in kitchen)
    assert any("," in row["客户"] for row in kitchen)


def test_kitchen_rows_give_the_truth_when_tax_is_taken_off(
    kitchen: list[dict[str, str]], truth: Truth
) -> None:
    sign = {"销售": 1, "退货": -1}
    rows = [
        (
            (row["单据编号"], row["行号"]),
            day_of(row["日期"]),
            Decimal(row["数量"]) * sign[row["单据类型"]],
            kitchen_amount(row),
        )
        for row in kitchen
    ]
    assert sum_by_month(rows) == truth["units"]["kitchen"]["kept"]


def test_the_sheet_has_titles_merged_regions_and_a_header_below(
    project: Path, sheet: list[list[Any]]
) -> None:
    assert sheet[0][0] == "个人护理事业部 销售明细表" and sheet[3][:3] == ["区域", "订单号", "行号"]
    opened = openpyxl.load_workbook(project / "data" / "personal-care" / "sales.xlsx")["销售明细"]
    assert len(opened.merged_cells.ranges) > 90
    assert (
        opened["D5"].value == datetime(2022, 7, 1)
        and opened["A5"].value == "华东"
        and opened["A6"].value is None
    )


def test_subtotals_of_the_sheet_equal_their_parts(sheet: list[list[Any]]) -> None:
    parts: list[list[Any]] = []
    every: list[list[Any]] = []
    subtotals = 0
    for row in sheet[4:]:
        if row[0] == "小计":
            assert row[-2:] == [
                sum(part[-2] for part in parts),
                pytest.approx(sum(part[-1] for part in parts), abs=0.005),
            ]
            every, parts, subtotals = every + parts, [], subtotals + 1
        elif row[0] == "合计":
            assert row[-1] == pytest.approx(sum(part[-1] for part in every), abs=0.005)
        elif row[-1] != "#REF!":
            parts.append(row)
    assert sheet[-1][0] == "合计" and subtotals == 49 * 2 and not parts


def test_sheet_rows_give_the_truth(sheet: list[list[Any]], truth: Truth) -> None:
    rows: list[tuple[Any, ...]] = [
        ((row[1], row[2]), row[3], amount_of(str(row[-2])), amount_of(str(row[-1])))
        for row in sheet[4:]
        if row[0] not in {"小计", "合计"}
    ]
    assert 4_000 < len(rows) < 7_000
    assert sum_by_month(rows) == truth["units"]["personal-care"]["kept"]


def test_shop_rows_give_the_truth_when_discounts_and_returns_come_off(
    shop: Shop, truth: Truth
) -> None:
    rows: list[tuple[Any, ...]] = [
        (
            (row["order_no"], row["line_no"]),
            day_of(row["order_date"]),
            Decimal(row["qty"]),
            None
            if amount_of(row["list_amount"]) is None
            else Decimal(row["list_amount"]) - Decimal(row["discount"]),
        )
        for row in shop["sales"]
    ]
    rows += [
        (
            row["return_no"],
            day_of(row["return_date"]),
            -Decimal(row["qty"]),
            -Decimal(row["refund"]),
        )
        for row in shop["returns"]
    ]
    assert 4_000 < len(rows) < 7_000
    assert sum_by_month(rows) == truth["units"]["cleaning"]["kept"]


@pytest.mark.parametrize("unit", [unit.id for unit in UNITS])
def test_kept_months_are_the_closed_ones_and_worth_millions(unit: str, truth: Truth) -> None:
    kept = truth["units"][unit]["kept"]
    assert list(kept) == [
        f"{month:%Y-%m}" for month in pd.date_range("2022-07", LAST_CLOSED, freq="MS")
    ]
    assert all(2_000_000 < Decimal(month["amount"]) < 30_000_000 for month in kept.values())


@pytest.mark.parametrize("unit", [unit.id for unit in UNITS])
def test_the_seasonal_naive_misses_the_last_year_by_ten_to_fifteen_percent(
    unit: str, truth: Truth
) -> None:
    sales = pd.Series(
        {month: float(kept["amount"]) for month, kept in truth["units"][unit]["kept"].items()}
    )
    missed = (sales.iloc[-12:] - sales.shift(12).iloc[-12:]).abs().sum() / sales.iloc[-12:].sum()
    assert 0.10 < missed < 0.15


def test_every_defect_is_planted_in_the_rows_that_the_truth_names(
    kitchen: list[dict[str, str]], truth: Truth
) -> None:
    planted = truth["units"]["kitchen"]
    rows = Counter((row["单据编号"], int(row["行号"])) for row in kitchen)
    by_key = {(row["单据编号"], int(row["行号"])): row for row in kitchen}

    def found(kind: str) -> list[dict[str, str]]:
        return [by_key[row["order_id"], row["line"]] for row in planted[kind]]

    assert {key for key, count in rows.items() if count > 1} == {
        (row["order_id"], row["line"]) for row in planted["duplicates"]
    }
    assert {row["日期"][:4] for row in found("future_dated")} == {"2027"}
    assert {row["价税合计"] for row in found("samples")} == {"0.00"}
    assert all(
        day_of(row["日期"]) is None or amount_of(row["价税合计"]) is None
        for row in found("unreadable")
    )
    unreadable = [
        row for row in kitchen if day_of(row["日期"]) is None or amount_of(row["价税合计"]) is None
    ]
    assert len(unreadable) == len(planted["unreadable"]) < 0.02 * len(kitchen)
    assert {row["单据类型"] for row in found("returns")} == {"退货"}
    assert {
        row["原单据编号"] in {key[0] for key in by_key} for row in found("unmatched_returns")
    } == {False}


def test_a_repeat_is_no_duplicate(kitchen: list[dict[str, str]], truth: Truth) -> None:
    by_key = {(row["单据编号"], int(row["行号"])): row for row in kitchen}
    for repeat in truth["units"]["kitchen"]["repeats"]:
        row = by_key[repeat["order_id"], repeat["line"]]
        same = [other for other in kitchen if {**other, "行号": ""} == {**row, "行号": ""}]
        assert len({other["行号"] for other in same}) == 2


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.id)
def test_outliers_stand_far_above_the_rest_of_their_series(
    unit: Unit, truth: Truth, exports: dict[str, Export]
) -> None:
    kept = exports[unit.id].kept
    for planted in truth["units"][unit.id]["outliers"]:
        own = [line for line in kept if vars(line.cell) == planted["series"]]
        months = (
            pd.Series([line.amount for line in own])
            .groupby([f"{line.date:%Y-%m}" for line in own])
            .sum()
        )
        others = months.drop(planted["month"])
        assert (
            months[planted["month"]] > 2.5 * others.median()
            and months[planted["month"]] > others.max()
        )


def test_the_region_was_renamed_once_and_for_all(kitchen: list[dict[str, str]]) -> None:
    months = {
        name: [month for month, region in net_by_cell(kitchen, "区域") if region == name]
        for name in ("南方", "华南")
    }
    assert max(months["南方"]) == "2024-01" and min(months["华南"]) == "2024-02"


def test_the_lost_account_orders_no_more(kitchen: list[dict[str, str]], truth: Truth) -> None:
    lost = truth["units"]["kitchen"]["lost_accounts"][0]
    sales = net_by_cell(kitchen, "客户")
    months = [
        month
        for (month, customer), amount in sales.items()
        if customer == lost["customer"] and amount > 0
    ]
    assert max(months) == lost["last_month"] == "2025-11" and len(months) == 41


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.id)
def test_sales_collapse_where_stock_ran_out(
    unit: Unit, project: Path, truth: Truth, exports: dict[str, Export]
) -> None:
    encoding = {"kitchen": "gb18030", "personal-care": "utf-8-sig", "cleaning": "utf-8"}[unit.id]
    stock = pd.read_csv(project / "data" / unit.id / "inventory.csv", encoding=encoding)
    stock.columns = ["month", "product_line", "region", "stock", "days", "value"][: len(stock.T)]
    out = {(row.month[:7], row.product_line, row.region): row.days for row in stock.itertuples()}
    kept = exports[unit.id].kept
    for planted in truth["units"][unit.id]["stock_outs"]:
        where = planted["product_line"], planted["region"]
        own = [line for line in kept if (line.cell.product_line, line.cell.region) == where]
        sales = (
            pd.Series([line.amount for line in own])
            .groupby([f"{line.date:%Y-%m}" for line in own])
            .sum()
        )
        for month, days in planted["days"].items():
            usual = sales[
                (pd.Period(month) - 12).strftime("%Y-%m") : (pd.Period(month) - 3).strftime("%Y-%m")
            ].median()
            assert out[month, *where] == days > 10
            assert sales[month] < 0.6 * usual


def test_deliveries_bear_out_what_the_truth_says_was_due(project: Path, truth: Truth) -> None:
    months: dict[str, Counter[str]] = defaultdict(Counter)
    out: dict[bool, list[bool]] = {True: [], False: []}  # stock ran out: whether lines were on time
    planted = truth["units"]["kitchen"]["stock_outs"]
    with (project / "data/kitchen/deliveries.csv").open(encoding="gb18030", newline="") as file:
        for row in csv.DictReader(file):
            due, ordered = months[row["承诺日期"][:7]], int(row["订单数量"])
            in_time = "" < row["发货日期"] <= row["承诺日期"]
            came = ordered > 0 and in_time and int(row["发货数量"]) >= ordered
            where = {"product_line": row["产品线"], "region": row["区域"]}
            short = any(
                where.items() <= item.items() and row["下单日期"][:7] in item["days"]
                for item in planted
            )
            out[short].append(came)
            due["cancelled"] += not ordered
            due["lines"] += bool(ordered)
            due["ordered"] += ordered
            due["delivered"] += min(int(row["发货数量"]), ordered)
            due["over"] += 0 < ordered < int(row["发货数量"])
            due["on_time"] += came
    assert months == truth["units"]["kitchen"]["due"]
    assert sum(out[True]) < 0.5 * len(out[True]) and sum(out[False]) > 0.8 * len(out[False])


def test_only_kitchen_says_which_month_is_closed() -> None:
    assert {unit.id: parameters(unit.id).calendar.closed_through for unit in UNITS} == {
        "kitchen": LAST_CLOSED,
        "personal-care": None,
        "cleaning": None,
    }


def test_the_latest_rows_of_the_other_units_are_of_the_running_month(
    sheet: list[list[Any]], shop: Shop
) -> None:
    latest = max(row[3] for row in sheet[4:] if row[0] not in {"小计", "合计"})
    days = [day for row in shop["sales"] if (day := day_of(row["order_date"]))]
    assert f"{latest:%Y-%m}" == f"{max(days):%Y-%m}" == RUNNING


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_other_seeds_plant_as_much(seed: int) -> None:
    unit = next(unit for unit in UNITS if unit.id == "cleaning")
    export = trade(unit, seed)
    assert len(export.marked("duplicate")) == unit.counts.duplicates
    assert sum(line.mark.startswith("slip") for line in export.orders) == len(unit.slips)
    assert len(export.marked("bulk")) == len(unit.bulks)


def test_a_later_export_holds_what_the_first_one_held_and_what_came_since(
    exports: dict[str, Export], project: Path, tmp_path: Path
) -> None:
    first, later, last = (
        exports["kitchen"],
        *(extend(UNITS[0], exports["kitchen"], date(2026, 7, day)) for day in (15, 22)),
    )
    assert last.orders[: len(first.orders)] == first.orders
    assert last.orders[: len(later.orders)] == later.orders
    added = {line.date for line in last.orders[len(first.orders) :]}
    assert min(added) == date(2026, 7, 7) and max(added) <= date(2026, 7, 21)
    keys = [line.key for line in last.orders if line.mark not in ("duplicate", "repeat")]
    assert len(keys) == len(set(keys))
    write_demo(tmp_path)
    go_on(tmp_path, date(2026, 7, 22))
    before, after = (
        (folder / "data" / "kitchen" / "orders_2025.csv").read_bytes()
        for folder in (project, tmp_path)
    )
    assert before == after
    with pytest.raises(ValueError, match="2026-08-01 is no day"):
        go_on(tmp_path, date(2026, 8, 1))


def test_the_shock_leaves_few_of_its_lines_from_its_day_on(exports: dict[str, Export]) -> None:
    shocked = UNITS[1]
    later = extend(shocked, exports[shocked.id], date(2026, 7, 31)).orders
    new = [
        line for line in later[len(exports[shocked.id].orders) :] if line.cell.meets(SHOCK_WHERE)
    ]
    before = [line for line in new if line.date < SHOCK_FROM]
    after = [line for line in new if line.date >= SHOCK_FROM]
    days = (4, 14)  # trading days of the 7th to the 10th, and of the 13th to the 30th
    assert len(after) / days[1] < (LEFT / 1000 + 0.25) * len(before) / days[0]
