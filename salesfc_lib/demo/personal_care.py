"""The personal-care unit: a small one, whose office keeps a workbook with titles, merged cells and subtotals.

Nothing enters; one `Unit` leaves. The decision made here: what this unit sells, to whom, and what happened to it.
"""

from __future__ import annotations

from datetime import date

from salesfc_lib.demo.company import (
    Account,
    Bulk,
    Counts,
    CustomerType,
    Habit,
    Product,
    ProductLine,
    Promotion,
    Region,
    Slip,
    StockOut,
    Tip,
    Unit,
)
from salesfc_lib.demo.seasons import festivals

LINES = (
    ProductLine(
        "电吹风",
        380,
        150,
        (1010, 930, 980, 960, 960, 970, 950, 960, 1020, 1060, 1090, 1110),
        (
            Product("GH-2101", "负离子电吹风", 159),
            Product("GH-2102", "折叠旅行吹风机", 89),
            Product("GH-2103", "高速电吹风", 399),
            Product("GH-2104", "酒店壁挂吹风机", 129),
        ),
    ),
    ProductLine(
        "剃须刀",
        330,
        45,
        (1050, 950, 940, 950, 990, 1080, 970, 960, 970, 990, 1030, 1120),
        (
            Product("GH-2201", "三刀头剃须刀", 199),
            Product("GH-2202", "往复式剃须刀", 329),
            Product("GH-2203", "便携剃须刀", 79),
            Product("GH-2204", "替换刀头", 59),
        ),
    ),
    ProductLine(
        "电动牙刷",
        290,
        220,
        (970, 920, 970, 980, 1000, 1040, 1010, 1010, 1030, 1000, 1030, 1040),
        (
            Product("GH-2301", "声波电动牙刷", 189),
            Product("GH-2302", "儿童电动牙刷", 119),
            Product("GH-2303", "替换刷头4支", 69),
            Product("GH-2304", "冲牙器", 229),
        ),
    ),
)

TYPES = (CustomerType("经销商", "线下", 480, "商贸有限公司"), CustomerType("电商", "线上", 520, "电子商务有限公司"))

REGIONS = (
    Region("华东", 580, 15, ("上海", "杭州", "南京", "无锡", "温州")),
    Region("华南", 420, 0, ("广州", "深圳", "佛山", "福州")),
)

ACCOUNTS = (
    Account("美颜集团", "经销商", "华东", {"电吹风": 210_000, "剃须刀": 160_000}, "徐丽"),
    Account("一号优品", "电商", "华东", {"剃须刀": 180_000, "电动牙刷": 260_000}, "徐丽"),
    Account("星悦百货", "经销商", "华南", {"电吹风": 190_000, "电动牙刷": 120_000}, "徐丽", first="2023-10"),
)

PROMOTIONS = (
    *festivals({"channel": "线上"}, new_year=350, june=900, november=1400),
    Promotion("护牙月", date(2022, 9, 10), date(2022, 9, 30), 450, {"product_line": "电动牙刷"}),
    Promotion("护牙月", date(2023, 9, 10), date(2023, 9, 30), 450, {"product_line": "电动牙刷"}),
    Promotion("护牙月", date(2024, 3, 10), date(2024, 3, 31), 450, {"product_line": "电动牙刷"}),
    Promotion("护牙月", date(2025, 4, 8), date(2025, 4, 28), 450, {"product_line": "电动牙刷"}),
    Promotion("护牙月", date(2026, 3, 9), date(2026, 3, 29), 450, {"product_line": "电动牙刷"}),
    Promotion("护牙月", date(2027, 3, 8), date(2027, 3, 28), 450, {"product_line": "电动牙刷"}),
    Promotion("父亲节剃须季", date(2024, 6, 3), date(2024, 6, 16), 350, {"product_line": "剃须刀"}),
    Promotion("父亲节剃须季", date(2025, 6, 2), date(2025, 6, 15), 350, {"product_line": "剃须刀"}),
    Promotion("秋季造型节", date(2024, 10, 8), date(2024, 10, 27), 400, {"product_line": "电吹风", "region": "华东"}),
    Promotion("秋季造型节", date(2025, 12, 1), date(2025, 12, 20), 400, {"product_line": "电吹风", "region": "华东"}),
    Promotion("秋季造型节", date(2026, 10, 9), date(2026, 10, 28), 400, {"product_line": "电吹风", "region": "华东"}),
)

HABITS = (
    Habit("徐丽", "optimist", "total", {}, (6, 11), 3, 700, ("全年目标不变,按目标上调", "大客户口头承诺追加", "节日气氛好于预期")),
    Habit("高翔", "tinkerer", "product_line", {"product_line": "剃须刀"}, (-3, 3), 2, 500, ("结合门店动销微调", "按周销折算")),
)

TIPS = (
    Tip(
        "何勇",
        "stock_out",
        "line_region",
        {"product_line": "电吹风", "region": "华东"},
        ("2025-08", "2025-09"),
        {"2025-09": -50, "2025-10": -60},
        "电机供应商停产检修,九月中起缺货",
    ),
    Tip(
        "高翔",
        "bulk",
        "bottom",
        {"product_line": "电吹风", "customer_type": "经销商", "region": "华南", "channel": "线下", "key_account": "other"},
        ("2026-03",),
        {"2026-04": 250},
        "连锁酒店一次性采购,已收定金",
    ),
)

PERSONAL_CARE = Unit(
    id="personal-care",
    number=2,
    title="个人护理",
    monthly=3_600_000,
    lines_per_cell=6,
    prefix="GH",
    lines=LINES,
    types=TYPES,
    regions=REGIONS,
    accounts=ACCOUNTS,
    salespeople={"华东": ("马超", "高翔"), "华南": ("郑洁", "罗敏")},
    promotions=PROMOTIONS,
    stock_outs=(StockOut("电吹风", "华东", {"2025-09": 500, "2025-10": 350}, {"2025-09": 14, "2025-10": 19}),),
    bulks=(Bulk("2026-04", {"product_line": "电吹风", "customer_type": "经销商", "region": "华南"}, 2800),),
    slips=(Slip("2024-11", 10, {"product_line": "剃须刀"}), Slip("2025-04", 100, {"product_line": "电动牙刷", "region": "华南"})),
    renames=(),
    counts=Counts(duplicates=9, unreadable=6, samples=8, repeats=4),
    habits=HABITS,
    tips=TIPS,
)
