"""Words for powers of ten, and the one search for them in headers and titles.

Covers words behind digits (万, 亿), words that `units` of a source may name, and those that state
the scale of a whole column ("in thousands", k€, 单位:万元). A word that means nothing else
(thousand, Tsd., Mio., 万元) counts where it stands as a unit; a letter (k, m, t) only beside a
currency or an amount, because elsewhere it is a size, a length or a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

_HAN = {"十": 1, "百": 2, "千": 3, "万": 4, "十万": 5, "百万": 6, "千万": 7, "亿": 8}
_HAN |= {"十亿": 9, "百亿": 10, "千亿": 11, "万亿": 12}
_OLD = str.maketrans("万亿", "萬億")
_FOLDED = str.maketrans("萬億單’‘´`", "万亿单''''")
# Chinese words of ten, in both scripts
POWERS = _HAN | {word.translate(_OLD): power for word, power in _HAN.items()}

_WORDS = {  # that mean a power of ten and nothing else
    3: "thousand,thousands,tausend,tsd,000,000s,000's,milliers,millier,migliaia,duizend,duizenden,"
    "tusen,tusental,tys,tis,miles de,milhar,milhares",
    5: "lakh,lakhs,lac,lacs",
    6: "million,millions,millionen,mio,mln,millones,milioni,milhões,miljoen,miljoner,millioner,"
    "000 000",
    7: "crore,crores",
    9: "billion,billions,mrd,milliarden,milliard,milliards,miliardi,bln",
}
WORDS = {word: power for power, words in _WORDS.items() for word in words.split(",")}
WORDS["000,000"] = 6
LETTERS = {"k": 3, "m": 6, "mn": 6, "mm": 6, "bn": 9}  # beside a currency or an amount
# all of them, with those letters that may be something else (1,000 or a ton)
SCALE_WORDS = frozenset([*WORDS, *LETTERS, "t", "b", *POWERS, *(f"{word}元" for word in POWERS)])
NAMES = {3: "thousand", 4: "wan", 6: "million", 8: "yi", 9: "billion"}  # in a source's `units`
# what a source's `units` may say, and what one of the column's numbers is then worth
UNITS = {"percent": "0.01", "%": "0.01", "wan": "10000", "yi": "100000000"}
UNITS |= {word: str(10**power) for word, power in WORDS.items() if word.isalpha()}
UNITS |= {f"{word}{yuan}": str(10**power) for word, power in POWERS.items() for yuan in ("", "元")}

# columns that a title's scale holds for, and others whose header may state one
MONEY = (
    *("amount", "discount", "tax_amount", "freight", "cost", "profit", "target"),
    *("debit", "credit", "balance"),
)
COUNTS = ("quantity", "price", "stock")


class StatedScale(NamedTuple):
    """A power of ten that a text states, and the words that say it.

    sure: whether the words can mean nothing else; other: the power that they have elsewhere.
    """

    power: int
    words: str
    sure: bool = True
    other: int | None = None

    @property
    def unit(self) -> str:
        """What `units` of a source says for it."""
        return NAMES.get(self.power, str(10**self.power))


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_POWER = "[十百千]?[万亿]|万亿|[十百千]"
_MONEY = r"(?:人民币|美元|美金|港币|港元|欧元|日元|rmb|cny|usd|eur|hkd|gbp|[¥$€£])?\s*"
_YUAN = "(?:元|圆|円|美元|美金|港元|港币|欧元|日元|人民币|rmb|cny|usd|eur)"
_SIGN = r"(?:(?:us|hk|a|c|nt|r|s)?\$|[€£¥₹₩])"
# codes that make no word behind k, t, m; and all codes
_ATTACHED = "eur|euros?|usd|cny|rmb|gbp|chf|hkd|jpy|sek|nok|dkk|pln|czk|huf|inr|kr"
_CODE = (
    rf"(?:{_ATTACHED}|aud|cad|sgd|twd|krw|brl|mxn|zar|try|rub|dollars?|pounds?|sterling|yuan"
    "|kč|zł|ft)"
)
_MONETARY = rf"(?:{_SIGN}|{_CODE}\b)"
_WORD = _any(WORDS)
_LETTER = _any(LETTERS)
_AMOUNT = (
    r"(?:\b(?:amounts?|sales|revenues?|turnover|values?|net|gross|totals?|costs?|prices?"
    r"|profits?|margins?|tax(?:es)?|vat|budgets?"
    r"|targets?|plan|income|discounts?|freight|debits?|credits?|balance|bookings|billings|spend"
    r"|montant|ventes|chiffre|importe|ventas|valor|importo|vendite|fatturato|ricavi|omzet|bedrag"
    r"|belopp|försäljning|omsättning|omsætning|beløb|faturamento|receita|vendas)\b"
    r"|(?:betrag|beträge|umsatz|umsätze|erlöse?|wert|werte|netto|brutto|preis|kosten|gewinn|saldo)\b|[额額入价價本款税稅费費润潤值])"
)
_COUNT = (
    r"(?:\b(?:quantity|qty|units|pieces|pcs|stock|volume|quantité|cantidad|quantità|aantal|antal)\b"
    r"|(?:menge|stück|absatz|anzahl)\b|[数數]?量)"
)
_OTHER = re.compile(
    r"\b(?:weight|size|length|width|height|code|name|id|customer|client|grade|class|kg)\b"
    r"|gewicht|größe|länge|kunde|重量|尺寸|型号|编码|名称|客户"
)
# mil is thousand in Portuguese and Spanish, and short for million in English
_IBERIAN = (
    r"\b(?:importe|ventas?|facturaci[oó]n|ingresos|precio|coste|beneficio|presupuesto|saldo"
    r"|vendas?|faturamento|receitas?|preço|custo|lucro|orçamento|valor|montante)\b"
)
_PESO = r"(?:r\$|\b(?:brl|mxn|ars|clp|cop|pen|reais|pesos|euros)\b)"
_STATED = (  # in this order
    rf"\b(?:em|en)\s+(?:{_MONETARY}\s*)?(?P<mil>mil|miles)\b",
    rf"{_IBERIAN}[^()\[\]]*[(\[]?\s*(?:{_MONETARY}\s*)?(?<!\d\s)\b(?P<mil>mil|miles)\b",
    rf"{_PESO}\s*(?P<mil>mil|miles)\b",
    rf"(?<!\d\s)\b(?P<mil>mil|miles)\s*(?:de\s+)?{_PESO}",
    rf"单位\s*:?\s*{_MONEY}(?P<han>{_POWER})?\s*(?P<yuan>{_YUAN})",
    rf"单位\s*:?\s*{_MONEY}(?P<han>{_POWER})(?!\w)",
    rf"[(\[]\s*{_MONEY}(?P<han>{_POWER})\s*{_YUAN}\s*[)\],]",
    rf"[(\[]\s*(?:单位\s*:?\s*)?{_MONEY}(?P<han>[十百千]?[万亿]|万亿|千)\s*[)\]]",
    rf"(?<![\d.几数两])(?P<han>{_POWER})元(?:为单位|\s*$)",
    r"(?<=[额入价本款税费润值计])(?P<han>[十百千]?[万亿]|千)$",
    r"(?<![\d.,])'000[ ,]?'?(?P<million>000)(?!\w)",
    rf"(?:{_SIGN}|\b{_CODE})\s*'?(?P<word>{_WORD}|{_LETTER}|tr)\b(?!['.,]?\d)",
    rf"{_SIGN}(?P<word>b)\b",
    rf"(?<![\w'])(?P<word>{_WORD})\.?\s*(?:of\s+|de\s+|d'|di\s+|d\s+)?{_MONETARY}",
    rf"(?<![\w'])(?P<letter>{_LETTER})(?:\s*{_SIGN}|\s+{_CODE}\b)",
    rf"(?<![\w'])(?P<letter>[ktm])(?:{_SIGN}|(?:{_ATTACHED})\b)",
    r"\b(?:in|en|i|w|v|em|units?\s*:?(?:\s+of)?|einheit\s*:?|figures?|angaben\s+in)\s*:?\s*"
    rf"(?:{_MONETARY}\s*)?'?(?P<word>{_WORD}|bn)\b(?![.,]?\d)",
    r"\b(?:in|amounts?|values?|figures)\s+(?!a\b|one\b|two\b|of\b)\w+\s+"
    r"(?P<word>thousands?|millions?|billions?)\b",
    rf"[(\[,]\s*(?:in\s+)?(?:(?:{_SIGN}|\w{{3}}\b)\s*)?'?(?P<word>{_WORD})\.?\s*{_MONETARY}?"
    r"\s*[)\]]",
    r"(?<![\d.,\w])'(?P<word>000s?)(?!\w)",
    rf"{_AMOUNT}[^()\[\]]*[(\[]\s*(?:in\s+)?(?P<letter>{_LETTER})\s*[)\]]",
    rf"{_COUNT}[^()\[\]]*[(\[]\s*(?:in\s+)?(?P<letter>k|mn|bn)\s*[)\]]",
    rf"{_AMOUNT}(?:\s+\w+)?\s*[,:/-]?\s+'?(?P<word>{_WORD}|k|mn|bn)\.?$",
    rf"{_AMOUNT}(?:\s+\w+)?\s*[,:/-]?\s+in\s+(?P<letter>{_LETTER})$",
)
_UNSURE = (
    rf"{_MONETARY}\s*'?(?P<word>mil)\b",
    rf"(?<![\w'])(?P<word>mil)\.?\s*(?:of\s+)?{_MONETARY}",
    rf"{_AMOUNT}[^()\[\]]*[(\[]\s*(?:in\s+)?(?P<word>mil)\.?\s*[)\]]",
    rf"{_AMOUNT}(?:\s+\w+)?\s+(?:in\s+)?(?P<word>mil)\.?$",
    rf"{_AMOUNT}[^()\[\]]*[(\[]\s*(?:in\s+)?(?P<letter>[tb])\s*[)\]]",
    rf"{_AMOUNT}(?:\s+\w+)?\s+(?P<letter>m|mm|t|b)$",
)
_LATIN = {**WORDS, **LETTERS, "mil": 6, "t": 3, "b": 9, "tr": 6}


@lru_cache(maxsize=4_000)
def find_scale(text: str) -> StatedScale | None:
    """Power of ten that a title or a header states for its numbers; None where it states none.

    Power 0 says that the numbers are in the unit itself (单位:元).

    >>> texts = ("Amount (k)", "EUR m", "in Tsd. EUR", "金额(万)", "单位:百元")
    >>> [found.power for text in texts if (found := find_scale(text))]
    [3, 6, 3, 4, 2]
    >>> find_scale("Kunde (K)"), find_scale("Size (M)"), find_scale("单位:千克")
    (None, None, None)
    """
    plain = fold(text)
    is_other = _OTHER.search(plain) is not None
    for search, sure in _searches():
        found = search.search(plain)
        if found is None:
            continue
        groups = found.groupdict()
        if groups.get("letter") and is_other and not re.search(_MONETARY, found[0]):
            continue
        other = 3 if groups.get("word") == "mil" else None
        return StatedScale(_find_power(groups), " ".join(found[0].split()), sure, other)
    return None


@cache
def _searches() -> list[tuple[re.Pattern[str], bool]]:
    stated = [(re.compile(pattern), True) for pattern in _STATED]
    return stated + [(re.compile(pattern), False) for pattern in _UNSURE]


def fold(text: str) -> str:
    """Text in lower case, without full-width forms, old forms of 万 and 亿 and curved quotes."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("_", " ")
    return plain.translate(_FOLDED)


def _find_power(groups: dict[str, str | None]) -> int:
    if "han" in groups:
        return POWERS[groups["han"]] if groups["han"] else 0
    if groups.get("million"):
        return 6
    if groups.get("mil"):
        return 3
    return _LATIN[groups.get("word") or groups.get("letter") or ""]
