"""Claims about the file to send back: it says why in words, in the language of the unit's files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from salesfc_lib.foundation import language
from salesfc_lib.steps.cleaning import write_quarantine_csv
from tests.orders import order, run, unit


@pytest.mark.parametrize(
    ("spoken", "heads", "rule", "why"),
    [
        (
            "en",
            ["source", "row", "rule", "reason", "export: date"],
            "unreadable",
            ["amount is blank", "date 'soon' is no date"],
        ),
        (
            "zh",
            ["数据源", "行号", "规则", "原因", "导出原文：date"],
            "无法读取",
            ["金额：为空", "日期：“soon”不是日期"],
        ),
    ],
)
def test_the_file_to_send_back_says_why_in_words(
    tmp_path: Path, spoken: str, heads: list[str], rule: str, why: list[str]
) -> None:
    rows = [order("A1"), order("A2", amount=""), order("A3", "soon")]
    found = run(tmp_path, rows, unit(cleaning={"loss_budget": 1.0})).quarantine
    with language.speaking(spoken):
        path = write_quarantine_csv(found, tmp_path / "quarantine.csv")
    written = pd.read_csv(path, encoding="utf-8-sig")
    assert [*written.columns[:5]] == heads
    assert written[heads[2]].unique().tolist() == [rule]
    assert written[heads[3]].tolist() == why
