"""What each step added to the forecast: every stage against the one before it, on the same rows."""

from __future__ import annotations

import pandas as pd

from salesfc_lib.foundation import STAGES, tables
from salesfc_lib.retrospective.compare import (
    ROW,
    Past,
    floor_accuracy,
    of_stage,
    score_as,
    shared_rows,
    window,
)
from salesfc_lib.retrospective.members import top_and_bottom

KEY, PARTS = ["unique_id", "cutoff", "h"], ["numerator", "denominator"]


def value_added(past: Past, *, month: pd.Timestamp | str, months: int = 1) -> pd.DataFrame:
    """Accuracy of each stage one month ahead and its gain over the stage before, top and bottom.

    Table `value_added`, stages in the order of `STAGES`. wape_before is the WAPE of the stage
    `before` on the rows that both have, so that no step is credited with easier rows; gain =
    wape_before - wape (above zero: the step helped); the first stage has neither. months counts the
    months scored, own_months those in which the stage itself was archived. Stages without rows have
    no row.

    In a month in which nobody changed anything the adjusted forecast is the reconciled one, so
    people are judged over all months, and so is what the business assumed, where it assumed
    anything in one of the months.
    """
    scored = score_steps(past, month=month, months=months)
    groups = scored.groupby(["stage", "before", "level"], sort=False, dropna=False)
    sums = groups[["n", "numerator", "denominator", "numerator_before"]].sum(min_count=1)
    size = sums["denominator"].where(sums["denominator"] != 0)
    wape, wape_before = sums["numerator"] / size, sums["numerator_before"] / size
    columns = {"months": groups["ds"].nunique(), "own_months": groups["own_months"].first()}
    columns |= {"n": sums["n"], "wape": wape, "accuracy": floor_accuracy(wape)}
    columns |= {"wape_before": wape_before, "gain": wape_before - wape}
    return tables.build(pd.DataFrame(columns).reset_index(), "value_added")


def score_steps(past: Past, *, month: pd.Timestamp | str, months: int) -> pd.DataFrame:
    """Scores (wape) of each stage one month ahead, beside those of the stage before it.

    One row per stage, series and month that both stages have: level, ds, n, numerator, denominator,
    numerator_before; own_months as in table `value_added`. The first stage has nothing before.
    """
    rows = window(past.vintages, month, months).query("h == 1")
    own = {stage: of_stage(rows, stage) for stage in STAGES}
    assumed = _fill(own["assumed"], own["combined"]) if len(own["assumed"]) else own["assumed"]
    filled = own | {"assumed": assumed, "adjusted": _fill(own["adjusted"], own["reconciled"])}
    present = [stage for stage in STAGES if len(filled[stage])]
    steps = [
        _step(filled, before, stage, past.actual).assign(own_months=own[stage]["ds"].nunique())
        for before, stage in zip([None, *present], present, strict=False)
    ]
    columns = ["unique_id", "stage", "before", "ds", "n", *PARTS, "numerator_before", "own_months"]
    scored = pd.concat(steps) if steps else pd.DataFrame(columns=columns)
    scored = scored.merge(top_and_bottom(past.series), on="unique_id")
    return scored.sort_values("level", kind="stable", ignore_index=True)


def _fill(later: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """Rows of a stage that not every month has, and the earlier stage's row where there is none."""
    return pd.concat([later, earlier]).drop_duplicates(ROW, keep="first")


def _step(
    stages: dict[str, pd.DataFrame], before: str | None, stage: str, actual: pd.DataFrame
) -> pd.DataFrame:
    if before is None:
        scored = score_as(stages[stage], actual, stage, metrics=["wape"])
        return scored.assign(before=None, numerator_before=float("nan"))
    pair = (stage, before), (before, stage)
    now, earlier = (
        score_as(shared_rows(stages[one], stages[other]), actual, stage, metrics=["wape"])
        for one, other in pair
    )
    earlier = earlier[[*KEY, "numerator"]]
    return now.merge(earlier, on=KEY, suffixes=("", "_before")).assign(before=before)
