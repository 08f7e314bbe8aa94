"""Forecast against actual: accuracy, value added, causes, habits and what to change next month.

The archive's vintages and a month's actuals enter; the tables of the retrospective step leave.
"""

from __future__ import annotations

from salesfc_lib.retrospective.accuracy import by_dimension, by_lag, coverage, history
from salesfc_lib.retrospective.causes.causes import difference_by_cause, likely_causes
from salesfc_lib.retrospective.causes.evidence import Evidence
from salesfc_lib.retrospective.compare import of_stage, published
from salesfc_lib.retrospective.facts import read_facts
from salesfc_lib.retrospective.habits import changes, people
from salesfc_lib.retrospective.improvement import gaming_check, stock_view
from salesfc_lib.retrospective.misses import compare_month, largest_misses
from salesfc_lib.retrospective.proposals import Observed, proposals
from salesfc_lib.retrospective.salespeople import attribute_error, by_salesperson
from salesfc_lib.retrospective.stages import value_added
from salesfc_lib.retrospective.tables import compare_with_archive

__all__ = [
    "Evidence",
    "Observed",
    "attribute_error",
    "by_dimension",
    "by_lag",
    "by_salesperson",
    "changes",
    "compare_month",
    "compare_with_archive",
    "coverage",
    "difference_by_cause",
    "gaming_check",
    "history",
    "largest_misses",
    "likely_causes",
    "of_stage",
    "people",
    "proposals",
    "published",
    "read_facts",
    "stock_view",
    "value_added",
]
