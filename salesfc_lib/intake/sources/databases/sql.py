"""Tables and views of a database, through SQLAlchemy: statements, and every value as exact text.

A table is only read if reflection lists it, its name is quoted and the values of `where` are bound:
no text of ours is ever SQL. Records come in the order of SQLite's row id, else of the primary key,
else of all their columns. PostgreSQL writes its values as text itself, which is exact and has no
limits on dates; others' values are written by `cell_text`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.sql.elements import quoted_name

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake.sources.cell_text import cell_text
from salesfc_lib.intake.sources.header import header_of, list_needed, require_header

BATCH = 20_000  # records that are held as Python values at a time
ROW_ID = sa.literal_column("_rowid_", sa.Integer)
TEXTS: set[type] = {str, type(None)}
WHOLES: set[type] = {int, type(None)}


@dataclass(frozen=True)
class Relation:
    """A table or view as its database describes it.

    `header` are its columns, `names` the same under the source's names for them, `types` by column,
    `key` the columns of its primary key (none for a view). `row_ids`: SQLite counts its records;
    `writes_texts`: the database is asked for text (PostgreSQL).
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


def find_relation(connection: sa.Connection, source: Source, where: str) -> Relation:
    """The source's table or view, from the database's own list.

    Raises `SalesForecastError` for an unknown schema or table, and for a missing column.
    """
    inspector, schema = sa.inspect(connection), source.table_schema
    if schema is not None and schema not in (schemas := inspector.get_schema_names()):
        place = f"'{where}' (schemas; `table_schema` of the source)"
        raise SalesForecastError.unknown_key(schema, schemas, place)
    views = inspector.get_view_names(schema)
    with suppress(NotImplementedError):
        views += inspector.get_materialized_view_names(schema)
    known = [*inspector.get_table_names(schema), *views]
    if source.table not in known:
        place = f"'{where}' (tables; `table` of the source)"
        raise SalesForecastError.unknown_key(str(source.table), known, place)
    is_view = source.table in views
    columns = inspector.get_columns(source.table, schema)
    header, place = [column["name"] for column in columns], f"{where}, table {source.table}"
    _, names = require_header([header], source, place)
    table = sa.table(
        quoted_name(source.table, True),
        *[sa.column(quoted_name(name, True)) for name in header],
        schema=None if schema is None else quoted_name(schema, True),
    )
    dialect = connection.dialect.name
    key = inspector.get_pk_constraint(source.table, schema)
    return Relation(
        table,
        header,
        names=names,
        types={column["name"]: column["type"] for column in columns},
        key=[] if is_view else key["constrained_columns"],
        row_ids=dialect == "sqlite" and not is_view and _has_row_ids(connection, table),
        writes_texts=dialect == "postgresql",
    )


def _has_row_ids(connection: sa.Connection, table: sa.TableClause) -> bool:
    try:
        connection.execute(sa.select(ROW_ID).select_from(table).limit(1)).all()
    except OperationalError:
        return False
    return True


def choose(
    relation: Relation, source: Source, also: sa.ColumnElement[bool] | None = None
) -> list[tuple[sa.Select[Any], bool]]:
    """Statements for the records that `where` chooses (True), and for the others (False).

    Unmapped columns of the others are blank. `also` narrows both. Without `where` the second finds
    nothing.
    """
    wanted = [_equals(relation, name, value) for name, value in source.where.items()]
    mine = sa.and_(sa.true(), *wanted)
    others = sa.or_(sa.false(), *[sa.not_(sa.func.coalesce(each, sa.false())) for each in wanted])
    needed = {*list_needed(source)}
    if source.watermark:
        needed.add(header_of(source, source.watermark))
    pairs = zip(relation.header, relation.names, strict=True)
    kept = {header for header, name in pairs if name in needed}
    more = [] if also is None else [also]
    return [
        (_select(relation, set(relation.header)).where(mine, *more), True),
        (_select(relation, kept).where(others, *more), False),
    ]


def _select(relation: Relation, kept: set[str]) -> sa.Select[Any]:
    """All records in order: a number (0 without row ids), then each column, blank if not kept."""
    blank: sa.ColumnElement[Any] = sa.literal_column("''")
    columns = [
        _as_text(relation, name) if name in kept else blank.label(name) for name in relation.header
    ]
    number: sa.ColumnElement[Any] = ROW_ID if relation.row_ids else sa.literal_column("0")
    order: list[sa.ColumnElement[Any]]
    order = [ROW_ID] if relation.row_ids else [relation.table.c[name] for name in relation.key]
    if not order:  # where some types (JSON, points) have no order, their texts have
        columns_of = [relation.table.c[name] for name in relation.header]
        texts = [sa.cast(column, sa.Text).collate("C") for column in columns_of]
        order = [*(texts if relation.writes_texts else columns_of)]
    return sa.select(number, *columns).select_from(relation.table).order_by(*order)


def _equals(relation: Relation, name: str, value: str) -> sa.ColumnElement[bool]:
    """Whether a column holds the value; other types than text are compared as their text."""
    column = relation.column(name)
    textual = isinstance(relation.types[column.name], sa.String) or not relation.writes_texts
    return column == value if textual else sa.cast(column, sa.Text) == value


def _as_text(relation: Relation, name: str) -> sa.ColumnElement[Any]:
    """A column as it is asked for: PostgreSQL's as text, the offset +00 of a moment as +00:00."""
    kind, column = relation.types[name], relation.table.c[name]
    if not relation.writes_texts or isinstance(kind, sa.Float | sa.Boolean | sa.LargeBinary):
        return column
    text = sa.cast(column, sa.Text)
    moment = isinstance(kind, sa.DateTime) and kind.timezone
    return (sa.func.regexp_replace(text, r"\+00$", "+00:00") if moment else text).label(name)


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
