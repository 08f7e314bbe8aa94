"""Columns of an export parsed to numbers, days and texts, as each file of the source writes them.

Rows that are no business (subtotals, repeated headers) are no evidence of how a column is written;
a measure whose own cells do not prove the decimal mark follows the other measures of its source; a
spelling of nothing in a column of text is one only where the source declares it; identifiers in
scientific notation refuse the export.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.parse.binary_fractions import round_binary_fractions
from salesfc_lib.intake.parse.dates import Dates, read_dates
from salesfc_lib.intake.parse.evidence import Undecidable, list_cells, prefix, quote_problem
from salesfc_lib.intake.parse.fixed_point import rescale, round_half_even
from salesfc_lib.intake.parse.identifiers import find_lost_zeros, refuse_scientific
from salesfc_lib.intake.parse.nulls import ERROR, ERROR_CELL, is_error, is_null_text
from salesfc_lib.intake.parse.numbers import Convention, Numbers, read_numbers
from salesfc_lib.intake.parse.per_file import Reader, read_by_file
from salesfc_lib.intake.sources.layout import FILE, ROW, exported
from salesfc_lib.intake.sources.text_columns import as_category, encode

IDENTIFIERS = ("order_id", "customer", "product", "reference")  # beside the source's key
PROPOSED = 20  # repairs of a column that are told


def read_measures(
    rows: pa.Table, mapped: Mapping[str, str], source: Source, plain: np.ndarray
) -> dict[str, Numbers]:
    """Numbers of the mapped columns, by this project's name.

    A subtotal keeps its figure, rounded to the rows' own scale: a spreadsheet's sum carries binary
    noise beyond it.
    """
    measures: dict[str, Numbers] = {}
    silent: dict[str, Undecidable] = {}
    for ours in mapped:
        try:
            measures[ours] = _read_measure(rows, ours, mapped[ours], source, plain)
        except Undecidable as error:
            silent[ours] = error
    said = {measure.written for measure in measures.values() if measure.written is not None}
    for ours, problem in silent.items():
        if len(said) != 1:
            raise problem
        measures[ours] = _read_measure(
            rows, ours, mapped[ours], source.model_copy(update={"decimal": next(iter(said))}), plain
        )
    return {ours: measures[ours] for ours in mapped}


def read_days(
    rows: pa.Table,
    header: str,
    source: Source,
    plain: np.ndarray,
    *,
    zone: str | None,
    from_1904: Iterable[str],
) -> Dates:
    """Days of a column; `from_1904` names the files whose workbook counts its days from 1904."""
    late = set(from_1904)

    def read(column: pa.ChunkedArray, file: str, order: str | None) -> Dates:
        system = 1904 if file in late else 1900
        return read_dates(
            column,
            source.date_format,
            order=source.date_order or order,
            date_system=system,
            zone=zone,
        )

    return _scatter(_read(rows, "date", header, plain, read), plain)


def read_texts(
    rows: pa.Table, mapped: Mapping[str, str], source: Source
) -> tuple[dict[str, pd.Series], list[tuple[str, Issue]]]:
    """Texts of the mapped columns as categories, missing where they are blank or stand for nothing,
    and what was read so.
    """
    texts, issues = {}, []
    for ours, header in mapped.items():
        column = as_category(rows[exported(header)])
        declared = source.nulls.get(ours, ())
        nothing = (
            [text for text in column.cat.categories if is_null_text(text, declared)]
            if declared
            else []
        )
        places = np.flatnonzero(column.isin(nothing)) if nothing else np.array([], dtype=np.int64)
        if len(places):
            example = str(column.iloc[places[0]])
            why = "declared to stand for nothing"
            first, count = int(places[0]), len(places)
            said = Issue("null_spelling", why, first, count, "read", example=example)
            issues.append((ours, said))
        texts[ours] = column.cat.remove_categories(nothing) if nothing else column
    return texts, issues


def find_error_cells(
    rows: pa.Table, mapped: Mapping[str, str]
) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Problem and rule by row position of the cells of text that hold a spreadsheet's error, by
    column, where there are any.
    """
    found = {}
    for ours, header in mapped.items():
        texts, where = list_cells(rows[exported(header)])
        likely = np.flatnonzero(pc.match_substring(texts, "#").to_numpy(zero_copy_only=False))
        errors = np.array(
            [cell for cell in likely if is_error(texts[int(cell)].as_py())], dtype=np.int64
        )
        places, which = where.rows(errors)
        if len(places):
            said = [
                quote_problem(text, ERROR)
                for text in texts.take(pa.array(errors[which])).to_pylist()
            ]
            found[ours] = (
                pd.Series(said, index=places, dtype=object),
                pd.Series(ERROR_CELL, index=places, dtype=object),
            )
    return found


