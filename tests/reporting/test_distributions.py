"""Distributions behind the pooled numbers: what their figures say is what the tables hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import tables
from salesfc_lib.foundation.parameters import defaults
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.narrative.modeling import backtest, overview
from salesfc_lib.reporting.narrative.retrospective import accuracy

CUTOFF = pd.Timestamp("2026-06-01")
NAME = "厨具 <b>"


@pytest.fixture
def run(tmp_path: Path) -> UnitMonth:
    folder = tmp_path / "reports" / ".work"
    return UnitMonth(tmp_path, "kitchen", "2026-06", defaults(), {}, {}, folder)


def compared(rows: list[tuple[str, int, float]]) -> ComparedMonth:
    """A month whose last year had these errors by month and lag."""
    table = pd.DataFrame(rows, columns=["ds", "lag", "wape"]).astype({"ds": "datetime64[ns]"})
    table = table.assign(naive_wape=0.3, bias=0.01)
    return ComparedMonth({"lag_history": table}, {}, pd.DataFrame(), 1, CUTOFF, "bottom", ())


def modeled(sold: pd.Series, errors: dict[str, list[float]]) -> ModeledMonth:
    """One key series with these sales by month, a forecast that peaks in March, and these
    errors.
    """
    ahead = pd.date_range(CUTOFF, periods=13, freq="MS")[1:]
    y_hat = np.where(ahead.month == 3, 200.0, 100.0)
    bounds = {"lo-80": y_hat - 10, "hi-80": y_hat + 10, "lo-95": y_hat - 20, "hi-95": y_hat + 20}
    forecast = pd.DataFrame({"ds": ahead, "h": range(1, 13), "y_hat": y_hat, **bounds})
    key = {"unique_id": "a", "stage": "combined", "model": "combination", "cutoff": CUTOFF}
    scores = [
        ("candidate" if model != "combined" else "combined", model, f"{place}", error, 1.0)
        for model, found in errors.items()
        for place, error in enumerate(found)
    ]
    columns = ["stage", "model", "unique_id", "numerator", "denominator"]
    table = pd.DataFrame(scores, columns=columns).assign(metric="wape", n=1, h=1, cutoff=CUTOFF)
    ids = ["a", *sorted(set(table["unique_id"]))]
    keys = pd.DataFrame({"unique_id": ["a"], "page": "k.html", "sales": 1.0, "share": 1.0})
    nothing = pd.DataFrame()
    return ModeledMonth(
        series=pd.DataFrame(
            {
                "unique_id": ids,
                "label": [NAME, *ids[1:]],
                "level": ["total", *["bottom"] * 3][: len(ids)],
            }
        ),
        panel=pd.DataFrame({"unique_id": "a", "ds": sold.index, "y_raw": sold.to_numpy()}),
        candidate_forecast=nothing,
        failures=nothing,
        weights=nothing,
        forecast=forecast.assign(**key),
        scores=table,
        backtest=nothing,
        effect=tables.empty("effect"),
        explained={"key_series": keys},
        checks=(),
        bottom="bottom",
        cutoff=CUTOFF,
        before=None,
    )


ERRORS = {"naive": [0.3, 0.4, 0.5], "damped": [0.1, 0.1, 0.9], "combined": [0.2, 0.2, 0.2]}


def peaking(month: int, years: int = 3) -> pd.Series:
    """Sales through the cutoff that are highest in one month of each year."""
    ds = pd.date_range(end=CUTOFF, periods=12 * years, freq="MS")
    return pd.Series(np.where(ds.month == month, 90.0, 50.0), index=ds)


def test_the_error_by_lag_names_its_largest_and_counts_the_months_that_can_be_compared(
    run: UnitMonth,
) -> None:
    rows = [("2026-04-01", 1, 0.1), ("2026-05-01", 1, 0.1), ("2026-05-01", 3, 0.25)]
    text, figure = accuracy.lag_history(run, compared([*rows, ("2026-06-01", 3, 0.2)])).blocks
    assert "1 of the 1 month that" in text.plain()
    assert figure.title == "The largest error was 25.0\u202f% of sales: May 2026, 3 months ahead"  # type: ignore[attr-defined]
    assert len(figure.numbers.rows) == 3  # type: ignore[attr-defined]


def test_an_archive_that_is_empty_or_short_says_so(run: UnitMonth) -> None:
    (nothing,) = accuracy.lag_history(run, compared([])).blocks
    assert "no forecast of an earlier month" in nothing.plain()
    short = accuracy.lag_history(run, compared([("2026-06-01", 1, 0.1)])).blocks
    assert "too short" in short[0].plain() and len(short) == 2


def test_models_are_ranked_by_the_median_of_their_series(run: UnitMonth) -> None:
    (figure,) = backtest.candidate_errors(run, modeled(peaking(3), ERRORS)).blocks
    assert "less than 20.0\u202f%" in figure.title and "1 of 2 models" in figure.title  # type: ignore[attr-defined]
    names = [row[0].text for row in figure.numbers.rows]  # type: ignore[attr-defined]
    assert names == ["Damped trend", "Combination", "naive"]
    infinite = {**ERRORS, "naive": [np.inf, 0.4, 0.5]}
    (figure,) = backtest.candidate_errors(run, modeled(peaking(3), infinite)).blocks
    of_naive = next(row for row in figure.numbers.rows if row[0].text == "naive")  # type: ignore[attr-defined]
    assert of_naive[3].text == "45.0\u202f%"


def test_without_a_backtest_there_are_no_errors_to_compare(run: UnitMonth) -> None:
    (text,) = backtest.candidate_errors(run, modeled(peaking(3), {})).blocks
    assert "no backtest" in text.plain()


@pytest.mark.parametrize(
    ("sold", "title"),
    [
        (peaking(3), f"{NAME} should peak in March, as in 3 of the last 3 years"),
        (
            peaking(7),
            f"{NAME} should peak in March; in the last 3 years other months were the highest",
        ),
        (peaking(3).tail(5), f"{NAME} should peak in March"),
    ],
    ids=["same", "other", "new"],
)
def test_a_season_says_whether_the_peak_is_where_it_was(
    run: UnitMonth, sold: pd.Series, title: str
) -> None:
    (figure,) = overview.season(run, modeled(sold, ERRORS)).blocks
    assert figure.title == title  # type: ignore[attr-defined]


def test_years_of_a_season_end_with_the_month_of_the_cutoff() -> None:
    frame = modeled(peaking(3, 5), ERRORS).season("a")
    groups = list(frame["group"].unique())
    assert groups == ["2022/23", "2023/24", "2024/25", "2025/26", ""]
    march = frame[frame["ds"].dt.month == 3]
    assert march["at"].unique().tolist() == [8]
    assert frame.groupby("group").size().tolist() == [12] * 5
    assert frame.loc[frame["role"] == "actual", "group"].unique().tolist() == ["2025/26"]


def test_tables_of_a_step_are_attributes_that_a_notebook_can_name() -> None:
    month = compared([("2026-06-01", 1, 0.1)])
    assert month.lag_history is month["lag_history"]
    assert "lag_history" in dir(month)
    with pytest.raises(AttributeError, match="no table 'lags'"):
        _ = month.lags
    assert modeled(peaking(3), ERRORS).key_series["page"].tolist() == ["k.html"]
