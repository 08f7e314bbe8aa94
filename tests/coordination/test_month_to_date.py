"""Claims about sales of the month in progress beside the path that the forecast implies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.coordination import (
    MonthPath,
    MonthToDate,
    build_path,
    find_departures,
    read_month_to_date,
)
from salesfc_lib.coordination.month_to_date.reading import find_covered
from salesfc_lib.foundation import Calendar, resolve
from salesfc_lib.panel import build_series

LEVELS = {"total": [], "line": ["line"], "region": ["region"], "bottom": ["line", "region"]}
KEYS = pd.DataFrame([(x, y) for x in "ABCD" for y in "NSW"], columns=["line", "region"])
SERIES = build_series(KEYS, LEVELS)
MONTH, FIRST, LAST = "2026-07", pd.Timestamp("2024-07-01"), pd.Timestamp("2026-07-31")
FIRST_OF_MONTH = pd.Timestamp("2026-07-01")


@cache
def sell(noise: float = 0.2, seed: int = 5) -> pd.DataFrame:
    """Daily sales of twelve bottom series, 10 on each weekday and 4 on Saturdays, with noise."""
    days = pd.date_range(FIRST, LAST)
    usual = np.array([10.0, 10, 10, 10, 10, 4, 0])[days.weekday]
    dice = np.random.default_rng(seed)
    y = usual * np.exp(noise * dice.standard_normal((len(KEYS), len(days))) - noise**2 / 2)
    frame = KEYS.loc[np.repeat(KEYS.index, len(days))].reset_index(drop=True)
    return frame.assign(date=np.tile(days, len(KEYS)), y=y.ravel())


@cache
def forecast(share: float = 0.04, month: str = MONTH) -> pd.DataFrame:
    """Forecast of what a July without noise sells; `share`: standard deviation of each series."""
    sales = sell(noise=0.0)
    sales = sales[sales["date"].dt.strftime("%Y-%m").eq(MONTH)]
    whole = sales.groupby(["line", "region"])["y"].sum().reset_index()
    rows = []
    for row in SERIES.to_dict("records"):
        own = whole
        for name in ("line", "region"):
            own = own if row[name] is None else own[own[name].eq(row[name])]
        size = float(own["y"].sum())
        ends = {f"{s}-{n}": size * (1 + k * share) for s, n, k in BOUNDS}
        rows.append({"unique_id": row["unique_id"], "y_hat": size, **ends})
    ds = pd.Timestamp(f"{month}-01")
    given = {"stage": "reconciled", "model": "mint", "cutoff": ds - pd.DateOffset(months=1)}
    return pd.DataFrame(rows).assign(ds=ds, h=1, **given)


BOUNDS = [("lo", 95, -1.96), ("hi", 95, 1.96), ("lo", 80, -1.28), ("hi", 80, 1.28)]


def change(
    daily: pd.DataFrame, factor: float, first: str = "2026-07-13", **where: str
) -> pd.DataFrame:
    """Sales times a factor from a day on, of members."""
    on = daily["date"].ge(first)
    for name, member in where.items():
        on &= daily[name].eq(member)
    return daily.assign(y=np.where(on, daily["y"] * factor, daily["y"]))


def walk(
    daily: pd.DataFrame, published: pd.DataFrame | None = None, covered: str = "2026-07-30"
) -> MonthPath:
    found = MonthToDate(MONTH, daily, pd.Timestamp(covered))
    published = forecast() if published is None else published
    return build_path(found, published, SERIES, Calendar())


def depart(daily: pd.DataFrame, covered: str = "2026-07-30") -> pd.DataFrame:
    return find_departures(walk(daily, covered=covered))


def test_a_quiet_month_raises_nothing_and_its_path_ends_at_the_forecast() -> None:
    path = walk(sell())
    assert find_departures(path).empty
    table = path.table()
    whole = table[table["unique_id"].eq("total")]
    size = forecast().set_index("unique_id").at["total", "y_hat"]
    assert whole["expected"].iloc[-1] == pytest.approx(size)
    assert whole["expected"].is_monotonic_increasing
    assert whole["actual"].isna().tolist() == [False] * 30 + [True]
    assert (whole["hi"] - whole["lo"]).iloc[-1] > (whole["hi"] - whole["lo"]).iloc[2]


@pytest.mark.parametrize(
    ("where", "it"), [({"line": "B"}, "line:B"), ({"region": "S"}, "region:S"), ({}, "total")]
)
def test_a_halved_branch_is_one_departure_of_that_branch(where: dict[str, str], it: str) -> None:
    found = depart(change(sell(), 0.5, **where))
    assert found[["unique_id", "direction"]].values.tolist()[-1] == [it, "below"]
    assert len(found) <= 2
    assert found["first_out"].min() > pd.Timestamp("2026-07-13")


def test_two_causes_in_two_branches_are_two_departures() -> None:
    both = change(change(sell(), 0.3, line="A", region="N"), 1.9, line="C")
    found = depart(both).set_index("unique_id")
    assert found.at["bottom:A/N", "direction"] == "below"
    assert found.at["line:C", "direction"] == "above"
    assert len(found) == 2


def test_a_cause_keeps_its_branch_on_later_days() -> None:
    path = walk(change(sell(), 0.5, line="B"))
    found = [find_departures(replace(path, n_covered=day)).head(1) for day in range(15, 31)]
    seen = [
        (f["unique_id"].iloc[0], f["first_out"].iloc[0], f["since"].iloc[0])
        for f in found
        if len(f)
    ]
    assert len(seen) >= 8 and len(set(seen)) == 1


def test_a_change_within_the_month_is_found_though_the_forecast_is_wide() -> None:
    path = walk(change(sell(), 0.5, line="B"), forecast(share=0.15))
    found = find_departures(path)
    assert found["unique_id"].tolist() == ["line:B"]
    assert found["since"].iloc[0] > pd.Timestamp("2026-07-05")
    row = found.iloc[0]
    assert row["difference"] == pytest.approx(row["actual"] - row["expected"])
    assert row["difference"] < 0
    table = path.table(found).set_index(["unique_id", "date"]).loc["line:B"]
    out = table.loc[found["first_out"].iloc[0]]
    assert out["actual"] < out["lo"] < out["expected"] < out["hi"]
    plain = path.table().set_index(["unique_id", "date"]).loc["line:B"]
    before = plain.index < found["since"].iloc[0]
    pd.testing.assert_frame_equal(plain[before], table[before])


def test_a_forecast_that_is_off_within_its_interval_is_no_alarm() -> None:
    lower = sell().assign(
        y=lambda each: each["y"] * np.where(each["date"] >= FIRST_OF_MONTH, 0.93, 1)
    )
    assert find_departures(walk(lower)).empty


def test_what_comes_after_the_covered_day_changes_nothing() -> None:
    sold = change(sell(), 0.5, line="B")
    cut = change(sold, 7.0, first="2026-07-21")
    pd.testing.assert_frame_equal(depart(sold, "2026-07-20"), depart(cut, "2026-07-20"))


def test_a_unit_that_books_once_a_month_has_no_path_and_says_so() -> None:
    sold = sell()
    once = sold.assign(date=sold["date"].dt.to_period("M").dt.to_timestamp())
    path = walk(once)
    assert path.reason == "few_days" and path.table().empty and find_departures(path).empty


def test_a_month_without_forecast_or_past_has_no_path_and_says_so() -> None:
    sold = sell()
    other = walk(sold, forecast(month="2026-08"))
    assert (other.reason, len(find_departures(other))) == ("no_forecast", 0)
    short = walk(sold[sold["date"].ge("2026-06-01")])
    assert (short.reason, len(find_departures(short))) == ("few_months", 0)


def test_a_day_that_may_be_partial_is_not_covered_and_strays_cover_nothing() -> None:
    days = np.arange("2026-05-01", "2026-07-10", dtype="datetime64[D]")
    calendar = Calendar()
    assert find_covered(days, MONTH, calendar) == pd.Timestamp("2026-07-08")
    stray = np.append(days, np.datetime64("2026-07-28"))
    assert find_covered(stray, MONTH, calendar) == pd.Timestamp("2026-07-08")
    today = pd.Timestamp("2026-07-05").date()
    assert find_covered(days, MONTH, calendar, today=today) == pd.Timestamp("2026-07-04")
    assert find_covered(days, "2026-06", calendar) == pd.Timestamp("2026-06-30")
    assert find_covered(days, "2026-08", calendar) == pd.Timestamp("2026-07-31")


def test_levels_may_stand_in_any_order_and_a_new_member_counts_in_the_whole() -> None:
    sold = change(sell(), 0.4, line="B")
    found = MonthToDate(MONTH, sold, pd.Timestamp("2026-07-30"))
    turned = SERIES.iloc[[*range(1, 8), 0, *range(8, len(SERIES))]].reset_index(drop=True)
    one, other = (build_path(found, forecast(), each, Calendar()) for each in (SERIES, turned))
    pd.testing.assert_frame_equal(find_departures(one), find_departures(other))
    new = sold.assign(line=sold["line"].where(sold["line"].ne("D"), "E"))
    path = build_path(replace(found, daily=new), forecast(), SERIES, Calendar())
    np.testing.assert_allclose(path.actual[0], one.actual[0])
    assert "bottom:E/N" in path.layout.ids and "bottom:E/N" not in set(path.table()["unique_id"])


ORDERS = """date,order,line,kind,amount
2026-05-04,1,A,sale,10.10
2026-05-29,2,A,sale,20.20
2026-06-03,3,A,sale,30.30
2026-06-30,4,B,sale,40.40
2026-07-01,5,A,sale,50.50
2026-07-02,6,A,return,-5.05
2026-07-02,7,B,sale,60.60
2026-07-03,8,B,sale,70.70
2026-07-27,9,B,sale,80.80
"""
UNIT = """unit: {title: Pots}
sources:
  orders:
    kind: csv
    path: data/orders.csv
    columns: {date: date, order_id: order, line: line, kind: kind, amount: amount}
dimensions: [line]
levels: {total: [], line: [line]}
measure: {value: amount, returns: RETURNS}
calendar: {closed_through: "2026-06"}
"""


@pytest.mark.parametrize(("returns", "second"), [("month_of_return", -5.05), ("apart", None)])
def test_rows_after_the_closed_month_are_read_by_the_units_own_rules(
    returns: str, second: float | None, tmp_path: Path
) -> None:
    for name, text in (("data/orders.csv", ORDERS), ("parameters/units/pots.yml", UNIT)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text.replace("RETURNS", returns), encoding="utf-8")
    parameters = resolve(tmp_path, "pots").parameters
    found = read_month_to_date(parameters, tmp_path, MONTH, today=date(2026, 7, 20))
    assert found.covered == pd.Timestamp("2026-07-02")
    sold = found.daily.set_index(["line", "date"])["y"]
    assert sold["A", pd.Timestamp("2026-07-01")] == 50.5
    assert sold.get(("A", pd.Timestamp("2026-07-02"))) == second
    assert sold["B"].loc["2026-06"].tolist() == [40.4]
