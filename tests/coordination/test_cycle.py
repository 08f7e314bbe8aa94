"""The month's cycle: in order, by working days, and nothing passes in silence."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.archive import read_records
from salesfc_lib.coordination import cycle, last_ended, open_cycle
from salesfc_lib.coordination.cycle.needs import NEEDS
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import Calendar, add_workdays, in_words, last_day
from salesfc_lib.foundation.schema.coordination import Need
from tests.coordination.unit_files import QUARANTINE, put_quarantine, write_project
from tests.orders import unit

JULY_2 = datetime(2026, 7, 2, 4, tzinfo=UTC)
JULY_8 = datetime(2026, 7, 8, 4, tzinfo=UTC)
NONE = pd.DataFrame(columns=["number", "at", "who", "what", "month", "subject", "new", "reason"])


def record(number: int, at: str, what: str, subject: str, month: str = "2026-06") -> dict[str, Any]:
    about = {"number": number, "at": f"{at}T08:00:00+00:00", "who": f"p{number}", "what": what}
    return about | {"month": month, "subject": subject, "new": {}, "reason": f"because {number}"}


def fold(records: list[dict[str, Any]], at: datetime, **parameters: Any) -> list[dict[Any, Any]]:
    frame = pd.DataFrame(records) if records else NONE
    return cycle.fold_cycle(frame, unit(**parameters), "2026-06", at).to_dict("records")


def test_a_step_is_due_on_its_working_day_after_the_month() -> None:
    calendar = Calendar(holidays=["2026-07-02"])  # a Thursday; the month ends on a Tuesday
    assert add_workdays(last_day("2026-06", calendar), 3, calendar) == date(2026, 7, 6)
    fridays = Calendar(trading_weekdays=["friday"])
    assert add_workdays(date(2026, 7, 3), 2, fridays) == date(2026, 7, 17)
    weeks = Calendar(kind="4-4-5")  # June of such a year ends on Sunday, 28 June
    assert add_workdays(last_day("2026-06", weeks), 1, weeks) == date(2026, 6, 29)
    china = Calendar(country="CN")  # 1 to 7 October are days off
    assert add_workdays(date(2026, 9, 30), 1, china) == date(2026, 10, 8)


def test_a_calendar_without_working_days_is_refused_and_does_not_hang() -> None:
    days = pd.date_range("2026-01-01", "2028-12-31").strftime("%Y-%m-%d")
    with pytest.raises(SalesForecastError, match=r"0 working days in the 366 .*trading_weekdays"):
        fold([], JULY_2, calendar={"holidays": [*days]})


def test_the_first_step_that_is_not_over_is_open_and_the_others_wait() -> None:
    states = [row["state"] for row in fold([], JULY_2)]
    assert states == ["open", "waiting", "waiting", "waiting"]
    rows = fold([record(1, "2026-07-02", "cycle.done", "collection")], JULY_8)
    assert [row["state"] for row in rows] == ["done", "open", "waiting", "waiting"]
    assert (rows[0]["done_by"], rows[0]["late_days"]) == ("p1", 0)


def test_lateness_counts_from_the_due_day_to_the_day_on_which_a_step_was_over() -> None:
    late = [
        record(1, "2026-07-05", "cycle.done", "collection"),
        record(2, "2026-07-09", "cycle.skip", "consultation"),
        record(3, "2026-07-01", "cycle.done", "collection"),  # a second one changes nothing
        record(4, "2026-07-01", "cycle.done", "decision", month="2026-05"),  # of another month
        record(5, "2026-07-01", "cycle.done", "a step that was taken out"),
    ]
    first, second, third, fourth = fold(late, datetime(2026, 7, 14, 4, tzinfo=UTC))
    assert (first["due"], first["late_days"]) == (pd.Timestamp("2026-07-03"), 2)
    assert (second["state"], second["reason"], second["late_days"]) == ("skipped", "because 2", 1)
    assert (third["state"], third["late_days"]) == ("open", 1)
    assert (fourth["state"], fourth["late_days"]) == ("waiting", 0)


def test_the_day_of_a_moment_is_that_of_the_units_zone() -> None:
    evening = datetime(2026, 6, 30, 17, tzinfo=UTC)  # 1 July in Shanghai
    assert last_ended(evening, Calendar(zone="Asia/Shanghai")) == "2026-06"
    assert last_ended(evening, Calendar(zone="UTC")) == "2026-05"


def test_a_step_is_not_done_while_something_is_missing_and_the_command_is_said(
    tmp_path: Path,
) -> None:
    run = write_project(tmp_path)
    with pytest.raises(RequestError, match=r"2 rows .*salesfc cycle answer north .*unreadable"):
        cycle.finish_step(run, "collection", by="hanlei", at=JULY_2)
    assert cycle.answer_quarantine(run, "unreadable", reason="of 2022", by="hanlei") == 2
    assert cycle.finish_step(run, "collection", by="hanlei", at=JULY_2) == 0
    done = read_records(tmp_path, what="cycle.done").iloc[0]
    assert (done["who"], done["subject"], done["new"]["due"]) == (
        *("韩磊", "collection"),
        "2026-07-03",
    )
    with pytest.raises(RequestError, match="Step 'collection' of 2026-06 is done: 韩磊"):
        cycle.finish_step(run, "collection", by="hanlei", at=JULY_2)


def test_rows_that_come_into_quarantine_later_are_asked_about_again(tmp_path: Path) -> None:
    run = write_project(tmp_path)
    cycle.answer_quarantine(run, "unreadable", reason="of 2022", by="hanlei")
    assert cycle.show_cycle(run, JULY_2)["missing"].iloc[0] == ()
    put_quarantine(run, [*QUARANTINE, QUARANTINE[0] | {"row": 11, "content": "{11}"}])
    assert "3 rows" in in_words(cycle.show_cycle(run, JULY_2)["missing"].iloc[0][0])
    with pytest.raises(RequestError, match="Unknown key 'future'"):
        cycle.answer_quarantine(run, "future", reason="none", by="hanlei")


def test_a_later_step_waits_and_a_step_is_skipped_with_a_reason_only(tmp_path: Path) -> None:
    run = write_project(tmp_path)
    with pytest.raises(RequestError, match=r"'decision' .* waits for 'collection'"):
        cycle.skip_step(run, "decision", reason="no time", by="刘慧", at=JULY_2)
    with pytest.raises(RequestError, match="without a reason"):
        cycle.skip_step(run, "collection", reason=" ", by="刘慧", at=JULY_2)
    with pytest.raises(RequestError, match="Unknown key 'colection'"):
        cycle.skip_step(run, "colection", reason="no time", by="刘慧", at=JULY_2)
    assert cycle.skip_step(run, "collection", reason="no time", by="刘慧", at=JULY_8) == 5
    late = read_records(tmp_path, what="cycle.late").iloc[0]
    assert (late["subject"], late["new"]["late_days"], late["new"]["owner"]) == (
        *("collection", 5),
        "韩磊",
    )


def test_a_step_of_an_unknown_person_falls_to_the_units_owner_and_it_is_said(
    tmp_path: Path,
) -> None:
    run = write_project(tmp_path)
    first, second = cycle.show_cycle(run, JULY_2).to_dict("records")
    assert (first["owner"], first["note"]) == ("韩磊", "")
    assert second["owner"] == "刘慧" and "'nobody'" in in_words(second["note"])


def test_that_there_is_nothing_to_enter_is_said_with_a_reason(tmp_path: Path) -> None:
    run = write_project(tmp_path)
    lacking = in_words(cycle.show_cycle(run, JULY_2)["missing"].iloc[1][0])
    assert "overrides/north.csv" in lacking
    cycle.say_none(run, "overrides", reason="nobody knows better", by="hanlei")
    left = cycle.show_cycle(run, JULY_2)["missing"].iloc[1]
    assert [in_words(each)[:14] for each in left] == ["It is not deci"]
    with pytest.raises(RequestError, match="Unknown key 'alerts'"):
        cycle.say_none(run, "alerts", reason="none", by="hanlei")


def test_a_file_that_cannot_be_read_is_what_is_missing(tmp_path: Path) -> None:
    run = write_project(tmp_path)
    (tmp_path / "overrides").mkdir()
    (tmp_path / "overrides" / "north.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert "lacks the column" in in_words(cycle.show_cycle(run, JULY_2)["missing"].iloc[1][0])


def test_people_are_reminded_once_a_step_and_day(tmp_path: Path) -> None:
    write_project(tmp_path)
    early = datetime(2026, 7, 1, 4, tzinfo=UTC)  # due on the 3rd
    assert [each.what for each in cycle.remind(tmp_path, "north", early)] == ["cycle.open"]
    assert cycle.remind(tmp_path, "north", early) == []
    (soon,) = cycle.remind(tmp_path, "north", JULY_2)
    assert (soon.what, soon.new["step"], soon.new["late_days"]) == ("cycle.remind", "collection", 0)
    assert cycle.remind(tmp_path, "north", JULY_2) == []
    (late,) = cycle.remind(tmp_path, "north", JULY_8)
    assert (late.new["late_days"], late.reason) == (5, "overdue by 5 days")
    opened = read_records(tmp_path, what="cycle.open").iloc[0]["new"]["steps"]
    assert opened["decision"] == {"owner": "刘慧", "due": "2026-07-13"}


def test_nobody_is_reminded_where_the_cycle_is_not_enabled(tmp_path: Path) -> None:
    write_project(tmp_path, enabled=False)
    assert cycle.remind(tmp_path, "north", JULY_8) == []


def test_a_month_that_has_not_ended_has_no_cycle(tmp_path: Path) -> None:
    write_project(tmp_path)
    with pytest.raises(RequestError, match="2026-07 has not ended"):
        open_cycle(tmp_path, "north", "2026-07", JULY_8)


def test_every_need_that_a_parameter_may_name_is_judged() -> None:
    assert set(NEEDS) == set(Need.__args__)  # type: ignore[attr-defined]
