"""Sentences: every key that code says exists, every format that a template names exists."""

from __future__ import annotations

import re
import string

import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.forecasting import BOOSTING
from salesfc_lib.forecasting.candidates.registry import REGISTRY
from salesfc_lib.foundation import FORMATS, language
from salesfc_lib.foundation.amounts import AmountFormat
from salesfc_lib.reporting.catalogue import Sentences
from tests.conftest import CHECKOUT
from tests.keys import list_said

SAID = list(list_said(CHECKOUT / "salesfc_lib"))
SENTENCES = Sentences(AmountFormat("¥"))
OWN = {
    "plural",
    "name",
    *(sign + name for name in ("amount", "scaled", "bare") for sign in ("", "signed_")),
}
PARTS = {
    "table": ("heads", "cells"),
    "section": ("table.heads", "table.cells"),
    "figure": ("subtitle", "alt", "source"),
    "fact": ("label", "value", "detail"),
}


def read_places(template: str) -> list[tuple[str, str]]:
    """Name and format of each place of a template."""
    parts = string.Formatter().parse(template)
    return [(re.split(r"[.[]", name)[0], spec or "") for _, name, spec, _ in parts if name]


def test_every_key_that_the_library_says_is_in_the_catalogue() -> None:
    said = {
        (call.where, ".".join([key, part] if part else [key]))
        for call in SAID
        for key in call.keys
        for part in PARTS.get(call.how, [""])
    }
    assert len({key for _, key in said}) > 600
    assert [(where, key) for where, key in said if key not in language.sentences()] == []


def test_a_sentence_has_no_place_for_a_fact_that_its_code_does_not_give() -> None:
    checked = 0
    for where, how, keys, facts in SAID:
        if how in ("text", "text_of", "say") and facts is not None:
            for key in keys:
                places = {field for field, _ in read_places(language.sentences()[key])}
                assert places <= facts, (where, key)
                checked += 1
    assert checked > 200


@pytest.mark.parametrize("spoken", language.LANGUAGES)
def test_every_format_in_the_catalogue_exists(spoken: str) -> None:
    for key, text in language.sentences(spoken).items():
        for _, spec in read_places(text):
            assert spec.partition(" ")[0] in {"", *FORMATS, *OWN}, (key, spec)


def test_a_plural_has_one_noun_or_two_where_english_does_not_just_add_an_s() -> None:
    specs = [s for text in language.sentences("en").values() for _, s in read_places(text)]
    plurals = {spec for spec in specs if spec.partition(" ")[0] == "plural"}
    assert len(plurals) > 30
    for spec in plurals:
        one, *many = spec.partition(" ")[2].split("|")
        assert one and (len(many) == 1 or not many), spec
        assert many or not re.search(r"(s|x|z|ch|sh|[^aeiou]y)$|person$", one), spec


def test_every_cause_and_every_proposal_can_be_said() -> None:
    catalogue = set(language.sentences())
    room = CHECKOUT / "salesfc_lib" / "retrospective"
    finders = (room / "causes" / "finders.py").read_text(encoding="utf-8")
    causes = re.findall(r"""Cause\(\s*[\w.]+,\s*"([a-z_]+)\"""", finders)
    rules = "".join(each.read_text(encoding="utf-8") for each in (room / "proposals").glob("*.py"))
    proposals = re.findall(
        r"""(?:_switch_off|change_parameter|_ask_author|change_practice)\b[^\n]*?"""
        r""""([a-z]+(?:_[a-z]+)+)\"""",
        rules,
    )
    assert (len(causes), len(proposals)) == (13, 14)
    for name in causes:
        assert {f"cause.{name}", f"cause.{name}.evidence", f"cause.{name}.mostly"} <= catalogue
    assert {f"proposal.{name}" for name in proposals} <= catalogue


def test_every_model_has_a_name_for_people() -> None:
    named = {key for key in language.sentences() if key.startswith("model.")}
    assert named == {f"model.{name}" for name in (*REGISTRY, BOOSTING, "combined")}


def test_numbers_are_formatted_by_name() -> None:
    said = SENTENCES.text(
        "cleaning.summary.in", files=1, opening=1234, kept=1, month="2026-06", amount=48_260_000
    )
    kept = "1 row through June 2026 were kept: ¥48.26\xa0m."
    assert said == f"1 file of sales with 1,234 rows came in; {kept}"


def test_an_unknown_sentence_names_the_nearest() -> None:
    with pytest.raises(
        SalesForecastError, match=r"cleaning\.summary\.inn.*Did you mean 'cleaning\.summary\.in'"
    ):
        SENTENCES.text("cleaning.summary.inn")


def test_names_with_braces_and_markup_stay_as_they_are() -> None:
    said = SENTENCES.text("unit.attention.lean", author="{x} <b>", leans="low")
    assert said == "{x} <b>'s changes are too low"
