"""Which encoding explains bytes that are not UTF-8, by the words that they give in each.

Nearly any bytes decode as GB18030 or as a code page of one byte a letter. An encoding of East Asia
counts by the share of its characters that are in common use and do not stand alone within a Latin
word; a code page of one byte by the share of its words that some language of it writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from salesfc_lib.intake.sources.text.lines import try_decode

GOOD = 0.8  # share of an encoding's characters or words that must be usual ones
NEAR = 0.02  # difference of two shares that decides nothing
FEW_WORDS = 1.5  # nor does a difference of so many words between two code pages of one byte,
MANY_WORDS = 30  # but among so many it is a foreign word in the code page that comes first
MOST_BROKEN = 0.2  # share of the lines that may fail to decode
MOST_LINES = 2_000  # lines that are looked at
MANY_HANGUL = 12  # different syllables that are no coincidence: as GB18030 half of them are common
FEW_LETTERS = 5  # different letters of a script of its own that prove nothing
MOST_ACCENTS = 0.75  # share of a Latin word's letters that may be beyond ASCII: Łódź
SHOWN = 4  # candidates that a message shows
KEY = (
    "Export it as UTF-8, or name its encoding in `encoding`; that of one file of several in "
    '`encodings: {"2024.csv": cp1252}`'
)

WIDE = ("gb18030", "big5", "euc_kr", "cp932")  # some characters take two bytes
LETTERS = {  # beyond ASCII, of the languages that a code page is made for
    "cp1252": "German äöüß, French àâçéèêëîïôûüÿœ, Spanish áéíóúñü, Catalan àçéèíïóòúü, "
    "Portuguese áâãàçéêíóôõúü, Italian àèéìòù, Nordic åäöøæéü, Dutch äëïéèöüóíáê, "
    "Icelandic áðéíóúýþæö, Finnish åäöšž",
    "cp1250": "Polish ąćęłńóśźż, Czech áčďéěíňóřšťúůýž, Slovak áäčďéíĺľňóôŕšťúýž, "
    "Hungarian áéíóöőúüű, Romanian ăâîşţ, Croatian čćđšž, German äöüß",
    "cp1254": "Turkish çğıöşüâîi̇",
    "cp1251": "Cyrillic абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґўјљњћџђ",
    "cp1253": "Greek αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
}
LANGUAGES = {
    name: dict(language.split() for language in letters.split(", "))
    for name, letters in LETTERS.items()
}
LANGUAGES |= {
    "iso8859_2": LANGUAGES["cp1250"],
    "cp850": LANGUAGES["cp1252"],
    "mac_roman": LANGUAGES["cp1252"],
}
COMMON = {  # first bytes of the characters in common use
    "gb18030": ((0xA1, 0xA3), (0xB0, 0xD7)),
    "big5": ((0xA1, 0xC6),),
    "euc_kr": ((0xA1, 0xA3), (0xB0, 0xC8)),
    "cp932": ((0x81, 0x83), (0x88, 0x97)),
}
SECOND = {  # first bytes of the others that names and trades need
    "gb18030": ((0xD8, 0xF7),),
    "big5": ((0xC9, 0xF9),),
    "euc_kr": ((0xCA, 0xFD),),
    "cp932": ((0x98, 0x9F), (0xE0, 0xEA)),
}
WHOLE_SCRIPT = ("cp1251", "cp1253")  # their words hold no Latin letter
ONE_BYTE = ("cp1252", "cp1250", "iso8859_2", "cp1254", "cp1251", "cp1253", "cp850", "mac_roman")
CANDIDATES = (WIDE[0], *ONE_BYTE, *WIDE[1:])
UNSETTLED = {frozenset({"cp1252", "cp1254"})}  # Icelandic and Turkish: neither goes first
SIGNS = "€£¥§°²³¹½¼¾«»–—‘’“”„…•™®©·´¿¡\u00a0ªº±×µ"  # that stand in text of Latin letters
HIGH = re.compile(r"[^\x00-\x7f]+")
WORD = re.compile(rf"[^\W\d_{SIGNS}]+")
SIGN = re.compile(rf"(?=[^\x00-\x7f])[\W_{SIGNS}]")
NEVER = {  # where a language does not write a letter that it has
    "Italian": re.compile(r"[ìòù]\w"),  # but at the end of a word
    "Portuguese": re.compile(r"õ(?!e)"),
}
CELL = re.compile(rb'[^,;\t|"\r\n]*[\x80-\xff][^,;\t|"\r\n]*')


class Guess(NamedTuple):
    """The encoding that explains the bytes (None: none does, or several do), and why.

    `shown` is what a cell reads as in each candidate.
    """

    encoding: str | None
    why: str
    shown: tuple[tuple[str, str], ...]  # candidate, sample cell in it; the likeliest first

    def show(self) -> str:
        """The candidates with the sample cell, in words."""
        return ", ".join(f"{name}: '{text}'" for name, text in self.shown[:SHOWN])


class Rated(NamedTuple):
    """A candidate that decodes the lines: known headers, the share of usual words, the texts."""

    name: str
    known: int
    share: float
    texts: list[str]
    words: int


def guess_encoding(
    lines: Iterable[bytes], count_known: Callable[[str], int] = lambda encoding: 0
) -> Guess:
    """Encoding of lines of a file that is not UTF-8; those that are ASCII or UTF-8 do not count.

    `count_known` gives the number of known headers that the file has in an encoding: more of them
    go before any other evidence.

    >>> lines = ["Müller GmbH".encode("cp1252")], ["中国厨具".encode("gb18030")]
    >>> [guess_encoding(each).encoding for each in (*lines, [b"\\xe1\\xbe\\xf0\\xfe"])]
    ['cp1252', 'gb18030', None]
    """
    foreign = (line for line in lines if not line.isascii() and try_decode(line) is None)
    high = list(dict.fromkeys(islice(foreign, MOST_LINES)))
    if not high:
        return Guess(None, "every line that is not ASCII is UTF-8", ())
    found = []
    for name in CANDIDATES:
        texts = [text for line in high if (text := try_decode(line, name)) is not None]
        if len(texts) >= (1 - MOST_BROKEN) * len(high):
            share, words = (_rate_wide if name in WIDE else _rate_words)(name, texts)
            found.append(Rated(name, count_known(name), share, texts, words))
    if not found:
        return Guess(None, "no encoding that is known decodes it", ())
    found.sort(key=lambda item: (-item.known, -item.share))
    best = _choose(found)
    peers = [item for item in found if item.known == best.known and item.texts != best.texts]
    rivals = [item.name for item in peers if _is_open(best, item)]
    ranked = [item.name for item in found]
    ranked.sort(key=lambda name: (name != best.name, name not in rivals))
    cells = [cell.strip() for line in high[:200] for cell in CELL.findall(line)]
    cell = next((each for each in cells if re.search(rb"[A-Za-z]", each)), cells[0])[:60]
    read = [(name, text) for name in ranked if (text := try_decode(cell, name)) is not None]
    first = {text: name for name, text in reversed(read)}
    shown = tuple((name, text) for name, text in read if first[text] == name)
    if rivals:
        return Guess(None, "several encodings explain it", shown)
    others = max((item.known for item in found if item.name != best.name), default=0)
    if best.share < GOOD and best.known <= others:
        return Guess(None, "no encoding gives words of a language", shown)
    what = "characters are common ones" if best.name in WIDE else "words are those of a language"
    why = f"it is not UTF-8, and {best.share:.0%} of its {what} in {best.name}"
    return Guess(best.name, why, shown)


def _rate_wide(name: str, texts: Sequence[str]) -> tuple[float, int]:
    """Share of the distinct characters beyond ASCII that are common, and their number.

    One that stands alone within a Latin word counts as uncommon.
    """
    usual: dict[str, float] = {}
    for text in texts:
        for run in HIGH.finditer(text):
            before, after = text[run.start() - 1 : run.start()], text[run.end() : run.end() + 1]
            between = before.isalpha() and after.isalpha()
            alone = len(run[0]) == 1 and (between or run[0].encode(name)[-1:].isascii())
            for sign in run[0]:
                usual[sign] = 0.0 if alone else min(usual.get(sign, 1.0), _rate_sign(sign, name))
    return (sum(usual.values()) / len(usual) if usual else 0.0), len(usual)


@lru_cache(maxsize=50_000)
def _rate_sign(sign: str, name: str) -> float:
    """1 for a character in the encoding's list of common ones, 0.5 in its second list, else 0.

    The first list of GB 2312 holds 3,755 characters by sound, the second 3,008; Hangul and kana all
    count as common.
    """
    pair = sign.encode(name)
    if len(pair) != 2:
        return 0.0
    lead, trail = pair
    if name == "gb18030" and trail < 0xA1:
        return 0.0
    for lists, rate in ((COMMON, 1.0), (SECOND, 0.5)):
        if any(first <= lead <= last for first, last in lists[name]):
            return rate
    return 0.0


def _rate_words(name: str, texts: Sequence[str]) -> tuple[float, int]:
    """Share of the distinct words and signs beyond ASCII that its languages write; their number."""
    words = {word for text in texts for word in WORD.findall(text) if not word.isascii()}
    signs: dict[str, bool] = {}
    for text in texts:
        for found in SIGN.finditer(text):
            sign, before = found[0], text[found.start() - 1 : found.start()]
            within = before.isalpha() and text[found.end() : found.end() + 1].isalpha()
            fits = sign in SIGNS and (not within or sign in "’·´")
            signs[sign] = signs.get(sign, True) and fits
    usual = [_is_written(word, name) for word in words] + [*signs.values()]
    share = sum(usual) / len(usual) if usual else 0.0
    letters = {letter for word in words for letter in word.lower()}
    is_weak = name in WHOLE_SCRIPT and len(letters) < FEW_LETTERS
    if is_weak or not (words or name == ONE_BYTE[0]):
        share /= 2
    return share, len(usual)


def _is_written(word: str, name: str) -> bool:
    """Whether a language of the code page writes the word."""
    if any(_breaks_case(word, place) for place in range(1, len(word))):
        return False
    lower = word.replace("İ", "i̇").lower()
    letters = {letter for letter in lower if not letter.isascii()}
    languages = LANGUAGES[name].items()
    if name in WHOLE_SCRIPT:
        whole = all(not letter.isascii() for letter in lower)
        return whole and any(letters <= set(known) for _, known in languages)
    if len(word) == 1 and name != ONE_BYTE[0]:
        return False
    if sum(not letter.isascii() for letter in lower) > max(1, MOST_ACCENTS * len(lower)):
        return False
    return any(
        letters <= set(known) and not (language in NEVER and NEVER[language].search(lower))
        for language, known in languages
    )


def _breaks_case(word: str, place: int) -> bool:
    """Whether a letter beyond ASCII is a capital behind a small one, or small behind capitals."""
    letter, before = word[place], word[:place]
    if letter.isascii() or letter == "ß":
        return False
    return (letter.isupper() and before[-1].islower()) or (
        letter.islower() and len(before) > 1 and before[-2:].isupper()
    )


def _choose(found: Sequence[Rated]) -> Rated:
    """The best candidate.

    Of the code pages of one byte, the first in `CANDIDATES` that is nearly as good as the best.
    Korean where each of many characters is Hangul: as GB18030 they are common Chinese ones too.
    """
    best = found[0]
    is_wide = best.name in WIDE
    peers = [item for item in found if item.known == best.known]
    peers = [item for item in peers if (item.name in WIDE) == is_wide]
    if is_wide:
        korean = next((item for item in peers if item.name == "euc_kr" and item.share == 1.0), best)
        hangul = {sign for text in korean.texts for sign in text if sign >= "\uac00"}
        return korean if len(hangul) >= MANY_HANGUL else best
    odd = FEW_WORDS if best.words >= MANY_WORDS else 0.0
    near = [
        item
        for item in peers
        if item.share == best.share or (best.share - item.share) * best.words < odd
    ]
    return min(near, key=lambda item: CANDIDATES.index(item.name))


def _is_open(best: Rated, other: Rated) -> bool:
    """Whether evidence for both decides nothing.

    That is so if they are as good, between East Asia and Europe and where no order is fair; and if
    they are nearly as good, where a code page that comes first fits all but a word.
    """
    is_mixed = (best.name in WIDE) != (other.name in WIDE)
    if is_mixed or frozenset({best.name, other.name}) in UNSETTLED:
        return other.share >= best.share - NEAR
    if best.name in WIDE or CANDIDATES.index(other.name) > CANDIDATES.index(best.name):
        return False
    return other.share >= GOOD and (best.share - other.share) * best.words < FEW_WORDS
