"""What a proposal would have gained: worked by hand, on months other than those it was found in,
and told from chance.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.forecasting.combination.weights import (
    CandidateErrors,
    combination_weights,
    weighted_mean,
)
from salesfc_lib.foundation import defaults
from salesfc_lib.retrospective.facts import read_facts
from salesfc_lib.retrospective.proposals.gain import compare, judge

MONTHS = pd.date_range("2024-07-01", periods=24, freq="MS")
LAST_YEAR = MONTHS[12]


def rows(values: np.ndarray, months: pd.DatetimeIndex = MONTHS, name: str = "a") -> pd.DataFrame:
    """Forecasts one month ahead of one series, a value a month."""
    cutoff = months - pd.DateOffset(months=1)
    known = {"unique_id": name, "cutoff": cutoff, "ds": months, "h": 1}
    return pd.DataFrame(known | {"y_hat": np.broadcast_to(values, len(months))})


def sold(value: float, name: str = "a") -> pd.DataFrame:
    return rows(np.array(value), name=name).rename(columns={"y_hat": "y_raw"})


def combine(forecasts: list[float], power: float) -> float:
    """The mix of two candidates whose errors were 1 and 2."""
    error = np.array([[1.0], [2.0]])
    settings = defaults().combine.model_copy(update={"power": power})
    values = np.array(forecasts)[:, None, None]
    weights = combination_weights(
        CandidateErrors(error, error, error, error, error), values, settings
    )
    return float(weighted_mean(values, weights)[0, 0])


def test_the_gain_of_a_combine_power_is_as_worked_by_hand() -> None:
    # errors of 1 and 2: weights 2/3 and 1/3 with a power of 1, 4/5 and 1/5 with a power of 2
    assert combine([110.0, 140.0], 1.0) == pytest.approx(120.0)
    assert combine([110.0, 140.0], 2.0) == pytest.approx(116.0)
    assert combine([45.0, 60.0], 1.0) == pytest.approx(50.0)
    assert combine([45.0, 60.0], 2.0) == pytest.approx(48.0)
    now, proposed = (
        pd.concat(
            [
                rows(np.array(combine([110.0, 140.0], power)), name="a"),
                rows(np.array(combine([45.0, 60.0], power)), name="b"),
            ]
        )
        for power in (1.0, 2.0)
    )
    actual = pd.concat([sold(100.0, "a"), sold(50.0, "b")])
    gain = compare(now, proposed, actual, since=LAST_YEAR)
    # of 150 sold a month: 20 + 0 missed as it is, 16 + 2 as proposed
    assert gain["wape_now"] == pytest.approx(20 / 150)
    assert gain["wape_proposed"] == pytest.approx(18 / 150)
    assert gain["gain"] == pytest.approx(2 / 150)
    assert (gain["rows"], gain["months"], gain["cutoffs"]) == (24, 12, 12)
    assert gain["p"] == pytest.approx(1 / 2**12)  # one of all ways to give twelve months a sign


def test_months_in_which_it_was_found_do_not_count_where_there_are_enough_others() -> None:
    found = np.where(MONTHS >= LAST_YEAR, 100.0, 120.0)  # right in the year it was found in only
    now, actual = rows(np.array(120.0)), sold(100.0)
    gain = compare(now, rows(found), actual, since=LAST_YEAR)
    assert (gain["measured"], gain["gain"], gain["decision"]) == ("earlier", 0.0, "not_worth_it")
    later = np.arange(24) >= 8  # four months before the year, too few
    gain = compare(now[later], rows(found), actual, since=LAST_YEAR)
    assert (gain["measured"], gain["months"]) == ("same", 12)
    assert gain["gain"] == pytest.approx(0.2)
    everywhere = compare(now, rows(found), actual, since=None)
    assert (everywhere["measured"], everywhere["months"]) == ("same", 24)


def test_what_is_more_than_three_months_ahead_or_has_no_actual_is_left_out() -> None:
    now, better = rows(np.array(120.0)), rows(np.array(110.0))
    far = now.assign(h=4, cutoff=now["cutoff"] - pd.DateOffset(months=3))
    actual = sold(100.0)
    actual.loc[0, "y_raw"] = np.nan
    both = [pd.concat([frame, far.assign(y_hat=value)]) for frame, value in ((now, 1), (better, 2))]
    gain = compare(*both, actual, since=LAST_YEAR)
    assert gain["rows"] == gain["months"] == 11
    assert gain["gain"] == pytest.approx(0.1)


def test_a_gain_within_chance_or_of_nothing_is_not_worth_it() -> None:
    dice = np.random.default_rng(0)
    noisy = rows(100 + dice.normal(0, 20, 24)).assign(y_raw=100.0, y_hat_proposed=110.0)
    by_chance = judge(noisy, months="same")
    assert by_chance["decision"] == "not_worth_it"
    assert by_chance["gain"] <= by_chance["noise"]
    tiny = noisy.assign(y_hat=110.0, y_hat_proposed=109.95)  # always better, by 0.05 points
    assert judge(tiny, months="same")["decision"] == "not_worth_it"
    assert judge(tiny.assign(y_hat_proposed=109.5), months="same")["decision"] == "open"
    worse = judge(tiny.assign(y_hat_proposed=115.0), months="same")
    assert (worse["decision"], worse["p"]) == ("not_worth_it", 1.0)


def test_a_gain_is_above_its_noise_exactly_where_it_is_significant() -> None:
    dice = np.random.default_rng(1)
    for size in (1.0, 4.0, 8.0, 12.0):
        values = rows(110 + dice.normal(0, 5, 24)).assign(y_raw=100.0)
        gain = judge(values.assign(y_hat_proposed=values["y_hat"] - size), months="same")
        assert (gain["gain"] > gain["noise"]) == (gain["p"] <= 0.05)


def test_a_gain_without_any_is_claimed_in_one_case_of_twenty() -> None:
    dice, claimed, tried = np.random.default_rng(2), 0, 200
    for _ in range(tried):
        values = rows(100 + dice.normal(0, 10, 24)).assign(y_raw=100.0)
        values = values.assign(y_hat_proposed=100 + dice.normal(0, 10, 24))
        claimed += judge(values, months="same")["decision"] == "open"
    assert claimed <= 0.05 * tried + 2 * np.sqrt(tried * 0.05 * 0.95)


def test_a_gain_that_cannot_be_measured_says_why() -> None:
    few = compare(rows(np.array(1.0))[:5], rows(np.array(2.0)), sold(1.0), since=None)
    assert (few["decision"], np.isnan(few["gain"])) == ("open", True)
    assert read_facts(few["remark"]) == {"say": "proposal.few_months", "months": 5, "least": 6}
    nothing = compare(rows(np.array(1.0)), rows(np.array(2.0)), sold(0.0), since=None)
    assert np.isnan(nothing["gain"])
