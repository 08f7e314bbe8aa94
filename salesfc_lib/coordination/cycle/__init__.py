"""The month's cycle: steps with an owner, a day and what must be true, done or skipped in order.

Records, parameters and published tables enter; the state of each step leaves, and events.
"""

from __future__ import annotations

from salesfc_lib.coordination.cycle.acting import (
    answer_quarantine,
    finish_step,
    say_none,
    skip_step,
)
from salesfc_lib.coordination.cycle.needs import NEEDS, find_missing
from salesfc_lib.coordination.cycle.reminders import remind
from salesfc_lib.coordination.cycle.steps import describe_step, fold_cycle, show_cycle

__all__ = [
    "NEEDS",
    "answer_quarantine",
    "describe_step",
    "find_missing",
    "finish_step",
    "fold_cycle",
    "remind",
    "say_none",
    "show_cycle",
    "skip_step",
]
