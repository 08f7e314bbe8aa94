"""Frames as a reader looks at them: folded, named, sized, and every value as text."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from salesfc_lib.reporting import markup
from salesfc_lib.reporting.narrative.frames import show, write_value

NASTY = "厨具 <b>&\"'</b>"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1_234_567.89, "1,234,568"),
        (12.3456, "12.35"),
        (0.0123456, "0.01235"),
        (-0.5, "−0.5000"),
        (0.0, "0"),
        (1.0, "1"),
        (np.int64(5108), "5,108"),
        (np.float64("nan"), ""),
        (pd.NaT, ""),
        (None, ""),
        (np.bool_(True), "true"),
        (False, "false"),
        (Decimal("10.10"), "10.10"),
        (pd.Timestamp("2026-06-01"), "2026-06-01"),
        (pd.Timestamp("2026-06-01 09:15"), "2026-06-01 09:15:00"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
    ],
)
def test_a_value_reads_exactly_enough(value: object, text: str) -> None:
    assert write_value(value) == text


def test_a_long_frame_shows_its_size_and_its_first_rows_folded() -> None:
    frame = pd.DataFrame({"unique_id": [NASTY] * 1411, "weight": np.arange(1411) / 1411})
    (table,) = show(weights=frame).blocks
    assert (table.title, table.subtitle) == ("weights", "1,411 rows × 2 columns, the first 3")
    assert len(table.rows) == 3
    assert [column.align for column in table.columns] == ["l", "r"]
    html = markup.render("lab.html.j2", b=table.to_json())
    assert "<summary><code>weights</code>: 1,411 rows × 2 columns, the first 3</summary>" in html
    assert 'class="frame" translate="no"' in html
    assert "<b>" not in html.partition("</style>")[2] and "厨具 &lt;b&gt;" in html
    open_table = markup.render("lab.html.j2", b={**table.to_json(), "folded": False})
    assert "<details>" not in open_table and 'class="cap"' in open_table


def test_a_short_frame_is_shown_whole_with_its_named_index() -> None:
    frame = pd.DataFrame({"rows": [3, 2]}, index=pd.Index(["opening", "kept"], name="rule"))
    first, second = show(totals=frame, empty=frame.head(0)).blocks
    assert [column.label for column in first.columns] == ["rule", "rows"]
    assert [[cell.text for cell in row] for row in first.rows] == [["opening", "3"], ["kept", "2"]]
    assert (first.subtitle, second.subtitle) == ("2 rows × 2 columns", "0 rows × 2 columns")
