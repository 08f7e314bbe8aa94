"""Sheets that people fill in: checked as a whole, done once, refused where they are stale."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import openpyxl
import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from salesfc_lib.archive import Record, append_record, read_records
from salesfc_lib.cli import app
from salesfc_lib.coordination import list_alerts, list_waiting, open_cycle
from salesfc_lib.coordination.acting import Acted, read_sheet, write_sheet
from salesfc_lib.coordination.acting.lines import COLUMNS
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import language, say
from salesfc_lib.retrospective.loop import Promise, add_action
from tests.conftest import CHECKOUT
from tests.retrospective.published import publish
from tests.running.test_loop_verbs import UNIT

NOW = datetime(2026, 7, 14, 2, tzinfo=UTC)
PEOPLE = {
    "hanlei": {"name": "韩磊", "logins": ["hanlei"], "next": "liuhui"},
    "liuhui": {"name": "刘慧", "logins": ["liuhui"]},
}
MORE = {
    "unit": {"title": "North", "owner": "刘慧"},
    "calendar": {"zone": "Asia/Shanghai"},
    "cycle": {
        "enabled": True,
        "steps": {"collection": {"owner": "hanlei", "workday": 3, "needs": []}},
    },
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A unit with two alerts (1, 2), an action (A3) and a step that is open."""
    units = tmp_path / "parameters" / "units"
    units.mkdir(parents=True)
    unit = yaml.safe_dump(UNIT | MORE, sort_keys=False, allow_unicode=True)
    (units / "north.yml").write_text(unit, encoding="utf-8")
    people = yaml.safe_dump(PEOPLE, allow_unicode=True)
    (tmp_path / "parameters" / "people.yml").write_text(people, encoding="utf-8")
    monkeypatch.setenv("SALESFC_NOW", NOW.isoformat())
    monkeypatch.setenv("JUPYTERHUB_USER", "hanlei")
    for number, owner in enumerate(("韩磊", "刘慧")):
        open_alert(tmp_path, f"branch {number}", owner)
    promise = Promise(
        cause="stockout",
        what="=第二家供应商",
        owner="韩磊",
        due="2026-07-10",
        kpi="wape",
        expected=-0.02,
    )
    add_action(publish(tmp_path), promise, by="韩磊", reason="断货")
    return tmp_path


def open_alert(project: Path, unique_id: str, owner: str) -> None:
    new = {"kind": "sales", "unique_id": unique_id, "owner": owner, "size": 4.0}
    new |= {"says": say("reasons", reasons=["华东 少卖 12 %", "x"])}
    record = Record(
        what="alert.open", who="salesfc", unit="north", month="2026-07", reason="sold less", new=new
    )
    append_record(project, record)


def write(project: Path, name: str = "sheet.xlsx", **about: Any) -> Path:
    path = project / name
    write_sheet(open_cycle(project, "north", at=NOW), path, NOW, **about)
    return path


