"""Signs and codes of currencies as they stand beside amounts.

Nothing enters; `CURRENCIES` tells which ISO 4217 codes each sign or code, in lower case, may stand
for. The decision made here: a sign that several currencies share names none of them by itself, but
excludes all others.
"""

from __future__ import annotations

_DOLLARS = ["USD", "HKD", "TWD", "SGD", "AUD", "CAD", "NZD", "MXN", "BRL", "ARS", "CLP", "COP"]
_CODES = """
    AED ARS AUD BDT BGN BHD BRL CAD CHF CLP CNH CNY COP CZK DKK EGP EUR GBP GEL HKD HRK HUF IDR ILS INR ISK JOD JPY KES KRW KWD
    KZT LKR MAD MOP MXN MYR NGN NOK NZD OMR PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TND TRY TWD UAH UYU USD VND ZAR
"""
_CROWNS = ["SEK", "NOK", "DKK", "ISK"]
_RUPEES = ["INR", "PKR", "LKR"]
_SIGNS = {
    "$": _DOLLARS, "¥": ["CNY", "JPY"], "元": ["CNY", "TWD", "HKD"], "圆": ["CNY"], "块": ["CNY"], "rmb": ["CNY"], "人民币": ["CNY"],
    "cnh": ["CNY"], "円": ["JPY"], "日元": ["JPY"], "美元": ["USD"], "欧元": ["EUR"], "英镑": ["GBP"], "港元": ["HKD"], "港币": ["HKD"],
    "us$": ["USD"], "hk$": ["HKD"], "nt$": ["TWD"], "s$": ["SGD"], "a$": ["AUD"], "c$": ["CAD"], "nz$": ["NZD"], "r$": ["BRL"],
    "€": ["EUR"], "euro": ["EUR"], "£": ["GBP", "EGP"], "₹": ["INR"], "rs": _RUPEES, "rs.": _RUPEES, "₩": ["KRW"], "₽": ["RUB"],
    "₺": ["TRY"], "₴": ["UAH"], "฿": ["THB"], "₫": ["VND"], "₪": ["ILS"], "₱": ["PHP"], "₦": ["NGN"], "₸": ["KZT"], "₾": ["GEL"],
    "zł": ["PLN"], "kč": ["CZK"], "ft": ["HUF"], "kr": _CROWNS, "kr.": _CROWNS, "fr.": ["CHF"], "sfr.": ["CHF"],
}  # fmt: skip

CURRENCIES = {code.lower(): frozenset([code]) for code in _CODES.split()} | {
    sign: frozenset(codes) for sign, codes in _SIGNS.items()
}
