"""Which files a source means, and what was in them.

A source's `path` enters, with the project; files read as bytes leave, each with its fingerprint. The decision made
here: a path stays under its root (the project, or the folder that an environment variable names), links included,
and a file is read once, so that what was hashed is what was parsed.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.schema import Source

PATTERN = set("*?[")


@dataclass(frozen=True)
class RawFile:
    """A file as read: `name` is its path below its root, with forward slashes."""

    name: str
    path: Path
    content: bytes

    @property
    def fingerprint(self) -> dict[str, object]:
        return {"path": self.name, "sha256": hashlib.sha256(self.content).hexdigest(), "bytes": len(self.content)}


def read_files(source: Source, project: Path) -> list[RawFile]:
    """Files that the source's `path` names, sorted by name.

    Raises `SalesForecastError` for a path outside its root, a missing file, a pattern that matches nothing, and a
    file that the system does not let us read or that is empty.
    """
    root = find_root(source, project)
    return [_read(path, root) for path in find_files(source.path, root)]


def find_root(source: Source, project: Path) -> Path:
    """Folder that the source's `path` is resolved under."""
    if not source.root:
        return project.resolve()
    folder = os.environ.get(source.root, "")
    if not folder or not Path(folder).is_dir():
        raise SalesForecastError.say(
            f"The environment variable '{source.root}', the root of '{source.path}', "
            + (f"names '{folder}', which is no folder" if folder else "is not set"),
            "The folder that holds the file",
            f"Set it, as in `{source.root}=/path/to/folder salesfc run …`",
        )
    return Path(folder).resolve()


def find_files(pattern: str, root: Path) -> list[Path]:
    """Files under `root` that the path or pattern names, sorted."""
    relative = Path(pattern)
    if relative.is_absolute() or ".." in relative.parts:
        raise _outside(pattern, root)
    exact = root / relative
    is_pattern = bool(PATTERN & set(pattern)) and not exact.exists()
    found = sorted(path for path in root.glob(pattern) if path.is_file()) if is_pattern else [exact]
    if not found:
        raise SalesForecastError.unreadable_file(
            exact, "the pattern matches no file", f"Put the export there, or correct `path`; the folder holds {_list_near(exact)}"
        )
    for path in found:
        if not path.resolve().is_relative_to(root):
            raise _outside(str(path), root)
    return found


def _read(path: Path, root: Path) -> RawFile:
    if not path.is_file():
        raise SalesForecastError.unreadable_file(
            path, "there is no such file", f"Put the export there, or correct `path`; the folder holds {_list_near(path)}"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SalesForecastError.unreadable_file(path, error.strerror or str(error), "Allow this user to read it") from error
    if not content:
        raise SalesForecastError.unreadable_file(path, "it is empty (0 bytes)", "Export it again")
    return RawFile(path.relative_to(root).as_posix(), path, content)


def _list_near(path: Path) -> str:
    names = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
    return shorten(names, 5) if names else "nothing"


def _outside(path: str, root: Path) -> SalesForecastError:
    return SalesForecastError.say(
        f"The path '{path}' leads out of '{root}'",
        "A file under the project, or under the folder that `root` names by an environment variable",
        "Move the file, or name its folder by `root`",
    )
