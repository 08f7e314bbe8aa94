"""What each step added to the forecast: every stage against the one before it, on the same rows."""

from __future__ import annotations

import pandas as pd

from salesfc_lib.forecasting import pool
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
    rows = window(past.vintages, month, months).query("h == 1")
    ends = top_and_bottom(past.series)
    own = {stage: of_stage(rows, stage) for stage in STAGES}
    assumed = _fill(own["assumed"], own["combined"]) if len(own["assumed"]) else own["assumed"]
    filled = own | {"assumed": assumed, "adjusted": _fill(own["adjusted"], own["reconciled"])}
    present = [stage for stage in STAGES if len(filled[stage])]
    steps = [
        _step(filled, before, stage, past.actual, ends).assign(
            own_months=own[stage]["ds"].nunique()
        )
        for before, stage in zip([None, *present], present, strict=False)
    ]
    return tables.build(pd.concat(steps) if steps else [], "value_added")


def _fill(later: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """Rows of a stage that not every month has, and the earlier stage's row where there is none."""
    return pd.concat([later, earlier]).drop_duplicates(ROW, keep="first")


def _step(
    stages: dict[str, pd.DataFrame],
    before: str | None,
    stage: str,
    actual: pd.DataFrame,
    ends: pd.DataFrame,
) -> pd.DataFrame:
    rows = stages[stage] if before is None else shared_rows(stages[stage], stages[before])
    table = _wape(rows, actual, ends).rename(columns={"value": "wape"})
    table = table.assign(stage=stage, before=before, accuracy=floor_accuracy(table["wape"]))
    if before is None:
        return table.assign(wape_before=float("nan"), gain=float("nan"))
    earlier = _wape(shared_rows(stages[before], stages[stage]), actual, ends)
    earlier = earlier[["level", "value"]].rename(columns={"value": "wape_before"})
    table = table.merge(earlier, on="level")
    return table.assign(gain=table["wape_before"] - table["wape"])


def _wape(rows: pd.DataFrame, actual: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    """Pooled WAPE per level: level, months, n, value."""
    scored = score_as(rows, actual, "stage", metrics=["wape"]).merge(ends, on="unique_id")
    months = scored.groupby("level")["ds"].nunique().rename("months").reset_index()
    return pool(scored, ["level"])[["level", "n", "value"]].merge(months, on="level")
