"""Questions put to departments: once each, as records, of which the list is a fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from salesfc_lib.archive import Record, UnitMonth
from salesfc_lib.coordination.consultation.finding import (
    AT_EVERY_LEVEL,
    FINDERS,
    KINDS,
    MOST,
    Found,
)
from salesfc_lib.coordination.opening import name_person, put_once, read_events
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import tables
from salesfc_lib.retrospective.loop import read_published

EMPTY = {"answer": None, "answered_by": None, "answered_at": None, "became": None}


def ask_questions(run: UnitMonth, *, by: str = "") -> int:
    """Number of questions that departments are asked now: none is asked twice.

    Raises `RequestError` for a month that is not published, or where nobody is to be consulted.
    """
    departments = run.parameters.cycle.departments
    if not departments:
        raise RequestError.of(
            f"'{run.unit}' declares no department",
            "Departments with their people, such as `sales: {people: [hanlei]}`",
            "Add them under `cycle.departments` of the unit",
        )
    found = {kind: list(find(run)) for kind, find in FINDERS.items()}
    who = name_person(run, by)
    known = set(read_events(run, "consult.ask")["subject"])
    records = [
        _ask(run, name, kind, each, who)
        for name, department in departments.items()
        for kind in KINDS.get(name, tuple(FINDERS))
        for each in _concerning(run, department.levels, kind, found[kind])[:MOST]
    ]
    return sum(put_once(run, each) for each in records if each.subject not in known)


def list_questions(run: UnitMonth, department: str | None = None) -> pd.DataFrame:
    """Table `question`: what departments are asked about the month, with the answers there are.

    Raises `RequestError` for a department that the unit does not declare.
    """
    known = run.parameters.cycle.departments
    if department is not None and department not in known:
        raise RequestError.unknown_key(department, known, "`cycle.departments`")
    found = fold_questions(read_events(run, "consult"), run.month)
    return found if department is None else found[found["department"] == department]


def fold_questions(records: pd.DataFrame, month: str) -> pd.DataFrame:
    """Table `question` of a month; of several answers to a question the last one counts."""
    rows: dict[str, dict[str, Any]] = {}
    for record in records[records["month"].eq(month)].to_dict("records"):
        if record["what"] == "consult.ask":
            asked = {"number": record["number"], "id": record["subject"]}
            rows[record["subject"]] = record["new"] | asked | {"asked_at": record["at"]} | EMPTY
        elif record["what"] == "consult.answer" and record["subject"] in rows:
            row, new = rows[record["subject"]], record["new"]
            row |= {"answer": new["answer"], "became": new.get("became") or row["became"]}
            row |= {"answered_by": record["who"], "answered_at": record["at"]}
    return tables.build([*rows.values()], "question")


def _concerning(
    run: UnitMonth, levels: Sequence[str], kind: str, found: list[Found]
) -> list[Found]:
    """What a department is asked: of kinds found at every level, what is on its own `levels`."""
    if kind not in AT_EVERY_LEVEL or not levels:
        return found
    series = read_published(run, "series")
    own = set(series.loc[series["level"].isin(levels), "unique_id"])
    return [each for each in found if each.unique_id in own]


def _ask(run: UnitMonth, department: str, kind: str, found: Found, who: str) -> Record:
    subject = f"{run.month} {department} {kind} {found.key}"
    return Record(
        what="consult.ask",
        who=who,
        unit=run.unit,
        month=run.month,
        reason="asked of the published month",
        subject=subject,
        series=found.unique_id,
        new={
            "department": department,
            "kind": kind,
            "unique_id": found.unique_id,
            "says": found.says,
        },
        once=f"consult.ask {run.unit} {subject}",
    )
