"""Units that an export states in words, above its header or in it: thousands, 万元.

A source and its extract enter; nothing leaves but an error. The decision made here: a figure that is a thousand times too
small is never passed over. Where an export states a unit of money, its source has to declare the same one.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.schema import Source
from salesfc_lib.sources import Extract

WORDS = {"": 1, "百": 100, "千": 1_000, "万": 10_000, "十万": 100_000, "百万": 1_000_000, "千万": 10_000_000, "亿": 100_000_000}
ENGLISH = {"thousand": 1_000, "000": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_MONEY = r"(?:人民币|美元|港币|港元|欧元|rmb|cny|usd|eur|hkd|gbp|[¥$€£])?\s*"
_CHINESE = re.compile(
    rf"(?:单位|單位)\s*[:：]?\s*{_MONEY}([十百千]?[万萬亿億]|[百千])?\s*元|[(（\[]\s*{_MONEY}([十百千]?[万萬亿億]|[百千])元\s*[)）\]]"
)
_ENGLISH = re.compile(
    rf"(?:\bin|\bunits?\s*[:：]?(?:\s+of)?|[(\[,])\s*{_MONEY}(?:(thousand|million|billion)s?\b|['’]?(000)s?\b)|\b(k)\s*[€$£¥]|\bt(?:€|eur\b)"
)


def refuse_stated_unit(name: str, source: Source, extract: Extract) -> None:
    """Raise `SalesForecastError` where an export states a unit of its amounts that the source does not declare."""
    if "amount" not in source.columns:
        return
    declared = source.units.get("amount", Decimal(1))
    for file in extract.files:
        for text in [*file.get("titles", ()), source.columns["amount"]]:
            stated = find_stated_unit(str(text))
            if stated is not None and stated != declared:
                raise SalesForecastError.say(
                    f"'{file['path']}' states a unit in '{str(text)[:60]}', which makes one of its amounts {stated:,}; "
                    + (
                        f"`sources.{name}.units` says {declared:f}"
                        if "amount" in source.units
                        else f"source '{name}' declares none"
                    ),
                    "A declared unit that is the stated one",
                    f"Set `sources.{name}.units: {{amount: {stated}}}`, or correct the export",
                )


def find_stated_unit(text: str) -> int | None:
    """How much one of the amounts is worth by what a title or a header says; None where it says nothing.

    >>> [find_stated_unit(text) for text in ("单位：万元", "金额(千元)", "单位：元", "Sales in thousands", "Net (€ '000)", "T€", "北京市")]
    [10000, 1000, 1, 1000, 1000, 1000, None]
    """
    plain = unicodedata.normalize("NFKC", text).lower().replace("萬", "万").replace("億", "亿")
    if found := _CHINESE.search(plain):
        return WORDS[found[1] or found[2] or ""]
    if found := _ENGLISH.search(plain):
        return ENGLISH[next((word for word in found.groups() if word and word != "k"), "thousand")]
    return None
