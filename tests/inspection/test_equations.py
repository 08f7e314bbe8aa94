"""Claims about figures of an export: when they are percent, and when shares."""

from __future__ import annotations

import numpy as np
import pytest

from salesfc_lib.inspection.evidence.equations import Figures


@pytest.mark.parametrize(
    ("values", "shares"),
    [
        ([1.0, 0.1], [1.0, 0.1]),  # a discount of all of it
        ([1.01, 0.1], [0.0101, 0.001]),
        ([-13.0, 0.5, np.nan], [-0.13, 0.005, np.nan]),
    ],
)
def test_a_column_is_in_percent_where_any_of_it_is_above_one(
    values: list[float], shares: list[float]
) -> None:
    found = Figures("rate", np.array(values), 0.0).shares
    assert found == pytest.approx(shares, nan_ok=True)
