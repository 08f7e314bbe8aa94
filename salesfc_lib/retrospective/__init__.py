"""What was forecast against what happened: facts for the fourth notebook.

Archived forecasts, actuals and the unit's tables enter as frames; tables and facts leave. No file is read and no
sentence is written here. One question a file: `compare` puts forecasts beside actuals, `accuracy` and `stages`
pool them, `habits` and `salespeople` say whose they were, `misses`, `evidence` and `causes` say why, `improvement`
asks whether it is real, `next_month` what to change. A unit without archive gets empty tables.
"""

from salesfc_lib.retrospective.accuracy import by_dimension, by_lag, coverage, history
from salesfc_lib.retrospective.causes import difference_by_cause, likely_causes
from salesfc_lib.retrospective.compare import published
from salesfc_lib.retrospective.evidence import Evidence
from salesfc_lib.retrospective.facts import read_facts, write_facts
from salesfc_lib.retrospective.habits import changes, people
from salesfc_lib.retrospective.improvement import gaming_check, stock_view
from salesfc_lib.retrospective.misses import compare_month, largest_misses
from salesfc_lib.retrospective.next_month import Observed, proposals
from salesfc_lib.retrospective.salespeople import attribute_error, by_salesperson
from salesfc_lib.retrospective.stages import value_added

__all__ = [
    "Evidence",
    "Observed",
    "attribute_error",
    "by_dimension",
    "by_lag",
    "by_salesperson",
    "changes",
    "compare_month",
    "coverage",
    "difference_by_cause",
    "gaming_check",
    "history",
    "largest_misses",
    "likely_causes",
    "people",
    "proposals",
    "published",
    "read_facts",
    "stock_view",
    "value_added",
    "write_facts",
]
