"""Made-up months and notebooks from which tests build real pages: three units, long, Chinese and
hostile names.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from salesfc_lib.foundation import wording
from salesfc_lib.reporting import plots
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
    MonthActual,
    MonthForecast,
    Ratio,
    StepSummary,
    Summary,
)
from salesfc_lib.reporting.pages.index import write_index
from salesfc_lib.reporting.pages.notebook import render_notebook
from salesfc_lib.reporting.pages.unit import write_unit_page

NASTY = '厨具 <b onclick="x">&\'</b> / 华东 {{ 7*7 }}'
LONG = (
    "Household appliances, spare parts and accessories for hotels, restaurants and canteens in the "
    "north-eastern provinces"
)
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
        "headline": f"{TITLES.get(unit, unit)} met its floor, but forecast too high for the third"
        " month",
        "sentences": (
            f"{wording.month_word(month)} sales were ¥48.26\u00a0m.",
            "Bias +6.5\u202f%.",
            "Three alerts are open.",
        ),
        "loss": Ratio(0.006, 1),
        "forecast": ahead,
        "history": history,
        **scores,
        "steps": tuple(
            StepSummary(
                name,
                f"0{n}_{name.lower()}.html",
                (f"48,212 order lines of {NASTY}", "0.6\u202f% of the amount set aside"),
                9 - (n == 2),
                9,
            )
            for n, name in enumerate(("Cleaning", "Modeling", "Reconciliation", "Retrospective"), 1)
        ),
        "attention": (
            AttentionItem(
                "overdue",
                f"{NASTY}: order dates are not confirmed",
                "Promised in May",
                "Lin Qiao",
                f"{month}-15",
                "04_retrospective.html",
            ),
            AttentionItem(
                "other", "Stock-out of 11 days", "¥0.61 m not delivered", "Zhou Min", f"{after}-10"
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
                "no reason given",
            ),
        ),
        "before_changes": ahead[0].y_hat - 1.38e6,
        "downloads": (
            Download("forecast.csv", "everyone", "final forecast", 19_000, "c41d0b7e" * 8),
            Download("tables", "analysts", "11 tables", 2_100_000),
        ),
        "files": 38,
        "record": (
            ("Amounts", "Net of returns, without tax"),
            ("Code", "0.1.0"),
            ("Inputs", f"{NASTY}.csv (9d03c1…)"),
        ),
    }
    return Summary(unit=unit, month=month, **{**facts, **given})  # type: ignore[arg-type]


def _ahead(month: str, y_hat: float, width: float) -> MonthForecast:
    return MonthForecast(
        month, y_hat, y_hat - width, y_hat + width, y_hat - 1.5 * width, y_hat + 1.5 * width
    )


def publish(reports: Path, summaries: list[Summary]) -> None:
    """Month folders as an archive leaves them: manifest with summary, page, forecast.csv."""
    for one in sorted(summaries, key=lambda s: s.month):
        folder = reports / one.month / one.unit
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").write_text(
            json.dumps({"summary": one.to_json(), "outputs": []}), encoding="utf-8"
        )
        (folder / "forecast.csv").write_text("unique_id\n", encoding="utf-8")
        write_unit_page(
            folder,
            one,
            earlier=[
                s for s in read_summaries(reports) if s.unit == one.unit and s.month < one.month
            ],
        )


def fail(reports: Path, unit: str, month: str) -> None:
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
    path.write_text(json.dumps(block), encoding="utf-8")


def blocks() -> Iterator[tuple[str, str, str, list[Block]]]:
    """Heading, comment, code and blocks of each question of an example notebook."""
    months = pd.date_range("2025-07-01", periods=12, freq="MS")
    over = pd.DataFrame(
        [
            (ds, g, v + 0.01 * (i % 3))
            for g, v in (("Final forecast", 0.86), ("Seasonal naive", 0.77))
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
        "The largest misses, with the cause",
        "June 2026, ¥ m",
        [
            ColumnHead("Series"),
            ColumnHead("Forecast", "r"),
            ColumnHead("Difference", "r"),
            ColumnHead("Size", small=False, silent=True),
            ColumnHead("Twelve months"),
        ],
        rows,
        footer=[["Two series", "29.17", "−3.91", "", ""]],
        source="tables/scores.parquet",
        outset=True,
        min_width="min46",
    )
    heat = Table(
        "The combined forecast is best",
        "WAPE in %; darker = larger error, best of a column underlined",
        [ColumnHead("Model"), *(ColumnHead(str(h), "q") for h in range(1, 7))],
        [
            [
                Cell(m, bold=m == "Combined"),
                *(
                    Cell(f"{12 + h + k}", heat=min(5, 1 + (h + k) // 2), best=k == 0)
                    for h in range(6)
                ),
            ]
            for k, m in enumerate(("Combined", "ETS", NASTY, "Seasonal naive"))
        ],
        min_width="min40",
    )
    wide, slim = plots.draw(
        plots.lines,
        over,
        roles={"Final forecast": "forecast", "Seasonal naive": "baseline"},
        floor=0.85,
    )
    accuracy = Figure(
        "The gain over the seasonal naive held at nine points",
        "Accuracy one month ahead, %",
        "Line chart: 86 to 88 %.",
        wide,
        slim,
        "tables/scores.parquet",
        heat,
    )
    causes = pd.DataFrame(
        {
            "label": ["Forecast", NASTY, "New customers", "Not explained", "Actual"],
            "value": [51.42e6, -3.0e6, 0.47e6, -0.63e6, 48.26e6],
            "kind": ["start", "cause", "cause", "unexplained", "end"],
        }
    )
    fall = Figure(
        "A moved order makes the shortfall",
        "¥ m; the axis starts at 47.5",
        "Waterfall: 51.42 to 48.26.",
        *plots.draw(plots.waterfall, causes, scale=wording.SCALES["en"][1]),
        "tables/difference.parquet",
    )
    yield (
        "Where did the difference come from?",
        "Split the difference by cause",
        'difference = decompose(forecast, actual, by="owner")\nshow(difference)',
        [Prose("Seven causes take the forecast to the actual."), fall],
    )
    yield (
        "How good were they, month by month?",
        "Score every archived vintage",
        "score(vintages)",
        [Prose(f"{NASTY} had the largest error."), accuracy, heat],
    )
    yield (
        "哪些偏差最大?",
        "List the largest misses",
        "largest(difference)",
        [
            misses,
            Attention(
                [Alert(f"{NASTY} missed", "why", "Lin Qiao", "due 8 July", "#record-and-checks")]
            ),
        ],
    )
    yield (
        "Record and checks",
        "Check",
        "checks(month)",
        [
            Record(
                "38 of 38 files",
                "matched.",
                [("Unit and month", f"{NASTY}, 2026-06")],
                [heat, Diff("As a change", ["# units/north.yml", "-  a: 1", "+  a: 2"])],
            ),
            Checks([Check("stages add up", True, "to ¥0.00"), Check("all series", True)]),
        ],
    )


def notebook(*, failed: bool = False) -> nbformat.NotebookNode:
    """An executed notebook as a step leaves it; `failed` ends it at a cell with an error."""
    answer = Answer(
        ["Retrospective", TITLES["kitchen"], "June 2026"],
        f"June came in ¥3.16 m below forecast, mostly {NASTY}",
        ["North sold ¥48.26 m.", "Accuracy was 86.6\u202f%.", "K-07’s order explains it."],
        "Run 3 July 2026, 09:14 · version 2",
        [
            Fact("One-month accuracy", "86.6\u202f%", "floor 85\u202f%"),
            Fact("Bias", "+6.5\u202f%", "outside ±5\u202f%", True),
        ],
        "Changed since May",
        ["Returns are matched within 45 days."],
    )
    cells = [
        new_markdown_cell("# Retrospective"),
        _code("# Parameters\nmonth = '2026-06'", tags=["parameters"]),
        _code("import salesfc_lib", count=2),
    ]
    if not failed:
        cells.append(_code("# The answer\nanswer(month)", [answer]))
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
    made = [
        summary(unit, month, scored=month > months[0])
        for unit in TITLES
        for month in months
        if not (unit == "online" and month == "2026-06")
    ]
    publish(
        folder,
        [m for m in made if m.unit != "kitchen" or m.month != "2026-06"]
        + [
            summary(
                "kitchen",
                "2026-06",
                version=2,
                replaces="returns file arrived late",
                wape=Ratio(0.25, 1.0),
            )
        ],
    )
    fail(folder, "online", "2026-06")
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
    return [
        folder / "index.html",
        month / "index.html",
        folder / months[0] / "index.html",
        unit / "index.html",
        folder / months[0] / "north" / "index.html",
        unit / "04_retrospective.html",
        unit / "failed.html",
        first / "index.html",
        first / "2026-06" / "kitchen" / "index.html",
    ]
