"""What people decide about a month, and whether it helped.

Decisions and the archive's scores enter; their state and their measured effect leave.
"""

from __future__ import annotations

from salesfc_lib.retrospective.loop.actions import (
    OUTCOMES,
    Promise,
    add_action,
    close_action,
    fold_actions,
    judge_states,
    list_actions,
    update_action,
)
from salesfc_lib.retrospective.loop.answers import confirm_cause, correct_cause, read_causes
from salesfc_lib.retrospective.loop.cause_lines import CODES, OF_PEOPLE
from salesfc_lib.retrospective.loop.decisions import read_published
from salesfc_lib.retrospective.loop.effect import KPIS, Effect, measure_effect
from salesfc_lib.retrospective.loop.review import review_decisions
from salesfc_lib.retrospective.loop.rows import find_rows

__all__ = [
    "CODES",
    "Effect",
    "KPIS",
    "OF_PEOPLE",
    "OUTCOMES",
    "Promise",
    "add_action",
    "close_action",
    "confirm_cause",
    "correct_cause",
    "fold_actions",
    "judge_states",
    "find_rows",
    "list_actions",
    "measure_effect",
    "read_causes",
    "read_published",
    "review_decisions",
    "update_action",
]
