"""The retrospective's tables for one unit's month, out of the archive and this month's tables.

Only what was published before the month began is judged, and what happened is what this month's
panel says now.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib import archive
from salesfc_lib.archive import UnitMonth
from salesfc_lib.forecasting import pool
from salesfc_lib.foundation import SEASON, clock, tables
from salesfc_lib.retrospective.accuracy import by_dimension, by_lag, coverage, history, lag_history
from salesfc_lib.retrospective.causes.case import Evidence
from salesfc_lib.retrospective.causes.causes import difference_by_cause, likely_causes
from salesfc_lib.retrospective.compare import (
    Past,
    compare_month,
    largest_misses,
    of_stage,
    published,
    score_as,
    window,
)
from salesfc_lib.retrospective.cycle_steps import list_steps
from salesfc_lib.retrospective.decomposition.decompose import decompose
from salesfc_lib.retrospective.decomposition.rules import find_gone
from salesfc_lib.retrospective.facts import write_facts
from salesfc_lib.retrospective.improvement import gaming_check, judge_stretch, stock_view, stretch
from salesfc_lib.retrospective.kpis import list_kpis, read_known
from salesfc_lib.retrospective.loop import review_decisions
from salesfc_lib.retrospective.loop.decisions import read_decisions
from salesfc_lib.retrospective.proposals import Observed, Rerun, list_decided, propose, read_decided
from salesfc_lib.retrospective.revision import forecast_revision
from salesfc_lib.retrospective.salespeople import attribute_error, by_salesperson
from salesfc_lib.retrospective.scorecards import find_department, write_scorecards
from salesfc_lib.retrospective.value_added import value_added


def compare_with_archive(run: UnitMonth) -> dict[str, pd.DataFrame]:
    """The retrospective's tables by name."""
    vintages = archive.vintages(run.reports, run.unit, run.month_before)
    past = Past(vintages, run.read("panel"), run.read("series"))
    bars = stretch(past, run.read_if_any("target"), month=run.cutoff)
    improvement = gaming_check(past, month=run.cutoff) | judge_stretch(bars)
    transactions = _read_sales(run)
    reasons = _reasons(run, past, transactions)
    return {
        **_accuracy(run, past),
        **reasons,
        **_decomposition(run, past, reasons["missed"], transactions),
        "improvement": pd.DataFrame({"facts": [write_facts(**improvement)]}),
        "stretch": bars,
        "revision": forecast_revision(run),
        "kpis": list_kpis(read_known(run, past)),
    }


def _accuracy(run: UnitMonth, past: Past) -> dict[str, pd.DataFrame]:
    month, lags, series = run.cutoff, run.parameters.retrospective.lags, past.series
    bottom = series.loc[series["level"] == run.parameters.bottom, "unique_id"]
    latest = window(past.vintages, month, 1).query("h == 1")
    latest = latest[latest["unique_id"].isin(bottom)]
    total = past.actual[past.actual["unique_id"] == series["unique_id"].iloc[0]]
    members = [
        by_dimension(past, month=month, lag=lag).assign(lag=lag) for lag in sorted({1, *lags})
    ]
    return {
        "by_lag": by_lag(past, month=month, lags=lags),
        "by_dimension": _stack(*members),
        "by_dimension_year": by_dimension(past, month=month, months=SEASON),
        "history": history(past, month=month),
        "lag_history": lag_history(past, month=month, lags=lags),
        "value_added": value_added(past, month=month),
        "value_added_year": value_added(past, month=month, months=SEASON),
        "coverage": coverage(past, month=month),
        "parts": _parts(latest, past.actual),
        "series_errors": _series_errors(latest, past.actual),
        "total": total.sort_values("ds", ignore_index=True),
    }


def _parts(rows: pd.DataFrame, actual: pd.DataFrame) -> pd.DataFrame:
    """Pooled numerators and denominators of stages: published, reconciled and baseline."""
    stages = {name: of_stage(rows, name) for name in ("reconciled", "baseline")}
    stages = {"published": published(rows), **stages}
    scores = [score_as(frame, actual, name) for name, frame in stages.items()]
    return pool(pd.concat(scores, ignore_index=True), ["stage", "metric"])


def _series_errors(rows: pd.DataFrame, actual: pd.DataFrame) -> pd.DataFrame:
    """Absolute error of the published forecast and of the seasonal naive by series with both."""
    key = ["unique_id", "ds"]
    naive = of_stage(rows, "baseline")[[*key, "y_hat"]]
    both = published(rows).merge(naive, on=key, suffixes=("", "_naive"))
    both = both.merge(actual[[*key, "y_raw"]].dropna(), on=key)
    error, naive_error = ((both[name] - both["y_raw"]).abs() for name in ("y_hat", "y_hat_naive"))
    return both[["unique_id"]].assign(error=error, naive_error=naive_error)


