"""Claims about the rolling backtest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesfc_lib import tables
from salesfc_lib.backtest import list_cutoffs, run_candidates, score_candidates
from salesfc_lib.candidates.protocol import Candidate, collect
from salesfc_lib.combine import combine_backtest
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.memory import Memory
from salesfc_lib.metrics import pool
from salesfc_lib.schema import Parameters

MONTH = "2025-12"


def parameters(names: dict[str, Any], **blocks: Any) -> Parameters:
    levels = {"total": [], "bottom": ["line"]}
    return Parameters.model_validate({"levels": levels, "dimensions": ["line"], "candidates": names, "horizon": 6, **blocks})


CHEAP = {"seasonal_naive": {}, "recent_mean": {}, "regression": {}}


@pytest.fixture
def unit() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Panel, series and future of two lines and their total, 40 months through 2026-02; 'b' starts late."""
    rng = np.random.default_rng(11)
    ds = pd.date_range(end="2026-02-01", periods=40, freq="MS")
    season = 1 + 0.3 * np.sin(np.arange(40) * np.pi / 6)
    a, b = 100 * season + rng.normal(0, 5, 40), 50 * season + rng.normal(0, 5, 40)
    b[:10] = 0
    frames = [pd.DataFrame({"unique_id": name, "ds": ds, "y": y, "y_raw": y}) for name, y in (("total", a + b), ("a", a), ("b", b))]
    frames[2] = frames[2].iloc[10:]
    panel = pd.concat(frames, ignore_index=True).assign(trading_days=21.0)
    series = pd.DataFrame({"unique_id": ["total", "a", "b"], "level": ["total", "bottom", "bottom"], "label": ["total", "a", "b"]})
    later = pd.date_range("2026-03-01", periods=6, freq="MS")
    future = series[["unique_id"]].merge(pd.DataFrame({"ds": later, "trading_days": 21.0}), how="cross")
    return panel, series, future


