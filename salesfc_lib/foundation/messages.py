"""Messages of errors and commands in the current language.

A room writes a message in English (`f"Unit '{unit}' has no rows"`); the catalogue (`messages.*.po`,
extracted from the code by `make catalogue`) holds it with numbered places: `Unit '{0}' has no
rows`. A message is recognised by the words between its places and written again around its facts,
which may be empty or messages themselves; so is the reason of a row (`say`), which errors quote in
English. Of all ways to take a text apart, the one counts that recognises most letters of it. What
the catalogue lacks stays English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from salesfc_lib.foundation import language

PLACE = re.compile(r"\{(\d+)\}")
SPACED_PLACE = re.compile(r"( ?)\{(\d+)\}( ?)")
CHINESE = re.compile(r"[\u3001-\u9fff\uff01-\uff5e“”]")  # letters and punctuation
INDENT = re.compile(r"^(\s*(?:- )?)")  # of a line, with the mark of a list
MARK = re.compile(r"[;,] ")  # before a clause that is put behind others
FULL_WIDTH = {"; ": "；", ", ": "，"}
BRACKETS = re.compile(r"(.+) \(([^()]+)\)", re.DOTALL)  # what is known of what stands before it
# between messages, and between what one is about and it, with their marks in each language
JOINTS = {
    re.compile(r"(?<=[.?!]) |(?<=\)) (?=[A-Z])"): (" ", ""),
    re.compile(r"; "): ("; ", "；"),
    re.compile(r": "): (": ", "："),
}
CLOSED = ("。", "？", "！", "；", "：")
IN_QUOTES = "(?:(?!' [a-z]|', ').)*?"
QUOTED = re.compile(r"'([^']*)'")
LIST = re.compile(r"'[^']*'(?:, '[^']*')*")
ABOUT_VALUE = re.compile(r"('[^']*') (.+)", re.DOTALL)  # '31/02/2024' is no day of the calendar
ABOUT_CELL = re.compile(r"([a-z_]+) ((?:'|is ).+)", re.DOTALL)  # date '?' is no date
REASON = "reason."  # begins the keys of what is said of rows
NAMED_PLACE = re.compile(r"\{(\w+)(?::[^}]*)?\}")


FEW = 8  # letters of a message, such as "row 12", that may stand in any text
OF_OTHERS = re.compile(r"'[^']*'|“[^”]*”|`[^`]*`")


class _Template(NamedTuple):
    pattern: re.Pattern[str]
    literal: str  # the longest text between places, in lower case
    letters: int  # between the places
    translation: str


class _Said(NamedTuple):
    """A text in the current language, and how many letters of it were recognised."""

    letters: int
    text: str


def translate_message(text: str) -> str:
    """The message in the current language, sentence by sentence, line by line.

    >>> with language.speaking("en"):
    ...     translate_message("Unit 'a' has no rows.")
    "Unit 'a' has no rows."
    """
    spoken = language.current()
    if spoken == language.SOURCE:
        return text
    lines = (re.split(INDENT, line, maxsplit=1) for line in text.split("\n"))
    return "\n".join(f"{indent}{_translate_line(said, spoken)}" for _, indent, said in lines)


def _translate_line(line: str, spoken: str) -> str:
    """The line in the current language; as it is where little more than a fact was recognised."""
    said = _translate(line, spoken)
    is_foreign = said.letters < FEW and 2 * _count_words(said.text) > _count_words(line)
    return line if is_foreign else said.text


def _count_words(text: str) -> int:
    """English words outside quotes and code; a path or a name with other characters is none."""
    words = re.split(r"[\s\u3001-\u9fff\uff01-\uff5e]+", OF_OTHERS.sub(" ", text))
    return sum(word.strip(".,;:?!()").isalpha() for word in words)


@lru_cache(maxsize=10_000)
def _translate(text: str, spoken: str) -> _Said:
    """The best of all ways; the first of those that are as good."""
    is_values = LIST.fullmatch(text.removesuffix("."))
    best = _Said(0, _quote(text).replace("”.", "”。") if is_values else text)
    for said in (*_translate_parts(text, spoken), *_translate_whole(text, spoken)):
        best = said if said.letters > best.letters else best
    return best


def _translate_parts(text: str, spoken: str) -> Iterator[_Said]:
    """The text in two at each joint, and behind the value that it is about."""
    joints = ((at, marks) for joint, marks in JOINTS.items() for at in joint.finditer(text))
    for at, marks in joints:
        parts = text[: at.start()], text[at.end() :]
        if not all(parts) or parts[0].count("`") % 2:
            continue
        before, behind = (_translate(part, spoken) for part in parts)
        mark = language.by_language(marks)
        mark = mark if mark or before.text.endswith((*CLOSED, "）")) else " "
        yield _Said(before.letters + behind.letters, f"{before.text}{mark}{behind.text}")
    if found := ABOUT_VALUE.fullmatch(text):
        said = _translate(found[2], spoken)
        yield said._replace(text=f"{_quote(found[1])}{said.text}")
    if (found := ABOUT_CELL.fullmatch(text)) and (said := _translate(found[2], spoken)).letters:
        column = language.sentences().get(f"column.{found[1]}", found[1])
        yield said._replace(text=f"{column}：{said.text}")
    if (found := BRACKETS.fullmatch(text)) and (inside := _translate(found[2], spoken)).letters:
        before = _translate(found[1], spoken)
        yield _Said(before.letters + inside.letters, f"{before.text}（{inside.text}）")


def _translate_whole(text: str, spoken: str) -> Iterator[_Said]:
    """The text by each template that fits, with its full stop or without.

    Last those that begin with a place and take another message into it: of `a failed: 2 of 3 rows
    are blank`, `a` failed, and not `a failed: 2` rows are blank.
    """
    lower, ways = text.lower(), []
    for template in _templates(spoken):
        if template.literal not in lower:
            continue
        for stop in (".", ""):
            found = template.pattern.fullmatch(text.removesuffix(stop))
            if not found or not text.endswith(stop):
                continue
            said = _fill(template.translation, found.groups(), spoken)
            end = "。" if stop and not said.text.endswith(CLOSED) else ""
            begin = found[1] if template.pattern.pattern.startswith("(") else ""
            ways.append((": " in begin, _Said(template.letters + said.letters, said.text + end)))
    yield from (said for _, said in sorted(ways, key=itemgetter(0)))


def _fill(translation: str, facts: Sequence[str], spoken: str) -> _Said:
    """The translation with its facts, which stay as they are in code, and their letters.

    Chinese is not set apart from Chinese.
    """
    said = [_translate_fact(fact, spoken) for fact in facts]

    def put(place: re.Match[str]) -> str:
        at, is_code = int(place[2]), translation.count("`", 0, place.start()) % 2
        if is_code:
            return f"{place[1]}{facts[at]}{place[3]}"
        before, fact, behind = place[1], said[at].text, place[3]
        if CHINESE.match(fact) and CHINESE.match(translation[place.start() - 1]):
            before = ""
        if CHINESE.match(fact[-1:]) and CHINESE.match(translation[place.end() :]):
            behind = ""
        return f"{before}{fact}{behind}"

    return _Said(sum(fact.letters for fact in said), SPACED_PLACE.sub(put, translation))


def _translate_fact(fact: str, spoken: str) -> _Said:
    """A fact that is a message itself, or values in quotes; another as it is."""
    text = fact.strip()
    mark = MARK.match(text)
    said = _translate(text[mark.end() :] if mark else text, spoken)
    if not said.letters:
        return said if LIST.fullmatch(text) else _Said(0, fact)
    return said._replace(text=f"{FULL_WIDTH[mark[0]]}{said.text}") if mark else said


def _quote(values: str) -> str:
    """Values in quotes as Chinese quotes and lists them."""
    return QUOTED.sub(r"“\1”", values).replace("”, “", "”、“")


@cache
def _templates(spoken: str) -> list[_Template]:
    """Templates of the messages, first those that end in words of their own, then the longest."""
    found = []
    for pair in _read_pairs(spoken):
        english, translation = pair
        if MARK.match(english):
            english, translation = english[2:], translation.lstrip("；，")
        literals, places = PLACE.split(english)[::2], PLACE.findall(english)
        if places != [str(n) for n in range(len(places))]:
            continue
        pattern = _write_pattern(literals)
        letters = sum(map(str.isalpha, "".join(literals)))
        longest = max(literals, key=len).lower()
        # a part of an error may begin a sentence; a single word may be a name
        flags = re.DOTALL | (re.IGNORECASE if " " in english else re.NOFLAG)
        found.append(_Template(re.compile(pattern, flags), longest, letters, translation))
    return sorted(found, key=_rank)


def _read_pairs(spoken: str) -> Iterator[tuple[str, str]]:
    """English and translation, with numbered places, of each message and each reason of a row.

    A reason that counts rows is left out: English writes the noun with the number.
    """
    for message in language.read_messages(spoken):
        english, translation = str(message.id), str(message.string)
        if not translation:
            continue
        if not message.context:
            yield english, translation
        elif message.context.startswith(REASON) and ":plural" not in english:
            names = NAMED_PLACE.findall(english)
            if NAMED_PLACE.sub("", english).strip(" ()"):  # it has words of its own
                yield _number(english, names), _number(translation, names)


def _number(template: str, names: Sequence[str]) -> str:
    """A sentence of the catalogue with the numbers of its facts, without their formats."""
    return NAMED_PLACE.sub(lambda place: f"{{{names.index(place[1])}}}", template)


def _write_pattern(literals: Sequence[str]) -> str:
    """The words with a group for each place; what stands in quotes ends with them."""
    pattern = re.escape(literals[0])
    for before, behind in pairwise(literals):
        is_quoted = before.endswith("'") and behind.startswith("'")
        pattern += rf"({IN_QUOTES if is_quoted else '.*?'}){re.escape(behind)}"
    return pattern


def _rank(template: _Template) -> tuple[bool, int]:
    return template.pattern.pattern.endswith("(.*?)"), -len(template.pattern.pattern)
