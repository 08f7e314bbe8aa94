"""Series that fell silent after less than a year: what is rare lives on, what ended fades."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import beta

from salesfc_lib.forecasting import silence
from salesfc_lib.forecasting.silence import count_sales, expect_share, limit_silent
from salesfc_lib.forecasting.tables import forecast_panel
from salesfc_lib.foundation import schema

RULE = schema.Lifecycle()


def limits(*rows: list[float]) -> np.ndarray:
    width = max(map(len, rows))
    y = np.array([[np.nan] * (width - len(row)) + row for row in rows])
    return limit_silent(y, np.zeros(len(y), dtype=int), RULE)


def forecast(*rows: list[float]) -> np.ndarray:
    """Mean forecast of each row's coming year."""
    frames = [
        pd.DataFrame(
            {"unique_id": f"s{at:02}", "y": row}
            | {"ds": pd.date_range(end="2025-12-01", periods=len(row), freq="MS")}
        )
        for at, row in enumerate(rows)
    ]
    ahead = forecast_panel(pd.concat(frames), horizon=12)
    return ahead.groupby("unique_id")["y_hat"].mean().to_numpy()


def expect(mean: float, strength: float, hits: int, misses: int) -> float:
    """Chance of so many hits and misses, over a beta distribution of the chance to hit."""
    a, b = mean * strength, (1 - mean) * strength
    if hits + misses == 0:
        return 1.0
    seen = quad(lambda p: p**hits * (1 - p) ** misses * beta.pdf(p, a, b), 1e-9, 0.5, limit=500)
    more = quad(lambda p: p**hits * (1 - p) ** misses * beta.pdf(p, a, b), 0.5, 1 - 1e-9, limit=500)
    return float(seen[0] + more[0])


def weigh_by_integrals(sold: int, months: int, silent: int) -> float:
    """Expected share of one row alone, every end and every chance written out."""
    seen, sells, missed = months - 1, sold - 1, months - sold
    total = expected = 0.0
    for chance in product(silence.SILENCE_CHANCES, silence.SILENCE_STRENGTHS):
        for end in product(silence.SILENCE_ENDS, silence.SILENCE_END_STRENGTHS):
            lives = expect(*end, 0, seen + silent)
            total += expect(*chance, sells, missed + silent) * lives
            total += sum(
                expect(*chance, sells, missed + j) * expect(*end, 1, seen + j)
                for j in range(silent)
            )
            expected += expect(*chance, sells + 1, missed + silent) * lives
    return expected / total


def test_the_share_is_that_of_the_model_by_integrals(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, grid in {
        "SILENCE_CHANCES": (0.4, 0.6),
        "SILENCE_STRENGTHS": (3.0,),
        "SILENCE_ENDS": (0.2, 0.4),
        "SILENCE_END_STRENGTHS": (5.0,),
    }.items():
        monkeypatch.setattr(silence, name, grid)
    counts = silence.Sales(*(np.array([each]) for each in (3, 5, 3, 1)))
    assert expect_share(counts)[0] == pytest.approx(weigh_by_integrals(3, 5, 3), rel=1e-4)


def test_sales_are_counted_from_the_first_to_the_last() -> None:
    found = count_sales(np.array([[np.nan, 0.0, 4.0, 0.0, 8.0, 0.0, 0.0]]))
    assert [each.tolist() for each in found] == [[2], [3], [2], [6.0]]


@pytest.mark.parametrize(
    ("row", "most"),
    [
        ([128050.0, 0, 0, 0, 0], 5000),
        ([128050.0] + [0.0] * 8, 2100),
        ([100.0] * 6 + [0.0] * 6, 1.0),
        ([128050.0, 4200, 0, 0, 0], 0.0),
    ],
)
def test_what_sold_and_then_fell_silent_is_no_longer_forecast_at_its_mean(
    row: list[float], most: float
) -> None:
    assert 0 <= forecast(row)[0] <= most


def test_what_sells_every_three_or_four_months_is_alive() -> None:
    for gap in (3, 4):
        row = ([6.0] + [0.0] * (gap - 1)) * 3 + [0.0] * (4 - gap)
        assert forecast(row)[0] >= 0.5 * 6 / gap
        assert limits([*row, 0.0])[0] < limits(row)[0]


def test_silence_says_less_where_all_series_of_the_level_sell_now_and_then() -> None:
    row = [6.0, 0, 0, 0, 0]
    lumpy = [[6.0 if at % 5 == start else 0.0 for at in range(start, 30)] for start in range(5)]
    faded = [[6.0] * 6 + [0.0] * 18 for _ in range(5)]
    alone, among_lumpy, among_faded = limits(row)[0], limits(row, *lumpy)[0], limits(row, *faded)[0]
    assert among_lumpy > 1.5 * alone and among_faded < alone


def test_only_silence_after_less_than_a_year_is_limited() -> None:
    young, old, short = [5.0] * 11, [5.0] * 12, [5.0] * 3
    found = limits([*young, 0.0, 0, 0], [*old, 0.0, 0, 0], [*short, 0.0, 0])
    assert np.isfinite(found).tolist() == [True, False, False]
    never = np.array([[0.0] * 6, [-5.0, 0, 0, 0, 0, 0]])
    assert np.isinf(limit_silent(never, np.zeros(2, dtype=int), RULE)).all()


def test_what_comes_in_another_level_changes_nothing() -> None:
    y = np.array([[6.0, 0, 0, 0, 0], [6.0, 0, 6, 0, 6]])
    apart = limit_silent(y, np.array([0, 1]), RULE)
    assert apart[0] == limit_silent(y[:1], np.zeros(1, dtype=int), RULE)[0]