def run(unit: tuple, names: dict[str, Any] | None = None, month: str = MONTH, **kwargs: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    panel, series, future = unit
    return run_candidates(panel, series, future, parameters=parameters(names or CHEAP), month=month, **kwargs)


def always(values: np.ndarray, from_cutoff: int = 0) -> dict[str, Candidate]:
    """An analyst's candidate that always says the same, at the cutoffs from one on."""

    def forecast(panel: pd.DataFrame, future: pd.DataFrame, cutoffs: list[pd.Timestamp], horizon: int) -> tuple:
        ids = panel["unique_id"].unique()
        return collect([(name, cutoff, values) for name in ids for cutoff in cutoffs[from_cutoff:]], [], horizon)

    return {"mine": Candidate("mine", "own", "Mine", forecast)}


def test_cutoffs_step_back_from_the_month_and_need_a_year_behind_them(unit: tuple) -> None:
    settings = parameters(CHEAP).backtest
    cutoffs = list_cutoffs(unit[0], pd.Timestamp(MONTH), settings)
    assert [f"{cutoff:%Y-%m}" for cutoff in cutoffs] == ["2024-12", "2025-02", "2025-04", "2025-06", "2025-08", "2025-10"]
    short = list_cutoffs(unit[0].query("ds >= '2024-07-01'"), pd.Timestamp(MONTH), settings)
    assert [f"{cutoff:%Y-%m}" for cutoff in short] == ["2025-08", "2025-10"]
    assert list_cutoffs(unit[0].query("ds >= '2025-11-01'"), pd.Timestamp(MONTH), settings) == []


def test_tables_keep_their_contracts(unit: tuple) -> None:
    forecasts, failures = run(unit, {**CHEAP, "growth": {}})
    tables.check(forecasts, "candidate_forecast")
    tables.check(failures, "failures")
    assert len(failures) == 4  # growth asks for 24 months of 'b'; the first four cutoffs have 16 to 22
    assert len(forecasts) == 6 * (4 * 3 * 7 - len(failures))


def test_months_after_the_month_change_nothing(unit: tuple) -> None:
    panel = unit[0]
    changed = panel.assign(y=panel["y"].where(panel["ds"] <= "2025-12-01", 1e9))
    for before, after in zip(run(unit), run((changed, *unit[1:])), strict=True):
        pd.testing.assert_frame_equal(before, after)


ALL: dict[str, Any] = {**CHEAP, "theta": {}, "arima": {"levels": ["total"]}, "xgboost": {"settings": {"trees": 10}}}


def test_memory_changes_no_number_from_month_to_month(unit: tuple, tmp_path: Path) -> None:
    for month in ("2025-10", "2025-11", "2025-12"):
        remembered = run(unit, ALL, month, memory=Memory(tmp_path))
        alone = run(unit, ALL, month)
        for kept, fresh in zip(remembered, alone, strict=True):
            pd.testing.assert_frame_equal(kept, fresh, check_exact=True)


def test_memory_computes_each_answer_once(unit: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    from salesfc_lib import backtest

    asked: list[tuple[str, pd.Timestamp]] = []
    compute = backtest._compute

    def count(request: Any, ids: list[str], cutoffs: list[pd.Timestamp], settings: dict[str, Any]) -> Any:
        asked.extend((unique_id, cutoff) for unique_id in ids for cutoff in cutoffs)
        return compute(request, ids, cutoffs, settings)

    monkeypatch.setattr(backtest, "_compute", count)
    memory = Memory()
    run(unit, {"regression": {}}, "2025-10", memory=memory)
    run(unit, {"regression": {}}, "2025-12", memory=memory)
    assert len(asked) == len(set(asked)) == 3 * 8
    run(unit, {"regression": {"settings": {"half_life": 9.0}}}, "2025-12", memory=memory)
    assert len(asked) == 3 * 8 + 3 * 7


def test_changed_history_is_computed_again(unit: tuple) -> None:
    memory = Memory()
    panel, series, future = unit
    run(unit, memory=memory)
    changed = panel.assign(y=panel["y"].where((panel["unique_id"] != "a") | (panel["ds"] != "2025-03-01"), 500.0))
    for kept, fresh in zip(run((changed, series, future), memory=memory), run((changed, series, future)), strict=True):
        pd.testing.assert_frame_equal(kept, fresh, check_exact=True)


def test_levels_choose_the_series_and_levels_of_other_units_are_passed_over(unit: tuple) -> None:
    forecasts, _ = run(unit, {"seasonal_naive": {"levels": ["total", "no_such_level"]}})
    assert set(forecasts["unique_id"]) == {"total"}


def test_disabled_candidate_does_not_run(unit: tuple) -> None:
    forecasts, _ = run(unit, {**CHEAP, "regression": {"enabled": False}})
    assert set(forecasts["model"]) == {"seasonal_naive", "recent_mean"}


def test_analysts_own_candidate_competes(unit: tuple) -> None:
    forecasts, failures = run(unit, extra=always(np.full(6, 42.0)))
    assert forecasts.query("model == 'mine'")["y_hat"].eq(42.0).all() and failures.empty


def test_candidate_that_breaks_is_failures_and_the_others_go_on(unit: tuple) -> None:
    def broken(panel: pd.DataFrame, future: pd.DataFrame, cutoffs: list, horizon: int) -> tuple:
        raise RuntimeError("out of luck")

    forecasts, failures = run(unit, extra={"mine": Candidate("mine", "own", "Mine", broken)})
    assert failures["error"].eq("RuntimeError: out of luck").all() and len(failures) == 3 * 7
    assert set(forecasts["model"]) == set(CHEAP)


def test_forecast_that_is_not_finite_is_a_failure(unit: tuple) -> None:
    forecasts, failures = run(unit, extra=always(np.full(6, np.nan), from_cutoff=1))
    assert "mine" not in set(forecasts["model"])
    assert set(failures["error"]) == {"gave 0 finite values, 6 needed", "gave no forecast"}


def test_nothing_is_negative_where_history_is_not(unit: tuple) -> None:
    panel, series, future = unit
    panel = panel.assign(y=panel["y"].where((panel["unique_id"] != "a") | (panel["ds"] != "2025-07-01"), -1.0))
    forecasts, _ = run((panel, series, future), extra=always(np.full(6, -5.0)))
    mine = forecasts.query("model == 'mine'")
    allowed = (mine["unique_id"] == "a") & (mine["cutoff"] >= "2025-07-01")
    assert mine.loc[allowed, "y_hat"].eq(-5).all() and allowed.any()
    assert mine.loc[~allowed, "y_hat"].eq(0).all()


def test_unknown_candidate_and_setting_name_the_nearest(unit: tuple) -> None:
    with pytest.raises(SalesForecastError, match="Did you mean 'candidates.theta'"):
        run(unit, {"tetha": {}})
    with pytest.raises(SalesForecastError, match="Did you mean 'half_life'"):
        run(unit, {"regression": {"settings": {"halflife": 3}}})


def test_progress_ends_complete(unit: tuple) -> None:
    seen: list[tuple[str, int, int]] = []
    run(unit, progress=lambda *step: seen.append(step))
    assert seen[0] == ("seasonal_naive", 0, 3) and seen[-1] == ("", 3, 3)


def test_scores_count_only_months_with_actuals(unit: tuple) -> None:
    panel = unit[0].query("ds <= '2025-12-01'")
    forecasts, _ = run(unit)
    combined = combine_backtest(forecasts, panel, unit[1], parameters=parameters(CHEAP))
    scores = tables.check(score_candidates(forecasts, combined, panel), "score")
    assert set(scores["stage"]) == {"candidate", "combined"}
    naive = scores.query("model == 'seasonal_naive' and unique_id == 'a' and metric == 'wape'")
    assert len(naive) == 4 * 6 + 4 + 2  # four cutoffs with six actual months, then four, then two
    rows = forecasts.query("model == 'seasonal_naive' and unique_id == 'a'").merge(panel[["unique_id", "ds", "y_raw"]])
    by_hand = (rows["y_hat"] - rows["y_raw"]).abs().sum() / rows["y_raw"].sum()
    assert pool(naive)["value"].iloc[0] == pytest.approx(by_hand)
