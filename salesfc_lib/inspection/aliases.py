"""What the headers and words of exports mean, by this project's names.

The words of the library's and the project's `parameters/aliases.yml`; the project's come first and
never replace the others. A header is known where it is an alias but for case, accents, spaces,
punctuation and brackets, and near where it only ends with one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import read_yaml, resources, scales
from salesfc_lib.intake import CURRENCIES, split_header, strip_header

FILE = Path("parameters") / "aliases.yml"
LISTS = ("nulls", "subtotals", "others", "whole")  # what the file may hold, beside the roles
GROUPS = ("columns", "values", "meanings", "kinds", "steps")
ROLES = "roles"
OPPOSITES = {"with_tax": "without_tax", "before_discount": "after_discount"}
OPPOSITES |= {meant: other for other, meant in OPPOSITES.items()}
# what may follow a known word without changing what it means: Sales EUR, Amount LC
AFTER = frozenset([*CURRENCIES, "lc", "local", "total", "sum", "value", "in", "en", "em"])
# and where the header states a scale: Sales in thousands of euros, Umsatz TEUR
STATING = scales.SCALE_WORDS | {letter + code for letter in "ktm" for code in CURRENCIES}
STATING |= {"in", "of", "en", "em", "de", "d", "us", "euros", "mil", "miles", "r", "reais"}
_YUAN = re.compile(f"(?:{'|'.join(sorted(scales.POWERS, key=len, reverse=True))})元?$")
GERMAN = ("datum", "menge", "betrag", "umsatz", "kunde", "artikel")  # ends of compound words
LONG = 4  # letters from which a word counts inside a longer one, too: `rma` is no part of `format`
_CHINESE = re.compile(r"[\u3040-\u9fff]")


@dataclass(frozen=True)
class Hit:
    """A name that a header may mean: by which alias, its place among the aliases of that name, and
    whether it is that alias.
    """

    name: str
    alias: str
    rank: int
    exact: bool


@dataclass(frozen=True)
class Aliases:
    """Words by what they mean; see `parameters/aliases.yml` for each block."""

    columns: Mapping[str, Sequence[str]]
    values: Mapping[str, Sequence[str]]
    meanings: Mapping[str, Sequence[str]]
    kinds: Mapping[str, Sequence[str]]
    steps: Mapping[str, Sequence[str]]
    nulls: Sequence[str]
    subtotals: Sequence[str]
    others: Sequence[str]
    whole: Sequence[str]
    roles: Mapping[str, Mapping[str, Any]]

    @cached_property
    def _by_plain(self) -> Mapping[str, list[Hit]]:
        found: dict[str, list[Hit]] = {}
        for name, words in self.columns.items():
            for rank, alias in enumerate(words):
                hits = found.setdefault(strip_header(alias), [])
                if all(hit.name != name for hit in hits):
                    hits.append(Hit(name, alias, rank, True))
        return found

    @cached_property
    def _endings(self) -> Sequence[tuple[str, Hit]]:
        """Aliases that a header may end with, the longest first."""
        whole = {*map(strip_header, self.whole)}
        hits = [
            (key, hit)
            for key, hits in self._by_plain.items()
            for hit in hits
            if len(key) >= (2 if _is_chinese(key) else 3) and key not in whole
        ]
        return sorted(hits, key=lambda pair: -len(pair[0]))

    def find(self, header: str) -> list[Hit]:
        """Names of which the header is an alias, or a spelling of one with more before it; empty
        where nothing is known of it.
        """
        return list(self._by_plain.get(strip_header(header), ())) or list(self._find_near(header))

    def knows(self, header: str) -> bool:
        """Whether the header is an alias."""
        return strip_header(header) in self._by_plain

    def count_known(self, headers: Sequence[str]) -> int:
        """Number of the headers that are aliases; one with a quote left in it is half a header."""
        return sum(self.knows(header) for header in headers if '"' not in header)

    def means(self, text: str, meaning: str) -> str | None:
        """The longest word of a meaning in the text, unless a longer one of its opposite is
        there.
        """
        mine = _longest(text, self.meanings[meaning])
        theirs = _longest(text, self.meanings[OPPOSITES[meaning]])
        return mine if mine and len(mine) >= len(theirs or "") else None

    def list_words(self, text: str, role: str) -> list[str]:
        """Words of a role that a header or a file's name says; short ones as words of their own."""
        words = split_header(re.sub(r"[()\[\]<>（）【】]", " ", text))
        spaced = " ".join(words)

        def stands(word: str) -> bool:
            plain = " ".join(split_header(word))
            is_short = len(plain) < LONG and not _is_chinese(plain)
            return plain in words if is_short else plain in spaced

        return [word for word in self.roles.get(role, {}).get("words", ()) if stands(word)]

    def kind_of(self, value: str, role: str = "orders") -> str:
        """Sale, return or adjustment, of open orders a purchase too; '' where it is not known."""
        key = strip_header(value)
        kinds = [each for each in self.kinds if each != "purchase" or role == "open_orders"]
        known = (kind for kind in kinds if key in map(strip_header, self.kinds[kind]))
        return next(known, "")

    def step_of(self, header: str) -> str:
        """What a header that ends with a number counts: day, week or month; '' for none of them."""
        key = strip_header(header).rstrip("0123456789")
        known = (step for step, words in self.steps.items() if key in map(strip_header, words))
        return next(known, "")

    def _find_near(self, header: str) -> Iterator[Hit]:
        key, words = strip_header(header), split_header(header)
        others = {word.casefold() for word in self.others}
        if others & {*words} or any(
            strip_header(word) in key for word in others if _is_chinese(word)
        ):
            return
        after = AFTER if scales.find_scale(header) is None else AFTER | STATING
        while len(words) > 1 and (words[-1] in after or words[-1].isdigit()):
            words = words[:-1]
        words = words if after is AFTER else [_YUAN.sub("", word) or word for word in words]
        key, seen = "".join(words), set()
        for ending, hit in self._endings:
            ends = {"".join(words[place:]) for place in range(len(words))}
            whole = ending in ends or ending in GERMAN or _is_chinese(ending)
            if key.endswith(ending) and whole and hit.name not in seen:
                seen.add(hit.name)
                yield Hit(hit.name, hit.alias, hit.rank, False)


