"""What raises an alert: each kind from its tables, one for each cause, nothing from quiet ones."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.coordination.alerts.finders import FINDERS
from salesfc_lib.coordination.alerts.finding import Found, Look
from salesfc_lib.foundation import STAGES, say, tables
from tests.retrospective.published import publish
from tests.retrospective.test_retrospective import EAST, JUNE, LAMP, NORTH, forecast

MAY, JULY = JUNE - pd.DateOffset(months=1), JUNE + pd.DateOffset(months=1)


@pytest.fixture
def look(tmp_path: Path) -> Look:
    run = publish(tmp_path, calendar={"zone": "Asia/Shanghai"})
    return Look(run, datetime.fromisoformat("2026-07-03T09:00+08:00"))


def put(look: Look, month: str = "2026-06", **rows: Any) -> None:
    """Write tables of a published month: rows, completed by what their contract has."""
    folder = look.run.reports / month / "north" / "tables"
    for name, given in rows.items():
        tables.write(tables.build(pd.DataFrame(given), name), folder, name)


def find(kind: str, look: Look) -> list[Found]:
    return [*FINDERS[kind](look)]


def test_quiet_tables_raise_nothing(look: Look) -> None:
    for kind in FINDERS:
        assert find(kind, look) == [], kind


def months(sizes: dict[str, float], cutoff: pd.Timestamp) -> pd.DataFrame:
    """Published forecasts of July and August, as made at a cutoff."""
    rows = [
        (series, STAGES[-1], f"{cutoff + pd.DateOffset(months=h):%Y-%m}", h, size)
        for series, size in sizes.items()
        for h in ((1, 2, 3) if cutoff == MAY else (1, 2))
    ]
    return forecast(rows)


@pytest.mark.parametrize(
    ("now", "branch", "direction"),
    [
        ({EAST: 70.0}, EAST, "down"),
        ({EAST: 70.0, NORTH: 70.0}, "厨具", "down"),
        ({EAST: 150.0, NORTH: 150.0, LAMP: 150.0}, "total", "up"),
        ({EAST: 110.0}, None, ""),
    ],
)
def test_a_forecast_that_moved_names_the_branch_that_moved_together(
    look: Look, now: dict[str, float], branch: str | None, direction: str
) -> None:
    def whole(parts: dict[str, float]) -> dict[str, float]:
        sums = {"厨具": parts[EAST] + parts[NORTH], "灯": parts[LAMP]}
        return parts | sums | {"total": sum(parts.values())}

    usual = {EAST: 100.0, NORTH: 100.0, LAMP: 100.0}
    put(look, "2026-05", forecast=months(whole(usual), MAY))
    put(look, forecast=months(whole(usual | now), JUNE))
    assert find("moved", look) == [], "without a revision nothing can be compared"
    revision = {"ds": [JULY], "cause": "data", "effect": 0.0, "before": 1.0, "after": 1.0}
    put(look, revision=revision)
    found = find("moved", look)
    assert [(each.unique_id, each.direction) for each in found] == (
        [(branch, direction)] if branch else []
    )
    if branch:
        assert found[0].size is not None
        assert (found[0].size > 0) == (direction == "down")


def scores(look: Look, **more: float) -> None:
    row = {"ds": JUNE, "lag": 1, "months": 1, "n": 3, "forecast": 210.0, "actual": 200.0}
    put(look, lag_history=[row | {"accuracy": 0.9, "bias": 0.0} | more])


def test_accuracy_and_bias_beyond_their_limits_name_where_they_come_from(look: Look) -> None:
    scores(look)
    assert find("accuracy", look) == find("bias", look) == []
    scores(look, accuracy=0.7, bias=0.06)
    [accuracy], [bias] = find("accuracy", look), find("bias", look)
    assert (accuracy.unique_id, accuracy.month) == (NORTH, "2026-06")
    assert (bias.unique_id, bias.direction) == (NORTH, "above")
    assert bias.size is not None
    assert bias.size > 0, "forecast above actual: sold less than expected"


def test_overrides_without_effect_are_one_alert(look: Look) -> None:
    row = {
        "made_in": JUNE,
        "ds": JULY,
        "sequence": 1,
        "author": "张伟",
        "reason": "r",
        "asked": 9.0,
    }
    row |= {"asked": 9.0, "remark": "", "state": "applied"}
    done = row | {"unique_id": LAMP, "old": 5.0, "final": 9.0}
    same = done | {"unique_id": EAST, "final": 5.0}
    refused = same | {"unique_id": NORTH, "state": "refused", "remark": "unknown"}
    put(look, adjustment=[done])
    assert find("override", look) == []
    put(look, adjustment=[done, same, refused])
    [found] = find("override", look)
    assert found.unique_id == "厨具", "the narrowest branch of both"
    assert json.loads(found.says)["n"] == 2


def test_a_candidate_that_failed_is_told_and_one_that_was_refused_is_not(look: Look) -> None:
    row = {"unique_id": EAST, "model": "ets", "cutoff": JUNE, "error": say("refused.month")}
    put(look, failures=[row])
    assert find("candidate", look) == []
    failed = row | {"unique_id": NORTH, "error": "ValueError: no season"}
    put(look, failures=[row, failed, failed | {"model": "arima", "unique_id": LAMP}])
    found = find("candidate", look)
    assert [(each.direction, each.unique_id) for each in found] == [("arima", LAMP), ("ets", NORTH)]


def test_stock_that_runs_out_before_an_order_arrives_is_one_alert_a_branch(look: Look) -> None:
    def row(rank: int, series: str, **more: Any) -> dict[str, Any]:
        about = {"rank": rank, "unique_id": series, "action": "expedite", "risk": 0.9}
        about |= {"out_on": JULY, "short": 50.0, "valued": "none"}
        return about | dict.fromkeys(("formula", "assumptions", "inputs"), "") | more

    wait = row(3, LAMP, action="wait", risk=0.1, short=0.0)
    put(look, urgent=[row(1, EAST), row(2, NORTH), wait])
    assert [each.unique_id for each in find("stock", look)] == ["厨具"]
    put(look, urgent=[row(1, EAST, risk=0.4), row(2, NORTH), wait])
    assert [each.unique_id for each in find("stock", look)] == [NORTH]


def test_rows_set_aside_beyond_what_is_agreed_are_odd(look: Look) -> None:
    aside = {"source": "orders", "rule": "unreadable", "reason": "", "content": ""}
    opening = {"source": "orders", "rule": "opening", "month": JUNE, "rows": 100}
    put(look, ledger=[opening | dict.fromkeys(("quantity", "amount", "reason"), "")])
    put(look, "2026-05", quarantine=[aside | {"row": 1}])
    put(look, quarantine=[aside | {"row": 1}, aside | {"row": 2}])
    assert find("odd", look) == [], "one new row of 100"
    put(look, quarantine=[aside | {"row": each} for each in (1, 2, 3)])
    assert [each.direction for each in find("odd", look)] == ["quarantine"]


def test_sums_and_history_that_changed_and_a_run_that_stopped_are_odd(look: Look) -> None:
    about = {"ds": JUNE, "member": "", "measure": "amount", "ours": "90", "ledger": "100"}
    put(look, control=[about | {"difference": "-10", "state": "accepted", "reason": "posted late"}])
    views = {f"{name}_{each}": "0" for name in ("quantity", "amount") for each in VIEWS}
    changed = {"ds": MAY, "amount_before": "100", "amount_now": "90", "amount_difference": "-10"}
    rows = {"rows_before": 1, "rows_now": 1}
    put(look, restatement_months=[views | changed | rows])
    failed = look.run.reports / ".failed" / "2026-07"
    failed.mkdir(parents=True)
    facts = {"step": "01_cleaning", "error": "'orders.csv' is empty."}
    (failed / "north.json").write_text(json.dumps(facts), "utf-8")
    later = Look(look.run, datetime.fromisoformat("2026-08-03T09:00+08:00"))
    found = {each.direction: each for each in find("odd", later)}
    assert found.keys() == {"control", "restated", "stopped"}
    assert (found["control"].size, found["restated"].size) == (10.0, 10.0)
    assert found["stopped"].month == "2026-07"


VIEWS = ("before", "now", "difference")


@pytest.fixture
def orders(look: Look) -> Iterator[Path]:
    path = look.run.project / "orders.csv"
    path.write_text("date\n", "utf-8")
    yield path


def test_data_that_are_not_in_by_their_working_day_are_late(look: Look, orders: Path) -> None:
    def late(day: str, written: str) -> list[Found]:
        moment = datetime.fromisoformat(f"{written}T12:00+08:00").timestamp()
        os.utime(orders, (moment, moment))
        return find("late", Look(look.run, datetime.fromisoformat(f"{day}T09:00+08:00")))

    assert late("2026-08-05", "2026-07-20") == [], "the third working day of August"
    [found] = late("2026-08-06", "2026-07-20")
    assert (found.month, found.direction) == ("2026-07", "month")
    assert late("2026-08-06", "2026-08-02") == []
    assert late("2026-07-20", "2026-06-20") == [], "June is published"
    [again] = late("2026-09-10", "2026-08-20")
    assert again.month == "2026-08", "next month is another alert"


def test_a_source_without_rows_of_the_published_month_is_late(look: Look) -> None:
    put(look, inventory=[{"ds": MAY, "stock": 1.0, "stockout_days": 0.0}])
    [found] = find("late", look)
    assert (found.direction, json.loads(found.says)["roles"]) == ("rows", ["inventory"])
