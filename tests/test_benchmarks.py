"""Claims about the accuracy benchmark: its scores are the published ones, and any file of months
can be judged.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
SIDES = [f"{side}-{level}" for level in (50, 80, 95) for side in ("lo", "hi")]


@pytest.fixture(scope="module", autouse=True)
def modules() -> Iterator[None]:
    """The scripts find each other as they do when they are run."""
    sys.path.insert(0, str(BENCHMARKS))
    yield
    sys.path.remove(str(BENCHMARKS))


def load(name: str) -> ModuleType:
    import importlib

    return importlib.import_module(name)


def history(values: list[float], unique_id: str = "a", start: str = "2020-01") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "unique_id": unique_id,
            "ds": pd.date_range(start, periods=len(values), freq="MS"),
            "y": values,
        }
    )


def judged(
    actual: list[float], forecast: list[float], unique_id: str = "a", **sides: float
) -> pd.DataFrame:
    """Rows as `score` takes them; intervals are the forecast itself unless given."""
    rows = pd.DataFrame(
        {
            "unique_id": unique_id,
            "h": range(1, len(actual) + 1),
            "actual": actual,
            "y_hat": forecast,
        }
    )
    return rows.assign(**{side: sides.get(side.replace("-", "_"), rows["y_hat"]) for side in SIDES})


def score(rows: pd.DataFrame, before: pd.DataFrame) -> dict[str, float]:
    scores = load("scores")
    return scores.score(rows, scores.find_scales(before))


# --- scores


def test_scales_are_the_seasonal_step_and_the_squared_monthly_step() -> None:
    found = load("scores").find_scales(history([*range(1, 13), 4, 4, 4])).loc["a"]
    assert found["seasonal"] == pytest.approx((3 + 2 + 1) / 3)  # 4-1, 4-2, 4-3
    assert found["squared"] == pytest.approx(
        (11 + 64) / 14
    )  # eleven steps of 1, one from 12 to 4, two of 0


def test_twelve_months_or_fewer_are_measured_in_monthly_steps() -> None:
    assert load("scores").find_scales(history([1.0, 3.0, 2.0])).loc["a"].tolist() == [1.5, 2.5]


def test_a_missing_month_takes_part_in_no_step() -> None:
    assert load("scores").find_scales(history([1.0, np.nan, 2.0, 5.0])).loc["a"].tolist() == [
        3.0,
        9.0,
    ]


def test_mase_and_rmsse_are_means_over_series_worked_by_hand() -> None:
    before = pd.concat([history([0.0, 2.0, 0.0]), history([0.0, 10.0, 0.0], "b")])
    rows = pd.concat([judged([1.0, 1.0], [2.0, 4.0]), judged([10.0], [20.0], "b")])
    found = score(rows, before)
    assert found["mase"] == pytest.approx(((1 + 3) / 2 / 2 + 10 / 10) / 2)
    assert found["rmsse"] == pytest.approx((((1 + 9) / 2 / 4) ** 0.5 + 1) / 2)


def test_wape_bias_and_total_are_ratios_of_sums() -> None:
    before = pd.concat([history([0.0, 2.0]), history([0.0, 1.0], "b")])
    found = score(
        pd.concat([judged([10.0, 30.0], [20.0, 20.0]), judged([60.0], [90.0], "b")]), before
    )
    assert found["wape"] == pytest.approx(50 / 100)
    assert found["bias"] == pytest.approx(30 / 100)
    assert found["wape_total"] == pytest.approx(30 / 100)  # in series a the two errors cancel


def test_interval_score_is_that_of_bracher_et_al_worked_by_hand() -> None:
    rows = judged([10.0], [8.0], lo_50=7.0, hi_50=9.0, lo_80=6.0, hi_80=10.0, lo_95=4.0, hi_95=12.0)
    # half the error 1; at 50 %: 0.25 * 2 + (10 - 9); at 80 %: 0.1 * 4; at 95 %: 0.025 * 8
    wis = (1.0 + (0.5 + 1.0) + 0.4 + 0.2) / 3.5
    assert load("scores").find_wis(rows).tolist() == [pytest.approx(wis)]
    assert score(rows, history([0.0, 2.0, 0.0]))["wis"] == pytest.approx(wis / 2)


@given(st.lists(st.floats(-1e6, 1e6), min_size=7, max_size=7), st.floats(-1e6, 1e6))
def test_interval_score_is_twice_the_mean_pinball_loss(
    quantiles: list[float], actual: float
) -> None:
    """An independent form of the same score (Bracher et al. 2021, equation 3), with the median
    counted once in seven.
    """
    low95, low80, low50, middle, high50, high80, high95 = sorted(quantiles)
    rows = judged(
        [actual],
        [middle],
        lo_50=low50,
        hi_50=high50,
        lo_80=low80,
        hi_80=high80,
        lo_95=low95,
        hi_95=high95,
    )
    taus = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]
    losses = [
        2 * ((actual <= q) - tau) * (q - actual)
        for q, tau in zip(sorted(quantiles), taus, strict=True)
    ]
    assert load("scores").find_wis(rows)[0] == pytest.approx(np.mean(losses), rel=1e-9, abs=1e-6)


def test_coverage_counts_bounds_as_inside_and_tells_each_month_ahead() -> None:
    rows = judged([1.0, 5.0, np.nan, 9.0], [3.0] * 4, lo_80=1.0, hi_80=6.0)
    assert score(rows, history([0.0, 1.0]))["coverage80"] == pytest.approx(2 / 3)
    told = load("scores").cover_by_month(rows, 5)
    assert told[:2] + told[3:4] == [1.0, 1.0, 0.0]
    assert np.isnan([told[2], told[4]]).all()


def test_series_that_never_changed_count_in_no_scaled_score_and_alone_give_none() -> None:
    flat, moving = history([5.0, 5.0], "flat"), history([0.0, 2.0])
    rows = pd.concat([judged([1.0], [3.0]), judged([0.0], [5.0], "flat")])
    assert score(rows, pd.concat([moving, flat]))["mase"] == pytest.approx(1.0)
    assert np.isnan(score(judged([0.0], [5.0], "flat"), flat)["mase"])


def test_methods_without_intervals_have_no_interval_score() -> None:
    rows = judged([1.0], [2.0]).assign(**dict.fromkeys(SIDES, np.nan))
    found = score(rows, history([0.0, 2.0]))
    assert np.isnan([found["wis"], found["coverage80"]]).all()
    assert found["mase"] == pytest.approx(0.5)


PUBLISHED = {
    "THETA": 13.85,
    "ForecastPro": 13.89,
    "NAIVE2": 16.91,
    "SINGLE": 15.3,
    "DAMPEN": 14.58,
    "ROBUST-Trend": 18.93,
}


@pytest.mark.parametrize("method", PUBLISHED)
def test_smape_of_the_m3_methods_is_the_published_one(method: str, real_data: Path) -> None:
    """Monthly series, 18 months: Makridakis and Hibon 2000,
    https://doi.org/10.1016/S0169-2070(00)00057-1, table 14.
    """
    actual = (
        pd.read_parquet(real_data / "m3" / "monthly.parquet")
        .query("split == 'test'")
        .sort_values("t")
    )
    actual = actual.assign(h=actual.groupby("unique_id").cumcount() + 1)
    forecasts = pd.read_parquet(real_data / "m3" / "monthly_competition_forecasts.parquet")
    rows = actual.merge(forecasts[forecasts["method"].eq(method)], on=["unique_id", "h"])
    assert len(rows) == 1428 * 18
    assert load("scores").find_smape(rows["y"], rows["yhat"]).mean() == pytest.approx(
        PUBLISHED[method], abs=0.05
    )


def test_the_samples_are_those_of_the_known_results(real_data: Path, tmp_path: Path) -> None:
    """Seasonal naive as published with the data: carparts RMSSE 0.943 at +21 %, M3 MASE 1.119; all
    zero: 0.696 at -100 %.
    """
    panels, reading, naive = load("panels"), load("reading"), load("methods.seasonal_naive")
    for path in panels.write_panels(tmp_path, ("carparts", "m3"), data=real_data):
        panel = reading.read_panel(path)
        rows = load("accuracy").match(
            panel, naive.forecast(panel.history, panel.future, {"horizon": panel.reach})
        )
        found, empty = score(rows, panel.history), score(rows.assign(y_hat=0.0), panel.history)
        if panel.name == "m3_h18":
            assert found["mase"] == pytest.approx(1.119, abs=5e-4)
        else:
            assert [found["rmsse"], found["bias"]] == pytest.approx([0.943, 0.213], abs=5e-4)
            assert [empty["rmsse"], empty["bias"]] == pytest.approx([0.696, -1.0], abs=5e-4)


# --- files


def write(folder: Path, rows: pd.DataFrame, name: str = "mine_h2") -> Path:
    path = folder / f"{name}.parquet"
    rows.to_parquet(path)
    return path


def read(folder: Path, rows: pd.DataFrame, name: str = "mine_h2") -> Any:
    return load("reading").read_panel(write(folder, rows, name))


SIX = [f"2023-{month:02}" for month in (9, 10, 11, 12)] + ["2024-01", "2024-02"]
STARTS = pd.to_datetime(SIX)
WAYS = {
    "months": SIX,
    "texts": [f"{each}-15" for each in SIX],
    "times with a zone in text": [f"{each}-01T00:00:00+08:00" for each in SIX],
    "month ends": STARTS + pd.offsets.MonthEnd(),
    "any day": STARTS + pd.to_timedelta([3, 9, 27, 0, 14, 2], unit="D"),
    "with a time zone": STARTS.tz_localize("Asia/Shanghai"),
    "dates": [date(each.year, each.month, 28) for each in STARTS],
    "periods": STARTS.to_period("M"),
    "day first": [f"{each.day:02}/{each.month:02}/{each.year}" for each in STARTS],
    "ends, day first": [
        f"{each.day}.{each.month}.{each.year}" for each in STARTS + pd.offsets.MonthEnd()
    ],
    "month first": [
        f"{each.month}/{each.day + place}/{each.year}" for place, each in enumerate(STARTS, 13)
    ],
    "Chinese": [f"{each.year}年{each.month}月" for each in STARTS],
    "Chinese days": [f"{each.year}年{each.month}月3日" for each in STARTS],
    "YYYYMM": [202309, 202310, 202311, 202312, 202401, 202402],
    "YYYYMM in text": ["202309", "202310", "202311", "202312", "202401", "202402"],
    "YYYYMMDD": [20230930, 20231031, 20231130, 20231231, 20240131, 20240229],
    "seconds": [int(each.timestamp()) for each in STARTS],
    "nanoseconds": [int(each.value) for each in STARTS],
    "milliseconds": [int(each.timestamp() * 1000) for each in STARTS],
    "with M": ["2023M09", "2023M10", "2023M11", "2023M12", "2024M01", "2024M02"],
}


@pytest.mark.parametrize("way", WAYS)
def test_months_are_read_however_they_are_written(way: str, tmp_path: Path) -> None:
    panel = read(tmp_path, pd.DataFrame({"unique_id": 7, "ds": WAYS[way], "y": range(6)}))
    assert panel.history["ds"].dt.strftime("%Y-%m").tolist() == SIX[:4]
    assert panel.actual["ds"].dt.strftime("%Y-%m").tolist() == SIX[4:]
    assert panel.actual["actual"].tolist() == [4.0, 5.0]
    assert panel.notes == ()


@pytest.mark.parametrize(
    "ds",
    [
        [1, 2, 3, 4, 5],
        [0.0, 1.0, 2.0, 3.0, 4.0],
        None,
        [None] * 5,
        ["soon"] * 5,
        [0.1, 0.2, 0.3, 0.4, 0.5],
    ],
)
def test_counts_and_rows_without_dates_are_months_in_order(
    ds: list[Any] | None, tmp_path: Path
) -> None:
    rows = pd.DataFrame({"unique_id": list("aaaaabbbbb"), "y": [0.0, 1, 2, 3, 4] * 2})
    panel = read(tmp_path, rows if ds is None else rows.assign(ds=ds * 2))
    assert panel.history.groupby("unique_id")["y"].apply(list).tolist() == [[0, 1, 2], [0, 1, 2]]
    assert panel.actual["actual"].tolist() == [3, 4, 3, 4]
    assert panel.actual["h"].tolist() == [1, 2, 1, 2]


def test_years_that_no_table_holds_become_others_with_the_same_months(tmp_path: Path) -> None:
    ds = pd.Series(
        np.array([f"0001-{month:02}-01" for month in range(3, 9)], dtype="datetime64[us]")
    )
    panel = read(tmp_path, pd.DataFrame({"unique_id": "a", "ds": ds, "y": range(6)}))
    assert panel.history["ds"].dt.strftime("%Y-%m").tolist() == [
        "2000-03",
        "2000-04",
        "2000-05",
        "2000-06",
    ]
    assert "before 1800" in panel.notes[0]


def test_rows_in_any_order_give_the_same_panel(tmp_path: Path) -> None:
    rows = pd.concat([history([*range(9)], name) for name in ("b", "华东/酒", "a")])
    one, other = read(tmp_path, rows), read(tmp_path, rows.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(one.history, other.history)
    pd.testing.assert_frame_equal(one.actual, other.actual)
    assert one.history["unique_id"].unique().tolist() == ["a", "b", "华东/酒"]


def test_a_held_back_row_is_judged_by_the_forecast_of_its_own_month(tmp_path: Path) -> None:
    rows = history([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]).drop(index=[1, 5])  # months 1 3 4 5 7
    panel = read(tmp_path, rows)
    assert panel.history["y"].fillna(-1).tolist() == [1.0, -1, 3.0, 4.0], (
        "an absent month is a row without a value"
    )
    assert panel.actual["h"].tolist() == [1, 3]
    assert panel.reach == len(panel.future) == 3
    forecast = panel.future[["unique_id", "ds"]].assign(
        y_hat=[50.0, 60.0, 70.0], **dict.fromkeys(SIDES, 1.0)
    )
    assert load("accuracy").match(panel, forecast)["y_hat"].tolist() == [50.0, 70.0]


def test_series_end_and_start_where_they_like(tmp_path: Path) -> None:
    panel = read(
        tmp_path, pd.concat([history([1, 2, 3, 4]), history([1, 2, 3, 4, 5, 6], "b", "2018-05")])
    )
    last = panel.history.groupby("unique_id")["ds"].max().dt.strftime("%Y-%m").tolist()
    assert last == ["2020-02", "2018-08"]
    assert panel.future.groupby("unique_id")["ds"].min().dt.strftime("%Y-%m").tolist() == [
        "2020-03",
        "2018-09",
    ]


def test_missing_values_are_missing_in_the_history_and_not_scored_after_it(tmp_path: Path) -> None:
    panel = read(tmp_path, history([np.nan, np.nan, 3.0, np.nan, 5.0, np.nan, 7.0]))
    assert panel.history["y"].fillna(-1).tolist() == [3.0, -1, 5.0], (
        "months before the first value are no history"
    )
    assert panel.actual["actual"].notna().tolist() == [False, True]


def test_series_that_are_too_short_or_empty_are_left_out_and_counted(tmp_path: Path) -> None:
    short, empty = history([1.0, 2.0], "short"), history([np.nan, np.nan, 1.0, 1.0], "empty")
    panel = read(tmp_path, pd.concat([history([1.0, 2.0, 3.0]), short, empty]))
    assert panel.history["unique_id"].unique().tolist() == ["a"]
    assert panel.notes == (
        "1 series of 2 rows or fewer cannot be held back and are left out",
        "1 series without a value in their history are left out",
    )


def test_days_are_summed_to_months_and_an_unfinished_last_month_is_left_out(tmp_path: Path) -> None:
    days = pd.date_range("2023-01-01", "2023-05-20")
    rows = pd.DataFrame(
        {"unique_id": "a", "ds": days.astype(str), "y": 1, "promotion": days.day <= 14}
    )
    panel = read(tmp_path, rows)
    assert panel.history["y"].tolist() == [31.0, 28.0]
    assert panel.actual["actual"].tolist() == [31.0, 30.0]
    assert panel.future["promotion"].tolist() == [pytest.approx(14 / 31), pytest.approx(14 / 30)]
    assert [note.split(" ")[0] for note in panel.notes] == ["2023-05", "120"]


def test_the_same_days_through_the_end_of_the_month_keep_it(tmp_path: Path) -> None:
    days = pd.date_range("2023-01-01", "2023-05-31")
    assert read(tmp_path, pd.DataFrame({"unique_id": "a", "ds": days, "y": 1})).actual[
        "actual"
    ].tolist() == [30.0, 31.0]


def test_only_columns_that_are_known_ahead_are_passed_on(tmp_path: Path) -> None:
    rows = history([1, 2, 3, 4, 5]).assign(
        price_actual=[9, 9, 8, 8, 7], avg_max_temp=range(5), note="x", promotion=True
    )
    panel = read(tmp_path, rows)
    assert panel.future.columns.tolist() == ["unique_id", "ds", "price", "promotion"]
    assert panel.future["price"].tolist() == [8, 7]
    assert panel.history["avg_max_temp"].tolist() == [0, 1, 2]
    assert panel.notes == ("column 'note' holds no numbers and is left out",)


def test_what_comes_after_the_history_cannot_reach_a_method(tmp_path: Path) -> None:
    rows = history([1, 2, 3, 4, 5]).assign(price=range(5), weather=range(5))
    changed = rows.assign(y=[1, 2, 3, 99, 99], weather=[0, 1, 2, 99, 99])
    one, other = read(tmp_path, rows), read(tmp_path, changed)
    pd.testing.assert_frame_equal(one.history, other.history)
    pd.testing.assert_frame_equal(one.future, other.future)


NUMBERS = {
    "decimals": [Decimal("1.5"), Decimal(2), Decimal(3), Decimal(4)],
    "integers that may be missing": pd.array([1, 2, 3, 4], dtype="Int64"),
    "texts": ["1", "2", "3", "4"],
    "infinite": [1.0, 2.0, 3.0, np.inf],
    "truth": [True, False, True, True],
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_of_any_kind_are_numbers(kind: str, tmp_path: Path) -> None:
    panel = read(tmp_path, pd.DataFrame({"unique_id": 1.0, "ds": SIX[:4], "y": NUMBERS[kind]}))
    assert panel.history["y"].notna().all()
    assert panel.actual["actual"].notna().sum() == (1 if kind == "infinite" else 2)


IDS = {
    "numbers": [1, 2],
    "bytes": [b"a", "华东".encode()],
    "categories": pd.Categorical(["x", "y"]),
    "halves": [1.5, 2.5],
}


@pytest.mark.parametrize("kind", IDS)
def test_ids_of_any_kind_are_ids(kind: str, tmp_path: Path) -> None:
    ids = pd.Series(IDS[kind]).repeat(4).reset_index(drop=True)
    panel = read(tmp_path, pd.DataFrame({"unique_id": ids, "ds": SIX[:4] * 2, "y": 1.0}))
    assert panel.history["unique_id"].nunique() == 2


def test_rows_without_an_id_or_a_month_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {"unique_id": ["a"] * 4 + [None, "a"], "ds": [*SIX[:4], SIX[0], "never"], "y": 1.0}
    )
    assert read(tmp_path, rows).notes == ("2 rows without an id or a month are left out",)


def test_ids_and_months_may_be_the_index(tmp_path: Path) -> None:
    assert len(read(tmp_path, history([1, 2, 3]).set_index(["unique_id", "ds"])).history) == 1


def test_the_name_says_how_many_months_are_held_back() -> None:
    find = load("reading").find_horizon
    assert [find(name) for name in ("a_h18", "a", "a_h6_old", "x_h3")] == [18, 12, 12, 3]


RUBBISH = {
    "no y": (
        pd.DataFrame({"unique_id": ["a"], "sales": [1.0]}),
        "no column 'y'; the columns are unique_id, sales",
    ),
    "nothing": (
        pd.DataFrame({"unique_id": [], "ds": [], "y": []}),
        "no series has more than 2 rows",
    ),
    "too short": (history([1.0, 2.0]), "no series has more than 2 rows"),
    "only text": (
        history([1, 2, 3, 4]).assign(y="?"),
        "no series has more than 2 rows and a value",
    ),
    "nothing to judge": (history([1, 2, np.nan, np.nan]), "no held-back row has a value"),
}


@pytest.mark.parametrize("kind", RUBBISH)
def test_a_file_that_is_no_panel_is_refused_with_the_reason(kind: str, tmp_path: Path) -> None:
    rows, words = RUBBISH[kind]
    with pytest.raises(load("reading").NotAPanel, match=words):
        read(tmp_path, rows)


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("no", encoding="utf-8")
    with pytest.raises(load("reading").NotAPanel, match="'a.parquet' cannot be read"):
        load("reading").read_panel(tmp_path / "a.parquet")


def test_a_history_ends_with_its_last_value_and_the_forecast_reaches_the_judged_months(
    tmp_path: Path,
) -> None:
    panel = read(tmp_path, history([1.0, 2.0, 3.0, np.nan, 5.0, 6.0]).assign(price=range(6)))
    assert panel.history["y"].tolist() == [1.0, 2.0, 3.0]
    assert (panel.reach, panel.actual["h"].tolist()) == (3, [2, 3])
    assert panel.future["price"].tolist() == [3, 4, 5]


# --- the panels


def test_the_same_series_are_drawn_again_and_earlier_months_leave_out_the_judged_ones(
    real_data: Path,
) -> None:
    panels = load("panels")
    rows = panels.build_panel("m3", real_data)
    assert rows["unique_id"].nunique() == 250
    pd.testing.assert_frame_equal(rows, panels.build_panel("m3", real_data))
    early = panels.build_panel("m3", real_data, earlier=12)
    assert len(rows) - len(early) == 250 * 18
    judged_months = rows.groupby("unique_id").tail(18)[["unique_id", "ds"]]
    assert early.merge(judged_months).empty


def test_a_short_panel_is_cut_to_its_last_months_and_holds_no_shorter_series() -> None:
    panels = load("panels")
    ds = pd.date_range("2020-01-01", periods=60, freq="MS")
    rows = pd.concat(
        [
            pd.DataFrame({"unique_id": "long", "ds": ds, "y": range(60)}),
            pd.DataFrame({"unique_id": "young", "ds": ds[-40:], "y": range(40)}),
        ]
    )
    short = panels.cut_short(panels.drop_last(rows, 12), 25 + 6)
    assert short["unique_id"].unique().tolist() == ["long"]  # the other has too few months then
    assert short["y"].tolist() == list(range(60 - 12 - 6 - 25, 60 - 12))


def test_short_panels_are_written_of_months_that_nobody_else_is_judged_on(
    real_data: Path, tmp_path: Path
) -> None:
    panels = load("panels")
    files = {path.stem: path for path in panels.write_short(tmp_path, data=real_data)}
    assert {"weeks-25_h6", "rise-37_h6", "launches-25_h6"} <= set(files)
    for name in ("iowa", "m3"):
        whole = panels.build_panel(name, real_data)
        judged = whole.groupby("unique_id").tail(panels.HORIZON[name])[["unique_id", "ds"]]
        for months in (25, 37):
            short = pd.read_parquet(files[f"{name}-{months}-0_h6"])
            assert (short.groupby("unique_id").size() == months + 6).all()
            assert short.merge(judged, on=["unique_id", "ds"]).empty


@pytest.mark.parametrize("name", ["weeks", "rise", "launches"])
def test_made_up_panels_hold_the_trap_that_they_are_named_for(name: str) -> None:
    rows = load("made_up").PANELS[name](43, 6)
    wide = rows.pivot(index="ds", columns="unique_id", values="y")
    if name == "launches":
        ages = wide.notna().sum()
        assert ages.between(16, 26).all() and ages.nunique() > 5
        return
    assert wide.notna().all(axis=None) and len(wide) == 43
    if name == "rise":
        change = (wide.iloc[-10:].mean() / wide.iloc[-14:-10].mean()).groupby(
            np.arange(wide.shape[1]) % 3 == 0
        )
        assert change.median()[True] > 1.2 * change.median()[False]
    else:
        month = wide.index.to_numpy().astype("datetime64[M]")
        fridays = np.busday_count(
            month.astype("datetime64[D]"), (month + 1).astype("datetime64[D]"), weekmask="0000100"
        )
        yearly = np.log(wide).diff(12).mean(axis=1).iloc[12:]
        assert np.corrcoef(yearly, np.log(fridays[12:] / fridays[:-12]))[0, 1] > 0.8


def test_stallion_holds_no_column_that_nobody_knows_ahead(real_data: Path) -> None:
    columns = set(load("panels").build_panel("stallion", real_data).columns)
    assert columns.isdisjoint({"industry_volume", "soda_volume", "avg_max_temp"})
    assert columns - {"unique_id", "ds", "y"} <= set(load("reading").KNOWN)


# --- the comparison


def ready(tmp_path: Path) -> Any:
    """Twenty months of two series, the last two held back."""
    rows = pd.concat([history([10.0, 20.0] * 10), history([*range(1, 21)], "b")])
    return read(tmp_path, rows)


def test_a_seasonal_naive_is_run_in_its_own_process_and_judged(tmp_path: Path) -> None:
    rows = load("accuracy").compare(ready(tmp_path), ["seasonal_naive"], time_limit=1, patience=60)
    (row,) = rows
    # series a repeats itself and has no scale; b is 12 behind in each month and moved by 12 a year
    assert (row["mase"], row["error"], row["series"], row["scored"]) == (
        pytest.approx(1.0),
        None,
        2,
        4,
    )
    assert row["wape"] == pytest.approx(24 / (30 + 19 + 20))
    assert 0 < row["seconds"] < 5
    assert 20 < row["peak_mib"] < 2000


def test_a_method_that_fails_or_takes_too_long_is_a_row_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accuracy, panel = load("accuracy"), ready(tmp_path)
    failed, late = (
        accuracy.compare(panel, [method], time_limit=1, patience=patience)[0]
        for method, patience in (("no_such_method", 60), ("seasonal_naive", 0))
    )
    assert "No module named 'methods.no_such_method'" in failed["error"]
    assert late["error"] == "not done after 0 seconds"
    assert [failed["mase"], late["mase"], late["wis"]] == [None, None, None]


def test_a_peer_that_cannot_be_installed_is_said_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = load("runs")
    monkeypatch.delenv("SALESFC_PEERS", raising=False)
    monkeypatch.setattr(runs, "HERE", tmp_path / "benchmarks")
    monkeypatch.setattr(
        runs, "_install", lambda python, peer: (_ for _ in ()).throw(OSError("no index answers"))
    )
    monkeypatch.setattr(runs, "_python_in", lambda folder: Path(sys.executable))
    runs.find_peer.cache_clear()
    row = load("accuracy").compare(ready(tmp_path), ["autogluon"], time_limit=1, patience=60)[0]
    runs.find_peer.cache_clear()
    assert row["error"] == "autogluon could not be installed: no index answers"
    assert row["mase"] is None


def test_peers_are_pinned_and_no_index_is_named() -> None:
    lines = [
        line
        for line in load("runs").REQUIREMENTS.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    assert [
        line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line)
    ] == []
    names = {line.partition("==")[0] for line in lines}
    assert {"statsforecast", "autogluon.timeseries", "torch", "pyarrow"} <= names


def test_a_forecast_that_leaves_out_a_judged_row_has_no_scores(tmp_path: Path) -> None:
    accuracy, panel = load("accuracy"), ready(tmp_path)
    forecast = panel.future[["unique_id", "ds"]].assign(
        y_hat=[1.0, np.inf, 1.0, 1.0], **dict.fromkeys(SIDES, 1.0)
    )
    row = accuracy.judge_run(
        panel, load("runs").Run(forecast, 1.0, 1.0), load("scores").find_scales(panel.history)
    )
    assert row["error"] == "1 of 4 held-back rows have no forecast"
    assert row["mase"] is None


def test_negative_forecasts_count_where_the_history_never_was(tmp_path: Path) -> None:
    panel = ready(tmp_path)
    forecast = panel.future[["unique_id", "ds"]].assign(
        y_hat=[1.0, 1.0, 1.0, 1.0], **dict.fromkeys(SIDES, 2.0)
    )
    forecast.loc[0, "lo-95"] = -0.1
    assert load("accuracy").count_negative(panel, load("accuracy").match(panel, forecast)) == 1
    fell = read(
        tmp_path, pd.concat([history([-1.0] + [10.0, 20.0] * 10), history([*range(1, 21)], "b")])
    )
    assert (
        load("accuracy").count_negative(
            fell, load("accuracy").match(fell, forecast.assign(ds=fell.future["ds"]))
        )
        == 0
    )


def test_the_goal_is_the_geometric_mean_over_the_better_peer() -> None:
    cases = [("p", 0.9, 1.0, 1.2), ("q", 0.8, 1.0, 0.8)]
    rows = [
        {"panel": panel, "method": method, "mase": mase, "zeros": 0.0, "wis": None, "seconds": 2.0}
        for panel, *found in cases
        for method, mase in zip(("workbench", "scum", "autogluon"), found, strict=True)
    ]
    lines = load("accuracy").tell_goal(rows)
    assert lines[-1] == f"geometric mean of 2 panels {(0.9 * 1.0) ** 0.5:.3f}, worst 1.000"
    ratios = load("accuracy").add_ratios(rows)
    assert [row.get("mase_ratio") for row in ratios[:3]] == [
        None,
        pytest.approx(0.9),
        pytest.approx(0.75),
    ]
    assert [row["wis_ratio"] for row in ratios[1:3]] == [None, None]


def test_the_script_writes_plain_rows_for_whatever_lies_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "panels"
    folder.mkdir()
    write(
        folder,
        pd.concat([history([10.0, 20.0] * 10, "华东"), history([*range(1, 21)], "b")]),
        "好_h2",
    )
    (folder / "broken.parquet").write_bytes(b"PAR1")
    command = [
        sys.executable,
        str(BENCHMARKS / "accuracy.py"),
        "--panels",
        str(folder),
        "--methods",
        "seasonal_naive",
    ]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out.json")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    wanted = [
        "panel",
        "method",
        "mase",
        "rmsse",
        "smape",
        "wape",
        "bias",
        "wis",
        "coverage80",
        "seconds",
        "peak_mib",
    ]
    assert [row["panel"] for row in rows] == ["broken", "好_h2"]
    assert all(set(wanted) <= set(row) for row in rows)
    assert rows[0]["mase"] is None and "cannot be read" in rows[0]["error"]
    assert all(isinstance(rows[1][name], float) for name in wanted[2:])
    assert "cannot be read" in done.stdout


def test_a_made_up_panel_has_the_columns_and_the_horizon_of_the_real_one(tmp_path: Path) -> None:
    panel = read(tmp_path, history([1, 2, 3, 4, 5]).assign(price=range(5), weather=range(5)))
    past, ahead = load("measure").make_up(panel.history, panel.future, panel.reach)
    assert past.columns.tolist() == panel.history.columns.tolist()
    assert ahead.columns.tolist() == panel.future.columns.tolist()
    assert (ahead.groupby("unique_id").size() == 2).all()
    assert past["ds"].max() < ahead["ds"].min()


# --- what the parts bring, what a forecast costs


def tiny(count: int = 20, months: int = 60) -> pd.DataFrame:
    """Made-up series with a season; a promotion in a fifth of the months, which adds the half of a
    usual month.
    """
    dice = np.random.default_rng(5)
    months_ = np.arange(months)
    rows = []
    for place in range(count):
        promotion = (dice.random(months) < 0.2).astype(float)
        y = (
            100
            * (1 + 0.3 * np.sin(months_ * np.pi / 6))
            * np.exp(dice.normal(0, 0.1, months))
            * (1 + 0.5 * promotion)
        )
        rows.append(history(y.tolist(), f"s{place:02}").assign(promotion=promotion))
    return pd.concat(rows, ignore_index=True)


@pytest.fixture(scope="module")
def panel() -> Any:
    return load("earlier").open_panel(tiny(), "tiny")


@pytest.fixture(scope="module")
def said(panel: Any) -> Any:
    from salesfc_lib.foundation.parameters import defaults

    return load("ablation").run_candidates(load("earlier").lay_out(panel), defaults(), horizon=12)


def test_earlier_months_end_before_those_that_are_judged(real_data: Path) -> None:
    earlier, panels = load("earlier"), load("panels")
    found = list(earlier.open_panels(real_data, ("iowa", "pasta")))
    assert [(panel.name, origin) for origin, panel in found] == [
        (name, origin) for name in ("iowa", "pasta") for origin in ("latest", "half a year earlier")
    ]
    for _, early in found:
        held_back = panels.build_panel(early.name, real_data).groupby("unique_id").tail(12)
        assert early.actual.merge(held_back, on=["unique_id", "ds"]).empty
        assert early.history.merge(held_back, on=["unique_id", "ds"]).empty


def test_a_forecast_of_earlier_months_is_judged_by_its_own_months(panel: Any) -> None:
    earlier = load("earlier")
    laid = earlier.lay_out(panel)
    right = (
        panel.actual.pivot(index="unique_id", columns="h", values="actual").loc[laid.ids].to_numpy()
    )
    assert earlier.judge(panel, laid, right)["mase"] == pytest.approx(0.0)
    assert earlier.judge(panel, laid, 1.1 * right)["bias"] == pytest.approx(0.1)


def test_a_blind_history_knows_no_regressor_and_a_smaller_panel_keeps_whole_series(
    panel: Any,
) -> None:
    earlier = load("earlier")
    assert list(earlier.lay_out(panel).regressors) == ["promotion", "trading_days"]
    assert list(earlier.lay_out(panel, blind=True).regressors) == [
        "trading_days"
    ]  # which every forecast knows
    some = earlier.take_series(panel, 3)
    kept = some.history["unique_id"].unique()
    assert len(kept) == 3
    assert set(some.actual["unique_id"]) == set(some.future["unique_id"]) == set(kept)
    assert (some.history.groupby("unique_id").size() == 48).all()


def test_leaving_a_candidate_out_is_never_having_asked_it(panel: Any, said: Any) -> None:
    from salesfc_lib.foundation.parameters import defaults

    ablation = load("ablation")
    cheap = dict(ablation.list_said(said, defaults()))
    off = ablation.switch(defaults(), ("damped",), enabled=False)
    anew = ablation.forecast(load("earlier").lay_out(panel), off, 12)
    np.testing.assert_allclose(cheap["without damped"](), anew, rtol=1e-9)
    assert not np.allclose(cheap["without damped"](), cheap["everything"]())


def test_everything_lies_between_the_weighted_mean_and_the_correction(said: Any) -> None:
    from salesfc_lib.foundation.parameters import defaults

    variants = dict(load("ablation").list_said(said, defaults()))
    mean, whole, alone = (
        variants[name]()
        for name in ("without the correction", "everything", "the correction alone")
    )
    assert not np.allclose(mean, alone)
    assert (
        (np.minimum(mean, alone) - 1e-6 <= whole) & (whole <= np.maximum(mean, alone) + 1e-6)
    ).all()


def test_the_best_single_forecast_is_one_candidates_own_and_the_median_is_within_all(
    said: Any,
) -> None:
    from salesfc_lib.foundation.parameters import defaults

    variants, forecasts = dict(load("ablation").list_said(said, defaults())), said.at(0)
    best = variants["best single by backtest"]()
    assert (forecasts == best).all(axis=2).any(axis=0).all()
    below, above = (
        (np.nan_to_num(sign * (forecasts - variants["median of candidates"]())) > 1e-9).sum(axis=0)
        for sign in (-1, 1)
    )
    assert (below == above).all()


def test_an_ablation_says_how_much_worse_each_variant_is_than_everything(panel: Any) -> None:
    from salesfc_lib.foundation.parameters import defaults

    rows = load("ablation").ablate(panel, defaults())
    named = {row["variant"]: row for row in rows}
    assert (rows[0]["variant"], rows[0]["change_percent"]) == ("everything", 0.0)
    assert (
        named["without drivers"]["mase"] > named["everything"]["mase"]
    )  # promotions are real here
    blind = named["without drivers"]
    assert blind["change_percent"] == pytest.approx(
        100 * (blind["mase"] / rows[0]["mase"] - 1), abs=1e-3
    )
    assert json.loads(json.dumps(rows)) == rows


def test_known_promotions_pay_where_they_move_sales(panel: Any) -> None:
    regressors = load("regressors")
    rows = regressors.compare(panel, regressors.find_promoted(panel))
    months = {row["months"]: row["rows"] for row in rows}
    assert months["promotion"] + months["other"] == months["all"] == len(panel.actual)
    assert months["promotion"] == (panel.future["promotion"] > 0.1).sum()
    paid = {row["months"]: row["mase_change_percent"] for row in rows if row["method"] == "aware"}
    assert paid["promotion"] < -20


def test_made_up_months_are_the_same_for_the_same_seed_and_of_many_kinds() -> None:
    made_up = load("made_up_months")
    one, other = (made_up.draw_panels(np.random.default_rng(5), 30) for _ in range(2))
    np.testing.assert_array_equal(one.y, other.y)
    assert one.y.shape == (30, 40, 138) and np.isfinite(one.y).all() and one.y.min() == 0
    length = made_up.MONTHS - one.first
    assert length.min() >= 13 and length.max() > 100
    rough = np.abs(np.diff(one.y, axis=2)).mean(axis=2) / one.y.mean(axis=2).clip(1e-9)
    assert np.quantile(rough, 0.05) < 0.05 and np.quantile(rough, 0.95) > 0.4
    of_year = (np.arange(made_up.MONTHS) - made_up.MONTHS + 1 + one.last[:, None]) % 12
    assert (of_year[:, -1] == one.last).all() and len(np.unique(one.last)) > 6


def test_the_networks_gradient_is_that_of_small_steps() -> None:
    training = load("train_network")
    some = training.draw_examples(range(3, 4))
    some = training.Examples(*(each[::100].astype(float) for each in some))
    dice = np.random.default_rng(2)
    weights = {
        name: each + dice.normal(0, 0.05, each.shape)
        for name, each in training.begin(dice, some.x.shape[1]).items()
    }
    gradient, step = training.find_gradient(weights, some), 1e-6
    for name, values in weights.items():
        at = tuple(dice.integers(size) for size in values.shape)
        errors = []
        for sign in (1, -1):
            moved = {**weights, name: values.copy()}
            moved[name][at] += sign * step
            errors.append(training.find_error(moved, some))
        assert gradient[name][at] == pytest.approx((errors[0] - errors[1]) / (2 * step), abs=1e-6)


def test_training_lowers_the_error_of_series_that_it_has_not_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    training = load("train_network")
    monkeypatch.setattr(training, "WARM_UP", 1)
    monkeypatch.setattr(training, "KEPT", 0.5)
    seen, unseen = training.draw_examples(range(1, 4)), training.draw_examples(range(9, 10))
    begun = training.begin(np.random.default_rng(0), seen.x.shape[1])
    trained = training.train(seen, unseen, passes=2, seed=0)
    assert training.find_error(trained, unseen) < 0.95 * training.find_error(begun, unseen)


def test_the_stored_network_forecasts_made_up_series_better_than_their_last_year() -> None:
    from salesfc_lib.forecasting.candidates.network import load_weights

    training = load("train_network")
    unseen = training.draw_examples(range(10**7, 10**7 + 1))
    usual = training.begin(np.random.default_rng(0), unseen.x.shape[1])  # the last year's mean
    stored = training.find_error(load_weights(), unseen)
    assert stored < 0.85 * training.find_error(usual, unseen)


def test_a_month_is_discounted_from_a_quarter_above_the_usual_discount(tmp_path: Path) -> None:
    rows = history([1.0] * 8).assign(discount=[4.0, 4.0, 4.0, 8.0, 0.0, 4.0, 5.1, 4.9])
    assert load("regressors").find_discounted(read(tmp_path, rows)).tolist() == [True, False]


def test_made_up_series_are_the_same_for_the_same_numbers_and_of_all_kinds() -> None:
    from salesfc_lib.forecasting.demand import is_intermittent

    scaling = load("scaling")
    one, other = (scaling.make_history(200, drivers=2) for _ in range(2))
    np.testing.assert_array_equal(one.y, other.y)
    assert [values.shape for values in one.regressors.values()] == [(200, 72)] * 2
    assert 0.2 < is_intermittent(one.y).mean() < 0.4
    assert 0.1 < (one.length < 60).mean() < 0.3


def test_a_size_is_measured_in_a_process_of_its_own_and_a_failure_is_a_row() -> None:
    scaling = load("scaling")
    row, broken = scaling.measure(5, 1, 40), scaling.measure(5, 0, -20)
    assert (row["series"], row["drivers"], row["months"]) == (5, 1, 40)
    assert 0 < row["seconds"] < 60
    assert 50 < row["peak_mib"] < 2000
    assert (broken["seconds"], "Error" in broken["error"]) == (None, True)


def test_parts_of_a_run_add_up_to_the_whole() -> None:
    rows = load("scaling").profile(load("scaling").make_history(20, drivers=1))
    parts = {row["part"]: row["share"] for row in rows}
    assert sum(parts.values()) == pytest.approx(1.0, abs=0.02)
    assert {
        "level shifts",
        "drivers",
        "boosting",
        "weights",
        "intervals",
        "plausibility",
        "candidate damped",
        "rest",
    } <= set(parts)


def test_growth_and_memory_are_set_beside_the_goal() -> None:
    row = {"kind": "size", "drivers": 0, "months": 60, "peak_mib": 300.0}
    rows = [
        {**row, "series": 100, "seconds": 1.0, "seconds_per_1000": 10.0},
        {**row, "series": 10_000, "seconds": 50.0, "seconds_per_1000": 5.0, "peak_mib": 3072.0},
    ]
    assert load("scaling").tell_growth(rows) == [
        "0 drivers: a series among 10,000 costs 0.50 times one among 100",
        "10,000 series take 3.00 GiB",
    ]


def test_the_archive_is_asked_in_both_ways_and_a_failure_is_a_row(tmp_path: Path) -> None:
    cube = load("cube")
    reports = tmp_path / "reports"
    made = cube.make_archive(reports, 2, 14, 40)
    assert (
        made["forecasts"]
        == 2 * 14 * 5 * 12 * 40
        == cube.answer(reports, "sql", "all rows, by stage and lag", 14)[0]
    )
    asked, in_sql = (cube.answer(reports, way, "12 months at lag 1", 14) for way in ("ask", "sql"))
    assert asked[0] == in_sql[0] == 2 * 12 * 24  # of 40 series 24 are bottom ones
    assert asked[1] == pytest.approx(in_sql[1])
    for question in cube.QUESTIONS:
        assert cube.answer(reports, "ask", question, 14)[0] > 0, question
    for question in cube.SQL:
        assert cube.answer(reports, "sql", question, 14)[0] > 0, question
    row = cube.measure(reports, "ask", "one unit, all months, by lag", 14)
    assert (row["kind"], row["way"], row["n"]) == ("question", "ask", 24 * (13 * 12 - 66))
    assert 0 < row["seconds"] < 60
    assert 50 < row["peak_mib"] < 1000
    assert "KeyError" in cube.measure(reports, "ask", "nothing", 14)["error"]


def test_the_star_schema_holds_the_archive_and_is_renewed_by_month(tmp_path: Path) -> None:
    star, cube = load("star"), load("cube")
    made = cube.make_archive(tmp_path / "reports", 2, 3, 40)
    first = star.measure(tmp_path, "first")
    assert first["rows"] == made["forecasts"] + 2 * 40 * cube.HISTORY
    assert (first["written"], first["kept"]) == (6, 0)
    star.republish(tmp_path / "reports")
    again = star.measure(tmp_path, "one month republished")
    assert (again["written"], again["kept"], again["rows"]) == (1, 5, first["rows"])


@pytest.mark.filterwarnings("ignore:Glyph")  # a browser has the font
def test_coverage_is_read_marked_against_the_band_and_drawn(tmp_path: Path) -> None:
    calibration = load("calibration")
    said = [
        {"panel": "好 a", "method": "workbench", "coverage80_by_h": [0.8, 0.9, None], "series": 7},
        {"panel": "好 a", "method": "scum", "coverage80_by_h": None, "series": 7},
    ]
    (tmp_path / "accuracy.json").write_text(json.dumps(said), encoding="utf-8")
    rows = calibration.read_rows(tmp_path / "accuracy.json")
    assert [(row["h"], row["coverage80"], row["inside_band"]) for row in rows] == [
        (1, 0.8, True),
        (2, 0.9, False),
    ]
    (figure,) = calibration.draw_all(rows, tmp_path / "figures")
    assert figure.name == "好_a.svg"
    assert "好 a: the 80 %" in figure.read_text(encoding="utf-8")
    assert calibration.title(rows) == (
        "好 a: the 80 % interval of 'workbench' covers 85%, "
        "within 77 to 83 % in 1 of 2 months ahead"
    )


def test_the_share_inside_a_backtests_intervals_is_that_of_a_plain_count(said: Any) -> None:
    from salesfc_lib.forecasting.forecast import combine_candidates
    from salesfc_lib.foundation.parameters import defaults

    modeled = combine_candidates(said, defaults())
    rows = load("calibration").count_backtest(modeled, "tiny")
    hits: dict[int, list[bool]] = {}
    for back, bounds in modeled.backtest_bounds((80,)).items():
        for series in range(len(said.history)):
            for step in range(min(back, 12)):
                came = said.history.y[series, said.history.y.shape[1] - back + step]
                hits.setdefault(step + 1, []).append(
                    bool(bounds[80][0][series, step] <= came <= bounds[80][1][series, step])
                )
    assert {row["h"]: row["counted"] for row in rows} == {
        step: len(found) for step, found in hits.items()
    }
    assert {row["h"]: row["coverage80"] for row in rows} == pytest.approx(
        {step: np.mean(found) for step, found in hits.items()}
    )


def draw(name: str, number: int = 0) -> tuple[Any, Any, list[Any]]:
    """A company of the world of that name, and what its people say."""
    companies = load("companies")
    world = next(each for each in companies.WORLDS if each.name == name)
    rng = np.random.default_rng([5, number])
    company = companies.draw_company(rng, world, skilled=False, months=24)
    said = [companies.say_honestly(rng, company, person) for person in company.people]
    return companies, company, said


def test_people_who_know_nothing_change_forecasts_both_ways_and_not_with_what_is_missed() -> None:
    made, missed = [], []
    for number in range(8):
        _, company, said = draw("plain", number)
        for person, changes in zip(company.people, said, strict=True):
            made.append(changes.ravel())
            missed.append(company.error[person.cells].ravel())
    changed = np.concatenate(made) != 0
    made, missed = np.concatenate(made)[changed], np.concatenate(missed)[changed]
    assert abs(np.corrcoef(made, missed)[0, 1]) < 0.1
    assert 0.4 < (made > 0).mean() < 0.6


def test_a_written_company_is_what_an_archive_would_hold() -> None:
    companies, company, said = draw("several hands")
    conduct = companies.write_down(np.random.default_rng(1), company, said, "7")
    made = conduct.adjustments
    assert not made.duplicated(["made_in", "unique_id", "ds", "sequence"]).any()
    near = made[made["made_in"] == made["ds"] - pd.DateOffset(months=1)]
    last = near.sort_values("sequence").drop_duplicates(["unique_id", "ds"], keep="last")
    stands = conduct.vintages.query("stage == 'adjusted' and h == 1")
    both = last.merge(stands, on=["unique_id", "ds"])
    np.testing.assert_allclose(both["asked"], both["y_hat"])
    first = near.sort_values("sequence").drop_duplicates(["unique_id", "ds"])
    stood = conduct.vintages.query("stage == 'reconciled' and h == 1")
    both = first.merge(stood, on=["unique_id", "ds"])
    np.testing.assert_allclose(both["old"], both["y_hat"])


def test_false_alarms_and_power_are_shares_of_companies() -> None:
    honesty = load("honesty")
    from salesfc_lib.retrospective.habits import judge

    rows = honesty.count_false_alarms(2, 1, honesty.WORLDS[0], False)
    assert {row["test"] for row in rows} == {*judge.HABITS, *honesty.GAIN, "any"}
    assert all(row["rate"] in (0, 0.5, 1) and row["rate"] < row["most"] <= 1 for row in rows)
    assert rows == honesty.count_false_alarms(2, 1, honesty.WORLDS[0], False)
    (row,) = honesty.measure_power(3, 1, "sandbagging", 0.3, 24)
    assert (row["rate"], row["means"], row["companies"]) == (1.0, "lowered by", 3)
    assert json.loads(json.dumps([*rows, row])) == [*rows, row]


def test_every_habit_has_a_game_that_plants_it() -> None:
    from salesfc_lib.retrospective.habits import judge

    assert set(load("games").GAMES) == set(judge.HABITS)


def test_alerts_are_counted_of_quiet_months_and_shocks_found_in_their_branch() -> None:
    alerts = load("alerts")
    steady = next(world for world in alerts.WORLDS if world.name == "steady")
    quiet, seconds, *shocks = alerts.run_world(1, 1, steady)
    assert (quiet["unit_months"], quiet["rate"] in (0, 1)) == (1, True)
    assert 0 <= quiet["low"] < quiet["high"] <= 1 and seconds["seconds"] > 0
    assert len(shocks) == len(alerts.BRANCHES) * len(alerts.SIZES)
    found = {(row["where"], row["size"]): row for row in shocks}
    assert found["total", -0.5]["found"] == 1.0 and found["total", -0.5]["days"] < 8
    assert found["line:pots", -0.5]["right"] == 1.0
    assert json.loads(json.dumps([quiet, seconds, *shocks])) == [quiet, seconds, *shocks]
