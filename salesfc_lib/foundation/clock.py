"""The moment at which something is done, for events, deadlines and alerts.

`SALESFC_NOW` sets it for demonstrations and tests, as an ISO moment such as 2026-07-14T09:00+08:00.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from salesfc_lib.errors import RequestError

VARIABLE = "SALESFC_NOW"


def now() -> datetime:
    """This moment with its zone; one that is set without a zone is in the computer's.

    Raises `RequestError` for a `SALESFC_NOW` that is no moment.
    """
    said = os.environ.get(VARIABLE, "").strip()
    if not said:
        return datetime.now(UTC)
    try:
        return datetime.fromisoformat(said).astimezone(UTC)
    except ValueError:
        raise RequestError.of(
            f"`{VARIABLE}` is '{said}'",
            "A moment such as 2026-07-14T09:00+08:00",
            "Correct it, or unset it to take this moment",
        ) from None
