"""Claims about panels from outside: what cannot be used is refused with its value and what to do,
and what no planner would believe carries no forecast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.forecasting.alignment import align
from salesfc_lib.forecasting.forecast import model_history
from salesfc_lib.forecasting.tables import forecast_panel, list_weights
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.parameters import defaults

pytestmark = pytest.mark.filterwarnings("error")
SEASON = 100 + 20 * np.sin(np.arange(48) * np.pi / 6)
FADED = [128050.0, 4200, 0, 0, 0]


def make(y: Any = SEASON, unique_id: Any = "a") -> pd.DataFrame:
    """A series that ends in December 2025."""
    days = pd.date_range(end="2025-12-01", periods=len(y), freq="MS")
    return pd.DataFrame({"unique_id": pd.Series([unique_id] * len(y)), "ds": days, "y": list(y)})


def change(column: str, row: int, value: Any) -> pd.DataFrame:
    panel = make().astype({column: object})
    panel.loc[row, column] = value
    return panel


REFUSED: dict[str, tuple[Callable[[], pd.DataFrame], str]] = {
    "NaT": (lambda: change("ds", 5, pd.NaT), "no `ds`: 1 of 48 rows .*id a.* drop the row"),
    "no date": (lambda: change("ds", 5, None), "no `ds`: 1 of 48 rows"),
    "no id": (lambda: change("unique_id", 5, None), "no `unique_id`: 1 of 48 .*2022-06"),
    "number as date": (lambda: make().assign(ds=range(48)), "numbers in `ds`, such as 0"),
    "date of two readings": (lambda: change("ds", 5, "01/02/2025"), "no date in `ds`.*01/02/2025"),
    "half of them in a zone": (
        lambda: change("ds", 5, pd.Timestamp("2022-06-01", tz="Asia/Shanghai")),
        "no date in `ds`.*same time zone",
    ),
    "moved into another zone": (
        lambda: make().assign(
            ds=lambda each: each["ds"].dt.tz_localize("Asia/Shanghai").dt.tz_convert("UTC")
        ),
        "no first of a month, in `ds`: 48 of 48 .*2021-12-31 16:00.*tz_convert",
    ),
    "twice": (lambda: pd.concat([make(), make().iloc[[3]]]), "repeat the key.*'a 2022-04'"),
    "infinite": (lambda: change("y", 5, np.inf), "1 infinite values of `y` .*'a' 2022-06"),
    "text": (lambda: change("y", 5, "n/a"), "no number in `y`: 1 of 48 .*2022-06.* y n/a"),
    "complex": (lambda: make(SEASON + 1j), "complex numbers in `y`"),
    "no column": (lambda: make().drop(columns="y"), "lacks the column 'y'.* Rename"),
    "ids by type": (
        lambda: pd.concat([make(), make(unique_id=1), make(unique_id="1")]),
        "Ids 1 and '1' differ in type only.*astype",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_panel_is_refused_with_its_value_and_what_to_do(name: str) -> None:
    panel, says = REFUSED[name]
    with pytest.raises(SalesForecastError, match=says) as caught:
        forecast_panel(panel())
    assert str(caught.value).count(". ") >= 2


@pytest.mark.parametrize("horizon", [0, -1, 2.5, 12.0, "12", True, None, float("nan")])
def test_a_horizon_is_a_whole_number_of_months(horizon: Any) -> None:
    with pytest.raises(SalesForecastError, match=f"`horizon` is {horizon!r}.* from 1 on"):
        forecast_panel(make(), horizon=horizon)


def test_regressors_to_come_have_the_ids_and_months_of_the_panel() -> None:
    panel = make(unique_id=1).assign(price=1.0)
    days = pd.date_range("2026-01-01", periods=12, freq="MS")
    future = pd.DataFrame({"unique_id": "1", "ds": days, "price": 1.0})
    with pytest.raises(SalesForecastError, match="differ in type only"):
        forecast_panel(panel, future=future)
    with pytest.raises(SalesForecastError, match="`future` has no `ds`: 12"):
        forecast_panel(panel, future=future.assign(unique_id=1, ds=pd.NaT))


@pytest.mark.parametrize(
    "spell",
    [
        lambda panel: panel.sample(frac=1, random_state=2),
        lambda panel: panel.assign(ds=panel["ds"].dt.tz_localize("Asia/Shanghai")),
        lambda panel: panel.assign(ds=panel["ds"].dt.tz_localize("America/New_York")),
        lambda panel: panel.assign(ds=panel["ds"].dt.strftime("%Y-%m")),
        lambda panel: panel.assign(ds=panel["ds"].dt.to_period("M")),
        lambda panel: panel.assign(ds=panel["ds"].dt.date),
        lambda panel: panel.assign(y=panel["y"].map(repr)),
    ],
)
def test_months_are_the_same_however_they_are_written_and_ordered(
    spell: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    found = forecast_panel(spell(make()), horizon=3)
    pd.testing.assert_frame_equal(found, forecast_panel(make(), horizon=3), check_exact=True)
    assert found["ds"].min() == pd.Timestamp("2026-01-01")


def by_column(panel: pd.DataFrame, unique_id: str = "a", horizon: int = 12) -> dict[str, Any]:
    """Forecast of a series by column."""
    found = forecast_panel(panel, horizon=horizon)
    return found[found["unique_id"] == unique_id].set_index("h").to_dict("series")


@pytest.mark.parametrize("beside", [False, True])
def test_a_launch_that_faded_and_fell_silent_is_over(beside: bool) -> None:
    others = [make(SEASON * k, f"s{k}") for k in range(1, 10)] if beside else []
    found = by_column(pd.concat([make(FADED), *others]))
    assert (found["y_hat"] == 0).all()  # 21,032 a month before
    assert (found["hi-80"] == 0).all()
    assert found["hi-95"].tolist() == pytest.approx([sum(FADED) / 5] * 12)  # it may come back


@pytest.mark.parametrize("silent", [10, 16, 22])
def test_a_launch_that_is_over_does_not_come_back_after_a_year(silent: int) -> None:
    found = by_column(make([*FADED[:2], *[0.0] * silent]))
    assert (found["y_hat"] == 0).all()


@pytest.mark.parametrize("horizon", [6, 12, 24])
def test_a_launch_that_fades_goes_on_as_its_last_months_did(horizon: int) -> None:
    found = by_column(make([1000.0, 500, 200, 80, 10, 0, 0]), horizon=horizon)
    assert found["y_hat"].tolist() == pytest.approx([2 * 10 / 3] * horizon)  # 189 before
    found = by_column(make([1e6, 100, 100, 100, 100]), horizon=horizon)
    assert found["y_hat"].tolist() == pytest.approx([200.0] * horizon)  # 118,375 before


@pytest.mark.parametrize("y", [[10.0, 0, 0, 0], [0.0, 10, 0, 0, 0], [100.0, 100, 0, 0, 0]])
def test_a_young_lumpy_series_goes_on(y: list[float]) -> None:
    assert by_column(make(y))["y_hat"].between(0.1 * np.mean(y), 2 * np.mean(y)).all()


@pytest.mark.parametrize(
    "y",
    [
        [*SEASON[:-1], SEASON[-1] * 1e4],
        [*SEASON[:-9], SEASON[-9] * 1e4, *SEASON[-8:]],
        [100.0] * 47 + [1e6],
        [100.0] * 9 + [1e6],
        [100.0] * 4 + [1e6],
        [*SEASON[:-1], -1e6],
    ],
)
def test_one_absurd_month_carries_no_forecast(y: list[float]) -> None:
    found = by_column(make(y))
    assert found["y_hat"].between(75, 125).all()  # up to 430,000 before
    assert found["hi-95"].max() < 250


def test_a_month_that_is_absurd_is_told_and_a_second_one_believed() -> None:
    y = np.array([10.0] * 36 + [5000.0])
    modeled = model_history(align(make(y), horizon=12), defaults(), horizon=12)
    reasons = list_weights(modeled)["reason"].map(in_words)
    told = "5,000 in 2025-12 is more than 100 times any month before, and taken as unknown"
    assert reasons.str.contains(told).all()
    assert align(make([*y, 5000.0]), horizon=12).y[0, -2:].tolist() == [10.0, 5000.0]
    assert align(make([10.0] * 36 + [1000.0]), horizon=12).absurd == {}  # a hundred times


def test_a_series_begins_anew_after_a_year_without_a_value() -> None:
    y = np.concatenate([np.full(5, 100.0), np.full(12, np.nan), np.full(2, 7.0)])
    begun = align(make(y), horizon=12).y[0]
    assert np.isnan(begun[:17]).all()
    assert begun[17:].tolist() == [7.0, 7.0]
    shorter = align(make(np.delete(y, 5)), horizon=12).y[0]  # eleven months are estimated
    assert shorter[:16].tolist() == [100.0] * 16


def test_intervals_end_where_nothing_beyond_is_plausible() -> None:
    two = make([100.0] * 39 + [5000.0]).iloc[[0, 39]]
    assert by_column(two)["hi-95"].max() < 10_000  # 7.5e20 before
    jump = by_column(make([100.0] * 47 + [150.0]))
    assert jump["hi-95"].max() < 2000
    assert (jump["lo-95"] >= 0).all()


def test_nothing_sold_and_one_month_have_a_forecast() -> None:
    for y in ([0.0] * 48, [0.0] * 3, [0.0]):
        assert (forecast_panel(make(y))[["y_hat", "lo-95", "hi-95"]] == 0).all(axis=None)
    one = by_column(make([100.0]))
    assert (one["y_hat"] == 100).all()
    assert (one["lo-80"] < 60).all()
    assert (one["hi-80"] > 140).all()


def test_parameters_of_ones_own_reach_the_forecast() -> None:
    naive = {"seasonal_naive": defaults().candidates["seasonal_naive"]}
    own = defaults().model_copy(update={"candidates": naive})
    found = forecast_panel(make(), horizon=3, parameters=own)["y_hat"].to_numpy()
    usual = forecast_panel(make(), horizon=3)["y_hat"].to_numpy()
    assert np.isfinite(found).all()
    assert not np.allclose(found, usual, rtol=0, atol=1e-9)
