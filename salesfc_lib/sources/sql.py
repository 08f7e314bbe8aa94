"""Tables of a database, through SQLAlchemy; today a SQLite file.

A file enters; a grid leaves, one row a record. The decisions made here: a table is only read if reflection lists it, its
name is quoted, the values of `where` are bound, the file is opened for reading only, and records come in the order
of their row id (or primary key), which is also their row number.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.sql.elements import quoted_name

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.schema import Source
from salesfc_lib.sources.cells import cell_text
from salesfc_lib.sources.layout import Grid, require_header


def read_sqlite(path: Path, source: Source, where: str) -> tuple[Grid, Grid]:
    """Records of one table: those that `where` chooses, and the others.

    Raises `SalesForecastError` for a file that is no database, an unknown table and a missing column.
    """
    _refuse_short(path, where)
    address = f"{path.resolve().as_uri()}?mode=ro"
    engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=sa.pool.NullPool)
    try:
        with engine.connect() as connection:
            return read_table(connection, source, where)
    except DatabaseError as error:
        raise SalesForecastError.unreadable_file(
            where, f"it is no complete SQLite database ({error.orig})", "Export it again, or set the source's `kind` to what it is"
        ) from error


def _refuse_short(path: Path, where: str) -> None:
    """Raise if the file is shorter than its own header says; SQLite would read a cut-off table as empty.

    Bytes 16-17 hold the page size (1 means 65,536), bytes 28-31 the number of pages: https://www.sqlite.org/fileformat.html
    """
    with path.open("rb") as file:
        header = file.read(32)
    size = int.from_bytes(header[16:18], "big")
    promised = (65_536 if size == 1 else size) * int.from_bytes(header[28:32], "big")
    if header.startswith(b"SQLite format 3\x00") and path.stat().st_size < promised:
        raise SalesForecastError.unreadable_file(
            where, f"it ends after {path.stat().st_size} of {promised} bytes", "Export or copy it again, completely"
        )


def read_table(connection: sa.Connection, source: Source, where: str) -> tuple[Grid, Grid]:
    """Records of the source's table: those that `where` chooses, and the others."""
    inspector = sa.inspect(connection)
    known = [*inspector.get_table_names(), *inspector.get_view_names()]
    if source.table not in known:
        raise SalesForecastError.unknown_key(str(source.table), known, f"'{where}' (tables; `table` of the source)")
    header = [column["name"] for column in inspector.get_columns(source.table)]
    require_header([header], source, f"{where}, table {source.table}")
    table = sa.table(quoted_name(source.table, True), *[sa.column(quoted_name(name, True)) for name in header])
    chosen = sa.and_(sa.true(), *[sa.func.coalesce(table.c[name] == value, sa.false()) for name, value in source.where.items()])
    key = inspector.get_pk_constraint(source.table)["constrained_columns"]
    rows = _number(connection, table, chosen, key)
    return _grid(header, [row for row in rows if row[1]]), _grid(header, [row for row in rows if not row[1]])


def _number(connection: sa.Connection, table: sa.TableClause, chosen: sa.ColumnElement[bool], key: list[str]) -> list[Any]:
    """Records as (number, whether `where` chooses them, columns…): by SQLite's row id, else counted along the primary key."""
    row_id: sa.ColumnElement[int] = sa.literal_column("_rowid_")
    order = [table.c[name] for name in key or table.c.keys()]
    try:
        return list(connection.execute(sa.select(row_id, chosen, *table.c).order_by(row_id)))
    except OperationalError:
        number = sa.func.row_number().over(order_by=order)
        return list(connection.execute(sa.select(number, chosen, *table.c).order_by(*order)))


def _grid(header: list[str], rows: list[Any]) -> Grid:
    return Grid(header, [int(row[0]) for row in rows], [[cell_text(value) for value in row[2:]] for row in rows])
