"""Accuracy asked of the whole archive: by stage and any column, over rolling months.

Published tables enter; WAPE and bias leave, pooled over the same rows for all stages, and beside
them what could not be scored.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby, product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from salesfc_lib.archive import list_vintages
from salesfc_lib.errors import RequestError, SalesForecastError, shorten
from salesfc_lib.foundation import STAGES, check_month
from salesfc_lib.retrospective.compare import floor_accuracy, window
from salesfc_lib.retrospective.decomposition.sharing import NAMES
from salesfc_lib.retrospective.scored_rows import CARRIED, add_up, find_rows, name_sums, read_stages

COLUMNS = ("unit", "lag", "level", *NAMES)  # to ask by, beside the dimensions
SCORES = ["stage", "months", "n", "own", "forecast", "actual", "wape", "accuracy", "bias"]


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of the archive.

    by: columns of the answer, among `COLUMNS` and the dimensions; lags: values of `h`; windows:
    lengths in months, which end with `month` (YYYY-MM; None: the newest published) and with each of
    the `ends - 1` months before it; known: the month whose panel says what was sold (None: the
    newest); units: None for all; stages: those that every row has to have.
    """

    by: Sequence[str] = ()
    lags: Sequence[int] = (1,)
    windows: Sequence[int] = (3, 6, 12)
    month: str | None = None
    ends: int = 1
    known: str | None = None
    units: Sequence[str] | None = None
    stages: Sequence[str] = STAGES

    def list_months(self, newest: pd.Timestamp) -> pd.DatetimeIndex:
        """First days of all months in any of the windows."""
        last = pd.Timestamp(check_month(self.month)) if self.month else newest
        if pd.isna(last):
            return pd.DatetimeIndex([])
        return pd.date_range(end=last, periods=max(self.windows) + self.ends - 1, freq="MS")


class Answer(NamedTuple):
    """Accuracy, and what is not in it: unit, why and count."""

    accuracy: pd.DataFrame
    left_out: pd.DataFrame


class _Summed(NamedTuple):
    """A unit's sums by the question's columns, lag and month `ds`; what is not in them, by why."""

    name: str
    sums: pd.DataFrame
    left_out: Counter[str]
    dimensions: list[str]


