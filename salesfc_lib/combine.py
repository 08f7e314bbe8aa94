"""One forecast out of many, with reasons.

Candidates' forecasts and the panel enter; weights and forecasts of the stages baseline, statistical and combined leave. The
decisions made here: a weight falls with the candidate's error in the backtest, in part the series' own and in part that
of its level, because a few cutoffs say little about one series; the best single model is kept for comparison only,
since choosing one per series is less accurate than weighting several; and weights at an earlier cutoff rest on what was
known by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib import tables
from salesfc_lib.candidates import BASELINE, REGISTRY
from salesfc_lib.lifecycle import find_ended
from salesfc_lib.schema import Combine, Parameters

NEAR = 0.01  # relative: errors closer than this are a tie, and the simpler candidate is preferred
LEAST_CUTOFFS = 2  # cutoffs with an actual before weights are unequal
LEAST_ERROR = 0.05  # of the mean candidate's: a perfect past is luck and must not take all the weight
COMBINATION = "combination"
WEIGHTS = ["unique_id", "model", "weight", "backtest_error", "reason"]


@dataclass(frozen=True)
class Evidence:
    """Errors per series and candidate: each (n_series, n_models), NaN where there is none.

    `relative` is the own error over the mean of the series' candidates, `blended` its mix with the level's, `wape` the
    pooled error as a share of sales; `cutoffs` counts the cutoffs with an error.
    """

    relative: pd.DataFrame
    blended: pd.DataFrame
    wape: pd.DataFrame
    cutoffs: pd.DataFrame


def combine(
    candidate_forecast: pd.DataFrame,
    panel: pd.DataFrame,
    series: pd.DataFrame,
    *,
    parameters: Parameters,
    month: str | pd.Timestamp,
    failures: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Table `weights` and rows of table `forecast` at cutoff `month`: baseline, statistical and combined.

    The combined forecast has model 'combination', the statistical the name of the candidate chosen. A series without backtest
    takes its candidates equally. A series that no candidate could forecast has no row; one that came to an end is forecast
    at zero. With `failures`, a candidate that failed at `month` is a row of weight 0 that says why.
    """
    last = pd.Timestamp(month)
    evidence = weigh_evidence(candidate_forecast, panel, series, known=last, settings=parameters.combine)
    now = _wide(candidate_forecast.loc[candidate_forecast["cutoff"] == last])
    available = _available(now, series)
    weights = set_weights(evidence, available, parameters.combine)
    rows = [_stage(now, _one_hot(available, BASELINE), "baseline"), _stage(now, choose_best(evidence, available), "statistical")]
    ended = find_ended(panel, last)
    combined = _end(_stage(now, weights, "combined").assign(model=COMBINATION), ended)
    explained = _add_failures(_explain_end(_explain(evidence, weights, available), ended), failures, last)
    return explained, _as_forecast(pd.concat([*rows, combined], ignore_index=True))


def combine_backtest(
    candidate_forecast: pd.DataFrame, panel: pd.DataFrame, series: pd.DataFrame, *, parameters: Parameters
) -> pd.DataFrame:
    """Rows of table `forecast`, stage combined, at every cutoff but the last, each with the weights known by then.

    The earliest cutoffs, with fewer than two before them, take their candidates equally.
    """
    blocks = []
    for cutoff in sorted(candidate_forecast["cutoff"].unique())[:-1]:
        evidence = weigh_evidence(candidate_forecast, panel, series, known=cutoff, settings=parameters.combine)
        now = _wide(candidate_forecast.loc[candidate_forecast["cutoff"] == cutoff])
        weights = set_weights(evidence, _available(now, series), parameters.combine)
        blocks.append(_end(_stage(now, weights, "combined").assign(model=COMBINATION), find_ended(panel, cutoff)))
    return _as_forecast(pd.concat(blocks, ignore_index=True)) if blocks else tables.empty("forecast")


def weigh_evidence(
    candidate_forecast: pd.DataFrame, panel: pd.DataFrame, series: pd.DataFrame, *, known: pd.Timestamp, settings: Combine
) -> Evidence:
    """Errors of the candidates at cutoffs before `known`, against sales through `known`.

    A candidate that covers fewer cutoffs is compared on the rows it has: its error over the mean candidate's on those rows.
    """
    past = candidate_forecast.loc[(candidate_forecast["cutoff"] < known) & (candidate_forecast["ds"] <= known)]
    actual = panel.loc[panel["ds"] <= known, ["unique_id", "ds", "y_raw"]].dropna()
    rows = past.merge(actual, on=["unique_id", "ds"])
    rows = rows.assign(error=(rows["y_hat"] - rows["y_raw"]).abs(), size=rows["y_raw"].abs())
    shared = rows.groupby(["unique_id", "cutoff", "ds"])["error"].transform("mean")
    sums = rows.assign(shared=shared).groupby(["unique_id", "model"])[["error", "shared", "size"]].sum()
    counts = rows.groupby(["unique_id", "model"])["cutoff"].nunique()
    relative = (sums["error"] / sums["shared"].where(sums["shared"] > 0)).unstack("model")
    wape = (sums["error"] / sums["size"].where(sums["size"] > 0)).unstack("model")
    level = series.set_index("unique_id")["level"].reindex(relative.index)
    of_level = relative.groupby(level).transform("mean")
    own = settings.own_weight
    blended = (own * relative + (1 - own) * of_level).where(relative.notna())
    return Evidence(relative, blended, wape, counts.unstack("model").reindex_like(relative).fillna(0))


