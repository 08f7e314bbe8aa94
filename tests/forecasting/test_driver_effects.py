"""What drives sales: effects that were put in are found, with intervals that hold; the key series,
and their pages' names.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesfc_lib.forecasting.alignment import align
from salesfc_lib.forecasting.backtest.backtest import run_candidates
from salesfc_lib.forecasting.drivers.explain import explain_drivers
from salesfc_lib.forecasting.drivers.factors import driver_factors
from salesfc_lib.forecasting.history import History
from salesfc_lib.foundation import Parameters, tables
from salesfc_lib.foundation.parameters import defaults
from salesfc_lib.foundation.schema import DriverEffects, Key
from salesfc_lib.panel.key_series import choose_key_series, name_page

MONTHS, AHEAD = 60, 6
TRUE = {"promotion": 0.12, "holiday": -0.10}


def make_panel(seed: int, *, shared: float = 0.0, own: float = 0.02, n: int = 12) -> History:
    """Series of 100 with a season, a promotion of their own and a holiday that all share; noise of
    a month, and of a series.
    """
    rng = np.random.default_rng(seed)
    ds = pd.date_range("2020-01-01", periods=MONTHS + AHEAD, freq="MS")
    promotion = (rng.random((n, len(ds))) < 0.2) * rng.random((n, len(ds)))
    holiday = np.tile((rng.random(len(ds)) < 0.15) * 1.0, (n, 1))
    season = 0.2 * np.sin(np.arange(len(ds)) / 12 * 2 * np.pi)
    noise = shared * rng.normal(size=len(ds)) + own * rng.normal(size=(n, len(ds)))
    y = 100 * (1 + season + TRUE["promotion"] * promotion + TRUE["holiday"] * holiday + noise)
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat([f"s{i:02d}" for i in range(n)], len(ds)),
            "ds": np.tile(ds, n),
            "y": y.ravel(),
        }
    )
    frame = frame.assign(promotion=promotion.ravel(), holiday=holiday.ravel(), price=20.0)
    past = frame["ds"] < ds[MONTHS]
    return align(frame[past], frame[~past].drop(columns="y"), horizon=AHEAD)


def explain(history: History, *ids: str) -> dict[str, pd.DataFrame]:
    """The three tables, checked, with drivers of some series explained."""
    found = explain_drivers(history, ids, defaults().model_copy(update={"horizon": AHEAD}))
    return {name: tables.check(frame, name) for name, frame in found.items()}


def test_a_pooled_effect_is_the_one_that_was_put_in_and_is_not_drawn_towards_zero() -> None:
    found = explain(make_panel(1))["pooled_driver"].set_index("term")
    assert found.loc["promotion", "estimate"] == pytest.approx(TRUE["promotion"], abs=0.015)
    assert found.loc["holiday", "estimate"] == pytest.approx(TRUE["holiday"], abs=0.015)


def test_a_driver_that_never_moves_has_no_effect_to_tell() -> None:
    found = explain(make_panel(1), "s00")
    assert set(found["pooled_driver"]["term"]) == {"promotion", "holiday", "trading_days"}
    assert "price" not in set(found["coefficient"]["term"])


def test_the_order_of_series_does_not_change_an_effect() -> None:
    history = make_panel(5, shared=0.05)
    turned = history.take(np.arange(len(history))[::-1])
    one, other = (explain(each)["pooled_driver"] for each in (history, turned))
    pd.testing.assert_frame_equal(one, other)


def test_a_panel_without_drivers_or_too_young_for_them_has_none() -> None:
    history = make_panel(1)
    bare = History(history.ids, history.y, history.last)
    price = np.full((12, MONTHS + AHEAD), 20.0)
    still = History(history.ids, history.y, history.last, AHEAD, {"price": price})
    promotion = {"promotion": history.regressors["promotion"][:, MONTHS - 5 :]}
    young = History(history.ids, history.y[:, -5:], history.last, AHEAD, promotion)
    for each in (bare, still, young):
        found = explain(each, *each.ids)
        assert found["pooled_driver"].empty and found["driver_effect"].empty
    assert explain(young, *young.ids)["coefficient"].empty


def test_coefficients_are_told_of_the_chosen_series_only_and_as_if_all_had_been_asked() -> None:
    history = make_panel(2)
    every, one = (explain(history, *ids)["coefficient"] for ids in (history.ids, ["s03"]))
    assert set(one["unique_id"]) == {"s03"}
    same = every[every["unique_id"] == "s03"].reset_index(drop=True)
    pd.testing.assert_frame_equal(one, same)


def test_what_a_coming_promotion_adds_is_its_share_of_the_effect_against_none() -> None:
    history = make_panel(2)
    found = explain(history, "s00")
    terms, ahead = found["coefficient"].set_index("term"), found["driver_effect"]
    effect, rows = float(terms.loc["promotion", "estimate"]), ahead[ahead["term"] == "promotion"]
    assert rows["effect"].to_numpy() == pytest.approx(effect * rows["value"].to_numpy())
    assert rows["value"].to_numpy() == pytest.approx(history.regressors["promotion"][0, MONTHS:])
    assert (rows["low"] <= rows["effect"]).all() and (rows["effect"] <= rows["high"]).all()


def test_the_pages_tell_the_effects_that_the_forecast_applies() -> None:
    """What is told of the coming months, all drivers together, is what the forecast's factor makes
    of a usual month.
    """
    history = make_panel(2)
    factor = driver_factors(history, AHEAD)[0, MONTHS:]
    ahead = explain(history, "s00")["driver_effect"]
    share = ahead.groupby("ds")["share"].sum().to_numpy()
    np.testing.assert_allclose(share, 1 - 1 / factor)


def test_the_setting_of_the_effects_moves_what_is_applied_and_what_is_told() -> None:
    history = make_panel(2, shared=0.1)
    usual = defaults().model_copy(update={"horizon": AHEAD})
    short = usual.model_copy(update={"driver_effects": DriverEffects(half_life=6.0)})
    told = [
        explain_drivers(history, ["s00"], each)["pooled_driver"]["estimate"].to_numpy()
        for each in (usual, short)
    ]
    applied = [
        run_candidates(history, few(each), horizon=AHEAD).values["level"] for each in (usual, short)
    ]
    assert np.abs(told[0] - told[1]).max() > 0.005
    assert np.abs(applied[0] - applied[1]).max() > 0.1


def test_a_switch_turns_drivers_off() -> None:
    history = make_panel(2)
    off = defaults().model_copy(update={"driver_effects": DriverEffects(enabled=False)})
    bare = History(history.ids, history.y, history.last)
    without, never = (run_candidates(each, few(off), horizon=AHEAD) for each in (history, bare))
    np.testing.assert_array_equal(without.values["level"], never.values["level"])
    assert not without.seen_at(0).regressors
    on = run_candidates(history, few(defaults()), horizon=AHEAD)
    assert np.abs(on.values["level"] - without.values["level"]).max() > 1


def few(parameters: Parameters) -> Parameters:
    """The parameters with three candidates only."""
    kept = ("seasonal_naive", "level", "regression")
    blocks = {
        name: each.model_copy(update={"enabled": name in kept})
        for name, each in parameters.candidates.items()
    }
    return parameters.model_copy(update={"candidates": blocks})


def test_a_share_stays_a_share_where_it_is_never_zero() -> None:
    """Series 0 is always a little on promotion, as an aggregate is; its effect is told for a whole
    month all the same.
    """
    history = make_panel(2)
    promotion = history.regressors["promotion"].copy()
    promotion[0] = promotion[0].clip(0.05)
    always = History(history.ids, history.y, history.last, AHEAD, {"promotion": promotion})
    assert always.kinds == {"promotion": "share"}
    terms = explain(always, "s00", "s01")["coefficient"].set_index(["term", "unique_id"])
    first, second = (terms.loc[("promotion", each)] for each in ("s00", "s01"))
    assert first["kind"] == second["kind"] == "share"
    assert first["estimate"] == pytest.approx(second["estimate"], rel=0.3)


def test_what_a_driver_that_is_never_zero_adds_is_told_against_the_year_before() -> None:
    """A price of 10 that is 20 since two years, and once 22: a tenth of the effect of doubling it,
    then less, as 22 is part of what is usual.
    """
    history = make_panel(2)
    price = np.full((12, MONTHS + AHEAD), 20.0)
    price[:, : MONTHS - 24], price[:, MONTHS] = 10.0, 22.0
    found = explain(History(history.ids, history.y, history.last, AHEAD, {"price": price}), "s00")
    terms = found["coefficient"].set_index("term")
    assert terms.loc["price", "kind"] == "level"
    effect = found["driver_effect"]["effect"] / terms.loc["price", "estimate"]
    assert effect.iloc[:2].tolist() == pytest.approx([0.1, 20.0 / ((11 * 20.0 + 22.0) / 12) - 1])


def test_what_a_rising_price_adds_is_what_the_forecast_believes_of_it() -> None:
    """Sales of 100 that lose 1.5 times what the price is above its year before; the price rises by
    8 % a year.
    """
    draw = np.random.default_rng(3)
    price = (
        20
        * 1.08 ** (np.arange(MONTHS + AHEAD) / 12)
        * np.exp(0.05 * draw.normal(size=(12, MONTHS + AHEAD)))
    )
    price[:, MONTHS:] = price[:, [MONTHS - 1]]
    usual = np.stack(
        [
            price[:, max(month - 12, 0) : max(month, 1)].mean(axis=1)
            for month in range(MONTHS + AHEAD)
        ],
        axis=1,
    )
    y = 100 * (1 - 1.5 * (price / usual - 1))[:, :MONTHS]
    ids = np.array([f"s{k:02d}" for k in range(12)], dtype=object)
    history = History(ids, y, np.full(12, np.datetime64("2024-12", "M")), AHEAD, {"price": price})
    told = explain(history, *ids)["driver_effect"]["effect"].to_numpy().reshape(12, AHEAD)
    np.testing.assert_allclose(told, -150 * (price / usual - 1)[:, MONTHS:], atol=1.5)


def make_unit() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sales of the last twelve months are ten times the number in the id."""
    members = {"total": ["9"], "key_account": ["1", "2", "other"], "product_line": ["3", "4", "5"]}
    rows = [
        (f"{level}:{name}", level, name, name if level == "key_account" else None)
        for level, names in members.items()
        for name in names
    ]
    series = pd.DataFrame(rows, columns=["unique_id", "level", "label", "key_account"])
    size = [9.0, 1.0, 2.0, 6.0, 3.0, 4.0, 5.0]
    ds = pd.date_range("2025-01-01", periods=12, freq="MS")
    panel = pd.DataFrame(
        [(i, d, s * 10 / 12) for i, s in zip(series["unique_id"], size, strict=True) for d in ds],
        columns=["unique_id", "ds", "y_raw"],
    )
    return series, panel


