"""Why the forecast of a coming month is no longer what was published for it the month before.

The causes follow the order in which a forecast is made, and their effects add up to the revision.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib import archive
from salesfc_lib.archive import UnitMonth
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import tables

MEASURE = "measure."  # parameters that say what a number counts
STEPS = {"assumptions": "assumed", "reconciliation": "reconciled", "people": "adjusted"}


def forecast_revision(run: UnitMonth) -> pd.DataFrame:
    """The unit's total forecast last month and now, with the effect of each cause between them.

    Table `revision`: a row per coming month that both forecast and cause, in order; before +
    effect = after, the first before is what was published, the last after what is published now.
    `models` is the change of the weights at today's candidates' forecasts; `data` is what the same
    weights say otherwise (another month sold, corrected history, plans, fits on more data). No
    rows where the month before was not published, or counted something else.
    """
    before, weights = run.read_before("forecast"), run.read_before("weights")
    if before is None or weights is None or _counts_otherwise(run):
        return tables.empty("revision")
    top = run.read("series")["unique_id"].iloc[0]
    candidates = run.read("candidate_forecast", only=[("unique_id", "==", top)])
    candidates = candidates[candidates["cutoff"].eq(run.cutoff)]
    pairs = (before, run.read("forecast")), (weights, run.read("weights"))
    (then, now), of_models = ([rows[rows["unique_id"].eq(top)] for rows in pair] for pair in pairs)
    return revise(_stages(then), _stages(now), _effect_of_weights(candidates, *of_models))


def revise(then: pd.DataFrame, now: pd.DataFrame, models: pd.Series) -> pd.DataFrame:
    """Table `revision` of totals by month (rows) and stage, then and now.

    `models` is the effect of the weights by month, zero where none is known.
    """
    months = then.index.intersection(now.index)
    then, now, models = then.loc[months], now.loc[months], models.reindex(months).fillna(0.0)
    effects = {"data": now["combined"] - then["combined"] - models, "models": models}
    at = "combined"
    for cause, stage in STEPS.items():
        effects[cause] = (now[stage] - now[at]) - (then[stage] - then[at])
        at = stage
    effect = pd.DataFrame(effects)
    after = effect.cumsum(axis=1).add(then[at], axis=0)
    frame = pd.DataFrame({"effect": effect.stack(), "after": after.stack()})
    frame = frame.rename_axis(["ds", "cause"]).reset_index()
    return tables.build(frame.assign(before=frame["after"] - frame["effect"]), "revision")


def _counts_otherwise(run: UnitMonth) -> bool:
    """Whether what is counted has another definition than the month before, or nobody can tell."""
    folder = archive.unit_folder(run.reports, run.month_before, run.unit)
    try:
        changed = archive.manifest.changed_parameters(folder, run.parameters)
    except SalesForecastError:  # said where that month is shown and verified
        return True
    return any(key.startswith(MEASURE) and then is not None for key, (then, _) in changed.items())


def _stages(rows: pd.DataFrame) -> pd.DataFrame:
    """A series' forecast by month (rows) after each stage; one not done changes nothing."""
    rows = rows[rows["stage"].isin(["combined", *STEPS.values()])]
    known = rows.pivot(index="ds", columns="stage", values="y_hat")
    return known.reindex(columns=["combined", *STEPS.values()]).ffill(axis=1)


def _effect_of_weights(
    candidates: pd.DataFrame, before: pd.DataFrame, now: pd.DataFrame
) -> pd.Series:
    """By month, what today's weights make of today's candidates, less what the earlier ones do."""
    values = candidates.pivot(index="ds", columns="model", values="y_hat").dropna(axis=1)
    shares = (rows.set_index("model")["weight"].reindex(values.columns) for rows in (before, now))
    then, today = (values @ (share.fillna(0.0) / share.sum()) for share in shares)
    return today - then
