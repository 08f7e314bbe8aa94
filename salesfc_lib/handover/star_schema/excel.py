"""The star schema as CSV files, for Excel, which opens no Parquet files.

A folder of Parquet files enters; its tables leave as text that a spreadsheet takes for no formula.
Of forecasts only those published in each unit's newest month: all are more than text is for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from salesfc_lib.handover.star_schema import model
from salesfc_lib.handover.star_schema.facts import quote

if TYPE_CHECKING:
    import duckdb

FOLDER = "excel"
MARK = b"\xef\xbb\xbf"  # by which Excel knows UTF-8
RISKY = "'^[=+@\\x00-\\x1f-]'"  # as `tables.guard_text`
NEWEST = """WHERE is_published
  AND vintage_key IN (SELECT vintage_key FROM read_parquet({vintages}) WHERE is_latest)"""


def write_csv(cube: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write a CSV file for each table below `excel/`."""
    (folder / FOLDER).mkdir()
    for table in model.names():
        file = folder / (
            f"{table}.parquet" if table.startswith("dim") else f"{table}/empty.parquet"
        )
        chosen = ", ".join(_guard(field.name, str(field.type)) for field in pq.read_schema(file))
        files = quote(file if table.startswith("dim") else folder / table / "**" / "*.parquet")
        newest = NEWEST.format(vintages=quote(folder / "dim_vintage.parquet"))
        only = newest if table == "fact_forecast" else ""
        rows = cube.sql(f"SELECT {chosen} FROM read_parquet({files}) {only}")
        with (folder / FOLDER / f"{table}.csv").open("wb") as text:
            text.write(MARK)
            batches = pa.RecordBatchReader.from_stream(rows)
            with csv.CSVWriter(text, batches.schema) as out:
                for batch in batches:
                    out.write_batch(batch)


def _guard(name: str, kind: str) -> str:
    """A column, its text with an apostrophe where a spreadsheet would take it for a formula."""
    column = '"' + name.replace('"', '""') + '"'
    if kind != "string":
        return column
    risky = f"regexp_matches({column}, {RISKY})"
    return f"CASE WHEN {risky} THEN chr(39) || {column} ELSE {column} END AS {column}"
