"""The verbs of the loop, as people type them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from salesfc_lib.cli import app
from tests.retrospective.published import publish
from tests.retrospective.test_retrospective import LAMP, NORTH

UNIT = {
    "sources": {
        "orders": {
            "kind": "csv",
            "path": "orders.csv",
            "columns": {"date": "date", "customer": "customer", "amount": "amount"},
        }
    },
    "dimensions": ["product_line", "region"],
    "levels": {"total": [], "line": ["product_line"], "line_region": ["product_line", "region"]},
}
ADD = [
    *("--cause", "stockout", "--what", "第二家供应商", "--owner", "刘慧", "--due", "2026-07-31"),
    *("--kpi", "wape", "--expected", "-2%", "--rows", "region=华东", "--by", "韩磊"),
    *("--reason", "断货"),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    units = tmp_path / "parameters" / "units"
    units.mkdir(parents=True)
    (units / "north.yml").write_text(yaml.safe_dump(UNIT, sort_keys=False), encoding="utf-8")
    publish(tmp_path)
    return tmp_path


def call(project: Path, *arguments: str, lang: str = "en") -> Result:
    env = {"SALESFC_LANG": lang}
    return CliRunner().invoke(app, [*arguments, "--project", str(project)], env=env)


def test_an_action_from_its_promise_to_its_end(project: Path) -> None:
    added = call(project, "action", "add", "north", *ADD)
    assert (added.exit_code, added.output) == (0, "Added A1: 刘慧, due 2026-07-31.\n")
    listed = call(project, "action", "list", "north").output
    assert "A1" in listed and "第二家供应商 (刘慧, due 2026-07-31)" in listed
    moved = ("--due", "2099-12-31", "--by", "刘慧", "--reason", "招标推迟")
    assert call(project, "action", "update", "north", "A1", *moved).exit_code == 0
    assert "A1 open: 第二家供应商" in call(project, "action", "list", "north").output
    closing = ("close", "north", "A1", "--outcome", "done", "--by", "刘慧", "--remark", "签了")
    assert call(project, "action", *closing).output == "Closed A1: done.\n"
    again = call(project, "action", *closing)
    assert again.exit_code == 2 and "刘慧 closed A1 on" in again.output
    assert call(project, "action", "list", "north").output == "No action is open.\n"
    assert "A1 closed by 刘慧 (done)" in call(project, "action", "list", "north", "--all").output
    assert "没有未关闭的措施" in call(project, "action", "list", "north", lang="zh").output


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("--expected", "two"), "--expected is 'two'. A number with its sign"),
        (("--expected", "-2"), "a share such as -2%"),
        (("--owner", ""), "`owner` is empty"),
        (("--due", ""), "`due` is empty"),
        (("--cause", "rain"), "'rain' in the causes of 2026-06's page"),
        (("--kpi", "mape"), "'mape' in the KPIs"),
        (("--rows", "region=x"), "Known here: '华东', '华北'"),
        (("--by", ""), "has the login"),
        (("--month", "2026-07"), "2026-07 of 'north' is not published"),
    ],
)
def test_a_promise_that_is_refused_ends_in_a_paragraph(
    project: Path, change: tuple[str, str], said: str
) -> None:
    done = call(project, "action", "add", "north", *ADD, *change)
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output


def test_a_cause_is_listed_confirmed_and_corrected(project: Path) -> None:
    listed = call(project, "cause", "list", "north").output
    assert f"{NORTH}: forecast 70, actual 50" in listed
    assert "  stockout -12\n  trend\n  not_explained -8\n" in listed
    answer = ("--by", "韩磊", "--remark", "门店报来")
    assert call(project, "cause", "confirm", "north", NORTH, *answer).output == "Recorded C1.\n"
    listed = call(project, "cause", "list", "north").output
    assert "stockout -12: confirmed by 韩磊 (门店报来)" in listed
    codes = ("--cause", "competitor=-15", "--cause", "price")
    assert call(project, "cause", "correct", "north", NORTH, *codes, *answer).exit_code == 0
    listed = call(project, "cause", "list", "north", lang="zh").output
    assert "competitor -15：韩磊更正（门店报来）" in listed
    assert "price -5：韩磊更正（门店报来）" in listed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("confirm", "north", "灯"), "'灯' in the misses of 2026-06"),
        (("confirm", "north", LAMP), "proposes no cause for"),
        (("correct", "north", LAMP), "'' in the causes"),
        (("correct", "north", LAMP, "--cause", "rain"), "'rain' in the causes"),
        (("correct", "north", LAMP, "--cause", "price=x"), "--cause is 'x'"),
        (("correct", "north", LAMP, "--cause", "price=-3"), "come to -3.00, its miss is +10.00"),
        (("correct", "nort", LAMP, "--cause", "price"), "Did you mean 'north'"),
    ],
)
def test_an_answer_that_is_refused_ends_in_a_paragraph(
    project: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = call(project, "cause", *arguments, "--by", "韩磊", "--remark", "x")
    assert done.exit_code == 2
    assert said in done.output