def fill(path: Path, **said: tuple[str, ...]) -> Path:
    """Fill in do, text and became of the lines with that number (`A3`, `_1`, `collection`)."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    for row in sheet.iter_rows(min_row=2):
        number = str(row[COLUMNS.index("number")].value)
        for name, value in zip(
            ("do", "text", "became"), said.get(number, said.get(f"_{number}", ())), strict=False
        ):
            row[COLUMNS.index(name)].value = value
    book.save(path)
    return path


def read(project: Path, path: Path, **about: Any) -> list[Acted]:
    return read_sheet(project, path, NOW, **about)


def came(results: list[Acted]) -> dict[str, str]:
    return {each.deed.number: each.came for each in results}


def events(project: Path) -> list[tuple[str, str, str]]:
    rows = read_records(project)
    return list(zip(rows["what"], rows["who"], rows["reason"], strict=True))[3:]


def test_a_sheet_lists_what_waits_and_no_cell_is_a_formula(project: Path) -> None:
    sheet = openpyxl.load_workbook(write(project)).worksheets[0]
    rows = [dict(zip(COLUMNS, line, strict=True)) for line in sheet.iter_rows(values_only=True)]
    assert rows[0]["key"] == "Key (leave as it is)"
    told = [(row["kind"], row["number"], row["state"], row["due"]) for row in rows[1:]]
    assert told == [
        ("Step of the cycle", "collection", "Open", "2026-07-03"),
        ("Action", "A3", "Overdue", "2026-07-10"),
        ("Alert", "1", "Open", "2026-07-15"),
        ("Alert", "2", "Open", "2026-07-15"),
    ]
    assert [row["key"] for row in rows[2:]] == [
        "north/2026-06/action/A3/3",
        "north/2026-07/alert/1/1",
        "north/2026-07/alert/2/2",
    ]
    assert rows[2]["what"] == "'=第二家供应商"
    assert rows[3]["may"] == "acknowledge, explain, act, done, no action, false alarm"
    own = openpyxl.load_workbook(write(project, "own.xlsx", person="liuhui")).worksheets[0]
    assert [line[2] for line in own.iter_rows(min_row=2, values_only=True)] == ["2"]


def test_a_filled_sheet_is_done_by_who_is_signed_in(project: Path) -> None:
    path = fill(
        write(project), _1=("explain", "断货两周"), A3=("partly", "签了一家"), collection=("done",)
    )
    assert came(read(project, path)) == {"collection": "done", "A3": "done", "1": "done"}
    assert events(project) == [
        ("cycle.done", "韩磊", "everything that the step needs is true"),
        ("cycle.late", "韩磊", "everything that the step needs is true"),
        ("action.close", "韩磊", "签了一家"),
        ("alert.explain", "韩磊", "断货两周"),
    ]
    waiting = list_waiting(open_cycle(project, "north", at=NOW), NOW)
    assert {*waiting["number"]} == {"consultation", "1", "2"}


def test_a_question_of_a_department_is_answered_by_a_sheet(project: Path) -> None:
    new = {"department": "sales", "kind": "account", "unique_id": "", "says": "why did it fall?"}
    asked = Record(
        what="consult.ask",
        who="salesfc",
        unit="north",
        month="2026-06",
        reason="asked",
        subject="2026-06 sales account x",
        new=new,
    )
    append_record(project, asked)
    path = fill(write(project), Q4=("answer", "客户搬迁"))
    assert came(read(project, path)) == {"Q4": "done"}
    assert events(project)[1:] == [("consult.answer", "韩磊", "客户搬迁")]
    assert came(read(project, path)) == {"Q4": "already"}
    assert "Q4" not in {*list_waiting(open_cycle(project, "north", at=NOW), NOW)["number"]}


def test_a_sheet_read_twice_changes_nothing(project: Path) -> None:
    path = fill(
        write(project),
        _1=("act", "促销", "E3"),
        _2=("false alarm", "补录"),
        A3=("done", "签了"),
        collection=("skip", "无数据"),
    )
    assert {*came(read(project, path)).values()} == {"done"}
    before = events(project)
    assert {*came(read(project, path)).values()} == {"already"}
    assert events(project) == before


def test_checking_does_nothing(project: Path) -> None:
    path = fill(write(project), _1=("acknowledge",))
    assert came(read(project, path, check=True)) == {"1": "checked"}
    assert events(project) == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (("rain", "x"), "'rain' in what can be done about: alert"),
        (("", "x"), "'' in what can be done about: alert"),
        (("explain", " "), "`text` is empty"),
        (("act", "x"), "`became` is empty"),
    ],
)
def test_one_line_that_cannot_be_done_holds_up_all(
    project: Path, said: tuple[str, ...], wrong: str
) -> None:
    path = fill(write(project), _1=("acknowledge",), _2=said)
    with pytest.raises(SalesForecastError, match="sheet.xlsx row 5") as error:
        read(project, path)
    assert wrong in str(error.value)
    assert events(project) == []


def test_every_line_that_is_wrong_is_listed(project: Path) -> None:
    path = fill(write(project), _1=("rain", "x"), _2=("explain",), A3=("partly",))
    with pytest.raises(SalesForecastError, match="has 3 problems, and none of its lines is used"):
        read(project, path)


def test_a_line_about_what_changed_since_is_refused_with_who_changed_it(project: Path) -> None:
    path = fill(write(project), _1=("acknowledge", "in progress"))
    other = fill(write(project, "other.xlsx"), _1=("explain", "断货"))
    read(project, other, by="刘慧")
    with pytest.raises(SalesForecastError, match="alert.explain by 刘慧"):
        read(project, path)
    later = fill(write(project, "later.xlsx"), _1=("acknowledge", "late"))
    with pytest.raises(SalesForecastError, match="'acknowledge' comes before"):
        read(project, later)
    assert list_alerts(project, "north").set_index("number").at[1, "state"] == "explained"


def test_two_lines_about_one_thing_are_refused(project: Path) -> None:
    path = write(project, "twice.csv")
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    line = next(row for row in rows if "/alert/1/" in row[0])
    line[COLUMNS.index("do")] = "acknowledge"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([rows[0], line, line])
    with pytest.raises(SalesForecastError, match="One line for each; twice.csv line 2 has it"):
        read(project, path)


def test_a_step_that_lacks_something_is_not_done_by_a_sheet(project: Path) -> None:
    unit = project / "parameters" / "units" / "north.yml"
    tree = yaml.safe_load(unit.read_text(encoding="utf-8"))
    tree["cycle"]["steps"]["collection"]["needs"] = ["sign_off"]
    unit.write_text(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True), encoding="utf-8")
    path = fill(write(project), collection=("done",))
    with pytest.raises(SalesForecastError, match=r"is not ready: .*not signed off"):
        read(project, path)


def test_a_line_that_a_role_forbids_holds_up_all(project: Path) -> None:
    unit = project / "parameters" / "units" / "north.yml"
    tree = yaml.safe_load(unit.read_text(encoding="utf-8"))
    tree["roles"] = {"planner": ["hanlei"], "owner": ["liuhui"]}
    unit.write_text(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True), encoding="utf-8")
    path = fill(write(project), _1=("acknowledge",), collection=("skip", "无数据"))
    with pytest.raises(SalesForecastError, match="韩磊 may not record 'cycle.skip' in 'north'"):
        read(project, path)
    assert events(project) == []


def test_who_filled_a_sheet_in_for_another_stands_in_the_reason(project: Path) -> None:
    path = fill(write(project, person="liuhui"), _2=("explain", "断货"))
    assert came(read(project, path)) == {"2": "done"}
    assert events(project) == [("alert.explain", "韩磊", "断货 (刘慧)")]
    assert came(read(project, path)) == {"2": "already"}


def test_a_line_whose_key_was_changed_is_refused(project: Path) -> None:
    path = fill(write(project), _1=("acknowledge",))
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["A4"].value = "south/2026-07/alert/1/1"
    book.save(path)
    with pytest.raises(SalesForecastError, match="`key` is 'south/2026-07/alert/1/1'"):
        read(project, path)


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [("utf-8", ","), ("utf-8-sig", ";"), ("gb18030", ","), ("utf-16", "\t")],
)
def test_a_sheet_is_read_as_a_spreadsheet_saves_it_in_either_language(
    project: Path, encoding: str, separator: str
) -> None:
    with language.speaking("zh"):
        path = write(project, "待办.csv")
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0][COLUMNS.index("do")] == "处理"
    assert "已阅、说明原因、采取措施" in rows[3][COLUMNS.index("may")]
    for row in rows[1:]:
        if row[COLUMNS.index("number")] == "1":
            row[COLUMNS.index("do")], row[COLUMNS.index("text")] = "说明原因", "断货；两周"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=separator).writerows([*rows, [""] * len(rows[0]), []])
    assert came(read(project, path)) == {"1": "done"}
    assert events(project) == [("alert.explain", "韩磊", "断货；两周")]


def test_a_formula_is_taken_for_the_value_that_it_shows(project: Path) -> None:
    path = fill(write(project), _1=("explain", '=HYPERLINK("http://x","断货")'))
    with pytest.raises(SalesForecastError, match="`text` is empty"):
        read(project, path)  # a formula that no spreadsheet has computed shows nothing


def test_files_that_are_none_are_said(project: Path) -> None:
    path = write(project)
    with pytest.raises(RequestError, match="is there already, and may be filled in"):
        write(project)
    with pytest.raises(RequestError, match="no kind of sheet"):
        write(project, "sheet.pdf")
    with pytest.raises(RequestError, match="There is no file"):
        read(project, project / "none.csv")
    path.write_bytes(b"PK broken")
    with pytest.raises(SalesForecastError, match=r"sheet.xlsx"):
        read(project, path)
    plain = project / "plain.csv"
    plain.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(SalesForecastError, match="lacks the columns 'key', 'do', 'text'"):
        read(project, plain)


def test_somebody_who_is_faster_is_told_and_the_other_lines_go_on(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from salesfc_lib.coordination.acting import reading

    path = fill(write(project), _1=("explain", "断货"), _2=("explain", "断货"))
    plain = reading.act

    def act_after_another(root: Path, deed: Any) -> None:
        if deed.number == "1":
            sheet = fill(write(project, "fast.xlsx"), _1=("done", "都解决了"))
            with monkeypatch.context() as patch:
                patch.setattr(reading, "act", plain)
                read(project, sheet, by="刘慧")
        plain(root, deed)

    monkeypatch.setattr(reading, "act", act_after_another)
    results = read(project, path)
    assert came(results) == {"1": "refused", "2": "done"}
    assert "刘慧" in results[0].why


def call(project: Path, *arguments: str, lang: str = "en") -> Result:
    env = {"SALESFC_LANG": lang}
    return CliRunner().invoke(app, [*arguments, "--project", str(project)], env=env)


def test_the_verbs_write_and_read_a_sheet(project: Path) -> None:
    path = project / "sheet.xlsx"
    wrote = call(project, "act", "write", "north", str(path))
    assert wrote.output.startswith("Wrote 4 lines to") and wrote.exit_code == 0
    assert call(project, "act", "read", str(path)).output == "No line of it says what to do.\n"
    fill(path, _1=("acknowledge",))
    checked = call(project, "act", "read", str(path), "--check").output
    assert checked == "sheet.xlsx row 4 can be done (north 1: acknowledge).\n"
    assert "is done (north 1: acknowledge)" in call(project, "act", "read", str(path)).output
    again = call(project, "act", "read", str(path)).output
    assert again == "sheet.xlsx row 4 was done already (north 1: acknowledge); nothing changed.\n"
    assert "没有改动" in call(project, "act", "read", str(path), lang="zh").output


def test_the_verb_notify_shows_what_it_would_send(project: Path) -> None:
    people = PEOPLE["hanlei"] | {"notify": ["HANLEI"], "language": "zh"}
    path = project / "parameters" / "people.yml"
    path.write_text(yaml.safe_dump(PEOPLE | {"hanlei": people}, allow_unicode=True), "utf-8")
    shown = call(project, "notify", "--dry-run").output
    assert "Nothing sent to hanlei: the environment has no `HANLEI`." in shown
    assert (
        "North：1 条新预警（当月销售）、月度流程中 1 个步骤已逾期（数据收集）、1 项措施已逾期。"
        in shown
    )
    assert events(project) == []


def open_notebook(project: Path) -> dict[str, Any]:
    """What the cells of the lab's notebook leave, run in this process."""
    left: dict[str, Any] = {}
    for cell in nbformat.read(CHECKOUT / "notebooks" / "lab" / "act.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            exec(cell.source, left)
            if "parameters" in cell.metadata.get("tags", []):
                left |= {"project": str(project), "unit": "north"}
    return left


def test_the_notebook_acts_by_its_button(project: Path) -> None:
    page = open_notebook(project)
    assert [label.partition(":")[0] for label, _ in page["things"].options] == [
        "step collection",
        "action A3",
        "alert 1",
        "alert 2",
    ]
    page["things"].value = 2
    assert [verb for _, verb in page["do"].options][:3] == ["acknowledge", "explain", "act"]
    page["do"].value = "explain"
    page["button"].click()
    assert "<b>Not recorded.</b> `text` is empty" in page["said"].value
    page["text"].value = "断货两周"
    page["button"].click()
    assert page["said"].value == "<p>Recorded: alert 1, explain.</p>"
    assert events(project) == [("alert.explain", "韩磊", "断货两周")]
    places = {label.partition(":")[0]: place for label, place in page["things"].options}
    page["things"].value = places["alert 1"]
    assert "explain" not in [verb for _, verb in page["do"].options]
    assert page["text"].value == ""


def test_the_notebook_says_what_is_refused_and_never_as_markup(project: Path) -> None:
    page = open_notebook(project)
    page["button"].click()
    assert "<b>Not recorded.</b> Unknown" in page["said"].value
    page["things"].value = 2
    page["do"].value, page["text"].value = "done", "<script>"
    read(project, fill(write(project), _1=("done", "<b>closed</b>")), by="<i>刘慧")
    page["button"].click()
    assert "&lt;i&gt;刘慧" in page["said"].value
    assert len(events(project)) == 1
