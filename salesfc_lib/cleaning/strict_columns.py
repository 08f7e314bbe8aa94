"""Columns of short tables that people keep beside the orders: rates, renames, plans.

One row that cannot be read stops the unit, where an order line would go to quarantine.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyarrow as pa

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake import (
    Convention,
    Extract,
    evidence,
    fixed_point,
    layout,
    read_dates,
    read_months,
    read_numbers,
    text_columns,
)


def read_columns(
    kinds: Mapping[str, str],
    source: Source,
    extract: Extract,
    *,
    nullable: Collection[str] = (),
    defaults: Mapping[str, str] = MappingProxyType({}),
) -> pd.DataFrame:
    """Columns by this project's names, with those of their places.

    `kinds` says what each is: text, decimal, float, day or month. Blank cells, which only the
    columns of `nullable` may have, are None, NaN or NaT. A column that is not mapped has its
    text of `defaults` in every row, or is blank.

    Raises `SalesForecastError` for a row that could not be laid out and a value that cannot be
    read.
    """
    where = ", ".join(str(file["path"]) for file in extract.files)
    mapped = {**source.join, **source.columns}
    if len(extract.rejected):
        first = extract.rejected.iloc[0]
        raise unreadable_row(where, first["row"], first["reason"])
    rows = extract.rows.filter(pa.array(layout.is_plain(extract.rows)))
    numbers, (codes, files) = rows[layout.ROW].to_numpy(), text_columns.encode(rows[layout.FILE])
    columns: dict[str, pd.Series] = {}
    for ours, kind in kinds.items():
        header = mapped.get(ours)
        texts = text_columns.constant(defaults.get(ours, ""), rows.num_rows)
        texts = rows[layout.exported(header)] if header else texts
        try:
            values, problems = _parse(kind, ours, texts, source)
        except SalesForecastError as error:
            place = f"Column '{header}' ({ours}) of '{where}'"
            raise evidence.name_place(error, place, texts, numbers) from error
        if ours in nullable:
            blank = problems.index[problems.eq(evidence.BLANK)]
            values, problems = values.mask(values.index.isin(blank), None), problems.drop(blank)
        if len(problems):
            at, why = int(problems.index[0]), problems.iloc[0]
            raise unreadable_row(files[codes[at]], int(numbers[at]), f"`{ours}` {why}")
        columns[ours] = values.astype("float64") if kind == "float" else values
    paths = np.array(files, dtype=object)[codes] if files else []
    return pd.DataFrame(columns).assign(**{layout.ROW: numbers, layout.FILE: paths})


def unreadable_row(file: str, row: int, why: str) -> SalesForecastError:
    """Error for a row of such a table."""
    return SalesForecastError.of(
        f"Row {row} of '{file}': {why}",
        "A value that can be read",
        "Correct that row, or the source's `columns`",
    )


def _parse(
    kind: str, ours: str, texts: pa.ChunkedArray, source: Source
) -> tuple[pd.Series, pd.Series]:
    """Values of a column, and what is wrong with them by position."""
    if kind == "text":
        values = text_columns.as_category(texts).astype(object)
        blank = values.index[values.isna()]
        problems = pd.Series(evidence.BLANK, index=blank, dtype=object)
        return values.where(values.notna(), None), problems
    if kind in ("decimal", "float"):
        convention = Convention(decimal=source.decimal, unit=source.units.get(ours, Decimal(1)))
        numbers = read_numbers(texts, convention)
        decimals = fixed_point.to_decimals(numbers.values, numbers.scale).to_pylist()
        return pd.Series(decimals, dtype=object), numbers.problems
    days = (read_months if kind == "month" else read_dates)(
        texts, source.date_format, order=source.date_order, exchanged=source.dates_exchanged
    )
    return pd.Series(days.values), days.problems
