"""What a decision changed: worked by hand, held against chance, the same whatever stands aside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.errors import RequestError
from salesfc_lib.retrospective.compare import Past
from salesfc_lib.retrospective.loop.effect import (
    SIGNIFICANT,
    Effect,
    _take_off,
    _test,
    measure_effect,
)
from tests.retrospective.test_retrospective import EAST, LAMP, NORTH, SERIES, forecast, sold

MONTHS = pd.date_range("2025-01-01", periods=18, freq="MS")
SINCE = MONTHS[12]


def past_of(
    actual: pd.DataFrame, published: pd.DataFrame, naive: pd.DataFrame | None = None
) -> Past:
    """One month ahead: frames of months x series."""
    stages = {"reconciled": published} | ({} if naive is None else {"baseline": naive})
    rows = [
        (name, stage, ds, 1, value)
        for stage, frame in stages.items()
        for name in frame.columns
        for ds, value in frame[name].dropna().items()
    ]
    known = [(name, ds, y) for name in actual.columns for ds, y in actual[name].items()]
    return Past(forecast(rows), sold(known), SERIES)


def steps(before: float, after: float, name: str = LAMP) -> pd.DataFrame:
    values = np.where(MONTHS < SINCE, before, after).astype(float)
    return pd.DataFrame({name: values}, index=MONTHS)


def made(**more: pd.DataFrame) -> Past:
    frames = {"actual": steps(100, 100), "published": steps(110, 104), "naive": steps(120, 115)}
    return past_of(**{**frames, **more})


@pytest.mark.parametrize(
    ("kpi", "before", "after", "measured"),
    [
        ("wape", 0.10, 0.04, -0.06 - (0.15 - 0.20)),
        ("gain", 0.10, 0.11, 0.01),
        ("bias", 0.10, 0.04, -0.06),
        ("error", 10.0, 4.0, -6.0 - (15.0 - 20.0)),
    ],
)
def test_the_effect_is_the_change_that_easier_months_do_not_account_for(
    kpi: str, before: float, after: float, measured: float
) -> None:
    effect = measure_effect(made(), [LAMP], kpi, SINCE, "2026-06")
    assert (effect.months_before, effect.months_after) == (12, 6)
    assert (effect.before, effect.after) == (pytest.approx(before), pytest.approx(after))
    assert effect.measured == pytest.approx(measured)
    assert effect.p is not None and effect.p < 0.01


@pytest.mark.parametrize(("share", "measured"), [(0.0, -0.04), (0.5, -0.04 - 0.5 * 0.20)])
def test_of_the_naives_change_only_what_moves_with_the_error_is_taken_off(
    share: float, measured: float
) -> None:
    naive, published = steps(120, 140), steps(110, 106)
    naive.iloc[::2] += 10.0
    published.iloc[::2] += 10.0 * share
    past = made(published=published, naive=naive)
    found = measure_effect(past, [LAMP], "wape", SINCE, "2026-06").measured
    assert found == pytest.approx(measured)
    gain = measure_effect(past, [LAMP], "gain", SINCE, "2026-06")
    assert gain.measured == pytest.approx(-measured)
    assert gain.after - gain.before == pytest.approx(0.20 + 0.04)


def test_months_are_pooled_and_never_averaged() -> None:
    actual = steps(100, 100)
    actual.iloc[-1] = 1000.0
    published = actual + 10.0
    published.iloc[-1] += 90.0
    effect = measure_effect(past_of(actual, published), [LAMP], "bias", SINCE, "2026-06")
    assert effect.after == pytest.approx((5 * 10 + 100) / 1500)


@pytest.mark.parametrize(("month", "months"), [("2025-12", 0), ("2026-02", 2)])
def test_fewer_than_three_months_are_too_early(month: str, months: int) -> None:
    effect = measure_effect(made(), [LAMP], "wape", SINCE, month)
    assert effect.months_after == months
    assert (effect.measured, effect.p, effect.verdict(-0.05)) == (None, None, "too_early")
    assert measure_effect(made(), [LAMP], "wape", SINCE, "2026-03").measured is not None


@pytest.mark.parametrize("rows", [[], ["not/here"], [EAST, NORTH]])
def test_rows_without_a_forecast_are_too_early(rows: list[str]) -> None:
    effect = measure_effect(made(), rows, "wape", SINCE, "2026-06")
    assert (effect.months_before, effect.months_after, effect.before) == (0, 0, None)
    assert effect.verdict(-0.05) == "too_early"


def test_months_without_sales_have_no_ratio() -> None:
    nothing = steps(100, 0)
    effect = measure_effect(made(actual=nothing), [LAMP], "wape", SINCE, "2026-06")
    assert (effect.after, effect.verdict(-0.05)) == (None, "too_early")
    assert measure_effect(made(actual=nothing), [LAMP], "error", SINCE, "2026-06").after == 104


def test_what_has_no_naive_counts_for_the_bias_alone() -> None:
    past = past_of(steps(100, 100), steps(110, 104))
    assert measure_effect(past, [LAMP], "wape", SINCE, "2026-06").months_after == 0
    assert measure_effect(past, [LAMP], "bias", SINCE, "2026-06").measured == pytest.approx(-0.06)


def test_other_rows_and_later_months_change_nothing() -> None:
    known = measure_effect(made(), [LAMP], "wape", SINCE, "2026-04")
    wide = {
        name: frame.assign(**{EAST: np.linspace(5, 900, len(MONTHS))})
        for name, frame in (
            ("actual", steps(100, 100)),
            ("published", steps(110, 104)),
            ("naive", steps(120, 115)),
        )
    }
    assert measure_effect(past_of(**wide), [LAMP], "wape", SINCE, "2026-04") == known


def test_no_more_than_a_year_after_is_counted() -> None:
    index = pd.date_range("2024-01-01", periods=30, freq="MS")
    frame = pd.DataFrame({LAMP: np.full(30, 110.0)}, index=index)
    effect = measure_effect(past_of(frame - 10, frame), [LAMP], "bias", index[12], index[-1])
    assert (effect.months_before, effect.months_after) == (12, 12)


def test_an_unknown_kpi_is_named_with_those_that_there_are() -> None:
    with pytest.raises(RequestError, match=r"'wap' in the KPIs.*'bias'.*'wape'.*Did you mean"):
        measure_effect(made(), [LAMP], "wap", SINCE, "2026-06")


FOUND = Effect("wape", 12, 6, before=0.3, after=0.2, measured=-0.10, noise=0.03, p=0.001)


@pytest.mark.parametrize(
    ("effect", "expected", "verdict"),
    [
        (FOUND, -0.08, "as_expected"),
        (FOUND, -0.12, "as_expected"),
        (FOUND, -0.14, "less"),
        (FOUND, 0.05, "worse"),
        (replace(FOUND, p=0.06), -0.10, "chance"),
        (replace(FOUND, measured=None), -0.10, "too_early"),
    ],
)
def test_the_verdict_is_beside_what_was_expected(
    effect: Effect, expected: float, verdict: str
) -> None:
    assert effect.verdict(expected) == verdict


def simulate(seed: int, units: int, phi: float) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Actual, forecast by smoothing and seasonal naive of units of three series, 18 months of each.

    What a series deviates by lasts (correlation `phi`), and its level wanders.
    """
    draw, names = (
        np.random.default_rng(seed),
        [f"{unit}/{n}" for unit in range(units) for n in "abc"],
    )
    months, shape = pd.date_range("2024-01-01", periods=54, freq="MS"), (54, len(names))
    lasting = np.zeros(shape)
    for at in range(1, len(months)):
        new = np.sqrt(1 - phi**2) * draw.normal(0, 0.15, len(names))
        lasting[at] = phi * lasting[at - 1] + new
    level = np.cumsum(draw.normal(0, 0.02, shape), axis=0)
    y = pd.DataFrame(100 * np.exp(level + lasting), index=months, columns=names)
    smoothed = y.ewm(alpha=0.3).mean().shift(1)
    return y.tail(18), smoothed.tail(18), y.shift(12).tail(18)


