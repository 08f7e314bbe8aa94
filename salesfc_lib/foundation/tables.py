"""Tables on disk, checked against their contracts when they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandera.errors import SchemaError, SchemaErrors

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.contracts import (
    cleaning,
    coordination,
    handover,
    modeling,
    reconciliation,
    retrospective,
)

CONTRACTS = (
    cleaning.TABLES
    | modeling.TABLES
    | reconciliation.TABLES
    | retrospective.TABLES
    | handover.TABLES
    | coordination.TABLES
)
SLICE = 1_000_000  # rows written at a time


def check(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The frame, checked against the contract of table `name`.

    Raises `SalesForecastError` naming the column or the repeated key.
    """
    contract = CONTRACTS[name]
    key = list(contract.unique or [])
    missing = [column for column in contract.columns if column not in frame.columns]
    if missing:
        raise SalesForecastError.missing_columns(missing, frame.columns, f"Table '{name}'")
    if key and (repeated := frame.duplicated(key, keep=False)).any():
        examples = frame.loc[repeated, key].drop_duplicates().head(3).astype(str)
        examples = examples.agg(" / ".join, axis=1)
        count = int(repeated.sum())
        raise SalesForecastError.duplicate_keys(key, examples, count, f"Table '{name}'")
    try:
        return contract.validate(frame)
    except (SchemaError, SchemaErrors) as error:
        raise SalesForecastError.of(
            f"Table '{name}' breaks its contract: {' '.join(str(error).split())[:300]}",
            f"The columns and types of `tables.CONTRACTS['{name}']`",
            "Correct the step that wrote it",
        ) from error


def empty(name: str) -> pd.DataFrame:
    """A table without rows, with the columns and types of its contract."""
    columns = CONTRACTS[name].columns.items()
    return pd.DataFrame({each: pd.Series(dtype=str(spec.dtype or "O")) for each, spec in columns})


def build(rows: pd.DataFrame | Sequence[Mapping[str, object]], name: str) -> pd.DataFrame:
    """The rows with the columns and types of table `name`, and no others."""
    types = empty(name).dtypes.to_dict()
    return pd.DataFrame(rows, columns=list(types)).astype(types).reset_index(drop=True)


def guard_text(value: object) -> object:
    """Value with an apostrophe before text that a spreadsheet would take for a formula.

    >>> guard_text("=1+1"), guard_text("华东"), guard_text(-5)
    ("'=1+1", '华东', -5)
    """
    risky = isinstance(value, str) and value[:1] and (value[0] in "=+-@" or ord(value[0]) < 32)
    return f"'{value}" if risky else value


def write(frame: pd.DataFrame, folder: Path, name: str) -> Path:
    """Path of the Parquet file written for table `name`; checked where there is a contract."""
    if name in CONTRACTS:
        frame = check(frame, name)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.parquet"
    table = pa.Table.from_pandas(frame, preserve_index=False)
    text = pa.types.is_dictionary, pa.types.is_null  # null: without any value, as where no rows are
    plain = pa.schema(
        [
            field.with_type(pa.string()) if any(like(field.type) for like in text) else field
            for field in table.schema
        ]
    )
    with pq.ParquetWriter(path, plain) as writer:
        for start in range(0, max(len(table), 1), SLICE):
            writer.write_table(table.slice(start, SLICE).cast(plain))
    return path


def read(
    folder: Path, name: str, only: list[tuple[str, str, object]] | None = None
) -> pd.DataFrame:
    """Rows of table `name` that satisfy all conditions of `only`; empty where it has no file.

    Raises `SalesForecastError` naming a file that is torn or no Parquet, or a table that has
    neither a file nor a contract.
    """
    path = folder / f"{name}.parquet"
    if not path.is_file():
        if name in CONTRACTS:
            return empty(name)
        do = "Run the step that writes it"
        raise SalesForecastError.unreadable_file(path, "there is no such table", do)
    with _naming(path):
        return pq.read_table(path, filters=only).to_pandas()


def read_columns(
    folder: Path, name: str, columns: Sequence[str], *, coded: Sequence[str] = ()
) -> pa.Table:
    """Those columns of table `name` that it has, in this order; `coded` are texts in a dictionary.

    For whoever reads many files: a column is one array, and none of it becomes a Python object.
    Raises `SalesForecastError` naming a file that is torn or no Parquet.
    """
    path = folder / f"{name}.parquet"
    with _naming(path):
        table = pq.ParquetFile(path, read_dictionary=list(coded)).read(columns, use_threads=False)
    there = [column for column in columns if column in table.column_names]
    return table.select(there).unify_dictionaries().combine_chunks()


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let what cannot be read be told by its path."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        do, why = (
            "Run `salesfc verify`, then publish that month again",
            " ".join(str(error).split()),
        )
        raise SalesForecastError.unreadable_file(path, why, do) from error
