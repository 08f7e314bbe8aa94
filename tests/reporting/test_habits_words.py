"""How habits, gains, the bar and scorecards read: months and chance, and no blame."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from babel.messages.pofile import read_po

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import language, tables
from salesfc_lib.foundation.parameters import defaults
from salesfc_lib.reporting.blocks import Prose, Table
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.narrative.retrospective import habits
from salesfc_lib.retrospective.facts import write_facts
from salesfc_lib.retrospective.habits import judge
from salesfc_lib.retrospective.improvement import judge_stretch

MONTH = pd.Timestamp("2026-06-01")
CATALOGUE = Path(language.__file__).parents[1] / "locale/zh/LC_MESSAGES/retrospective_habits.po"
LOWERED: dict[str, Any] = {
    **{"test": "sandbagging", "kind": "author", "name": "Li", "months": 12, "p": 0.0032},
    **{"statistic": 11 / 12, "p_adjusted": 0.02, "flagged": True},
    "facts": {"lowered": 12, "lowered_of": 12, "too_low": 11, "too_low_of": 12, "bias": -0.09},
}
FAIR = LOWERED | {"name": "Bo", "p": 0.4, "p_adjusted": 0.6, "flagged": False}


@pytest.fixture
def run(tmp_path: Path) -> UnitMonth:
    folder = tmp_path / "reports" / ".work"
    return UnitMonth(tmp_path, "kitchen", "2026-06", defaults(), {}, {}, folder)


def compared(facts: dict[str, Any] | None = None, **rows: list[dict[str, Any]]) -> ComparedMonth:
    names = ("habits", "stretch", "scorecards")
    found = {name: tables.build(rows.get(name, []), name) for name in names}
    habit = found["habits"]
    habit["facts"] = [write_facts(**each["facts"]) for each in rows.get("habits", [])]
    return ComparedMonth(found, facts or {}, pd.DataFrame(), 1, MONTH, "bottom", ())


def texts(blocks: Any, spoken: str = "en") -> tuple[str, list[list[str]]]:
    """What the prose says, and the cells of the table."""
    prose = next(block for block in blocks if isinstance(block, Prose)).text
    table = next((block for block in blocks if isinstance(block, Table)), None)
    cells = [[cell.text for cell in row] for row in table.rows] if table else []
    return prose.replace("\xa0", " ").replace("\u202f", ""), cells


def said(function: Any, run: UnitMonth, month: ComparedMonth, spoken: str = "en") -> Any:
    with language.speaking(spoken):
        return texts(function(run, month).blocks, spoken)


def test_a_flag_says_the_months_and_what_chance_alone_would_do(run: UnitMonth) -> None:
    prose, cells = said(habits.habits, run, compared(habits=[FAIR, LOWERED]))
    assert prose.startswith(
        "Li lowered the forecast in 12 of 12 months, and sales came in above what was asked for in "
        "11 of 12 (−9.0% in all). Chance alone would do that in 1 of 310."
    )
    assert "questions to ask" in prose
    assert "Bo" not in prose
    assert cells[0] == [
        "Li",
        "Lowered, and more was sold than asked for",
        "11 of 12",
        "1 in 310",
        "beyond chance",
    ]
    chinese, _ = said(habits.habits, run, compared(habits=[LOWERED]), "zh")
    assert chinese.startswith(
        "Li：12 个月里有 12 个月下调预测，12 个月里有 11 个月的实际高于所报的数"
    )


def test_without_a_flag_chance_explains_all_and_nobody_is_named(run: UnitMonth) -> None:
    prose, _ = said(habits.habits, run, compared(habits=[FAIR]))
    assert "chance explains them all" in prose
    assert "Bo" not in prose
    assert "seven months" in said(habits.habits, run, compared())[0]


def test_a_segment_is_those_who_change_it(run: UnitMonth) -> None:
    row = LOWERED | {"kind": "segment", "name": "region: 华东"}
    assert said(habits.habits, run, compared(habits=[row]))[0].startswith(
        "Those who change region 华东"
    )
    chinese, _ = said(habits.habits, run, compared(habits=[row]), "zh")
    assert chinese.startswith("改区域“华东”的几位")


def test_a_gain_is_real_or_may_be_luck_or_is_none(run: UnitMonth) -> None:
    gain = {"test": "peoples_gain", "facts": {"gain": 11, "gain_of": 12, "share": 0.2}}
    rows = [LOWERED | gain, FAIR | gain, FAIR | gain | {"name": "Wu"}]
    rows[2]["facts"] = {"gain": 2, "gain_of": 12, "share": -0.1}
    prose, cells = said(habits.gains, run, compared(habits=rows))
    assert prose == "Beyond chance is the gain of Li: 1 of 3. All others may be luck, or are none."
    assert [row[-1] for row in cells] == ["beyond chance", "may be chance", "no gain"]
    assert [row[2] for row in cells] == ["11 of 12", "11 of 12", "11 of 12"]


def test_every_test_has_a_name_and_a_sentence_and_none_of_them_accuses() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh")
    by_key = {message.context: message for message in catalogue if message.id}
    for test in judge.HABITS:
        assert {f"habit.{test}", f"habit.{test}.says"} <= set(by_key)
    english = " ".join(str(message.id) for message in by_key.values()).lower()
    chinese = " ".join(str(message.string) for message in by_key.values())
    blame = r"cheat|gam(e|ing)|manipulat|sandbag|hedg|fraud|dishonest|lying|guilt|suspic|hidden"
    assert not re.search(rf"\b({blame})", english)
    assert not re.search("作弊|造假|操纵|隐瞒|撒谎|欺骗|可疑|藏|压低|虚报", chinese)


def bars(stated: float, before: float = 100.0) -> dict[str, Any]:
    rows = [
        {
            "ds": ds,
            "bar": "target",
            "stated": stated,
            "actual": 105.0 + 7 * ds.month % 5,
            "last_year": before,
        }
        for ds in pd.date_range(end=MONTH, periods=12, freq="MS")
    ]
    table = tables.build(rows, "stretch")
    return {"stretch": rows, "facts": judge_stretch(table)}


def test_a_bar_that_is_always_exceeded_was_low(run: UnitMonth) -> None:
    prose, _ = said(habits.stretch, run, compared(**bars(101.0)))
    assert "exceeded in 12 of 12 months" in prose
    assert "the bar was low" in prose
    fair, _ = said(habits.stretch, run, compared(**bars(130.0)))
    assert "shows no low bar" in fair
    assert "year before" in said(habits.stretch, run, compared())[0]


CARD: dict[str, Any] = {
    **{"kind": "owner", "name": "", "months": 12, "accuracy": 0.88, "accuracy_low": 0.85},
    **{"accuracy_high": 0.91, "floor": 0.8, "gain": 0.05, "p_gain": 0.2, "reading": "chance"},
    **{"standing": "", "changes": 10, "late": 3, "actions": 0, "kept": 0},
    **{"steps": 3, "in_time": 1, "days_late": 2.5},
}


def test_a_card_says_the_noise_and_what_is_empty_stays_empty(run: UnitMonth) -> None:
    few = CARD | {"kind": "author", "name": "Li", "reading": "few", "accuracy_low": None}
    prose, cells = said(habits.scorecards, run, compared(scorecards=[few, CARD]))
    assert "of 0 the gain or loss is beyond chance" in prose
    owner, author = cells
    assert owner == [
        "Whole unit",
        "88.0\u202f%",
        "80\u202f%",
        "+5.0",
        "may be chance",
        "",
        "7 of 10",
        "",
        "1 of 3",
    ]
    assert (author[0], author[4]) == ("Li", "too few months")
    assert "no scorecards" in said(habits.scorecards, run, compared())[0]
