"""Alerts: opened once, seen to in order, overdue by working days, given on without loops."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from salesfc_lib import coordination
from salesfc_lib.archive import read_records
from salesfc_lib.coordination.alerts.branches import explain
from salesfc_lib.coordination.alerts.escalating import escalate_overdue
from salesfc_lib.coordination.alerts.finding import Found, Look
from salesfc_lib.coordination.alerts.owners import find_next, find_owner
from salesfc_lib.coordination.alerts.raising import note_run, raise_alerts
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import Parameters, clock, people, tables
from salesfc_lib.panel import build_series
from tests.retrospective.published import publish
from tests.retrospective.test_retrospective import EAST, LAMP, NORTH, SERIES

PEOPLE = """
hanlei: {name: 韩磊, logins: [hanlei], next: liuhui}
liuhui: {name: 刘慧, next: zhaoli}
zhaoli: {name: 赵立, next: hanlei}
"""
OWNED = {"unit": {"owner": "刘慧"}, "calendar": {"zone": "Asia/Shanghai"}}


def at(day: str, hour: int = 9) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00+08:00")


def record(number: int, day: str, what: str, subject: str = "", /, **new: Any) -> dict[str, Any]:
    about = {"number": number, "at": at(day).isoformat(), "who": f"p{number}", "what": what}
    about |= {"unit": "north", "month": "2026-07", "subject": subject, "old": {}}
    return about | {"new": new, "reason": f"because {number}"}


def opened(number: int, day: str, branch: str = "total", **more: Any) -> dict[str, Any]:
    new = {"kind": "sales", "direction": "below", "unique_id": branch, "says": "s", "size": 5.0}
    return record(number, day, "alert.open", branch, **new | {"owner": "韩磊"} | more)


def fold(*records: dict[str, Any], day: str, **settings: Any) -> pd.DataFrame:
    parameters = Parameters.model_validate(OWNED | settings)
    return tables.check(
        coordination.fold_alerts(pd.DataFrame(records), parameters, at(day)), "alert"
    )


def test_an_alert_is_the_fold_of_its_records() -> None:
    [alert] = fold(
        opened(1, "2026-07-14", data_at="2026-07-14T00:30:00+00:00"),
        record(2, "2026-07-14", "alert.acknowledge", "1"),
        record(3, "2026-07-15", "alert.assign", "1", owner="赵立"),
        record(4, "2026-07-16", "alert.explain", "1"),
        record(5, "2026-07-17", "alert.acknowledge", "1"),
        record(6, "2026-07-17", "alert.act", "1", became="E3"),
        record(7, "2026-07-17", "alert.act", "1", became="A12"),
        record(8, "2026-07-20", "alert.close", "1", outcome="done"),
        record(9, "2026-07-21", "alert.close", "1", outcome="false_alarm"),
        record(10, "2026-07-21", "alert.close", "77", outcome="done"),
        day="2026-08-20",
    ).to_dict("records")
    assert (alert["state"], alert["owner"], alert["acknowledged_by"]) == ("closed", "赵立", "p2")
    assert (alert["explained"], alert["became"]) == ("because 4", "E3, A12")
    assert (alert["closed_by"], alert["outcome"], alert["overdue_days"]) == ("p8", "done", 0)
    assert pd.isna(alert["due"])


@pytest.mark.parametrize(
    ("what", "due", "days"),
    [
        ((), "2026-07-13", 8),  # opened on a Friday: one working day
        (("alert.acknowledge",), "2026-07-16", 5),  # three, and a holiday
        (("alert.explain",), "2026-07-27", 0),
        (("alert.act",), "2026-07-27", 0),
    ],
)
def test_a_step_is_due_by_working_days_since_the_alert_was_opened(
    what: tuple[str, ...], due: str, days: int
) -> None:
    steps = [record(2, "2026-07-10", each, "1", became="E1") for each in what]
    holiday = {"calendar": {"zone": "Asia/Shanghai", "holidays": ["2026-07-14"]}}
    alerts = fold(opened(1, "2026-07-10"), *steps, day="2026-07-21", **holiday)
    assert alerts.loc[0, "due"] == pd.Timestamp(due)
    assert alerts.loc[0, "overdue_days"] == days


def test_a_wider_branch_is_the_same_alert_and_what_is_gone_is_noted() -> None:
    looked = ["sales 2026-07"]
    alerts = fold(
        opened(1, "2026-07-14", "region:East", kind="bias"),
        opened(2, "2026-07-14", "region:East"),
        record(3, "2026-07-14", "watch.run", looked=looked, holds=[2]),
        opened(4, "2026-07-15", "total", widens=2, size=9.0),
        record(5, "2026-07-15", "watch.run", looked=looked, holds=[2]),
        record(6, "2026-07-16", "watch.run", looked=looked, holds=[]),
        record(7, "2026-07-17", "watch.run", looked=looked, holds=[]),
        day="2026-07-17",
    )
    assert alerts["number"].tolist() == [1, 2]
    assert alerts.loc[1, ["unique_id", "size"]].tolist() == ["total", 9.0]
    assert alerts.loc[1, "gone_since"] == pd.Timestamp(at("2026-07-16"))
    assert pd.isna(alerts.loc[0, "gone_since"]), "nobody looked at the bias"


def test_times_are_medians_and_a_clock_set_back_is_told() -> None:
    alerts = fold(
        opened(1, "2026-07-14", data_at=at("2026-07-14", 8).isoformat()),
        opened(2, "2026-07-14", data_at=at("2026-07-14", 6).isoformat()),
        opened(3, "2026-07-14", data_at=at("2026-07-16").isoformat()),
        record(4, "2026-07-15", "alert.acknowledge", "1"),
        day="2026-07-17",
    )
    times = coordination.measure_response(alerts).set_index("step")
    assert times.loc["to_alert", ["n", "hours", "backwards"]].tolist() == [2, 2.0, 1]
    assert times.loc["to_acknowledge", ["n", "hours"]].tolist() == [1, 24.0]
    assert times.loc["to_close", "n"] == 0


def test_the_first_rule_that_fits_names_the_owner() -> None:
    rules = [
        {"kind": "stock", "where": "region=East", "owner": "hanlei"},
        {"where": "region=East", "owner": "zhaoli"},
        {"kind": "late", "owner": "nobody"},
    ]
    known = {
        key: people.Person(name=name) for key, name in (("hanlei", "韩磊"), ("zhaoli", "赵立"))
    }
    parameters = Parameters.model_validate(OWNED | {"alerts": {"owners": rules}})
    east = {"region": "East", "line": "Pots"}
    assert find_owner("stock", east, parameters, known) == ("韩磊", "")
    assert find_owner("sales", east, parameters, known) == ("赵立", "")
    assert find_owner("stock", {}, parameters, known) == ("刘慧", "")
    owner, note = find_owner("late", {}, parameters, known)
    assert owner == "刘慧"
    assert "alert.owner.unknown" in note
    without = Parameters.model_validate({"alerts": {"owners": rules}})
    owner, note = find_owner("late", {}, without, known)
    assert owner == ""
    assert "alert.owner.nobody" in note


def test_an_overdue_alert_goes_on_until_everybody_had_it() -> None:
    known = {
        "hanlei": people.Person(name="韩磊", next="liuhui"),
        "liuhui": people.Person(name="刘慧", next="hanlei"),
        "zhaoli": people.Person(name="赵立"),
    }
    rule = {"alerts": {"owners": [{"owner": "hanlei", "next": "zhaoli"}]}}
    by_rule, plain = (Parameters.model_validate(each) for each in (rule, {}))
    assert find_next("sales", {}, by_rule, known, after="韩磊", had=["韩磊"]) == "赵立"
    assert find_next("sales", {}, plain, known, after="韩磊", had=["韩磊"]) == "刘慧"
    assert find_next("sales", {}, plain, known, after="刘慧", had=["韩磊", "刘慧"]) == ""
    assert find_next("sales", {}, plain, known, after="somebody", had=["somebody"]) == ""


KEYS = pd.DataFrame(
    [(line, region) for line in ("Pots", "Pans") for region in ("East", "North")],
    columns=["line", "region"],
)
LEVELS = {"total": [], "line": ["line"], "region": ["region"], "bottom": ["line", "region"]}


@pytest.mark.parametrize(
    ("gaps", "branches"),
    [
        ({"Pots/East": 30.0}, ["bottom:Pots/East"]),
        ({"Pots/East": 30.0, "Pots/North": 32.0}, ["line:Pots"]),
        ({"Pots/East": 30, "Pots/North": 30, "Pans/East": 31, "Pans/North": 30}, ["total"]),
        ({"Pots/East": 30.0, "Pans/North": -80.0}, ["bottom:Pans/North", "bottom:Pots/East"]),
        ({"Pots/East": 10.0}, []),
    ],
)
def test_what_moved_together_is_one_branch(gaps: dict[str, float], branches: list[str]) -> None:
    series = build_series(KEYS, LEVELS)
    ids = [f"bottom:{line}/{region}" for line, region in KEYS.itertuples(index=False)]
    size = [gaps.get(each.partition(":")[2], 0.0) for each in ids]
    items = pd.DataFrame({"unique_id": ids, "size": size, "weight": 100.0})
    assert [branch for branch, _ in explain(items, series, limit=0.2)] == branches


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    monkeypatch.setenv(clock.VARIABLE, at("2026-07-14").isoformat())
    (tmp_path / "parameters" / "units").mkdir(parents=True)
    (tmp_path / people.FILE).write_text(PEOPLE, encoding="utf-8")
    text = "unit: {owner: 韩磊}\ncalendar: {zone: Asia/Shanghai}\n"
    (tmp_path / "parameters" / "units" / "north.yml").write_text(text, encoding="utf-8")
    run = publish(tmp_path, **{"unit": {"owner": "韩磊"}, "calendar": {"zone": "Asia/Shanghai"}})
    return Look(run, at("2026-07-14"))


def found(branch: str, month: str = "2026-07", **more: str) -> Found:
    return Found("sales", month, branch, **{"direction": "below", "says": "less", **more}, size=5.0)


def events(look: Look, what: str = "alert") -> list[str]:
    return read_records(look.run.project, unit="north", what=what)["what"].tolist()


def test_nothing_fires_twice_and_next_month_is_another_alert(look: Look) -> None:
    top = SERIES["unique_id"].iloc[0]
    first = raise_alerts(look, [found(EAST)], None)
    assert raise_alerts(look, [found(EAST)], None).opened == ()
    wider = raise_alerts(look, [found(top)], None)
    assert (wider.opened, wider.holds) == ((), first.holds)
    assert raise_alerts(look, [found(NORTH)], None).opened == (), "the whole unit holds it"
    assert len(raise_alerts(look, [found(top, direction="above")], None).opened) == 1
    assert len(raise_alerts(look, [found(EAST, "2026-08")], None).opened) == 1
    assert events(look) == ["alert.open"] * 4


def test_of_two_watches_at_once_one_opens_the_alert(look: Look) -> None:
    with ThreadPoolExecutor(8) as pool:
        raised = [*pool.map(lambda _: raise_alerts(look, [found(LAMP)], None), range(8))]
    assert events(look) == ["alert.open"]
    assert {each.holds for each in raised} == {(1,)}


def test_a_watch_is_recorded_only_where_something_changed(look: Look) -> None:
    raised = raise_alerts(look, [found(LAMP)], None)
    assert note_run(look, ["sales 2026-07"], raised)
    assert not note_run(look, ["sales 2026-07"], raised)
    assert events(look, "watch.run") == ["watch.run"]


def test_a_state_is_reached_once_and_never_backwards(look: Look) -> None:
    [number] = raise_alerts(look, [found(LAMP)], None).opened
    project = look.run.project
    coordination.explain_alert(project, "north", number, by="hanlei", reason="断货")
    with pytest.raises(RequestError, match="explained already"):
        coordination.acknowledge_alert(project, "north", number, by="hanlei")
    coordination.act_on_alert(project, "north", number, became="E3", by="韩磊", reason="补货")
    coordination.act_on_alert(project, "north", number, became="A2", by="韩磊", reason="换供应商")
    with pytest.raises(RequestError, match="acted already"):
        coordination.act_on_alert(project, "north", number, became="E3", by="x", reason="y")
    coordination.assign_alert(project, "north", number, owner="zhaoli", by="韩磊", reason="休假")
    close = {"outcome": "done", "by": "赵立", "reason": "已补货"}
    coordination.close_alert(project, "north", number, **close)
    with pytest.raises(RequestError, match=r"closed by 赵立 on 2026-07-14 01:00 UTC \(done\)"):
        coordination.close_alert(project, "north", number, **close)
    [alert] = coordination.list_alerts(project, "north").to_dict("records")
    assert (alert["acknowledged_by"], alert["owner"]) == ("韩磊", "赵立")
    assert (alert["explained"], alert["became"]) == ("断货", "E3, A2")
    for outcome, which in (("fixed", number), ("done", 99)):
        with pytest.raises(RequestError, match="Unknown key"):
            coordination.close_alert(project, "north", which, **close | {"outcome": outcome})
    with pytest.raises(RequestError, match="people.yml"):
        other = raise_alerts(look, [found(EAST)], None).opened[0]
        coordination.assign_alert(project, "north", other, owner="x", by="y", reason="z")


def test_of_two_people_who_close_at_once_one_is_told(look: Look) -> None:
    [number] = raise_alerts(look, [found(LAMP)], None).opened

    def close(name: str) -> str:
        try:
            coordination.close_alert(
                look.run.project, "north", number, outcome="done", by=name, reason=name
            )
        except RequestError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(6) as pool:
        said = [*pool.map(close, [f"person {each}" for each in range(6)])]
    assert said.count("") == 1
    first = f"person {said.index('')}"
    assert all(first in text for text in said if text)


def test_what_is_overdue_is_given_on_once_a_step_of_time(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    raise_alerts(look, [found(LAMP)], None)

    def escalate(day: str) -> int:
        monkeypatch.setenv(clock.VARIABLE, at(day).isoformat())
        return escalate_overdue(Look(look.run, at(day)))

    days = ("2026-07-15", "2026-07-16", "2026-07-16", "2026-07-17", "2026-07-20", "2026-07-30")
    assert [escalate(day) for day in days] == [0, 1, 0, 1, 0, 0]
    given = read_records(look.run.project, what="alert.escalate")["new"].tolist()
    assert [each["to"] for each in given] == ["刘慧", "赵立"], "and not to 韩磊 again"
    coordination.acknowledge_alert(look.run.project, "north", 1, by="liuhui")
    assert escalate("2026-07-30") == 2, "the next step has a chain of its own"


def test_a_calendar_without_working_days_is_refused() -> None:
    off = [f"{day:%Y-%m-%d}" for day in pd.date_range("2026-07-01", "2027-12-31")]
    with pytest.raises(SalesForecastError, match="0 working days"):
        fold(opened(1, "2026-07-14"), day="2026-07-21", calendar={"holidays": off})
    with pytest.raises(ValueError, match="trading_weekdays"):
        Parameters.model_validate({"calendar": {"trading_weekdays": []}})