def set_weights(evidence: Evidence, available: pd.DataFrame, settings: Combine) -> pd.DataFrame:
    """Weights (n_series, n_models) of the candidates that gave a forecast, each row summing to one.

    weight = error ** -power, over their sum; below `min_weight` zero, and the rest over their sum again (Bates and Granger
    1969, https://doi.org/10.1057/jors.1969.103, with the power and the floor as parameters). A candidate without any
    backtest has no weight where others have one; a series without any takes its candidates equally.
    """
    errors = evidence.blended.reindex(index=available.index, columns=available.columns)
    enough = evidence.cutoffs.reindex_like(errors).max(axis=1) >= LEAST_CUTOFFS
    errors = errors.where(available).where(enough, axis=0)
    raw = (errors.clip(lower=LEAST_ERROR) ** -settings.power).where(errors.notna())
    raw = raw.where(raw.notna().any(axis=1), available.astype(float), axis=0).fillna(0.0)
    shares = raw.div(raw.sum(axis=1), axis=0)
    kept = raw.where((shares >= settings.min_weight) | (shares >= shares.max(axis=1).to_numpy()[:, None]), 0.0)
    return kept.div(kept.sum(axis=1), axis=0)


def choose_best(evidence: Evidence, available: pd.DataFrame) -> pd.DataFrame:
    """One per series (n_series, n_models), 1 for the candidate of least own error, 0 for others.

    It must have covered every cutoff that the baseline covered; within 1 % of the least the simplest is taken. A series
    without backtest takes the simplest there is.
    """
    covered = evidence.cutoffs.reindex(index=available.index, columns=available.columns, fill_value=0).fillna(0)
    asked = covered[BASELINE] if BASELINE in covered else covered.min(axis=1)
    errors = evidence.relative.reindex(index=available.index, columns=available.columns)
    errors = errors.where(available & covered.ge(asked.clip(lower=1), axis=0))
    near = errors.le(errors.min(axis=1) * (1 + NEAR), axis=0)
    near = near.where(near.any(axis=1), available, axis=0)
    simplest = near.to_numpy().argmax(axis=1)  # columns stand from the simplest to the most complex
    chosen = np.zeros(available.shape)
    chosen[np.arange(len(available)), simplest] = near.to_numpy().any(axis=1)
    return pd.DataFrame(chosen, index=available.index, columns=available.columns)


def _wide(forecast: pd.DataFrame) -> pd.DataFrame:
    """Forecasts with a row per series, cutoff, month and h and a column per model, simplest first."""
    wide = forecast.pivot(index=["unique_id", "cutoff", "ds", "h"], columns="model", values="y_hat")
    return wide[sort_models(wide.columns)]


def sort_models(names: Sequence[str]) -> list[str]:
    """Candidates from the simplest to the most complex; an analyst's own come last."""
    order = list(REGISTRY)
    return sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name))


