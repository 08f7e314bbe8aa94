"""A workbook that is a zip archive of parts, read without trusting what it says of itself.

An archive or a part that would unfold beyond all proportion is refused, and so is XML that declares
entities: memory stays bounded whatever the file was made to do.
"""

from __future__ import annotations

import io
import struct
import xml.parsers.expat
import zipfile
import zlib
from collections.abc import Iterator
from functools import cached_property

from salesfc_lib.errors import SalesForecastError

RATIO = 200  # times that an archive may unfold to, once it is large
LARGE = 1 << 30  # bytes, unfolded
HUGE = 32 << 30  # bytes, unfolded: no export of a sheet's rows is as large
SMALL = 64 << 20  # bytes of a part that is read whole
CHECKED = 1 << 20  # bytes, packed: a smaller part cannot unfold beyond LARGE (deflate: 1032 to 1)
DOCTYPE = "declares a document type, which workbooks never do"
PIECE = 1 << 20  # bytes read at a time


class Package:
    """The parts of a zip archive.

    Raises `SalesForecastError` for an archive that is cut off, encrypted, or would unfold to far
    more than it holds.
    """

    def __init__(self, content: bytes, where: str) -> None:
        self.content, self.where = content, where
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                self.parts = {entry.filename: entry for entry in archive.infolist()}
                self._refuse_bomb(archive.infolist())
        except SalesForecastError:
            raise
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise self.damaged(str(error)) from error

    @cached_property
    def names(self) -> dict[str, str]:
        """Parts by their name in lower case, as programs look them up."""
        return {name.lower().lstrip("/"): name for name in self.parts}

    def __contains__(self, name: str) -> bool:
        return name.lower().lstrip("/") in self.names

    def read(self, name: str) -> bytes:
        """A small part as a whole."""
        entry = self._entry(name)
        if entry.file_size > SMALL:
            raise self._bomb(f"its part '{name}' unfolds to {entry.file_size:,} bytes")
        return b"".join(self.stream(name))

    def stream(self, name: str) -> Iterator[bytes]:
        """A part in pieces, not more than its entry in the list of parts says."""
        entry = self._entry(name)
        packed = memoryview(self.content)[self._begin(entry) :][: entry.compress_size]
        left = entry.file_size
        if entry.compress_type == zipfile.ZIP_STORED:
            yield from (bytes(packed[at : at + PIECE]) for at in range(0, len(packed), PIECE))
            return
        if entry.compress_type != zipfile.ZIP_DEFLATED:
            raise self.damaged(f"its part '{name}' is packed in a way that workbooks are not")
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for at in range(0, len(packed), PIECE):
                tail = bytes(packed[at : at + PIECE])
                while tail and not unpacker.eof:
                    piece = unpacker.decompress(tail, 4 * PIECE)
                    tail = unpacker.unconsumed_tail
                    left -= len(piece)
                    if left < 0:
                        size = f"the {entry.file_size:,} bytes that it says"
                        raise self._bomb(f"its part '{name}' unfolds to more than {size}")
                    yield piece
        except zlib.error as error:
            raise self.damaged(f"its part '{name}' is damaged ({error})") from error
        if left:
            raise self.damaged(f"its part '{name}' ends {left:,} bytes early")

    def check(self) -> None:
        """Raise if a large part unfolds to more than it says, or one declares entities."""
        for name, entry in self.parts.items():
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

    def _refuse_bomb(self, entries: list[zipfile.ZipInfo]) -> None:
        unfolded = sum(entry.file_size for entry in entries)
        if unfolded > HUGE or (unfolded > LARGE and unfolded > RATIO * len(self.content)):
            raise self._bomb(f"its {len(self.content):,} bytes unfold to {unfolded:,}")
        if any(entry.flag_bits & 1 for entry in entries):
            raise SalesForecastError.unreadable_file(
                self.where, "it is protected by a password", "Save it without one"
            )

    def _entry(self, name: str) -> zipfile.ZipInfo:
        found = self.names.get(name.lower().lstrip("/"))
        if found is None:
            raise self.damaged(f"it has no part '{name}'")
        return self.parts[found]

    def _begin(self, entry: zipfile.ZipInfo) -> int:
        """Where a part's bytes begin: behind its local header (30 bytes, name, extra field)."""
        header = self.content[entry.header_offset : entry.header_offset + 30]
        if len(header) < 30 or header[:4] != b"PK\x03\x04":
            raise self.damaged(f"its part '{entry.filename}' is not where its list says")
        name, extra = struct.unpack("<HH", header[26:30])
        return entry.header_offset + 30 + int(name) + int(extra)

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
