"""A sheet that was sent back: checked as a whole, and then done line by line.

A file enters; what came of each of its lines leaves. What cannot be done is found before anything
is. A line that was done already, by this sheet or by anybody in the same words, changes nothing; a
line about something that has changed since the sheet was written is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pandas as pd

from salesfc_lib.archive import Record, UnitMonth, check_record
from salesfc_lib.coordination import cycle
from salesfc_lib.coordination.acting.lines import WORD, read_file, read_word
from salesfc_lib.coordination.acting.verbs import VERBS, Deed, Verb, act, find_verb, list_choices
from salesfc_lib.coordination.opening import name_person, open_cycle, read_events
from salesfc_lib.coordination.waiting import find_events, list_waiting
from salesfc_lib.errors import RequestError, SalesForecastError, shorten
from salesfc_lib.foundation import in_english, parameters
from salesfc_lib.reconciliation.hand_written import Line, raise_all

KEY = re.compile(
    r"(?P<unit>[a-z0-9_-]+)/(?P<month>\d{4}-\d\d)/(?P<kind>alert|step|question|action)/"
    r"(?P<number>.+)/(?P<event>\d{1,12})"
)


@dataclass(frozen=True)
class Acted:
    """What came of a line: `done`, `already` (nothing changed), `refused` (why) or `checked`."""

    where: str
    deed: Deed
    came: str
    why: str = ""


@dataclass(frozen=True)
class _Unit:
    """A unit's events, and what waits there."""

    run: UnitMonth
    events: pd.DataFrame
    waiting: pd.DataFrame


def read_sheet(
    project: Path, path: Path, at: datetime, *, by: str = "", check: bool = False
) -> list[Acted]:
    """What came of each line that says what to do, in their order.

    by: who acts, as `name_person` reads it; whoever else a line names as its author stands in the
    reason. check: nothing is done.

    Raises `SalesForecastError` with every line that cannot be done; nothing is done then. A line
    that somebody was faster with meanwhile is `refused`, and the others go on.
    """
    root = project.resolve()
    lines = [line for line in read_file(path) if _is_filled(line)]
    units: dict[str, _Unit] = {}
    deeds: list[tuple[Line, Deed, bool]] = []
    for line in lines:
        try:
            deeds.append((line, *_check(root, line, units, at, by)))
        except RequestError as error:
            line.errors.append(SalesForecastError(f"{line.where}: {error}"))
    _refuse_repeated(deeds)
    raise_all([error for line in lines for error in line.errors], path.name, "lines")
    return [_do(root, *each, check=check) for each in deeds]


def _is_filled(line: Line) -> bool:
    return any(line.cells.get(name) for name in ("do", "text", "became"))


def _check(
    project: Path, line: Line, units: dict[str, _Unit], at: datetime, by: str
) -> tuple[Deed, bool]:
    """What a line wants done, and whether it is done already. Raises where it cannot be done."""
    deed, event = _read_line(project, line)
    if deed.unit not in units:
        run = open_cycle(project, deed.unit, at=at)
        units[deed.unit] = _Unit(run, read_events(run), list_waiting(run, at))
    unit = units[deed.unit]
    who, author = name_person(unit.run, by), line.cells.get("author", "")
    if author and author != who:
        deed = replace(deed, text=f"{deed.text} ({author})".strip())
    deed = replace(deed, by=who)
    verb = find_verb(deed)
    check_record(project, _as_record(deed, verb))
    events = find_events(unit.events, deed.kind, deed.number, deed.month)
    later = events[events["number"] > event]
    if _find_done(later, deed, verb):
        return deed, True
    _check_open(unit, deed, later, at)
    return deed, False


def _read_line(project: Path, line: Line) -> tuple[Deed, int]:
    """The deed of a line, and the number of the last event when it was written."""
    match = KEY.fullmatch(line.cells.get("key", ""))
    if match is None or match["unit"] not in parameters.list_units(project):
        raise RequestError.of(
            f"`key` is '{line.cells.get('key', '')}'",
            "The key of that line as `salesfc act write` wrote it, of a unit of this project",
            "Copy it from the sheet that was written, or write a new one",
        )
    verb = read_word(line.cells.get("do", ""), WORD, list(VERBS[match["kind"]]))
    told = {name: line.cells.get(name, "") for name in ("text", "became")}
    about = {name: match[name] for name in ("unit", "month", "kind", "number")}
    return Deed(verb=verb, **about, **told), int(match["event"])


def _as_record(deed: Deed, verb: Verb) -> Record:
    """What would be recorded, as far as roles are concerned."""
    return Record(
        what=verb.event,
        who=deed.by,
        unit=deed.unit,
        month=deed.month,
        reason=deed.text or deed.verb,
    )


def _find_done(later: pd.DataFrame, deed: Deed, verb: Verb) -> bool:
    """Whether one of the events is what the line wants."""
    for record in later[later["what"].eq(verb.event)].to_dict("records"):
        new = record["new"]
        same = record["reason"] == deed.text.strip() or not deed.text.strip()
        same = same and (deed.kind != "step" or record["subject"] == deed.number)
        if same and all(
            new.get(name, "") == wanted
            for name, wanted in (("outcome", verb.outcome), ("became", deed.became.strip()))
            if wanted
        ):
            return True
    return False


def _check_open(unit: _Unit, deed: Deed, later: pd.DataFrame, at: datetime) -> None:
    """Raise `RequestError` where it is over, has changed since, or is not ready."""
    rows = unit.waiting
    mine = rows["kind"].eq(deed.kind) & rows["number"].eq(deed.number)
    row = next(iter(rows[mine & rows["month"].eq(deed.month)].to_dict("records")), None)
    if row is None or not later.empty:
        wrong = f"{deed.number} of '{deed.unit}' does not wait as it did when this was written"
        if not later.empty:
            last = later.iloc[-1]
            wrong = f"{wrong}: {last['what']} by {last['who']} on {last['at'][:16]}"
        raise RequestError.of(wrong, "Something that has not changed", "Write a new sheet")
    if deed.verb not in list_choices(row):
        raise RequestError.of(
            f"{deed.number} of '{deed.unit}' is {row['state']}; '{deed.verb}' comes before",
            f"One of {shorten(list_choices(row), 8)}",
            "Correct `do`",
        )
    if deed.kind == "step" and deed.verb == "done":
        steps = cycle.show_cycle(unit.run, at).set_index("step")
        if missing := steps.at[deed.number, "missing"]:
            raise RequestError.of(
                f"Step '{deed.number}' is not ready: {' '.join(map(in_english, missing))}",
                "Everything that the step needs",
                "Do so, or write `skip` with a reason",
            )


def _refuse_repeated(deeds: list[tuple[Line, Deed, bool]]) -> None:
    """Add an error to a second line about one thing."""
    first: dict[tuple[str, ...], Line] = {}
    for line, deed, _ in deeds:
        about = (deed.unit, deed.month, deed.kind, deed.number)
        if about in first:
            line.refuse("key", f"One line for each; {first[about].where} has it", "Remove one")
        first.setdefault(about, line)


def _do(project: Path, line: Line, deed: Deed, is_done: bool, *, check: bool) -> Acted:
    if is_done or check:
        return Acted(line.where, deed, "already" if is_done else "checked")
    try:
        act(project, deed)
    except RequestError as error:
        return Acted(line.where, deed, "refused", str(error))
    return Acted(line.where, deed, "done")