def _available(wide: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Whether each candidate gave a forecast (n_series, n_models); series without any are left out."""
    given = wide.notna().groupby(level="unique_id").all()
    order = [unique_id for unique_id in series["unique_id"] if unique_id in given.index]
    return given.loc[order].loc[lambda frame: frame.any(axis=1)]


def _one_hot(available: pd.DataFrame, name: str) -> pd.DataFrame:
    chosen = pd.DataFrame(0.0, index=available.index, columns=available.columns)
    return chosen.assign(**{name: available[name].astype(float)}) if name in chosen else chosen


def _stage(wide: pd.DataFrame, weights: pd.DataFrame, stage: str) -> pd.DataFrame:
    """Weighted forecasts of a stage; the model is the first of those with weight, and series without weight have no row."""
    used = weights.loc[weights.sum(axis=1) > 0]
    rows = wide.loc[wide.index.get_level_values("unique_id").isin(used.index)]
    ids = rows.index.get_level_values("unique_id")
    share = used.loc[ids].to_numpy()
    values = np.where(share > 0, rows.to_numpy(), 0.0)
    names = pd.Series(used.columns[used.to_numpy().argmax(axis=1)], index=used.index)
    summed = (values * share).sum(axis=1)
    return rows.index.to_frame(index=False).assign(y_hat=summed, model=names.loc[ids].to_numpy(dtype=object), stage=stage)


def _end(combined: pd.DataFrame, ended: pd.Series) -> pd.DataFrame:
    """Combined forecasts with zero for every series that came to an end, whatever its models say."""
    return combined.assign(y_hat=combined["y_hat"].where(~combined["unique_id"].isin(ended.index), 0.0))


def _explain_end(weights: pd.DataFrame, ended: pd.Series) -> pd.DataFrame:
    """Weights with none for a series that came to an end, and why."""
    silent = weights["unique_id"].map(ended)
    over = silent.notna()
    reason = "the series came to an end: no sale for " + silent[over].astype(int).astype(str) + " months; forecast at zero"
    return weights.assign(weight=weights["weight"].where(~over, 0.0), reason=weights["reason"].where(~over, reason))


def _as_forecast(rows: pd.DataFrame) -> pd.DataFrame:
    columns = ["unique_id", "stage", "model", "cutoff", "ds", "h", "y_hat"]
    return rows[columns].assign(**{name: np.nan for name in tables.INTERVALS}).sort_values(columns[:5], ignore_index=True)


@dataclass(frozen=True)
class Fact:
    """What is known of one candidate of one series; `wape` is NaN where nothing was sold."""

    model: str
    weight: float
    wape: float
    cutoffs: int


def _explain(evidence: Evidence, weights: pd.DataFrame, available: pd.DataFrame) -> pd.DataFrame:
    """Table `weights`: a row per series and candidate that gave a forecast, with the reason of its weight."""
    wape = evidence.wape.reindex(index=weights.index, columns=weights.columns).to_numpy()
    cutoffs = evidence.cutoffs.reindex(index=weights.index, columns=weights.columns).fillna(0).to_numpy(dtype=int)
    shares, given = weights.to_numpy(), available.to_numpy()
    rows: list[tuple[str, str, float, float, str]] = []
    for row, unique_id in enumerate(weights.index):
        facts = [
            Fact(str(model), float(shares[row, k]), float(wape[row, k]), int(cutoffs[row, k]))
            for k, model in enumerate(weights.columns)
            if given[row, k]
        ]
        rows += [(unique_id, fact.model, fact.weight, fact.wape, _reason(fact, facts)) for fact in facts]
    return pd.DataFrame(rows, columns=WEIGHTS)


def _add_failures(weights: pd.DataFrame, failures: pd.DataFrame | None, month: pd.Timestamp) -> pd.DataFrame:
    """Weights, and a row of weight 0 for each candidate that failed at `month`."""
    if failures is None or not (failures["cutoff"] == month).any():
        return weights
    failed = failures.loc[failures["cutoff"] == month, ["unique_id", "model", "error"]]
    failed = failed.assign(weight=0.0, backtest_error=np.nan, reason="failed: " + failed["error"])
    return pd.concat([weights, failed[WEIGHTS]], ignore_index=True)


def _reason(own: Fact, facts: Sequence[Fact]) -> str:
    """Why a candidate of a series has its weight, from the facts of all its candidates."""
    most = max(fact.cutoffs for fact in facts)
    if len(facts) == 1:
        return "the only candidate that could forecast this series"
    if most < LEAST_CUTOFFS:
        return f"no backtest: the history is too short, so all {len(facts)} candidates count equally"
    if own.cutoffs == 0:
        return "not used: too short a history for this candidate to be tested"
    known = [fact.wape for fact in facts if np.isfinite(fact.wape)]
    error = _percent(own.wape) if np.isfinite(own.wape) else "unknown, as nothing was sold in its months"
    error += f" over {own.cutoffs} cutoff{'s' if own.cutoffs > 1 else ''}" if own.cutoffs < most else ""
    error += _against(own, facts)
    if own.weight == 0:
        return f"not used: backtest error {error}, too far behind the others"
    return f"lowest error in the backtest, {error}" if known and own.wape <= min(known) else f"backtest error {error}"


def _against(own: Fact, facts: Sequence[Fact]) -> str:
    baseline = next((fact.wape for fact in facts if fact.model == BASELINE), np.nan)
    if own.model == BASELINE or not np.isfinite(baseline) or not np.isfinite(own.wape):
        return ""
    if abs(own.wape - baseline) <= NEAR * baseline:
        return ", like the seasonal naive"
    if own.wape > baseline:
        return f", worse than the {_percent(baseline)} of the seasonal naive"
    return f", against {_percent(baseline)} for the seasonal naive"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
