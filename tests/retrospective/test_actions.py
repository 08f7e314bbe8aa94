"""Actions: a fold of their records, of which none promises what cannot be measured."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import tables
from salesfc_lib.retrospective import loop
from salesfc_lib.retrospective.compare import Past
from salesfc_lib.retrospective.loop.actions import fold_actions, judge_states, list_actions
from salesfc_lib.retrospective.loop.decisions import read_decisions
from salesfc_lib.retrospective.loop.review import measure_actions, review_decisions
from salesfc_lib.retrospective.loop.rows import find_rows
from tests.retrospective.published import missed, open_unit, proposed, publish
from tests.retrospective.test_effect import made
from tests.retrospective.test_retrospective import EAST, LAMP, NORTH, SERIES

PROMISE = loop.Promise(
    cause="stockout",
    what="第二家供应商",
    owner="刘慧",
    due="2026-07-31",
    kpi="wape",
    rows="product_line=厨具",
    expected=-0.02,
)
BY = {"by": "韩磊", "reason": "断货两个月"}


def record(number: int, what: str, subject: str = "", /, **new: Any) -> dict[str, Any]:
    about = {"number": number, "at": f"2026-07-{number:02}T08:00:00+00:00", "who": f"p{number}"}
    about |= {"what": what, "unit": "north", "month": "2026-06", "subject": subject}
    return about | {"old": {}, "new": new, "reason": f"because {number}"}


def test_an_action_is_the_fold_of_its_records() -> None:
    added = {**vars(PROMISE)}
    records = pd.DataFrame(
        [
            record(3, "action.add", **added),
            record(4, "action.add", **added | {"what": "other"}),
            record(5, "action.update", "A3", due="2026-08-31", owner="王强"),
            record(6, "action.update", "A3", due="2026-08-15"),
            record(7, "action.close", "A4", outcome="dropped"),
            record(8, "action.update", "A4", what="too late"),
            record(9, "action.close", "A99", outcome="done"),
        ]
    )
    first, second = fold_actions(records).to_dict("records")
    assert (first["number"], first["owner"], first["due"]) == (3, "王强", "2026-08-15")
    assert (first["postponed"], first["added_by"], first["added_on"]) == (1, "p3", "2026-07-03")
    assert pd.isna(first["closed_by"])
    assert (second["what"], second["closed_by"], second["outcome"]) == ("other", "p7", "dropped")
    assert second["remark"] == "because 7"
    assert fold_actions(records.iloc[:0]).empty
    pd.testing.assert_frame_equal(fold_actions(records), fold_actions(records))


def test_an_open_action_is_overdue_the_day_after_its_day() -> None:
    records = [record(n, "action.add", **vars(PROMISE)) for n in (1, 2)]
    records.append(record(3, "action.close", "A2", outcome="done"))
    actions = fold_actions(pd.DataFrame(records))
    for day, state, days in (("2026-07-31", "open", 0), ("2026-08-18", "overdue", 18)):
        states = judge_states(actions, date.fromisoformat(day))
        assert states["state"].tolist() == [state, "closed"]
        assert states["overdue_days"].tolist() == [days, 0]


def test_what_is_added_is_listed_until_it_is_closed(tmp_path: Path) -> None:
    run = publish(tmp_path)
    name = loop.add_action(run, PROMISE, **BY)
    later = loop.add_action(run, replace(PROMISE, due="2026-07-10", rows="", what="b"), **BY)
    assert (name, later) == ("A1", "A2")
    assert list_actions(run)["number"].tolist() == [2, 1]
    loop.update_action(run, "a1", due="2026-07-05", by="王强", reason="earlier")
    assert list_actions(run)["due"].tolist() == ["2026-07-05", "2026-07-10"]
    loop.close_action(run, "1", "done", by="王强", remark="签了合同")
    closed = list_actions(run).iloc[-1]
    assert (closed["number"], closed["state"], closed["closed_by"]) == (1, "closed", "王强")
    history = read_decisions(run, "action")
    assert history["what"].str.removeprefix("action.").tolist() == ["add", "add", "update", "close"]
    assert history.iloc[2]["old"] == {"due": "2026-07-31"}


def test_a_closed_action_stays_closed_and_says_who_closed_it(tmp_path: Path) -> None:
    run = publish(tmp_path)
    loop.add_action(run, PROMISE, **BY)
    loop.close_action(run, "A1", "partly", by="王强", remark="一家签了")
    said = r"王强 closed A1 on \d{4}-\d\d-\d\d \(partly\): 一家签了"
    with pytest.raises(RequestError, match=said):
        loop.close_action(run, "A1", "done", by="刘慧", remark="again")
    with pytest.raises(RequestError, match=said):
        loop.update_action(run, "A1", owner="刘慧", by="刘慧", reason="again")
    assert len(read_decisions(run, "action")) == 2


def test_of_two_who_close_at_once_one_is_told_who_was_first(tmp_path: Path) -> None:
    run = publish(tmp_path)
    loop.add_action(run, PROMISE, **BY)

    def close(name: str) -> str:
        try:
            loop.close_action(run, "A1", "done", by=name, remark="done")
        except RequestError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(close, [f"person {n}" for n in range(6)]))
    first = list_actions(run)["closed_by"].item()
    assert said.count("") == 1
    assert all(first in text for text in said if text)


def test_two_who_add_at_once_lose_nothing(tmp_path: Path) -> None:
    run = publish(tmp_path)
    with ThreadPoolExecutor(6) as pool:
        names = list(pool.map(lambda _: loop.add_action(run, PROMISE, **BY), range(12)))
    assert sorted(names, key=lambda name: int(name[1:])) == [f"A{n}" for n in range(1, 13)]
    assert len(list_actions(run)) == 12


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"cause": "stock"},
            r"'stock' in the causes of 2026-06's page.*'not_explained', 'stockout'",
        ),
        ({"cause": "C7"}, "'C7' in the causes of 2026-06's page"),
        ({"owner": " "}, "`owner` is empty.*--owner"),
        ({"what": ""}, "`what` is empty.*--what"),
        ({"due": ""}, "`due` is empty.*YYYY-MM-DD after 2026-06"),
        ({"due": "31.7.2026"}, "`due` is '31.7.2026'"),
        ({"due": "2025-07-31"}, "`due` is '2025-07-31'.*after 2026-06"),
        ({"kpi": "mape"}, r"'mape' in the KPIs.*'bias', 'error', 'gain', 'wape'"),
        ({"rows": "产品"}, "'产品' in the unit's series"),
        ({"rows": "line=厨具"}, "'line' in the unit's dimensions.*'product_line', 'region'"),
        ({"rows": "region=华南"}, "'华南' in the members of `region`.*'华东', '华北'"),
        ({"expected": 0.0}, "expected of 'wape' is 0.*--expected"),
        ({"expected": -2.0}, "expected of 'wape' is -2.*a share such as -2%"),
        ({"expected": float("nan")}, "is nan"),
    ],
)
def test_what_cannot_be_kept_or_measured_is_refused_with_what_is_known(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    run = publish(tmp_path)
    with pytest.raises(RequestError, match=said):
        loop.add_action(run, replace(PROMISE, **change), **BY)
    assert read_decisions(run, "action").empty


def test_an_error_may_change_by_any_amount(tmp_path: Path) -> None:
    run = publish(tmp_path)
    assert loop.add_action(run, replace(PROMISE, kpi="error", expected=-5000.0), **BY) == "A1"


def test_nothing_is_promised_about_a_month_that_is_not_published(tmp_path: Path) -> None:
    publish(tmp_path, "2026-06")
    with pytest.raises(RequestError, match="2026-07 of 'north' is not published.*'2026-06'"):
        loop.add_action(open_unit(tmp_path, "2026-07"), PROMISE, **BY)


def test_an_action_that_is_not_there_and_a_change_that_is_none_are_refused(tmp_path: Path) -> None:
    run = publish(tmp_path)
    with pytest.raises(RequestError, match="no action 'A9'.*None is open"):
        loop.close_action(run, "A9", "done", by="x", remark="y")
    loop.add_action(run, PROMISE, **BY)
    with pytest.raises(RequestError, match="no action 'Z1'.*Open here: 'A1'"):
        loop.update_action(run, "Z1", owner="x", by="x", reason="y")
    with pytest.raises(RequestError, match="A1 would stay as it is"):
        loop.update_action(run, "A1", owner="刘慧", by="x", reason="y")
    with pytest.raises(RequestError, match="'expected' in what may change"):
        loop.update_action(run, "A1", expected="-0.01", by="x", reason="y")
    with pytest.raises(
        RequestError, match="'finished' in the outcomes.*'done', 'dropped', 'partly'"
    ):
        loop.close_action(run, "A1", "finished", by="x", remark="y")
    with pytest.raises(RequestError, match="`reason` is empty"):
        loop.close_action(run, "A1", "done", by="x", remark=" ")


def test_an_action_on_a_cause_that_somebody_corrected_is_refused(tmp_path: Path) -> None:
    run = publish(tmp_path)
    kept = loop.confirm_cause(run, NORTH, by="韩磊", remark="库存账")
    assert loop.add_action(run, replace(PROMISE, cause=kept), **BY) == "A2"
    new = loop.correct_cause(run, NORTH, {"competitor": None}, by="王强", remark="对手降价")
    for cause in (kept, "stockout"):
        with pytest.raises(
            RequestError, match=rf"'{cause}' is closed: 王强 corrected.*'competitor' \({new}\)"
        ):
            loop.add_action(run, replace(PROMISE, cause=cause), **BY)
    assert loop.add_action(run, replace(PROMISE, cause=new), **BY) == "A4"
    assert loop.add_action(run, replace(PROMISE, cause="competitor"), **BY) == "A5"


def test_rows_are_the_unit_a_member_or_a_series() -> None:
    assert find_rows(SERIES, "") == [EAST, NORTH, LAMP]
    assert find_rows(SERIES, "region=华东") == [EAST, LAMP]
    assert find_rows(SERIES, " region = 华东 ") == [EAST, LAMP]
    assert find_rows(SERIES, "total") == ["total"]
    assert find_rows(SERIES, NORTH) == [NORTH]


def measured(tmp_path: Path, added_in: str, month: str, **change: Any) -> pd.Series:
    """The row of an action on the lamps, as the retrospective of `month` shows it."""
    run = publish(tmp_path, added_in)
    promise = replace(PROMISE, rows=LAMP, kpi="bias", expected=-0.05, due="2026-12-31")
    loop.add_action(run, replace(promise, **change), **BY)
    reviewed = open_unit(tmp_path, month)
    return measure_actions(reviewed, made(), fold_actions(read_decisions(run, "action"))).iloc[0]


def test_the_effect_counts_from_the_first_month_forecast_after_the_action(tmp_path: Path) -> None:
    row = measured(tmp_path, "2025-11", "2026-06")
    assert (row["since"], row["months_after"]) == (pd.Timestamp("2026-01-01"), 6)
    assert (row["measured"], row["verdict"]) == (pytest.approx(-0.06), "as_expected")
    assert row["before"] == pytest.approx(0.10)


@pytest.mark.parametrize(
    ("month", "change", "verdict"),
    [
        ("2026-02", {}, "too_early"),
        ("2026-06", {"expected": 0.05}, "worse"),
        ("2026-06", {"expected": -0.2}, "less"),
    ],
)
def test_the_verdict_holds_the_effect_against_the_promise(
    tmp_path: Path, month: str, change: dict[str, Any], verdict: str
) -> None:
    assert measured(tmp_path, "2025-11", month, **change)["verdict"] == verdict


def test_an_action_whose_series_are_gone_says_so(tmp_path: Path) -> None:
    run = publish(tmp_path, "2025-11")
    loop.add_action(run, replace(PROMISE, rows="region=华北", due="2026-12-31"), **BY)
    gone = Past(made().vintages, made().actual, SERIES[SERIES["unique_id"] != NORTH])
    actions = fold_actions(read_decisions(run, "action"))
    row = measure_actions(open_unit(tmp_path, "2026-06"), gone, actions).iloc[0]
    assert (row["series"], row["verdict"]) == (0, "no_series")


def test_a_month_reads_what_was_promised_before_it_and_nothing_later(tmp_path: Path) -> None:
    for month in ("2026-05", "2026-06"):
        loop.add_action(publish(tmp_path, month), replace(PROMISE, what=month), **BY)
    run = open_unit(tmp_path, "2026-06")
    decided = review_decisions(run, made(), missed=missed(), proposed=proposed())
    assert decided["actions"]["what"].tolist() == ["2026-05"]
    assert decided["decisions"].iloc[0].to_dict() == {"last_record": 2, "actions": 1, "answers": 0}
    for name in ("causes_proposed", "answers", "actions", "decisions"):
        tables.check(decided[name], name)
    loop.close_action(publish(tmp_path), "A1", "done", by="x", remark="a record of June")
    again = review_decisions(run, made(), missed=missed(), proposed=proposed())
    pd.testing.assert_frame_equal(again["actions"], decided["actions"])


def test_a_backfill_judges_as_of_the_day_of_its_publication(tmp_path: Path) -> None:
    loop.add_action(publish(tmp_path, "2026-05"), PROMISE, **BY)
    run, actions = open_unit(tmp_path), fold_actions(read_decisions(publish(tmp_path), "action"))
    assert measure_actions(run, made(), actions)["state"].tolist() == ["overdue"]
    then = replace(run, kind="backfill")  # June is published early in July
    assert measure_actions(then, made(), actions)["state"].tolist() == ["open"]