def check_identifiers(
    rows: pa.Table, mapped: Mapping[str, str], source: Source
) -> list[tuple[str, Issue]]:
    """Proposed repairs of codes that lost their leading zeros.

    Raises
    ------
    SalesForecastError
        Codes are in scientific notation, which cannot be undone.
    """
    proposals = []
    for ours, header in mapped.items():
        if ours in (*IDENTIFIERS, *source.key):
            column = rows[exported(header)]
            refuse_scientific(
                header, column, lambda place: f"row {rows[ROW][place]} of '{rows[FILE][place]}'"
            )
            proposals += [(ours, proposal) for proposal in _propose_zeros(column)]
    return proposals


def _propose_zeros(column: pa.ChunkedArray) -> list[Issue]:
    lost = find_lost_zeros(column)
    if lost.empty:
        return []
    said = [f"'{row.code}' may be '{row.padded}' ({row.reason})" for row in lost.itertuples()]
    more = f"; and {len(said) - PROPOSED} more" if len(said) > PROPOSED else ""
    texts, where = list_cells(column)
    short = pc.is_in(pc.utf8_trim_whitespace(texts), value_set=pa.array(lost["code"].unique()))
    places, which = where.rows(np.flatnonzero(short.to_numpy(zero_copy_only=False)))
    example = texts.filter(short)[int(which[0])].as_py().strip()
    reason = "; ".join(said[:PROPOSED]) + more
    return [Issue("lost_zeros", reason, int(places[0]), len(places), example=example)]


def _read_measure(
    rows: pa.Table, ours: str, header: str, source: Source, plain: np.ndarray
) -> Numbers:
    convention = Convention(
        decimal=source.decimal, unit=source.units.get(ours, Decimal(1)), credit=source.credit
    )

    def read(column: pa.ChunkedArray, file: str, mark: str | None) -> Numbers:
        return read_numbers(column, replace(convention, decimal=convention.decimal or mark))

    column = rows[exported(header)]
    measure = _round_noise(_read(rows, ours, header, plain, read), column.filter(pa.array(plain)))
    if plain.all():
        return measure
    marks = replace(convention, decimal=measure.written or ".")
    marked = read_numbers(column.filter(pa.array(~plain)), marks)
    finest = max(measure.scale, marked.scale)
    shown = round_half_even(
        rescale(marked.units, marked.scale, finest), 1, 10 ** (finest - measure.scale)
    )
    whole = _scatter(measure, plain)
    units = whole.units.astype(object) if shown.dtype == object else whole.units
    units[~plain] = shown
    return whole._replace(units=units)


def _round_noise(measure: Numbers, column: pa.ChunkedArray) -> Numbers:
    units, scale, rounded = round_binary_fractions(measure.units, measure.scale)
    if not len(rounded):
        return measure
    first = int(rounded[0])
    reason = f"16 digits and more are binary fractions written out, read to {scale} decimal places"
    example = column[first].as_py().strip()
    found = Issue("binary_fraction", reason, first, len(rounded), "read", example=example)
    return measure._replace(units=units, scale=scale, issues=[*measure.issues, found])


def _read(rows: pa.Table, ours: str, header: str, plain: np.ndarray, read: Reader[Any]) -> Any:
    """What a reader makes of the plain rows of a column, file by file."""
    codes, files = encode(rows[FILE])
    column = rows[exported(header)]
    try:
        return read_by_file(
            column if plain.all() else column.filter(pa.array(plain)),
            codes[plain],
            files,
            read,
            rows[ROW].to_numpy()[plain],
        )
    except SalesForecastError as error:
        raise prefix(error, f"Column '{header}' ({ours}) of ") from error


def _scatter(read: Any, plain: np.ndarray) -> Any:
    """What was read of the plain rows, back in its place among all."""
    if plain.all():
        return read
    places = np.flatnonzero(plain)
    first = read[0]
    empty = (
        np.full(len(plain), np.datetime64("NaT", "ns"))
        if first.dtype.kind == "M"
        else np.zeros(len(plain), dtype=first.dtype)
    )
    empty[places] = first
    problems, rules = (
        part.set_axis(places[part.index.to_numpy(dtype=np.int64)])
        for part in (read.problems, read.rules)
    )
    issues = [replace(issue, row=int(places[issue.row])) for issue in read.issues]
    return read._replace(
        **{read._fields[0]: empty, "problems": problems, "rules": rules, "issues": issues}
    )
