"""Digests sent to everybody for whom something new waits, at most once, whatever receivers do.

A message is recorded as begun, sent, and recorded with what came of it. Of two programs that begin
the same message one is refused by the record's `once`. What was refused is sent later, with
whatever is new by then; a message that may have arrived is not sent again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic

from salesfc_lib.archive import Record, append_record
from salesfc_lib.coordination.notifications.plan import Planned, plan_digests
from salesfc_lib.foundation import clock, hide_secrets

WHO = "salesfc"  # who records what no person did
SIDE_BY_SIDE = 8  # messages at a time
BUDGET = 30.0  # seconds until the caller goes on; what is on its way by then has no outcome
TOO_SLOW = "no answer in time"
OUTCOMES = {"sent": "notify.sent", "refused": "notify.failed", "unsure": "notify.failed"}


@dataclass(frozen=True)
class Told:
    """What came of a planned digest.

    came: `planned`, on a dry run; `sent`; `refused`, and is sent again later; `unsure`, it may have
    arrived and is not; `unreadable`, no address; `unrecorded`, not sent because that could not be
    recorded first; `later`, not begun; or why it was held back, as in `Planned`. why: in
    short, without anything of the address.
    """

    planned: Planned
    came: str
    why: str = ""


def send_digests(
    project: Path, at: datetime, units: Sequence[str] = (), *, budget: float = BUDGET
) -> list[Told]:
    """Send what is new in `units` (none: all) to everybody, and give what came of each digest.

    It takes `budget` seconds at most, however slow receivers are; what is still on its way then is
    `unsure`, and what was not begun waits for the next time.
    """
    root, plan = project.resolve(), plan_digests(project, at, units)
    due = [planned for planned in plan if not planned.held]
    held = [Told(planned, planned.held) for planned in plan if planned.held]
    return [*_send_side_by_side(root, due, budget), *held]


def describe_told(told: Told) -> str:
    """What came of a digest, as a message for who started the program."""
    to, by = told.planned.digest.person, told.planned.address
    messages = {
        "planned": f"To {to} by {by}:",
        "sent": f"Told {to} by {by}.",
        "refused": f"Not taken: the message to {to} by {by} ({told.why}). It is sent later.",
        "unsure": f"It is not known whether the message to {to} by {by} arrived ({told.why}). "
        "It is not sent again; what it says stands on their page.",
        "unreadable": f"Nothing sent to {to}: `{by}` holds no address that apprise reads.",
        "unrecorded": f"Nothing sent to {to} by {by}, as it could not be recorded: {told.why}",
        "unset": f"Nothing sent to {to}: the environment has no `{by}`.",
        "quiet": f"Held until quiet hours are over: the message to {to} by {by}.",
        "waits": f"Held for a while, as it was not taken: the message to {to} by {by}.",
        "later": f"Time is up: the message to {to} by {by} is sent next time.",
    }
    return messages[told.came]


def _send_side_by_side(root: Path, due: Sequence[Planned], budget: float) -> list[Told]:
    told = {place: Told(planned, "later") for place, planned in enumerate(due)}
    places: SimpleQueue[int] = SimpleQueue()
    for place in told:
        places.put(place)
    end = monotonic() + budget

    def work() -> None:
        while monotonic() < end:
            try:
                place = places.get_nowait()
            except Empty:
                return
            told[place] = Told(due[place], "unsure", TOO_SLOW)
            told[place] = _send(root, due[place])

    # daemons, because the interpreter would wait for a receiver that never ends
    threads = [threading.Thread(target=work, daemon=True) for _ in due[:SIDE_BY_SIDE]]
    for each in threads:
        each.start()
    for each in threads:
        each.join(max(end - monotonic(), 0))
    return [*told.values()]


def _send(root: Path, planned: Planned) -> Told:
    """Record, deliver, record; whatever fails, it is said what is known."""
    from salesfc_lib.coordination.notifications import delivery

    address, numbers = os.environ[planned.address], {}
    try:
        delivery.check_address(address)
    except delivery.UnreadableAddress:
        return Told(planned, "unreadable")
    try:
        for unit in planned.digest.keys:
            numbers[unit] = _record_begun(root, planned, unit)
    except Exception as error:
        _record_outcome(root, planned, numbers, "refused", "not begun")
        return Told(planned, "unrecorded", hide_secrets(str(error)))
    done = delivery.deliver(address, planned.digest.title, planned.digest.body)
    try:
        _record_outcome(root, planned, numbers, done.came, done.why)
    except Exception as error:
        return Told(planned, "unsure", hide_secrets(str(error)))
    return Told(planned, done.came, done.why)


def _record_begun(root: Path, planned: Planned, unit: str) -> int:
    about = {"person": planned.digest.person, "address": planned.address}
    number = planned.begun[unit] + 1
    record = Record(
        what="notify.sending",
        who=WHO,
        unit=unit,
        month=f"{clock.now():%Y-%m}",
        reason="something new waits",
        subject=planned.digest.person,
        new=about | {"keys": [*planned.digest.keys[unit]]},
        once=f"notify {planned.digest.person} {planned.address} {unit} {number}",
    )
    return append_record(root, record, address_env=planned.logs[unit])


def _record_outcome(
    root: Path, planned: Planned, numbers: Mapping[str, int], came: str, why: str
) -> None:
    for unit, number in numbers.items():
        record = Record(
            what=OUTCOMES[came],
            who=WHO,
            unit=unit,
            month=f"{clock.now():%Y-%m}",
            reason=why or "delivered",
            subject=str(number),
            new={"came": came, "why": why},
        )
        append_record(root, record, address_env=planned.logs[unit])
