"""Plans as they were known: what was announced later is unknown at earlier cutoffs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesfc_lib import steps
from salesfc_lib.archive import UnitMonth
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.forecasting.backtest.backtest import CandidateForecasts, run_candidates
from salesfc_lib.forecasting.history import History
from salesfc_lib.foundation.schema import CandidateSettings
from salesfc_lib.panel.build import BottomPanel, build_panel
from salesfc_lib.reporting.narrative.modeling.backtest import describe_plans
from salesfc_lib.reporting.narrative.unit import plan_lines
from salesfc_lib.reporting.narrative.writer import writer_of
from salesfc_lib.steps.modeling import read_history
from tests.orders import order, save
from tests.panel.test_panel import parameters, sales

PROJECT = """
sources:
  orders: {kind: csv, path: orders.csv, columns: {date: date, region: region, amount: amount}}
  plans:
    {kind: csv, role: promotions, path: plans.csv,
     columns: {name: name, start: start, end: end, region: region, announced: announced}}
  prices:
    {kind: csv, role: drivers, path: prices.csv,
     columns: {ds: month, price: price, announced: announced}}
drivers: {price: {known_ahead: true, carry: last}}
dimensions: [region]
levels: {total: [], region: [region]}
calendar: {closed_through: "2024-06"}
backtest: {cutoffs: 4, step: 1}
horizon: 3
"""
MONTHS = pd.period_range("2021-01", "2024-06", freq="M")
RAN = ("2021-03", "2021-08", "2022-05", "2022-11", "2023-02", "2023-09", "2024-01")
EAST, REGIONS = "region:east", ("east", "west")
JUNE = {"name": "June", "start": "2024-06-01", "end": "2024-06-30", "region": "east"}
PUBLISHED = "2024-05-15"  # the forecast of April


def promoted(month: str) -> dict[str, str]:
    end = pd.Period(month).end_time.strftime("%Y-%m-%d")
    known = {"name": month, "start": f"{month}-01", "end": end, "announced": "2020-12-01"}
    return {**known, "region": "east"}


def write(folder: Path, *plans: dict[str, str], text: str = PROJECT) -> Path:
    """A project whose east sells three times as much while on promotion, with these plans more."""
    (folder / "parameters" / "units").mkdir(parents=True, exist_ok=True)
    (folder / "parameters" / "units" / "shop.yml").write_text(text, encoding="utf-8")
    rows = []
    for at, month in enumerate(MONTHS):
        lifted = {"east": str(month) in (*RAN, "2024-06"), "west": False}
        for region, size in zip(REGIONS, (100, 900), strict=True):
            amount = (size + at % 5) * (3 if lifted[region] else 1)
            one = order(f"{region}{month}", f"{month}-10", region=region)
            rows.append({**one, "amount": str(amount)})
    save(folder, "orders", rows)
    save(folder, "plans", [*map(promoted, RAN), *plans])
    prices = [("2021-01", "10", "2020-12-01"), ("2024-06", "12", "2024-05-20")]
    save(
        folder,
        "prices",
        [dict(zip(("month", "price", "announced"), row, strict=True)) for row in prices],
    )
    return folder


def cleaned(project: Path, month: str = "2024-06", kind: str = "run", **more: Any) -> UnitMonth:
    run = steps.open_month(project, "shop", month, folder=project / kind / month, kind=kind, **more)
    steps.clean(run)
    return run


def ahead(history: History, name: str, unique_id: str = EAST) -> list[float]:
    row = list(history.ids).index(unique_id)
    return history.regressors[name][row, history.y.shape[1] :].tolist()


def announce(day: str) -> dict[str, str]:
    return {**JUNE, "announced": day}


def test_a_backtest_row_knows_a_plan_from_the_publication_that_followed_its_announcement(
    tmp_path: Path,
) -> None:
    history = read_history(cleaned(write(tmp_path, announce("2024-05-01"))))
    assert ahead(history.cut(3), "promotion") == [0, 0, 0]  # March knows nothing of June
    assert ahead(history.cut(2), "promotion") == [0, 1, 0]  # April was published on 15 May
    assert history.regressors["promotion"][0, -4:].tolist() == [1, 0, 0, 0]  # what happened
    stacked = history.stack((3, 2))
    assert np.array_equal(stacked.regressors["promotion"][:, -3:][[0, 3]], [[0, 0, 0], [0, 1, 0]])
    same_day = read_history(cleaned(write(tmp_path / "b", announce(PUBLISHED))))
    assert ahead(same_day.cut(2), "promotion") == [0, 0, 0]
    assert ahead(same_day.cut(1), "promotion") == [1, 0, 0]


def test_a_price_that_was_announced_later_is_the_one_before_it_at_earlier_cutoffs(
    tmp_path: Path,
) -> None:
    history = read_history(cleaned(write(tmp_path)))
    assert history.regressors["price"][0, -4:].tolist() == [12, 12, 12, 12]
    assert ahead(history.cut(2), "price") == [10, 10, 10]  # announced five days after April's
    assert ahead(history.cut(1), "price") == [12, 12, 12]


def forecasts(run: UnitMonth) -> CandidateForecasts:
    level = {"level": CandidateSettings(enabled=True)}
    few = run.parameters.model_copy(update={"candidates": level})
    return run_candidates(read_history(run), few, horizon=3)


def test_a_plan_helps_no_forecast_made_before_it_was_announced_and_those_after(
    tmp_path: Path,
) -> None:
    none, late = write(tmp_path / "none"), write(tmp_path / "late", announce("2024-05-01"))
    without, known = (forecasts(cleaned(project)) for project in (none, late))
    row = list(known.history.ids).index(EAST)
    np.testing.assert_array_equal(known.at(3), without.at(3))
    gained = known.at(2)[0, row] / without.at(2)[0, row]
    assert gained[[0, 2]] == pytest.approx(1, abs=0.05) and gained[1] > 1.5
    for month, helped in (("2024-03", False), ("2024-04", True)):
        runs = [cleaned(project, month, "backfill") for project in (none, late)]
        before, after = (forecasts(run).at(0)[0, row] for run in runs)
        assert (after.sum() > 1.2 * before.sum()) == helped
        assert helped or np.array_equal(before, after)


@pytest.mark.parametrize(("month", "back"), [("2024-03", 3), ("2024-04", 2), ("2024-05", 1)])
def test_a_backfill_and_a_backtest_know_the_same(tmp_path: Path, month: str, back: int) -> None:
    plans = (announce("2024-05-01"), {**promoted("2024-05"), "announced": "2024-04-20"})
    project = write(tmp_path, *plans)
    tested = read_history(cleaned(project)).cut(back)
    filled = read_history(cleaned(project, month, "backfill"))
    assert tested.ids.tolist() == filled.ids.tolist()
    for name, values in filled.regressors.items():
        np.testing.assert_allclose(tested.regressors[name][:, back:], values, err_msg=name)


def test_without_days_of_announcement_every_cutoff_knows_every_plan(tmp_path: Path) -> None:
    text = PROJECT.replace(", announced: announced", "")
    run = cleaned(write(tmp_path, announce("2024-05-01"), text=text))
    assert run.read("recalled").empty
    assert ahead(read_history(run).cut(3), "promotion") == [0, 0, 1]
    assert run.read("plan")["dated"].tolist() == [0, 0]


def build(rows: pd.DataFrame, plan: pd.DataFrame) -> BottomPanel:
    monthly = parameters(backtest={"cutoffs": 1, "step": 1})
    return build_panel(rows, monthly, "2025-12", plan)


def test_where_rows_are_flagged_an_earlier_cutoff_sees_the_plan_and_not_the_flags() -> None:
    days = [f"{year}-{month:02d}-10" for year in (2024, 2025) for month in range(1, 13)]
    rows = sales(*[(day, "Pots", "5") for day in days])
    rows["promotion"] = ["1" if day.startswith("2025-12") else "0" for day in days]
    plan = pd.DataFrame({"name": ["a"], "start": ["2024-02-01"], "end": ["2024-02-29"]})
    plan = plan.assign(announced="2024-01-01").astype(dict.fromkeys(("start", "end"), "M8[ns]"))
    built = build(rows, plan.astype({"announced": "M8[ns]"}))
    assert built.panel["promotion"].iloc[-1] == 1
    assert built.recalled[pd.Timestamp("2025-11-01")]["promotion"].tolist() == [0, 0, 0]


def test_a_plan_without_an_end_lies_in_every_month_of_a_calendar_of_weeks() -> None:
    days = [f"{year}-{month:02d}-10" for year in (2024, 2025) for month in range(1, 13)]
    weeks = parameters(backtest={"cutoffs": 1, "step": 1}, calendar={"kind": "4-4-5"})
    plan = pd.DataFrame({"name": ["a"], "start": ["2025-12-29"], "end": ["2199-12-31"]})
    plan = plan.assign(announced="2025-12-02").astype(dict.fromkeys(("start", "end"), "M8[ns]"))
    rows = sales(*[(day, "Pots", "5") for day in days])
    built = build_panel(rows, weeks, "2025-12", plan.astype({"announced": "M8[ns]"}))
    assert built.future["promotion"].tolist() == [1, 1, 1]
    assert built.recalled[pd.Timestamp("2025-11-01")]["promotion"].tolist() == [0, 1, 1]


def test_the_page_says_what_the_backtest_could_not_have_known(tmp_path: Path) -> None:
    plans = (announce("2024-05-01"), {**promoted("2024-02"), "announced": ""})
    run = cleaned(write(tmp_path, *plans))
    (said,) = describe_plans(writer_of(run), run.read("plan"))
    assert said == (
        "For promotion the backtest left out 1 entry of 9 at cutoffs that were published before "
        "the announcement. 1 entry without an announcement date counted as known at each cutoff. "
        "For price the backtest left out 1 entry of 2 at cutoffs that were published before the "
        "announcement."
    )
    text = PROJECT.replace(", announced: announced", "")
    undated = cleaned(write(tmp_path / "b", text=text))
    (said,) = describe_plans(writer_of(undated), undated.read("plan"))
    assert said.startswith("The backtest is flattered by what it knows of promotion and price: ")
    assert describe_plans(writer_of(run), run.read("plan").iloc[:0]) == []


def test_a_backfilled_month_says_what_it_left_out_and_what_it_takes_as_known(
    tmp_path: Path,
) -> None:
    beyond = {**promoted("2024-07"), "announced": "2024-06-01"}  # the horizon of March
    plans = (announce("2024-05-01"), {**promoted("2024-02"), "announced": ""}, beyond)
    run = cleaned(write(tmp_path, *plans), "2024-03", "backfill")
    assert plan_lines(run, run.read("plan")) == {
        "plans_undated": {"names": ["promotion"]},
        "plans_left_out": {"n": 2, "names": ["promotion", "price"]},  # June, and June's price
    }
    run = cleaned(tmp_path)
    assert plan_lines(run, run.read("plan")) == {}


def test_cutoffs_that_plans_were_not_recalled_for_stop_the_model(tmp_path: Path) -> None:
    project = write(tmp_path)
    cleaned(project)
    other = steps.open_month(
        project, "shop", "2024-06", folder=project / "run" / "2024-06", sets={"backtest.step": 3}
    )
    with pytest.raises(SalesForecastError, match="cutoffs 9, 12, .* months back.*steps.clean"):
        read_history(other)
    steps.clean(other)
    assert read_history(other).recalled
