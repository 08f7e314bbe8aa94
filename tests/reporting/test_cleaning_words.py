"""Claims about what the pages say of cleaning: rules that acted, what is assumed, what repeats."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.foundation import defaults, in_words, language
from salesfc_lib.foundation.schema import Parameters
from salesfc_lib.reporting.narrative.attention.overview import list_repeats
from salesfc_lib.reporting.narrative.cleaning import exports
from salesfc_lib.reporting.narrative.cleaning.overview import (
    describe_measure,
    describe_rules,
    list_acting,
    list_assumed,
)
from tests.orders import order, unit
from tests.orders import run as clean_orders

MONTHS = pd.to_datetime(["2024-03-01", "2024-04-01"])


def cleaned() -> Any:
    """One rule that took a line, one that moved some between months, one that only noted some."""
    entries = [
        ("opening", 100, 50),
        ("duplicate", 1, 5),
        ("month_of_sale", 2, 9),
        ("month_of_sale", -2, -9),
        ("possible_duplicate", 0, 0),
        ("possible_duplicate", 0, 0),
        ("renames", 0, 0),
        ("kept", 99, 45),
    ]
    ledger = pd.DataFrame(entries, columns=["rule", "rows", "amount"])
    ledger = ledger.assign(quantity=0, source="orders: a.csv", month=MONTHS[0])
    ledger.loc[5, "month"] = MONTHS[1]
    problems = [
        {"source": "orders: a.csv", "rule": "possible_duplicate", "action": "noted", "rows": 7},
        {"source": "orders: a.csv", "rule": "renames", "action": "changed", "rows": 3},
    ]
    return SimpleNamespace(ledger=ledger, problems=pd.DataFrame(problems))


def test_only_rules_that_took_moved_or_changed_lines_are_said_to_have_acted() -> None:
    assert list_acting(cleaned()) == {"duplicate", "month_of_sale", "renames"}


def test_repeats_that_count_are_told_with_rows_months_and_source() -> None:
    assert [*list_repeats(cleaned())] == [
        {"rows": 7, "source": "orders", "months": ["2024-03", "2024-04"]}
    ]


@pytest.mark.parametrize(
    ("stated", "value", "assumed"),
    [
        ([], "amount", ["currency", "tax", "discounts", "returns"]),
        ([], "quantity", ["returns"]),
        (["unit.currency", "sources.orders.tax"], "amount", ["discounts", "returns"]),
        (["measure.currency", "measure.tax", "measure.discounts", "measure.returns"], "amount", []),
    ],
)
def test_what_no_file_states_is_called_assumed(
    stated: list[str], value: str, assumed: list[str]
) -> None:
    source = {"kind": "csv", "path": "a.csv", "columns": {"date": "d"}}
    parameters = Parameters.model_validate({"sources": {"orders": source}})
    measure = defaults().measure.model_copy(update={"value": value})
    parameters = parameters.model_copy(update={"measure": measure})
    run: Any = SimpleNamespace(parameters=parameters, layer=dict.fromkeys(stated, "unit"))
    assert list_assumed(run) == assumed
    assert ("assumed until the unit's file states them" in describe_measure(run)) == bool(assumed)


def test_what_cleaning_found_is_said_in_the_language_of_the_page(tmp_path: Path) -> None:
    rows = [order(f"A{at}", "2024-06-03") for at in range(3)]
    rows += [order("A0", "2024-06-03"), order("A5", "soon"), order("A6", "2025-01-01")]
    orders = {"key": ["order_id"]}
    found = clean_orders(tmp_path, rows, unit(orders=orders, cleaning={"loss_budget": 1.0}))
    told: Any = SimpleNamespace(problems=found.problems)
    run: Any = SimpleNamespace(parameters=unit())
    with language.speaking("zh"):
        section = exports.scan(run, told)
    table: Any = section.blocks[1]
    assert [row[5].text for row in table.rows] == [
        "日期、数量、金额或类型无法读取；读不出的金额按 0 计",
        "主键（单据号）再次出现，内容相同",
        "没有任何行：模型在这里用估计值；如果当月停业，请列入 `calendar.closed_months`",
    ]
    assert [row[4].text for row in table.rows[:2]] == ["日期：“soon”不是日期", ""]
    assert [row[2].text for row in table.rows] == ["1", "1", "6 个月"]
    assert table.rows[0][3].sub == "第 6 行"
    reasons = describe_rules(found.ledger, found.problems)
    with language.speaking("zh"):
        assert in_words(reasons["after_month"]).startswith("日期在 2024-12 之后：没有丢失")
