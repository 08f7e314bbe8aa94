"""What was read, kept by its content, so that a published month can be read again.

A copy stands at `reports/.sources/<first two>/<sha256>…` under the hash of the original bytes, so
that the same content is kept once. It appears whole or not at all, and is never written to again.
Files are kept compressed (zstd), extracts as the Parquet that they are. What people remove here is
missed by nothing but `salesfc verify`, which says so.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import Literal

import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import scratch_folder

PLACE = ".sources"  # under the project's reports
FILE, EXTRACT = ".zst", ".parquet"  # how a kept file and a kept extract are called
BLOCK = 1 << 20  # bytes in memory at a time
READ_ONLY = 0o444


def find_archive(project: Path) -> Path:
    """Folder that holds what the project's runs read."""
    return project / "reports" / PLACE


def keep_file(archive: Path, path: Path, sha256: str) -> Path:
    """The kept copy of a file, made now unless its content is kept already.

    Raises `SalesForecastError` where the file is not (any more) the one with this hash.
    """
    place = _place(archive, sha256, FILE)
    if place.is_file():
        return place
    with writing(place) as spool:
        found = hashlib.sha256()
        with path.open("rb") as original, pa.CompressedOutputStream(str(spool), "zstd") as copy:
            while block := original.read(BLOCK):
                found.update(block)
                copy.write(block)
        if found.hexdigest() != sha256:
            raise explain_change(path)
    return place


def explain_change(path: Path) -> SalesForecastError:
    """The error of a file that is not the same at every look."""
    return SalesForecastError.of(
        f"'{path}' changed while it was read",
        "The same bytes from the first to the last look",
        "Run again when it is complete",
    )


def keep_extract(archive: Path, spooled: Path, sha256: str) -> Path:
    """The kept copy of a database's extract (Parquet), moved in from the same disk."""
    place = _place(archive, sha256, EXTRACT)
    place.parent.mkdir(parents=True, exist_ok=True)
    _seal(spooled, place)
    return place


def find_kept(archive: Path, sha256: str) -> Path | None:
    """The kept copy of the content with this hash; None where there is none."""
    places = (_place(archive, sha256, kind) for kind in (FILE, EXTRACT))
    return next((place for place in places if place.is_file()), None)


def check_kept(archive: Path, sha256: str) -> Literal["", "missing", "changed"]:
    """What is wrong with the kept copy of this content; '' where it still has its hash."""
    place = find_kept(archive, sha256)
    if place is None:
        return "missing"
    try:
        with open_kept(place) as content:
            found = hashlib.file_digest(content, "sha256")
    except (OSError, pa.ArrowException):  # it does not even decompress
        return "changed"
    return "" if found.hexdigest() == sha256 else "changed"


def open_kept(place: Path) -> BufferedIOBase:
    """The original bytes of a kept copy, to read."""
    is_packed = place.suffix == FILE
    return pa.CompressedInputStream(str(place), "zstd") if is_packed else place.open("rb")


@contextmanager
def writing(place: Path) -> Iterator[Path]:
    """A file to write that is renamed to `place` when the block ends, removed where it raises."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with scratch_folder(".keep.", place.parents[1]) as folder:
        spool = folder / place.name
        yield spool
        _seal(spool, place)


def _seal(spool: Path, place: Path) -> None:
    spool.chmod(READ_ONLY)
    with spool.open("rb") as written:
        os.fsync(written.fileno())
    spool.replace(place)


def _place(archive: Path, sha256: str, kind: str) -> Path:
    return archive / sha256[:2] / f"{sha256}{kind}"
