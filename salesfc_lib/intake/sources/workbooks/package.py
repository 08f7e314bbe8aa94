"""A workbook that is a zip archive of parts, read without trusting what it says of itself.

An archive or a part that would unfold beyond all proportion is refused, and so is XML that declares
entities: memory stays bounded whatever the file was made to do.
"""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from copy import copy
from functools import cached_property
from typing import IO

from salesfc_lib.errors import SalesForecastError

RATIO = 200  # times that an archive may unfold to, once it is large
LARGE = 1 << 30  # bytes, unfolded
HUGE = 32 << 30  # bytes, unfolded: no export of a sheet's rows is as large
CHECKED = 1 << 20  # bytes, packed: a smaller part cannot unfold beyond LARGE (deflate: 1032 to 1)
PIECE = 1 << 20  # bytes read at a time


class Package:
    """The parts of a zip archive.

    Raises `SalesForecastError` for an archive that is encrypted, a part that would unfold to far
    more than it holds or says, and one that declares entities.
    """

    def __init__(self, content: bytes, where: str) -> None:
        self.where = where
        self.archive = zipfile.ZipFile(io.BytesIO(content))
        entries = self.archive.infolist()
        unfolded = sum(entry.file_size for entry in entries)
        if unfolded > HUGE or (unfolded > LARGE and unfolded > RATIO * len(content)):
            raise self._bomb(f"its {len(content):,} bytes unfold to {unfolded:,}")
        if any(entry.flag_bits & 1 for entry in entries):
            raise refuse_password(where)
        for entry in entries:
            self._check(entry)

    @cached_property
    def names(self) -> dict[str, str]:
        """Parts by their name in lower case, as programs look them up."""
        return {name.lower().lstrip("/"): name for name in self.archive.namelist()}

    def __contains__(self, name: str) -> bool:
        return name.lower().lstrip("/") in self.names

    def open(self, name: str) -> IO[bytes]:
        """A part's bytes, to read."""
        return self.archive.open(self.names[name.lower().lstrip("/")])

    def parse(self, name: str) -> Iterator[tuple[str, ET.Element]]:
        """Start and end of each element of a part of XML, emptied once it is at its end."""
        with self.open(name) as part:
            for event, element in ET.iterparse(part, ("start", "end")):
                yield event, element
                if event == "end":
                    element.clear()

    def _check(self, entry: zipfile.ZipInfo) -> None:
        """Raise if a large part unfolds to more than it says, or one declares entities."""
        name, left = entry.filename, entry.file_size
        more = copy(entry)
        more.file_size += 2 * PIECE  # so that it is read on beyond what it says
        is_xml = name.lower().endswith((".xml", ".rels"))
        with self.archive.open(more) as part:
            top = part.read(PIECE) if is_xml else b""
            if b"<!DOCTYPE" in top or b"<!ENTITY" in top:
                why = f"its part '{name}' declares a document type, which workbooks never do"
                raise self._bomb(why)
            left -= len(top)
            while entry.compress_size > CHECKED and (piece := part.read(PIECE)):
                if (left := left - len(piece)) < 0:
                    size = f"the {entry.file_size:,} bytes that it says"
                    raise self._bomb(f"its part '{name}' unfolds to more than {size}")

    def _bomb(self, why: str) -> SalesForecastError:
        return SalesForecastError.unreadable_file(
            self.where,
            f"{why} (a zip bomb, or a damaged file)",
            "Ask where the file comes from; export it as CSV or Parquet",
        )


def refuse_password(where: str) -> SalesForecastError:
    """The error of a workbook with a password."""
    why = "it is protected by a password"
    return SalesForecastError.unreadable_file(where, why, "Save it without one")
