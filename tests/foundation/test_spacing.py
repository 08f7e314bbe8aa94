"""Where Chinese has a space."""

from __future__ import annotations

import pytest

from salesfc_lib.foundation import FactFormatter, language


@pytest.mark.parametrize(
    ("template", "facts", "sentence"),
    [
        ("高于{month:month_word}的", {"month": "2026-05"}, "高于 5月的"),
        ("{a} 到 {b}之间", {"a": "¥1,369\xa0万", "b": "¥91,500"}, "¥1,369\xa0万到 ¥91,500 之间"),
        ("没有 {unit} 的预测", {"unit": "厨房用品"}, "没有厨房用品的预测"),
        ("没有 {unit} 的预测", {"unit": "North"}, "没有 North 的预测"),
        ("请确认 {name} 是否", {"name": "炊具 · 华东"}, "请确认 炊具 · 华东 是否"),
        ("{share:percent}的序列", {"share": 0.5}, "50.0% 的序列"),
        ("{name} {weight:weight}", {"name": "回归（加法）", "weight": 0.07}, "回归（加法）0.07"),
        (
            "{name} | >{size:percent}",
            {"name": "回归（加法）", "size": 0.5},
            "回归（加法） | >50.0%",
        ),
        ("{what} ，{more}", {"what": "断货", "more": ""}, "断货，"),
        ("{names:list}", {"names": ["断货", "K-07", "退货"]}, "断货、K-07 和退货"),
    ],
)
def test_a_space_parts_chinese_from_digits_and_latin_alone(
    template: str, facts: dict[str, object], sentence: str
) -> None:
    with language.speaking("zh"):
        assert FactFormatter().vformat(template, (), facts) == sentence


def test_english_keeps_its_spaces() -> None:
    facts = {"unit": "厨房用品"}
    assert FactFormatter().vformat("no {unit} here", (), facts) == "no 厨房用品 here"


def test_a_name_from_right_to_left_stays_apart_from_its_sentence() -> None:
    said = FactFormatter().vformat("{a} and {b}", (), {"a": "צפון 12", "b": "North"})
    assert said == "\u2068צפון 12\u2069 and North"
