"""Answers of departments: a text, and the effect, event or overrides that it becomes.

The record of an answer and the line in the hand-written file are written together or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from salesfc_lib.archive import Record, UnitMonth, append_record
from salesfc_lib.coordination.consultation.asking import list_questions
from salesfc_lib.coordination.entering import (
    EffectLine,
    EventLine,
    OverrideLine,
    declare_effect,
    enter_event,
    enter_overrides,
)
from salesfc_lib.coordination.opening import name_person
from salesfc_lib.errors import RequestError, shorten

NUMBER = re.compile(r"[Qq]?(\d{1,9})")
Becomes = EffectLine | EventLine | Sequence[OverrideLine]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What somebody answers: text, and the lines that it becomes; () where it changes nothing."""

    text: str
    becomes: Becomes = field(default=())


def answer_question(
    run: UnitMonth, name: str, answer: Answer, *, by: str = "", again: bool = False
) -> str:
    """Id of what the answer to question `name` ('Q12') became, '' for nothing.

    An effect is named after the question. With `again` an answer is corrected: its record holds the
    one before.

    Raises `RequestError` for an unknown question, an empty text, a question that is answered
    already (without `again`) or became a line, and as `enter_overrides`, `declare_effect` and
    `enter_event` do; nothing is written then.
    """
    question = _find_question(run, name, again)
    if not answer.text.strip():
        raise RequestError.of(
            f"The answer to {name} is empty", "What is known, in words", "Say what you know"
        )
    who, number = name_person(run, by), f"Q{question['number']}"
    becomes = answer.becomes
    if isinstance(becomes, EffectLine):
        record = _record(run, question, answer.text, who, became=number)
        declare_effect(run, becomes, name=number, who=who, reason=answer.text, first=record)
        return number
    if isinstance(becomes, EventLine):
        became = f"event {becomes.name.strip()}"
        record = _record(run, question, answer.text, who, became=became)
        enter_event(run, becomes, reason=answer.text, record=record)
        return became
    if becomes:
        became = ", ".join(f"override {line.unique_id} {line.ds}" for line in becomes)
        record = _record(run, question, answer.text, who, became=became)
        enter_overrides(run, becomes, who=who, reason=answer.text, first=record)
        return became
    record = _record(run, question, answer.text, who, became="")
    append_record(run.project, record, address_env=run.parameters.archive.records_env)
    return ""


def answer_nothing(run: UnitMonth, department: str, *, reason: str, by: str = "") -> int:
    """Number of open questions of a department that are answered by one reason."""
    rows = list_questions(run, department)
    waiting = rows[rows["answer"].isna()]
    for number in waiting["number"]:
        answer_question(run, f"Q{number}", Answer(text=reason), by=by)
    return len(waiting)


def _find_question(run: UnitMonth, name: str, again: bool) -> dict[str, Any]:
    rows = list_questions(run)
    number = int(found[1]) if (found := NUMBER.fullmatch(name.strip())) else -1
    mine = rows[rows["number"] == number].to_dict("records")
    if not mine:
        known = [f"Q{each}" for each in rows.loc[rows["answer"].isna(), "number"]]
        raise RequestError.of(
            f"{run.month} of '{run.unit}' has no question '{name}'",
            f"Open here: {shorten(known, 8)}" if known else "None is open here",
            f"See `salesfc consult list {run.unit} --month {run.month}`",
        )
    question = {str(key): value for key, value in mine[0].items()}
    if pd.notna(question["answer"]) and not again:
        raise RequestError.of(
            f"{question['answered_by']} answered {name} on {question['answered_at'][:10]}: "
            f"{question['answer']}",
            "A question that is open",
            "Correct the answer with --again, which keeps the one before",
        )
    if pd.notna(question["became"]) and question["became"]:
        raise RequestError.of(
            f"The answer to {name} became '{question['became']}'",
            "An answer that changed nothing yet",
            "Change or remove that line of the file itself",
        )
    return question


def _record(
    run: UnitMonth, question: dict[str, Any], text: str, who: str, *, became: str
) -> Record:
    is_first = pd.isna(question["answer"])
    before = {} if is_first else {name: question[name] for name in ("answer", "answered_by")}
    return Record(
        what="consult.answer",
        who=who,
        unit=run.unit,
        month=run.month,
        reason=text.strip(),
        series=question["unique_id"],
        subject=question["id"],
        old=before,
        new={"answer": text.strip(), "became": became, "department": question["department"]},
        once=f"consult.answer {run.unit} {question['id']}" if is_first else None,
    )
