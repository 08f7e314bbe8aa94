"""Signs and codes of currencies as they stand beside amounts.

A sign that several currencies share names none of them by itself, but excludes all others.
"""

from __future__ import annotations

_CODES = """
    AED ARS AUD BDT BGN BHD BRL CAD CHF CLP CNH CNY COP CZK DKK EGP EUR GBP GEL HKD HRK HUF IDR
    ILS INR ISK JOD JPY KES KRW KWD KZT LKR MAD MOP MXN MYR NGN NOK NZD OMR PEN PHP PKR PLN QAR
    RON RSD RUB SAR SEK SGD THB TND TRY TWD UAH UYU USD VND ZAR
"""
_SIGNS = """
    $ USD HKD TWD SGD AUD CAD NZD MXN BRL ARS CLP COP | us$ USD | hk$ HKD | nt$ TWD | s$ SGD
    a$ AUD | c$ CAD | nz$ NZD | r$ BRL | € EUR | euro EUR | £ GBP EGP | ₹ INR | rs INR PKR LKR
    rs. INR PKR LKR | ₩ KRW | ₽ RUB | ₺ TRY | ₴ UAH | ฿ THB | ₫ VND | ₪ ILS | ₱ PHP | ₦ NGN
    ₸ KZT | ₾ GEL | zł PLN | kč CZK | ft HUF | kr SEK NOK DKK ISK | kr. SEK NOK DKK ISK
    fr. CHF | sfr. CHF | ¥ CNY JPY | 元 CNY TWD HKD | 圆 CNY | 块 CNY | rmb CNY | 人民币 CNY
    cnh CNY | 円 JPY | 日元 JPY | 美元 USD | 欧元 EUR | 英镑 GBP | 港元 HKD | 港币 HKD
"""
_ENTRIES = [entry.split() for line in _SIGNS.splitlines() for entry in line.split("|")]

# ISO 4217 codes that a sign or a code, in lower case, may stand for
CURRENCIES = {code.lower(): frozenset([code]) for code in _CODES.split()} | {
    entry[0]: frozenset(entry[1:]) for entry in _ENTRIES if entry
}
