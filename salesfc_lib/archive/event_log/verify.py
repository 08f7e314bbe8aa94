"""Whether the log is as it was written: the chain, the last row as it is kept beside.

The log is read in pieces, so that nobody who writes waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from salesfc_lib.archive.event_log.chain import COLUMNS, Fault, Head, find_fault
from salesfc_lib.archive.event_log.head_file import SUFFIX
from salesfc_lib.archive.event_log.table import EVENTS, FILE, Log, has_log, list_columns, open_log
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.intake import begin_writing

PIECE = 20_000  # rows


def verify_log(project: Path, *, address_env: str = "") -> Fault | None:
    """The first row that is wrong, or what is wrong with the log as a whole; None where all holds.

    A log from before rows were chained is chained as it stands. Raises `SalesForecastError` where
    it cannot be read, and `RequestError` where row-level security shows this login a part only.
    """
    if not has_log(project, address_env):
        return None
    if not address_env and not (project / FILE).exists():
        return Fault(0, f"'{FILE.name}' is gone, and '{FILE.with_suffix(SUFFIX).name}' is not")
    with open_log(project, address_env) as log:
        check_whole(log.connection)
        try:
            head = log.read_head()
        except SalesForecastError as error:
            return Fault(0, str(error))
    return find_fault(read_rows(project, address_env), head)


def find_head(project: Path, *, address_env: str = "") -> Head:
    """The last event, to be written down elsewhere; (0, "") where there is none."""
    with _read_log(project, address_env) as log:
        return log.find_last() if log else Head()


def holds_head(project: Path, head: Head, *, address_env: str = "") -> bool:
    """Whether the log still has that event, as far as this login sees it."""
    with _read_log(project, address_env) as log:
        if log is None or is_partial(log.connection):
            return log is not None or head == Head()
        return log.holds(head)


@contextmanager
def _read_log(project: Path, address_env: str) -> Iterator[Log | None]:
    """The log as it is; None where there is none whose rows are chained."""
    if not address_env and not (project / FILE).exists():
        yield None
        return
    with begin_writing(address_env, project / FILE) as connection:
        yield Log(connection, None) if "hash" in list_columns(connection) else None


def read_rows(project: Path, address_env: str) -> Iterator[Mapping[str, Any]]:
    """All rows as they are in the table, in order, piece by piece."""
    wanted = sa.select(*(EVENTS.c[name] for name in COLUMNS)).order_by(EVENTS.c.number)
    piece = _read_piece(project, wanted, address_env)
    yield from piece
    while len(piece) == PIECE:  # the next begins with the last row again, of which there is one
        after = wanted.where(EVENTS.c.number >= piece[-1]["number"])
        piece = _read_piece(project, after, address_env)
        yield from piece[1:]


def _read_piece(project: Path, wanted: sa.Select[Any], address_env: str) -> list[dict[str, Any]]:
    with begin_writing(address_env, project / FILE) as connection:
        return [dict(row) for row in connection.execute(wanted.limit(PIECE)).mappings()]


def check_whole(connection: sa.Connection) -> None:
    """Raise `RequestError` where this login sees a part of the log only."""
    if is_partial(connection):
        raise RequestError.of(
            "This login sees the events of its own units only",
            "A login that sees the whole log: the owner of its table",
            "Run it with that login",
        )


def is_partial(connection: sa.Connection) -> bool:
    """Whether row-level security hides rows from this login."""
    if connection.dialect.name == "sqlite":
        return False
    return bool(connection.scalar(sa.text("SELECT row_security_active('records')")))
