"""The choice of a method: honest about time, on the same ground, and the result adds up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.schema import Parameters
from salesfc_lib.foundation.tables import check, empty
from salesfc_lib.panel.aggregation import aggregate
from salesfc_lib.panel.hierarchy import build_series, coherence_gap, summing_matrix
from salesfc_lib.reconciliation.methods import (
    choose_method,
    judge_methods,
    mean_wape,
    reconcile,
    reconcile_backtest,
)
from salesfc_lib.reconciliation.past_errors import BacktestErrors
from salesfc_lib.reconciliation.projection import METHODS, project

LEVELS = {"total": [], "line": ["line"], "region": ["region"], "bottom": ["line", "region"]}
KEYS = pd.DataFrame(
    [(line, region) for line in "ABC" for region in "XYZ"], columns=["line", "region"]
)
SERIES = build_series(KEYS, LEVELS)
MONTH, HORIZON = "2025-12", 12
MONTHS = pd.date_range("2022-01-01", MONTH, freq="MS")
BOTTOMS = SERIES.loc[SERIES["level"].eq("bottom"), "unique_id"].tolist()


def parameters(*methods: str) -> Parameters:
    chosen = {"methods": methods or list(METHODS)}
    return Parameters.model_validate(
        {"dimensions": ["line", "region"], "levels": LEVELS, "reconcile": chosen}
    )


def panel(seed: int = 0, first: dict[str, int] | None = None) -> pd.DataFrame:
    """History of all levels; `first` delays a bottom's start by so many months."""
    rng = np.random.default_rng(seed)
    season = 1 + 0.3 * np.sin(np.arange(len(MONTHS)) * np.pi / 6)
    parts = []
    for name in BOTTOMS:
        start = (first or {}).get(name, 0)
        y = rng.gamma(4, 25) * season * rng.gamma(20, 0.05, len(MONTHS))
        parts.append(pd.DataFrame({"unique_id": name, "ds": MONTHS, "y": y, "y_raw": y})[start:])
    return aggregate(pd.concat(parts, ignore_index=True), SERIES, LEVELS)


def forecasts(
    history: pd.DataFrame, cutoff: pd.Timestamp, error: dict[str, float], seed: int = 0
) -> pd.DataFrame:
    """Last year's months times a relative error of each level's size, of the series that existed a
    year before.
    """
    rng = np.random.default_rng([seed, cutoff.year, cutoff.month])
    year = history["ds"].between(cutoff - pd.DateOffset(months=HORIZON - 1), cutoff)
    known = history.loc[year].merge(SERIES[["unique_id", "level"]])
    complete = known.groupby("unique_id")["ds"].transform("size").eq(HORIZON)
    known = known.loc[complete]
    noise = rng.normal(1, 1, len(known)) - 1
    y_hat = known["y_raw"].to_numpy() * (1 + noise * known["level"].map(error).to_numpy())
    h = (known["ds"].dt.year - cutoff.year) * 12 + known["ds"].dt.month - cutoff.month + 12
    return pd.DataFrame(
        {
            "unique_id": known["unique_id"],
            "stage": "combined",
            "model": "combination",
            "cutoff": cutoff,
            "ds": known["ds"] + pd.DateOffset(months=12),
            "h": h,
            "y_hat": y_hat,
        }
    ).reset_index(drop=True)


def backtest(history: pd.DataFrame, error: dict[str, float], step: int = 2) -> pd.DataFrame:
    cutoffs = pd.date_range(
        end=pd.Timestamp(MONTH) - pd.DateOffset(months=step), periods=6, freq=f"{step}MS"
    )
    return pd.concat([forecasts(history, cutoff, error) for cutoff in cutoffs], ignore_index=True)


def errors(total: float, middle: float, bottom: float) -> dict[str, float]:
    return {"total": total, "line": middle, "region": middle, "bottom": bottom}


