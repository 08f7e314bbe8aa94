"""What "sales" means on the cleaning page: amounts that were calculated are said to be."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import tables
from salesfc_lib.reporting.narrative.cleaning.definitions import meaning_of_sales
from tests.orders import unit


@pytest.mark.parametrize("is_made", [True, False])
def test_amounts_that_were_calculated_are_said_to_be(tmp_path: Path, is_made: bool) -> None:
    parameters = unit()
    made: dict[str, Any] = {"amount": "quantity * price" if is_made else None}
    orders = parameters.sources["orders"].model_copy(update=made)
    parameters = parameters.model_copy(update={"sources": {"orders": orders}})
    run = UnitMonth(tmp_path, "north", "2024-12", parameters, {}, {}, tmp_path)
    cleaned: Any = SimpleNamespace(control=tables.empty("control"))
    shown = "".join(str(block) for block in meaning_of_sales(run, cleaned).blocks)
    assert ("calculated as quantity × price" in shown) == is_made