def _decomposition(
    run: UnitMonth, past: Past, missed: pd.DataFrame, transactions: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    return decompose(
        missed,
        transactions,
        past.series,
        measure=run.parameters.measure.value,
        silent_months=run.parameters.lifecycle.silent_months,
        gone=find_gone(past, missed, run.read_before("series")),
    )


def _read_sales(run: UnitMonth) -> pd.DataFrame:
    """Transactions that count as sales, of the month and the twelve before."""
    since = run.cutoff - pd.DateOffset(months=SEASON)
    transactions = run.read("transactions", only=[("month", ">=", since)])
    apart = run.parameters.measure.returns == "apart"
    return transactions[transactions["kind"] != "return"] if apart else transactions


def _reasons(run: UnitMonth, past: Past, transactions: pd.DataFrame) -> dict[str, pd.DataFrame]:
    month, agreed, definition = run.cutoff, run.parameters.retrospective, run.parameters.measure
    adjustments = _read_archived(run, "adjustment")
    evidence = Evidence(
        transactions=transactions,
        inventory=run.read("inventory"),
        promotion=run.read("promotion"),
        promotion_then=run.read_before("promotion"),
        outliers=run.read("outliers"),
        adjustments=adjustments,
        effects=_read_effects(run),
        restatement=run.read("restatement"),
        measure=definition.value,
        returns_count=definition.returns != "apart",
        window=definition.promotion_window,
        calendar=run.parameters.calendar,
        lifecycle=run.parameters.lifecycle,
    )
    observed = Observed(
        past.vintages,
        past.actual,
        past.series,
        parameters=run.parameters,
        month=month,
        adjustments=adjustments,
        weights=_stack(_read_archived(run, "weights"), run.read("weights").assign(made_in=month)),
        candidates=_read_ahead(run),
        failures=run.read("failures"),
        outliers=evidence.outliers,
        transactions=transactions,
        promotion=evidence.promotion,
        overrides=run.read("override"),
        target=run.read_if_any("target"),
        publication_day=run.parameters.adjust.publication_day,
        bias_limit=agreed.bias_limit,
    )
    missed = compare_month(past, month=month)
    largest = largest_misses(missed, count=agreed.largest)
    proposed = likely_causes(missed, evidence, past)
    decided = review_decisions(run, past, missed=missed, proposed=proposed)
    causes = decided["causes_all"]
    of_largest = causes["unique_id"].isin(largest["unique_id"])
    value, records = definition.value, read_decided(run)
    return {
        "missed": missed,
        "misses": largest,
        "causes": causes[of_largest].reset_index(drop=True),
        "difference": difference_by_cause(missed, causes),
        "people": observed.people,
        "habits": observed.habits,
        "scorecards": write_scorecards(
            observed,
            owner=run.parameters.unit.owner,
            department=find_department(transactions, past.series),
            floor=agreed.accuracy_floor,
            actions=decided["actions"],
            steps=list_steps(
                read_decisions(run, "cycle", through=run.month),
                month,
                (run.publication_day or pd.Timestamp(clock.now())).date(),
            ),
        ),
        "salespeople": by_salesperson(transactions, month=month, measure=value),
        "attributed": attribute_error(missed, transactions, past.series, measure=value),
        "stock": stock_view(evidence.inventory, month=month),
        "proposals": propose(observed, unit=run.unit, rerun=Rerun(run), decided=records),
        "decided": list_decided(run, past, adjustments, records),
        **decided,
    }


def _read_effects(run: UnitMonth) -> pd.DataFrame:
    """What declared effects did to the forecasts of the month before, with author and reason."""
    found = [run.read_before(name) for name in ("effect_applied", "effect")]
    applied, declared = (
        tables.empty(name) if frame is None else frame
        for name, frame in zip(("effect_applied", "effect"), found, strict=True)
    )
    return applied.merge(declared[["id", "author", "reason"]], on="id", how="left")


def _read_archived(run: UnitMonth, name: str) -> pd.DataFrame:
    """Table `name` of every earlier published month, with `made_in`."""
    folders = archive.table_folders(run.reports, run.unit, run.month_before)
    frames = [tables.read(each, name).assign(made_in=month) for month, each in folders.items()]
    return _stack(*frames, tables.empty(name).assign(made_in=pd.Series(dtype="datetime64[ns]")))


def _read_ahead(run: UnitMonth) -> pd.DataFrame:
    """What every candidate forecast one month ahead in each month of the last year."""
    folders = archive.table_folders(run.reports, run.unit, run.month_before)
    month = {folder: pd.Timestamp(month) for month, folder in [*folders.items()][-SEASON:]}
    frames = [
        tables.read(folder, "candidate_forecast", [("h", "==", 1), ("cutoff", "==", cutoff)])
        for folder, cutoff in month.items()
    ]
    return _stack(*frames, tables.empty("candidate_forecast"))


def _stack(*frames: pd.DataFrame) -> pd.DataFrame:
    """Rows of all frames; those without rows only lend their columns where there is no other."""
    there = [frame for frame in frames if len(frame)]
    return pd.concat(there, ignore_index=True) if there else frames[-1]
