"""What moved a coming month's forecast since it was published the month before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import resolve, tables
from salesfc_lib.foundation.amounts import AmountFormat
from salesfc_lib.reporting.facts.summary import Revision
from salesfc_lib.reporting.narrative.revision import revision_figure
from salesfc_lib.reporting.narrative.writer import BlockWriter
from salesfc_lib.retrospective.revision import _effect_of_weights, _stages, forecast_revision

JULY = pd.Timestamp("2026-07-01")


def rows(**stages: float) -> pd.DataFrame:
    return pd.DataFrame([{"ds": JULY, "stage": name, "y_hat": y} for name, y in stages.items()])


def test_a_stage_that_was_not_done_changes_nothing() -> None:
    found = _stages(rows(baseline=1.0, combined=100.0, reconciled=90.0))
    assert found.loc[JULY].to_dict() == {
        "combined": 100.0,
        "assumed": 100.0,
        "reconciled": 90.0,
        "adjusted": 90.0,
    }


def test_only_weights_that_moved_are_an_effect_of_the_models() -> None:
    candidates = pd.DataFrame(
        {"ds": JULY, "model": ["arima", "theta", "broken"], "y_hat": [100.0, 80.0, np.nan]}
    )
    weights = pd.DataFrame({"model": ["arima", "theta"], "weight": [0.5, 0.5]})
    moved = weights.assign(weight=[0.75, 0.25])
    assert _effect_of_weights(candidates, weights, moved).loc[JULY] == pytest.approx(5.0)
    assert _effect_of_weights(candidates, moved, moved).loc[JULY] == pytest.approx(0.0)
    # a model that is no longer asked leaves its share to the others
    gone = pd.DataFrame({"model": ["arima", "retired"], "weight": [0.4, 0.6]})
    assert _effect_of_weights(candidates, gone, weights).loc[JULY] == pytest.approx(-10.0)


def run_of(project: Path, month: str, unit: str = "kitchen") -> UnitMonth:
    found = resolve(project, unit, month)
    folder = project / "reports" / month / unit
    return UnitMonth(project, unit, month, found.parameters, {}, {}, folder)


def test_effects_take_what_was_published_a_month_ago_to_what_is_published_now(
    demo_project: Path,
) -> None:
    run = run_of(demo_project, "2026-06")
    table = forecast_revision(run)
    before, now = run.read_before("forecast"), run.read("forecast")
    assert before is not None
    assert table["cause"].drop_duplicates().tolist() == [
        "data",
        "models",
        "assumptions",
        "reconciliation",
        "people",
    ]
    for ds, steps in table.groupby("ds"):
        for frame, value in ((before, steps["before"].iloc[0]), (now, steps["after"].iloc[-1])):
            own = frame[frame["unique_id"].eq("total") & frame["ds"].eq(ds)]
            stages = own.set_index("stage")["y_hat"]
            assert value == pytest.approx(stages.get("adjusted", stages["reconciled"]))
        assert np.allclose(steps["before"].iloc[1:], steps["after"].iloc[:-1])
    assert table["ds"].nunique() == 11  # of twelve months each, the first of which has closed


def test_nothing_is_compared_where_the_month_before_counted_something_else(
    demo_project: Path,
) -> None:
    run = run_of(demo_project, "2026-06")
    measure = run.parameters.measure.model_copy(update={"value": "quantity"})
    other = run.parameters.model_copy(update={"measure": measure})
    changed = UnitMonth(run.project, run.unit, run.month, other, {}, {}, run.folder)
    assert forecast_revision(changed).empty
    first = sorted((demo_project / "reports").glob("20*-*"))[0].name
    assert tables.empty("revision").equals(forecast_revision(run_of(demo_project, first)))


@pytest.mark.parametrize(
    ("effects", "title"),
    [
        ({"data": 30.0, "people": -10.0}, "higher than a month ago: sales and plans +¥30"),
        ({"data": -30.0, "people": 10.0}, "lower than a month ago: sales and plans −¥30"),
        ({"data": 30.0, "people": -30.0}, "as it was a month ago: sales and plans +¥30"),
        ({"data": 0.0, "people": 0.0}, "as it was a month ago"),
    ],
)
def test_the_title_says_what_the_steps_add_up_to(effects: dict[str, float], title: str) -> None:
    after = 1000 + sum(effects.values())
    found = Revision("2026-07", "2026-05", 1000.0, after, tuple(effects.items()))
    figure = revision_figure(BlockWriter(AmountFormat("¥", "")), found, 460.0)
    assert title in figure.title
    drawn = [cells[0] for cells in figure.numbers.rows] if figure.numbers else []
    assert len(drawn) == 2 + sum(effect != 0 for effect in effects.values())
