"""Messages of code in Chinese, around their facts, whatever stands before or behind them."""

from __future__ import annotations

import pytest

from salesfc_lib.foundation import language, translate_message


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("Wrote a.yml.", "已写入 a.yml。"),
        ("north 2026-06: Wrote a.yml.", "north 2026-06：已写入 a.yml。"),
        ("  - Wrote a.yml. See b.md.", "  - 已写入 a.yml。详见 b.md。"),
        ("Of a table. See b.md.", "Of a table. 详见 b.md。"),
        ("1 published. Pages: ", "发布了 1 项。页面："),
        ("Wrote a.yml (First month.).", "已写入 a.yml（第一个月。）。"),
        ("Nothing is published for any month under 'a'", "“a”下没有发布过任何月份"),
    ],
    ids=[
        "fact",
        "what it is about",
        "list",
        "not in the catalogue",
        "no fact",
        "message",
        "Chinese",
    ],
)
def test_a_message_is_translated_around_its_facts(english: str, chinese: str) -> None:
    with language.speaking("zh"):
        assert translate_message(english) == chinese
    assert translate_message(english) == english
