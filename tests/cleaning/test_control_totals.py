"""Claims about what stands beside the orders: the general ledger's totals, events, deals."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.schema import Parameters
from salesfc_lib.panel.build import build_panel
from tests.orders import Row, order, run, save, unit

ROWS = [
    order("A1", "2024-05-03", "1000.00"),
    order("A2", "2024-06-03", "500.00", region="west"),
    order("A3", "2024-06-04", "500.00"),
    order("A4", "2024-06-05", "x"),
]


def ledger(**control: Any) -> Parameters:
    source = {
        "kind": "csv",
        "role": "control_totals",
        "path": "gl.csv",
        "columns": {"ds": "期间", "amount": "收入"},
    }
    return unit({"gl": source}, cleaning={"loss_budget": 1.0, "control": control})


def post(folder: Path, **totals: str) -> None:
    save(
        folder,
        "gl",
        [{"期间": f"2024-{month[1:]}", "收入": total} for month, total in totals.items()],
    )


def test_within_the_tolerance_both_totals_stand_side_by_side(tmp_path: Path) -> None:
    post(tmp_path, m05="1000.00", m06="1000.50", m07="9999")
    control = run(tmp_path, ROWS, ledger(), "2024-06").control
    assert control[["ours", "ledger", "difference", "state"]].values.tolist() == [
        [Decimal("1000.00"), Decimal("1000.00"), Decimal(0), "within"],
        [Decimal("1000.00"), Decimal("1000.50"), Decimal("-0.50"), "within"],
    ], "a later month is not compared"


def test_outside_the_tolerance_the_month_is_not_published(tmp_path: Path) -> None:
    post(tmp_path, m05="1000", m06="1002")
    rows = [*ROWS, order("A5", "2024-06-09", "77.00", customer="us")]
    unheld = ledger().model_copy(
        update={"measure": unit(measure={"own_company": {"customer": ["us"]}}).measure}
    )
    words = (
        r"amount of 2024-06 \(kept\) is 1,000\.00, the general ledger in 'gl\.csv' says 1,002: "
        r"a difference of -2\.00, 0\.20%"
    )
    with pytest.raises(SalesForecastError, match=rf"{words}.*within_company -77\.00"):
        run(tmp_path, rows, unheld, "2024-06")
    assert len(run(tmp_path, rows, unheld, "2024-05").control) == 1
    wide = ledger(tolerance={"absolute": 2})
    assert run(tmp_path, ROWS, wide, "2024-06").control["state"].tolist() == ["within", "within"]
    known = ledger(accepted={"2024-06": "posted in July"})
    assert run(tmp_path, ROWS, known, "2024-06").control["reason"].map(in_words).tolist() == [
        "",
        "posted in July",
    ]


def test_a_month_without_a_control_total_is_noted(tmp_path: Path) -> None:
    post(tmp_path, m05="1000")
    found = run(tmp_path, ROWS, ledger(), "2024-06")
    assert found.control["state"].tolist() == ["within", "missing"]
    noted = found.problems[found.problems["rule"].eq("control_total")]
    assert noted[["source", "rows", "example"]].map(in_words).values.tolist() == [
        ["gl", 1, "2024-06"]
    ]


def test_control_totals_may_be_by_member_and_account_and_of_what_was_read(tmp_path: Path) -> None:
    columns = {"ds": "m", "amount": "a", "quantity": "q", "region": "r", "account": "k"}
    source = {"kind": "csv", "role": "control_totals", "path": "gl.csv", "columns": columns}
    rows = [
        ("2024-06", "400", "2", "east", "6001"),
        ("2024-06", "100", "", "east", "6051"),
        ("2024-05", "1000", "", "", ""),
    ]
    save(tmp_path, "gl", [dict(zip(("m", "a", "q", "r", "k"), row, strict=True)) for row in rows])
    control = run(tmp_path, ROWS, unit({"gl": source}), "2024-06").control
    assert control[["member", "measure", "ours"]].values.tolist() == [
        ["", "amount", 1000],
        ["east", "amount", 500],
        ["east", "quantity", 2],
    ]
    opening = {"loss_budget": 1.0, "control": {"basis": "opening"}}
    with pytest.raises(SalesForecastError, match="by region, and what was read is not"):
        run(tmp_path, ROWS, unit({"gl": source}, cleaning=opening), "2024-06")
    post(tmp_path, m05="1000", m06="1000")
    assert run(tmp_path, ROWS, ledger(basis="opening"), "2024-06").control["ours"].tolist() == [
        1000,
        1000,
    ]


def side_source(role: str, **columns: str) -> dict[str, Any]:
    return {"kind": "csv", "role": role, "path": "extra.csv", "columns": columns}


def test_a_promotion_influences_the_days_that_were_agreed_and_an_event_stands_apart(
    tmp_path: Path,
) -> None:
    save(
        tmp_path,
        "extra",
        [{"n": "618", "from": "2024-06-11", "to": "2024-06-12", "region": "east"}],
    )
    columns = {"name": "n", "start": "from", "end": "to", "region": "region"}
    measure = {"promotion_window": {"before": 3, "after": 10}}
    sources = {
        "promos": side_source("promotions", **columns),
        "market": side_source("events", **columns),
    }
    parameters = unit(sources, measure=measure)
    found = run(tmp_path, ROWS, parameters, "2024-06")
    panel = build_panel(
        found.transactions, parameters, "2024-06", promotion=found.promotion, event=found.event
    ).panel
    june = panel[panel["ds"].eq(pd.Timestamp("2024-06-01"))].sort_values("promotion")
    assert june["promotion"].tolist() == [0, pytest.approx(15 / 30)]
    assert june["event"].tolist() == [0, pytest.approx(2 / 30)]
    assert found.event[["name", "region", "kind"]].values.tolist() == [["618", "east", None]]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"n": "x", "from": "2024-06-11", "to": "2024-06-01"}, "ends 2024-06-01, before it starts"),
        ({"n": "", "from": "2024-06-11", "to": "2024-06-12"}, "`name` is blank"),
    ],
)
def test_a_wrong_event_is_an_error_with_its_row(tmp_path: Path, row: Row, words: str) -> None:
    save(tmp_path, "extra", [row])
    with pytest.raises(SalesForecastError, match=rf"Row 2 of 'extra\.csv': .*{words}"):
        run(
            tmp_path,
            ROWS,
            unit({"market": side_source("events", name="n", start="from", end="to")}),
        )


def test_deals_are_recorded_with_the_files_and_change_nothing(tmp_path: Path) -> None:
    save(tmp_path, "extra", [{"who": "Li", "when": "2025-03-01", "much": "1,000.50"}])
    source = side_source("opportunities", expected="when", amount="much")
    found = run(tmp_path, ROWS, unit({"crm": source}))
    assert [file["source"] for file in found.files] == ["orders", "crm"]
    assert found.transactions.equals(run(tmp_path, ROWS, unit()).transactions)
