"""What people decide, one append-only table a project: causes, actions, decisions, sign-offs.

A record says who, when, what, of which unit and month, what it was before, what it is now and why.
Nothing is ever updated: the database refuses it. `once` names what may be recorded a single time,
such as the decision on a proposal, so that of two people at once one is told who was first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa

from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import check_month, check_unit
from salesfc_lib.intake import begin_writing

FILE = Path("archive", "records.sqlite")  # under the project
COLUMNS = ["number", "at", "who", "what", "unit", "month", "subject", "old", "new", "reason"]
LOCK = 7263546  # of PostgreSQL, any number that is ours alone

_METADATA = sa.MetaData()
_RECORDS = sa.Table(
    "records",
    _METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String(32), nullable=False),
    *(sa.Column(name, sa.Text, nullable=False) for name in COLUMNS[2:]),
    sa.Column("once", sa.Text, unique=True),
    sqlite_autoincrement=True,
)
_REFUSE = {
    "sqlite": [
        f"CREATE TRIGGER IF NOT EXISTS records_no_{what.lower()} BEFORE {what} ON records "
        "BEGIN SELECT RAISE(ABORT, 'records are only ever added'); END"
        for what in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION refuse_records() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'records are only ever added'; END $$",
        "CREATE OR REPLACE TRIGGER records_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON records FOR EACH STATEMENT EXECUTE FUNCTION refuse_records()",
    ],
}


@dataclass(frozen=True, kw_only=True)
class Record:
    """What somebody decided.

    what: its kind, such as `action.add`; month: whose page it answers, as YYYY-MM; subject: what it
    concerns, as an id; old and new: JSON values. `once` names what may be recorded a single time.
    """

    what: str
    who: str
    unit: str
    month: str
    reason: str
    subject: str = ""
    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)
    once: str | None = None


def append_record(project: Path, record: Record, *, address_env: str = "") -> int:
    """Number of the record written, which names it from now on.

    Raises `RequestError` where `who` or `reason` is blank, or its `once` is recorded already;
    nothing is written then.
    """
    for name in ("who", "reason"):
        if not getattr(record, name).strip():
            raise RequestError.of(f"`{name}` is empty", "Who decides, and why", "Name it")
    check_unit(record.unit)
    check_month(record.month)
    row = vars(record) | {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "old": json.dumps(record.old, ensure_ascii=False, sort_keys=True),
        "new": json.dumps(record.new, ensure_ascii=False, sort_keys=True),
    }
    with _table(project, address_env) as connection:
        try:
            with connection.begin_nested():
                done = connection.execute(sa.insert(_RECORDS).values(row))
        except sa.exc.IntegrityError:
            taken = sa.select(_RECORDS).where(_RECORDS.c.once == record.once)
            raise _recorded_already(connection.execute(taken).one()) from None
        return int(done.inserted_primary_key[0])  # type: ignore[index]


def read_records(
    project: Path,
    *,
    unit: str | None = None,
    what: str | None = None,
    through: str | None = None,
    address_env: str = "",
) -> pd.DataFrame:
    """Records in the order in which they were made, `old` and `new` as dictionaries.

    unit: None for all; what: a kind, or the first part of it (`action` takes `action.add`);
    through: the last month whose records count. No rows where nothing was recorded yet.
    """
    wanted = sa.select(*(_RECORDS.c[name] for name in COLUMNS)).order_by(_RECORDS.c.number)
    if unit is not None:
        wanted = wanted.where(_RECORDS.c.unit == check_unit(unit))
    if what is not None:
        kind = _RECORDS.c.what
        wanted = wanted.where((kind == what) | kind.startswith(f"{what}.", autoescape=True))
    if through is not None:
        wanted = wanted.where(_RECORDS.c.month <= check_month(through))
    if not address_env and not (project / FILE).exists():
        return pd.DataFrame(columns=COLUMNS)
    with _table(project, address_env) as connection:
        rows = [dict(row) for row in connection.execute(wanted).mappings()]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.assign(**{name: frame[name].map(json.loads) for name in ("old", "new")})


@contextmanager
def _table(project: Path, address_env: str) -> Iterator[sa.Connection]:
    """A transaction on the table, which is made where it is missing."""
    with begin_writing(address_env, project / FILE) as connection:
        if not sa.inspect(connection).has_table(_RECORDS.name):
            if connection.dialect.name == "postgresql":  # two who make it at once: one waits
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
            connection.execute(sa.schema.CreateTable(_RECORDS, if_not_exists=True))
            for statement in _REFUSE.get(connection.dialect.name, []):
                connection.exec_driver_sql(statement)
        yield connection


def _recorded_already(row: sa.Row[Any]) -> RequestError:
    return RequestError.of(
        f"{row.who} recorded '{row.what}' of '{row.subject}' already, on {row.at[:10]}: "
        f"{row.reason}",
        "One record of it",
        "Nothing was changed. Where that record is wrong, add one that says so",
    )
