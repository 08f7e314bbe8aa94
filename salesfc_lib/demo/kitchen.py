"""The kitchenware unit: the large one, whose sales department exports CSV files from its ERP system.

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
    Rename,
    Slip,
    StockOut,
    Tip,
    Unit,
)
from salesfc_lib.demo.seasons import festivals

LINES = (
    ProductLine(
        "炊具",
        340,
        115,
        (1060, 900, 960, 950, 960, 930, 940, 970, 1040, 1060, 1080, 1150),
        (
            Product("00101201", "不粘炒锅32cm", 168),
            Product("00101202", "不锈钢汤锅24cm", 139),
            Product("00101203", "铸铁珐琅锅", 399),
            Product("00101204", "奶锅16cm", 79),
            Product("00101205", "高压锅6L", 259),
        ),
    ),
    ProductLine(
        "小家电",
        310,
        200,
        (980, 880, 950, 940, 1000, 1080, 1090, 1020, 960, 980, 1060, 1060),
        (
            Product("00102301", "空气炸锅4.5L", 299),
            Product("00102302", "电热水壶1.7L", 109),
            Product("00102303", "破壁料理机", 459),
            Product("00102304", "电饭煲3L", 229),
            Product("00102305", "多士炉", 119),
        ),
    ),
    ProductLine(
        "餐具",
        200,
        60,
        (1150, 960, 930, 940, 950, 940, 920, 960, 1080, 1060, 990, 1120),
        (
            Product("00103401", "骨瓷餐具16件套", 199),
            Product("00103402", "玻璃保鲜盒5件套", 69),
            Product("00103403", "筷子10双装", 39),
            Product("00103404", "儿童餐具套装", 89),
        ),
    ),
    ProductLine(
        "刀具",
        150,
        -20,
        (1040, 930, 980, 970, 980, 960, 950, 980, 1030, 1040, 1040, 1100),
        (
            Product("00104501", "中式菜刀", 129),
            Product("00104502", "刀具7件套", 349),
            Product("00104503", "厨房剪刀", 45),
            Product("00104504", "竹制砧板", 85),
        ),
    ),
)

TYPES = (
    CustomerType("经销商", "线下", 380, "贸易有限公司"),
    CustomerType("商超", "线下", 300, "超市"),
    CustomerType("电商", "线上", 320, "网络科技有限公司"),
)

REGIONS = (
    Region("华东", 450, 10, ("上海", "杭州", "南京", "苏州", "宁波", "合肥")),
    Region("华北", 300, 0, ("北京", "天津", "石家庄", "太原", "济南")),
    Region("华南", 250, 30, ("广州", "深圳", "厦门", "南宁", "海口")),
)

ACCOUNTS = (
    Account("联家超市", "商超", "华东", {"炊具": 460_000, "餐具": 240_000, "刀具": 150_000}, "陈晓梅"),
    Account("优选商城", "电商", "华东", {"炊具": 380_000, "小家电": 620_000}, "陈晓梅"),
    Account("万佳百货", "商超", "华南", {"炊具": 260_000, "餐具": 180_000}, "陈晓梅"),
    Account("悦品电器", "经销商", "华北", {"小家电": 520_000, "刀具": 110_000}, "陈晓梅", last="2025-11"),
)

PROMOTIONS = (
    *festivals({"channel": "线上"}, new_year=500, june=850, november=1300),
    Promotion("小家电焕新季", date(2022, 9, 5), date(2022, 9, 25), 520, {"product_line": "小家电"}),
    Promotion("小家电焕新季", date(2023, 4, 10), date(2023, 4, 30), 520, {"product_line": "小家电"}),
    Promotion("小家电焕新季", date(2024, 8, 5), date(2024, 8, 25), 520, {"product_line": "小家电"}),
    Promotion("小家电焕新季", date(2025, 3, 10), date(2025, 3, 30), 520, {"product_line": "小家电"}),
    Promotion("小家电焕新季", date(2025, 10, 13), date(2025, 10, 31), 520, {"product_line": "小家电"}),
    Promotion("小家电焕新季", date(2026, 9, 7), date(2026, 9, 27), 520, {"product_line": "小家电"}),
    Promotion("华东厨房节", date(2023, 10, 9), date(2023, 10, 29), 400, {"region": "华东"}),
    Promotion("华东厨房节", date(2024, 4, 8), date(2024, 4, 28), 400, {"region": "华东"}),
    Promotion("华东厨房节", date(2025, 5, 6), date(2025, 5, 25), 400, {"region": "华东"}),
    Promotion("华东厨房节", date(2026, 4, 7), date(2026, 4, 26), 400, {"region": "华东"}),
    Promotion("华东厨房节", date(2027, 4, 6), date(2027, 4, 25), 400, {"region": "华东"}),
)

HABITS = (
    Habit(
        "张伟",
        "sandbagger",
        "region",
        {"region": "华东"},
        (-15, -10),
        3,
        1000,
        ("客户库存偏高,先看低", "经销商反馈市场偏淡", "谨慎预估"),
    ),
    Habit(
        "林志强",
        "optimist",
        "product_line",
        {"product_line": "小家电"},
        (12, 22),
        2,
        750,
        ("新品上市,预计放量", "渠道信心足", "对标竞品增速"),
    ),
    Habit(
        "王芳",
        "tinkerer",
        "line_region",
        {"product_line": "餐具", "region": "华南"},
        (-4, 4),
        1,
        500,
        ("按最近两周订单微调", "四舍五入到整箱"),
    ),
)

TIPS = (
    Tip(
        "陈晓梅",
        "lost_account",
        "key_account",
        {"key_account": "悦品电器"},
        ("2025-10", "2025-11", "2025-12"),
        {"2025-12": -100, "2026-01": -100, "2026-02": -100, "2026-03": -100},
        "客户已通知合同到期不再续签",
    ),
    Tip(
        "陈晓梅",
        "bulk",
        "bottom",
        {"product_line": "炊具", "customer_type": "商超", "region": "华北", "channel": "线下", "key_account": "other"},
        ("2025-08",),
        {"2025-09": 380},
        "石家庄超市开业团购,已签合同",
    ),
    Tip(
        "何勇",
        "stock_out",
        "line_region",
        {"product_line": "炊具", "region": "华南"},
        ("2026-01",),
        {"2026-02": -55, "2026-03": -60},
        "南方仓铝材断供,到货在三月底",
    ),
)

KITCHEN = Unit(
    id="kitchen",
    number=1,
    title="厨房用品",
    monthly=9_000_000,
    lines_per_cell=5,
    prefix="XS",
    lines=LINES,
    types=TYPES,
    regions=REGIONS,
    accounts=ACCOUNTS,
    salespeople={"华东": ("张伟", "李娜", "赵敏"), "华北": ("周建国", "刘洋", "孙丽"), "华南": ("王芳", "吴强", "黄婷")},
    promotions=PROMOTIONS,
    stock_outs=(
        StockOut("餐具", "华东", {"2024-05": 350}, {"2024-05": 19}),
        StockOut("炊具", "华南", {"2026-02": 400, "2026-03": 350}, {"2026-02": 15, "2026-03": 20}),
    ),
    bulks=(Bulk("2025-09", {"product_line": "炊具", "customer_type": "商超", "region": "华北"}, 4000),),
    slips=(
        Slip("2024-08", 10, {"product_line": "餐具"}),
        Slip("2025-02", 100, {"product_line": "刀具"}),
        Slip("2025-12", 10, {"product_line": "刀具", "region": "华南"}),
    ),
    renames=(Rename("region", "南方", "华南", "2024-01"),),
    counts=Counts(duplicates=14, unreadable=9, samples=12, repeats=6, future=2, unmatched=2),
    habits=HABITS,
    tips=TIPS,
    whole_yuan=True,
)
