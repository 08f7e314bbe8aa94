"""A folder that appears whole: written beside its place, renamed in, one writer at a time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from salesfc_lib.archive import manifest
from salesfc_lib.errors import RequestError


@contextmanager
def hold(place: Path) -> Iterator[None]:
    """Hold the folder alone while the block runs."""
    from filelock import FileLock, Timeout

    place.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place.with_name(f".{place.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RequestError.of(
            f"Another process writes '{place}'", "One at a time", "Wait until it has ended"
        ) from None
    try:
        yield
    finally:
        lock.release()


def swap(beside: Path, place: Path) -> None:
    """Rename the new folder into its place; what stood there is removed."""
    earlier = place.with_name(f".{place.name}.old")
    shutil.rmtree(earlier, ignore_errors=True)
    if place.exists():
        place.rename(earlier)
    beside.rename(place)
    manifest.sync(place.parent)
    shutil.rmtree(earlier, ignore_errors=True)


def recover(place: Path) -> None:
    """Bring back what stood here, where a process died between the two renames."""
    earlier = place.with_name(f".{place.name}.old")
    if earlier.exists() and not place.exists():
        earlier.rename(place)


def link(old: Path, new: Path) -> None:
    """Take a file over, without its bytes being written again where the disk can do so."""
    if not old.is_file():
        return
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(old, new)
    except OSError:
        shutil.copy2(old, new)
