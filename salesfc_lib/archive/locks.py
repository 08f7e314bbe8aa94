"""One run of a month at a time: a lock file for each month, held by the operating system.

A run that is killed never leaves its month locked, because the system gives the lock back.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from salesfc_lib.errors import RequestError


@contextmanager
def lock_month(reports: Path, month: str) -> Iterator[None]:
    """Hold `month` alone while the block runs.

    Raises `RequestError` where another run holds it, naming its process and when it began.
    """
    from filelock import FileLock, Timeout

    path = reports / ".locks" / f"{month}.lock"
    holder = path.with_suffix(".json")  # beside it: on Windows nobody else can read a locked file
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise _refusal(holder, month) from None
    try:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        holder.write_text(json.dumps({"pid": os.getpid(), "since": since}), encoding="utf-8")
        yield
    finally:
        lock.release()


def _refusal(holder: Path, month: str) -> RequestError:
    try:
        held = json.loads(holder.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        held = {}
    return RequestError.of(
        f"Another run of {month} is at work: process {held.get('pid', 'unknown')}, "
        f"since {held.get('since', 'just now')}",
        "One run of a month at a time",
        "Wait until it has ended, or end that process, and run again",
    )
