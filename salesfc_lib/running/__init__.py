"""Executing notebooks, publishing a unit's month, units side by side, failures and progress.

A request enters; published months, or records of what failed, leave.
"""

from __future__ import annotations

from salesfc_lib.running.lab import open_lab
from salesfc_lib.running.progress import watch
from salesfc_lib.running.run import Request, backfill, run_month
from salesfc_lib.running.signing import sign_month
from salesfc_lib.running.tasks import Outcome
from salesfc_lib.running.verification import verify, verify_log
from salesfc_lib.running.watching import Unwatched, renew_pages, watch_units

__all__ = [
    "Outcome",
    "Request",
    "Unwatched",
    "backfill",
    "open_lab",
    "renew_pages",
    "run_month",
    "sign_month",
    "verify",
    "verify_log",
    "watch",
    "watch_units",
]
