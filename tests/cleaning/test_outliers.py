"""Claims about outliers: judged by the past alone, never a promotion's peak, a season or a low."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.cleaning.outliers import (
    apply_outliers,
    apply_stock_outs,
    find_stock_outs,
    judge_months,
)
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.schema import Outliers

MONTHS = 48
SETTINGS = Outliers()
SEASON = np.array([1.0, 0.8, 0.9, 1.0, 1.1, 1.0, 0.9, 1.0, 1.1, 1.0, 1.6, 3.0])


def make_panel(
    values: dict[str, np.ndarray], promotion: dict[int, float] | None = None
) -> pd.DataFrame:
    """Panel of 48 months from 2020-01; `promotion` maps a month's place to its share."""
    ds = pd.date_range("2020-01-01", periods=MONTHS, freq="MS")
    frames = [
        pd.DataFrame({"unique_id": name, "ds": ds, "y": y, "y_raw": y})
        for name, y in values.items()
    ]
    panel = pd.concat(frames, ignore_index=True)
    if promotion is not None:
        panel["promotion"] = [promotion.get(place, 0.0) for place in range(MONTHS)] * len(values)
    return panel


def find_outliers(panel: pd.DataFrame, settings: Outliers = SETTINGS) -> pd.DataFrame:
    """Table outliers of a panel."""
    return judge_months(panel, settings=settings)[0]


def steady(seed: int = 1, noise: float = 0.15) -> np.ndarray:
    months = np.arange(MONTHS)
    draws = np.random.default_rng(seed).normal(0, noise, MONTHS)
    return np.asarray(np.round(1000 * SEASON[months % 12] * 1.01**months * np.exp(draws), 2))


def with_value(y: np.ndarray, place: int, times: float) -> np.ndarray:
    changed = y.copy()
    changed[place] = np.round(changed[place] * times, 2)
    return changed


def test_a_slip_is_found_and_replaced_while_its_original_stays() -> None:
    clean_y = steady(noise=0.05)
    panel = make_panel({"a": with_value(clean_y, 30, 10), "b": steady(2)})
    outliers = find_outliers(panel, settings=SETTINGS)
    assert outliers[["unique_id", "ds"]].values.tolist() == [["a", pd.Timestamp("2022-07-01")]]
    assert outliers["y"][0] == pytest.approx(clean_y[30], rel=0.4)
    assert outliers["y_raw"][0] == pytest.approx(10 * clean_y[30])
    assert "times the" in in_words(outliers["reason"][0])
    treated = apply_outliers(panel, outliers, "replace")
    changed = treated[treated["y"].ne(panel["y"])]
    assert changed[["y", "y_raw"]].values.tolist() == [[outliers["y"][0], outliers["y_raw"][0]]]
    pd.testing.assert_frame_equal(apply_outliers(panel, outliers, "keep"), panel)
    assert panel["y"].equals(panel["y_raw"]), "the panel that was handed in is not changed"


def test_no_false_alarm_in_three_hundred_seasonal_series() -> None:
    panel = make_panel({f"s{seed}": steady(seed, 0.25) for seed in range(300)})
    assert find_outliers(panel, settings=SETTINGS).empty


def test_no_false_alarm_in_lumpy_series() -> None:
    rng = np.random.default_rng(3)
    lumpy = {
        f"s{place}": np.round(rng.poisson(3, MONTHS) * rng.lognormal(4, 1.0, MONTHS), 2)
        for place in range(200)
    }
    assert len(find_outliers(make_panel(lumpy), settings=SETTINGS)) <= 2


def test_a_december_of_three_times_the_level_is_a_season() -> None:
    assert find_outliers(make_panel({"a": steady(noise=0.02)}), settings=SETTINGS).empty


def test_what_comes_later_cannot_change_a_judgement() -> None:
    panel = make_panel({"a": with_value(with_value(steady(), 30, 8), 41, 9)})
    whole = find_outliers(panel, settings=SETTINGS)
    for last in ("2022-06-01", "2022-07-01", "2023-05-01", "2023-06-01"):
        part = find_outliers(panel[panel["ds"].le(last)], settings=SETTINGS)
        pd.testing.assert_frame_equal(
            part, whole[whole["ds"].le(last)].reset_index(drop=True), check_dtype=False
        )
    assert len(whole) == 2


def test_a_promotion_is_held_against_earlier_promotions() -> None:
    y = steady(noise=0.05)
    for place in (20, 31):
        y = with_value(y, place, 3.0)
    shares = {20: 0.5, 31: 0.5, 40: 0.5}
    peak = make_panel({"a": with_value(y, 40, 5.0)}, shares)
    assert find_outliers(peak, settings=SETTINGS).empty, "a peak of the usual promotions' size"
    unknown = find_outliers(peak.drop(columns="promotion"), settings=SETTINGS)
    assert unknown["ds"].tolist() == [pd.Timestamp("2023-05-01")], (
        "without the calendar the same peak is flagged"
    )
    slip = make_panel({"a": with_value(y, 40, 20.0)}, shares)
    assert find_outliers(slip, settings=SETTINGS)["ds"].tolist() == [pd.Timestamp("2023-05-01")]
    first = make_panel({"a": with_value(steady(noise=0.05), 40, 20.0)}, {40: 0.5})
    assert find_outliers(first, settings=SETTINGS).empty, "no earlier promotion to hold it against"


