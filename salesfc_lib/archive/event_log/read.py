"""Events read back, by unit, kind, month and series."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

from salesfc_lib.archive.event_log.table import EVENTS, FILE, MISSING, list_columns
from salesfc_lib.foundation import check_month, check_unit
from salesfc_lib.intake import begin_writing

SHOWN = [
    "number", "at", "clock", "who", "what", "unit", "month", "series", "version", "subject",
    "old", "new", "reason",
]  # fmt: skip


def read_records(  # noqa: PLR0913  what events are asked by
    project: Path,
    *,
    unit: str | None = None,
    what: str | None = None,
    month: str | None = None,
    series: str | None = None,
    through: str | None = None,
    since: str | None = None,
    last: int | None = None,
    address_env: str = "",
) -> pd.DataFrame:
    """Events in the order in which they were made, `old` and `new` as dictionaries.

    unit: None for all; what: a kind, or the first part of it (`action` takes `action.add`);
    through: the last month whose events count; since: a moment, as `at` writes it, or the first
    part of one; last: how many, the newest. No rows where nothing was recorded yet.
    """
    if not address_env and not (project / FILE).exists():
        return pd.DataFrame(columns=SHOWN)
    wanted = sa.select(EVENTS.c.number).order_by(EVENTS.c.number.desc())
    for column, value in (("unit", unit and check_unit(unit)), ("series", series),
                          ("month", month and check_month(month))):  # fmt: skip
        wanted = wanted if value is None else wanted.where(EVENTS.c[column] == value)
    if what is not None:  # "/" comes after "."
        kind = EVENTS.c.what
        wanted = wanted.where((kind == what) | ((kind > f"{what}.") & (kind < f"{what}/")))
    if through is not None:
        wanted = wanted.where(EVENTS.c.month <= check_month(through))
    if since is not None:
        wanted = wanted.where(EVENTS.c.at >= since)
    if last is not None:
        wanted = wanted.limit(last)
    return _fetch(project, wanted, address_env)


def _fetch(project: Path, wanted: sa.Select[int], address_env: str) -> pd.DataFrame:
    with begin_writing(address_env, project / FILE) as connection:
        if not (columns := list_columns(connection)):
            return pd.DataFrame(columns=SHOWN)
        kept = [
            EVENTS.c[name] if name in columns else sa.literal(MISSING[name]).label(name)
            for name in SHOWN
        ]
        found = connection.execute(wanted.with_only_columns(*kept)).all()
    frame = pd.DataFrame(found[::-1], columns=SHOWN)
    return frame.assign(**{name: frame[name].map(json.loads) for name in ("old", "new")})
