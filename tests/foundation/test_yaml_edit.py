"""A value changed in a hand-written file: its line changes, and no other byte does."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import flatten, parse_yaml, set_in_yaml

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = sorted(
    path
    for place in (".", "examples/*")
    for path in CHECKOUT.glob(f"{place}/parameters/units/*.yml")
)
UNIT = """\
# 厨房用品：每月由销售部发来
unit:
  title: 厨房用品   # 页面上的名称
  owner: "刘慧"

candidates:  # 竞争的模型
  ets: {enabled: false, levels: [], settings: {model: ZNZ}}   # 慢
  winters:
    enabled: true   # 季节

calendar:
  trading_weekdays:
    - monday
    - friday   # 周结
  # 下面是节假日
  holidays: [
    "2025-01-01", "2025-01-28",
    "2026-01-01",
  ]
retrospective:
"""


def changed_lines(before: str, after: str) -> list[str]:
    """Lines taken out and put in."""
    lines = difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [line.rstrip("\r\n") for line in lines if line[0] in "+-"]


@pytest.mark.parametrize(
    ("key", "value", "lines"),
    [
        (
            "unit.title",
            "厨具",
            ["-   title: 厨房用品   # 页面上的名称", "+   title: 厨具   # 页面上的名称"],
        ),
        (
            "candidates.ets.enabled",
            "true",
            [
                "-   ets: {enabled: false, levels: [], settings: {model: ZNZ}}   # 慢",
                "+   ets: {enabled: true, levels: [], settings: {model: ZNZ}}   # 慢",
            ],
        ),
        (
            "candidates.ets.levels",
            "[total]",
            [
                "-   ets: {enabled: false, levels: [], settings: {model: ZNZ}}   # 慢",
                "+   ets: {enabled: false, levels: [total], settings: {model: ZNZ}}   # 慢",
            ],
        ),
        (
            "candidates.ets.settings.a",
            "1",
            [
                "-   ets: {enabled: false, levels: [], settings: {model: ZNZ}}   # 慢",
                "+   ets: {enabled: false, levels: [], settings: {model: ZNZ, a: 1}}   # 慢",
            ],
        ),
        (
            "candidates.winters.enabled",
            "false",
            ["-     enabled: true   # 季节", "+     enabled: false   # 季节"],
        ),
        ("candidates.winters.levels", "[total]", ["+     levels: [total]"]),
        ("candidates.tsb.enabled", "false", ["+   tsb:", "+     enabled: false"]),
        ("combine.power", "8.0", ["+ combine:", "+   power: 8.0"]),
        (
            "calendar.trading_weekdays",
            "[friday]",
            ["-     - monday", "-     - friday   # 周结", "+     [friday]   # 周结"],
        ),
        ("calendar.country", "CN", ["+   country: CN"]),
        ("retrospective.largest", "4", ["- retrospective:", "+ retrospective: {largest: 4}"]),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_the_line_of_the_value_changes(
    key: str, value: str, lines: list[str], newline: str
) -> None:
    text = UNIT.replace("\n", newline)
    after = set_in_yaml(text, key, value)
    assert changed_lines(text, after) == lines
    assert after.count("\r\n") == (after.count("\n") if newline == "\r\n" else 0)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", "a:\n  b: 1\n"),
        ("# 只有注释", "# 只有注释\na:\n  b: 1\n"),
        ("x: 1", "x: 1\na:\n  b: 1\n"),
        ("\ufeffx: 1\n", "\ufeffx: 1\na:\n  b: 1\n"),
        ("{}", "{a: {b: 1}}"),
        ("a: {}\n", "a: {b: 1}\n"),
        ("a: ~   # none\n", "a: {b: 1}   # none\n"),
        ("a:\n  t: |\n    x\n    y\n# end\n", "a:\n  t: |\n    x\n    y\n  b: 1\n# end\n"),
        ('"a": {c: 1,\n  }\n', '"a": {c: 1, b: 1,\n  }\n'),
    ],
)
def test_a_key_that_is_absent_is_written_after_the_last_of_its_block(text: str, after: str) -> None:
    assert set_in_yaml(text, "a.b", "1") == after


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_value_of_every_file_of_ours_can_be_changed_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    keys = [key for key in flatten(parse_yaml(text)) if "." in key and "\n" not in key]
    for key in keys[:: max(len(keys) // 3, 1)]:
        after = set_in_yaml(text, key, "changed")
        assert {line for line in after.splitlines() if line.lstrip().startswith("#")} == {
            line for line in text.splitlines() if line.lstrip().startswith("#")
        }
        assert flatten(parse_yaml(after)) | {key: 0} == flatten(parse_yaml(text)) | {key: 0}


NAMES = st.sampled_from(["a", "b", "键"])
VALUES = st.sampled_from(["1", "'x # y'", "[p, q]", "{k: v}", "true"])


@given(st.lists(st.tuples(NAMES, NAMES, VALUES), max_size=8))
def test_values_set_one_after_the_other_are_all_there(settings: list[tuple[str, str, str]]) -> None:
    text, known = "# 开头\n", {}
    for first, second, value in settings:
        text = set_in_yaml(text, f"{first}.{second}", value)
        known[first, second] = parse_yaml(value)
    tree = parse_yaml(text) or {}
    assert {(a, b): each for a, inner in tree.items() for b, each in inner.items()} == known
    assert text.startswith("# 开头\n")


@pytest.mark.parametrize("text", ["? a\n: b\n", "a: 1\n...\n"])
def test_a_file_laid_out_in_an_unusual_way_is_right_or_refused(text: str) -> None:
    try:
        after = set_in_yaml(text, "c.d", "1")
    except SalesForecastError as error:
        assert "by hand" in str(error)
    else:
        assert parse_yaml(after) == parse_yaml(text) | {"c": {"d": 1}}
