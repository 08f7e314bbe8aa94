"""Whether the sums that a file itself states, as subtotals or in its last line, are its rows'.

A subtotal must equal, in every figure it shows, the rows above it back to the start or to an
earlier subtotal. That covers subtotals, totals of subtotals, running totals and the grand total
without being told which is which; only then are they dropped. A running total that began before
the file is proved by the others of its kind, where the sum above it proves its parts. A system adds
up before or after it writes a line twice: either reading may prove the subtotals of a file.

The sum of a trailer is over every row of the file, whichever unit's and before any rule, and has to
be equal to the last digit; where a row's figure cannot be read, nothing is proven, and the row is
in quarantine with its reason.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.cleaning.batch.frames import fit_int64
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake import (
    Convention,
    Extract,
    evidence,
    fixed_point,
    header_of,
    label_files,
    layout,
    mapped_columns,
    read_numbers,
    row_marks,
    text_columns,
)

RUNNING = ("YTD", "Year to date", "累计", "kumuliert")  # words of sums since January
SUMMED = ("quantity", "amount")


def check_subtotals(source: Source, extract: Extract) -> None:
    """Raise `SalesForecastError` for a subtotal that does not equal its parts, or shows none.

    Rows that `where` leaves to other units are parts as well; a part that cannot be read counts
    zero.
    """
    if not _has_mark(extract.rows, "subtotal").any():
        return
    everything = extract.rows
    if extract.elsewhere.num_rows:
        everything = text_columns.stack([extract.rows, extract.elsewhere])
    codes, files = text_columns.encode(everything[layout.FILE])
    for place, file in enumerate(files):
        rows = everything.filter(pa.array(codes == place))
        rows = rows.take(pa.array(np.argsort(rows[layout.ROW].to_numpy(), kind="stable")))
        _check_readings(rows.filter(pa.array(~_has_mark(rows, "header"))), source, file)


def _check_readings(rows: pa.Table, source: Source, file: str) -> None:
    """Raise unless all subtotals equal their parts, with repeated rows or without those that the
    source's key drops.
    """
    once = rows.filter(pa.array(~_find_repeats(rows, source)))
    repeats = rows.num_rows - once.num_rows
    try:
        _check_parts(rows, source, file)
    except SalesForecastError as error:
        try:
            if not repeats:
                raise error
            _check_parts(once, source, file)
        except SalesForecastError:
            raise error from None
        if not source.key:
            raise SalesForecastError(
                f"{error} Or declare the source's `key`: without its {repeats:,} rows that repeat "
                "another, every subtotal equals its parts."
            ) from None


def _find_repeats(rows: pa.Table, source: Source) -> np.ndarray:
    """Rows (n_rows,) of business that repeat the key and all mapped cells of one above; without a
    key, every cell.
    """
    names = [name for name in rows.column_names if name not in layout.RESERVED]
    if source.key:
        headers = [*(header_of(source, key) for key in source.key), *source.columns.values()]
        names = [layout.exported(header) for header in dict.fromkeys(headers)]
    cells = rows.select(names).to_pandas()
    keys = cells.iloc[:, : len(source.key)]
    return (
        cells.duplicated().to_numpy() & layout.is_plain(rows) & keys.ne("").all(axis=1).to_numpy()
    )


def _has_mark(rows: pa.Table, mark: str) -> np.ndarray:
    return np.asarray(pc.equal(rows[layout.MARK], mark))


def _check_parts(rows: pa.Table, source: Source, file: str) -> None:
    marked, numbers = _has_mark(rows, "subtotal"), rows[layout.ROW].to_numpy()
    sums = rows.filter(pa.array(marked))
    running = row_marks.find_words(sums.drop_columns([*layout.RESERVED]), RUNNING)
    columns = []
    for name in (name for name in ("quantity", "amount") if name in source.columns):
        column = rows[layout.exported(source.columns[name])]
        try:
            columns.append(_read(column, marked, source))
        except SalesForecastError as error:
            place, rest = f"Column '{source.columns[name]}' ({name}) of '{file}'", ~marked
            column = column.filter(pa.array(rest))
            raise evidence.name_place(error, place, column, numbers[rest]) from error
    if not columns:
        return  # that the source has no measure is said where its lines are made
    starts = [[Decimal(0)] * len(columns)]
    begun: list[Decimal] = []  # of a running total, below zero what was sold before the file
    for number, word, *figures in zip(numbers[marked], running, *columns, strict=True):
        total, shown = [end for end, _ in figures], [figure for _, figure in figures]
        is_sum = any(_is_sum(shown, total, start) for start in reversed(starts))
        if word and (is_sum or not begun):
            begun = [end - (end if figure is None else figure) for end, figure in figures]
        if word and total == starts[-1] and len(starts) > 1:
            is_sum = is_sum or _is_sum(shown, total, begun)
        if not is_sum:
            parts = [end - begin for end, begin in zip(total, starts[-1], strict=True)]
            says, make = (
                " / ".join("–" if figure is None else str(figure) for figure in each)
                for each in (shown, parts)
            )
            raise SalesForecastError.of(
                f"The subtotal in row {number} of '{file}' says {says}; the rows since the one "
                f"above it make {make}",
                "A subtotal equals its parts, in quantity and amount",
                "Export it again with right ones or none; if this row adds up nothing, list under "
                "`subtotals` only the words that do mark sums ([] for none)",
            )
        starts.append(total)


def _read(
    column: pa.ChunkedArray, marked: np.ndarray, source: Source
) -> list[tuple[Decimal, Decimal | None]]:
    """Of each subtotal the sum of all parts above it, and the figure that it shows, if any.

    A spreadsheet's sum carries binary noise beyond the parts' scale: it is rounded away.
    """
    convention = Convention(decimal=source.decimal)
    parts = read_numbers(column.filter(pa.array(~marked)), convention)
    own = replace(convention, decimal=parts.notation or ".")
    shown = read_numbers(column.filter(pa.array(marked)), own)
    whole = np.zeros(len(marked), dtype=np.int64)
    whole[~marked] = fit_int64(parts.values, "A figure")
    above = np.cumsum(whole)[marked]
    finest = max(parts.scale, shown.scale)
    units = fixed_point.rescale(shown.values, shown.scale, finest)
    units = fixed_point.round_half_even(units, 1, 10 ** (finest - parts.scale))
    sums, figures = (
        [Decimal(int(each)).scaleb(-parts.scale) for each in column] for column in (above, units)
    )
    unread = {*shown.problems.index}
    return [
        (total, None if place in unread else figure)
        for place, (total, figure) in enumerate(zip(sums, figures, strict=True))
    ]


def _is_sum(
    shown: Sequence[Decimal | None], total: Sequence[Decimal], start: Sequence[Decimal]
) -> bool:
    """Whether every figure shown is total - start."""
    pairs = [
        (figure, end - begin)
        for figure, end, begin in zip(shown, total, start, strict=True)
        if figure is not None
    ]
    return bool(pairs) and all(figure == part for figure, part in pairs)


def check_trailers(name: str, source: Source, extract: Extract) -> None:
    """Raise `SalesForecastError` for a file whose rows do not make the sums of its trailer."""
    label = label_files(name, [file["path"] for file in extract.files])
    for file in extract.files:
        trailer, path, rejected = file.get("trailer", {}), file["path"], extract.rejected
        summed = [ours for ours in trailer if ours in SUMMED and ours in source.columns]
        if shown := {ours: trailer[ours] for ours in summed}:
            mine = [
                part.filter(pc.equal(part[layout.FILE].cast(pa.string()), path))
                for part in (extract.rows, extract.elsewhere)
            ]
            contents = rejected.loc[rejected["source"].eq(label[path]), "content"]
            _check_trailer(
                text_columns.stack(mine), [*map(json.loads, contents)], source, path, shown=shown
            )


def _check_trailer(
    rows: pa.Table, rejected: list[Any], source: Source, file: str, *, shown: dict[str, str]
) -> None:
    rows = rows.filter(pa.array(layout.is_plain(rows)))
    every = np.ones(rows.num_rows, dtype=bool)
    for ours, text in shown.items():
        header = source.columns[ours]
        try:
            read = mapped_columns.read_measures(rows, {ours: header}, source, every)[ours]
        except SalesForecastError:
            continue  # reported where the lines of the column are made
        cells = [item.get(header, "x") if isinstance(item, dict) else "x" for item in rejected]
        aside = _read_like([*map(str, cells)], read, ours, source)
        if len(read.problems) or len(aside.problems):
            continue
        total = _read_like([text], read, ours, source)
        if len(total.problems):
            raise SalesForecastError.of(
                f"The trailer of '{file}' says '{text}' as its {ours}",
                "A number",
                f"Correct the group `{ours}` of the source's `trailer`",
            )
        found, expected = _sum(read) + _sum(aside), _sum(total)
        if found != expected:
            count = rows.num_rows + len(rejected)
            raise SalesForecastError.of(
                f"'{file}' was cut short or changed (cut_short): its {count:,} rows make "
                f"{found:,f} in '{header}' ({ours})",
                f"{expected:,f}, as its trailer says",
                "Export it again",
            )


def _read_like(
    texts: list[str], column: evidence.ParsedColumn, ours: str, source: Source
) -> evidence.ParsedColumn:
    """Numbers of texts that are written as the column is."""
    cells = pa.chunked_array([pa.array(texts, pa.string())])
    convention = Convention(unit=source.units.get(ours, Decimal(1)), credit=source.credit)
    try:
        return read_numbers(cells, replace(convention, decimal=column.notation))
    except SalesForecastError:  # neither the column nor the text tells its decimal mark
        return read_numbers(cells, replace(convention, decimal="."))


def _sum(numbers: evidence.ParsedColumn) -> Decimal:
    return Decimal(sum(map(int, numbers.values))).scaleb(-numbers.scale)
