"""Cache of forecasts, keyed by content.

A key is a digest of everything that a forecast depends on (code, library versions, settings,
values), so an entry is never stale, only unused, and the folder may be deleted at any time. Each
write is a file of its own, written beside its place and renamed, so several processes may share a
folder; a damaged file counts as absent.
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
import pyarrow as pa
import pyarrow.parquet as pq

PACKAGES = ("numpy", "pmdarima", "scipy", "statsforecast", "statsmodels", "xgboost", "xgboost-cpu")
BUILT_OF = (  # folders and files of the library whose code decides what a candidate forecasts
    "forecasting/candidates",
    "forecasting/smoothing",
    "forecasting/demand.py",
    "forecasting/history.py",
    "forecasting/tuning.py",
    "foundation/nan_statistics.py",
    "panel/gaps.py",
)
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
    _entries: dict[str, CacheEntry] = field(default_factory=dict, repr=False)
    _read: set[str] = field(default_factory=set, repr=False)

    def refresh(self) -> None:
        """Read what other processes have written since."""
        if self.folder is None or not self.folder.is_dir():
            return
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            if path.name not in self._read:
                self._read.add(path.name)
                self._entries |= _load(path)

    def get(self, key: str) -> CacheEntry | None:
        """The entry, or None where there is none."""
        return self._entries.get(key)

    def put(self, entries: Mapping[str, CacheEntry]) -> None:
        """Keep entries; equal keys hold equal entries, so the order of writers does not matter."""
        fresh = {key: entry for key, entry in entries.items() if key not in self._entries}
        if not fresh:
            return
        self._entries |= fresh
        if self.folder is not None:
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
    """Digest of what every forecast depends on: code of `BUILT_OF`, versions of libraries."""
    root = Path(__file__).parents[1]
    paths = [
        path for name in BUILT_OF for path in sorted((root / name).glob("*.py")) or [root / name]
    ]
    code = [path.read_bytes() for path in paths]
    return digest(*code, *(f"{name} {_version(name)}" for name in PACKAGES))


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


def _save(entries: Mapping[str, CacheEntry], folder: Path) -> str:
    """Name of the file written."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{digest(*sorted(entries))}{SUFFIX}"
    beside = folder / f".{name}.{os.getpid()}"
    values = [None if each.values is None else each.values.tolist() for each in entries.values()]
    columns = {
        "key": pa.array(list(entries), pa.string()),
        "values": pa.array(values, pa.list_(pa.float64())),
        "note": pa.array([entry.note for entry in entries.values()], pa.string()),
    }
    pq.write_table(pa.table(columns), beside)
    os.replace(beside, folder / name)
    return name


def _load(path: Path) -> dict[str, CacheEntry]:
    """Entries of a file; none where it is damaged."""
    try:
        table = pq.read_table(path)
        lists = (table[name].to_pylist() for name in ("key", "values", "note"))
        return {
            key: CacheEntry(None if values is None else np.array(values), note)
            for key, values, note in zip(*lists, strict=True)
        }
    except (OSError, KeyError, TypeError, pa.ArrowException):
        return {}
