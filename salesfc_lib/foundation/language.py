"""The language that text is written in, and every sentence in each language.

A key and the English sentence stand together in a gettext file (`locale/<language>/LC_MESSAGES/`,
as `msgctxt` and `msgid`), with the sentence in that language as `msgstr`: one place for a sentence,
which the tools of translators read. Texts of notebooks have no key: their English is the key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TypeVar

from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from salesfc_lib.errors import RequestError, shorten

LOCALE = Path(__file__).parents[1] / "locale"
SOURCE = "en"
LANGUAGES = (SOURCE, *sorted(path.name for path in LOCALE.iterdir() if path.is_dir()))
LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN"}  # whose dates and lists are written
TAGS = {"en": "en", "zh": "zh-CN"}  # as HTML names a language
NAMES = {"en": "English", "zh": "中文"}  # as readers of it call it

_current: ContextVar[str | None] = ContextVar("language", default=None)
T = TypeVar("T")


def _check(language: str, where: str) -> str:
    if language not in LANGUAGES:
        raise RequestError.of(
            f"No text is written in the language '{language}'",
            f"One of {shorten(LANGUAGES, len(LANGUAGES))}",
            f"Correct {where}",
        )
    return language


def current() -> str:
    """The language that text is written in now: one of `LANGUAGES`."""
    return _current.get() or SOURCE


def is_chosen() -> bool:
    """Whether text is written inside `speaking`."""
    return _current.get() is not None


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Text inside is written in `language`.

    >>> with speaking("zh"):
    ...     current()
    'zh'

    Raises `RequestError` for a language that the catalogue lacks.
    """
    token = _current.set(_check(language, "`report.languages`"))
    try:
        yield
    finally:
        _current.reset(token)


def of_reader() -> str:
    """The language of who reads what a command prints: SALESFC_LANG, else the locale's.

    English where the locale's is not in the catalogue. Raises `RequestError` where SALESFC_LANG
    names one that is not.
    """
    asked = os.environ.get("SALESFC_LANG")
    if asked:
        return _check(re.split(r"[_.@-]", asked)[0], "SALESFC_LANG")
    named = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), SOURCE)
    spoken = re.split(r"[_.@-]", named)[0]
    return spoken if spoken in LANGUAGES else SOURCE


def sentences(spoken: str = "") -> dict[str, str]:
    """Sentences by key, in the current language or in `spoken`."""
    return _read(spoken or current())[0]


def translate(text: str) -> str:
    """A text without a key in the current language; as it is where the catalogue lacks it.

    `text` may be written in any language of the catalogue.
    """
    english = english_of(text)
    return _read(current())[1].get(english, english)


def english_of(text: str) -> str:
    """The English of a text without a key; the text itself where the catalogue lacks it."""
    return _read_back().get(text, text)


def by_language(values: Sequence[T]) -> T:
    """The value that belongs to the current language, of one for each of `LANGUAGES` in order."""
    return values[LANGUAGES.index(current())]


def name_file(name: str) -> str:
    """Name of a file in the current language: `name` is the one for machines, in English.

    >>> with speaking("zh"):
    ...     name_file("forecast.csv")
    'forecast.zh.csv'
    """
    stem, dot, ending = name.rpartition(".")
    return name if current() == SOURCE else f"{stem}.{current()}{dot}{ending}"


def write_each(write: Callable[[Path], object], path: Path, spoken: Iterable[str]) -> None:
    """Write the file for machines, and beside it one for people in each other language."""
    for each in dict.fromkeys((SOURCE, *spoken)):
        with speaking(each):
            write(path.with_name(name_file(path.name)))


@cache
def _read_back() -> dict[str, str]:
    """English by what each language makes of it."""
    return {text: english for each in LANGUAGES for english, text in _read(each)[1].items()}


@cache
def _read(language: str) -> tuple[dict[str, str], dict[str, str]]:
    """Sentences by key, and texts by their English."""
    keyed, texts = {}, {}
    for message in read_messages(language):
        english = str(message.id)
        text = english if language == SOURCE else str(message.string) or english
        if message.context:
            keyed[message.context] = text
        else:
            texts[english] = text
    return keyed, texts


def read_messages(language: str) -> list[Message]:
    """Every message of a language in the order of its files; English stands in each of them."""
    folder = LOCALE / (language if language != SOURCE else LANGUAGES[1]) / "LC_MESSAGES"
    return [message for path in sorted(folder.glob("*.po")) for message in read_file(path)]


def read_file(path: Path) -> list[Message]:
    """Messages of a gettext file, without its header."""
    with path.open("rb") as file:
        return [message for message in read_po(file) if message.id]
