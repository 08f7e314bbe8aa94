"""Tables and views of a database, through SQLAlchemy: what may be read, in which order, and every value as exact text.

A connection and a source enter; batches of text columns leave, one row a record. The decisions made here: a table is only
read if reflection lists it, its name is quoted and the values of `where` are bound, so that no text of ours is ever SQL;
`where` chooses in the database, and the other units' rows come in a second statement, with the mapped columns only;
records come in the order of SQLite's row id, else of the primary key, else of all their columns. PostgreSQL writes its
values as text itself, which is exact and has no limits on dates; others' values are written by `cells`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.sql.elements import quoted_name

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake.sources.cells import cell_text
from salesfc_lib.intake.sources.header import header_of, list_needed, name_columns, require_header
from salesfc_lib.intake.sources.layout import Grid
from salesfc_lib.intake.sources.texts import compact, stack
from salesfc_lib.intake.sources.troubled import set_aside_control

BATCH = 20_000  # records that are held as Python values at a time
ROW_ID = sa.literal_column("_rowid_", sa.Integer)
TEXTS: set[type] = {str, type(None)}
WHOLES: set[type] = {int, type(None)}


@dataclass(frozen=True)
class Relation:
    """A table or view as its database describes it.

    `header` are its columns, `names` the same under the source's names for them, `types` by column, `key` the columns of
    its primary key (none for a view), `row_ids` says whether SQLite counts its records, and `writes_texts` whether the
    database is asked for text (PostgreSQL).
    """

    table: sa.TableClause
    header: list[str]
    names: list[str]
    types: dict[str, sa.types.TypeEngine[Any]]
    key: list[str]
    row_ids: bool
    writes_texts: bool

    def column(self, name: str) -> sa.ColumnClause[Any]:
        """The database's column for one of the source's names."""
        return self.table.c[self.header[self.names.index(name)]]


def read_sqlite(path: Path, source: Source, where: str) -> tuple[Grid, Grid]:
    """Records of one table of a SQLite file: those that `where` chooses, and the others.

    Raises `SalesForecastError` for a file that is no database, an unknown table and a missing column.
    """
    _refuse_short(path, where)
    _refuse_open(path, where)
    address = f"{path.resolve().as_uri()}?mode=ro"
    engine = sa.create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=sa.pool.NullPool
    )
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")  # both statements see one state of the file
            relation = find_relation(connection, source, where)
            mine, others = (
                collect(relation.header, read_texts(connection, query))
                for query in choose(relation, source)
            )
            return set_aside_control(to_grid(mine, relation), relation.names), to_grid(
                others, relation
            )
    except DatabaseError as error:
        raise SalesForecastError.unreadable_file(
            where,
            f"it is no complete SQLite database ({error.orig})",
            "Export it again, or set the source's `kind` to what it is",
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
            where,
            f"it ends after {path.stat().st_size} of {promised} bytes",
            "Export or copy it again, completely",
        )


def _refuse_open(path: Path, where: str) -> None:
    """Raise if changes still stand beside the file (write-ahead log): they would be read, but not hashed and kept with it."""
    log = path.with_name(f"{path.name}-wal")
    if log.is_file() and log.stat().st_size:
        raise SalesForecastError.say(
            f"'{where}' is open in another program: '{log.name}' beside it holds changes that are not in the file yet",
            "A database file that nobody writes to",
            "Close that program, or name the database by `url_env` instead of `path`: then its tables are extracted",
        )


def find_relation(connection: sa.Connection, source: Source, where: str) -> Relation:
    """The source's table or view, from the database's own list.

    Raises `SalesForecastError` for an unknown schema or table, and for a missing column.
    """
    inspector, schema = sa.inspect(connection), source.table_schema
    if schema is not None and schema not in (schemas := inspector.get_schema_names()):
        raise SalesForecastError.unknown_key(
            schema, schemas, f"'{where}' (schemas; `table_schema` of the source)"
        )
    views = [*inspector.get_view_names(schema), *_list_materialised(inspector, schema)]
    known = [*inspector.get_table_names(schema), *views]
    if source.table not in known:
        raise SalesForecastError.unknown_key(
            str(source.table), known, f"'{where}' (tables; `table` of the source)"
        )
    columns = inspector.get_columns(source.table, schema)
    header, place = [column["name"] for column in columns], f"{where}, table {source.table}"
    require_header([header], source, place)
    quoted = None if schema is None else quoted_name(schema, True)
    table = sa.table(
        quoted_name(source.table, True),
        *[sa.column(quoted_name(name, True)) for name in header],
        schema=quoted,
    )
    key = (
        []
        if source.table in views
        else inspector.get_pk_constraint(source.table, schema)["constrained_columns"]
    )
    types = {column["name"]: column["type"] for column in columns}
    names = name_columns(header, source, place)
    dialect = connection.dialect.name
    row_ids = dialect == "sqlite" and source.table not in views and _has_row_ids(connection, table)
    return Relation(table, header, names, types, key, row_ids, dialect == "postgresql")


def _list_materialised(inspector: sa.Inspector, schema: str | None) -> list[str]:
    try:
        return inspector.get_materialized_view_names(schema)
    except NotImplementedError:
        return []


def _has_row_ids(connection: sa.Connection, table: sa.TableClause) -> bool:
    try:
        connection.execute(sa.select(ROW_ID).select_from(table).limit(1)).all()
    except OperationalError:
        return False
    return True


def choose(
    relation: Relation, source: Source, also: sa.ColumnElement[bool] | None = None
) -> list[sa.Select[Any]]:
    """Statements for the records that `where` chooses and for the others, of which unmapped columns are blank.

    `also` narrows both. Without `where` the second finds nothing.
    """
    wanted = [_equals(relation, name, value) for name, value in source.where.items()]
    mine = sa.and_(sa.true(), *wanted)
    others = sa.or_(sa.false(), *[sa.not_(sa.func.coalesce(each, sa.false())) for each in wanted])
    needed = set(list_needed(source)) | (
        {header_of(source, source.watermark)} if source.watermark else set()
    )
    kept = {
        header
        for header, name in zip(relation.header, relation.names, strict=True)
        if name in needed
    }
    more = [] if also is None else [also]
    return [
        _select(relation, relation.header).where(mine, *more),
        _select(relation, kept).where(others, *more),
    ]


def _select(relation: Relation, kept: Iterable[str]) -> sa.Select[Any]:
    kept = set(kept)
    blank: sa.ColumnElement[Any] = sa.literal_column("''")
    columns = [
        _as_text(relation, name) if name in kept else blank.label(name) for name in relation.header
    ]
    number: sa.ColumnElement[Any] = ROW_ID if relation.row_ids else sa.literal_column("0")
    order = [ROW_ID] if relation.row_ids else [relation.table.c[name] for name in relation.key]
    return (
        sa.select(number, *columns)
        .select_from(relation.table)
        .order_by(*(order or [_sortable(relation, name) for name in relation.header]))
    )


def _equals(relation: Relation, name: str, value: str) -> sa.ColumnElement[bool]:
    """Whether a column holds the value, which is bound; other types than text are compared as their text."""
    column = relation.column(name)
    textual = isinstance(relation.types[column.name], sa.String)
    return (
        column == value
        if textual or not relation.writes_texts
        else sa.cast(column, sa.Text) == value
    )


def _as_text(relation: Relation, name: str) -> sa.ColumnElement[Any]:
    """A column as it is asked for: PostgreSQL's as text, moments with their whole offset (it writes +00, ISO 8601 has +00:00)."""
    kind, column = relation.types[name], relation.table.c[name]
    if not relation.writes_texts or isinstance(kind, sa.Float | sa.Boolean | sa.LargeBinary):
        return column
    text = sa.cast(column, sa.Text)
    moment = isinstance(kind, sa.DateTime) and kind.timezone
    return (sa.func.regexp_replace(text, r"\+00$", "+00:00") if moment else text).label(name)