@pytest.mark.parametrize("phi", [0.0, 0.5])
def test_an_action_that_does_nothing_is_called_chance_in_19_of_20_cases(phi: float) -> None:
    y, ahead, naive = simulate(7, 400, phi)
    is_after, found = np.arange(18) >= 12, {"wape": 0, "bias": 0}
    for at in range(0, y.shape[1], 3):
        size, error, without = (frame.iloc[:, at : at + 3] for frame in (y, ahead - y, naive - y))
        for kpi, own, other in (("wape", error.abs(), without.abs()), ("bias", error, None)):
            months = {"error": own.sum(axis=1), "size": size.sum(axis=1)}
            months["naive"] = np.nan if other is None else other.sum(axis=1)
            table = pd.DataFrame(months)
            p = _test(_take_off(table, is_after), table["size"].to_numpy(), is_after)[2]
            found[kpi] += p <= SIGNIFICANT
    assert max(found.values()) <= 0.07 * 400, found


def test_an_action_that_saves_most_of_the_error_is_found() -> None:
    y, ahead, naive = simulate(11, 40, 0.3)
    ahead.iloc[12:] = y.iloc[12:] + 0.1 * (ahead.iloc[12:] - y.iloc[12:])
    past = past_of(y, ahead, naive)
    units = [[f"{unit}/{n}" for n in "abc"] for unit in range(40)]
    effects = [measure_effect(past, rows, "gain", y.index[12], y.index[-1]) for rows in units]
    said = [effect.verdict(0.05) for effect in effects]
    assert said.count("as_expected") > 0.5 * len(said)
    assert said.count("worse") == 0
