"""What a person was told already, what waits to be sent again, and what may not have arrived.

Records `notify.*` enter. A message is recorded before it is sent (`notify.sending`), and what came
of it after: a `notify.sent`, or a `notify.failed`. So a computer that stops in between leaves a
message of which nobody knows whether it arrived. That one is not sent again: a person is told once,
and what it said stands on the person's page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

WAITS = (5, 20, 60)  # minutes until a message that was refused is sent again; the last from then on
UNDERWAY = timedelta(minutes=10)  # after which a message without an outcome counts as unsure


@dataclass
class Box:
    """What one address of one person has had of one unit.

    told: keys that are not said again; messages: how many were begun, which numbers the next;
    refused: how often in a row; last: when the last one was recorded.
    """

    told: set[str] = field(default_factory=set)
    messages: int = 0
    refused: int = 0
    last: datetime | None = None

    def may_send(self, at: datetime) -> bool:
        """Whether a message may be sent now: at once, or some time after one was refused."""
        if not self.refused or self.last is None:
            return True
        wait = WAITS[min(self.refused, len(WAITS)) - 1]
        return not self.last <= at < self.last + timedelta(minutes=wait)


def fold_boxes(records: pd.DataFrame) -> dict[tuple[str, str, str], Box]:
    """Boxes by person (id), address (name of its variable) and unit."""
    boxes: dict[tuple[str, str, str], Box] = {}
    for message in fold_messages(records):
        key = (message["person"], message["address"], message["unit"])
        box = boxes.setdefault(key, Box())
        box.messages += 1
        box.last = message["at"]
        if message["state"] == "refused":
            box.refused += 1
        else:
            box.refused = 0
            box.told |= {*message["keys"]}
    return boxes


def fold_messages(records: pd.DataFrame) -> list[dict[str, Any]]:
    """Messages in their order: number, unit, person, address, keys, at, state and why.

    state: sending (no outcome is recorded), sent, refused or unsure; at: of the outcome where there
    is one.
    """
    messages: dict[str, dict[str, Any]] = {}
    for record in records.to_dict("records"):
        new, at = record["new"], datetime.fromisoformat(record["at"])
        if record["what"] == "notify.sending":
            about = {name: new[name] for name in ("person", "address", "keys")}
            begun = {"number": record["number"], "unit": record["unit"], "at": at}
            messages[str(record["number"])] = about | begun | {"state": "sending", "why": ""}
        elif record["subject"] in messages:
            messages[record["subject"]] |= {"state": new["came"], "why": new["why"], "at": at}
    return [*messages.values()]


def list_unsure(records: pd.DataFrame, at: datetime) -> pd.DataFrame:
    """Messages of which nobody knows whether they arrived: number, unit, person, address, at, why.

    A message without an outcome counts ten minutes after it was begun.
    """
    columns = ["number", "unit", "person", "address", "at", "why"]
    return pd.DataFrame([*_choose_unsure(records, at)], columns=columns)


def _choose_unsure(records: pd.DataFrame, at: datetime) -> Iterator[dict[str, Any]]:
    for message in fold_messages(records):
        left_open = message["state"] == "sending" and at - message["at"] > UNDERWAY
        if left_open or message["state"] == "unsure":
            yield message
