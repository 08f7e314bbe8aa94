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
        ("Of a table. See b.md.", "Of a table. See b.md."),
        ("1 published. Pages: ", "发布了 1 项。页面："),
        ("Wrote a.yml (First month.).", "已写入 a.yml（第一个月。）。"),
        ("Found: 'a'; Known here: 'b'", "现有：“a”；可用的有：“b”"),
        ("Table 'score' lacks the column 'a'", "表“score”缺少列“a”"),
        ("(Notebook 01, cell [3]) See b.md.", "（笔记本 01，单元格 [3]）详见 b.md。"),
        ("Permission denied: '/x'.", "没有权限：“/x”。"),
        ("Nothing is published for any month under 'a'", "“a”下没有发布过任何月份"),
        ("'30/02/2024' is no day of the calendar", "“30/02/2024”不是日历上有的日期"),
        ("'a' holds #REF!; 'b' holds #N/A", "“a”含有 #REF!；“b”含有 #N/A"),
        ("1 row above the header: 'a', 'b'", "表头上方有 1 行：“a”、“b”"),
        ("orders row 3: date 'soon' is no date", "orders 第 3 行：日期：“soon”不是日期"),
        (
            "north 2024-02 failed: 2 of 9 rows (22.2 %) cannot be used, first orders row 2: x",
            "north 2024-02 失败：按行数计，9 中有 2（22.2 %）不能使用，"
            "最前面的是 orders 第 2 行：x",
        ),
        (
            "a.csv line 3 has neither `new` nor `percent`",
            "a.csv 第 3 行既没有 `new` 也没有 `percent`",
        ),
        (
            "orders row 4: the key (order, line) is repeated with other values",
            "orders 第 4 行：主键（order, line）再次出现，内容不同",
        ),
        (
            "Set `kind: excel` for this source, or export it as CSV",
            "请为这个数据源设置 `kind: excel`，或导出为 CSV",
        ),
    ],
    ids=[
        "fact",
        "what it is about",
        "list",
        "not in the catalogue",
        "no fact",
        "message",
        "clauses",
        "quotes",
        "brackets",
        "value behind a colon",
        "Chinese",
        "value",
        "list of messages",
        "values",
        "cell",
        "message that begins with a fact",
        "fact that is a message",
        "reason",
        "code",
    ],
)
def test_a_message_is_translated_around_its_facts(english: str, chinese: str) -> None:
    with language.speaking("zh"):
        assert translate_message(english) == chinese
    assert translate_message(english) == english
