"""How people are told what waits for them: one digest a person, sent once.

What waits for people enters (`coordination.waiting`); digests leave, to the addresses that the
environment holds, and a record of each attempt. Whoever reads the pages misses nothing: a digest
only says that there is something to read.
"""

from __future__ import annotations

from salesfc_lib.coordination.notifications.outbox import list_unsure
from salesfc_lib.coordination.notifications.plan import Planned, find_unsure, plan_digests
from salesfc_lib.coordination.notifications.send import Told, describe_told, send_digests

__all__ = [
    "Planned",
    "Told",
    "describe_told",
    "find_unsure",
    "list_unsure",
    "plan_digests",
    "send_digests",
]
