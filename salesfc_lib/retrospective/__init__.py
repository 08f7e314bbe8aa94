"""Forecast against actual: accuracy, value added, causes, KPIs, bias of overrides, proposals.

The archive's vintages and a month's actuals enter; the tables of the retrospective step leave. What
people decide about a month goes through `loop`, what they decide on a proposal through `proposals`.
"""

from __future__ import annotations

from salesfc_lib.retrospective import loop, proposals
from salesfc_lib.retrospective.compare import of_stage, published
from salesfc_lib.retrospective.facts import read_facts
from salesfc_lib.retrospective.kpis import KPIS, Kpi
from salesfc_lib.retrospective.members import sum_targets
from salesfc_lib.retrospective.questions import Answer, Question, ask
from salesfc_lib.retrospective.tables import compare_with_archive

__all__ = [
    "KPIS",
    "Answer",
    "Kpi",
    "Question",
    "ask",
    "compare_with_archive",
    "loop",
    "of_stage",
    "proposals",
    "published",
    "read_facts",
    "sum_targets",
]
