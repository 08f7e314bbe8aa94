"""The table of events, and transactions on it: in a SQLite file, or in PostgreSQL for a team.

Writers take turns. Rows are only ever added: triggers refuse anything else. A table from before
rows were chained is chained as it stands, in one transaction, and an event says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from salesfc_lib.archive.event_log import head_file
from salesfc_lib.archive.event_log.chain import COLUMNS, Head, link
from salesfc_lib.archive.event_log.record import OF_LOG, PROGRAM, Record, make_row
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import clock, say
from salesfc_lib.intake import begin_writing

FILE = Path("archive", "records.sqlite")  # under the project
LOCK = 7263546  # of PostgreSQL, any number that is ours alone
LOCK_SECONDS = 30
SQL = Path(__file__).with_name("postgres.sql")
DATABASES = ("sqlite", "postgresql")
MISSING = {"clock": "", "series": "", "version": ""}  # columns that a first table lacked

_METADATA = sa.MetaData()
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
EVENTS = sa.Table(
    "records",
    _METADATA,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True,
              autoincrement=False),
    *(sa.Column(name, _TEXT, nullable=False) for name in COLUMNS[1:] if name != "once"),
    sa.Column("once", _TEXT, unique=True),
    sa.Index("records_by_unit", "unit", "what", "month", "number"),
    sa.Index("records_by_what", "what", "month", "number"),
    sa.Index("records_by_series", "series", "number"),
)  # fmt: skip
HEADS = sa.Table(
    "records_head",
    _METADATA,
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("hash", _TEXT, nullable=False),
)
_REFUSE = [
    f"CREATE TRIGGER records_no_{what.lower()} BEFORE {what} ON records "
    "BEGIN SELECT RAISE(ABORT, 'records are only ever added'); END"
    for what in ("UPDATE", "DELETE")
]


@dataclass
class Log:
    """A transaction on the log: its connection, and the last row as the table has it."""

    connection: sa.Connection
    beside: Path | None  # where SQLite's head is kept
    is_new: bool = False  # chained in this transaction

    @property
    def is_sqlite(self) -> bool:
        return self.connection.dialect.name == "sqlite"

    def find_last(self) -> Head:
        """The last row of the table."""
        return self._find(sa.true())

    def holds(self, head: Head) -> bool:
        """Whether the row of that number has that hash."""
        return head == Head() or self._find(EVENTS.c.number == head.number) == head

    def read_head(self) -> Head:
        """The last row as it is kept beside the table.

        Raises `SalesForecastError` where that cannot be read.
        """
        if self.beside is not None:
            return self.find_last() if self.is_new else head_file.read_head(self.beside)
        found = self.connection.execute(sa.select(HEADS.c.number, HEADS.c.hash)).one_or_none()
        return Head(*found) if found else Head()

    def set_head(self, head: Head) -> None:
        """Let what is kept in PostgreSQL be this row; SQLite's is written with the transaction."""
        if self.beside is None:
            self.connection.execute(sa.update(HEADS).values(**head._asdict()))

    def count(self) -> int:
        """Number of rows."""
        return int(self.connection.scalar(sa.select(sa.func.count()).select_from(EVENTS)) or 0)

    def put(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add rows as they are, already chained."""
        if rows:
            self.connection.execute(sa.insert(EVENTS), rows)

    def append(self, row: dict[str, Any]) -> int:
        """Add a row of `make_row` after the last one; its number."""
        if not self.is_sqlite:  # the table's trigger chains it
            blank = {"number": 0, "previous": "", "hash": ""}
            added = sa.insert(EVENTS).values(row | blank).returning(EVENTS.c.number)
            return int(self.connection.execute(added).scalar_one())
        last = self.find_last()
        at = sa.select(EVENTS.c.at).where(EVENTS.c.number == last.number)
        row = _keep_order(row, str(self.connection.scalar(at) or ""))
        self.put(list(link([row | {"number": last.number + 1}], last)))
        return last.number + 1

    def _find(self, which: sa.ColumnElement[bool]) -> Head:
        newest = sa.select(EVENTS.c.number, EVENTS.c.hash).where(which)
        found = self.connection.execute(newest.order_by(EVENTS.c.number.desc()).limit(1)).first()
        return Head(*found) if found else Head()


@contextmanager
def open_log(project: Path, address_env: str) -> Iterator[Log]:
    """A transaction that nobody else writes beside, on a table that is made where it is missing."""
    with ExitStack() as stack:
        with begin_writing(address_env, project / FILE) as connection:
            log = Log(connection, _hold(connection, stack))
            if log.is_sqlite:
                _prepare(log)
            else:
                _prepare_postgres(log)
            before = log.find_last() if log.is_sqlite and not log.is_new else Head()
            yield log
            after = log.find_last() if log.is_sqlite else Head()
        if log.beside is not None and after != before:  # committed by now
            head_file.write_head(log.beside, after)


def has_log(project: Path, address_env: str) -> bool:
    """Whether there can be one: in a database always, else where its file or head is."""
    beside = (project / FILE).with_suffix(head_file.SUFFIX)
    return bool(address_env) or (project / FILE).exists() or beside.exists()


def fill_in(connection: sa.Connection, file: Path, **words: Sequence[str]) -> str:
    """Statements of a file, with the schema of the table, and lists of words, in their places."""
    schema = str(connection.scalar(sa.select(sa.func.quote_ident(sa.func.current_schema()))))
    text = file.read_text(encoding="utf-8").replace(":schema", schema)
    for name, listed in words.items():
        text = text.replace(f":{name}", ", ".join(f"'{word}'" for word in listed))
    return text.replace("%", "%%")  # the driver takes one for a place


def list_columns(connection: sa.Connection) -> set[str]:
    """Columns that the table has; none where there is no table."""
    try:
        return {column["name"] for column in sa.inspect(connection).get_columns(EVENTS.name)}
    except sa.exc.NoSuchTableError:
        return set()


def _hold(connection: sa.Connection, stack: ExitStack) -> Path | None:
    """Keep other writers out until the head is written; where SQLite's head is kept."""
    from filelock import FileLock

    name = connection.dialect.name
    if name not in DATABASES:
        raise RequestError.of(
            f"`archive.records_env` names a database of {name}",
            "PostgreSQL or SQLite",
            "Use one of them, or leave it empty for a file of the project",
        )
    if name != "sqlite":
        return None
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    file = Path(str(connection.engine.url.database))
    stack.enter_context(FileLock(file.with_suffix(".lock"), timeout=LOCK_SECONDS))
    return file.with_suffix(head_file.SUFFIX)


def _prepare(log: Log) -> None:
    columns = list_columns(log.connection)
    if "hash" in columns:
        return
    log.is_new = bool(columns)
    _refuse_unchained(columns, log.beside is not None and log.beside.exists())
    earlier = _take_out(log.connection) if columns else []
    EVENTS.create(log.connection)
    log.put(earlier)
    for statement in _REFUSE:
        log.connection.exec_driver_sql(statement)
    _say_chained(log, len(earlier))


def _prepare_postgres(log: Log) -> None:
    connection = log.connection
    if "hash" in list_columns(connection):
        return
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))  # two at once: one waits
    if "hash" in (columns := list_columns(connection)):
        return
    _refuse_unchained(columns, sa.inspect(connection).has_table(HEADS.name))
    earlier = _take_out(connection) if columns else []
    _METADATA.create_all(connection)
    log.put(earlier)
    last = log.find_last()
    connection.execute(sa.insert(HEADS).values(number=last.number, hash=last.hash))
    connection.exec_driver_sql(fill_in(connection, SQL))
    _say_chained(log, len(earlier))


