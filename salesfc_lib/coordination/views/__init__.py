"""Forecasts of departments beside the statistical one: entered, compared, decided on, scored.

Files and published tables enter; versions that are kept whole, their disagreements, overrides of
what was decided and their errors leave.
"""

from __future__ import annotations

from salesfc_lib.coordination.views.comparing import (
    compare_views,
    find_disagreements,
    list_disagreements,
)
from salesfc_lib.coordination.views.deciding import decide_view
from salesfc_lib.coordination.views.reading import MEASURES, read_view
from salesfc_lib.coordination.views.scoring import score_views
from salesfc_lib.coordination.views.versions import BUILT_IN, enter_view, latest_views, list_views

__all__ = [
    "BUILT_IN",
    "MEASURES",
    "compare_views",
    "decide_view",
    "enter_view",
    "find_disagreements",
    "latest_views",
    "list_disagreements",
    "list_views",
    "read_view",
    "score_views",
]
