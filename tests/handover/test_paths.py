"""Sample paths: coherent, never negative, with the published margins and the errors' dependence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import tables
from salesfc_lib.handover.decisions import Paths, draw_paths
from salesfc_lib.handover.decisions.margins import lay_basis, shuffle
from salesfc_lib.handover.decisions.paths import bound
from salesfc_lib.handover.decisions.trajectories import (
    Trajectories,
    correlate_months,
    draw_scores,
    list_trajectories,
)
from salesfc_lib.panel import build_series

LEVELS = {"total": [], "line": ["line"], "bottom": ["line", "site"]}
KEYS = pd.DataFrame(
    [(line, site) for line in ("Pots", "Pans") for site in ("East", "North", "West")],
    columns=["line", "site"],
)
SERIES = build_series(KEYS, LEVELS)
BOTTOM = SERIES.loc[SERIES["level"].eq("bottom"), "unique_id"].tolist()
PAST, HORIZON, CUTOFFS = 36, 6, 8
MONTHS = pd.date_range("2023-01-01", periods=PAST + HORIZON, freq="MS")


def made(seed: int = 1) -> dict[str, pd.DataFrame]:
    """A small unit: published forecast, backtest, panel; errors of the first two series are alike
    and last over the months."""
    dice = np.random.default_rng(seed)
    size = np.array([100.0, 200, 50, 80, 120, 60])
    actual = size[:, None] * (1 + 0.2 * dice.standard_normal((6, PAST)))
    errors = 0.2 * size[:, None, None] * dice.standard_normal((6, CUTOFFS, HORIZON))
    errors[:2] = 0.3 * size[:2, None, None] * dice.standard_normal((1, CUTOFFS, 1))
    panel, backtest, published = [], [], []
    for row, each in enumerate(BOTTOM):
        rows = {"unique_id": each, "ds": MONTHS[:PAST], "y": actual[row], "y_raw": actual[row]}
        panel.append(pd.DataFrame(rows))
        for cutoff in range(CUTOFFS):
            at = PAST - HORIZON - cutoff
            came = actual[row, at : at + HORIZON]
            backtest.append(
                pd.DataFrame(
                    {
                        "unique_id": each,
                        "cutoff": MONTHS[at - 1],
                        "ds": MONTHS[at : at + HORIZON],
                        "h": np.arange(1, HORIZON + 1),
                        "y_hat": came - errors[row, cutoff],
                    }
                )
            )
        published.append(publish(each, size[row], 0.3))
    published.append(publish("total", size.sum(), 0.2))
    return {
        "published": pd.concat(published, ignore_index=True),
        "backtest": pd.concat(backtest, ignore_index=True),
        "panel": pd.concat(panel, ignore_index=True),
        "series": SERIES,
    }


def publish(unique_id: str, y_hat: float, share: float) -> pd.DataFrame:
    bounds = {"lo-80": 1 - share, "hi-80": 1 + 1.2 * share, "lo-95": 1 - 1.6 * share}
    bounds["hi-95"] = 1 + 2 * share
    rows = {name: y_hat * each for name, each in bounds.items()}
    ahead = {"ds": MONTHS[PAST:], "h": np.arange(1, HORIZON + 1), "y_hat": y_hat}
    return pd.DataFrame({"unique_id": unique_id, **ahead, **rows})


@pytest.fixture(scope="module")
def unit() -> dict[str, pd.DataFrame]:
    return made()


@pytest.fixture(scope="module")
def paths(unit: dict[str, pd.DataFrame]) -> Paths:
    return draw_paths(**unit, bottom="bottom", count=2000)


def test_every_total_of_a_path_is_the_sum_of_its_parts(paths: Paths) -> None:
    for level in LEVELS:
        sums = paths.at_level(SERIES, LEVELS, level)
        for place, each in enumerate(sums.ids):
            row = SERIES.set_index("unique_id").loc[each]
            own = KEYS[[row["line"] in (None, key) for key in KEYS["line"]]]
            if level == "bottom":
                own = own[own["site"].eq(row["site"])]
            at = own.index.to_numpy()
            order = [BOTTOM.index(f"bottom:{k.line}/{k.site}") for k in KEYS.loc[at].itertuples()]
            slow = paths.values[:, order].sum(axis=1)
            assert np.allclose(sums.values[:, place], slow, rtol=1e-5)


def test_paths_are_never_negative_and_have_the_published_margins(
    unit: dict[str, pd.DataFrame], paths: Paths
) -> None:
    assert (paths.values >= 0).all()
    rows = unit["published"].set_index(["unique_id", "ds"])
    for name, share in (("lo-95", 0.025), ("lo-80", 0.1), ("hi-80", 0.9), ("hi-95", 0.975)):
        told = rows[name].unstack().loc[BOTTOM].to_numpy()
        assert np.allclose(np.quantile(paths.values, share, axis=0), told, rtol=0.01)
    mean = rows["y_hat"].unstack().loc[BOTTOM].to_numpy()
    assert np.allclose(paths.values.mean(axis=0), mean, rtol=1e-4)


def test_the_same_content_gives_the_same_bytes_whatever_the_order(
    unit: dict[str, pd.DataFrame], paths: Paths
) -> None:
    again = draw_paths(**unit, bottom="bottom", count=2000)
    assert again.values.tobytes() == paths.values.tobytes()
    shuffled = {name: rows.sample(frac=1, random_state=3) for name, rows in unit.items()}
    other = draw_paths(**shuffled, bottom="bottom", count=2000)
    assert np.array_equal(other.of(BOTTOM).values, paths.values)
    changed = unit | {"published": unit["published"].assign(y_hat=lambda f: f["y_hat"] * 1.01)}
    assert not np.array_equal(
        draw_paths(**changed, bottom="bottom", count=2000).values, paths.values
    )


def test_errors_that_go_together_stay_together_over_series_and_months(paths: Paths) -> None:
    first, second, third = paths.values[:, 0], paths.values[:, 1], paths.values[:, 2]
    alike = np.corrcoef(first.sum(axis=1), second.sum(axis=1))[0, 1]
    apart = np.corrcoef(first.sum(axis=1), third.sum(axis=1))[0, 1]
    assert alike > apart + 0.2
    lasting = np.corrcoef(first[:, 0], first[:, 5])[0, 1]
    assert lasting > 0.15
    adding = 3 * 100 * 0.3 * 2.2  # width of three months' published intervals, added up
    low, high = bound(first[:, :3].sum(axis=1), 80)
    assert high - low < 0.9 * adding


def test_a_total_varies_as_published(unit: dict[str, pd.DataFrame], paths: Paths) -> None:
    total = paths.values.sum(axis=1)
    low, high = bound(total, 80)
    told = unit["published"].query("unique_id == 'total'")
    assert np.allclose(high - low, told["hi-80"] - told["lo-80"], rtol=0.12)


def test_a_range_of_any_sum_is_that_of_a_slow_loop(paths: Paths) -> None:
    ids, months = [BOTTOM[1], BOTTOM[4]], [0, 2, 3]
    slow = sorted(
        sum(float(path[BOTTOM.index(each), month]) for each in ids for month in months)
        for path in paths.values
    )
    low, high = paths.interval(80, ids, months)
    assert (low, high) == pytest.approx((slow[199], slow[1800]))
    assert paths.quantile(0.5, ids, months) == pytest.approx(np.median(slow))
    assert sum(low <= each <= high for each in slow) >= 0.8 * len(slow)


def test_a_table_of_paths_is_read_back_as_it_was(paths: Paths) -> None:
    few = Paths(paths.values[:7], paths.ids, paths.months)
    rows = tables.check(few.rows(), "paths")
    back = Paths.read(rows)
    assert np.array_equal(back.values, few.values)
    assert back.ids.equals(few.ids) and back.months.equals(few.months)


def test_a_lumpy_series_keeps_its_mean_and_its_zeros() -> None:
    quantiles = np.array([[0.0, 0.0, 2.8, 7.0, 12.0]])
    scores = np.random.default_rng(0).standard_normal((1000, 1))
    values = shuffle(scores, quantiles, np.array([2.8]))
    assert (values >= 0).all() and (values == 0).mean() > 0.4
    assert values.mean() == pytest.approx(2.8, abs=0.02)
    assert np.array_equal(
        np.argsort(values[:, 0], kind="stable")[-50:], np.argsort(scores[:, 0])[-50:]
    )


@pytest.mark.parametrize(
    ("low", "above"),
    [((0.0, 0.0), (0.2, 0.05)), ((0.0, 1.0), (0.1, 0.05)), ((1.0, 2.0), (0.1, 0.025))],
)
def test_an_interval_that_rests_on_zero_leaves_out_its_share_above_alone(
    low: tuple[float, float], above: tuple[float, float]
) -> None:
    quantiles = np.array([[*low, 4.0, 9.0, 14.0]])
    values = shuffle(
        np.random.default_rng(0).standard_normal((2000, 1)), quantiles, np.array([4.0])
    )
    found = [(values > each).mean() for each in (9.0, 14.0)]
    assert found == pytest.approx(above, abs=0.002)
    assert (values < low[1]).mean() == pytest.approx(0.1 if low[1] else 0.0, abs=0.002)


def test_inner_values_of_long_tails_are_nearer_to_the_centre() -> None:
    scores = np.random.default_rng(0).standard_normal((2000, 1))
    inner = []
    for outer in (1.96, 4.0):  # a normal distribution, then longer tails
        quantiles = 10 + np.array([[-outer, -1.2816, 0.0, 1.2816, outer]])
        values = shuffle(scores, quantiles, np.array([10.0]))
        inner.append(float(np.quantile(values, 0.75)) - 10)
        assert np.quantile(values, 0.9) == pytest.approx(11.2816, abs=0.01)
    assert inner[0] == pytest.approx(0.6745, abs=0.01)
    assert inner[1] < 0.5


def test_a_month_below_zero_is_as_far_below_as_published() -> None:
    quantiles = np.array([[-20.0, -10.0, 5.0, 20.0, 30.0]])
    values = shuffle(np.random.default_rng(0).standard_normal((500, 1)), quantiles, np.array([5.0]))
    assert values.min() == -20.0


@given(st.integers(2, 300))
def test_each_ordered_value_is_made_of_two_quantiles(count: int) -> None:
    basis = lay_basis(count)
    assert np.allclose(basis.sum(axis=1), 1)
    assert ((basis != 0).sum(axis=1) <= 2).all()
    values = basis @ np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (np.diff(values) > 0).all()


@settings(max_examples=20)
@given(st.floats(0.0, 0.9))
def test_months_that_go_together_are_found(rho: float) -> None:
    dice = np.random.default_rng(int(rho * 1000))
    level = dice.standard_normal((8, 300, 1))
    errors = np.sqrt(rho) * level + np.sqrt(1 - rho) * dice.standard_normal((8, 300, 4))
    found = correlate_months(errors)
    assert np.allclose(np.diag(found), 1)
    assert found[0, 3] == pytest.approx(rho, abs=0.08)


def test_scores_have_variance_one_and_few_cutoffs_are_enough() -> None:
    dice = np.random.default_rng(2)
    for cutoffs in (0, 1, 3):
        trajectories = Trajectories(dice.standard_normal((cutoffs, 40, 3)))
        scores = draw_scores(trajectories, 4000, dice, common=0.2)
        assert np.allclose(scores.var(axis=0), 1, atol=0.12)
        assert np.allclose(scores.mean(axis=0), 0, atol=0.08)


def test_errors_are_shares_of_what_was_known_at_the_cutoff(unit: dict[str, pd.DataFrame]) -> None:
    ids = pd.Index(BOTTOM)
    found = list_trajectories(unit["backtest"], unit["panel"], ids, HORIZON).errors
    rows = unit["backtest"].query("unique_id == @BOTTOM[0]").sort_values(["cutoff", "h"]).iloc[:6]
    own = unit["panel"].query("unique_id == @BOTTOM[0]").set_index("ds")["y_raw"]
    size = own[own.index <= rows["cutoff"].iloc[0]].iloc[-12:].mean()
    assert found[0, 0] == pytest.approx((own[rows["ds"]].to_numpy() - rows["y_hat"]) / size)
    later = unit["panel"].assign(
        y_raw=lambda f: f["y_raw"].where(f["ds"] <= rows["cutoff"].iloc[0], f["y_raw"] * 9)
    )
    changed = list_trajectories(unit["backtest"], later, ids, HORIZON).errors
    more = (own[rows["ds"]].to_numpy() * 9 - rows["y_hat"]) / size
    assert changed[0, 0] == pytest.approx(more)  # what came later changes no size


def test_a_forecast_without_a_month_is_told(unit: dict[str, pd.DataFrame]) -> None:
    rows = unit["published"]
    lacking = rows[~(rows["unique_id"].eq(BOTTOM[2]) & rows["h"].eq(4))]
    with pytest.raises(SalesForecastError, match="lacks months of 'bottom:Pans/West'"):
        draw_paths(**unit | {"published": lacking}, bottom="bottom")


def test_series_without_paths_are_told(paths: Paths) -> None:
    with pytest.raises(SalesForecastError, match="no paths of 'bottom:Lids'"):
        paths.of(["bottom:Lids"])