def _sortable(relation: Relation, name: str) -> sa.ColumnElement[Any]:
    """A column to put records in order by, where some types (JSON, points) have none."""
    return (
        sa.cast(relation.table.c[name], sa.Text).collate("C")
        if relation.writes_texts
        else relation.table.c[name]
    )


def read_texts(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[list[pa.Array]]:
    """Batches of a statement's records: its first column as whole numbers, the others as text."""
    found = connection.execution_options(stream_results=True, max_row_buffer=BATCH).execute(query)
    for batch in found.partitions(BATCH):
        number, *columns = zip(*batch, strict=True)
        yield [pa.array(number, pa.int64()), *(to_text(column) for column in columns)]


def to_text(values: Sequence[object]) -> pa.Array:
    """Text of values as a driver gives them; none is ''.

    >>> to_text([1, None, 30]).to_pylist(), to_text([1.5, b"a", "x"]).to_pylist()
    (['1', '', '30'], ['1.5', '0x61', 'x'])
    """
    kinds = set(map(type, values))
    if kinds <= WHOLES and all(value is None or abs(value) < 2**63 for value in values):  # type: ignore[arg-type]
        texts = pa.array(values, pa.int64()).cast(pa.string())
    elif kinds <= TEXTS:
        texts = pa.array(values, pa.string())
    else:
        texts = pa.array([cell_text(value) for value in values], pa.string())
    return texts.fill_null("")


def collect(header: Sequence[str], batches: Iterable[list[pa.Array]]) -> pa.Table:
    """Table of all batches: `number`, then a compact text column for each of the header's, named by its place."""
    names = ["number", *map(str, range(len(header)))]
    none = pa.table(
        [pa.array([], pa.int64()), *([pa.array([], pa.string())] * len(header))], names=names
    )
    parts = [
        pa.Table.from_arrays([number, *map(_shrink, texts)], names=names)
        for number, *texts in batches
    ]
    return stack(parts or [none])


def _shrink(texts: pa.Array) -> pa.ChunkedArray:
    return compact(pa.chunked_array([texts]))


def to_grid(records: pa.Table, relation: Relation) -> Grid:
    """The grid of a table as `collect` gives it; records without a row id are counted in their order."""
    numbers = (
        records["number"].to_numpy()
        if relation.row_ids
        else np.arange(1, records.num_rows + 1, dtype=np.int64)
    )
    return Grid(relation.header, numbers, records.drop_columns(["number"]))
