"""Drivers: what their source says, what a month gets, and that the future has nothing unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from salesfc_lib import steps
from salesfc_lib.cleaning.clean import Cleaned
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.parameters import defaults, resolve
from salesfc_lib.foundation.schema import Driver, Parameters
from salesfc_lib.foundation.tables import check
from salesfc_lib.panel.build import BottomPanel, build_panel
from salesfc_lib.panel.regressors import regressor_kinds
from tests.orders import Row, order, run, save, unit

EAST, WEST = "region:east", "region:west"
ROWS = [
    order(f"{region}{month}", f"2024-{month:02d}-03", region=region)
    for month in range(1, 13)
    for region in ("east", "west")
]  # one row a month and region


def _reasons(found: Cleaned) -> list[str]:
    kept = found.problems.loc[found.problems["rule"].eq("driver"), "reason"]
    return [in_words(reason) for reason in kept]


def source(columns: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"kind": "csv", "role": "drivers", "path": "prices.csv", "columns": columns, **more}


def declare(
    drivers: dict[str, Any], columns: dict[str, str] | None = None, **more: Any
) -> Parameters:
    named = columns or {"ds": "month", "region": "region", "price": "price"}
    return unit(
        {"prices": source(named)},
        **{"drivers": drivers, "horizon": 3, "calendar": {"closed_through": "2024-06"}, **more},
    )


def build(
    folder: Path, prices: list[Row], parameters: Parameters, month: str = "2024-06"
) -> tuple[Cleaned, BottomPanel]:
    save(folder, "prices", prices)
    found = run(folder, ROWS, parameters, month)
    return found, build_panel(found.transactions, parameters, month, driver=found.driver)


def prices(*rows: tuple[str, str, str], region: bool = True) -> list[Row]:
    """Rows of (month, region, price)."""
    return [
        {"month": month, **({"region": where} if region else {}), "price": price}
        for month, where, price in rows
    ]


def column(frame: pd.DataFrame, unique_id: str, name: str = "price") -> list[float | None]:
    values = frame.loc[frame["unique_id"].eq(unique_id), name]
    return [None if np.isnan(value) else value for value in values]


MONTHLY = prices(
    *[
        (f"2024-{month:02d}", where, f"{month + add}.50")
        for month in range(1, 9)
        for where, add in (("east", 0), ("west", 100))
    ]
)


def test_a_price_by_month_and_region_is_a_column_of_the_panel_and_where_known_ahead_of_the_future(
    tmp_path: Path,
) -> None:
    found, bottom = build(tmp_path, MONTHLY, declare({"price": {"known_ahead": True}}))
    assert column(bottom.panel, EAST) == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]
    assert column(bottom.panel, WEST) == [101.5, 102.5, 103.5, 104.5, 105.5, 106.5]
    assert column(bottom.future, EAST) == [7.5, 8.5, None]
    check(found.driver, "driver")
    noted = found.problems[found.problems["rule"].eq("driver")]
    assert noted[["source", "column", "example"]].values.tolist() == [["prices", "price", "east"]]
    assert [in_words(reason) for reason in noted["reason"]] == [
        "2 of 2 members lack values for some of the 3 months ahead: they stay empty"
    ]


def test_what_is_not_known_ahead_ends_with_the_month_and_has_no_column_in_the_future(
    tmp_path: Path,
) -> None:
    found, bottom = build(tmp_path, MONTHLY, declare({"price": {}}))
    assert column(bottom.panel, EAST) == [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]
    assert "price" not in bottom.future
    assert found.driver["ds"].max() == pd.Timestamp("2024-06-01")
    assert _reasons(found) == ["not known ahead: history only, no model uses it"]


@pytest.mark.parametrize("carry", [None, "last"])
def test_nothing_that_comes_after_the_month_changes_what_is_not_known_ahead(
    tmp_path: Path, carry: str | None
) -> None:
    parameters = declare({"price": {"carry": carry}})
    other = [{**row, "price": "999"} if row["month"] > "2024-06" else row for row in MONTHLY]
    seen = [build(tmp_path, rows, parameters) for rows in (MONTHLY, other, MONTHLY[:12])]
    for found, bottom in seen[1:]:
        pd.testing.assert_frame_equal(found.driver, seen[0][0].driver)
        pd.testing.assert_frame_equal(bottom.panel, seen[0][1].panel)
        pd.testing.assert_frame_equal(bottom.future, seen[0][1].future)
        assert "price" not in bottom.future


def test_a_price_may_be_carried_and_that_is_told(tmp_path: Path) -> None:
    rows = prices(
        ("2024-01", "east", "5"),
        ("2024-04", "east", "7"),
        ("2024-08", "east", "9"),
        ("2023-10", "west", "2"),
    )
    found, bottom = build(
        tmp_path, rows, declare({"price": {"known_ahead": True, "carry": "last"}})
    )
    assert column(bottom.panel, EAST) == [5, 5, 5, 7, 7, 7]
    assert column(bottom.future, EAST) == [7, 9, 9]
    assert (
        column(bottom.panel, WEST) + column(bottom.future, WEST) == [2] * 9
    )  # from before the first sale
    (said,) = _reasons(found)
    assert said.startswith(
        "2 of 2 members lack values for some of the 3 months ahead: "
        "the last value before stands there"
    )


def test_a_driver_called_known_ahead_of_which_nothing_is_known_ahead_is_history(
    tmp_path: Path,
) -> None:
    found, bottom = build(tmp_path, MONTHLY[:12], declare({"price": {"known_ahead": True}}))
    assert "price" in bottom.panel
    assert "price" not in bottom.future
    (said,) = _reasons(found)
    assert said.endswith("none has any, so that no model uses it")


@pytest.mark.parametrize(("aggregate", "value"), [("mean", 3.0), ("sum", 9.0), ("max", 5.0)])
def test_days_become_a_month_as_declared_and_blank_cells_are_none(
    tmp_path: Path, aggregate: str, value: float
) -> None:
    days = [
        ("2024-02-01", "1"),
        ("2024-02-10", "5"),
        ("2024-02-29", "3"),
        ("2024-02-15", ""),
        ("2024-03-01", "50"),
    ]
    rows = [{"day": day, "price": price} for day, price in days]
    _, bottom = build(
        tmp_path,
        rows,
        declare({"price": {"aggregate": aggregate}}, {"date": "day", "price": "price"}),
    )
    for unique_id in (EAST, WEST):  # no dimension named: the whole unit
        assert column(bottom.panel, unique_id) == [None, value, 50, None, None, None]


def test_days_belong_to_the_business_month_of_the_unit(tmp_path: Path) -> None:
    fiscal = {
        "closed_through": "2024-06",
        "kind": "4-4-5",
        "year_begins": "01-01",
        "week_begins": "monday",
    }
    parameters = declare({"price": {}}, {"date": "day", "price": "price"}, calendar=fiscal)
    found, _ = build(tmp_path, [{"day": "2024-01-29", "price": "4"}], parameters)
    assert found.driver["ds"].tolist() == [pd.Timestamp("2024-02-01")]  # January ends on the 28th


def test_of_rows_for_different_members_the_one_that_names_the_most_wins(tmp_path: Path) -> None:
    rows = prices(("2024-02", "", "10"), ("2024-02", "east", "8"), ("2024-03", "", "11"))
    _, bottom = build(tmp_path, rows, declare({"price": {}}))
    assert column(bottom.panel, EAST) == [None, 8, 11, None, None, None]
    assert column(bottom.panel, WEST) == [None, 10, 11, None, None, None]


def test_members_below_the_bottom_weigh_by_the_rows_known_a_horizon_before(tmp_path: Path) -> None:
    rows = [
        {"month": f"2024-{month:02d}", "product": name, "price": price}
        for month in range(1, 7)
        for name, price in (("p", "10"), ("q", "20"))
    ]
    parameters = declare(
        {"price": {}},
        {"ds": "month", "product": "product", "price": "price"},
        dimensions=["region", "product"],
    )
    save(tmp_path, "prices", rows)
    sold = [
        order("a", "2024-01-03"),
        *[order(f"b{k}", "2024-02-03", product="q") for k in range(3)],
        order("c", "2024-06-03"),
    ]
    found = run(tmp_path, sold, parameters, "2024-06")
    panel = build_panel(found.transactions, parameters, "2024-06", driver=found.driver).panel
    # p alone through January; from May on, three months before counts February: one row of p,
    # three of q
    assert column(panel, EAST) == [10, 10, 10, 10, 17.5, 17.5]


def test_a_plan_of_promotion_by_day_is_the_panels_promotion(tmp_path: Path) -> None:
    days = pd.date_range("2024-06-01", "2024-07-31").strftime("%Y-%m-%d")
    rows = [{"day": day, "region": "east", "on": str(int(day[8:] <= "15"))} for day in days]
    columns = {"date": "day", "region": "region", "promotion": "on"}
    _, bottom = build(tmp_path, rows, declare({"promotion": {"known_ahead": True}}, columns))
    assert column(bottom.panel, EAST, "promotion")[-1] == 0.5
    assert column(bottom.future, EAST, "promotion")[0] == pytest.approx(15 / 31)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"drivers": {}}, "'price' is neither a dimension nor declared under `drivers`"),
        ({"drivers": {"price": {}, "spend": {}}}, "no source with the role `drivers` has it"),
        ({"drivers": {"price": {"aggregate": "median"}}}, "'mean', 'sum' or 'max'"),
        (
            {"drivers": {"y": {}}, "columns": {"ds": "m", "y": "y"}},
            "the panel has a column or dimension of this name",
        ),
        (
            {"drivers": {"price": {}}, "columns": {"price": "p"}},
            "one column `date` .days. or `ds` .months.",
        ),
        (
            {"drivers": {"price": {}}, "columns": {"ds": "m", "date": "d", "price": "p"}},
            "one column `date` .days. or `ds` .months.",
        ),
        (
            {"drivers": {}, "columns": {"ds": "m", "region": "r"}},
            "no column of it is declared under `drivers`",
        ),
    ],
)
def test_a_driver_that_is_not_declared_or_not_brought_is_refused(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        declare(changes["drivers"], changes.get("columns"))


def test_two_plans_of_promotion_are_refused() -> None:
    columns = {"ds": "m", "promotion": "on"}
    with pytest.raises(ValidationError, match="already says when they run"):
        declare({"promotion": {}}, columns, orders={"columns": {"promotion": "flag"}})


def test_a_value_that_cannot_be_read_is_an_error_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(SalesForecastError, match=r"Row 2 of 'prices\.csv': `price` 'ten'"):
        build(
            tmp_path,
            prices(("2024-01", "east", "ten"), ("2024-02", "east", "5")),
            declare({"price": {}}),
        )


def test_a_renamed_member_keeps_its_prices(tmp_path: Path) -> None:
    rows = prices(("2024-01", "orient", "5"), ("2024-02", "east", "6"))
    _, bottom = build(
        tmp_path, rows, declare({"price": {}}, renames={"region": {"orient": "east"}})
    )
    assert column(bottom.panel, EAST)[:2] == [5, 6]


PROJECT = """
sources:
  orders: {kind: csv, path: orders.csv, columns: {date: date, region: region, amount: amount}}
  prices:
    {kind: csv, role: drivers, path: prices.csv,
     columns: {ds: month, region: region, price: price, spend: spend}}
  market:
    {kind: csv, role: events, path: market.csv,
     columns: {name: name, start: start, end: end, announced: known}}
