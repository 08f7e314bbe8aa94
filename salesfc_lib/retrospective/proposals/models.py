"""Proposals on candidates, their weights and the method of the hierarchy, from the archive."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from salesfc_lib.foundation import SEASON, Parameters
from salesfc_lib.panel import summing_matrix
from salesfc_lib.retrospective.compare import of_stage, score_as, shared_rows, window
from salesfc_lib.retrospective.habits import sign_p
from salesfc_lib.retrospective.members import bottom_series
from salesfc_lib.retrospective.proposals.observed import (
    MIN_MONTHS,
    SIGNIFICANT,
    Observed,
    Rows,
    change_parameter,
)

FALLBACK, BASELINE = "recent_mean", "seasonal_naive"
BOTTOM_UP = "bottom_up"
FAILING = 0.5  # share of the series asked for in which a candidate fails
MIN_SERIES = 3
UNUSED_MONTHS = 3  # months in a row without any weight
SHARPER = 2.0  # factor on `combine.power`


def propose_failing_candidates(observed: Observed) -> Rows:
    """Switch off a candidate that failed this month in half of the series it was asked for.

    It was asked for those that it failed in or has a weight in: not for a series of too short a
    history or of a kind that is not its own. Earlier cutoffs have less history and do not count.
    """
    failures, weights = observed.failures, observed.weights
    failed = failures[failures["cutoff"] == observed.month]
    weighed = weights[weights["made_in"] == observed.month] if len(weights) else weights
    for name in _list_switchable(observed.parameters):
        ids = [{*rows.loc[rows["model"] == name, "unique_id"]} for rows in (failed, weighed)]
        count, asked = len(ids[0]), len(ids[0] | ids[1])
        if count >= MIN_SERIES and count >= FAILING * asked:
            yield _switch_off(name, "candidate_fails", failed=count, of=asked)


def propose_unused_candidates(observed: Observed) -> Rows:
    """Switch off a candidate that had no weight in any of the last `UNUSED_MONTHS` months.

    A series that ended gives no candidate any weight, so it says nothing of one.
    """
    weights = observed.weights
    if weights.empty:
        return
    weights = weights[weights["made_in"] <= observed.month]
    months = sorted(weights["made_in"].unique())[-UNUSED_MONTHS:]
    if len(months) < UNUSED_MONTHS:
        return
    recent = weights[weights["made_in"].isin(months)]
    sums = recent.groupby(["unique_id", "made_in"])["weight"].transform("sum")
    recent = recent[sums > 0]
    for name in _list_switchable(observed.parameters):
        own = recent[recent["model"] == name]
        if own["made_in"].nunique() == UNUSED_MONTHS and own["weight"].max() <= 0:
            facts = {"months": UNUSED_MONTHS, "series": own["unique_id"].nunique()}
            yield _switch_off(name, "candidate_unused", **facts)


def propose_costly_candidates(observed: Observed) -> Rows:
    """Switch off the candidate without which the mix would nearly always have been better.

    One month ahead, the last twelve months, bottom series: the weighted mean of all candidates as
    archived against that of all others with the same weights. Of several, the one that cost most.
    """
    rows = _join_weights(observed)
    worst: dict[str, Any] = {}
    for name in set(rows["model"]) & {*_list_switchable(observed.parameters)}:
        own = rows[(rows["model"] == name) & (rows["others"] > 0)]
        others = (own["mixed"] - own["weight"] * own["y_hat"]) / own["others"]
        errors = pd.DataFrame(
            {
                "with": (own["mixed"] - own["actual"]).abs(),
                "without": (others - own["actual"]).abs(),
                "sales": own["actual"].abs(),
            }
        )
        monthly = errors.groupby(own["ds"]).sum()
        saved = monthly["with"] - monthly["without"]
        facts = {"months": len(saved), "better": int((saved > 0).sum()), "saved": saved.sum()}
        enough = len(saved) >= MIN_MONTHS and sign_p(facts["better"], len(saved)) <= SIGNIFICANT
        if enough and facts["saved"] > worst.get("saved", 0.0):
            wape = monthly.sum() / monthly["sales"].sum()
            worst = facts | {"model": name, "wape_with": wape["with"]}
            worst["wape_without"] = wape["without"]
    if worst:
        del worst["saved"]
        yield _switch_off(worst.pop("model"), "candidate_costs", **worst)


def propose_sharper_weights(observed: Observed) -> Rows:
    """Weigh the better candidates more where the best single model nearly always beat the mix."""
    rows = window(observed.vintages, observed.month, SEASON).query("h == 1")
    rows = rows.merge(bottom_series(observed.series)[["unique_id"]], on="unique_id")
    single, combined = of_stage(rows, "statistical"), of_stage(rows, "combined")
    alone = _error_by_month(shared_rows(single, combined), observed.actual)
    together = _error_by_month(shared_rows(combined, single), observed.actual)
    better = int((alone["numerator"] < together["numerator"]).sum())
    if len(alone) >= MIN_MONTHS and sign_p(better, len(alone)) <= SIGNIFICANT:
        facts: dict[str, Any] = {"months": len(alone), "better": better}
        facts |= {"wape_single": _wape(alone), "wape_combined": _wape(together)}
        now, proposed = (str(observed.parameters.combine.power * times) for times in (1, SHARPER))
        yield change_parameter("combine.power", now, proposed, "single_beats_combination", **facts)


def propose_hierarchy_method(observed: Observed) -> Rows:
    """Add up the bottom series where the method chosen was nearly always worse than that.

    One month ahead, the last twelve months, all levels alike: what was reconciled against the sums
    of the bottom series as combined.
    """
    methods = observed.parameters.reconcile.methods
    rows = window(observed.vintages, observed.month, SEASON).query("h == 1")
    reconciled = of_stage(rows, "reconciled")
    if reconciled.empty or methods == [BOTTOM_UP]:
        return
    summed = _add_up(of_stage(rows, "combined"), observed)
    chosen = _error_by_month(shared_rows(reconciled, summed), observed.actual)
    adding = _error_by_month(shared_rows(summed, reconciled), observed.actual)
    better = int((adding["numerator"] < chosen["numerator"]).sum())
    differ = int((adding["numerator"] != chosen["numerator"]).sum())
    if differ >= MIN_MONTHS and sign_p(better, differ) <= SIGNIFICANT:
        facts: dict[str, Any] = {"method": reconciled["model"].iloc[-1], "months": differ}
        facts |= {"better": better, "wape_chosen": _wape(chosen), "wape_summed": _wape(adding)}
        now, proposed = f"[{', '.join(methods)}]", f"[{BOTTOM_UP}]"
        yield change_parameter("reconcile.methods", now, proposed, "method_costs", **facts)


def _join_weights(observed: Observed) -> pd.DataFrame:
    """A row per bottom series, month and candidate with weight, one month ahead.

    weight, y_hat, actual; mixed: the sum of all weighted forecasts; others: weight of the others.
    """
    weights, key = observed.weights, ["unique_id", "model", "cutoff"]
    if weights.empty or observed.candidates.empty:
        return pd.DataFrame(columns=["model", "ds", "weight", "others"])
    weights = weights.loc[weights["weight"] > 0].rename(columns={"made_in": "cutoff"})
    rows = window(observed.candidates, observed.month, SEASON).query("h == 1")
    rows = rows.merge(weights[[*key, "weight"]], on=key)
    rows = rows.merge(bottom_series(observed.series)[["unique_id"]], on="unique_id")
    known = observed.actual[["unique_id", "ds", "y_raw"]].dropna()
    rows = rows.merge(known.rename(columns={"y_raw": "actual"}), on=["unique_id", "ds"])
    of_series = rows.assign(mixed=rows["weight"] * rows["y_hat"]).groupby(["unique_id", "ds"])
    rows = rows.assign(mixed=of_series["mixed"].transform("sum"))
    return rows.assign(others=of_series["weight"].transform("sum") - rows["weight"])


def _add_up(combined: pd.DataFrame, observed: Observed) -> pd.DataFrame:
    """Forecasts one month ahead of all series as sums of those of the bottom."""
    summing = summing_matrix(observed.series, observed.parameters.levels)
    wide = combined.pivot(index="unique_id", columns="ds", values="y_hat")
    bottoms = wide.reindex(summing.bottom_ids).fillna(0.0).to_numpy()
    sums = pd.DataFrame(summing.matrix @ bottoms, summing.ids, wide.columns)
    rows = sums.rename_axis("unique_id").stack().rename("y_hat").reset_index()
    cutoff = rows["ds"] - pd.DateOffset(months=1)
    return rows.assign(cutoff=cutoff, h=1)


def _list_switchable(parameters: Parameters) -> list[str]:
    """Enabled candidates except those that must stay: the baseline and the short-history one."""
    enabled = [name for name, candidate in parameters.candidates.items() if candidate.enabled]
    return [name for name in enabled if name not in (BASELINE, FALLBACK)]


def _error_by_month(rows: pd.DataFrame, actual: pd.DataFrame) -> pd.DataFrame:
    """Summed absolute error (numerator) and sales (denominator) by month."""
    scores = score_as(rows, actual, "stage", metrics=["wape"])
    return scores.groupby("ds")[["numerator", "denominator"]].sum()


def _wape(sums: pd.DataFrame) -> float:
    return float(sums["numerator"].sum() / (sums["denominator"].sum() or np.nan))


def _switch_off(model: str, evidence: str, **facts: Any) -> dict[str, Any]:
    key = f"candidates.{model}.enabled"
    return change_parameter(key, "true", "false", evidence, model=model, **facts)