def test_lows_are_left_to_the_models_unless_they_are_far_below_zero() -> None:
    lows = make_panel({"a": with_value(steady(), 30, 0.01), "b": with_value(steady(), 31, 0.0)})
    assert find_outliers(lows, settings=SETTINGS).empty
    below = find_outliers(
        make_panel({"a": with_value(steady(noise=0.05), 30, -20)}), settings=SETTINGS
    )
    assert below["ds"].tolist() == [pd.Timestamp("2022-07-01")]
    assert below["y"][0] > 0


def test_short_and_thin_series_are_not_judged() -> None:
    late, thin = with_value(steady(noise=0.05), 30, 10), with_value(steady(noise=0.05), 30, 10)
    late[:20] = np.nan
    thin[1::3] = 0.0
    assert find_outliers(make_panel({"late": late, "thin": thin}), settings=SETTINGS).empty


def test_a_month_a_hundred_times_all_before_is_flagged_in_young_and_thin_series() -> None:
    months = np.full(MONTHS, np.nan)
    young, thin = months.copy(), np.tile([0.0, 5.0, 5.0], MONTHS // 3)
    young[-5:], thin[-1] = [10.0, 12, 8, 10, 10_000], 5000.0
    for y, expected in ((young, 10.0), (thin, 5.0)):
        [found] = find_outliers(make_panel({"a": y})).itertuples()
        assert found.y_raw == y[-1]
        assert found.y == pytest.approx(expected)
    young[-1] = 900.0  # ninety times: a launch may rise so
    assert find_outliers(make_panel({"a": young})).empty
    start = np.repeat([1.0, 0.0], [12, MONTHS - 12])
    start[-1] = 5000.0  # nothing is to be expected
    assert find_outliers(make_panel({"a": start})).empty


def test_a_missing_month_is_neither_a_zero_nor_an_obstacle() -> None:
    y = with_value(steady(noise=0.05), 30, 10)
    y[25] = np.nan
    assert len(find_outliers(make_panel({"a": y}), settings=SETTINGS)) == 1


def test_switched_off_and_empty_give_an_empty_table() -> None:
    panel = make_panel({"a": with_value(steady(), 30, 10)})
    assert find_outliers(panel, settings=Outliers(enabled=False)).empty
    assert list(find_outliers(panel.iloc[:0], settings=SETTINGS).columns) == [
        "unique_id",
        "ds",
        "y_raw",
        "y",
        "score",
        "reason",
    ]


def stock(*rows: tuple[str, float], **dimensions: str) -> pd.DataFrame:
    """Inventory of one member: (month, days without stock)."""
    frame = pd.DataFrame(rows, columns=["ds", "stockout_days"]).astype({"stockout_days": float})
    return frame.assign(ds=pd.to_datetime(frame["ds"]), stock=0.0, **dimensions)


def bottom_of(*names: str) -> pd.DataFrame:
    return pd.DataFrame(
        {"unique_id": list(names), "level": "bottom", "label": list(names), "line": list(names)}
    )


def test_a_stock_out_concerns_the_series_that_the_inventory_names_and_all_where_it_names_none() -> (
    None
):
    panel = make_panel({"pots": steady(), "pans": steady(2)})
    series = bottom_of("pots", "pans")
    named = find_stock_outs(stock(("2022-05-01", 9), ("2022-06-01", 0), line="pots"), series, panel)
    assert named[["unique_id", "ds", "stockout_days"]].astype({"ds": str}).values.tolist() == [
        ["pots", "2022-05-01", 9.0]
    ]
    everywhere = find_stock_outs(stock(("2022-05-01", 9)), series, panel)
    assert everywhere["unique_id"].tolist() == ["pans", "pots"]
    both = pd.concat(
        [stock(("2022-05-01", 9)), stock(("2022-05-01", 20), line="pans")], ignore_index=True
    )
    found = find_stock_outs(both, series, panel).set_index("unique_id")["stockout_days"]
    assert found.to_dict() == {"pans": 20.0, "pots": 9.0}


def test_a_censored_month_is_no_low_that_later_months_are_measured_by() -> None:
    y = steady(noise=0.02)
    empty = range(24, 34)  # ten months almost without stock, then as before
    for place in empty:
        y[place] = np.round(y[place] * 0.05, 2)
    slip = 34
    y[slip] *= 8
    panel = make_panel({"pots": y})
    months = pd.date_range("2020-01-01", periods=MONTHS, freq="MS")
    short = find_stock_outs(
        stock(*[(str(months[place].date()), 28) for place in empty], line="pots"),
        bottom_of("pots"),
        panel,
    )
    (blind, _), (known, censored) = (
        judge_months(panel, settings=SETTINGS, censored=each) for each in (None, short)
    )
    usual = steady(noise=0.02)[slip]
    assert known["ds"].tolist() == blind["ds"].tolist() == [months[slip]]
    assert known["y"].iloc[0] == pytest.approx(usual, rel=0.3)
    assert blind["y"].iloc[0] < 0.5 * usual, (
        "without the inventory the empty months are taken for the level"
    )
    assert (censored["y"] > 10 * censored["y_raw"]).all()
    trained = apply_stock_outs(panel, censored, "replace")
    assert (trained["y"].iloc[list(empty)] > 10 * trained["y_raw"].iloc[list(empty)]).all()
    pd.testing.assert_frame_equal(apply_stock_outs(panel, censored, "note"), panel)
