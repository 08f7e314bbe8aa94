"""Made-up months and notebooks from which tests build real pages, in English and in Chinese: three
units, long, Chinese and hostile names.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from salesfc_lib.foundation import amounts, language, name_of, resources, say, wording
from salesfc_lib.reporting import plots, write_failed_page
from salesfc_lib.reporting.blocks import (
    Alert,
    Answer,
    Attention,
    Block,
    Cell,
    Check,
    Checks,
    ColumnHead,
    Diff,
    Fact,
    Figure,
    Prose,
    Record,
    Spark,
    Table,
)
from salesfc_lib.reporting.facts.published import read_summaries
from salesfc_lib.reporting.facts.summary import (
    AttentionItem,
    Change,
    Download,
    KpiOver,
    MonthActual,
    MonthForecast,
    Ratio,
    StepSummary,
    Summary,
)
from salesfc_lib.reporting.pages.index import write_index
from salesfc_lib.reporting.pages.notebook import render_notebook
from salesfc_lib.reporting.pages.page import WRITER, in_language, switches
from salesfc_lib.reporting.pages.unit import write_unit_page

NASTY = '厨具 <b onclick="x">&\'</b> / 华东 {{ 7*7 }}'
LONG = (
    "Household appliances, spare parts and accessories for hotels, restaurants and canteens in the "
    "north-eastern provinces"
)
LANGUAGES = ("en", "zh")
TITLES = {"kitchen": NASTY, "north": LONG, "online": "Online"}
FLOORS = {"kitchen": 0.80, "north": 0.85, "online": 0.75}
HORIZON = 12
PNG = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
).decode()


def summary(
    unit: str, month: str, *, scored: bool = True, seed: int = 0, version: int = 1, **given: object
) -> Summary:
    """A realistic month of a unit; `scored` False makes it a first one, with nothing to compare."""
    rng = np.random.default_rng([seed, *map(ord, unit + month)])
    level = 40e6 + 8e6 * rng.random()
    history = tuple(
        MonthActual(
            wording.add_months(month, -n), level * (1 + 0.12 * math.sin(n)) if n != 30 else None
        )
        for n in range(35, -1, -1)
    )
    ahead = tuple(
        _ahead(
            wording.add_months(month, h),
            level * (1 + 0.12 * math.sin(-h)),
            0.02 * level * math.sqrt(h),
        )
        for h in range(1, HORIZON + 1)
    )
    actual = level
    wape, bias = 0.14 + 0.06 * rng.random(), 0.12 * (rng.random() - 0.45)
    after = wording.add_months(month, 1)
    scores = (
        {
            "wape": Ratio(wape * actual, actual),
            "bias": Ratio(bias * actual, actual),
            "naive": Ratio((wape + 0.08) * actual, actual),
            "before_people": Ratio((wape - 0.009) * actual, actual),
            "further": ((3, Ratio((wape + 0.03) * actual, actual)),),
            "covered80": Ratio(133, 168),
            "earlier": actual * (1 + bias),
        }
        if scored
        else {}
    )
    facts: dict[str, object] = {
        "title": TITLES.get(unit, unit),
        "version": version,
        "published_at": f"{after}-03T09:15:00+08:00",
        "owner": "Lin Qiao",
        "floor": FLOORS.get(unit, 0.8),
        "headline": said("{name} met its floor, but forecast too high for the third month").format(
            name=TITLES.get(unit, unit)
        ),
        "sentences": (
            said("{month} sales were ¥48.26\u00a0m.").format(month=wording.month_word(month)),
            said("Bias +6.5\u202f%."),
            said("Three alerts are open."),
        ),
        "loss": Ratio(0.006, 1),
        "forecast": ahead,
        "history": history,
        **scores,
        "steps": tuple(
            StepSummary(
                name_of("step", name),
                f"0{n}_{name.lower()}.html",
                (
                    said("48,212 order lines of {name}").format(name=NASTY),
                    said("0.6\u202f% of the amount set aside"),
                ),
                9 - (n == 2),
                9,
            )
            for n, name in enumerate(("Cleaning", "Modeling", "Reconciliation", "Retrospective"), 1)
        ),
        "attention": (
            AttentionItem(
                "overdue",
                said("{name}: order dates are not confirmed").format(name=NASTY),
                said("Promised in May"),
                "Lin Qiao",
                f"{month}-15",
                "04_retrospective.html",
            ),
            AttentionItem(
                "other",
                said("Stock-out of 11 days"),
                said("¥0.61 m not delivered"),
                "Zhou Min",
                f"{after}-10",
            ),
        ),
        "changes": (
            Change(
                NASTY, after, 4.95e6, 6.33e6, 6.33e6, "Lin Qiao", "order confirmed for 8 July", True
            ),
            Change(
                "Key accounts · Paint",
                after,
                3.55e6,
                4.15e6,
                3.55e6,
                "",
                "",
                False,
                said("no reason given"),
            ),
        ),
        "before_changes": ahead[0].y_hat - 1.38e6,
        "downloads": (
            Download(
                "forecast.csv", said("everyone"), said("final forecast"), 19_000, "c41d0b7e" * 8
            ),
            Download("tables", said("analysts"), said("11 tables"), 2_100_000),
        ),
        "files": 38,
        "kpis": kpis(month) if scored else (),
        "record": (
            (said("Amounts"), said("Net of returns, without tax")),
            (said("Code"), "0.1.0"),
            (said("Inputs"), f"{NASTY}.csv (9d03c1…)"),
        ),
    }
    return Summary(unit=unit, month=month, **{**facts, **given})  # type: ignore[arg-type]


def kpis(month: str) -> tuple[KpiOver, ...]:
    """An accuracy of which four months are known, and a fill rate without any source."""
    needs = say("kpi.needs.source", role="deliveries", columns=["delivered"])
    known = [
        KpiOver("accuracy", n, 0.8 + n / 100, 0.7, min(n, 4), "2025-01", month, "archive, orders")
        for n in (3, 6, 12)
    ]
    lacking = [
        KpiOver("fill_rate", n, None, None, 0, None, None, "deliveries", needs) for n in (3, 6, 12)
    ]
    return (*known, *lacking)


def _ahead(month: str, y_hat: float, width: float) -> MonthForecast:
    return MonthForecast(
        month, y_hat, y_hat - width, y_hat + width, y_hat - 1.5 * width, y_hat + 1.5 * width
    )


def publish(reports: Path, summaries: list[Summary], *translated: list[Summary]) -> None:
    """Month folders as an archive leaves them: manifest with summary, pages, forecast.csv.

    `translated` are the same summaries in the further languages that they have.
    """
    every = zip(summaries, *translated, strict=True)
    for one, *others in sorted(every, key=lambda said: said[0].month):
        folder = reports / one.month / one.unit
        folder.mkdir(parents=True, exist_ok=True)
        texts = dict(zip(one.languages[1:], (other.to_json() for other in others), strict=True))
        manifest = {"summary": one.to_json(), "translations": texts, "outputs": []}
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        (folder / "forecast.csv").write_text("unique_id\n", encoding="utf-8")
        for each, said in zip(one.languages, (one, *others), strict=True):
            with language.speaking(each):
                known = [s for s in read_summaries(reports) if s.unit == one.unit]
                earlier = [s for s in known if s.month < one.month]
                write_unit_page(folder, said, earlier=earlier)


def fail(reports: Path, unit: str, month: str, **more: object) -> None:
    """A unit's month that did not publish."""
    path = reports / ".failed" / month / f"{unit}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    block = {
        "unit": unit,
        "month": month,
        "error": f"'{NASTY}.csv' ends at row 65,536.",
        "step": "01_cleaning",
        "at": "2026-07-03T09:20:00+08:00",
    }
    path.write_text(json.dumps(block | more), encoding="utf-8")


