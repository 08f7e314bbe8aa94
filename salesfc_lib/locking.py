"""One run of a month at a time.

A reports folder and a month enter; the right to write that month leaves, for as long as the `with` block lasts. The
decision made here: the kernel holds the lock (`flock`), so that a run which is killed never leaves one behind.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from salesfc_lib.errors import RequestError, SalesForecastError


@contextmanager
def lock_month(reports: Path, month: str) -> Iterator[None]:
    """Hold `month` alone while the block runs.

    Raises `RequestError` naming the process that has it, and since when, where another run is at work.
    """
    path = reports / ".locks" / f"{month}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _refusal(path, month) from None
        file.seek(0)
        file.truncate()
        json.dump({"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}, file)
        file.flush()
        yield


def _refusal(path: Path, month: str) -> SalesForecastError:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        holder = {}
    return RequestError.say(
        f"Another run of {month} is at work: process {holder.get('pid', 'unknown')}, since {holder.get('since', 'just now')}",
        "One run of a month at a time",
        "Wait until it has ended, or end that process, and run again",
    )
