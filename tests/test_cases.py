"""Small exports as real systems give them: what `init` writes for each, and what cleaning makes of
it, is what its `expected.md` says.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from salesfc_lib.cleaning.clean import Cleaned, clean
from salesfc_lib.foundation.parameters import resolve
from salesfc_lib.foundation.schema import Parameters
from salesfc_lib.inspection.writing.unit_file import write_unit_file

BESIDE = {"expected.md", "unit.yml"}  # files of a case that are no export


@dataclass(frozen=True)
class Started:
    """A project that holds a case's exports and the unit that `init` wrote for them."""

    project: Path

    @property
    def unit(self) -> Parameters:
        return resolve(self.project, "u").parameters

    def clean(self, month: str) -> Cleaned:
        unit = self.unit
        calendar = unit.calendar.model_copy(update={"closed_through": month})
        return clean(unit.model_copy(update={"calendar": calendar}), self.project, month)

    def sum_months(self, name: str, month: str) -> dict[str, Decimal]:
        """Sum of a measure by month, through the last."""
        found = self.clean(month).transactions
        sums = found.assign(**{name: found[name].map(Decimal)}).groupby("month")[name].sum()
        return {f"{month:%Y-%m}": value for month, value in sums.items()}


def start(case: Path, project: Path) -> Started:
    data = project / "data"
    data.mkdir()
    files = [path for path in sorted(case.iterdir()) if path.name not in BESIDE]
    for path in files:
        shutil.copy(path, data)
    write_unit_file([data / path.name for path in files], project, "u")
    return Started(project)


def check_returns_beside_sales(found: Started) -> None:
    returns = found.unit.sources["returns"]
    assert returns.role == "returns"
    assert returns.returns_are_positive
    assert sum(found.sum_months("quantity", "2025-01").values()) == 16


def check_sap_item_numbers(found: Started) -> None:
    orders = found.unit.sources["orders"]
    assert (orders.key, orders.columns["line"]) == (["order_id", "line"], "POSNR")
    assert found.sum_months("amount", "2025-01") == {"2025-01": 20}


def check_subtotals_and_repeat(found: Started) -> None:
    assert found.unit.sources["orders"].key == ["order_id", "line"]
    kept = found.clean("2025-02").transactions
    assert (len(kept), kept["quantity"].sum(), kept["amount"].sum()) == (3, 19, 190)


def check_words_like_totals(found: Started) -> None:
    orders = found.unit.sources["orders"]
    assert (orders.subtotals, orders.fill_down) == (["Total"], ["order_id"])
    kept = found.clean("2025-02").transactions
    assert kept["order_id"].tolist() == ["I1", "I1", "I1", "I2"]
    assert (kept["quantity"].sum(), kept["amount"].sum()) == (9, Decimal("30.30"))


def check_weekly_net(found: Started) -> None:
    assert found.unit.sources["orders"].period == "week"
    assert sum(found.sum_months("quantity", "2025-02").values()) == 16
    months = found.sum_months("amount", "2025-02")
    assert sum(months.values()) == Decimal("212.50")
    # of the week of 27 January, five days are in January
    assert months["2025-01"] == Decimal("148.21")


def check_quantity_times_price(found: Started) -> None:
    assert found.unit.sources["orders"].amount == "quantity * price"
    assert found.unit.measure.value == "amount"
    assert found.sum_months("amount", "2025-02") == {"2025-01": 7, "2025-02": Decimal("10.50")}


def check_period_yyyymm(found: Started) -> None:
    assert found.sum_months("quantity", "2025-03") == {"2025-01": 10, "2025-02": 11, "2025-03": 12}


def check_same_orders(found: Started) -> None:
    """The orders of three of the cases, which write their dates each in its own way."""
    months = found.sum_months("amount", "2025-12")
    assert (len(months), min(months), max(months)) == (36, "2023-01", "2025-12")
    assert sum(months.values()) == Decimal("252117.83")


def check_typed_2003(found: Started) -> None:
    cleaned = found.clean("2025-12")
    assert cleaned.transactions["date"].min().year == 2023
    assert cleaned.quarantine["rule"].tolist() == ["far_date"]


CHECKS = {
    "epoch-milliseconds": check_same_orders,
    "period-mm-yyyy": check_same_orders,
    "period-yyyymm": check_period_yyyymm,
    "roc-years": check_same_orders,
    "typed-2003": check_typed_2003,
    "quantity-times-price": check_quantity_times_price,
    "returns-beside-sales": check_returns_beside_sales,
    "sap-item-numbers": check_sap_item_numbers,
    "weekly-net": check_weekly_net,
    "subtotals-and-repeat": check_subtotals_and_repeat,
    "words-like-totals": check_words_like_totals,
}


@pytest.mark.parametrize("name", CHECKS)
def test_a_case_comes_out_as_expected(name: str, cases: Path, tmp_path: Path) -> None:
    if not (cases / name).is_dir():
        pytest.skip(f"No case '{name}' in '{cases}'")
    CHECKS[name](start(cases / name, tmp_path))
