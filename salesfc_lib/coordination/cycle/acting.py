"""Steps finished or skipped, quarantine answered, and that there is nothing to say: as events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from salesfc_lib.archive import Record, UnitMonth, append_record
from salesfc_lib.coordination.cycle.needs import Look, digest_rows
from salesfc_lib.coordination.cycle.steps import show_cycle
from salesfc_lib.coordination.opening import name_person, read_events
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import clock, in_english

NOTHING = ("effects", "questions", "overrides")  # of which one can say that there are none
DONE = "everything that the step needs is true"


def finish_step(
    run: UnitMonth, step: str, *, by: str = "", remark: str = "", at: datetime | None = None
) -> int:
    """Days by which the step that is recorded as done is late; its lateness is a record too.

    Raises `RequestError` while an earlier step is open or something is missing: it says what, and
    the command that mends it; and for a step that is over.
    """
    at = at or clock.now()
    row = _check_turn(run, step, at)
    if row["missing"]:
        raise RequestError.of(
            f"Step '{step}' of {run.month} is not done: "
            f"{' '.join(in_english(each) for each in row['missing'])}",
            "Everything that the step needs",
            f"Do so, or skip it with a reason: `salesfc cycle skip {run.unit} {step} --reason …`",
        )
    return _end(run, "cycle.done", row, name_person(run, by), remark or DONE)


def skip_step(
    run: UnitMonth, step: str, *, reason: str, by: str = "", at: datetime | None = None
) -> int:
    """Days by which the step that is recorded as skipped is late.

    Raises `RequestError` without a reason, while an earlier step is open, and for one that is over.
    """
    row = _check_turn(run, step, at or clock.now())
    if not reason.strip():
        raise RequestError.of(
            f"Step '{step}' cannot be skipped without a reason", "Why", "Give --reason"
        )
    return _end(run, "cycle.skip", row, name_person(run, by), reason)


def say_none(run: UnitMonth, of: str, *, reason: str, by: str = "") -> None:
    """Record that the month has no effects, questions or overrides to enter, and why."""
    if of not in NOTHING:
        raise RequestError.unknown_key(of, NOTHING, "what there can be none of")
    _append(run, "cycle.none", name_person(run, by), reason, subject=of)


def answer_quarantine(run: UnitMonth, rule: str, *, reason: str, by: str = "") -> int:
    """Number of rows in quarantine by a rule that are recorded as seen, and stay there.

    Rows that come later are asked about again. To keep rows instead: `cleaning.keep` of the unit.

    Raises `RequestError` where there are none such.
    """
    rows = Look(run, read_events(run), clock.now()).read("quarantine")
    found = rows[rows["rule"].eq(rule)]
    if found.empty:
        known = set(rows["rule"])
        raise RequestError.unknown_key(rule, known, f"the rules of {run.month}'s quarantine")
    new = {"rule": rule, "rows": len(found), "digest": digest_rows(found)}
    who = name_person(run, by)
    _append(run, "cycle.answer", who, reason, subject=f"quarantine {rule}", new=new)
    return len(found)


def _check_turn(run: UnitMonth, step: str, at: datetime) -> dict[str, Any]:
    """The step's row. Raises `RequestError` unless it is its turn."""
    steps = {str(row["step"]): row for row in show_cycle(run, at).to_dict("records")}
    if step not in steps:
        raise RequestError.unknown_key(step, steps, f"`cycle.steps` of '{run.unit}'")
    row = {str(key): value for key, value in steps[step].items()}
    if row["state"] in ("done", "skipped"):
        raise RequestError.of(
            f"Step '{step}' of {run.month} is {row['state']}: {row['done_by']}, "
            f"{row['done_at'][:10]} ({row['reason']})",
            "A step that is open",
            f"See `salesfc cycle show {run.unit} --month {run.month}`",
        )
    if row["state"] == "waiting":
        first = next(name for name, each in steps.items() if each["state"] == "open")
        raise RequestError.of(
            f"Step '{step}' of {run.month} waits for '{first}'",
            "The steps in their order",
            f"Finish it first: `salesfc cycle done {run.unit} {first}`",
        )
    return row


def _end(run: UnitMonth, what: str, row: dict[str, Any], who: str, reason: str) -> int:
    """Record the end of a step, and its lateness where it is late."""
    about = {name: row[name] for name in ("owner", "late_days")} | {"due": f"{row['due']:%Y-%m-%d}"}
    _append(run, what, who, reason, subject=row["step"], new=about, once="end")
    if row["late_days"]:
        _append(run, "cycle.late", who, reason, subject=row["step"], new=about, once="late")
    return int(row["late_days"])


def _append(  # noqa: PLR0913  what a record holds
    run: UnitMonth,
    what: str,
    who: str,
    reason: str,
    *,
    subject: str,
    new: dict[str, Any] | None = None,
    once: str = "",
) -> None:
    once_only = f"cycle {run.unit} {run.month} {subject} {once}" if once else None
    record = Record(
        what=what,
        who=who,
        unit=run.unit,
        month=run.month,
        reason=reason.strip(),
        subject=subject,
        new=new or {},
        once=once_only,
    )
    append_record(run.project, record, address_env=run.parameters.archive.records_env)
