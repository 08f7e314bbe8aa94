"""What the retrospective says of people's answers and promises, in both languages."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.foundation import language, say, tables
from salesfc_lib.reporting.blocks import Prose, Table
from salesfc_lib.reporting.narrative.retrospective import decisions
from tests.retrospective.published import open_unit
from tests.retrospective.test_retrospective import JUNE

ACTION = {
    **{"number": 12, "added_in": "2026-02", "added_by": "韩磊", "added_on": "2026-03-04"},
    **{"reason": "断货", "cause": "stockout", "what": "第二家供应商", "owner": "刘慧"},
    **{"due": "2026-07-01", "kpi": "wape", "rows": "region=华东", "series": 2, "expected": -0.02},
    **{"state": "overdue", "overdue_days": 18, "postponed": 1, "since": pd.Timestamp("2026-04-01")},
    **{"months_before": 12, "months_after": 3, "before": 0.2, "after": 0.15, "measured": -0.031},
    **{"noise": 0.012, "p": 0.01, "verdict": "as_expected"},
}
CLOSED = {
    **{"number": 3, "state": "closed", "overdue_days": 0, "postponed": 0, "closed_by": "王强"},
    **{"closed_on": "2026-05-06", "outcome": "partly", "remark": "签了一家", "cause": "C7"},
    **{"kpi": "error", "rows": "", "expected": -5000.0, "measured": None, "noise": None, "p": None},
    **{"verdict": "too_early", "months_after": 1, "what": "调价"},
}
ANSWER = {
    **{"ds": pd.Timestamp("2026-05-01"), "unique_id": "a", "label": "厨具 · 华东"},
    **{"proposed": "stockout", "cause": "competitor", "effect": -18.0, "share": 0.6},
    **{"state": "corrected", "by": "王强", "remark": "对手降价", "source": "C15", "why": ""},
}


class Compared(SimpleNamespace):
    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]


def compared(vintages: int = 5, **rows: list[dict[str, Any]]) -> Any:
    found = {name: tables.build(rows.get(name, []), name) for name in ("answers", "actions")}
    return Compared(tables=found, vintages=vintages)


def texts(blocks: Any, spoken: str) -> list[str]:
    """What the blocks say in a language: prose, then the cells of the table."""
    with language.speaking(spoken):
        found = blocks.blocks if hasattr(blocks, "blocks") else blocks
    said = []
    for block in found:
        if isinstance(block, Prose):
            said.append(block.text)
        elif isinstance(block, Table):
            said += [f"{cell.text} / {cell.sub}" for row in block.rows for cell in row]
    return said


def say_in(spoken: str, section: Any, *arguments: Any) -> list[str]:
    with language.speaking(spoken):
        return texts(section(*arguments), spoken)


def test_promises_open_with_what_waits_longest_and_what_was_measured(tmp_path: Path) -> None:
    month = compared(actions=[ACTION, ACTION | CLOSED])
    said = say_in("en", decisions.promises, open_unit(tmp_path), month)
    assert said[0] == (
        "Of 2 actions promised, 1 is open and 1 is overdue, the longest by 18 days: 刘慧 promised "
        "“第二家供应商” for 1 July 2026. Of 1 that can be judged, 1 did what was expected."
    )
    assert said[1] == "A12 第二家供应商 / on: stock-out; put off 1 time"
    assert said[2] == "刘慧 / overdue 18 days (due 1 July 2026)"
    assert said[3] == "WAPE / region=华东"
    assert said[4] == "−2.0 points / "
    assert said[5] == "−3.1 points ± 1.2 points / 20.0\u202f% before, 15.0\u202f% after"
    assert said[6] == "As expected / 3 months after, 12 before"
    assert said[8] == "刘慧 / Partly done, closed by 王强 on 6 May 2026: 签了一家"
    assert "the whole unit" in said[9]
    chinese = say_in("zh", decisions.promises, open_unit(tmp_path), month)
    assert "逾期 18 天" in chinese[0] and "达到预期" in chinese[0]
    assert chinese[2] == "刘慧 / 逾期 18 天（应于 2026年7月1日完成）"


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        ([], "Nothing was promised before June 2026"),
        (
            [ACTION | {"state": "open"}],
            "Of 1 action promised, 1 is open, none overdue; the next is due",
        ),
        ([ACTION | CLOSED], "Every action that was promised is closed (1)"),
        ([ACTION | CLOSED], "None has three months behind it yet"),
    ],
)
def test_promises_say_no_as_readily(
    tmp_path: Path, actions: list[dict[str, Any]], said: str
) -> None:
    for spoken in language.LANGUAGES:
        text = say_in(spoken, decisions.promises, open_unit(tmp_path), compared(actions=actions))
        assert spoken != "en" or said in text[0]


def test_answers_say_how_much_of_the_difference_people_stand_for(tmp_path: Path) -> None:
    aside = {**ANSWER, "state": "set_aside", "why": say("answer.recorded"), "effect": None}
    own = ANSWER | {"ds": JUNE, "state": "confirmed", "cause": "stockout", "share": 0.25}
    month = compared(answers=[ANSWER, aside, own])
    said = say_in("en", decisions.answers, open_unit(tmp_path), month)
    assert said[0] == (
        "People answered for 1 series of May 2026: 60.0\u202f% of its absolute difference has a "
        "cause that a person stands for. 40.0\u202f% stands as the tables propose it, or is not "
        "explained. People answered for 1 series of June 2026: 25.0\u202f% of its absolute "
        "difference has a cause that a person stands for. 75.0\u202f% stands as the tables propose "
        "it, or is not explained. 1 answer cannot count, and the table says why."
    )
    assert said[3:5] == ["Stock-out / ", "A competitor's move / corrected"]
    assert said[7] == "王强 / 对手降价"
    assert "set aside: a recorded answer stands before it" in said[11]
    chinese = say_in("zh", decisions.answers, open_unit(tmp_path), month)
    assert "2026年5月已有 1 个序列的原因经人答复" in chinese[0]


def test_answers_of_nobody_say_what_waits(tmp_path: Path) -> None:
    run = open_unit(tmp_path)
    assert "a cause of May 2026 yet" in say_in("en", decisions.answers, run, compared())[0]
    assert "No earlier month" in say_in("en", decisions.answers, run, compared(vintages=1))[0]
