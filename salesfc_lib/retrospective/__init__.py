"""Forecast against actual: accuracy, value added, causes, bias of overrides, proposals.

The archive's vintages and a month's actuals enter; the tables of the retrospective step leave.
"""

from __future__ import annotations

from salesfc_lib.retrospective.accuracy import by_dimension, by_lag, coverage, history, lag_history
from salesfc_lib.retrospective.causes.causes import difference_by_cause, likely_causes
from salesfc_lib.retrospective.causes.evidence import Evidence
from salesfc_lib.retrospective.compare import (
    Past,
    compare_month,
    largest_misses,
    of_stage,
    published,
)
from salesfc_lib.retrospective.improvement import gaming_check, stock_view
from salesfc_lib.retrospective.override_bias import judge_overrides, override_bias
from salesfc_lib.retrospective.proposals import Observed, proposals
from salesfc_lib.retrospective.rows import read_facts
from salesfc_lib.retrospective.salespeople import attribute_error, by_salesperson
from salesfc_lib.retrospective.tables import compare_with_archive
from salesfc_lib.retrospective.value_added import value_added

__all__ = [
    "Evidence",
    "Observed",
    "Past",
    "attribute_error",
    "by_dimension",
    "by_lag",
    "by_salesperson",
    "compare_month",
    "compare_with_archive",
    "coverage",
    "difference_by_cause",
    "gaming_check",
    "history",
    "judge_overrides",
    "lag_history",
    "largest_misses",
    "likely_causes",
    "of_stage",
    "override_bias",
    "proposals",
    "published",
    "read_facts",
    "stock_view",
    "value_added",
]
