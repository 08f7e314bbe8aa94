"""The cleaning-appliance unit: a small one, whose web shop keeps a database with gross prices and discounts.

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
        "吸尘器",
        560,
        100,
        (1080, 900, 970, 980, 990, 980, 930, 940, 980, 1030, 1080, 1140),
        (
            Product("VC310", "手持吸尘器", 359),
            Product("VC320", "卧式吸尘器", 279),
            Product("VC330", "除螨仪", 219),
            Product("VC340", "扫地机器人", 899),
            Product("VC390", "滤网套装", 49),
        ),
    ),
    ProductLine(
        "拖把",
        440,
        190,
        (1060, 940, 1000, 1020, 1010, 980, 940, 950, 980, 1010, 1030, 1080),
        (
            Product("MP110", "平板拖把", 69),
            Product("MP120", "旋转拖把桶", 99),
            Product("MP130", "电动拖把", 389),
            Product("MP190", "替换拖布3片", 29),
        ),
    ),
)

TYPES = (CustomerType("经销商", "线下", 450, "商行"), CustomerType("电商", "线上", 550, "电商有限公司"))

REGIONS = (
    Region("华东", 430, 0, ("上海", "杭州", "苏州", "常州")),
    Region("华北", 310, 10, ("北京", "天津", "青岛", "郑州")),
    Region("西南", 260, 60, ("成都", "重庆", "昆明", "贵阳")),
)

ACCOUNTS = (
    Account("家乐城", "经销商", "华东", {"吸尘器": 170_000, "拖把": 90_000}, "蒋雯"),
    Account("云集优品", "电商", "华东", {"吸尘器": 230_000, "拖把": 110_000}, "蒋雯"),
    Account("洁达连锁", "经销商", "华北", {"吸尘器": 150_000, "拖把": 80_000}, "蒋雯", last="2024-09"),
)

PROMOTIONS = (
    *festivals({"channel": "线上"}, new_year=700, june=800, november=1200),
    Promotion("春季大扫除", date(2023, 3, 6), date(2023, 3, 26), 350, {}),
    Promotion("春季大扫除", date(2024, 4, 8), date(2024, 4, 27), 350, {}),
    Promotion("春季大扫除", date(2025, 3, 10), date(2025, 3, 30), 350, {}),
    Promotion("春季大扫除", date(2026, 4, 7), date(2026, 4, 26), 350, {}),
    Promotion("春季大扫除", date(2027, 3, 8), date(2027, 3, 28), 350, {}),
    Promotion("吸尘器以旧换新", date(2024, 9, 2), date(2024, 9, 22), 450, {"product_line": "吸尘器"}),
    Promotion("吸尘器以旧换新", date(2025, 8, 4), date(2025, 8, 24), 450, {"product_line": "吸尘器"}),
    Promotion("吸尘器以旧换新", date(2026, 10, 9), date(2026, 10, 29), 450, {"product_line": "吸尘器"}),
    Promotion("西南直播专场", date(2025, 12, 5), date(2025, 12, 28), 550, {"region": "西南"}, listed=False),
)

HABITS = (
    Habit("董凯", "pessimist", "product_line", {"product_line": "拖把"}, (-9, -6), 2, 650, ("去年同期基数高", "竞品降价,保守一些")),
    Habit("蒋雯", "tinkerer", "key_account", {"key_account": "云集优品"}, (-4, 5), 1, 600, ("按客户要货计划微调",)),
)

TIPS = (
    Tip(
        "唐悦",
        "unlisted_promotion",
        "region",
        {"region": "西南"},
        ("2025-10", "2025-11"),
        {"2025-12": 38},
        "主播专场排在十二月,未列入促销日历",
    ),
    Tip(
        "何勇",
        "stock_out",
        "line_region",
        {"product_line": "吸尘器", "region": "华北"},
        ("2026-04",),
        {"2026-05": -55},
        "锂电池批次召回,五月缺货",
    ),
)

CLEANING = Unit(
    id="cleaning",
    number=3,
    title="清洁电器",
    monthly=2_900_000,
    lines_per_cell=6,
    prefix="QJ",
    lines=LINES,
    types=TYPES,
    regions=REGIONS,
    accounts=ACCOUNTS,
    salespeople={"华东": ("董凯", "沈佳"), "华北": ("魏东", "韩雪"), "西南": ("唐悦", "曾磊")},
    promotions=PROMOTIONS,
    stock_outs=(StockOut("吸尘器", "华北", {"2026-05": 400}, {"2026-05": 17}),),
    bulks=(Bulk("2025-07", {"product_line": "拖把", "customer_type": "经销商", "region": "西南"}, 3000),),
    slips=(Slip("2024-06", 10, {"region": "西南"}), Slip("2025-03", 100, {"product_line": "拖把", "region": "华北"})),
    renames=(),
    counts=Counts(duplicates=8, unreadable=6, samples=6, repeats=4, unmatched=2),
    habits=HABITS,
    tips=TIPS,
)
