"""One function a notebook: each reads tables, calls the rooms to the left, writes tables.

A unit's month enters; what the step left in its folder comes back as frames with names.
"""

from __future__ import annotations

from salesfc_lib.steps.cleaning import clean, find_closed, read_restated
from salesfc_lib.steps.handover import hand_over, read_handed
from salesfc_lib.steps.modeling import model, read_history, read_modeled
from salesfc_lib.steps.opening import open_month
from salesfc_lib.steps.reconciliation import read_reconciled, reconcile
from salesfc_lib.steps.retrospective import retrospect
from salesfc_lib.steps.summary import key_pages, summarise

__all__ = [
    "clean",
    "find_closed",
    "hand_over",
    "key_pages",
    "model",
    "open_month",
    "read_handed",
    "read_history",
    "read_modeled",
    "read_reconciled",
    "read_restated",
    "reconcile",
    "retrospect",
    "summarise",
]
