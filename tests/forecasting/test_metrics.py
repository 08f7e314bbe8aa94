"""Claims about scores: numerators and denominators first, ratios last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.forecasting.metrics import pool, score
from salesfc_lib.foundation import tables

CUTOFF = pd.Timestamp("2025-12-01")


def rows(y_hat: list[float], **columns: list[float]) -> pd.DataFrame:
    ds = pd.date_range("2026-01-01", periods=len(y_hat), freq="MS")
    return pd.DataFrame(
        {
            "unique_id": "a",
            "stage": "combined",
            "model": "m",
            "cutoff": CUTOFF,
            "ds": ds,
            "h": np.arange(1, len(y_hat) + 1),
            "y_hat": y_hat,
            **columns,
        }
    )


def actual(values: list[float | None], start: str = "2026-01-01") -> pd.DataFrame:
    ds = pd.date_range(start, periods=len(values), freq="MS")
    return pd.DataFrame(
        {
            "unique_id": "a",
            "ds": ds,
            "y_raw": pd.array(values, dtype="Float64").to_numpy(float, na_value=np.nan),
        }
    )


def value(scores: pd.DataFrame, metric: str) -> float:
    return float(pool(scores).set_index("metric").loc[metric, "value"])


def test_wape_and_bias_worked_by_hand() -> None:
    scores = score(rows([110.0, 180.0, 50.0]), actual([100.0, 200.0, 50.0]))
    assert value(scores, "wape") == pytest.approx(30 / 350)
    assert value(scores, "bias") == pytest.approx(-10 / 350)


def test_pooled_ratio_is_not_the_mean_of_ratios() -> None:
    scores = score(rows([0.0, 1000.0]), actual([10.0, 1000.0]), metrics=["wape"])
    assert value(scores, "wape") == pytest.approx(10 / 1010)


def test_over_forecast_is_positive_bias() -> None:
    assert value(score(rows([120.0]), actual([100.0]), metrics=["bias"]), "bias") == pytest.approx(
        0.2
    )


def test_mase_divides_by_the_in_sample_seasonal_naive() -> None:
    history = actual([10.0] * 12 + [14.0] * 12, start="2024-01-01")
    scores = score(rows([20.0, 20.0]), pd.concat([history, actual([12.0, 18.0])]), metrics=["mase"])
    assert scores["denominator"].tolist() == [4.0, 4.0]
    assert value(scores, "mase") == pytest.approx((8 + 2) / 8)


def test_mase_scale_ignores_months_after_the_cutoff() -> None:
    history = actual([10.0] * 12 + [14.0] * 12, start="2024-01-01")
    far = actual([12.0, 1e9])
    assert score(rows([20.0]), pd.concat([history, far]), metrics=["mase"])[
        "denominator"
    ].tolist() == [4.0]


def test_coverage_counts_bounds_as_inside_and_leaves_out_forecasts_without_interval() -> None:
    frame = rows([1.0, 1.0, 1.0, 1.0], **{"lo-80": [0, 2, 3, np.nan], "hi-80": [1, 4, 4, np.nan]})
    scores = score(frame, actual([1.0, 2.0, 2.0, 5.0]), metrics=["coverage-80"])
    assert len(scores) == 3
    assert value(scores, "coverage-80") == pytest.approx(2 / 3)


def test_months_without_actual_give_no_score() -> None:
    assert len(score(rows([1.0, 1.0]), actual([1.0, None]), metrics=["wape"])) == 1


def test_value_of_nothing_sold_is_null() -> None:
    assert np.isnan(value(score(rows([5.0]), actual([0.0]), metrics=["wape"]), "wape"))


def test_scores_keep_the_contract_and_the_order_of_rows_changes_nothing() -> None:
    frame = rows([110.0, 180.0, 50.0])
    scores = tables.check(score(frame, actual([100.0, 200.0, 50.0])), "score")
    shuffled = score(frame.iloc[::-1], actual([100.0, 200.0, 50.0]))
    pd.testing.assert_frame_equal(pool(scores, ["h"]), pool(shuffled, ["h"]))


def test_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(SalesForecastError, match="Did you mean 'wape'"):
        score(rows([1.0]), actual([1.0]), metrics=["wap"])


def test_smape_reproduces_the_published_score_of_theta_on_m3(real_data: Path) -> None:
    published = pd.read_parquet(real_data / "m3" / "monthly_competition_forecasts.parquet").rename(
        columns={"yhat": "y_hat"}
    )
    forecasts = published.loc[published["method"].str.upper() == "THETA"]
    series = pd.read_parquet(real_data / "m3" / "monthly.parquet")
    start = series.groupby("unique_id").size() - 18
    position = series.groupby("unique_id").cumcount() + 1 - series["unique_id"].map(start)
    held = series.assign(h=position).query("h > 0")[["unique_id", "h", "y"]]
    epoch = pd.Timestamp("2000-01-01")
    month = {h: epoch + pd.DateOffset(months=int(h)) for h in range(1, 19)}
    frame = forecasts.assign(
        stage="candidate", model="THETA", cutoff=epoch, ds=forecasts["h"].map(month)
    )
    scores = score(frame, held.assign(ds=held["h"].map(month), y_raw=held["y"]), metrics=["smape"])
    assert value(scores, "smape") == pytest.approx(0.139, abs=0.0005)
