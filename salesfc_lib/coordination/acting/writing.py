"""A sheet of what waits in a unit, for people to fill in and send back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.coordination.acting.lines import COLUMNS, HEAD, WORD, check_kind
from salesfc_lib.coordination.acting.verbs import list_choices
from salesfc_lib.coordination.waiting import list_waiting
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import Sheet, in_words, language, people, tables, text_of, write_book

WIDTHS = {"what": 60.0, "text": 40.0, "may": 30.0, "key": 30.0}
PLAIN = 14.0


def write_sheet(run: UnitMonth, path: Path, at: datetime, *, person: str = "") -> int:
    """Number of lines written: what waits in the unit, or for one person (id or name).

    In the language that is spoken. Raises `RequestError` for a file that is there already, which
    somebody may have filled in, for a name that ends in neither .xlsx nor .csv, and for nobody.
    """
    check_kind(path)
    if path.exists():
        wrong = f"'{path}' is there already, and may be filled in"
        raise RequestError.of(wrong, "A new file", "Name another, or remove it")
    rows, author = list_waiting(run, at), ""
    if person:
        known = people.read_people(run.project)
        own = people.find_person(known, person)
        rows, author = rows[[own in each for each in rows["people"]]], known[own].name
    lines = [_write_line(row, author) for row in rows.to_dict("records")]
    frame = pd.DataFrame(lines, columns=list(COLUMNS))
    heads = [text_of(f"{HEAD}.{name}") for name in COLUMNS]
    if path.suffix.lower() == ".xlsx":
        widths = [WIDTHS.get(name, PLAIN) for name in COLUMNS]
        sheet = Sheet(run.title, frame, heads, [None] * len(COLUMNS), widths)
        write_book([sheet], path, run.title)
    else:
        safe = frame.map(tables.guard_text).set_axis(heads, axis="columns")
        safe.to_csv(path, index=False, encoding="utf-8-sig")
    return len(frame)


def key_of(row: dict[str, Any]) -> str:
    """What a line is about, and the event after which it was written.

    >>> row = {"unit": "north", "month": "2026-07", "kind": "alert", "number": 12, "event": 40}
    >>> key_of(row)
    'north/2026-07/alert/12/40'
    """
    return "/".join(str(row[name]) for name in ("unit", "month", "kind", "number", "event"))


def _write_line(row: dict[str, Any], author: str) -> dict[str, str]:
    comma = language.by_language((", ", "、"))
    kind = row["kind"]
    blank = dict.fromkeys(("do", "text", "became"), "")
    return blank | {
        "key": key_of(row),
        "kind": text_of(f"act.kind.{kind}"),
        "number": str(row["number"]),
        "what": in_words(row["says"]),
        "state": text_of(f"act.state.{row['state']}"),
        "due": row["due"],
        "may": comma.join(text_of(f"{WORD}.{each}") for each in list_choices(row)),
        "author": author,
    }
