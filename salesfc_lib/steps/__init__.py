"""One function a notebook: read tables, call the rooms to the left, write tables, read them back.

A unit's month enters; what the step left in its folder leaves, as frames with names.
"""

from __future__ import annotations

from salesfc_lib.archive import open_month
from salesfc_lib.steps.steps import (
    clean,
    latest_closed,
    model,
    read_history,
    reconcile,
    retrospect,
    summarise,
    tell_keys,
)

__all__ = [
    "clean",
    "latest_closed",
    "model",
    "open_month",
    "read_history",
    "reconcile",
    "retrospect",
    "summarise",
    "tell_keys",
]
