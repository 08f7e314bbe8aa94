"""From transactions to the monthly panel: series ids, grid, hierarchy, regressors, lifecycle.

The transactions of a month enter; the tables series, panel, future, recalled and plan leave.
"""

from __future__ import annotations

from salesfc_lib.panel.aggregation import aggregate
from salesfc_lib.panel.build import build_panel, take_known
from salesfc_lib.panel.cutoffs import find_publication_day, list_backs
from salesfc_lib.panel.gaps import RECENT_MONTHS, fill_forward
from salesfc_lib.panel.hierarchy import (
    DESCRIBING,
    Summing,
    build_series,
    coherence_gap,
    list_levels,
    summing_matrix,
)
from salesfc_lib.panel.key_series import choose_key_series
from salesfc_lib.panel.lifecycle import (
    FADED_SHARE,
    count_silent,
    count_silent_months,
    list_lifecycles,
)
from salesfc_lib.panel.regressors import Kind, regressor_kinds
from salesfc_lib.panel.training import build_tables

__all__ = [
    "DESCRIBING",
    "FADED_SHARE",
    "Kind",
    "RECENT_MONTHS",
    "Summing",
    "aggregate",
    "build_panel",
    "build_series",
    "build_tables",
    "choose_key_series",
    "coherence_gap",
    "count_silent",
    "count_silent_months",
    "fill_forward",
    "find_publication_day",
    "list_backs",
    "list_levels",
    "list_lifecycles",
    "regressor_kinds",
    "summing_matrix",
    "take_known",
]
