"""The files of a unit's sources as they lie there: when the newest came, and whether any changed.

Nothing is opened: size and time say whether a file is another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from salesfc_lib.foundation import Parameters, Source
from salesfc_lib.intake import find_files, find_root


def newest_file(source: Source, project: Path) -> str | None:
    """ISO moment at which a source's newest file was written; None of databases and ERP systems."""
    times = [each.stat().st_mtime for each in _files(source, project)]
    return _moment(max(times)) if times else None


def newest_data(parameters: Parameters, project: Path) -> str | None:
    """The same of all sources of a unit."""
    found = (newest_file(source, project) for source in parameters.sources.values())
    return max(filter(None, found), default=None)


def list_states(parameters: Parameters, project: Path) -> Iterator[str]:
    """A text for each file of the unit that changes when the file does."""
    for source in parameters.sources.values():
        for path in _files(source, project):
            state = path.stat()
            yield f"{path} {state.st_size} {state.st_mtime_ns}"


def is_remote(parameters: Parameters) -> bool:
    """Whether a source is a database or a system that only a question tells the state of."""
    return any(not source.path for source in parameters.sources.values())


def _files(source: Source, project: Path) -> list[Path]:
    """Raises `SalesForecastError` for a path outside its root and a pattern without a file."""
    found = find_files(source, find_root(source, project)) if source.path else []
    return [path for path in found if path.exists()]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