def run(
    history: pd.DataFrame, error: dict[str, float], *methods: str, past: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    combined = forecasts(history, pd.Timestamp(MONTH), error)
    past = backtest(history, error) if past is None else past
    return reconcile(combined, past, history, SERIES, parameters=parameters(*methods), month=MONTH)


@pytest.mark.parametrize("method", list(METHODS))
def test_reconciled_forecasts_add_up_and_keep_their_contract(method):
    found, table = run(panel(), errors(0.02, 0.1, 0.4), method)
    check(found, "forecast")
    check(table, "reconciliation")
    assert coherence_gap(found, SERIES, LEVELS) < 1e-9
    assert len(found) == len(SERIES) * HORIZON
    assert set(found["model"]) == {method}
    assert found["unique_id"].drop_duplicates().tolist() == SERIES["unique_id"].tolist()
    assert found.groupby("ds")["h"].first().tolist() == list(range(1, 13))


def test_the_chosen_method_has_the_lowest_mean_of_the_levels_wape():
    found, table = run(panel(), errors(0.02, 0.1, 0.6))
    wape = (
        table.assign(wape=table["numerator"] / table["denominator"])
        .groupby("method", sort=False)["wape"]
        .mean()
    )
    chosen = table.loc[table["chosen"], "method"].unique()
    assert chosen.tolist() == [wape.idxmin()] == found["model"].unique().tolist()
    assert chosen[0] != "bottom_up"  # the upper levels knew better
    assert table.groupby("method").size().eq(len(LEVELS)).all()


def test_bottom_up_wins_where_only_the_bottom_knows():
    _, table = run(panel(), errors(0.9, 0.9, 0.01), "bottom_up", "ols")
    assert table.loc[table["chosen"], "method"].unique().tolist() == ["bottom_up"]


def test_all_methods_are_compared_on_the_same_forecasts():
    _, table = run(panel(), errors(0.1, 0.1, 0.3))
    by_level = table.groupby("level")[["denominator", "n"]].nunique()
    assert (by_level == 1).all(axis=None)
    # cutoffs 2, 4 and 6 months back have 12 or more vectors of errors that were known then: 2 + 4 +
    # 6 months of one total
    assert table.loc[table["level"].eq("total"), "n"].unique().tolist() == [12]


def test_a_method_learns_nothing_from_after_a_cutoff():
    history = panel()
    past = backtest(history, errors(0.1, 0.1, 0.3))
    cutoff = np.datetime64("2025-06", "M")
    later = history.assign(y_raw=history["y_raw"].where(history["ds"] <= "2025-06-01", 1e6))
    one, two = (BacktestErrors.of(past, frame, SERIES, LEVELS) for frame in (history, later))
    np.testing.assert_array_equal(one.errors_by(cutoff), two.errors_by(cutoff))
    # months that were over by June, each once: the cutoffs of December, February and April forecast
    # six, four and two of them
    assert len(one.errors_by(cutoff)) == 6
    assert not np.array_equal(
        one.errors_by(np.datetime64("2025-08", "M")), two.errors_by(np.datetime64("2025-08", "M"))
    )


def test_actuals_after_the_month_change_nothing():
    history = panel()
    future = history.loc[history["ds"].eq(MONTHS[-1])].assign(
        ds=pd.Timestamp("2026-01-01"), y_raw=1e9
    )
    error = errors(0.1, 0.1, 0.3)
    combined, past = forecasts(history, MONTHS[-1], error), backtest(history, error)
    first = reconcile(combined, past, history, SERIES, parameters=parameters(), month=MONTH)
    longer = pd.concat([history, future], ignore_index=True)
    second = reconcile(combined, past, longer, SERIES, parameters=parameters(), month=MONTH)
    pd.testing.assert_frame_equal(first[0], second[0])
    pd.testing.assert_frame_equal(first[1], second[1])


def test_the_order_of_rows_changes_nothing():
    history, error = panel(), errors(0.1, 0.1, 0.3)
    frames = forecasts(history, MONTHS[-1], error), backtest(history, error), history
    straight = reconcile(*frames, SERIES, parameters=parameters(), month=MONTH)
    shuffled = reconcile(
        *(frame.sample(frac=1, random_state=1) for frame in frames),
        SERIES,
        parameters=parameters(),
        month=MONTH,
    )
    pd.testing.assert_frame_equal(straight[0], shuffled[0])
    pd.testing.assert_frame_equal(straight[1], shuffled[1])


def test_a_missing_month_is_no_actual_although_training_fills_it():
    history = panel()
    holed = history.assign(y_raw=history["y_raw"].mask(history["ds"].eq("2025-11-01")))
    _, whole = run(history, errors(0.1, 0.1, 0.3), "bottom_up")
    combined, past = (
        forecasts(history, MONTHS[-1], errors(0.1, 0.1, 0.3)),
        backtest(history, errors(0.1, 0.1, 0.3)),
    )
    _, less = reconcile(
        combined, past, holed, SERIES, parameters=parameters("bottom_up"), month=MONTH
    )
    assert whole.loc[0, "n"] - less.loc[0, "n"] == 6  # every cutoff forecast November


def test_without_a_backtest_the_method_is_bottom_up_and_says_so():
    found, table = run(panel(), errors(0.1, 0.1, 0.3), past=empty("forecast"))
    assert set(found["model"]) == {"bottom_up"}
    assert table["n"].eq(0).all()
    check(table, "reconciliation")
    assert table.loc[table["chosen"], "method"].unique().tolist() == ["bottom_up"]
    assert mean_wape(table).isna().all()


def test_without_a_backtest_a_method_that_must_learn_gives_way_to_bottom_up():
    found, table = run(panel(), errors(0.1, 0.1, 0.3), "mint_shrink", past=empty("forecast"))
    assert set(found["model"]) == {"bottom_up"}
    assert table.groupby("method")["chosen"].all().to_dict() == {
        "bottom_up": True,
        "mint_shrink": False,
    }


def test_the_one_method_that_needs_no_errors_is_taken_as_asked():
    found, _ = run(panel(), errors(0.1, 0.1, 0.3), "wls_struct", past=empty("forecast"))
    assert set(found["model"]) == {"wls_struct"}


def test_methods_that_must_learn_are_not_judged_on_too_few_errors():
    history = panel()
    past = backtest(history, errors(0.1, 0.1, 0.3)).query("cutoff >= '2025-08-01'")
    _, table = run(history, errors(0.1, 0.1, 0.3), past=past)
    judged = table.groupby("method")["n"].sum().gt(0)
    assert judged.to_dict() == {
        "bottom_up": True,
        "ols": True,
        "wls_struct": True,
        "wls_var": False,
        "mint_shrink": False,
    }
    assert mean_wape(table).isna().pipe(lambda error: error.index[error]).tolist() == [
        "wls_var",
        "mint_shrink",
    ]


@pytest.mark.parametrize(
    ("errors", "before", "chosen"),
    [
        ({"bottom_up": 0.110, "ols": 0.100, "wls_var": 0.105}, None, "ols"),
        ({"bottom_up": 0.1015, "ols": 0.100, "wls_var": 0.105}, None, "ols"),
        ({"bottom_up": 0.110, "ols": 0.100, "wls_var": 0.1015}, "wls_var", "wls_var"),
        ({"bottom_up": 0.110, "ols": 0.100, "wls_var": 0.1025}, "wls_var", "ols"),
        ({"bottom_up": 0.110, "ols": 0.100, "wls_var": 0.105}, "retired", "ols"),
    ],
)
def test_the_method_of_the_month_before_stays_while_it_is_level_with_the_best(
    errors: dict[str, float], before: str | None, chosen: str
):
    rows = [{"method": name, "level": "total", "numerator": e} for name, e in errors.items()]
    scores = pd.DataFrame(rows).assign(denominator=1.0, n=9)
    table = choose_method(scores, list(errors), before)
    assert table.loc[table["chosen"], "method"].tolist() == [chosen]


def test_the_covariance_is_that_of_forecasts_as_far_ahead():
    history = panel()
    past = BacktestErrors.of(backtest(history, errors(0.1, 0.1, 0.3)), history, SERIES, LEVELS)
    now, ahead = np.datetime64(MONTH, "M"), np.arange(1, HORIZON + 1)
    bands = list(past.bands("mint_shrink", now, ahead))
    assert np.concatenate([steps for steps, _ in bands]).tolist() == list(range(HORIZON))
    near = past.errors_by(now, (1, 3))
    np.testing.assert_array_equal(bands[0][1], near)
    cutoff = past.cutoffs[-1]  # its first month was forecast from further off too: the mean of both
    one = np.flatnonzero(past.cutoffs == cutoff - 2)[0]
    last = (past.actuals - past.forecast)[[-1, one], [0, 2]]
    months = np.unique(past.target[(past.target <= now)])
    at = np.flatnonzero(months == cutoff + 1)[0] - (len(months) - len(near))
    np.testing.assert_allclose(near[at], last.mean(axis=0))
    (steps, every), *more = past.bands("wls_struct", now, ahead)
    assert not more and len(steps) == HORIZON and len(every) == len(past.errors_by(now))


def test_the_table_agrees_with_a_slow_loop():
    history = panel()
    past = backtest(history, errors(0.1, 0.1, 0.3))
    table = judge_methods(
        BacktestErrors.of(past, history, SERIES, LEVELS), ["bottom_up"]
    ).set_index("level")
    actual = history.set_index(["unique_id", "ds"])["y_raw"]
    gap = size = 0.0
    for (_, ds), rows in past.loc[past["unique_id"].isin(BOTTOMS)].groupby(["cutoff", "ds"]):
        if ds <= pd.Timestamp(MONTH):
            gap += abs(rows["y_hat"].sum() - actual["total", ds])
            size += actual["total", ds]
    assert table.loc["total", "numerator"] == pytest.approx(gap)
    assert table.loc["total", "denominator"] == pytest.approx(size)


def test_nothing_is_negative_where_history_never_was():
    history = panel()
    combined = forecasts(history, MONTHS[-1], errors(0.1, 0.1, 0.3))
    upper = ~combined["unique_id"].isin(BOTTOMS)
    combined["y_hat"] = combined["y_hat"].where(~upper, combined["y_hat"] * 0.2)
    combined["y_hat"] = combined["y_hat"].where(combined["unique_id"].ne("bottom:A/X"), 0.1)
    arguments = (backtest(history, errors(0.1, 0.1, 0.3)), history, SERIES)
    found, _ = reconcile(combined, *arguments, parameters=parameters("ols"), month=MONTH)
    assert (found["y_hat"] >= 0).all()
    assert found.loc[found["unique_id"].eq("bottom:A/X"), "y_hat"].eq(0).any()
    assert coherence_gap(found, SERIES, LEVELS) < 1e-9
    returned = history.assign(y_raw=history["y_raw"].mask(history["ds"].eq(MONTHS[3]), -5.0))
    free, _ = reconcile(
        combined, arguments[0], returned, SERIES, parameters=parameters("ols"), month=MONTH
    )
    assert (free["y_hat"] < 0).any()


def test_series_that_began_during_the_backtest_are_judged_from_when_they_were_forecast():
    history = panel(first={"bottom:B/Y": 36 - 3})
    past = backtest(history, errors(0.1, 0.1, 0.3))
    assert past.query("unique_id == 'bottom:B/Y'")["cutoff"].nunique() < 6
    found, table = run(history, errors(0.1, 0.1, 0.3), past=past)
    assert coherence_gap(found, SERIES, LEVELS) < 1e-9
    assert np.isfinite(found["y_hat"]).all()
    n = table.loc[table["method"].eq("ols")].set_index("level")["n"]
    assert n["bottom"] <= 9 * n["total"]


def test_a_series_without_a_combined_forecast_is_an_error_that_names_it():
    history = panel()
    combined = forecasts(history, MONTHS[-1], errors(0.1, 0.1, 0.3))
    for broken in (
        combined.query("unique_id != 'line:B'"),
        combined.drop(index=combined.query("unique_id == 'line:B'").index[3]),
    ):
        with pytest.raises(
            SalesForecastError,
            match="2025-12 lacks 'line:B'. One forecast of each of the 16 series",
        ):
            reconcile(
                broken, empty("forecast"), history, SERIES, parameters=parameters(), month=MONTH
            )
    with pytest.raises(SalesForecastError, match="has 'line:Z'"):
        stranger = combined.replace({"unique_id": {"line:B": "line:Z"}})
        reconcile(
            pd.concat([combined, stranger.query("unique_id == 'line:Z'")]),
            empty("forecast"),
            history,
            SERIES,
            parameters=parameters(),
            month=MONTH,
        )
    with pytest.raises(SalesForecastError, match="repeat the key"):
        reconcile(
            pd.concat([combined, combined]),
            empty("forecast"),
            history,
            SERIES,
            parameters=parameters(),
            month=MONTH,
        )


@pytest.mark.parametrize("method", ["bottom_up", "ols", "wls_struct", "wls_var", "mint_shrink"])
def test_what_came_to_an_end_stays_at_zero_even_after_a_return(method: str) -> None:
    keys = pd.DataFrame({"region": ["gone", "here", "there"]})
    series = build_series(keys, {"total": [], "bottom": ["region"]})
    summing = summing_matrix(series, {"total": [], "bottom": ["region"]})
    base = np.array([[100.0], [0.0], [60.0], [50.0]])
    errors = np.random.default_rng(1).normal(size=(20, 4))
    values = project(
        base,
        summing,
        method,
        errors=errors,
        signed=np.array([False, True, False, False]),
        ended=np.array([False, True, False, False]),
    )
    assert values[1, 0] == 0.0
    assert values[0, 0] == pytest.approx(values[1:, 0].sum())


def test_a_backtest_is_reconciled_at_each_cutoff_as_it_would_have_been_then():
    history = panel()
    past = backtest(history, errors(0.1, 0.1, 0.3))
    found = reconcile_backtest("wls_var", past, history, SERIES, parameters=parameters())
    check(found, "forecast")
    assert coherence_gap(found, SERIES, LEVELS) < 1e-9
    cutoffs = sorted(past["cutoff"].unique())
    learnt = sorted(found["cutoff"].unique())
    assert learnt == cutoffs[-len(learnt) :]
    assert len(learnt) < len(cutoffs)  # none where too little was known
    last = learnt[-1]
    rows = past[past["cutoff"].eq(last)]
    alone, _ = reconcile(
        rows.assign(stage="combined"),
        past[past["cutoff"] < last],
        history[history["ds"] <= last],
        SERIES,
        parameters=parameters("wls_var"),
        month=f"{last:%Y-%m}",
    )
    of_last = found[found["cutoff"].eq(last)].reset_index(drop=True)
    key = ["unique_id", "ds", "y_hat"]
    pd.testing.assert_frame_equal(
        of_last[key].sort_values(key[:2], ignore_index=True),
        alone[key].sort_values(key[:2], ignore_index=True),
    )


def test_a_backtest_without_evidence_is_not_reconciled_by_a_method_that_learns():
    history = panel()
    first = backtest(history, errors(0.1, 0.1, 0.3)).query("cutoff == cutoff.min()")
    arguments = (first, history, SERIES)
    assert reconcile_backtest("wls_var", *arguments, parameters=parameters()).empty
    assert len(reconcile_backtest("ols", *arguments, parameters=parameters())) == len(first)
