"""Scorecards: what was reached, by hand, and that a difference of chance is called so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from salesfc_lib.foundation import INTERVALS, tables
from salesfc_lib.retrospective.compare import Past
from salesfc_lib.retrospective.cycle_steps import list_steps
from salesfc_lib.retrospective.habits import Conduct
from salesfc_lib.retrospective.improvement import judge_stretch, stretch
from salesfc_lib.retrospective.scorecards import find_department, write_scorecards

JUNE = pd.Timestamp("2026-06-01")
MONTHS = pd.date_range(end=JUNE, periods=12, freq="MS")
SERIES = pd.DataFrame(
    {
        "unique_id": ["total", "a", "b"],
        "level": ["total", "region", "region"],
        "label": ["Total", "A", "B"],
        "region": [None, "East", "North"],
    }
)
UNEVEN = np.array([3.0, -5, 8, -2, 6, -7, 1, 4, -6, 2, -3, 5])  # adds up to 6


def stage(name: str, error: np.ndarray | float, unique_id: str) -> pd.DataFrame:
    """Forecasts one month ahead of a series that sold 100 a month."""
    rows = pd.DataFrame(
        {"unique_id": unique_id, "ds": MONTHS, "stage": name, "model": "any", "h": 1}
    )
    cutoff = MONTHS - pd.DateOffset(months=1)
    return rows.assign(y_hat=100.0 + error, cutoff=cutoff, **dict.fromkeys(INTERVALS, np.nan))


NO_STEPS = pd.DataFrame(columns=["owner", "late_days"])


def unit(east: np.ndarray, north: np.ndarray, **others: pd.DataFrame) -> Conduct:
    """A unit of two regions whose forecasts err like that; the seasonal naive errs by 20."""
    stages = [stage("reconciled", east, "a"), stage("reconciled", north, "b")]
    stages += [stage("baseline", 20.0, name) for name in ("a", "b")]
    actual = pd.concat([pd.DataFrame({"unique_id": u, "ds": MONTHS, "y_raw": 100.0}) for u in "ab"])
    return Conduct(pd.concat(stages), actual, SERIES, month=JUNE, **others)


def cards(
    conduct: Conduct, *, actions: pd.DataFrame | None = None, steps: pd.DataFrame = NO_STEPS
) -> pd.DataFrame:
    """Cards by kind and name."""
    actions = tables.empty("actions") if actions is None else actions
    said = {"owner": "Hui", "department": "region", "floor": 0.85}
    found = write_scorecards(conduct, actions=actions, steps=steps, **said)
    return tables.check(found, "scorecards").set_index(["kind", "name"])


def test_accuracy_gain_and_their_bounds_are_those_of_a_ratio_of_sums() -> None:
    card = cards(unit(UNEVEN, 2 * UNEVEN)).loc[("department", "East")]
    errors = np.abs(UNEVEN)
    assert card["accuracy"] == pytest.approx(1 - errors.sum() / 1200)
    assert card["gain"] == pytest.approx((20 * 12 - errors.sum()) / 1200)
    margin = t.ppf(0.9, 11) * np.sqrt(((errors - errors.mean()) ** 2).sum() / 11 * 12) / 1200
    assert card["accuracy_low"] == pytest.approx(card["accuracy"] - margin)
    assert card["accuracy_high"] == pytest.approx(card["accuracy"] + margin)
    assert (card["reading"], card["floor"], card["months"]) == ("better", 0.85, 12)


def test_the_owner_answers_for_the_whole_unit() -> None:
    table = cards(unit(UNEVEN, 2 * UNEVEN))
    assert table.loc[("owner", "Hui"), "accuracy"] == pytest.approx(
        table.loc["department"]["accuracy"].mean()
    )


def test_a_department_that_is_farther_off_each_month_is_told_from_chance() -> None:
    apart = cards(unit(UNEVEN, 3 * UNEVEN)).loc["department"]["standing"]
    assert apart.to_dict() == {"East": "above", "North": "below"}
    alike = cards(unit(UNEVEN, UNEVEN[::-1] * 1.05)).loc["department"]["standing"]
    assert alike.to_dict() == {"East": "chance", "North": "chance"}


def test_departments_that_differ_by_chance_alone_are_seldom_set_apart() -> None:
    rng = np.random.default_rng(4)
    found = [
        cards(unit(*rng.normal(0, 8, (2, 12)))).loc["department"]["standing"] for _ in range(60)
    ]
    assert sum(each.ne("chance").any() for each in found) <= 5


def changed(asked: np.ndarray) -> pd.DataFrame:
    made = {"unique_id": "a", "ds": MONTHS, "made_in": MONTHS - pd.DateOffset(months=1)}
    frame = pd.DataFrame(made | {"author": "Li", "sequence": 1, "old": 110.0, "asked": asked})
    return frame.assign(final=asked, state="applied", reason="why", remark="")


def written(days: list[int]) -> pd.DataFrame:
    made = MONTHS[-len(days) - 1 : -1]
    ends = [ds + pd.DateOffset(months=1, days=day - 1) for ds, day in zip(made, days, strict=True)]
    return pd.DataFrame({"made_in": made, "author": "Li", "created_at": ends})


def test_an_author_is_judged_by_what_stood_there_before_and_by_when_it_was_written() -> None:
    asked = 100 + UNEVEN
    whole = unit(UNEVEN, UNEVEN, adjustments=changed(asked), overrides=written([3, 15, 20, 14]))
    card = cards(whole).loc[("author", "Li")]
    assert card["gain"] == pytest.approx((10 * 12 - np.abs(UNEVEN).sum()) / 1200)
    assert (card["changes"], card["late"], card["reading"]) == (4, 2, "better")
    assert cards(whole).loc[("owner", "Hui"), ["changes", "late"]].tolist() == [4, 2]
    assert cards(whole).loc[("department", "East"), "changes"] == 0


def test_six_months_are_too_few_for_a_reading() -> None:
    short = unit(UNEVEN, UNEVEN)
    late = short.vintages["ds"] > MONTHS[5]
    card = cards(replace(short, vintages=short.vintages[late])).loc[("owner", "Hui")]
    assert (card["months"], card["reading"]) == (6, "few")
    assert pd.isna(card["p_gain"])
    assert card["accuracy"] < 1


def test_actions_count_once_they_are_due_and_are_kept_when_done_by_their_day() -> None:
    rows = [
        ("Hui", "closed", "done", "2026-05-30", "2026-05-31"),
        ("Hui", "closed", "done", "2026-06-02", "2026-05-31"),
        ("Hui", "closed", "dropped", "2026-05-30", "2026-05-31"),
        ("Hui", "overdue", None, None, "2026-05-31"),
        ("Hui", "open", None, None, "2026-08-31"),
        ("Bo", "closed", "done", "2026-05-30", "2026-05-31"),
    ]
    names = ["owner", "state", "outcome", "closed_on", "due"]
    card = cards(unit(UNEVEN, UNEVEN), actions=pd.DataFrame(rows, columns=names)).loc[
        ("owner", "Hui")
    ]
    assert (card["actions"], card["kept"]) == (4, 1)


def record(what: str, month: str, subject: str, **new: Any) -> dict[str, Any]:
    return {"what": what, "month": month, "subject": subject, "new": new}


def test_steps_count_once_they_are_over_or_overdue() -> None:
    announced = {
        "collection": {"owner": "Hui", "due": "2026-06-03"},
        "decision": {"owner": "Bo", "due": "2026-06-10"},
        "tracking": {"owner": "Hui", "due": "2026-06-26"},
    }
    told = {"owner": "Hui", "due": "2026-05-06"}
    records = pd.DataFrame(
        [
            record("cycle.done", "2026-04", "collection", **told, late_days=4),  # not announced
            record("cycle.open", "2026-05", "cycle", steps=announced),
            record("cycle.done", "2026-05", "collection", **announced["collection"], late_days=0),
            record("cycle.done", "2025-05", "collection", **told, late_days=30),  # too long ago
        ]
    )
    steps = list_steps(records, JUNE, date(2026, 6, 16))
    assert sorted(steps.to_records(index=False).tolist()) == [("Bo", 6), ("Hui", 0), ("Hui", 4)]
    card = cards(unit(UNEVEN, UNEVEN), steps=steps).loc[("owner", "Hui")]
    assert (card["steps"], card["in_time"], card["days_late"]) == (2, 1, 4.0)
    assert pd.isna(cards(unit(UNEVEN, UNEVEN)).loc[("owner", "Hui"), "days_late"])


def test_without_archive_there_are_no_cards() -> None:
    nothing = Conduct(actual=unit(UNEVEN, UNEVEN).actual, series=SERIES, month=JUNE)
    assert cards(nothing).empty


def test_the_department_is_what_a_salespersons_name_says_most_about() -> None:
    rows = [("Ann", "East", "Pots"), ("Ann", "East", "Pans"), ("Bo", "North", "Pots")] * 3
    sold = pd.DataFrame([*rows, ("Bo", "North", "Pans")], columns=["salesperson", "region", "line"])
    series = SERIES.assign(line=[None, "Pots", "Pans"])
    assert find_department(sold, series) == "region"
    assert find_department(sold.drop(columns="salesperson"), series) == ""
    assert find_department(sold.assign(region="East", line="Pots"), series) == ""


# --- the bar


def bars(target: np.ndarray, months: int = 12) -> pd.DataFrame:
    """A unit that sells 100, and 105 a year later; forecast at 100, its targets given."""
    ds = pd.date_range(end=JUNE, periods=24, freq="MS")
    total = pd.DataFrame({"unique_id": "total", "ds": ds, "y_raw": np.repeat([100.0, 105.0], 12)})
    aims = pd.DataFrame({"ds": MONTHS[-months:], "target": target[-months:]})
    past = Past(stage("reconciled", 0.0, "total"), total, SERIES)
    return tables.check(stretch(past, aims, month=JUNE), "stretch")


def test_what_was_asked_for_is_set_against_the_year_before() -> None:
    facts = judge_stretch(bars(np.repeat([120.0, 102.0], 6)))
    assert facts["target_earlier"] == pytest.approx(0.20)
    assert facts["target_later"] == pytest.approx(0.02)
    assert (facts["target_months"], facts["target_reached"]) == (12, 6)
    assert facts["forecast_later"] == pytest.approx(0.0)
    assert (facts["forecast_reached"], facts["forecast_p"]) == (12, pytest.approx(2**-12))


def test_without_targets_only_the_forecast_is_a_bar() -> None:
    facts = judge_stretch(bars(np.full(12, np.nan)))
    assert (facts["target_months"], facts["target_p"], facts["target_later"]) == (0, None, None)
    assert facts["forecast_months"] == 12
    assert judge_stretch(tables.empty("stretch"))["forecast_later"] is None
