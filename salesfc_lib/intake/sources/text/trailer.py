"""Whether a text file came whole: by its trailer, if one is declared, or by how it ends."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.text.lines import LINE
from salesfc_lib.intake.sources.text.records import Decode
from salesfc_lib.intake.sources.text_columns import compact

TAIL = 10  # lines at the end of a file that may hold its trailer
TAIL_BYTES = 1 << 18  # in which those lines are looked for
GROUPING = re.compile(r"[\s,，'’]")


def list_tail(blocks: Iterable[bytes], lines: int, decode: Decode) -> list[tuple[int, str]]:
    """A file's last lines that are not blank (number, text), from its last blocks.

    `lines` is the number of all lines of the file.
    """
    text = b"".join(blocks)
    found = LINE.findall(text[-TAIL_BYTES:])[int(len(text) > TAIL_BYTES) :]
    first = lines - len(found) + 1
    texts = [decode(line).text.decode().rstrip("\r\n") for line in found]
    return [(at, text) for at, text in enumerate(texts, start=first) if text.strip()][-TAIL:]


def find_trailer(grid: Grid, tail: Sequence[tuple[int, str]], source: Source, where: str) -> Grid:
    """The grid without the trailer's line, and what the trailer says.

    `tail` are the file's last lines (number, text). Raises `SalesForecastError` for a file without
    its trailer.
    """
    pattern = source.trailer or ""
    found = ((place, re.search(pattern, text)) for place, text in reversed(tail))
    place, match = next(((place, match) for place, match in found if match), (0, None))
    if match is None:
        last = f"line {tail[-1][0]}: '{tail[-1][1][:80]}'" if tail else "nothing at all"
        raise SalesForecastError.of(
            f"'{where}' was cut short (cut_short): its trailer is not there; it ends with {last}",
            f"A last line like `{pattern}`",
            "Export it again, or correct `trailer`",
        )
    kept = grid.numbers != place
    cells = grid.cells
    if not kept.all():  # a column is not to know the trailer's own texts
        left = (column.filter(pa.array(kept)).cast(pa.string()) for column in cells.columns)
        cells = pa.table([*map(compact, left)], names=cells.column_names)
    return replace(
        grid,
        numbers=grid.numbers[kept],
        cells=cells,
        rejected=[item for item in grid.rejected if item.row != place],
        trailer={name: text.strip() for name, text in match.groupdict().items() if text},
    )


def check_rows(grid: Grid, plain: np.ndarray, where: str) -> None:
    """Raise if the trailer counts other rows than were read; `plain`: rows of the business.

    A rejected line is a row too, or a piece of one: any number between those read and those read
    or rejected agrees.
    """
    stated = (grid.trailer or {}).get("rows")
    if stated is None:
        return
    read = int(plain.sum())
    try:
        expected = int(GROUPING.sub("", unicodedata.normalize("NFKC", stated)))
    except ValueError:
        raise SalesForecastError.of(
            f"The trailer of '{where}' says '{stated}' rows",
            "A whole number",
            "Correct the group `rows` of the source's `trailer`",
        ) from None
    if not read <= expected <= read + len(grid.rejected):
        raise SalesForecastError.of(
            f"'{where}' was cut short or changed (cut_short): {read:,} rows were read and "
            f"{len(grid.rejected):,} set aside",
            f"{expected:,} rows, as its trailer says",
            "Export it again",
        )


def note_cut(grid: Grid, last: int) -> Grid:
    """The grid with an issue if its last line, of this number and without a line end, is broken."""
    broken = [item for item in grid.rejected if item.row == last and item.rule == "misfit"]
    if not broken:
        return grid
    inside = f"the file ends inside its last line, which has no line end: {broken[0].reason}"
    issue = Issue("cut_short", f"{inside}; rows after it may be lost", broken[0].row)
    return replace(grid, issues=[*grid.issues, issue])