def test_all_key_accounts_and_the_largest_of_other_levels_get_a_page() -> None:
    chosen = choose_key_series(
        *make_unit(), Key(levels=["key_account", "product_line", "no such level"], most=2)
    )
    assert list(chosen["unique_id"]) == [
        "key_account:2",
        "key_account:1",
        "product_line:5",
        "product_line:4",
    ]
    assert list(chosen["share"]) == pytest.approx([2 / 9, 1 / 9, 5 / 9, 4 / 9])
    assert tables.check(chosen, "key_series") is not None


def test_a_unit_without_key_accounts_has_pages_of_its_other_levels() -> None:
    series, panel = make_unit()
    others = series[series["level"] != "key_account"].drop(columns="key_account")
    assert list(choose_key_series(others, panel, Key(most=1))["unique_id"]) == ["product_line:5"]
    alone = tables.check(choose_key_series(others.head(1), panel, Key()), "key_series")
    assert alone.empty


def test_no_level_no_page() -> None:
    assert tables.check(choose_key_series(*make_unit(), Key(levels=[])), "key_series").empty
    assert defaults().key.levels == ["key_account", "product_line"]


@given(st.text(min_size=1))
def test_a_pages_name_holds_nothing_of_its_members_and_is_safe_in_a_path(unique_id: str) -> None:
    assert re.fullmatch(r"k[0-9a-f]{12}\.html", name_page(unique_id))