def blocks() -> Iterator[tuple[str, str, str, list[Block]]]:
    """Heading, comment, code and blocks of each question of an example notebook."""
    months = pd.date_range("2025-07-01", periods=12, freq="MS")
    over = pd.DataFrame(
        [
            (ds, g, v + 0.01 * (i % 3))
            for g, v in ((said("Final forecast"), 0.86), (said("Seasonal naive"), 0.77))
            for i, ds in enumerate(months)
        ],
        columns=["ds", "group", "value"],
    )
    rows = [
        [
            Cell(name, sub="Lin Qiao", bold=True),
            "6.30",
            Cell("−1.59", tone="over"),
            Cell(tone="over", bar=0.8),
            Cell(strip=None, spark=Spark(name, [1, 3, 2], forecast=[2], lo=[1], hi=[3])),
        ]
        for name in (NASTY, LONG)
    ]
    misses = Table(
        said("The largest misses, with the cause"),
        said("June 2026, ¥ m"),
        [
            ColumnHead(said("Series")),
            ColumnHead(said("Forecast"), "r"),
            ColumnHead(said("Difference"), "r"),
            ColumnHead(said("Size"), small=False, silent=True),
            ColumnHead(said("Twelve months")),
        ],
        rows,
        footer=[[said("Two series"), "29.17", "−3.91", "", ""]],
        source="tables/scores.parquet",
        outset=True,
        min_width="min46",
    )
    heat = Table(
        said("The combined forecast is best"),
        said("WAPE in %; darker = larger error, best of a column underlined"),
        [ColumnHead(said("Model")), *(ColumnHead(str(h), "q") for h in range(1, 7))],
        [
            [
                Cell(m, bold=m == said("Combined")),
                *(
                    Cell(f"{12 + h + k}", heat=min(5, 1 + (h + k) // 2), best=k == 0)
                    for h in range(6)
                ),
            ]
            for k, m in enumerate((said("Combined"), "ETS", NASTY, said("Seasonal naive")))
        ],
        min_width="min40",
    )
    wide, slim = plots.draw(
        plots.lines,
        over,
        roles={said("Final forecast"): "forecast", said("Seasonal naive"): "baseline"},
        floor=0.85,
    )
    accuracy = Figure(
        said("The gain over the seasonal naive held at nine points"),
        said("Accuracy one month ahead, %"),
        said("Line chart: 86 to 88 %."),
        wide,
        slim,
        "tables/scores.parquet",
        heat,
    )
    causes = pd.DataFrame(
        {
            "label": [
                said("Forecast"),
                NASTY,
                said("New customers"),
                said("Not explained"),
                said("Actual"),
            ],
            "value": [51.42e6, -3.0e6, 0.47e6, -0.63e6, 48.26e6],
            "kind": ["start", "cause", "cause", "unexplained", "end"],
        }
    )
    fall = Figure(
        said("A moved order makes the shortfall"),
        said("¥ m; the axis starts at 47.5"),
        said("Waterfall: 51.42 to 48.26."),
        *plots.draw(plots.waterfall, causes, scale=amounts.SCALES["en"][1]),
        "tables/difference.parquet",
    )
    yield (
        "Where did the difference come from?",
        "Split the difference by cause",
        'difference = decompose(forecast, actual, by="owner")\nshow(difference)',
        [Prose(said("Seven causes take the forecast to the actual.")), fall],
    )
    yield (
        "How good were they, month by month?",
        "Score every archived vintage",
        "score(vintages)",
        [Prose(said("{name} had the largest error.").format(name=NASTY)), accuracy, heat],
    )
    yield (
        "哪些偏差最大?",
        "List the largest misses",
        "largest(difference)",
        [
            misses,
            Attention(
                [
                    Alert(
                        said("{name} missed").format(name=NASTY),
                        said("why"),
                        "Lin Qiao",
                        said("due 8 July"),
                        "#record-and-checks",
                    )
                ]
            ),
        ],
    )
    yield (
        "Record and checks",
        "Check",
        "checks(month)",
        [
            Record(
                said("38 of 38 files"),
                said("matched."),
                [(said("Unit and month"), f"{NASTY}, 2026-06")],
                [heat, Diff(said("As a change"), ["# units/north.yml", "-  a: 1", "+  a: 2"])],
            ),
            Checks(
                [
                    Check(said("stages add up"), True, said("to ¥0.00")),
                    Check(said("all series"), True),
                ]
            ),
        ],
    )


def answer() -> Answer:
    """The top of an example notebook."""
    return Answer(
        [name_of("step", "Retrospective"), TITLES["kitchen"], wording.month_name("2026-06")],
        said("June came in ¥3.16 m below forecast, mostly {name}").format(name=NASTY),
        [
            said("North sold ¥48.26 m."),
            said("Accuracy was 86.6\u202f%."),
            said("K-07’s order explains it."),
        ],
        said("Run 3 July 2026, 09:14 · version 2"),
        [
            Fact(said("One-month accuracy"), "86.6\u202f%", said("floor 85\u202f%")),
            Fact(said("Bias"), "+6.5\u202f%", said("outside ±5\u202f%"), True),
        ],
        said("Changed since May"),
        [said("Returns are matched within 45 days.")],
    )


def notebook(*, failed: bool = False) -> nbformat.NotebookNode:
    """An executed notebook as a step leaves it; `failed` ends it at a cell with an error."""
    cells = [
        new_markdown_cell("# Retrospective"),
        _code("# Parameters\nmonth = '2026-06'", tags=["parameters"]),
        _code("import salesfc_lib", count=2),
    ]
    if not failed:
        cells.append(_code("# The answer\nanswer(month)", [answer()]))
    for number, (heading, comment, code, shown) in enumerate(blocks(), 1):
        cells.append(
            new_markdown_cell(
                f"## {heading}\n\nAbsolute errors, *summed*.\n\n"
                "> **Accuracy** = 1 − WAPE. <b onclick=x>"
            )
        )
        cells.append(_code(f"# {comment}\n{code}", shown, count=number + 3))
    if failed:
        trace = ["\x1b[0;31mSalesForecastError\x1b[0m Traceback", f"SalesForecastError: {NASTY}"]
        cells.append(
            _code(
                "boom()",
                outputs=[
                    new_output(
                        "error",
                        ename="SalesForecastError",
                        evalue=f"The ledger of {NASTY} does not close.",
                        traceback=trace,
                    )
                ],
                count=9,
            )
        )
    else:
        cells.append(
            _code(
                "plain()",
                outputs=[
                    new_output("stream", name="stdout", text=f"plain {NASTY}\n"),
                    new_output("display_data", {"text/html": "<script>alert(1)</script>"}),
                    new_output(
                        "display_data", {"image/png": PNG}, metadata={"image/png": {"alt": "A dot"}}
                    ),
                    new_output("display_data", {"text/markdown": f"All **of** {NASTY}"}),
                ],
                count=9,
            )
        )
    return new_notebook(cells=cells)


def shipped_notebook(*, failed: bool = False) -> nbformat.NotebookNode:
    """The shipped retrospective, executed: each cell shows made-up blocks in both languages."""
    node = nbformat.read(resources.NOTEBOOKS / "04_retrospective.ipynb", as_version=4)
    in_each = {}
    for each in LANGUAGES:
        with language.speaking(each):
            in_each[each] = [[answer()], *(shown for *_, shown in blocks())]
    first, *others = in_each.values()
    outputs = [
        [
            replace(block, translations=dict(zip(LANGUAGES[1:], same, strict=True)))
            for block, *same in zip(*cell, strict=True)
        ]
        for cell in zip(first, *others, strict=True)
    ]
    code = [cell for cell in node.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, 1):
        cell.execution_count = number
        for block in outputs.pop(0) if outputs and number > 2 else []:
            cell.outputs.append(new_output("display_data", block._repr_mimebundle_()))
    if failed:
        error = {"ename": "SalesForecastError", "evalue": NASTY, "traceback": [NASTY]}
        code[-1].outputs = [new_output("error", **error)]
    return node


def _code(
    source: str,
    shown: list[Block] | None = None,
    *,
    count: int = 1,
    tags: list[str] | None = None,
    outputs: list[nbformat.NotebookNode] | None = None,
) -> nbformat.NotebookNode:
    made = [new_output("display_data", block._repr_mimebundle_()) for block in shown or []]
    return new_code_cell(
        source,
        execution_count=count,
        outputs=outputs or made,
        metadata={"tags": tags or [], "papermill": {"duration": 0.42}},
    )


def write_pages(folder: Path) -> list[Path]:
    """A reports folder with every kind of page; the pages."""
    months = [wording.add_months("2026-06", -n) for n in range(12, -1, -1)]
    made = {}
    for each in LANGUAGES:
        with language.speaking(each):
            made[each] = [
                summary(unit, month, scored=month > months[0], languages=LANGUAGES)
                for unit in TITLES
                for month in months
                if not (unit in ("online", "kitchen") and month == "2026-06")
            ]
            again = {"version": 2, "replaces": "returns file arrived late"}
            again |= {"languages": LANGUAGES, "wape": Ratio(0.25, 1.0)}
            made[each].append(summary("kitchen", "2026-06", **again))
    publish(folder, *made.values())
    facts = {"month": "2026-06", "unit": "online", "title": "Online", "languages": LANGUAGES}
    (folder / ".failed" / "2026-06" / "online").mkdir(parents=True)
    failed_page = write_failed_page(
        folder, "04_retrospective", shipped_notebook(failed=True), facts
    )
    fail(folder, "online", "2026-06", page=failed_page, languages=LANGUAGES)
    write_index(folder)
    first = folder.parent / "first"
    publish(first, [summary("kitchen", "2026-06", scored=False, changes=(), attention=())])
    write_index(first)
    crumbs = [
        ("Sales forecast", "../../index.html"),
        ("June 2026", "../index.html"),
        (TITLES["kitchen"], "index.html"),
        ("Retrospective", ""),
    ]
    unit = folder / "2026-06" / "kitchen"
    for name, failed in (("04_retrospective.html", False), ("failed.html", True)):
        html = render_notebook(
            notebook(failed=failed), breadcrumb=crumbs, title=f"Retrospective · {TITLES['kitchen']}"
        )
        (unit / name).write_text(html, encoding="utf-8")
    month = folder / "2026-06"
    twins = list(_write_shipped(month / "north" / "04_retrospective.html"))
    return [
        folder / "index.html",
        folder / "index.zh.html",
        month / "index.html",
        folder / months[0] / "index.html",
        unit / "index.html",
        unit / "index.zh.html",
        folder / months[0] / "north" / "index.html",
        unit / "04_retrospective.html",
        unit / "failed.html",
        twins[1],
        first / "index.html",
        first / "2026-06" / "kitchen" / "index.html",
    ]


def _write_shipped(path: Path) -> Iterator[Path]:
    """The page of `shipped_notebook` in each language, as a run writes it."""
    for each in LANGUAGES:
        with language.speaking(each):
            crumbs = [
                (WRITER.text("brand"), in_language("../../index.html", LANGUAGES)),
                (wording.month_name("2026-06"), in_language("../index.html", LANGUAGES)),
                (TITLES["north"], in_language("index.html", LANGUAGES)),
                (name_of("step", "Retrospective"), ""),
            ]
            twins = list(switches(path.name, LANGUAGES))
            html = render_notebook(
                shipped_notebook(), title=path.stem, breadcrumb=crumbs, twins=twins
            )
            written = path.with_name(in_language(path.name, LANGUAGES))
            written.write_text(html, encoding="utf-8")
            yield written


def said(text: str) -> str:
    """A made-up text in the current language."""
    return CHINESE[text] if language.current() == "zh" else text


CHINESE = {
    "Promised in May": "5 月承诺过",
    "Stock-out of 11 days": "断货 11 天",
    "¥0.61 m not delivered": "61 万元没有交付",
    "no reason given": "没有理由",
    "everyone": "所有人",
    "final forecast": "最终预测",
    "analysts": "分析师",
    "11 tables": "11 张表",
    "Net of returns, without tax": "扣除退货，不含税",
    "Bias +6.5\u202f%.": "偏差 +6.5%。",
    "Three alerts are open.": "有 3 项待处理。",
    "0.6\u202f% of the amount set aside": "隔离金额占 0.6%",
    "{name}: order dates are not confirmed": "{name}：交货日期没有确认",
    "{name} met its floor, but forecast too high for the third month": (
        "{name}：达到底线，但预测偏高，已连续 3 个月"
    ),
    "{month} sales were ¥48.26\u00a0m.": "{month}销售 4,826 万元。",
    "48,212 order lines of {name}": "{name} 的 48,212 行订单",
    "Amounts": "金额口径",
    "Code": "代码",
    "Inputs": "输入",
    "Final forecast": "最终预测",
    "Seasonal naive": "同期基准",
    "The largest misses, with the cause": "差异最大的序列及原因",
    "June 2026, ¥ m": "2026 年 6 月，万元",
    "Series": "序列",
    "Forecast": "预测",
    "Difference": "差异",
    "Size": "大小",
    "Twelve months": "近 12 个月",
    "Two series": "两个序列",
    "The combined forecast is best": "模型组合最好",
    "WAPE in %; darker = larger error, best of a column underlined": (
        "WAPE，%；颜色越深误差越大，每列最好的加下划线"
    ),
    "Model": "模型",
    "Combined": "模型组合",
    "The gain over the seasonal naive held at nine points": "比同期基准高 9 个百分点",
    "Accuracy one month ahead, %": "提前 1 个月的准确率，%",
    "Line chart: 86 to 88 %.": "折线图：86% 到 88%。",
    "New customers": "新客户",
    "Not explained": "原因不明",
    "Actual": "实际",
    "A moved order makes the shortfall": "缺口来自一笔改期的订单",
    "¥ m; the axis starts at 47.5": "万元；横轴从 4,750 起",
    "Waterfall: 51.42 to 48.26.": "瀑布图：5,142 到 4,826。",
    "Seven causes take the forecast to the actual.": "从预测到实际一共七项原因。",
    "why": "原因",
    "due 8 July": "7 月 8 日前",
    "38 of 38 files": "38 个文件",
    "matched.": "全部一致。",
    "Unit and month": "业务单元与月份",
    "As a change": "写成改动",
    "stages add up": "各阶段可加总",
    "to ¥0.00": "余额 0.00 元",
    "all series": "序列齐全",
    "{name} had the largest error.": "{name} 的误差最大。",
    "{name} missed": "{name} 未达标",
    "June came in ¥3.16 m below forecast, mostly {name}": "6 月比预测少 316 万元，主要是 {name}",
    "North sold ¥48.26 m.": "北区销售 4,826 万元。",
    "Accuracy was 86.6\u202f%.": "准确率 86.6%。",
    "K-07’s order explains it.": "K-07 的订单可以解释。",
    "Run 3 July 2026, 09:14 · version 2": "2026 年 7 月 3 日 09:14 运行 · 第 2 版",
    "One-month accuracy": "提前 1 个月的准确率",
    "floor 85\u202f%": "底线 85%",
    "Bias": "偏差",
    "outside ±5\u202f%": "超出 ±5%",
    "Changed since May": "与 5 月相比",
    "Returns are matched within 45 days.": "退货在 45 天内配对。",
}
