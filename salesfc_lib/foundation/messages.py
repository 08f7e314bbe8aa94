"""Messages of errors and commands in the current language.

A room writes a message in English (`f"Unit '{unit}' has no rows"`); the catalogue (`messages.po`,
extracted from the code by `make catalogue`) holds it with numbered places: `Unit '{0}' has no
rows`. A message is recognised by the words between its places and written again around its facts,
which may be messages themselves. What the catalogue lacks stays English.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from salesfc_lib.foundation import language

PLACE = re.compile(r"\{(\d+)\}")
SENTENCE_ENDS = re.compile(r"(?<=[.?!]) ")


class _Template(NamedTuple):
    pattern: re.Pattern[str]
    words: int  # letters between the places: the more, the surer
    translation: str


def translate_message(text: str) -> str:
    """The message in the current language, sentence by sentence, line by line.

    >>> with language.speaking("en"):
    ...     translate_message("Unit 'a' has no rows.")
    "Unit 'a' has no rows."
    """
    if language.current() == language.SOURCE:
        return text
    return "\n".join(_translate_line(line) for line in text.split("\n"))


def _translate_line(line: str) -> str:
    whole = _translate_whole(line)
    if whole is not None:
        return whole
    parts = SENTENCE_ENDS.split(line)
    for n in range(len(parts) - 1, 0, -1):
        first = _translate_whole(" ".join(parts[:n]))
        if first is not None:
            return _join(first, _translate_line(" ".join(parts[n:])))
    rest = " ".join(parts[1:])
    return f"{parts[0]} {_translate_line(rest)}" if rest else line


def _translate_whole(text: str) -> str | None:
    """The text by the template that has most words of those that fit; None where none does."""
    for stop in ("", "."):
        if stop and not text.endswith(stop):
            continue
        body = text.removesuffix(stop) if stop else text
        for template in _templates(language.current()):
            if found := template.pattern.fullmatch(body):
                said = _fill(template.translation, found.groups())
                return said + ("。" if stop and not said.endswith(("。", "？", "！")) else "")
    return None


def _fill(translation: str, facts: tuple[str, ...]) -> str:
    said = [_translate_whole(fact) or fact for fact in facts]
    return PLACE.sub(lambda place: said[int(place[1])], translation)


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
        pattern = "(.+?)".join(map(re.escape, literals))
        words = sum(character.isalpha() for literal in literals for character in literal)
        found.append(_Template(re.compile(pattern, re.DOTALL), words, str(message.string)))
    return sorted(found, key=lambda template: -template.words)
