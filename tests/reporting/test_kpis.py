"""KPIs on the pages: how each reads, what one without data needs, in both languages."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.foundation import Parameters, language, say, tables
from salesfc_lib.reporting.blocks import Prose, Table
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.facts.summary import KpiOver, Summary
from salesfc_lib.reporting.narrative.kpis import count_kpis, describe_kpis
from salesfc_lib.reporting.narrative.retrospective import kpis as section
from salesfc_lib.reporting.narrative.unit import _kpis
from salesfc_lib.reporting.pages.index import write_index
from tests import pages
from tests.reporting.test_pages import text_of

MONTH = pd.Timestamp("2026-06-01")
NOTHING = {"months": 0, "first": None, "last": None, "source": "inventory"}


def row(kpi: str, value: float | None, before: float | None = None, **more: Any) -> dict[str, Any]:
    facts = {"window": 12, "months": 12, "first": "2025-07", "last": "2026-06", "needs": ""}
    return {"kpi": kpi, "value": value, "before": before, "source": "orders", **facts, **more}


def only(*rows: dict[str, Any]) -> dict[str, Any]:
    (found,) = describe_kpis(rows, "¥")
    return found


@pytest.mark.parametrize(
    ("kpi", "value", "english", "chinese"),
    [
        ("accuracy", 0.879, "87.9\u202f%", "87.9%"),
        ("bias", -0.025, "−2.5\u202f%", "−2.5%"),
        ("value_added", 0.09, "+9.0 points", "+9.0 个百分点"),
        ("inventory_turnover", 13.62, "13.6 times", "13.6 次"),
        ("days_of_stock", 26.84, "26.8 days", "26.8 天"),
        ("capital_tied_up", 12_820_000.0, "¥12.82\u00a0m", "¥1,282\u00a0万"),
    ],
)
def test_a_value_is_written_in_its_own_unit(
    kpi: str, value: float, english: str, chinese: str
) -> None:
    assert only(row(kpi, value))["over 12"].text == english
    with language.speaking("zh"):
        assert only(row(kpi, value))["over 12"].text == chinese


@pytest.mark.parametrize(
    ("kpi", "value", "before", "better"),
    [
        ("accuracy", 0.8, 0.7, True),
        ("stock_out_rate", 0.02, 0.01, False),
        ("bias", -0.02, 0.05, True),
        ("coverage", 0.95, 0.78, False),  # wider than the 80 % that were promised
        ("fill_rate", 0.9, 0.9, None),
        ("fill_rate", 0.9, None, None),
    ],
)
def test_better_is_what_the_kpi_says_it_is(
    kpi: str, value: float, before: float | None, better: bool | None
) -> None:
    found = only(row(kpi, value, before))
    assert found["better"] is better
    assert found["before"].sub == {True: "better now", False: "worse now", None: ""}[better]


def test_a_window_says_how_many_of_its_months_are_known_and_the_name_what_it_rests_on() -> None:
    found = only(row("fill_rate", 0.9, months=3, source="deliveries"))
    assert found["over 12"].sub == "3 of 12"
    assert found["name"].sub.endswith(". Deliveries: July 2025 to June 2026.")
    assert only(row("fill_rate", 0.9))["over 12"].sub == "", "all of them: nothing to say"


def test_a_kpi_without_data_shows_none_and_says_which_source_it_needs() -> None:
    needs = say("kpi.needs.source", role="inventory", columns=["value"])
    found = only(row("capital_tied_up", None, needs=needs, **NOTHING))
    assert (found["over 12"].text, found["before"].text, found["known"]) == ("–", "–", False)
    assert "needs a source with the role `inventory` (columns `value`)" in found["name"].sub
    with language.speaking("zh"):
        zh = only(row("capital_tied_up", None, needs=needs, **NOTHING))
        assert zh["name"].sub.endswith("库存表：需要角色为 `inventory` 的数据源（列 `value`）。")


def test_a_kpi_of_a_later_version_is_left_out() -> None:
    assert describe_kpis([row("carbon", 1.0)], "¥") == []


def test_only_what_both_years_know_is_counted_as_better_or_worse() -> None:
    rows = [row("accuracy", 0.9, 0.8), row("fill_rate", 0.9, 0.95), row("bias", 0.1)]
    counts = count_kpis(describe_kpis(rows, "¥"))
    assert counts == {"n": 3, "all": 3, "compared": 2, "better": 1, "names": ["Accuracy"]}


def compared(*rows: dict[str, Any]) -> ComparedMonth:
    """A month with these rows in table `kpis`."""
    blank = {"numerator": None, "denominator": None}
    frame = tables.build(pd.DataFrame([item | blank for item in rows]), "kpis")
    return ComparedMonth({"kpis": frame}, {}, pd.DataFrame(), 1, MONTH, "bottom", ())


def test_the_notebook_opens_with_what_did_better_and_folds_what_has_no_data() -> None:
    run: Any = SimpleNamespace(parameters=Parameters(), month="2026-06", cutoff=MONTH)
    names = ["fill_rate", "order_fulfilment", "days_of_stock", "stock_out_rate", "capital_tied_up"]
    lacking = [row(name, None, needs=say("kpi.needs.above_zero"), **NOTHING) for name in names]
    month = compared(row("accuracy", 0.9, 0.8), row("sales_growth", 0.1, 0.2), *lacking)
    prose, table = section.judge(run, month).blocks
    assert isinstance(prose, Prose) and isinstance(table, Table)
    assert prose.text == (
        "Of 2 KPIs known for a year earlier too, 1 did better over the twelve months through "
        "June 2026: Accuracy. 2 of 7 KPIs have data."
    )
    assert [str(cells[0].text) for cells in table.rows] == ["Accuracy", "Sales vs last year"]
    assert table.rest is not None and len(table.rest.rows) == 5
    with language.speaking("zh"):
        prose = section.judge(run, month).blocks[0]
        assert isinstance(prose, Prose)
        assert "上年同期也有数据的 2 个指标中，1 个比上年同期更好：预测准确率。" in prose.text
    first = section.judge(run, compared(row("accuracy", 0.9))).blocks[0]
    assert isinstance(first, Prose) and "whether they improve cannot be said yet" in first.text
    earlier = section.judge(run, compared()).blocks[0]
    assert isinstance(earlier, Prose) and "earlier version" in earlier.text


def test_a_summary_keeps_the_kpis_of_the_table() -> None:
    stocked = row("stock_out_rate", None, needs="x", **NOTHING)
    found = _kpis(compared(row("accuracy", 0.9, 0.8), stocked))
    assert found == (
        KpiOver("accuracy", 12, 0.9, 0.8, 12, "2025-07", "2026-06", "orders"),
        KpiOver("stock_out_rate", 12, None, None, 0, None, None, "inventory", "x"),
    )
    summary = Summary("a", "A", "2026-06", 1, "", kpis=found)
    assert Summary.from_json(summary.to_json()) == summary


@pytest.mark.parametrize(
    ("spoken", "words"),
    [
        ("en", ["1 of 1 KPI did better than a year earlier", "needs a source with the role deliv"]),
        ("zh", ["1 个指标中有 1 个比上年同期更好", "订单满足率", "需要角色为 deliveries 的数据源"]),
    ],
)
def test_the_units_page_and_the_index_show_the_kpis(
    tmp_path: Path, spoken: str, words: list[str]
) -> None:
    with language.speaking(spoken):
        first = pages.summary("north", "2026-05", kpis=(), languages=(spoken,))
        last = pages.summary("online", "2026-06", languages=(spoken,))
        north = pages.summary("north", "2026-06", kpis=(), languages=(spoken,))
        pages.publish(tmp_path, [first, last, north])
        write_index(tmp_path)
    page = text_of(tmp_path / "2026-06/online/index.html")
    assert [word for word in words if word not in page] == []
    assert 'id="kpis"' not in (tmp_path / "2026-06/north/index.html").read_text(encoding="utf-8")
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'href="2026-06/online/index.html#kpis"' in index
    told = text_of(tmp_path / "index.html")
    assert ("4 of 12" if spoken == "en" else "仅 4/12 个月") in told
    month_before = (tmp_path / "2026-05/index.html").read_text(encoding="utf-8")
    assert 'id="kpis"' not in month_before, "no unit of that month has any"
