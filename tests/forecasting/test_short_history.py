"""Claims about short histories: every series has a forecast from its first month on, and says what
it rests on.
"""

from __future__ import annotations

import numpy as np
import pytest

from salesfc_lib.forecasting.backtest.backtest import run_candidates
from salesfc_lib.forecasting.candidates.registry import REGISTRY
from salesfc_lib.forecasting.combination.boosting import boosting_share
from salesfc_lib.forecasting.combination.weights import backtest_errors, combination_weights
from salesfc_lib.forecasting.forecast import model_history
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.reasons import FALLBACKS, FULL_HISTORY, describe_fallback
from salesfc_lib.forecasting.tables import list_weights
from salesfc_lib.forecasting.tuning import BOOSTED_FROM
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.parameters import defaults

SHORT = (1, 2, 3, 5, 6, 9, 12, 13, 18, 24, 25)


def unit(lengths: tuple[int, ...] = SHORT, others: int = 30, width: int = 60) -> History:
    """Series of one season that are cut to `lengths` months, and others that are not; the last
    column is a December.
    """
    draw = np.random.default_rng(8)
    season = 1 + 0.5 * np.sin(np.arange(width) * np.pi / 6)
    y = 100 * season * draw.uniform(0.9, 1.1, (len(lengths) + others, width))
    for row, months in enumerate(lengths):
        y[row, : width - months] = np.nan
    ids = np.array(
        [f"m{months:02d}" for months in lengths] + [f"whole{k}" for k in range(others)],
        dtype=object,
    )
    return History(ids, y, np.full(len(y), np.datetime64("2025-12", "M")))


def test_the_rungs_are_where_candidates_begin() -> None:
    assert REGISTRY["level"].needed == FALLBACKS[0][0] == 1
    assert REGISTRY["seasonal_naive"].needed == FALLBACKS[2][0] == 12
    assert REGISTRY["damped"].needed == FALLBACKS[3][0] == 13
    assert REGISTRY["two_years"].needed == FALLBACKS[4][0] == 24
    assert max(each.needed for each in REGISTRY.values() if each.scope == "panel") == FULL_HISTORY


@pytest.mark.parametrize(
    ("months", "words"),
    [
        (1, "1 month of history: smoothed level with the unit's season, uncorrected"),
        (5, "5 months of history: smoothed level with the unit's season, uncorrected"),
        (6, "6 months of history: smoothed level with the unit's season"),
        (
            12,
            "12 months of history: smoothed level with the unit's season, "
            "beside last year's months",
        ),
        (
            13,
            "13 months of history: levels and trends with the unit's season, "
            "beside last year's months",
        ),
        (
            24,
            "24 months of history: levels and trends with the unit's season, "
            "beside the months of two years",
        ),
        (25, ""),
        (0, ""),
    ],
)
def test_each_length_names_its_rung(months: int, words: str) -> None:
    assert in_words(describe_fallback(months, unit=60)) == words


def test_a_unit_of_less_than_a_year_has_no_season_to_name() -> None:
    assert in_words(describe_fallback(7, unit=12)) == "7 months of history: smoothed level"


def test_every_series_has_a_forecast_from_its_first_month_on() -> None:
    assert np.isfinite(model_history(unit(), defaults(), horizon=12).combined[0]).all()


def test_one_month_is_carried_through_the_year_by_the_units_season() -> None:
    panel = unit(lengths=(1,))
    forecast = model_history(panel, defaults(), horizon=12).combined[0][0]
    season = 1 + 0.5 * np.sin(np.arange(60, 72) * np.pi / 6)  # the months ahead
    assert np.corrcoef(forecast, season)[0, 1] > 0.99
    assert forecast.max() / forecast.min() > 1.5  # 3.0 of the season itself, 1.0 without one


def test_less_than_half_a_year_is_not_corrected() -> None:
    y = unit(lengths=(BOOSTED_FROM - 1, BOOSTED_FROM)).y[:2]
    none, some = boosting_share(np.ones((2, 12)), y)
    assert none == 0.0 < some


def test_what_a_young_series_could_not_test_counts_as_it_does_elsewhere() -> None:
    panel = unit(lengths=(14, 14))
    said = run_candidates(panel, defaults(), horizon=12)
    settings = defaults().combine
    evidence = backtest_errors(said, 0, settings)
    damped, young = said.names.index("damped"), 0
    assert (
        evidence.cutoffs[damped, young] == 0
    )  # thirteen months are needed, and the latest tested cutoff is earlier
    tested = evidence.relative[damped][np.isfinite(evidence.relative[damped])]
    assert evidence.blended[damped, young] == pytest.approx(tested.mean())
    assert combination_weights(evidence, said.at(0), settings)[damped, young] > 0


def test_reasons_of_young_series_begin_with_their_rung_and_of_others_do_not() -> None:
    modeled = model_history(unit(), defaults(), horizon=12)
    weights = list_weights(modeled).assign(reason=lambda each: each["reason"].map(in_words))
    reasons = weights.query("model != 'xgboost'").groupby("unique_id")["reason"].agg(list)
    assert all(
        reason.startswith("5 months of history: smoothed level with the unit's season")
        for reason in reasons["m05"]
    )
    assert all(
        "months of history" not in reason for reason in [*reasons["m25"], *reasons["whole0"]]
    )
    untested = weights.query("unique_id == 'm13' and model == 'damped'")["reason"].item()
    assert "not tested here" in untested


def test_a_unit_without_any_backtest_takes_its_candidates_equally() -> None:
    panel = unit(lengths=(3, 3), others=0, width=6)
    modeled = model_history(panel, defaults(), horizon=12)
    weights = list_weights(modeled).query("unique_id == 'm03'")
    assert weights["weight"].nunique() == 1
    assert weights["reason"].map(in_words).str.contains("count equally").all()
