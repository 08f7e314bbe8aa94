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
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake.issues import Issue
from salesfc_lib.intake.parse.days.reading import read_dates
from salesfc_lib.intake.parse.evidence import (
    ParsedColumn,
    Unreadable,
    join_parts,
    list_cells,
    place_problems,
    report_rules,
    reword,
    scatter,
)
from salesfc_lib.intake.parse.identifiers import find_lost_zeros, refuse_scientific
from salesfc_lib.intake.parse.nulls import ERROR, ERROR_CELL, is_error
from salesfc_lib.intake.parse.numbers.binary_fractions import round_binary_fractions
from salesfc_lib.intake.parse.numbers.fixed_point import rescale, round_half_even
from salesfc_lib.intake.parse.numbers.reading import Convention, read_numbers
from salesfc_lib.intake.parse.per_file import Reader, read_alike, read_by_file
from salesfc_lib.intake.sources.layout import FILE, ROW, exported
from salesfc_lib.intake.sources.text_columns import as_category, encode

IDENTIFIERS = ("order_id", "customer", "product", "reference")  # beside the source's key
PROPOSED = 20  # repairs of a column that are told


def read_measures(
    rows: pa.Table, mapped: Mapping[str, str], source: Source, plain: np.ndarray
) -> dict[str, ParsedColumn]:
    """Numbers of the mapped columns, by this project's name.

    A subtotal keeps its figure, rounded to the rows' own scale: a spreadsheet's sum carries binary
    noise beyond it.
    """
    return read_alike(
        {
            ours: partial(_read_measure, rows, ours, header, source, plain=plain)
            for ours, header in mapped.items()
        }
    )


def read_days(
    rows: pa.Table,
    header: str,
    source: Source,
    plain: np.ndarray,
    *,
    zone: str | None,
    from_1904: Iterable[str],
) -> ParsedColumn:
    """Days of a column; `from_1904` names the files whose workbook counts its days from 1904."""
    late = set(from_1904)

    def read(column: pa.ChunkedArray, file: str, order: str | None) -> ParsedColumn:
        system = 1904 if file in late else 1900
        return read_dates(
            column,
            source.date_format,
            order=source.date_order or order,
            exchanged=source.dates_exchanged,
            date_system=system,
            zone=zone,
            periods=True,
        )

    return _read(rows, "date", header, plain, read)


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
        if nothing := [text for text in column.cat.categories if text.strip() in declared]:
            places = np.flatnonzero(column.isin(nothing))
            first, why = int(places[0]), "declared to stand for nothing"
            example = str(column.iloc[first])
            issue = Issue("null_spelling", why, first, len(places), "read", example=example)
            issues.append((ours, issue))
            column = column.cat.remove_categories(nothing)
        texts[ours] = column
    return texts, issues


def find_error_cells(
    rows: pa.Table, mapped: Mapping[str, str]
) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Problem and rule by row position of the cells of text that hold a spreadsheet's error, by
    column, where there are any.
    """
    found = {}
    for ours, header in mapped.items():
        texts, places = list_cells(rows[exported(header)])
        likely = np.flatnonzero(pc.match_substring(texts, "#").to_numpy(zero_copy_only=False))
        errors = [cell for cell in likely if is_error(texts[int(cell)].as_py())]
        if errors:
            cells = np.array(errors, dtype=np.int64)
            found[ours] = place_problems(
                places, texts, cells, lambda _: Unreadable(ERROR, ERROR_CELL)
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
    proposals = [f"'{row.code}' may be '{row.padded}' ({row.reason})" for row in lost.itertuples()]
    more = len(proposals) - PROPOSED
    reason = "; ".join([*proposals[:PROPOSED], *([f"and {more} more"] if more > 0 else [])])
    texts, places = list_cells(column)
    short = pc.is_in(pc.utf8_trim_whitespace(texts), value_set=pa.array(lost["code"].unique()))
    mask = short.to_numpy(zero_copy_only=False)
    (issue,) = report_rules(places, texts, {"lost_zeros": mask}, {"lost_zeros": reason})
    return [replace(issue, action="noted")]


def _read_measure(
    rows: pa.Table,
    ours: str,
    header: str,
    source: Source,
    decimal: str | None,
    *,
    plain: np.ndarray,
) -> ParsedColumn:
    """A measure; `decimal` is the mark of the source's other measures, where it has to be told."""
    unit = source.units.get(ours, Decimal(1))
    convention = Convention(source.decimal or decimal, unit, source.credit)

    def read(column: pa.ChunkedArray, file: str, mark: str | None) -> ParsedColumn:
        return read_numbers(column, replace(convention, decimal=convention.decimal or mark))

    column = rows[exported(header)]
    measure = _round_noise(_read(rows, ours, header, plain, read), column)
    if plain.all():
        return measure
    own = replace(convention, decimal=measure.notation or ".")
    marked = read_numbers(column.filter(pa.array(~plain)), own)
    finest = max(measure.scale, marked.scale)
    figures = rescale(marked.values, marked.scale, finest)
    figures = round_half_even(figures, 1, 10 ** (finest - measure.scale))
    parts = [(plain, measure.values[plain]), (~plain, figures)]
    return measure._replace(values=scatter(parts, len(plain)))


def _round_noise(measure: ParsedColumn, column: pa.ChunkedArray) -> ParsedColumn:
    units, scale, rounded = round_binary_fractions(measure.values, measure.scale)
    if not len(rounded):
        return measure
    first = int(rounded[0])
    reason = f"16 digits and more are binary fractions written out, read to {scale} decimal places"
    example = column[first].as_py().strip()
    issue = Issue("binary_fraction", reason, first, len(rounded), "read", example=example)
    return measure._replace(values=units, scale=scale, issues=[*measure.issues, issue])


def _read(rows: pa.Table, ours: str, header: str, plain: np.ndarray, read: Reader) -> ParsedColumn:
    """What a reader makes of the plain rows of a column, file by file; the others are blank."""
    codes, files = encode(rows[FILE])
    column, numbers = rows[exported(header)], rows[ROW].to_numpy()
    if not plain.all():
        column, codes, numbers = column.filter(pa.array(plain)), codes[plain], numbers[plain]
    try:
        found = read_by_file(column, codes, files, read, numbers)
    except SalesForecastError as error:
        raise reword(error, f"Column '{header}' ({ours}) of {error}") from error
    return join_parts([(np.flatnonzero(plain), found)], len(plain))