def _refuse_unchained(columns: set[str], has_head: bool) -> None:
    """Raise `SalesForecastError` for a table without hashes whose head says that it had them."""
    if columns and has_head:
        raise SalesForecastError.of(
            "The table of events has lost the hashes of its rows, which are known beside it",
            "The table as it was written",
            "Bring it back from a copy, with what is kept beside it",
        )


def _take_out(connection: sa.Connection) -> list[dict[str, Any]]:
    """Rows of a table from before the chain, chained as they stand; the table is gone then."""
    old = sa.Table(EVENTS.name, sa.MetaData(), autoload_with=connection)
    rows = connection.execute(sa.select(old).order_by(old.c.number)).mappings()
    linked = list(link({**MISSING, **row} for row in rows))
    old.drop(connection)
    return linked


def _keep_order(row: dict[str, Any], last: str) -> dict[str, Any]:
    """The row at the last one's moment where the clock is behind that, which `clock` then says."""
    return row if row["at"] >= last else row | {"at": last, "clock": row["at"]}


def _say_chained(log: Log, count: int) -> None:
    """Add an event on the rows that were there before rows were chained, if any were."""
    if not count:
        return
    said = Record(
        what="log.chained",
        who=PROGRAM,
        unit=OF_LOG,
        month=f"{clock.now():%Y-%m}",
        reason=say("event_log.chained", events=count),
        new={"events": count, **log.find_last()._asdict()},
    )
    log.append(make_row(said))
