"""One digest a person: what it says, that it is sent once, and that nothing is lost meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from salesfc_lib.archive import read_records
from salesfc_lib.cli import app
from salesfc_lib.coordination.notifications import delivery, list_unsure, outbox, plan, send
from salesfc_lib.coordination.notifications.delivery import Delivery
from salesfc_lib.coordination.notifications.send import send_digests
from salesfc_lib.coordination.waiting import COLUMNS
from salesfc_lib.foundation import say
from tests.coordination.receivers import Web, catch_requests, web_server
from tests.running.test_loop_verbs import UNIT

KEY = "693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa"
NOW = datetime(2026, 7, 14, 2, tzinfo=UTC)  # ten in the morning in Shanghai
PEOPLE = {
    "hanlei": {"name": "韩磊", "language": "zh", "notify": ["HANLEI"]},
    "wujie": {"name": "吴洁", "language": "en", "notify": ["WUJIE", "WUJIE_MAIL"]},
    "zhaoli": {"name": "赵立"},
}


class Office:
    """A project with two units, people, what waits in each, and a clock."""

    def __init__(self, project: Path, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project, self.web, self.patch = project, web, monkeypatch
        self.rows: list[dict[str, Any]] = []
        self.set_clock(NOW)

    def set_clock(self, at: datetime) -> None:
        self.at = at
        self.patch.setenv("SALESFC_NOW", at.isoformat())

    def wait(self, **minutes: float) -> None:
        self.set_clock(self.at + timedelta(**minutes))

    def add(self, number: str, **about: Any) -> None:
        row = dict.fromkeys(COLUMNS, "") | {"unit": "north", "kind": "alert", "state": "open"}
        row |= {"month": "2026-07", "number": number, "about": "sales", "overdue_days": 0}
        says = say("reasons", reasons=["华东 sold 12 % less"])
        row |= {"says": says, "due": "2026-07-15", "people": ("hanlei",), "event": 1}
        self.rows.append(row | about)

    def list_waiting(self, run: Any, at: datetime) -> pd.DataFrame:
        return pd.DataFrame([row for row in self.rows if row["unit"] == run.unit], columns=COLUMNS)

    def send(self, budget: float = 30.0) -> list[tuple[str, str]]:
        told = send_digests(self.project, self.at, budget=budget)
        return [(each.planned.address, each.came) for each in told]

    def events(self) -> pd.DataFrame:
        return read_records(self.project, what="notify")

    def texts(self) -> list[str]:
        return [got.said["text"]["content"] for got in self.web.got]

    def set_unit(self, unit: str, **more: Any) -> None:
        tree = UNIT | {"unit": {"title": f"{unit.title()} region"}} | more
        tree = tree | {"calendar": {"zone": "Asia/Shanghai"}}
        place = self.project / "parameters" / "units" / f"{unit}.yml"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(
            yaml.safe_dump(tree, sort_keys=False, allow_unicode=True), encoding="utf-8"
        )


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    with web_server() as web:
        catch_requests(web, monkeypatch)
        office = Office(tmp_path, web, monkeypatch)
        for unit in ("north", "south"):
            office.set_unit(unit)
        people = tmp_path / "parameters" / "people.yml"
        people.write_text(yaml.safe_dump(PEOPLE, allow_unicode=True), encoding="utf-8")
        monkeypatch.setattr(plan, "list_waiting", office.list_waiting)
        monkeypatch.setenv("HANLEI", f"wecombot://{KEY}")
        yield office


def test_a_person_gets_one_digest_of_all_units_in_their_language(office: Office) -> None:
    office.set_unit("north", notify={"pages": "https://forecast.example.com/"})
    office.add("12")
    office.add("13", about="stock")
    office.add("14", state="acknowledged", overdue_days=2)
    office.add("15", people=("zhaoli",))
    office.add("consultation", unit="south", kind="step", about="consultation")
    office.add("16", unit="south", escalated_to="hanlei", about="late")
    assert office.send() == [("HANLEI", "sent")]
    assert office.texts() == [
        "您有 5 项新的待办\r\n"
        "North region：2 条新预警（当月销售、库存告急）、1 条预警已逾期（当月销售）。\n"
        "South region：1 条预警转由您处理（数据迟到）、月度流程中 1 个步骤待完成（意见征询）。\n"
        "查看并处理：https://forecast.example.com/now/people/hanlei.html"
    ]


def test_english_counts_and_a_place_where_no_pages_are_served(office: Office) -> None:
    office.patch.setenv("WUJIE", f"wecombot://{KEY}")
    office.add("12", people=("wujie",))
    office.add("Q1", kind="question", people=("wujie",))
    office.add("A3", kind="action", overdue_days=3, people=("wujie",))
    office.add("A4", kind="action", people=("wujie",))
    office.send()
    assert office.texts()[0].splitlines() == [
        "3 things wait for you",
        "North region: 1 new alert (Sales of the month), 1 question to answer, 1 action overdue.",
        "Read and act: reports/now/people/wujie.html",
    ]


def test_figures_and_members_are_told_only_where_the_unit_allows_it(office: Office) -> None:
    office.add("12")
    office.send()
    assert "华东" not in office.texts()[0] and "12" not in office.texts()[0]
    assert "华东" not in str(office.events().to_dict())
    office.set_unit("south", notify={"figures": True})
    office.add("13", unit="south")
    office.send()
    assert "- 华东 sold 12 % less（2026年7月15日前）" in office.texts()[1]


def test_nobody_is_told_anything_twice(office: Office) -> None:
    office.add("12")
    assert office.send() == [("HANLEI", "sent")]
    for _ in range(3):
        office.wait(minutes=5)
        assert office.send() == []
    office.add("13")
    assert office.send() == [("HANLEI", "sent")]
    assert ["1 条新预警" in text for text in office.texts()] == [True, True]


def test_what_becomes_overdue_is_told_again_once_and_what_somebody_sees_to_is_not_new(
    office: Office,
) -> None:
    office.add("12")
    office.send()
    office.rows[0]["overdue_days"] = 1
    office.send()
    office.rows[0] |= {"overdue_days": 2}
    assert office.send() == []
    office.rows[0] |= {"overdue_days": 0, "state": "acknowledged", "due": "2026-07-17"}
    assert office.send() == []
    office.rows[0]["overdue_days"] = 1
    office.send()
    assert [text.count("逾期") for text in office.texts()] == [0, 1, 1]


def test_a_receiver_that_is_down_delays_and_loses_nothing(office: Office) -> None:
    office.web.status = 500
    office.add("12")
    assert office.send() == [("HANLEI", "refused")]
    office.wait(minutes=4)
    assert office.send() == [("HANLEI", "waits")]
    office.add("13")
    office.wait(minutes=2)
    assert office.send() == [("HANLEI", "refused")]
    office.wait(minutes=6)
    assert office.send() == [("HANLEI", "waits")]
    office.web.status = 200
    office.wait(minutes=15)
    assert office.send() == [("HANLEI", "sent")]
    assert "2 条新预警" in office.texts()[-1]
    assert (office.send(), len(office.web.got)) == ([], 3)


def test_a_receiver_that_stays_down_is_tried_once_an_hour(office: Office) -> None:
    office.web.status = 503
    office.add("12")
    for _ in range(9):
        office.send()
        office.wait(minutes=30)
    assert len(office.web.got) == 4 + 2, "twice soon, and then by the hour"
    assert office.events()["what"].value_counts().to_dict() == {
        "notify.sending": len(office.web.got),
        "notify.failed": len(office.web.got),
    }


def test_a_clock_that_is_set_back_holds_nothing_up(office: Office) -> None:
    office.web.status = 500
    office.add("12")
    office.send()
    office.web.status = 200
    office.wait(days=-3)
    assert office.send() == [("HANLEI", "sent")]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_program_killed_while_it_sends_leaves_one_message_that_is_not_sent_again(
    office: Office,
) -> None:
    def die(*_: Any) -> Delivery:
        raise SystemExit

    office.add("12")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "deliver", die)
        assert office.send() == [("HANLEI", "unsure")]
    assert list_unsure(office.events(), office.at).empty
    office.wait(minutes=11)
    office.add("13")
    assert office.send() == [("HANLEI", "sent")]
    assert "1 条新预警" in office.texts()[-1]
    unsure = list_unsure(office.events(), office.at)
    assert unsure[["unit", "person", "address"]].to_numpy().tolist() == [
        ["north", "hanlei", "HANLEI"]
    ]
    shown = CliRunner().invoke(app, ["notify", "--project", str(office.project)]).output
    assert shown.startswith("Not known whether it arrived: hanlei by HANLEI, 2026-07-14 02:00 UTC.")


def test_of_two_programs_at_once_one_sends(office: Office) -> None:
    office.add("12")
    office.add("13", unit="south")
    together = threading.Barrier(2)
    plans = send.plan_digests

    def plan_together(*arguments: Any) -> Any:
        found = plans(*arguments)
        together.wait()
        return found

    office.patch.setattr(send, "plan_digests", plan_together)
    came: list[str] = []
    programs = [
        threading.Thread(target=lambda: came.extend(each[1] for each in office.send()))
        for _ in range(2)
    ]
    for each in programs:
        each.start()
    for each in programs:
        each.join()
    assert sorted(came) == ["sent", "unrecorded"]
    assert len(office.web.got) == 1


def test_quiet_hours_are_those_of_the_unit_and_what_they_hold_comes_after(office: Office) -> None:
    office.set_clock(datetime(2026, 7, 14, 13, tzinfo=UTC))  # nine in the evening
    office.set_unit("south", notify={"quiet_hours": []})
    office.add("12")
    office.add("13", unit="south", about="stock")
    assert sorted(office.send()) == [("HANLEI", "quiet"), ("HANLEI", "sent")]
    assert "South" in office.texts()[0] and "North" not in office.texts()[0]
    office.wait(hours=11)
    assert office.send() == [("HANLEI", "sent")]
    assert "North" in office.texts()[1] and "South" not in office.texts()[1]


def test_an_address_that_is_missing_or_none_is_said_and_told_later(office: Office) -> None:
    office.patch.setenv("WUJIE_MAIL", "nobody knows SECRET")
    office.add("12", people=("wujie",))
    told = send_digests(office.project, office.at)
    assert sorted((each.planned.address, each.came) for each in told) == [
        ("WUJIE", "unset"),
        ("WUJIE_MAIL", "unreadable"),
    ]
    assert "SECRET" not in str(told)
    assert office.events().empty
    office.patch.setenv("WUJIE", f"wecombot://{KEY}")
    assert ("WUJIE", "sent") in office.send()


def test_of_two_addresses_only_the_one_that_was_down_is_told_again(office: Office) -> None:
    office.patch.setenv("WUJIE", f"wecombot://{KEY}")
    office.patch.setenv("WUJIE_MAIL", "json://127.0.0.1:1")
    office.patch.setattr(
        delivery,
        "deliver",
        lambda address, *_: Delivery("refused" if "json" in address else "sent", "x"),
    )
    office.add("12", people=("wujie",))
    assert sorted(office.send()) == [("WUJIE", "sent"), ("WUJIE_MAIL", "refused")]
    office.wait(minutes=6)
    assert office.send() == [("WUJIE_MAIL", "refused")]


def test_a_slow_receiver_holds_up_neither_the_others_nor_the_watch(office: Office) -> None:
    office.patch.setenv("WUJIE", "json://inside.example.com")
    gone = threading.Event()
    office.patch.setattr(
        delivery,
        "deliver",
        lambda address, *_: gone.wait(5) and None if "json" in address else Delivery("sent"),
    )
    office.add("12", people=("hanlei", "wujie"))
    began = datetime.now(UTC)
    assert sorted(office.send(budget=0.5)) == [
        ("HANLEI", "sent"),
        ("WUJIE", "unsure"),
        ("WUJIE_MAIL", "unset"),
    ]
    assert datetime.now(UTC) - began < timedelta(seconds=4)
    gone.set()


def test_records_hold_the_variable_and_never_the_address(office: Office) -> None:
    office.web.status = 500
    office.add("12")
    office.send()
    kept = str(office.events().to_dict())
    assert "HANLEI" in kept
    assert KEY not in kept


def test_a_digest_keeps_to_what_the_smallest_receiver_takes(office: Office) -> None:
    office.set_unit("north", notify={"figures": True})
    for number in range(60):
        office.add(str(number))
    office.send()
    text = office.texts()[0]
    assert len(text.encode()) <= 2048
    assert "60 条新预警" in text and "……另有" in text
    assert office.send() == [], "the page tells the rest"


def test_what_was_refused_waits_longer_each_time() -> None:
    at = datetime(2026, 7, 14, 10, tzinfo=UTC)
    for refused, minutes in ((1, 5), (2, 20), (3, 60), (9, 60)):
        box = outbox.Box(refused=refused, last=at)
        assert not box.may_send(at + timedelta(minutes=minutes - 1))
        assert box.may_send(at + timedelta(minutes=minutes))
    assert outbox.Box(last=at).may_send(at)
