"""Long tables: rows of less interest fold, months ahead stand open, columns say how to choose."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.foundation.parameters import defaults
from salesfc_lib.reporting.blocks import ColumnHead, Table
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.narrative.cleaning import definitions, exports
from salesfc_lib.reporting.narrative.retrospective import accuracy
from salesfc_lib.reporting.narrative.writer import read_heads
from tests import pages

MONTH = pd.Timestamp("2026-06-01")


@pytest.fixture
def run(tmp_path: Path) -> UnitMonth:
    folder = tmp_path / "reports" / ".work"
    return UnitMonth(tmp_path, "kitchen", "2026-06", defaults(), {}, {}, folder)


def member(name: str, wape: float | None) -> dict[str, Any]:
    row = {"dimension": "region", "member": name, "lag": 1, "forecast": 1.0, "actual": 1.0}
    return row | {"difference": 0.0, "bias": 0.0, "wape": wape}


def dimensions(run: UnitMonth, wapes: list[float | None]) -> Table:
    found = pd.DataFrame([member(f"m{n}", wape) for n, wape in enumerate(wapes)])
    found["wape"] = found["wape"].astype(float)
    now = {"level": "bottom", "lag": 1, "accuracy": 0.9, "wape": 0.1}
    tables = {"by_lag": pd.DataFrame([now]), "missed": pd.DataFrame({"difference": [1.0]})}
    tables |= {"by_dimension": found, "by_dimension_year": found.assign(months=3)}
    month = ComparedMonth(tables, {}, pd.DataFrame(), 1, MONTH, "bottom", ())
    block = accuracy.dimensions(run, month).blocks[1]
    assert isinstance(block, Table)
    return block


def test_members_that_missed_by_no_more_than_the_unit_fold_with_their_number(
    run: UnitMonth,
) -> None:
    block = dimensions(run, [0.2, 0.3, None, *[0.05] * 6])
    assert [row[0].text for row in block.rows] == ["m0", "m1", "m2"]
    assert block.rest is not None and len(block.rest.rows) == 6
    title = block.rest.title.replace("\u202f", " ")
    assert title == "6 more members that missed by no more than the unit's 10.0 %"
    assert block.rest.columns == block.columns


@pytest.mark.parametrize("wapes", [[0.2, *[0.05] * 4], [0.05] * 9, [0.2] * 20])
def test_a_few_rows_or_all_of_them_are_not_folded(
    run: UnitMonth, wapes: list[float | None]
) -> None:
    block = dimensions(run, wapes)
    assert block.rest is None and len(block.rows) == len(wapes)


def test_kinds_of_problem_that_changed_no_line_fold(run: UnitMonth) -> None:
    actions = ["quarantined", "changed", *["noted"] * 5]
    found = pd.DataFrame({"action": actions, "rule": [f"rule_{n}" for n in range(7)]})
    found = found.assign(rows=1, source="orders", column="", first_row=1, example="", reason="")
    block = exports.scan(run, SimpleNamespace(problems=found)).blocks[1]  # type: ignore[arg-type]
    assert isinstance(block, Table) and block.rest is not None
    assert [row[1].text for row in block.rows] == ["Set aside", "Changed"]
    assert {row[1].text for row in block.rest.rows} == {"Only noted"}


def test_months_without_stock_in_which_no_less_was_sold_fold(run: UnitMonth) -> None:
    sold, expected = [1.0, 1.0, *[3.0] * 6], [2.0, None, *[2.0] * 6]
    censored = pd.DataFrame({"unique_id": "a", "ds": MONTH, "stockout_days": 3.0, "y_raw": sold})
    series = pd.DataFrame({"unique_id": ["a"], "label": ["Pans"], "level": ["bottom"]})
    month: Any = SimpleNamespace(censored=censored.assign(y=expected), series=series)
    block = definitions.stock_outs(run, month).blocks[1]
    assert isinstance(block, Table) and block.rest is not None
    assert len(block.rows) == 2 and len(block.rest.rows) == 6


def test_folded_rows_are_on_the_page_under_a_line_that_says_what_they_are(run: UnitMonth) -> None:
    html = dimensions(run, [0.2, *[0.05] * 6])._repr_mimebundle_()["text/html"]
    before, _, inside = html.partition("<details>")
    assert "m0" in before and "m3" not in before
    assert "<summary>6 more members" in inside and "m3" in inside


def test_the_months_ahead_stand_open_once_beside_the_year_before(tmp_path: Path) -> None:
    summary = pages.summary("kitchen", "2026-06")
    pages.publish(tmp_path, [summary])
    html = (tmp_path / "2026-06" / "kitchen" / "index.html").read_text(encoding="utf-8")
    assert "<details" not in html and html.count("The coming twelve months add up to") >= 1
    body = re.search(r"The coming twelve.*?<tbody>(.*?)</tbody>", html, re.DOTALL)
    assert body is not None
    rows = re.findall(r"<tr>.*?</tr>", body[1], re.DOTALL)
    assert len(rows) == 12
    # Jul 2026 is forecast at level (1 + 0.12 sin -1); Jul 2025 sold level (1 + 0.12 sin 11)
    cells = [re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", rows[0])]
    ahead, before = summary.forecast[0].y_hat, summary.year_before("2026-07")
    assert before is not None and cells[0] == "Jul 2026"
    assert cells[-1] == wording.signed_percent(ahead / before - 1)


def test_a_month_without_a_year_before_has_no_change_and_the_sum_no_growth(tmp_path: Path) -> None:
    summary = pages.summary("kitchen", "2026-06", history=())
    pages.publish(tmp_path, [summary])
    html = (tmp_path / "2026-06" / "kitchen" / "index.html").read_text(encoding="utf-8")
    title = re.search(r"The coming twelve months add up to ([^<]*)", html)
    assert title is not None and "year ago" not in title[1]


def test_a_head_names_what_rows_can_be_chosen_by() -> None:
    assert read_heads("Series ? Level | >Sold") == [
        ColumnHead("Series", choose="Level"),
        ColumnHead("Sold", "r"),
    ]


def test_the_index_offers_owner_attention_and_status_to_choose_by(tmp_path: Path) -> None:
    pages.write_pages(tmp_path)
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    heads = re.findall(r'data-choose="(\w+)"', html)
    assert heads[:3] == ["Owner", "Attention", "Status"]
    assert 'data-value="Lin Qiao"' in html and 'data-value="needs attention"' in html
    assert 'data-value="failed or damaged"' in html
    assert "<select" not in html  # the script makes them: without it there is nothing dead
