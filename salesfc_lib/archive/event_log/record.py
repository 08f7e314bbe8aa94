"""An event as a caller gives it, and as a row before it is chained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import check_month, check_unit, clock

PROGRAM = "salesfc"  # who, in events that the program makes by itself
OF_LOG = "log"  # unit, in events on the log itself


@dataclass(frozen=True, kw_only=True)
class Record:
    """What somebody decided, or the program noticed.

    what: its kind, such as `action.add`; month: whose page it answers, as YYYY-MM; subject: what it
    concerns, as an id; series: id of one, or empty; version: of the month's forecast, or of what
    is kept in versions; old and new: JSON values. `once` names what may be recorded a single time.
    """

    what: str
    who: str
    unit: str
    month: str
    reason: str
    series: str = ""
    version: str = ""
    subject: str = ""
    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)
    once: str | None = None


def make_row(record: Record) -> dict[str, Any]:
    """The columns of an event but for its number and hashes, at this moment.

    Raises `RequestError` where `who` or `reason` is blank, where a text cannot be written in every
    database, and for a unit or month that is none.
    """
    for name in ("who", "reason"):
        if not getattr(record, name).strip():
            raise RequestError.of(f"`{name}` is empty", "Who decides, and why", "Name it")
    check_unit(record.unit)
    check_month(record.month)
    row = vars(record) | {
        "at": clock.now().isoformat(timespec="seconds"),
        "clock": "",
        "old": json.dumps(record.old, ensure_ascii=False, sort_keys=True),
        "new": json.dumps(record.new, ensure_ascii=False, sort_keys=True),
    }
    for name, text in row.items():
        if text is not None and ("\0" in text or any("\ud800" <= c <= "\udfff" for c in text)):
            expected = "Text that UTF-8 can hold, without NUL"
            raise RequestError.of(f"`{name}` is {text!r}", expected, "Write it again")
    return row