drivers: {price: {known_ahead: true}, spend: {aggregate: sum}}
dimensions: [region]
levels: {total: [], region: [region]}
calendar: {closed_through: "2024-12"}
horizon: 3
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A unit with prices known ahead, spending that is not, and an event announced on 20 July."""
    (tmp_path / "parameters" / "units").mkdir(parents=True)
    (tmp_path / "parameters" / "units" / "shop.yml").write_text(PROJECT, encoding="utf-8")
    save(tmp_path, "orders", ROWS)
    save(tmp_path, "prices", [{**row, "spend": "3"} for row in MONTHLY])
    save(
        tmp_path,
        "market",
        [{"name": "fair", "start": "2024-08-01", "end": "2024-08-31", "known": "2024-07-20"}],
    )
    return tmp_path


@pytest.mark.parametrize(
    ("month", "event"), [("2024-05", False), ("2024-06", False), ("2024-07", True)]
)
def test_a_backfill_hands_models_only_what_was_known_when_the_month_was_published(
    project: Path, month: str, event: bool
) -> None:
    run = steps.open_month(project, "shop", month, folder=project / "out", kind="backfill")
    steps.clean(run)
    panel, future = run.read("panel"), run.read("future")
    assert ("event" in future) == ("event" in panel) == event
    assert {"price", "spend"} <= set(panel)
    assert {"price"} == {"price", "spend"} & set(future)
    assert set(future) <= set(panel)
    assert len(future) == 3 * panel["unique_id"].nunique()
    assert run.read("driver").groupby("name")["ds"].max().to_dict() == {
        "price": pd.Timestamp("2024-08-01"),
        "spend": pd.Timestamp(f"{month}-01"),
    }


def test_the_regressors_of_a_month_are_the_same_whenever_they_are_told(project: Path) -> None:
    amounts = {"east": "{}00", "west": "900"}  # the east grows
    grown = [
        {**row, "amount": amounts[row["region"]].format(int(row["date"][5:7]))} for row in ROWS
    ]
    save(project, "orders", grown)
    told = []
    for month in ("2024-05", "2024-08"):
        run = steps.open_month(project, "shop", month, folder=project / month)
        steps.clean(run)
        told.append(
            (
                run.read("panel").set_index(["unique_id", "ds"]),
                run.read("future").set_index(["unique_id", "ds"]),
            )
        )
    (_, ahead), (panel, _) = told
    weights = [
        (600, 2700),
        (1000, 3600),
        (1500, 4500),
    ]  # east and west through March, April and May
    prices = [(month + 0.5, month + 100.5) for month in (6, 7, 8)]
    means = [(e * p + w * q) / (e + w) for (e, w), (p, q) in zip(weights, prices, strict=True)]
    assert ahead.loc["total", "price"].tolist() == pytest.approx(means)
    pd.testing.assert_series_equal(panel.loc[ahead.index, "price"], ahead["price"])


def test_a_run_of_today_knows_todays_events(project: Path) -> None:
    run = steps.open_month(project, "shop", "2024-06", folder=project / "out")
    steps.clean(run)
    future = run.read("future").query("unique_id == 'total'")
    assert future["event"].tolist() == [0, 1, 0]


def test_a_driver_without_a_source_is_told_with_its_key(project: Path) -> None:
    with pytest.raises(
        SalesForecastError,
        match="`drivers.rain` in the parameters of 'shop'.*No source with the role `drivers`",
    ):
        resolve(project, "shop", sets=["drivers.rain.known_ahead=true"])
    with pytest.raises(SalesForecastError, match="drivers.price.know_ahead"):
        resolve(project, "shop", sets=["drivers.price.know_ahead=true"])


def test_what_a_regressor_is_is_known_or_declared_and_a_declaration_wins() -> None:
    declared = {"price": Driver(kind="level"), "spend": Driver(), "promotion": Driver(kind="count")}
    kinds = regressor_kinds(defaults().model_copy(update={"drivers": declared}))
    assert kinds["trading_days"] == "count" and kinds["easter"] == kinds["event"] == "share"
    assert kinds["price"] == "level" and kinds["promotion"] == "count"
    assert "spend" not in kinds  # its values tell