def ask(reports: Path, question: Question | None = None) -> Answer:
    """Accuracy of each stage, on the same rows for all stages.

    `accuracy` has a row for each value of `by`, month (the window's last), window and stage: months
    and n (rows, or members' shares of rows) scored, own (of which the stage itself was archived;
    for the others the stage before it stands, where nobody assumed or changed anything), forecast
    and actual (sums), wape, accuracy (1 - WAPE, floored at 0) and bias ((forecast - actual) /
    actual). Rows are those of the bottom level, or of all levels by `level`. Stage `assumed` is
    there where anybody assumed anything. By `salesperson`, `customer` or `product`, a forecast is
    shared out by what each sold of the series in the twelve months before, and held against what
    each sold (`decomposition.sharing`); null: nobody by name.

    `left_out` counts what is not scored: tables of a month that are missing or torn
    (`forecast_missing`, `panel_torn` ...), and rows (series, month and lag) without one of the
    stages or an actual (`stage_missing`, `actual_missing`), or of a series that the unit has no
    more (`series_gone`).

    Raises `RequestError` for a unit, a column or a stage that does not exist, and for two columns
    by which forecasts would have to be shared out.
    """
    question = question or Question()
    _check("stages", question.stages, STAGES)
    if len(shared := [name for name in question.by if name in NAMES]) > 1:
        raise RequestError.of(
            f"`by` has {shorten(shared)}",
            "One of them, as a forecast is shared out once",
            "Ask twice",
        )
    found = list_vintages(reports, question.units)
    _check("units", question.units or [], set(found["unit"]))
    newest, latest = found["made_in"].max(), found[found["latest"]].itertuples()
    of_unit = [list(own) for _, own in groupby(latest, key=lambda each: each.unit)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        units = list(pool.map(partial(_sum_unit, question=question, newest=newest), of_unit))
    if units:
        _check("by", question.by, {*COLUMNS, *(name for each in units for name in each.dimensions)})
    counts = [
        (unit.name, why, count)
        for unit in units
        for why, count in sorted(unit.left_out.items())
        if count
    ]
    sums = pd.concat([unit.sums for unit in units] or [pd.DataFrame()])
    left_out = pd.DataFrame(counts, columns=["unit", "why", "count"])
    return Answer(_tabulate(sums, question, question.list_months(newest)), left_out)


def _check(key: str, names: Sequence[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise RequestError.unknown_key(name, known, f"`{key}`")


def _sum_unit(vintages: list[Any], question: Question, newest: pd.Timestamp) -> _Summed:
    """Sums of what one unit's months forecast; `vintages` are rows of `list_vintages`."""
    name, lags = vintages[0].unit, np.unique(question.lags)
    months = question.list_months(newest)  # one of its own, as threads cannot share an index
    forecasts, facts, left_out = _choose(vintages, question, months)
    if facts is None:
        return _Summed(name, pd.DataFrame(), left_out, [])
    rows = find_rows(Path(facts.folder), name, question.by, months)
    names = name_sums(question.stages)
    totals = np.zeros((len(names), len(rows.labels), len(lags), len(months)))
    for each in forecasts:
        at = _count_months(months[0], each.made_in) + lags
        reached = np.flatnonzero((at >= 0) & (at < len(months)))
        try:
            values, gone = read_stages(Path(each.folder), each.made_in, lags[reached], rows)
        except SalesForecastError:
            left_out["forecast_torn"] += 1
            continue
        sums, lacking = add_up(values, at[reached], rows, question.stages)
        left_out.update({**lacking, "series_gone": gone})
        totals[:, :, reached, at[reached]] += sums
    if "lag" not in question.by:
        totals = totals.sum(axis=2, keepdims=True)
    group, lag, month = np.nonzero(totals[0])
    labels = rows.labels.iloc[group].assign(lag=lags[lag], ds=months[month])
    scored = pd.DataFrame(totals[:, group, lag, month].T, columns=names)
    return _Summed(name, labels.reset_index(drop=True).join(scored), left_out, rows.dimensions)


def _choose(
    vintages: list[Any], question: Question, months: pd.DatetimeIndex
) -> tuple[list[Any], Any, Counter[str]]:
    """Vintages whose forecasts reach the months; the newest that says what was sold, if any.

    Beside them, how many tables that were looked for are missing or torn.
    """
    shared = set(question.by) & set(NAMES)
    needed = ["panel", "series", *(["transactions"] if shared else [])]
    until = pd.Timestamp(check_month(question.known) if question.known else vintages[-1].made_in)
    facts = None
    left_out: Counter[str] = Counter()
    for each in reversed([each for each in vintages if each.made_in <= until]):
        states = {table: getattr(each, table) for table in needed}
        if set(states.values()) == {"there"}:
            facts = each
            break
        left_out.update(f"{table}_{state}" for table, state in states.items() if state != "there")
    ahead = [_count_months(each.made_in, months[-1]) for each in vintages]
    reach = {lag + back for lag in question.lags for back in range(len(months))}
    made = [each for each, lag in zip(vintages, ahead, strict=True) if lag in reach]
    left_out.update(f"forecast_{each.forecast}" for each in made if each.forecast != "there")
    return [each for each in made if each.forecast == "there"], facts, left_out


def _count_months(first: pd.Timestamp, last: pd.Timestamp) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _tabulate(sums: pd.DataFrame, question: Question, months: pd.DatetimeIndex) -> pd.DataFrame:
    """Ratios of sums by the question's columns, month, window and stage."""
    by, stages = list(question.by), question.stages
    if sums.empty:
        return pd.DataFrame(columns=[*by, "month", "window", *SCORES])
    if not sums["own_assumed"].any():
        stages = [stage for stage in stages if stage != "assumed"]
    pooled = []
    for month, length in product(months[-question.ends :], sorted(set(question.windows))):
        rows = window(sums, month, length)
        groups = rows.groupby(by or np.zeros(len(rows), int), dropna=False)
        counted = groups["ds"].nunique()
        added = groups.sum(numeric_only=True)
        pooled.append(added.assign(months=counted, month=month, window=length).reset_index())
    every = pd.concat(pooled)
    table = pd.concat([_divide(every, stage) for stage in stages])
    table = table.sort_values([*by, "month", "window"], kind="stable", ignore_index=True)
    return table[[*by, "month", "window", *SCORES]]


def _divide(pooled: pd.DataFrame, stage: str) -> pd.DataFrame:
    """The rows with the scores of one stage."""
    n, actual, size = (pooled[f"sum_{name}"] for name in ("n", "actual", "size"))
    error, forecast = pooled[f"error_{stage}"], pooled[f"forecast_{stage}"]
    wape = error / size.where(size != 0)
    return pooled.assign(
        stage=stage,
        n=n.astype("int64"),
        own=(pooled[f"own_{stage}"] if stage in CARRIED else n).astype("int64"),
        forecast=forecast,
        actual=actual,
        wape=wape,
        accuracy=floor_accuracy(wape),
        bias=(forecast - actual) / actual.where(actual != 0),
    )
