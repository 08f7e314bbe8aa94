"""The retrospective's tables for one unit's month, out of the archive and this month's tables.

A unit's month enters, and every month that was published before it; tables leave. The decision made here: only what was
published before the month began is judged, and what happened is what this month's panel says now.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib import archive
from salesfc_lib.archive import UnitMonth
from salesfc_lib.forecasting import pool
from salesfc_lib.foundation import SEASON, tables
from salesfc_lib.retrospective.accuracy import by_dimension, by_lag, coverage, history
from salesfc_lib.retrospective.causes.causes import difference_by_cause, likely_causes
from salesfc_lib.retrospective.causes.evidence import Evidence
from salesfc_lib.retrospective.compare import of_stage, published, score_as, window
from salesfc_lib.retrospective.facts import write_facts
from salesfc_lib.retrospective.habits import people
from salesfc_lib.retrospective.improvement import gaming_check, stock_view
from salesfc_lib.retrospective.misses import compare_month, largest_misses
from salesfc_lib.retrospective.proposals import Observed, proposals
from salesfc_lib.retrospective.salespeople import attribute_error, by_salesperson
from salesfc_lib.retrospective.stages import value_added


def compare_with_archive(run: UnitMonth) -> dict[str, pd.DataFrame]:
    """The retrospective's tables by name (`results.retrospective.TABLES`)."""
    vintages = archive.vintages(run.reports, run.unit, run.month_before)
    actual, series = run.read("panel"), run.read("series")
    improvement = gaming_check(vintages, actual, series, month=run.cutoff)
    facts = pd.DataFrame({"facts": [write_facts(**improvement)]})
    return (
        _accuracy(run, vintages, actual, series)
        | _reasons(run, vintages, actual, series)
        | {"improvement": facts}
    )


def _accuracy(
    run: UnitMonth, vintages: pd.DataFrame, actual: pd.DataFrame, series: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    month, lags = run.cutoff, run.parameters.retrospective.lags
    bottom = series.loc[series["level"] == run.parameters.bottom, "unique_id"]
    return {
        "by_lag": by_lag(vintages, actual, series, month=month, lags=lags),
        "by_dimension": stack(
            *(
                by_dimension(vintages, actual, series, month=month, lag=lag).assign(lag=lag)
                for lag in sorted({1, *lags})
            )
        ),
        "by_dimension_year": by_dimension(vintages, actual, series, month=month, months=SEASON),
        "history": history(vintages, actual, series, month=month),
        "value_added": value_added(vintages, actual, series, month=month),
        "value_added_year": value_added(vintages, actual, series, month=month, months=SEASON),
        "coverage": coverage(vintages, actual, series, month=month),
        "parts": _parts(window(vintages, month, 1).query("h == 1"), actual, bottom),
        "series_errors": _series_errors(window(vintages, month, 1).query("h == 1"), actual, bottom),
        "total": actual[actual["unique_id"] == series["unique_id"].iloc[0]].sort_values(
            "ds", ignore_index=True
        ),
    }


def _parts(rows: pd.DataFrame, actual: pd.DataFrame, bottom: pd.Series) -> pd.DataFrame:
    """Pooled numerators and denominators one month ahead, bottom level: published, reconciled and baseline."""
    rows = rows[rows["unique_id"].isin(bottom)]
    stages = {
        "published": published(rows),
        "reconciled": of_stage(rows, "reconciled"),
        "baseline": of_stage(rows, "baseline"),
    }
    scores = pd.concat(
        [score_as(frame, actual, name) for name, frame in stages.items()], ignore_index=True
    )
    return pool(scores, ["stage", "metric"])


def _series_errors(rows: pd.DataFrame, actual: pd.DataFrame, bottom: pd.Series) -> pd.DataFrame:
    """Absolute error of the published forecast and of the seasonal naive by bottom series, where there are both."""
    known = actual[["unique_id", "ds", "y_raw"]].dropna()
    both = published(rows).merge(
        of_stage(rows, "baseline")[["unique_id", "ds", "y_hat"]],
        on=["unique_id", "ds"],
        suffixes=("", "_naive"),
    )
    both = both[both["unique_id"].isin(bottom)].merge(known, on=["unique_id", "ds"])
    return both.assign(
        error=(both["y_hat"] - both["y_raw"]).abs(),
        naive_error=(both["y_hat_naive"] - both["y_raw"]).abs(),
    )[["unique_id", "error", "naive_error"]]


def _reasons(
    run: UnitMonth, vintages: pd.DataFrame, actual: pd.DataFrame, series: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    month, agreed = run.cutoff, run.parameters.retrospective
    adjustments = read_archived(run, "adjustment")
    transactions, measure = _counted(run), run.parameters.measure.value
    evidence = Evidence(
        transactions, run.read("inventory"), run.read("promotion"), run.read_before("promotion"), run.read("outliers"), adjustments, measure,
        run.parameters.measure.returns != "apart", run.parameters.measure.promotion_window, run.parameters.calendar,
    )  # fmt: skip
    missed = compare_month(vintages, actual, series, month=month)
    largest = largest_misses(missed, count=agreed.largest)
    causes = likely_causes(missed, evidence, vintages=vintages, actual=actual, series=series)
    weights = stack(read_archived(run, "weights"), run.read("weights").assign(made_in=month))
    observed = Observed(
        vintages, actual, series, adjustments, weights, run.read("failures"), run.read("outliers")
    )
    return {
        "missed": missed,
        "misses": largest,
        "causes_all": causes,
        "causes": causes[causes["unique_id"].isin(largest["unique_id"])].reset_index(drop=True),
        "difference": difference_by_cause(missed, causes),
        "people": people(adjustments, actual, month=month, bias_limit=agreed.bias_limit),
        "salespeople": by_salesperson(transactions, month=month, measure=measure),
        "attributed": attribute_error(missed, transactions, series, measure=measure),
        "stock": stock_view(run.read("inventory"), month=month),
        "proposals": proposals(run.parameters, observed, month=month),
    }


def _counted(run: UnitMonth) -> pd.DataFrame:
    """Transactions of the month and the year before that count as sales under the unit's definition."""
    rows = run.read("transactions", only=[("month", ">=", run.cutoff - pd.DateOffset(months=12))])
    return rows[rows["kind"] != "return"] if run.parameters.measure.returns == "apart" else rows


def read_archived(run: UnitMonth, name: str) -> pd.DataFrame:
    """Table `name` of every earlier published month, with `made_in`."""
    months = [month for month in archive.list_months(run.reports, run.unit) if month < run.month]
    frames = [
        tables.read(archive.unit_folder(run.reports, month, run.unit) / "tables", name).assign(
            made_in=pd.Timestamp(f"{month}-01")
        )
        for month in months
    ]
    return stack(*frames, tables.empty(name).assign(made_in=pd.Series(dtype="datetime64[ns]")))


def stack(*frames: pd.DataFrame) -> pd.DataFrame:
    """Rows of all frames; those without rows only lend their columns where there is no other."""
    there = [frame for frame in frames if len(frame)]
    return pd.concat(there, ignore_index=True) if there else frames[-1]
