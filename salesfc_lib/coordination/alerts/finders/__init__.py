"""What raises an alert: a finder a kind, from a unit's latest published month and the sales since.

A `Look` enters; `Found` leave, a row for each cause.
"""

from __future__ import annotations

from salesfc_lib.coordination.alerts.finders.inputs import find_late, find_odd
from salesfc_lib.coordination.alerts.finders.moved import find_moved
from salesfc_lib.coordination.alerts.finders.sales import find_sales
from salesfc_lib.coordination.alerts.finders.scores import find_accuracy, find_bias
from salesfc_lib.coordination.alerts.finders.steps import find_candidates, find_overrides
from salesfc_lib.coordination.alerts.finders.supply import find_stock
from salesfc_lib.coordination.alerts.finding import Finder

FINDERS: dict[str, Finder] = {
    "sales": find_sales,
    "moved": find_moved,
    "late": find_late,
    "odd": find_odd,
    "accuracy": find_accuracy,
    "bias": find_bias,
    "override": find_overrides,
    "stock": find_stock,
    "candidate": find_candidates,
}
