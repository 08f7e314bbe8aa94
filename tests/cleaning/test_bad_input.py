"""Bad input in one unit: a message says what, where and what to do; the other is published."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from salesfc_lib.archive.locks import lock_month
from salesfc_lib.cli import app
from salesfc_lib.running import run
from tests.conftest import in_turn

MONTH = "2025-12"
HEADS = ["Date", "Order", "Line", "Customer", "Product", "Region", "Qty", "Amount"]
UNIT = """
unit: {title: %s}
sources:
  orders:
    kind: csv
    path: data/%s/orders.csv
    key: [order_id, line]
    columns:
      {date: Date, order_id: Order, line: Line, customer: Customer, product: Product,
       region: Region, quantity: Qty, amount: Amount}
dimensions: [region]
levels: {total: [], bottom: [region]}
candidates:
  growth: {enabled: false}
  ets: {enabled: false}
  damped: {enabled: false}
  ces: {enabled: false}
  arima: {enabled: false}
  regression: {enabled: false}
  xgboost: {enabled: false}
"""


def write_orders(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADS)
        for k in range(25):
            year, month = divmod(k, 12)
            for number, region in enumerate(("North", "South")):
                writer.writerow(
                    [
                        f"{2024 + year}-{month + 1:02d}-05",
                        f"A{k}{number}",
                        1,
                        "Kunde",
                        "P1",
                        region,
                        3 + k % 12,
                        f"{100 + 10 * (k % 12)}.50",
                    ]
                )


def salesfc(*arguments: str) -> Result:
    """The command line in this process."""
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(run, "side_by_side", in_turn)
    for unit in ("bad", "good"):
        write_orders(tmp_path / "data" / unit / "orders.csv")
        (tmp_path / "parameters" / "units").mkdir(parents=True, exist_ok=True)
        (tmp_path / "parameters" / "units" / f"{unit}.yml").write_text(
            UNIT % (unit.title(), unit), encoding="utf-8"
        )
    return tmp_path


def orders(project: Path) -> Path:
    return project / "data" / "bad" / "orders.csv"


def change(path: Path, old: str, new: str, count: int = -1) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def unit_file(project: Path) -> Path:
    return project / "parameters" / "units" / "bad.yml"


def rename_a_column(project: Path) -> None:
    change(orders(project), "Amount", "Umsatz", 1)


def misspell_a_parameter(project: Path) -> None:
    unit_file(project).write_text(
        unit_file(project).read_text(encoding="utf-8") + "\nhorizn: 6\n", encoding="utf-8"
    )


def close_earlier(project: Path) -> None:
    unit_file(project).write_text(
        unit_file(project).read_text(encoding="utf-8") + "\ncalendar: {closed_through: 2025-06}\n",
        encoding="utf-8",
    )


def remove_all_rows(project: Path) -> None:
    orders(project).write_text(",".join(HEADS) + "\n", encoding="utf-8")


def write_a_workbook_that_is_none(project: Path) -> None:
    change(unit_file(project), "kind: csv", "kind: excel")
    change(unit_file(project), "orders.csv", "orders.xlsx")
    (project / "data" / "bad" / "orders.xlsx").write_bytes(b"PK\x03\x04 this is no workbook")


def remove_the_file(project: Path) -> None:
    orders(project).unlink()


def spoil_many_rows(project: Path) -> None:
    change(orders(project), "2024-05-05", "31.31.2024")


def repeat_a_promotion(project: Path) -> None:
    (project / "data" / "bad" / "promotions.csv").write_text(
        "name,start,end\nSale,2025-11-01,2025-11-05\nSale,2025-11-01,2025-11-09\n", encoding="utf-8"
    )
    block = (
        "  promotions:\n    kind: csv\n    role: promotions\n    path: data/bad/promotions.csv\n"
        "    columns: {name: name, start: start, end: end}\ndimensions:"
    )
    change(unit_file(project), "dimensions:", block)


def change_a_series_that_does_not_exist(project: Path) -> None:
    (project / "overrides").mkdir()
    head = "unit,made_in,unique_id,ds,sequence,new,percent,author,reason,created_at\n"
    line = f"bad,{MONTH},bottom:Nrth,2026-01,1,500,,Li,more,2026-01-03\n"
    (project / "overrides" / "bad.csv").write_text(head + line, encoding="utf-8")


def repeat_an_override(project: Path) -> None:
    change_a_series_that_does_not_exist(project)
    path = project / "overrides" / "bad.csv"
    lines = path.read_text(encoding="utf-8").replace("Nrth", "North").splitlines()
    path.write_text("\n".join([*lines, lines[-1]]) + "\n", encoding="utf-8")


def write_an_exception_without_reason(project: Path) -> None:
    path = project / "parameters" / "months" / MONTH / "bad.yml"
    path.parent.mkdir(parents=True)
    path.write_text("horizon: {value: 6}\n", encoding="utf-8")


CASES: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "missing column": (rename_a_column, ["orders.csv", "'Amount'", "Umsatz", "columns"]),
    "unknown parameter": (misspell_a_parameter, ["'horizn'", "bad.yml", "'horizon'"]),
    "month not closed": (close_earlier, [MONTH, "2025-06", "closed_through"]),
    "no rows": (remove_all_rows, ["no row", "orders.csv"]),
    "unreadable file": (write_a_workbook_that_is_none, ["orders.xlsx", "cannot be read"]),
    "missing file": (remove_the_file, ["orders.csv"]),
    "above the loss budget": (spoil_many_rows, ["31.31.2024", "loss_budget", "orders"]),
    "duplicate key in a contract table": (
        repeat_a_promotion,
        ["promotions", "Sale", "name", "start"],
    ),
    "override of a series that does not exist": (
        change_a_series_that_does_not_exist,
        ["overrides/bad.csv", "bottom:Nrth", "bottom:North"],
    ),
    "duplicate override": (repeat_an_override, ["overrides/bad.csv", "sequence"]),
    "exception without a reason": (write_an_exception_without_reason, ["horizon", "reason"]),
}


@pytest.mark.parametrize("name", list(CASES))
def test_one_unit_fails_with_a_message_and_the_other_is_published(project: Path, name: str) -> None:
    spoil, words = CASES[name]
    spoil(project)
    done = salesfc("backfill", "--from", MONTH, "--to", MONTH, "--project", str(project))
    said = " ".join(done.output.split())
    assert done.exit_code == 1, said
    assert [word for word in words if word not in said] == [], said
    assert "Traceback" not in said
    reports = project / "reports"
    assert (reports / MONTH / "good" / "manifest.json").is_file()
    assert not (reports / MONTH / "bad").exists()
    assert not list((reports / MONTH).glob(".*"))
    assert "did not publish" in (reports / "index.html").read_text(encoding="utf-8")


def test_a_month_that_is_closed_nowhere_is_a_wrong_request(project: Path) -> None:
    done = salesfc("run", "--month", "2026-05", "--project", str(project))
    assert done.exit_code == 2
    assert "2026-05" in done.output
    assert not (project / "reports" / "2026-05").exists()


def test_two_runs_of_one_month_at_once_are_refused(project: Path) -> None:
    (project / "reports").mkdir()
    with lock_month(project / "reports", MONTH):
        done = salesfc("backfill", "--from", MONTH, "--to", MONTH, "--project", str(project))
    said = done.output
    assert done.exit_code == 2
    assert MONTH in said
    assert re.search(str(os.getpid()), said), "the message names the process that holds the month"


def test_names_in_any_script_and_hostile_ones_stay_text(project: Path) -> None:
    hostile = "<script>alert(1)</script>/..\\ =1+1 纸'\"&"
    change(orders(project), ",South,", f',"{hostile.replace(chr(34), chr(34) * 2)}",')
    done = salesfc("backfill", "--from", MONTH, "--to", MONTH, "--project", str(project))
    assert done.exit_code == 0, done.output
    page = (project / "reports" / MONTH / "bad" / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    written = (project / "reports" / MONTH / "bad" / "forecast.csv").read_text(encoding="utf-8-sig")
    assert "纸" in written
