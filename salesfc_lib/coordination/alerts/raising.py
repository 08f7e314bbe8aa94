"""From what was found to events: an alert once, a wider branch of it linked, what is gone noted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from salesfc_lib.archive import PROGRAM, Record, append_record
from salesfc_lib.coordination.alerts.finding import Found, Look
from salesfc_lib.coordination.alerts.folding import fold_alerts
from salesfc_lib.coordination.alerts.owners import find_owner
from salesfc_lib.coordination.opening import read_events
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import people


@dataclass(frozen=True)
class Raised:
    """Numbers of the alerts that were opened, and of all whose finding holds now."""

    opened: tuple[int, ...] = ()
    holds: tuple[int, ...] = ()


def raise_alerts(look: Look, found: Iterable[Found], data_at: str | None) -> Raised:
    """Open an alert for each finding that none of its month holds; link one that is wider.

    A finding within the branch of an alert of the same kind, month and direction is that alert,
    closed or not: nothing fires twice. One that holds the branch of such an alert which is not
    closed widens it.
    """
    opened: list[int] = []
    holds: list[int] = []
    alerts = _fold(look)
    for each in sorted(found, key=lambda one: len(look.members(one.unique_id))):
        number, is_new = _place(look, _same(alerts, each), each, data_at)
        holds += number
        if is_new:
            opened += number
            alerts = _fold(look)
    return Raised(tuple(opened), tuple(dict.fromkeys(holds)))


def note_run(look: Look, looked: Sequence[str], raised: Raised) -> bool:
    """Whether a `watch.run` was recorded: only where what holds, or is looked at, changed.

    looked: 'kind month' of all that was looked at.
    """
    run, before = look.run, read_events(look.run, "watch.run")
    new = {"looked": sorted(looked), "holds": sorted(raised.holds)}
    if len(before) and before["new"].iloc[-1] == new:
        return False
    record = Record(
        what="watch.run",
        who=PROGRAM,
        unit=run.unit,
        month=run.month,
        reason=f"{len(raised.holds)} alerts hold",
        new=new,
    )
    append_record(run.project, record, address_env=run.parameters.archive.records_env)
    return True


def _place(
    look: Look, alerts: pd.DataFrame, found: Found, data_at: str | None
) -> tuple[list[int], bool]:
    """Numbers of the alerts that a finding is, and whether it was opened now."""
    inside = alerts[_is(alerts, lambda wide: look.holds(wide, found.unique_id))]
    if len(inside):
        return [int(inside["number"].iloc[0])], False
    alerts = alerts[alerts["state"].ne("closed")]
    within = alerts[_is(alerts, lambda other: look.holds(found.unique_id, other))]
    widens = [int(number) for number in within["number"]]
    number = _open(look, found, data_at, widens)
    return (widens, False) if widens else ([number], True)


def _open(look: Look, found: Found, data_at: str | None, widens: Sequence[int]) -> int:
    """Number of the record of a finding; of the one that another watch wrote just now, else."""
    run, known = look.run, people.read_people(look.run.project)
    owner, note = find_owner(found.kind, look.members(found.unique_id), run.parameters, known)
    new = {name: value for name, value in vars(found).items() if name != "month"}
    new |= {"owner": owner, "note": note, "data_at": data_at}
    if widens:
        new["widens"] = widens[0]
    record = Record(
        what="alert.open",
        who=PROGRAM,
        unit=run.unit,
        month=found.month,
        reason=found.says,
        series=found.unique_id,
        subject=found.unique_id,
        new=new,
        once=found.once(run.unit),
    )
    try:
        return append_record(run.project, record, address_env=run.parameters.archive.records_env)
    except RequestError:
        same = _same(_fold(look), found)
        there = same.loc[same["unique_id"].eq(found.unique_id), "number"]
        if there.empty:
            raise
        return int(there.iloc[0])


def _fold(look: Look) -> pd.DataFrame:
    return fold_alerts(read_events(look.run, "alert"), look.run.parameters, look.at)


def _same(alerts: pd.DataFrame, found: Found) -> pd.DataFrame:
    """Alerts of the finding's kind, month and direction."""
    same = alerts["kind"].eq(found.kind) & alerts["month"].eq(found.month)
    return alerts[same & alerts["direction"].eq(found.direction)]


def _is(alerts: pd.DataFrame, test: Callable[[str], bool]) -> pd.Series:
    """Which alerts' branches a test is true of."""
    return alerts["unique_id"].map(test).astype(bool)