def read_aliases(project: Path | None = None) -> Aliases:
    """Aliases of the library, with those of the project, if it has any, before them.

    Raises `SalesForecastError` for a block or a name of role that does not exist, and for words
    that are no texts.
    """
    tree = _read_shipped()
    own = project / FILE if project is not None else None
    if own is not None and own.exists() and own.resolve() != resources.ALIASES:
        tree = _put_before(_check(own), tree)
    return Aliases(**tree)


def _is_chinese(text: str) -> bool:
    return _CHINESE.search(text) is not None


def _longest(text: str, words: Sequence[str]) -> str | None:
    """The longest of the words in a text; those of Latin letters stand as words of their own."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    spaced = f" {' '.join(split_header(re.sub('[()]', ' ', text)))} "

    def stands(word: str) -> bool:
        if _is_chinese(word):
            return word.casefold() in folded
        return f" {' '.join(split_header(word))} " in spaced

    return max(filter(stands, words), key=len, default=None)


@cache
def _read_shipped() -> dict[str, Any]:
    return _check(resources.ALIASES)


def _check(path: Path) -> dict[str, Any]:
    tree = read_yaml(path)
    for key, block in tree.items():
        if key not in (*LISTS, *GROUPS, ROLES):
            raise SalesForecastError.unknown_key(key, [*LISTS, *GROUPS, ROLES], f"'{path}'")
        groups = {key: block} if key in LISTS else block
        if key != ROLES and not (
            isinstance(groups, dict) and all(_are_words(words) for words in groups.values())
        ):
            raise SalesForecastError.of(
                f"`{key}` in '{path}' is not a list of words",
                "`name: [word, word]`",
                "Put words in quotes that YAML reads as something else, such as 0 or no",
            )
    return tree


def _are_words(words: object) -> bool:
    return isinstance(words, list) and all(isinstance(word, str) and word.strip() for word in words)


def _put_before(own: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(known)
    for key, block in own.items():
        if isinstance(block, list):
            merged[key] = [*block, *known.get(key, [])]
        elif key == ROLES:
            merged[key] = {**known[key], **block}
        else:
            merged[key] = {
                name: [*block.get(name, []), *known[key].get(name, [])]
                for name in {**known[key], **block}
            }
    return merged
