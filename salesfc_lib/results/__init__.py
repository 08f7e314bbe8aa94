"""What each step leaves: its tables, and the facts that sentences are made of.

Tables enter; totals, counts and checks leave. The decision made here: whatever a page says in numbers is counted
here or in a room to the left, never in a sentence.
"""

from salesfc_lib.results.cleaning import CleanedMonth, ledger_totals, monthly_total
from salesfc_lib.results.key import KeyMonth
from salesfc_lib.results.modeling import ModeledMonth
from salesfc_lib.results.reconciliation import ReconciledMonth, final_stage, last_modeled
from salesfc_lib.results.retrospective import ReviewedMonth

__all__ = [
    "CleanedMonth",
    "KeyMonth",
    "ModeledMonth",
    "ReconciledMonth",
    "ReviewedMonth",
    "final_stage",
    "last_modeled",
    "ledger_totals",
    "monthly_total",
]
