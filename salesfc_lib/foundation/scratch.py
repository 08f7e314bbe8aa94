"""Folders for what is written on the way, gone afterwards: also where a process was killed.

A folder is locked by the operating system while its process lives. Whoever makes one next in the
same place removes those that nobody holds.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = ".salesfc.lock"
YOUNG = 10  # seconds in which a new folder may not be locked yet


@contextmanager
def scratch_folder(prefix: str, base: Path | str | None = None) -> Iterator[Path]:
    """A new folder under `base` (None: where temporary files go) for the time of the block."""
    from filelock import FileLock

    _remove_left(prefix, Path(base or tempfile.gettempdir()))
    made = tempfile.TemporaryDirectory(prefix=prefix, dir=base)
    with made as folder, FileLock(f"{folder}/{LOCK}"):
        yield Path(folder)


def _remove_left(prefix: str, base: Path) -> None:
    """Remove folders of this prefix that no process holds."""
    from filelock import FileLock, Timeout

    for lock in base.glob(f"{prefix}*/{LOCK}"):
        with suppress(OSError, Timeout):  # another user's, or one that is held
            if time.time() - lock.parent.stat().st_mtime < YOUNG:
                continue
            with FileLock(lock, timeout=0):
                shutil.rmtree(lock.parent, ignore_errors=True)
