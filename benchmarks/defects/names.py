"""Names that have broken other people's programs, and must pass through this one untouched.

Nothing enters; lists leave. Each name is a member of its own. Two that look alike are two; none is
a null, a number, a date, a formula or a header.
"""

from __future__ import annotations

NAUGHTY = (
    "null", "NULL GmbH", "Null, Søren", "NaN", "nan", "None", "nil", "undefined", "TRUE", "true",
    "False", "inf", "-Infinity", "0", "007", "00123", "123", "1e5", "1E5", "3E08", "0x1F",
    "1_000", "1.0", "1,5", "½", "٣", "Ⅷ", "2024-01-01", "12:30", "3/4", "MAR1", "=cmd()", "=1+1",
    "+49 30", "-x", "@home", "%s%n", "{name}", "${HOME}", "O'Neil & Söhne", 'Say "hi"',
    "'quoted'", "a,b", "a;b", "tab-less|pipe", "back\\slash", "C:\\new", "/etc/passwd", "../up",
    "Robert'); DROP TABLE orders;--", "1 OR 1=1", "<script>alert(1)</script>", "<b>bold</b>",
    "&amp;", "&lt;", "<!--", "#REF Tools", "#1 Store", "N/A Trading", "Total", "Total Tools",
    "合计贸易", "小计公司", "Grand Total Ltd", "田中さん", "데이터", "Ωmega", "Ńőñ-ÅSCII",
    "Zażółć", "İstanbul", "ISTANBUL", "istanbul", "straße", "STRASSE", "ﬁne", "fine",
    "شركة المبيعات", "\u200fעברית\u200f", "\u202eright\u202c", "👩‍👩‍👧 家", "🇨🇳", "😀", "😀😀",
    "👍🏽", "👍", "caf\u00e9", "cafe\u0301", "\u1e9b\u0323", "zero\u200bwidth", "zerowidth",
    "zero\u200dwidth", "soft\u00adhyphen", "softhyphen", "no\u00a0break", "no break",
    "full　width", "ＡＢＣ", "ABC", "abc", "𠮷野家", "吉野家", "锟斤拷", "浜哄伐", "鑫淼",
    "銀行", "银行", "very long " + "长" * 300, ".", "-", "--", "?", "*", "…", "—",
)  # fmt: skip

# members that read like something else in plain exports: customers, products, regions
TRICKY_CUSTOMERS = (
    "Total",
    "合计贸易",
    "NULL Systems",
    "1e5",
    "Müller & Söhne",
    "鑫源 浙江",
    "00731",
    'O\'Brien, "The" Store',
)
TRICKY_PRODUCTS = ("3E8", "REF#12", "0042", "P-1.234", "2024-01", "CR-7", "万利 50%")
TRICKY_REGIONS = ("NA", "华东", "South", "西南")

PLAIN_CUSTOMERS = (
    "远大商贸",
    "金桥百货",
    "Baker Stores",
    "北辰连锁",
    "Northwind",
    "惠民超市",
    "Lin & Co",
    "青山贸易",
)
PLAIN_PRODUCTS = ("电饭煲", "Kettle", "保温杯", "Blender", "台灯", "Fan")
PLAIN_REGIONS = ("华东", "华南", "North", "West")
