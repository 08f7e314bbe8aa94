"""Messages of errors and commands in the current language.

A room writes a message in English (`f"Unit '{unit}' has no rows"`); the catalogue (`messages.*.po`,
extracted from the code by `make catalogue`) holds it with numbered places: `Unit '{0}' has no
rows`. A message is recognised by the words between its places and written again around its facts,
which may be empty or messages themselves. What the catalogue lacks stays English.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from salesfc_lib.foundation import language

PLACE = re.compile(r"\{(\d+)\}")
SPACED_PLACE = re.compile(r"( ?)\{(\d+)\}( ?)")
CHINESE = re.compile(r"[\u3001-\u9fff\uff01-\uff5e]")  # letters and punctuation
INDENT = re.compile(r"^(\s*(?:- )?)")  # of a line, with the mark of a list
FLAGS = re.DOTALL | re.IGNORECASE  # a part of an error may begin a sentence
SENTENCE_ENDS = re.compile(r"(?<=[.?!]) ")


class _Template(NamedTuple):
    pattern: re.Pattern[str]
    sureness: tuple[int, int]  # letters, and all signs, between the places
    translation: str


def translate_message(text: str) -> str:
    """The message in the current language, sentence by sentence, line by line.

    >>> with language.speaking("en"):
    ...     translate_message("Unit 'a' has no rows.")
    "Unit 'a' has no rows."
    """
    if language.current() == language.SOURCE:
        return text
    lines = (re.split(INDENT, line, maxsplit=1) for line in text.split("\n"))
    return "\n".join(f"{indent}{_translate_line(said)}" for _, indent, said in lines)


def _translate_line(line: str) -> str:
    """The line by the fewest sentences that a template fits, then what is behind them."""
    parts = SENTENCE_ENDS.split(line)
    for n in range(1, len(parts) + 1):
        first = _translate_whole(" ".join(parts[:n]))
        if first is not None:
            rest = " ".join(parts[n:])
            return _join(first, _translate_line(rest)) if rest else first
    named, _, said = line.partition(": ")  # what a sentence is about: `north 2026-06: …`
    if len(named) < len(parts[0]) and (translated := _translate_line(said)) != said:
        return f"{_translate_whole(named) or named}{language.by_language((': ', '：'))}{translated}"
    rest = " ".join(parts[1:])
    return f"{parts[0]} {_translate_line(rest)}" if rest else line


def _translate_whole(text: str) -> str | None:
    """The text by the template that has most words of those that fit; None where none does."""
    for template in _templates(language.current()) if text else ():
        for stop in (".", ""):
            if not text.endswith(stop):
                continue
            if found := template.pattern.fullmatch(text.removesuffix(stop)):
                said = _fill(template.translation, found.groups())
                return said + ("。" if stop and not said.endswith(("。", "？", "！")) else "")
    return None


def _fill(translation: str, facts: tuple[str, ...]) -> str:
    """The facts in their places; Chinese is not set apart from Chinese."""
    said = [_translate_fact(fact) for fact in facts]

    def put(place: re.Match[str]) -> str:
        before, fact, behind = place[1], said[int(place[2])], place[3]
        before = "" if CHINESE.match(fact) else before
        return f"{before}{fact}{'' if CHINESE.match(fact[-1:]) else behind}"

    return SPACED_PLACE.sub(put, translation)


def _translate_fact(fact: str) -> str:
    """A fact that is a message itself in the current language; another as it is."""
    text = fact.strip()
    said = _translate_line(text)
    return fact if said == text else said


def _join(first: str, rest: str) -> str:
    return first + rest if first.endswith(("。", "？", "！")) else f"{first} {rest}"


@cache
def _templates(spoken: str) -> list[_Template]:
    """Templates of the messages, those with most words first."""
    found = []
    for message in language.read_messages(spoken):
        if message.context or not message.string:
            continue
        literals = PLACE.split(str(message.id))[::2]
        places = PLACE.findall(str(message.id))
        if places != [str(n) for n in range(len(places))]:
            continue
        pattern = "(.*?)".join(map(re.escape, literals))
        said = "".join(literals)
        sureness = sum(map(str.isalpha, said)), len(said)
        found.append(_Template(re.compile(pattern, FLAGS), sureness, str(message.string)))
    return sorted(found, key=lambda template: template.sureness, reverse=True)
