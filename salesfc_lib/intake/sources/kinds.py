"""What a file is, by its first bytes; one of another kind than declared is never read as it."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from typing import NamedTuple

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source


class Identity(NamedTuple):
    """What a file is, as half a sentence, and the `kind` that reads it ('' where none does)."""

    text: str
    kind: str


ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SIGNATURES = (
    (OLE, Identity("it is an old Excel workbook, or one with a password", "excel")),
    (b"SQLite format 3\x00", Identity("it is a SQLite database", "sql")),
    (b"PAR1", Identity("it is a Parquet file", "parquet")),
    (b"ARROW1", Identity("it is an Arrow (Feather) file", "")),
    (b"ORC", Identity("it is an ORC file", "")),
    (b"Obj\x01", Identity("it is an Avro file", "")),
    (b"%PDF", Identity("it is a PDF", "")),
    (b"\x1f\x8b", Identity("it is compressed (gzip)", "")),
    (b"7z\xbc\xaf\x27\x1c", Identity("it is a 7z archive", "")),
    (b"Rar!", Identity("it is a RAR archive", "")),
    (b"\x28\xb5\x2f\xfd", Identity("it is compressed (zstd)", "")),
    (b"PK\x05\x06", Identity("it is an empty zip archive", "")),
)
TEXT = Identity("it is text", "csv")
HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*|<\?xml[^>]*\?>\s*)*<(?:!doctype\s+html|html|head|body|table|meta|style|div)\b",
    re.I | re.S,
)
XML_2003 = re.compile(
    rb"<\?mso-application\s|<(?:\w+:)?Workbook\b[^>]*urn:schemas-microsoft-com:office:spreadsheet"
)
JSON = re.compile(rb'\s*(?:\{\s*["}]|\[\s*\{)')
OBJECT = re.compile(rb'^\s*\{\s*"', re.M)  # a line below the first that begins an object
NAMES = {
    "csv": "separated text",
    "excel": "an Excel workbook",
    "parquet": "a Parquet file",
    "jsonl": "JSON lines",
    "sql": "an SQL database",
}
DO = {
    "csv": "Set `kind: csv` for this source, or export it again",
    "": "Unpack or export it as CSV, XLSX or Parquet",
}


def identify(content: bytes) -> Identity:
    """What a file is by its first bytes.

    >>> identify(b"PAR1...").kind, identify(b"date,amount\\n").text, identify(b"<html><table>").kind
    ('parquet', 'it is text', 'excel')
    """
    if content.startswith(ZIP):
        return _identify_zip(content)
    for start, identity in SIGNATURES:
        if content.startswith(start):
            return identity
    top = _as_ascii(content[:65_536])
    if XML_2003.search(top):
        return Identity("it is an XML spreadsheet of Excel 2003", "")
    if HTML.match(top):
        what = "it is an HTML page, as many systems save a table under the name of a workbook"
        return Identity(what, "excel")
    if JSON.match(top):
        return Identity("it is JSON", "jsonl")
    return TEXT


def refuse_other_kind(content: bytes, source: Source, where: str) -> None:
    """Raise `SalesForecastError` if another `kind` reads the file, or none."""
    identity = identify(content)
    below = source.kind == "jsonl" and identity is TEXT and OBJECT.search(content[:65_536])
    if identity.kind == source.kind or below:
        return
    do = DO.get(identity.kind, f"Set `kind: {identity.kind}` for this source, or export it as CSV")
    why = f"{identity.text}, not {NAMES[source.kind]} (`kind: {source.kind}`)"
    raise SalesForecastError.unreadable_file(where, why, do)


def _identify_zip(content: bytes) -> Identity:
    """A zip archive by its parts; one that is cut off is taken for a workbook."""
    workbook = Identity("it is a zip archive, as XLSX and ODS files are", "excel")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return workbook
    if names & {"[Content_Types].xml", "content.xml"}:
        return workbook
    return Identity(f"it is a zip archive with {len(names)} files in it", "")


def _as_ascii(top: bytes) -> bytes:
    """The first bytes without a byte-order mark, UTF-16 as ASCII as far as it is."""
    if top.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return top.decode("utf-16", "replace").encode("ascii", "replace")
    return top.removeprefix(codecs.BOM_UTF8)
