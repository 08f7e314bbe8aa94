"""Languages: which is chosen, and how numbers, dates, lists and messages are written in each."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import (
    amounts,
    is_said,
    language,
    read_said,
    say,
    translate_message,
    wording,
)
from salesfc_lib.foundation.messages import PLACE
from salesfc_lib.foundation.schema import Parameters
from salesfc_lib.reporting.catalogue import Sentences
from tests.messages import extract_python

YUAN = amounts.AmountFormat("¥")
PIECES = amounts.AmountFormat("", "pieces")
# places that Chinese leaves out: names of Python classes
CLASSES = {"Input should be a valid dictionary or instance of {0}": {"0"}}


def zh(write: object, *args: object) -> str:
    with language.speaking("zh"):
        return str(write(*args))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("write", "value", "english", "chinese"),
    [
        (wording.month_name, "2026-07", "July 2026", "2026年7月"),
        (wording.month_word, "2026-12", "December", "12月"),
        (wording.month_short, "2026-12", "Dec", "12月"),
        (wording.day, "2026-07-03", "3 July 2026", "2026年7月3日"),
        (wording.day_short, "2026-07-03", "3 July", "7月3日"),
        (wording.minute, "2026-12-03T09:15", "3 December 2026, 09:15", "2026年12月3日 09:15"),
        (wording.percent, 0.065, "6.5\u202f%", "6.5%"),
        (wording.signed_percent, -0.065, "−6.5\u202f%", "−6.5%"),
        (wording.points, 0.092, "+9.2 points", "+9.2 个百分点"),
        (wording.listing, ["a", "b", "c"], "a, b and c", "a、b 和 c"),
        (wording.listing, list("abcdefg"), "a, b, c and 4 more", "a、b、c 等 7 项"),
        (wording.cardinal, 3, "three", "3"),
        (YUAN.amount, 15_330_000, "¥15.33\xa0m", "¥1,533\xa0万"),
        (YUAN.amount, 1_234_000_000, "¥1.23\xa0bn", "¥12.34\xa0亿"),
        (YUAN.amount, 48_212, "¥48.21\xa0k", "¥4.82\xa0万"),
        (YUAN.amount, 9_500, "¥9,500", "¥9,500"),
        (PIECES.amount, 151_200, "151.2\xa0k\xa0pieces", "15.12\xa0万件"),
        (PIECES.amount, 1_234, "1,234\xa0pieces", "1,234\xa0件"),
        (YUAN.amount, -194_200, "−¥194.2\xa0k", "−¥19.42\xa0万"),
    ],
)
def test_each_language_writes_in_its_own_way(
    write: object, value: object, english: str, chinese: str
) -> None:
    assert write(value) == english  # type: ignore[operator]
    assert zh(write, value) == chinese


def test_amounts_of_one_axis_have_its_scale() -> None:
    scale = "".join(zh(lambda: YUAN.axis(amounts.scale_for([20_000_000.0]))))
    assert scale == "万元"
    assert YUAN.axis(amounts.scale_for([20_000_000.0])) == "¥ m"


def test_a_language_ends_where_it_began() -> None:
    assert not language.is_chosen()
    with language.speaking("zh"):
        with language.speaking("en"):
            assert language.current() == "en"
        assert language.current() == "zh"
    assert language.current() == "en"


def test_a_language_that_the_catalogue_lacks_is_refused_by_name() -> None:
    with pytest.raises(RequestError, match=r"'fr'.*'en', 'zh'"), language.speaking("fr"):
        pass
    with pytest.raises(ValueError, match=r"'fr'.*there are: en, zh"):
        Parameters.model_validate({"report": {"languages": ["en", "fr"]}})
    with pytest.raises(ValueError, match=r"report.default: 'zh' is not among"):
        Parameters.model_validate({"report": {"languages": ["en"], "default": "zh"}})


@pytest.mark.parametrize(
    ("given", "spoken"),
    [
        ({"languages": ["zh", "en"]}, ("zh", "en")),
        ({"languages": ["zh", "en"], "default": "en"}, ("en", "zh")),
        ({"languages": ["zh", "zh"]}, ("zh",)),
    ],
)
def test_the_default_language_comes_first(
    given: dict[str, object], spoken: tuple[str, ...]
) -> None:
    assert Parameters.model_validate({"report": given}).report.spoken == spoken


@pytest.mark.parametrize(
    ("variables", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN", "SALESFC_LANG": "en"}, "en"),
        ({"SALESFC_LANG": "zh-CN"}, "zh"),
    ],
)
def test_messages_follow_the_reader(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], spoken: str
) -> None:
    for name in ("SALESFC_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language.of_reader() == spoken


def test_a_wrong_reader_language_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESFC_LANG", "klingon")
    with pytest.raises(RequestError, match=r"'klingon'.*Correct SALESFC_LANG"):
        language.of_reader()


def test_a_table_keeps_a_sentence_and_the_catalogue_writes_it() -> None:
    kept = say("outlook.earlier", month="2026-06", value=say("unit.whole"))
    assert is_said(kept)
    assert not is_said("a reason that somebody wrote")
    assert read_said(kept)[0] == "outlook.earlier"
    writer = Sentences(YUAN)
    assert writer.said(kept) == "June forecast whole unit"
    assert writer.fill("{reason}!", {"reason": kept}) == "June forecast whole unit!"
    for typed in ('{"say": no JSON', '{"say": "no.such.key"}', '{"say": "outlook.earlier"}', "[1]"):
        assert writer.fill("{reason}", {"reason": typed}) == typed


def test_facts_of_numpy_and_pandas_are_plain_json() -> None:
    series = pd.Series([1.5, 2.0])
    kept = say("month", ds=pd.Timestamp("2026-06-01"), n=series.idxmax(), y=series.max())
    assert json.loads(kept) == {"say": "month", "ds": "2026-06-01", "n": 1, "y": 2.0}


def test_a_message_is_translated_around_its_facts() -> None:
    error = SalesForecastError.missing_columns(["售价"], ["数量"], "orders")
    said = zh(translate_message, str(error))
    assert "售价" in said
    assert "数量" in said
    assert "lacks the column" not in said


def test_a_message_that_nobody_translated_stays_as_it_is() -> None:
    text = "Something that no catalogue holds: 12 of 13. And more of it"
    assert zh(translate_message, text) == text
    assert translate_message(text) == text


def test_every_translated_message_is_one_that_the_code_writes() -> None:
    """A message whose words changed in the code would silently fall back to English.

    `messages.words.po` holds what no extraction finds: single words, and what libraries say.
    """
    from tests.conftest import CHECKOUT

    written: set[str] = set()
    for path in (CHECKOUT / "salesfc_lib").rglob("*.py"):
        with path.open("rb") as file:
            written |= {text for _, _, text, _ in extract_python(file, (), (), {})}
    folder = language.LOCALE / "zh" / "LC_MESSAGES"
    known = {
        str(message.id)
        for path in folder.glob("messages.*.po")
        if path.name != "messages.words.po"
        for message in language.read_file(path)
        if message.string
    }
    assert known - written == set(), "run `make catalogue`"


def test_translations_hold_the_places_of_their_message() -> None:
    for message in language.read_messages("zh"):
        if not message.context and message.string:
            english, chinese = (
                set(PLACE.findall(str(each))) for each in (message.id, message.string)
            )
            assert english - CLASSES.get(str(message.id), set()) == chinese, message.id
