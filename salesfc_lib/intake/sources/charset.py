"""Which encoding explains bytes that are not UTF-8, by the words that they give in each.

Lines enter; a `Guess` leaves. Nearly any bytes decode as GB18030 or as a code page of one byte a letter, so decoding alone proves
nothing. An encoding of East Asia counts by the share of its characters that are in common use and do not stand alone
within a Latin word; a code page of one byte counts by the share of its words that some language of it writes. The run, `inspect`,
`init` and hand-written files all ask here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

GOOD = 0.8  # share of an encoding's characters or words that must be usual ones
NEAR = 0.02  # difference of two shares that decides nothing
FEW_WORDS = 1.5  # nor does a difference of so many words between two code pages of one byte,
MANY_WORDS = 30  # but among so many it is a foreign word in the code page that comes first
MOST_BROKEN = 0.2  # share of the lines that may fail to decode
MOST_LINES = 2_000  # lines that are looked at
MANY_HANGUL = 12  # different syllables that are no coincidence: half of the common Chinese characters read as one
FEW_LETTERS = (
    5  # different letters of a script of its own that prove nothing: any two bytes are some
)
MOST_ACCENTS = 0.75  # share of a Latin word's letters that may be beyond ASCII: Łódź
SHOWN = 4  # candidates that a message shows
KEY = 'Export it as UTF-8, or name its encoding in `encoding`; that of one file of several in `encodings: {"2024.csv": cp1252}`'

WIDE = ("gb18030", "big5", "euc_kr", "cp932")  # some characters take two bytes
LANGUAGES = {  # letters beyond ASCII of the languages that a code page is made for
    "cp1252": {
        "German": "äöüß", "French": "àâçéèêëîïôûüÿœ", "Spanish": "áéíóúñü", "Catalan": "àçéèíïóòúü", "Portuguese": "áâãàçéêíóôõúü",
        "Italian": "àèéìòù", "Nordic": "åäöøæéü", "Dutch": "äëïéèöüóíáê", "Icelandic": "áðéíóúýþæö", "Finnish": "åäöšž",
    },
    "cp1250": {
        "Polish": "ąćęłńóśźż", "Czech": "áčďéěíňóřšťúůýž", "Slovak": "áäčďéíĺľňóôŕšťúýž", "Hungarian": "áéíóöőúüű",
        "Romanian": "ăâîşţ", "Croatian": "čćđšž", "German": "äöüß",
    },
    "cp1254": {"Turkish": "çğıöşüâîi̇"},
    "cp1251": {"Cyrillic": "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґўјљњћџђ"},
    "cp1253": {"Greek": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"},
}  # fmt: skip
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
LANGUAGES |= {
    "iso8859_2": LANGUAGES["cp1250"],
    "cp850": LANGUAGES["cp1252"],
    "mac_roman": LANGUAGES["cp1252"],
}
WHOLE_SCRIPT = ("cp1251", "cp1253")  # their words hold no Latin letter
CANDIDATES = (
    "gb18030",
    "cp1252",
    "cp1250",
    "iso8859_2",
    "cp1254",
    "cp1251",
    "cp1253",
    "cp850",
    "mac_roman",
    *WIDE[1:],
)
UNSETTLED = {
    frozenset({"cp1252", "cp1254"})
}  # Icelandic and Turkish: neither goes before the other
SIGNS = "€£¥§°²³¹½¼¾«»–—‘’“”„…•™®©·´¿¡\u00a0ªº±×µ"  # that stand in text of Latin letters
HIGH = re.compile(r"[^\x00-\x7f]+")
WORD = re.compile(rf"[^\W\d_{SIGNS}]+")
SIGN = re.compile(rf"(?=[^\x00-\x7f])[\W_{SIGNS}]")
FINAL = re.compile(
    r"[ìòù]\w"
)  # Italian bears an accent on the last letter only; Catalan has ò within
CELL = re.compile(rb'[^,;\t|"\r\n]*[\x80-\xff][^,;\t|"\r\n]*')


class Guess(NamedTuple):
    """The encoding that explains the bytes (None: none does, or several do), why, and what a cell reads as in each candidate."""

    encoding: str | None
    why: str
    shown: tuple[tuple[str, str], ...]  # candidate, sample cell in it; the likeliest first

    def show(self) -> str:
        """The candidates with the sample cell, in words."""
        return ", ".join(f"'{text}' in {name}" for name, text in self.shown[:SHOWN])


class Found(NamedTuple):
    """A candidate that decodes the lines: known headers in it, the share that is usual, and the lines as text."""

    name: str
    known: int
    share: float
    texts: list[str]
    words: int


def guess_encoding(
    lines: Iterable[bytes], count_known: Callable[[str], int] = lambda encoding: 0
) -> Guess:
    """Encoding of lines of a file that is not UTF-8; plain ASCII lines and those that are UTF-8 do not count.

    `count_known` gives the number of known headers that the file has in an encoding: more of them go before any other evidence.

    >>> guess_encoding(["Müller GmbH".encode("cp1252")]).encoding, guess_encoding(["中国厨具".encode("gb18030")]).encoding
    ('cp1252', 'gb18030')
    >>> guess_encoding([b"\\xe1\\xbe\\xf0\\xfe"]).encoding is None
    True
    """
    foreign = (line for line in lines if not line.isascii() and _decode(line, "utf-8") is None)
    high = list(dict.fromkeys(islice(foreign, MOST_LINES)))
    if not high:
        return Guess(None, "every line that is not ASCII is UTF-8", ())
    found = []
    for name in CANDIDATES:
        texts = [text for line in high if (text := _decode(line, name)) is not None]
        if len(texts) >= (1 - MOST_BROKEN) * len(high):
            share, words = (_rate_wide if name in WIDE else _rate_words)(name, texts)
            found.append(Found(name, count_known(name), share, texts, words))
    if not found:
        return Guess(None, "no encoding that is known decodes it", ())
    found.sort(key=lambda item: (-item.known, -item.share))
    best = _choose(found)
    rivals = [
        item.name
        for item in found
        if item.known == best.known and item.texts != best.texts and _is_open(best, item)
    ]
    ranked = sorted(
        (item.name for item in found), key=lambda name: (name != best.name, name not in rivals)
    )
    cell = _find_cell(high)
    read = {text: name for name in reversed(ranked) if (text := _decode(cell, name)) is not None}
    shown = tuple(
        sorted(
            ((name, text) for text, name in read.items()), key=lambda pair: ranked.index(pair[0])
        )
    )
    if rivals:
        return Guess(None, "several encodings explain it", shown)
    if best.share < GOOD and best.known <= max(
        (item.known for item in found if item.name != best.name), default=0
    ):
        return Guess(None, "no encoding gives words of a language", shown)
    what = "characters are common ones" if best.name in WIDE else "words are those of a language"
    return Guess(
        best.name, f"it is not UTF-8, and {best.share:.0%} of its {what} in {best.name}", shown
    )


def _rate_wide(name: str, texts: Sequence[str]) -> tuple[float, int]:
    """Share of the distinct characters beyond ASCII that are common and do not stand alone within a Latin word; their number."""
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
    """1 for a character that its encoding lists among the common ones, 0.5 for one of its second list, 0 for any other.

    The first list of GB 2312 holds 3,755 characters by sound, the second 3,008; Hangul and kana all count as common.
    """
    pair = sign.encode(name)
    if len(pair) != 2:
        return 0.0
    lead, trail = pair
    if name == "gb18030" and trail < 0xA1:
        return 0.0
    return float(any(first <= lead <= last for first, last in COMMON[name])) or 0.5 * any(
        first <= lead <= last for first, last in SECOND[name]
    )


def _rate_words(name: str, texts: Sequence[str]) -> tuple[float, int]:
    """Share of the distinct words and signs beyond ASCII that a language of the code page writes; their number."""
    words = {word for text in texts for word in WORD.findall(text) if not word.isascii()}
    fits = [_is_written(word, name) for word in words]
    signs: dict[str, bool] = {}
    for text in texts:
        for found in SIGN.finditer(text):
            before, after = (
                text[found.start() - 1 : found.start()],
                text[found.end() : found.end() + 1],
            )
            within = before.isalpha() and after.isalpha() and found[0] not in "’·´"
            signs[found[0]] = signs.get(found[0], True) and found[0] in SIGNS and not within
    fits += signs.values()
    share = sum(fits) / len(fits) if fits else 0.0
    few = (
        name in WHOLE_SCRIPT
        and len({letter for word in words for letter in word.lower()}) < FEW_LETTERS
    )
    return (share / 2 if few or not (words or name == CANDIDATES[1]) else share), len(fits)


def _is_written(word: str, name: str) -> bool:
    """Whether a language of the code page writes the word."""
    if any(_breaks_case(word, place) for place in range(1, len(word))):
        return False
    lower = word.replace("İ", "i̇").lower()
    letters = {letter for letter in lower if not letter.isascii()}
    if name in WHOLE_SCRIPT:
        return all(not letter.isascii() for letter in lower) and any(
            letters <= set(known) for known in LANGUAGES[name].values()
        )
    if len(word) == 1 and name != CANDIDATES[1]:
        return False
    if sum(not letter.isascii() for letter in lower) > max(1, MOST_ACCENTS * len(lower)):
        return False
    return any(
        letters <= set(known) and _allows(language, lower)
        for language, known in LANGUAGES[name].items()
    )


def _allows(language: str, word: str) -> bool:
    """Places where a language does not write a letter that it has."""
    if language == "Italian":
        return FINAL.search(word) is None
    return language != "Portuguese" or "õ" not in word.replace("õe", "")


def _breaks_case(word: str, place: int) -> bool:
    """Whether a letter beyond ASCII is a capital behind a small letter, or a small one behind two capitals."""
    letter, before = word[place], word[:place]
    if letter.isascii() or letter == "ß":
        return False
    return (letter.isupper() and before[-1].islower()) or (
        letter.islower() and len(before) > 1 and before[-2:].isupper()
    )


def _choose(found: Sequence[Found]) -> Found:
    """The best candidate, but for two cases: Korean where each of many characters is Hangul, which as GB18030 are common Chinese
    characters too; and of the code pages of one byte the first in `CANDIDATES` that is nearly as good as the best."""
    best = found[0]
    peers = [
        item
        for item in found
        if item.known == best.known and (item.name in WIDE) == (best.name in WIDE)
    ]
    if best.name not in WIDE:
        odd = FEW_WORDS if best.words >= MANY_WORDS else 0.0
        near = [
            item
            for item in peers
            if item.share == best.share or (best.share - item.share) * best.words < odd
        ]
        return min(near, key=lambda item: CANDIDATES.index(item.name))
    korean = next((item for item in peers if item.name == "euc_kr" and item.share == 1.0), best)
    hangul = {sign for text in korean.texts for sign in text if sign >= "\uac00"}
    return korean if len(hangul) >= MANY_HANGUL else best


def _is_open(best: Found, other: Found) -> bool:
    """Whether evidence for both decides nothing: as good between East Asia and Europe and where no order is fair, and nearly as
    good where a code page that comes first fits all but a word."""
    if (best.name in WIDE) != (other.name in WIDE) or frozenset(
        {best.name, other.name}
    ) in UNSETTLED:
        return other.share >= best.share - NEAR
    comes_first = (
        CANDIDATES.index(other.name) < CANDIDATES.index(best.name) and best.name not in WIDE
    )
    return (
        comes_first and other.share >= GOOD and (best.share - other.share) * best.words < FEW_WORDS
    )


def _find_cell(lines: Sequence[bytes]) -> bytes:
    """A cell that shows the encoding: the first with a letter, else the first."""
    cells = [cell.strip() for line in lines[:200] for cell in CELL.findall(line)]
    return next((cell for cell in cells if re.search(rb"[A-Za-z]", cell)), cells[0])[:60]


def _decode(line: bytes, encoding: str) -> str | None:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        return None
