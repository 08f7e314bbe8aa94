"""A unit's month with the facts of its steps: what its summary is made of."""

from __future__ import annotations

from dataclasses import dataclass

from salesfc_lib.archive import UnitMonth
from salesfc_lib.reporting.facts.cleaning import CleanedMonth
from salesfc_lib.reporting.facts.handover import HandedMonth
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.facts.reconciliation import ReconciledMonth
from salesfc_lib.reporting.facts.retrospective import ComparedMonth

PAGES = {
    "Cleaning": "01_cleaning.html",
    "Modeling": "02_modeling.html",
    "Reconciliation": "03_reconciliation.html",
    "Retrospective": "04_retrospective.html",
    "Handover": "05_handover.html",
}


@dataclass(frozen=True)
class MonthFacts:
    """A unit's month with the facts of its steps."""

    run: UnitMonth
    cleaned: CleanedMonth
    modeled: ModeledMonth
    reconciled: ReconciledMonth
    compared: ComparedMonth
    handed: HandedMonth | None = None  # None: without a handover
