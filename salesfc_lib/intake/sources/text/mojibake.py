"""Mojibake: text that was read in a wrong encoding before it was exported.

A text counts only if all of it, written back in the wrong encoding, is UTF-8 of Chinese, Japanese
or Korean, or of Latin letters where such letters are expected. Where bytes were lost on the way
nothing is repaired.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.errors import SalesForecastError, shorten
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.text.dialect import has_header
from salesfc_lib.intake.sources.text.lines import try_decode
from salesfc_lib.intake.sources.text_columns import compact

EAST = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
IDEOGRAPH = re.compile(f"[{EAST}]")
EASTERN = re.compile(f"[\\x00-\\x7f\u00b7\u2010-\u2026\u3000-\u303f\uff00-\uffef{EAST}]*")
WESTERN = re.compile("[\\x00-\\x7f\u00a0-\u017f\u2010-\u2026\u20ac\u2122]*")
WESTERN_BYTES = {  # letters of Windows-1252, the five bytes that it does not know as they are
    ord(bytes([code]).decode("cp1252", "ignore") or chr(code)): code for code in range(0x80, 0x100)
}
WITHIN_WORD = re.compile(r"[A-Za-z][\u4e00-\u9fff][a-z]")  # an accent as GBK: M眉ller
LOST = "?\ufffd"
MOST_LOST = 2  # bytes of a character that is not complete


def _list_pairs(leads: range) -> str:
    """The characters of GBK whose two bytes begin a letter of UTF-8."""
    pairs = [bytes([lead, trail]) for lead in leads for trail in range(0x80, 0xC0)]
    return "".join(pair.decode("gbk", "ignore") for pair in pairs)


# one of these is in every text that was read wrongly: the first bytes of a letter in UTF-8, as GBK
# and as Windows-1252 show them
PAIRS = _list_pairs(range(0xC3, 0xC6)) + _list_pairs(range(0xE3, 0xEE))
SUSPECT = f"[{PAIRS}\u00c2-\u00c5\u00e2-\u00ed]"


def repair(text: str) -> str | None:
    """What the text was before it was read wrongly; None where nothing shows that it was.

    >>> repair("涓浗"), repair("Caf\u00c3\u00a9"), repair("\u4e2d\u56fd"), repair("\u8305\u53f0")
    (None, 'Café', None, None)
    """
    eastern = _decode(_encode(text, "gb18030"))
    if eastern and (
        _is_eastern(eastern) or (WITHIN_WORD.search(text) and WESTERN.fullmatch(eastern))
    ):
        return eastern
    western = _decode(_encode(text.translate(WESTERN_BYTES), "latin-1"))
    if western and (WESTERN.fullmatch(western) or EASTERN.fullmatch(western)):
        return western
    return None


def is_lost(text: str) -> bool:
    """Whether the text was read wrongly and its last character is not complete any more."""
    raw = _encode(text.rstrip(LOST), "gb18030") or b""
    starts = (_decode(raw[: len(raw) - cut]) for cut in range(1, MOST_LOST + 1))
    return _is_eastern(next(filter(None, starts), ""))


def _is_eastern(text: str) -> bool:
    return bool(EASTERN.fullmatch(text)) and len(IDEOGRAPH.findall(text)) > 1


def repair_header(lines: list[str], source: Source, where: str) -> list[str]:
    """Top lines without the header's names, repaired if those are found so.

    Raises `SalesForecastError` that proposes the repair where the source does not ask for it.
    """
    repaired = [line.replace(bare := line.rstrip("\r\n"), repair(bare) or bare) for line in lines]
    if repaired == lines or not has_header(repaired, source):
        return lines
    if source.mojibake == "repair":
        return repaired
    pairs = zip(lines, repaired, strict=True)
    before, after = next((old.strip(), new.strip()) for old, new in pairs if old != new)
    raise SalesForecastError.of(
        f"The text of '{where}' was read in a wrong encoding before it was exported (mojibake): "
        f"'{before[:60]}' was '{after[:60]}'",
        "The header's names",
        "Export it again in the right encoding, or set `mojibake: repair` for this source",
    )


def note_mojibake(grid: Grid, source: Source) -> Grid:
    """The grid with an issue for what was read wrongly, repaired if `mojibake: repair` is set."""
    texts: dict[str, str | None] = {cell: found for cell in grid.header if (found := repair(cell))}
    columns, count, rows = [], len(texts), []
    for column in grid.cells.columns:
        wrong = _list_wrong(column)
        if wrong:
            is_wrong = pc.is_in(column.cast(pa.string()), pa.array(list(wrong)))
            places = np.flatnonzero(np.asarray(is_wrong))
            rows.append(int(grid.numbers[places[0]]))
            count, texts = count + len(places), texts | wrong
        columns.append(_replace(column, wrong) if source.mojibake == "repair" and wrong else column)
    if not texts:
        return grid
    repaired = source.mojibake == "repair" and any(texts.values())
    action = "changed" if repaired else "noted"
    why = _describe(texts, count, repaired=repaired)
    issue = Issue("mojibake", why, min(rows, default=0), count, action)
    grid = replace(grid, issues=[*grid.issues, issue])
    if source.mojibake == "note":
        return grid
    header = [texts.get(cell) or cell for cell in grid.header]
    return replace(grid, header=header, cells=pa.table(columns, names=grid.cells.column_names))


def _describe(texts: dict[str, str | None], count: int, *, repaired: bool) -> str:
    lost = [text for text, good in texts.items() if good is None]
    shown = shorten([f"{text}' → '{good}" for text, good in texts.items() if good], 3)
    done = "they were repaired" if repaired else "`mojibake: repair` would repair them"
    cells = f"{count:,} cells ({len(texts):,} texts)"
    why = f"{cells} were read in a wrong encoding before they were exported"
    if len(lost) < len(texts):
        why += f": {shown}; {done}"
    if lost:
        why = f"{why}; {len(lost):,} texts lost bytes and cannot be repaired: {shorten(lost)}"
    return why


def _list_wrong(column: pa.ChunkedArray) -> dict[str, str | None]:
    """Distinct texts that were read wrongly, and what they were (None: bytes were lost)."""
    wrong: dict[str, str | None] = {}
    for chunk in column.chunks:
        texts = chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk
        if pc.all(pc.string_is_ascii(texts)).as_py():
            continue
        suspects = texts.filter(pc.match_substring_regex(texts, SUSPECT))
        for text in suspects.unique().to_pylist():
            found = repair(text)
            if found or is_lost(text):
                wrong[text] = found
    return wrong


def _replace(column: pa.ChunkedArray, wrong: dict[str, str | None]) -> pa.ChunkedArray:
    known = {text: good for text, good in wrong.items() if good}
    plain = column.cast(pa.string())
    places = pc.index_in(plain, pa.array(list(known), pa.string()))
    repaired = pc.coalesce(pc.take(pa.array(list(known.values()), pa.string()), places), plain)
    return compact(repaired)


def _decode(raw: bytes | None) -> str | None:
    """The bytes as UTF-8, None where they are not or are plain ASCII."""
    return None if raw is None or raw.isascii() else try_decode(raw)


def _encode(text: str, encoding: str) -> bytes | None:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return None
