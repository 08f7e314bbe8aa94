"""Which files a source means, and what was in them.

A path stays under its root (the project, or the folder that an environment variable names), links
included. What was hashed is what was parsed: a file that changes meanwhile stops the unit.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.snapshot import explain_change

PATTERN = set("*?[")
BLOCK = 16 << 20  # bytes in memory at a time
TOP = 65_536  # bytes
TEMPORARY = re.compile(
    r"^(?:\..*|~\$.*|.*~|Thumbs\.db|desktop\.ini|.*\.(?:tmp|temp|part|partial|crdownload|lock|swp))$",
    re.IGNORECASE,
)
ENDINGS = {
    "csv": (".csv", ".txt", ".tsv", ".tab", ".dat", ".csv.gz", ".txt.gz", ".tsv.gz"),
    "excel": (".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".html", ".htm"),
    "parquet": (".parquet", ".pq"),
    "jsonl": (".jsonl", ".ndjson", ".json"),
    "sql": (".sqlite", ".sqlite3", ".db"),
}


@dataclass
class RawFile:
    """A file of a source: `name` is its path below its root, with forward slashes.

    `blocks` and `content` both hash what they give; what is read twice has to be the same twice.
    """

    name: str
    path: Path
    issues: list[Issue] = field(default_factory=list)
    _sha256: str = field(default="", repr=False)
    _state: tuple[int, int, int] | None = field(default=None, repr=False)  # inode, size, mtime

    def blocks(self, size: int = BLOCK) -> Iterator[bytes]:
        """The file's bytes from the start.

        Raises `SalesForecastError` if it cannot be read, or is another file than at the first look.
        """
        hashed = hashlib.sha256()
        try:
            with self.path.open("rb") as file:
                self._compare(file)
                while block := file.read(size):
                    hashed.update(block)
                    yield block
                self._compare(file)
        except OSError as error:
            why = error.strerror or str(error)
            raise _refuse(self.path, why, "Allow this user to read it") from error
        if self._sha256 and self._sha256 != hashed.hexdigest():
            raise explain_change(self.path)
        self._sha256 = hashed.hexdigest()

    @cached_property
    def content(self) -> bytes:
        """All of the file's bytes."""
        return b"".join(self.blocks())

    @property
    def top(self) -> bytes:
        """The file's first bytes, enough to tell what it is."""
        return next(self.blocks(TOP), b"")

    @property
    def fingerprint(self) -> dict[str, object]:
        """Name, sha256 and size of what was read (read now, if it was not yet)."""
        if not self._sha256:
            for _ in self.blocks():
                pass
        assert self._state is not None
        return {"path": self.name, "sha256": self._sha256, "bytes": self._state[1]}

    def _compare(self, file: BinaryIO) -> None:
        looks = os.fstat(file.fileno()), self.path.stat()
        states = [(each.st_ino, each.st_size, each.st_mtime_ns) for each in looks]
        self._state = self._state or states[0]
        if states != [self._state, self._state]:
            raise explain_change(self.path)


def read_files(source: Source, project: Path) -> list[RawFile]:
    """Files that the source's `path` names, sorted by name.

    Of a folder, the files of the source's kind; what lies beside them is noted. Raises
    `SalesForecastError` for a path outside its root, a missing file, a pattern or folder that holds
    nothing to read, and a file that is empty or no regular file.
    """
    root = find_root(source, project)
    files = [_open(path, root) for path in find_files(source, root)]
    folder = root / source.path
    if folder.is_dir():
        beside = [path.name for path in _list_folder(folder, source.kind)[1]]
        also = f"the folder '{source.path}' also holds {shorten(beside, 5)}, which were not read"
        files[0].issues += [Issue("left_out", also)] if beside else []
    return files


def find_root(source: Source, project: Path) -> Path:
    """Folder that the source's `path` is resolved under."""
    if not source.root:
        return project.resolve()
    folder = os.environ.get(source.root, "")
    if not folder or not Path(folder).is_dir():
        wrong = f"names '{folder}', which is no folder" if folder else "is not set"
        raise SalesForecastError.of(
            f"The environment variable '{source.root}', the root of '{source.path}', {wrong}",
            "The folder that holds the file",
            f"Set it, as in `{source.root}=/path/to/folder salesfc run …`",
        )
    return Path(folder).resolve()


def find_files(source: Source, root: Path) -> list[Path]:
    """Files under `root` that the path, pattern or folder names, sorted.

    Temporary and hidden ones only where they are named exactly.
    """
    pattern, kind = source.path, source.kind
    relative = Path(pattern)
    if relative.is_absolute() or ".." in relative.parts:
        raise _outside(pattern, root)
    exact = root / relative
    if exact.is_dir():
        found, _ = _list_folder(exact, kind)
        why = f"the folder holds no file of `kind: {kind}` ({', '.join(ENDINGS[kind])})"
    elif PATTERN & set(pattern) and not exact.exists():
        files = (path for path in root.glob(pattern) if path.is_file())
        found = sorted(path for path in files if not TEMPORARY.match(path.name))
        why = "the pattern matches no file"
    else:
        found, why = [exact], ""
    if not found:
        raise _refuse(exact, why, _suggest(exact))
    for path in found:
        if not path.resolve().is_relative_to(root):
            raise _outside(str(path), root)
    return found


def _open(path: Path, root: Path) -> RawFile:
    if not path.exists():
        raise _refuse(path, "there is no such file", _suggest(path))
    if not path.is_file():
        why = "it is no file but a pipe, a socket or a device"
        raise _refuse(path, why, "Save the export as a file")
    if not path.stat().st_size:
        raise _refuse(path, "it is empty (0 bytes)", "Export it again")
    return RawFile(path.relative_to(root).as_posix(), path)


def _list_folder(folder: Path, kind: str) -> tuple[list[Path], list[Path]]:
    """The folder's files of this kind, and those of others."""
    files = sorted(path for path in folder.iterdir() if not path.is_dir())
    files = [path for path in files if not TEMPORARY.match(path.name)]
    ours = [path for path in files if path.name.lower().endswith(ENDINGS[kind])]
    return ours, [path for path in files if path not in ours]


def _suggest(path: Path) -> str:
    folder = path if path.is_dir() else path.parent
    names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    holds = shorten(names, 5) if names else "nothing at all"
    return f"Put the export there, or correct `path`; the folder holds {holds}"


def _refuse(path: Path, why: str, do: str) -> SalesForecastError:
    return SalesForecastError.unreadable_file(path, why, do)


def _outside(path: str, root: Path) -> SalesForecastError:
    return SalesForecastError.of(
        f"The path '{path}' leads out of '{root}'",
        "A file under the project, or under the folder that `root` names by an environment "
        "variable",
        "Move the file, or name its folder by `root`",
    )
