"""Cache of forecasts, keyed by content.

A key is a digest of everything that a forecast depends on, so an entry is never stale, only unused,
and the folder may be deleted at any time. Each write is a file of its own, so several processes may
share a folder; a damaged file counts as absent.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

PACKAGES = ("numpy", "pmdarima", "scipy", "statsforecast", "statsmodels")  # of cached candidates
SUFFIX = ".parquet"


@dataclass(frozen=True)
class CacheEntry:
    """A forecast (horizon,), or None with the error, or a search's result, in `note`."""

    values: np.ndarray | None
    note: str = ""


@dataclass
class ForecastCache:
    """Entries by key, in this process and, where `folder` is given, in Parquet files there."""

    folder: Path | None = None
    entries: dict[str, CacheEntry] = field(default_factory=dict, repr=False)
    _read: set[str] = field(default_factory=set, repr=False)

    def refresh(self) -> None:
        """Read what other processes have written since."""
        for path in sorted(self.folder.glob(f"*{SUFFIX}")) if self.folder is not None else ():
            if path.name not in self._read:
                self._read.add(path.name)
                self.entries |= _load(path)

    def put(self, entries: Mapping[str, CacheEntry]) -> None:
        """Keep entries; equal keys hold equal entries, so the order of writers does not matter."""
        fresh = {key: entry for key, entry in entries.items() if key not in self.entries}
        self.entries |= fresh
        if fresh and self.folder is not None:
            self._read.add(_save(fresh, self.folder))


def digest(*parts: bytes | str) -> str:
    """Hexadecimal digest of the parts in order, each with its length."""
    state = hashlib.blake2b(digest_size=20)
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        state.update(len(raw).to_bytes(8, "little"))
        state.update(raw)
    return state.hexdigest()


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """Digest of what every forecast depends on: the library's code, versions of packages."""
    code = [path.read_bytes() for path in sorted(Path(__file__).parents[1].rglob("*.py"))]
    return digest(*code, *(f"{name} {metadata.version(name)}" for name in PACKAGES))


def _save(entries: Mapping[str, CacheEntry], folder: Path) -> str:
    """Name of the file that was written."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{digest(*sorted(entries))}{SUFFIX}"
    beside = folder / f".{name}.{os.getpid()}"
    columns = {
        "key": list(entries),
        "values": [entry.values for entry in entries.values()],
        "note": [entry.note for entry in entries.values()],
    }
    pd.DataFrame(columns).to_parquet(beside)
    os.replace(beside, folder / name)
    return name


def _load(path: Path) -> dict[str, CacheEntry]:
    """Entries of a file; none where it is damaged."""
    try:
        table = pd.read_parquet(path, columns=["key", "values", "note"])
    except (OSError, ValueError):
        return {}
    return {key: CacheEntry(values, note) for key, values, note in table.to_numpy()}
