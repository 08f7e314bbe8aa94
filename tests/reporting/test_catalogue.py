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


def test_every_key_that_the_library_says_is_in_the_catalogue() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (CHECKOUT / "salesfc_lib").rglob("*.py")]
    call = (
        r"""\b(text|text_of|say|prose|record|section|table|figure|fact)\(\s*"([a-z0-9_.]+)"[,)]"""
    )
    calls = {found for text in texts for found in re.findall(call, text)}
    said = {
        ".".join([key, part] if part else [key])
        for kind, key in calls
        for part in PARTS.get(kind, [""])
    }
    assert len(said) > 200
    assert said - set(language.sentences()) == set()


def test_every_format_in_the_catalogue_exists() -> None:
    for key, text in language.sentences().items():
        for _, field, spec, _ in string.Formatter().parse(text):
            name = (spec or "").partition(" ")[0]
            assert field is None or name in {"", *FORMATS, *OWN}, (key, name)


def test_every_cause_and_every_proposal_can_be_said() -> None:
    catalogue = set(language.sentences())
    room = CHECKOUT / "salesfc_lib" / "retrospective"
    finders = (room / "causes" / "finders.py").read_text(encoding="utf-8")
    causes = re.findall(r"""Cause\(\s*[\w.]+,\s*"([a-z_]+)\"""", finders)
    rules = (room / "proposals.py").read_text(encoding="utf-8")
    proposals = re.findall(
        r"""_(?:switch_off|parameter|ask_author|practice)\b.*?"([a-z]+(?:_[a-z]+)+)\"""", rules
    )
    assert (len(causes), len(proposals)) == (11, 10)
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
