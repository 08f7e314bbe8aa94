"""A month run again under other parameters: the same forecasts where nothing changes, and what the
change alone is worth where something does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesfc_lib import steps
from salesfc_lib.archive import UnitMonth
from salesfc_lib.forecasting import list_past, model_history
from salesfc_lib.foundation import read_yaml, resources, with_value
from salesfc_lib.retrospective.facts import read_facts
from salesfc_lib.retrospective.proposals import Rerun, rerun
from tests.orders import order, save

FEW = ("seasonal_naive", "recent_mean", "level", "damped")
OTHERS = set(read_yaml(resources.DEFAULTS)["candidates"]) - {*FEW}
OFF = "\n".join(f"  {name}: {{enabled: false}}" for name in sorted(OTHERS))
PROJECT = f"""
sources:
  orders: {{kind: csv, path: orders.csv, columns: {{date: date, region: region, amount: amount}}}}
  plans:
    {{kind: csv, role: promotions, path: plans.csv,
     columns: {{name: name, start: start, end: end}}}}
dimensions: [region]
levels: {{total: [], region: [region]}}
calendar: {{closed_through: "2024-06"}}
horizon: 6
candidates:
{OFF}
"""
MONTHS = pd.period_range("2019-07", "2024-06", freq="M")
SINCE = pd.Timestamp("2023-07-01")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> UnitMonth:
    """A month of two regions, cleaned and modeled; one has a large order in three of its years."""
    folder, dice = tmp_path_factory.mktemp("shop"), np.random.default_rng(3)
    (folder / "parameters" / "units").mkdir(parents=True)
    (folder / "parameters" / "units" / "shop.yml").write_text(PROJECT, encoding="utf-8")
    rows = []
    for at, month in enumerate(MONTHS):
        for region, size in (("east", 100), ("west", 300)):
            usual = size * (1 + 0.2 * np.cos(at * np.pi / 6)) * np.exp(dice.normal(0, 0.1))
            amount = usual * (4 if region == "east" and at in (27, 38, 50) else 1)
            one = order(f"{region}{month}", f"{month}-10", region=region)
            rows.append({**one, "amount": f"{amount:.2f}"})
    save(folder, "orders", rows)
    promoted = {"name": "x", "start": "2024-02-01", "end": "2024-02-09"}
    save(folder, "plans", [promoted])
    opened = steps.open_month(folder, "shop", "2024-06", folder=folder / "run")
    steps.clean(opened)
    steps.model(opened)
    steps.reconcile(opened)
    return opened


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("combine.power", 4.0),
        ("candidates.growth.enabled", False),
        ("cleaning.outliers.threshold", 6.0),
        ("measure.promotion_window.after", 0),
        ("calendar.moving_holidays", None),
    ],
)
def test_what_is_not_changed_gains_exactly_nothing(run: UnitMonth, key: str, value: Any) -> None:
    gain = Rerun(run).measure(key, value, since=SINCE)
    assert gain["gain"] == 0.0
    assert gain["wape_now"] == gain["wape_proposed"] > 0
    assert (gain["measured"], gain["decision"]) == ("earlier", "not_worth_it")
    assert gain["rows"] == 2 * gain["months"]  # each month once in each region


def test_the_gain_is_that_of_a_slow_obvious_loop(run: UnitMonth) -> None:
    gain = Rerun(run).measure("combine.power", 0.5, since=SINCE)
    actual = run.read("panel").set_index(["unique_id", "ds"])["y_raw"]
    wape = []
    for power in (4.0, 0.5):
        parameters = with_value(run.parameters, "combine.power", power)
        history = steps.read_history(run)
        past = list_past(model_history(history, parameters, horizon=6, levels=["total", "region"]))
        missed = sold = 0.0
        for row in past.itertuples():
            counts = row.h <= 3 and row.ds < SINCE and row.unique_id != "total"
            if counts and (row.unique_id, row.ds) in actual.index:
                missed += abs(row.y_hat - actual[row.unique_id, row.ds])
                sold += actual[row.unique_id, row.ds]
        wape.append(missed / sold)
    assert wape[0] != wape[1]
    assert [gain["wape_now"], gain["wape_proposed"]] == pytest.approx(wape)
    assert gain["gain"] == pytest.approx(wape[0] - wape[1])


def test_a_threshold_changes_the_months_that_models_see_but_not_what_was_sold(
    run: UnitMonth,
) -> None:
    assert len(run.read("outliers"))
    kept = Rerun(run).measure("cleaning.outliers.enabled", False, since=None)
    assert kept["wape_proposed"] != kept["wape_now"]
    assert kept["rows"] == Rerun(run).measure("combine.power", 8.0, since=None)["rows"]


def test_the_method_of_the_hierarchy_is_measured_on_all_levels(run: UnitMonth) -> None:
    chosen = run.read("reconciliation").query("chosen")["method"].iloc[0]
    same = Rerun(run).measure("reconcile.methods", [chosen], since=SINCE)
    assert same["gain"] == 0.0
    assert same["rows"] == 3 * same["months"]
    other = "ols" if chosen == "bottom_up" else "bottom_up"
    assert Rerun(run).measure("reconcile.methods", [other], since=SINCE)["gain"] != 0.0


def test_what_cannot_be_measured_says_why(
    run: UnitMonth, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def why(key: str, value: Any) -> str:
        gain = Rerun(run).measure(key, value, since=SINCE)
        assert (gain["decision"], np.isnan(gain["gain"])) == ("open", True)
        return str(read_facts(gain["remark"])["say"])

    assert why("calendar.closed_months", ["2024-01"]) == "proposal.a_fact"
    assert why("combine.power", -1.0) == "proposal.rerun_failed"
    monkeypatch.setattr(rerun, "MOST_SERIES", 2)
    assert why("combine.power", 8.0) == "proposal.large"
