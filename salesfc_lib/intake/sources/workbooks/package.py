"""A workbook that is a zip archive of parts, read without trusting what it says of itself.

An archive or a part that would unfold beyond all proportion is refused, and so is XML that declares
entities: memory stays bounded whatever the file was made to do.
"""

from __future__ import annotations

import io
import xml.parsers.expat
import zipfile
import zlib
from collections.abc import Iterator
from copy import copy
from functools import cached_property
from itertools import islice

from salesfc_lib.errors import SalesForecastError

RATIO = 200  # times that an archive may unfold to, once it is large
LARGE = 1 << 30  # bytes, unfolded
HUGE = 32 << 30  # bytes, unfolded: no export of a sheet's rows is as large
SMALL = 64 << 20  # bytes of a part that is read whole
CHECKED = 1 << 20  # bytes, packed: a smaller part cannot unfold beyond LARGE (deflate: 1032 to 1)
DOCTYPE = "declares a document type, which workbooks never do"
PIECE = 1 << 20  # bytes read at a time
DAMAGE = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, OSError)


class Package:
    """The parts of a zip archive.

    Raises `SalesForecastError` for an archive that is cut off, encrypted, or would unfold to far
    more than it holds.
    """

    def __init__(self, content: bytes, where: str) -> None:
        self.where = where
        try:
            self.archive = zipfile.ZipFile(io.BytesIO(content))
        except DAMAGE as error:
            raise self.damaged(str(error)) from error
        entries = self.archive.infolist()
        unfolded = sum(entry.file_size for entry in entries)
        if unfolded > HUGE or (unfolded > LARGE and unfolded > RATIO * len(content)):
            raise self._bomb(f"its {len(content):,} bytes unfold to {unfolded:,}")
        if any(entry.flag_bits & 1 for entry in entries):
            raise SalesForecastError.unreadable_file(
                where, "it is protected by a password", "Save it without one"
            )

    @cached_property
    def names(self) -> dict[str, str]:
        """Parts by their name in lower case, as programs look them up."""
        return {name.lower().lstrip("/"): name for name in self.archive.namelist()}

    def __contains__(self, name: str) -> bool:
        return name.lower().lstrip("/") in self.names

    def read(self, name: str) -> bytes:
        """A small part as a whole."""
        content = b"".join(islice(self.stream(name), SMALL // PIECE + 1))
        if len(content) > SMALL:
            raise self._bomb(f"its part '{name}' unfolds to more than {SMALL:,} bytes")
        return content

    def stream(self, name: str) -> Iterator[bytes]:
        """A part in pieces, not more than its entry in the list of parts says."""
        if name not in self:
            raise self.damaged(f"it has no part '{name}'")
        entry = copy(self.archive.getinfo(self.names[name.lower().lstrip("/")]))
        stated = left = entry.file_size
        entry.file_size += 2 * PIECE  # so that it is read on beyond what it says
        try:
            with self.archive.open(entry) as part:
                while piece := part.read(PIECE):
                    if (left := left - len(piece)) < 0:
                        size = f"the {stated:,} bytes that it says"
                        raise self._bomb(f"its part '{name}' unfolds to more than {size}")
                    yield piece
        except DAMAGE as error:
            raise self.damaged(f"its part '{name}' is damaged ({error})") from error

    def check(self) -> None:
        """Raise if a large part unfolds to other bytes than it says, or one declares entities."""
        for entry in self.archive.infolist():
            name = entry.filename
            if entry.compress_size > CHECKED:
                for _ in self.stream(name):
                    pass
            if name.lower().endswith((".xml", ".rels")):
                top = next(self.stream(name), b"")
                if b"<!DOCTYPE" in top[: 64 << 10] or b"<!ENTITY" in top:
                    raise self._bomb(f"its part '{name}' {DOCTYPE}")

    def parse(self, name: str, parser: xml.parsers.expat.XMLParserType) -> None:
        """A part of XML through expat, piece by piece."""
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        try:
            for piece in self.stream(name):
                parser.Parse(piece, False)
            parser.Parse(b"", True)
        except xml.parsers.expat.ExpatError as error:
            raise self.damaged(f"its part '{name}' is no XML ({error})") from error

    def _refuse_doctype(self, *_: object) -> None:
        raise self._bomb(f"it {DOCTYPE}")

    def _bomb(self, why: str) -> SalesForecastError:
        return SalesForecastError.unreadable_file(
            self.where,
            f"{why} (a zip bomb, or a damaged file)",
            "Ask where the file comes from; export it as CSV or Parquet",
        )

    def damaged(self, why: str) -> SalesForecastError:
        return SalesForecastError.unreadable_file(
            self.where, f"it is no complete workbook ({why})", "Export or copy it again, completely"
        )
