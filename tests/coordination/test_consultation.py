"""Consultation: asked once, answered once; an answer and its line stand together or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.archive import UnitMonth, read_records
from salesfc_lib.coordination import consultation, entering
from salesfc_lib.coordination.entering import EffectLine, EventLine, OverrideLine
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import Source, in_words, tables
from salesfc_lib.reconciliation import add_overrides, list_heads, read_effects, read_overrides
from tests import archives
from tests.coordination.unit_files import write_project
from tests.retrospective.test_retrospective import EAST, NORTH, SERIES

DEPARTMENTS = {
    "marketing": {"people": ["hanlei"]},
    "sales": {"people": ["liuhui"], "levels": ["total"]},
    "purchasing": {"people": []},
}
PROMOTIONS = [
    {"name": "夏日节", "start": "2025-08-05", "end": "2025-08-20", "region": "华东"},
    {"name": "周年庆", "start": "2025-07-10", "end": "2025-07-20", "region": None},
    {"name": "周年庆", "start": "2026-07-12", "end": "2026-07-22", "region": None},
    {"name": "新品节", "start": "2026-08-01", "end": "2026-08-10", "region": "华东"},
    {"name": "太远", "start": "2026-12-01", "end": "2026-12-10", "region": None},
]
CLEAR = {
    "term": "promotion",
    "estimate": 0.2,
    "low": 0.1,
    "high": 0.3,
    "kind": "share",
    "series": 3,
}
URGENT = {
    "rank": 1, "unique_id": EAST, "action": "expedite", "out_on": pd.Timestamp("2026-07-09"),
    "short": 40.0, "valued": "none", "formula": "", "assumptions": "", "inputs": "",
}  # fmt: skip
END = EffectLine(scope={"region": "华东"}, kind="percent", change=-100, start="2026-07")


def put(run: UnitMonth, name: str, rows: Any) -> None:
    folder = run.reports / run.month / run.unit / "tables"
    frame = pd.DataFrame(rows)
    dates = [column for column in ("start", "end") if column in frame]
    tables.write(
        frame.assign(**{each: pd.to_datetime(frame[each]) for each in dates}), folder, name
    )


@pytest.fixture
def run(tmp_path: Path) -> UnitMonth:
    opened = write_project(tmp_path, departments=DEPARTMENTS)
    promotions = pd.DataFrame(PROMOTIONS).assign(announced=pd.NaT)
    put(opened, "promotion", promotions.assign(announced=pd.to_datetime(promotions["announced"])))
    put(opened, "pooled_driver", [CLEAR])
    put(opened, "urgent", tables.build([URGENT], "urgent"))
    forecast = archives.forecast("2026-06", tuple(SERIES["unique_id"]))
    put(opened, "forecast", forecast)
    return opened


def ask(run: UnitMonth, department: str | None = None) -> list[dict[Any, Any]]:
    consultation.ask_questions(run, by="hanlei")
    return consultation.list_questions(run, department).to_dict("records")


def test_a_promotion_is_asked_about_where_nothing_tells_what_it_brings(run: UnitMonth) -> None:
    new, gone = ask(run, "marketing")
    assert (new["kind"], gone["kind"]) == ("new_promotion", "missing_promotion")
    assert '"新品节" runs from 1 August 2026' in in_words(new["says"])
    assert '"夏日节" ran from 5 August 2025' in in_words(gone["says"])


def test_every_new_promotion_is_asked_about_where_the_effect_of_promotions_is_not_clear(
    run: UnitMonth,
) -> None:
    put(run, "pooled_driver", [CLEAR | {"low": -0.1}])
    kinds = [row["kind"] for row in ask(run, "marketing")]
    assert kinds.count("new_promotion") == 2


def test_a_declared_effect_answers_the_question_before_it_is_asked(run: UnitMonth) -> None:
    line = EffectLine(scope={"region": "华东"}, kind="percent", change=8, start="2026-08")
    entering.declare_effect(run, line, name="E1", who="韩磊", reason="新品")
    assert [row["kind"] for row in ask(run, "marketing")] == ["missing_promotion"]


def test_nothing_is_asked_twice_and_a_shortage_says_its_numbers(run: UnitMonth) -> None:
    (shortage,) = ask(run, "purchasing")
    assert "9 July 2026, with 40 pieces" in in_words(shortage["says"])
    assert consultation.ask_questions(run, by="hanlei") == 0
    with pytest.raises(RequestError, match="Unknown key 'salse'.*Did you mean 'sales'"):
        consultation.list_questions(run, "salse")


def test_an_answer_becomes_an_effect_with_author_and_reason(run: UnitMonth) -> None:
    (question,) = ask(run, "purchasing")
    name = f"Q{question['number']}"
    given = consultation.Answer(text="工厂停产", becomes=END)
    assert consultation.answer_question(run, name, given, by="hanlei") == name
    (effect,) = read_effects(run.project, "north", list_heads(SERIES, run.parameters)).to_dict(
        "records"
    )
    assert (effect["id"], effect["author"], effect["reason"]) == (name, "韩磊", "工厂停产")
    (after,) = consultation.list_questions(run, "purchasing").to_dict("records")
    assert (after["answer"], after["answered_by"], after["became"]) == ("工厂停产", "韩磊", name)
    assert read_records(run.project, what="effect.declare")["new"].iloc[0]["change"] == -100
    with pytest.raises(RequestError, match="韩磊 answered Q.* 工厂停产"):
        consultation.answer_question(run, name, given, by="liuhui")
    with pytest.raises(RequestError, match=f"became '{name}'"):
        consultation.answer_question(run, name, given, by="liuhui", again=True)


def test_an_answer_becomes_an_event_in_the_file_that_the_unit_declares(run: UnitMonth) -> None:
    name = f"Q{ask(run, 'purchasing')[0]['number']}"
    line = EventLine(
        name="对手降价",
        start="2026-07-10",
        end="2026-08-31",
        kind="competitor",
        scope={"region": "华东"},
    )
    given = consultation.Answer(text="渠道通知", becomes=line)
    with pytest.raises(RequestError, match="no source of events.*first line is `name,start,end"):
        consultation.answer_question(run, name, given, by="hanlei")
    columns = {each: f"{each}!" for each in (*entering.EVENT, "region")}
    source = Source(role="events", kind="csv", path="events/north.csv", columns=columns)
    sources = {**run.parameters.sources, "by_hand": source}
    run = replace(run, parameters=run.parameters.model_copy(update={"sources": sources}))
    for wrong, said in (
        ({"end": "2026-07-01"}, "end that is not before the start"),
        ({"start": "2026-07"}, "'2026-07' is no day"),
        ({"scope": {"region": "月球"}}, "月球"),
    ):
        bad = consultation.Answer(text="渠道通知", becomes=replace(line, **wrong))  # type: ignore[arg-type]
        with pytest.raises(RequestError, match=said):
            consultation.answer_question(run, name, bad, by="hanlei")
    file = run.project / "events" / "north.csv"
    assert not file.exists() and consultation.list_questions(run)["answer"].isna().all()
    assert consultation.answer_question(run, name, given, by="hanlei") == "event 对手降价"
    (event,) = pd.read_csv(file).to_dict("records")
    assert event["name!"] == "对手降价" and event["comment!"] == "渠道通知"
    assert (event["start!"], event["end!"], event["region!"]) == (
        "2026-07-10",
        "2026-08-31",
        "华东",
    )
    (after,) = consultation.list_questions(run, "purchasing").to_dict("records")
    assert after["became"] == "event 对手降价"
    said = read_records(run.project, what="consult.answer")["new"].iloc[-1]["event"]
    assert said["scope"] == {"region": "华东"} and said["end"] == "2026-08-31"
    (other,) = [row for row in ask(run, "marketing") if row["kind"] == "new_promotion"]
    with pytest.raises(RequestError, match="line 2 is the event '对手降价'"):
        consultation.answer_question(run, f"Q{other['number']}", given, by="hanlei")
    assert len(pd.read_csv(file)) == 1


def test_an_answer_is_corrected_by_a_record_that_holds_the_one_before(run: UnitMonth) -> None:
    name = f"Q{ask(run, 'purchasing')[0]['number']}"
    consultation.answer_question(run, name, consultation.Answer(text="会到"), by="hanlei")
    consultation.answer_question(
        run, name, consultation.Answer(text="不会到"), by="刘慧", again=True
    )
    last = read_records(run.project, what="consult.answer").iloc[-1]
    assert (last["old"]["answer"], last["new"]["answer"]) == ("会到", "不会到")
    assert consultation.list_questions(run, "purchasing")["answer"].tolist() == ["不会到"]


def test_an_answer_becomes_overrides_behind_those_that_are_there(run: UnitMonth) -> None:
    name = f"Q{ask(run, 'purchasing')[0]['number']}"
    lines = [OverrideLine(unique_id=EAST, ds=month, percent=-5) for month in ("2026-07", "2026-08")]
    lines += [OverrideLine(unique_id=NORTH, ds="2026-07", new=1250.5)]
    given = consultation.Answer(text="到货推迟", becomes=lines)
    consultation.answer_question(run, name, given, by="hanlei")
    entering.enter_overrides(run, lines[:1], who="刘慧", reason="再降")
    made = read_overrides(run.project, "north")
    assert made["sequence"].tolist() == [1, 1, 1, 2]
    assert made["percent"].tolist()[:2] == [-5, -5] and made["new"].iloc[2] == 1250.5
    assert set(made["author"]) == {"韩磊", "刘慧"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (OverrideLine(unique_id="nowhere", ds="2026-07", percent=1), "Unknown key 'nowhere'"),
        (OverrideLine(unique_id=EAST, ds="2026-06", percent=1), "'2026-06' is no month that"),
        (OverrideLine(unique_id=EAST, ds="2026-07", new=-1), "from 0 on"),
        (OverrideLine(unique_id=EAST, ds="2026-07", percent=-101), "from -100 on"),
        (OverrideLine(unique_id=EAST, ds="2026-07"), "from 0 on"),
        (OverrideLine(unique_id=EAST, ds="2026-07", new=float("nan")), "from 0 on"),
    ],
)
def test_an_override_that_cannot_be_leaves_nothing(
    run: UnitMonth, line: OverrideLine, said: str
) -> None:
    good = OverrideLine(unique_id=EAST, ds="2026-07", percent=1)
    with pytest.raises(RequestError, match=said):
        entering.enter_overrides(run, [good, line], who="韩磊", reason="so")
    assert not (run.project / "overrides").exists()
    assert read_records(run.project).empty


def test_a_refused_record_puts_the_file_back(
    run: UnitMonth, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> int:
        raise SalesForecastError("no role")

    line = OverrideLine(unique_id=EAST, ds="2026-07", percent=1)
    entering.enter_overrides(run, [line], who="韩磊", reason="so")
    file = run.project / "overrides" / "north.csv"
    before = file.read_bytes()
    monkeypatch.setattr(entering, "append_record", refuse)
    with pytest.raises(SalesForecastError, match="no role"):
        entering.enter_overrides(run, [line], who="韩磊", reason="so")
    assert file.read_bytes() == before
    with pytest.raises(SalesForecastError, match="no role"):
        entering.declare_effect(run, END, name="E1", who="韩磊", reason="so")
    assert not (run.project / "effects" / "north.csv").exists()


def test_a_file_that_a_spreadsheet_saved_keeps_its_encoding_and_separator(tmp_path: Path) -> None:
    file = tmp_path / "overrides" / "north.csv"
    file.parent.mkdir()
    text = "made_in;unique_id;ds;new;author;reason\r\n2026-06;总计;2026-07;5;韩磊;客户库存偏高"
    file.write_bytes(text.encode("gb18030"))
    row = {"made_in": "2026-06", "unique_id": "总计", "ds": "2026-08", "percent": "-5"}
    added = add_overrides(tmp_path, "north", [row | {"author": "刘慧", "reason": "a;b"}])
    lines = added.decode("gb18030").split("\r\n")
    assert lines[0] == "made_in;unique_id;ds;new;author;reason;percent"
    assert lines[2:] == ['2026-06;总计;2026-08;;刘慧;"a;b";-5', ""]
    assert file.read_bytes() == text.encode("gb18030")


def test_one_reason_answers_all_questions_of_a_department(run: UnitMonth) -> None:
    ask(run)
    assert consultation.answer_nothing(run, "marketing", reason="无补充", by="hanlei") == 2
    rows = consultation.list_questions(run)
    assert set(rows.loc[rows["answer"].notna(), "department"]) == {"marketing"}
