"""Parquet files: typed columns, read in batches, as text.

A row is known by its number in the file, from 1; a column within a column is named with a dot
('customer.name').
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake.sources.header import require_header
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.row_marks import drop_blank_rows
from salesfc_lib.intake.sources.text_columns import stack, text_table
from salesfc_lib.intake.sources.typed_columns import text_of
from salesfc_lib.intake.sources.unusable_rows import set_aside_control

BATCH = 65_536  # rows decoded at a time
CELLS = 1_000_000_000  # cells of a file: each takes 4 bytes or more as text


def read_parquet(content: bytes, source: Source, where: str) -> Grid:
    """Rows of a Parquet file; rows without any value are left out.

    Raises `SalesForecastError` for a file that is cut off, damaged, encrypted or too large (by its
    footer, before a value is read), and for missing columns.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        cells = file.metadata.num_rows * max(1, file.metadata.num_columns)
        if cells > CELLS:
            raise SalesForecastError.unreadable_file(
                where,
                f"it says that it has {cells:,} cells",
                "Export it in parts, and use a pattern as `path`",
            )
        header = _flatten(pa.Table.from_batches([], file.schema_arrow)).column_names
        _, names = require_header([header], source, where)
        batches = file.iter_batches(batch_size=BATCH)
        tables = [_write(_flatten(pa.Table.from_batches([batch]))) for batch in batches]
    except (pa.ArrowException, OSError) as error:
        raise SalesForecastError.unreadable_file(
            where,
            f"it is no complete Parquet file ({error})",
            "Export or copy it again, completely",
        ) from error
    rows = stack(tables) if tables else text_table(len(header))
    places, kept = drop_blank_rows(rows)
    return set_aside_control(Grid(header, places + 1, kept), names)


def _flatten(table: pa.Table) -> pa.Table:
    """The table with the columns of its columns in their place."""
    while any(pa.types.is_struct(column.type) for column in table.schema):
        table = table.flatten()
    return table


def _write(table: pa.Table) -> pa.Table:
    texts = [text_of(column.combine_chunks()) for column in table.columns]
    return pa.Table.from_arrays(texts, names=[str(place) for place in range(len(texts))])
