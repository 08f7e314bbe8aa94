"""Overrides, effects and events entered for people: a line of a hand-written file and its record.

Neither stands alone: the file is put back where the record is refused. Whoever types into the file
by hand goes on doing so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.archive import Record, UnitMonth, append_record, manifest
from salesfc_lib.coordination.opening import day_of
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import Source, check_month, clock
from salesfc_lib.reconciliation import (
    add_effects,
    add_overrides,
    hand_written,
    list_heads,
    read_effects,
    read_overrides,
)
from salesfc_lib.retrospective.loop import read_published

# columns of a hand-written file of events, beside dimensions
EVENT = ("name", "start", "end", "kind", "comment", "announced")
WAIT = 30.0  # seconds for another line into the same file


@dataclass(frozen=True, kw_only=True)
class OverrideLine:
    """What a series is to have in a month: `new` in the unit's measure, or a change in percent."""

    unique_id: str
    ds: str  # YYYY-MM
    new: float | None = None
    percent: float | None = None


@dataclass(frozen=True, kw_only=True)
class EffectLine:
    """What changes for the members of `scope` ({}: all) from a month on; until '': for ever.

    change: in percent, or in the measure a month (amount).
    """

    scope: Mapping[str, str]
    kind: str
    change: float
    start: str
    until: str = ""


@dataclass(frozen=True, kw_only=True)
class EventLine:
    """Something in the market or at a competitor, from a day to a day (YYYY-MM-DD), that concerns
    the members of `scope` ({}: all).
    """

    name: str
    start: str
    end: str
    kind: str = ""
    scope: Mapping[str, str] = field(default_factory=dict)


def enter_overrides(
    run: UnitMonth,
    lines: Sequence[OverrideLine],
    *,
    who: str,
    reason: str,
    first: Record | None = None,
) -> int:
    """Number of the first record of overrides that are in `overrides/<unit>.csv` by now.

    They follow those that are there already. `first` is recorded before them, and names them.

    Raises `RequestError` for a series, a month or a number that cannot be, and without a reason;
    `SalesForecastError` where the file as it is cannot be read. Nothing is written then.
    """
    records = [
        Record(
            what="override.enter",
            who=who,
            unit=run.unit,
            month=run.month,
            reason=reason,
            subject=line.unique_id,
            series=line.unique_id,
            new=vars(line),
        )
        for line in lines
    ]
    records = [*([first] if first else []), *records]
    return put_overrides(run, lines, who=who, reason=reason, records=records)


def put_overrides(
    run: UnitMonth,
    lines: Sequence[OverrideLine],
    *,
    who: str,
    reason: str,
    records: Sequence[Record],
) -> int:
    """As `enter_overrides`, under records of the caller's own."""
    for line in lines:
        _check_override(run, line)
    made = read_overrides(run.project, run.unit)
    mine = made.loc[made["made_in"].eq(run.cutoff), "sequence"]
    sequence = int(mine.max()) + 1 if len(mine) else 1
    about = _describe(run, who, reason, "created_at")
    place = {"unit": run.unit, "made_in": run.month, "sequence": f"{sequence}"}
    rows = [place | _write(vars(line)) | about for line in lines]
    name = f"overrides/{run.unit}.csv"
    return _put(run, name, lambda: add_overrides(run.project, run.unit, rows), records)


def declare_effect(
    run: UnitMonth,
    line: EffectLine,
    *,
    name: str,
    who: str,
    reason: str,
    first: Record | None = None,
) -> int:
    """Number of the first record of the effect `name` that is in `effects/<unit>.csv` by now.

    Raises as `enter_overrides` does, and for a name that another effect has.
    """
    series = read_published(run, "series")
    _check_scope(series, line.scope)
    heads = list_heads(series, run.parameters)
    taken = read_effects(run.project, run.unit, heads)["id"].str.casefold()
    if name.casefold() in set(taken):
        raise RequestError.of(
            f"effects/{run.unit}.csv has an effect '{name}' already", "A new name", "Choose another"
        )
    about = _describe(run, who, reason, "declared_at")
    values = {"from": check_month(line.start), "until": line.until and check_month(line.until)}
    values |= {"kind": line.kind, "change": f"{line.change:.12g}"}
    row = {"id": name, **line.scope, **values, **about}
    new = vars(line) | {"scope": dict(line.scope)}
    record = Record(
        what="effect.declare",
        who=who,
        unit=run.unit,
        month=run.month,
        reason=reason,
        subject=name,
        new=new,
    )
    return _put(
        run,
        f"effects/{run.unit}.csv",
        lambda: add_effects(run.project, run.unit, heads, [row]),
        [*([first] if first else []), record],
    )


def enter_event(run: UnitMonth, line: EventLine, *, reason: str, record: Record) -> int:
    """Number of `record`, of an event that is in `events/<unit>.csv` by now: one of the unit's own
    from its next run on, announced today. The record holds it as `new["event"]`.

    Raises `RequestError` where the unit has no such source, for a day that is none, an end before
    its start, a member that is none, and an event that is there already. Nothing is written then.
    """
    name, needed = f"events/{run.unit}.csv", [*EVENT, *line.scope]
    source = next(filter(partial(_is_by_hand, name), run.parameters.sources.values()), None)
    if source is None or not {*needed} <= {*source.columns}:
        raise RequestError.of(
            f"'{run.unit}' has no source of events that are written by hand, '{name}'",
            f"A source with the role events and the columns {', '.join(needed)}",
            f"Write a file {name} whose first line is `{','.join(needed)}`, and declare it under "
            "the unit's `sources`, with `role: events`, `kind: csv`, its path and its `columns`",
        )
    _check_scope(read_published(run, "series"), line.scope)
    days = [_read_day(each) for each in (line.start, line.end)]
    if not line.name.strip() or days[1] < days[0]:
        raise RequestError.of(
            f"The event '{line.name}' goes from {line.start} to {line.end}",
            "A name, and an end that is not before the start",
            "Correct it",
        )
    cells = {"name": line.name.strip(), "kind": line.kind.strip(), "comment": reason.strip()}
    cells |= {"start": days[0].isoformat(), "end": days[1].isoformat(), **line.scope}
    cells["announced"] = day_of(clock.now(), run.parameters.calendar).isoformat()
    row = {source.columns[each]: cells[each] for each in needed}
    key = {source.columns[each]: cells[each] for each in ("name", "start", *line.scope)}

    def build() -> bytes:
        for other in hand_written.read_lines(run.project, name, _as_it_is):
            if key.items() <= other.cells.items():
                raise RequestError.of(
                    f"{other.where} is the event '{line.name}' from {line.start} on already",
                    "An event that is not there yet",
                    "Change that line itself, or answer without --event",
                )
        return hand_written.add_lines(run.project, name, [row], _as_it_is)

    event = vars(line) | {"scope": dict(line.scope)}
    return _put(run, name, build, [replace(record, new={**record.new, "event": event})])


def _is_by_hand(name: str, source: Source) -> bool:
    """Whether a source holds events that are written by hand into file `name` of the project."""
    is_file = source.role == "events" and source.kind == "csv" and not source.root
    return is_file and Path(source.path) == Path(name)


def _as_it_is(heads: list[str]) -> list[str]:
    return heads


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RequestError.of(
            f"'{text}' is no day", "A day as YYYY-MM-DD", "Correct --from or --to"
        ) from None


def _put(run: UnitMonth, name: str, build: Callable[[], bytes], records: Sequence[Record]) -> int:
    """Number of the first record; the file is written before and put back where that is refused."""
    from filelock import FileLock

    locks, path = run.reports / ".locks", run.project / name
    for folder in (locks, path.parent):
        folder.mkdir(parents=True, exist_ok=True)
    address = run.parameters.archive.records_env
    with FileLock(locks / f"{run.unit}.hand_written.lock", timeout=WAIT):
        before = path.read_bytes() if path.is_file() else None
        after = build()
        if (path.read_bytes() if path.is_file() else None) != before:
            raise SalesForecastError.of(
                f"'{name}' was saved by somebody else meanwhile", "The file as it was", "Try again"
            )
        manifest.write_whole(path, after)
        try:
            number = append_record(run.project, records[0], address_env=address)
        except BaseException:
            if before is None:
                path.unlink()
            else:
                manifest.write_whole(path, before)
            raise
        for record in records[1:]:
            append_record(run.project, record, address_env=address)
    return number


def _check_override(run: UnitMonth, line: OverrideLine) -> None:
    series, months = read_published(run, "series"), list_months(run)
    if line.unique_id not in set(series["unique_id"]):
        raise RequestError.unknown_key(line.unique_id, series["unique_id"], "the unit's series")
    if line.ds not in months:
        raise RequestError.of(
            f"'{line.ds}' is no month that {run.month} forecasts",
            f"A month from {months[0]} to {months[-1]} as YYYY-MM",
            "Correct the month",
        )
    given = [each for each in (line.new, line.percent) if each is not None]
    least = 0.0 if line.new is not None else -100.0
    if len(given) != 1 or not least <= given[0] < float("inf"):
        raise RequestError.of(
            f"The override of '{line.unique_id}' in {line.ds} is {line.new} and {line.percent} %",
            "A new forecast from 0 on, or a change in percent from -100 on, and not both",
            "Correct it",
        )


def list_months(run: UnitMonth) -> list[str]:
    """Months of the published forecast, as YYYY-MM."""
    return sorted(f"{month:%Y-%m}" for month in read_published(run, "forecast")["ds"].unique())


def _check_scope(series: pd.DataFrame, scope: Mapping[str, str]) -> None:
    dimensions = [name for name in series if name not in ("unique_id", "level", "label")]
    for name, member in scope.items():
        if name not in dimensions:
            raise RequestError.unknown_key(name, dimensions, "the unit's dimensions")
        if member not in (known := set(series[name].dropna().astype(str))):
            raise RequestError.unknown_key(member, known, f"the members of `{name}`")


def _describe(run: UnitMonth, who: str, reason: str, dated: str) -> dict[str, str]:
    if not reason.strip():
        raise RequestError.of("`reason` is empty", "Why it is so, in words", "Give --reason")
    day = day_of(clock.now(), run.parameters.calendar)
    return {"author": who.strip(), "reason": reason.strip(), dated: day.isoformat()}


def _write(values: Mapping[str, Any]) -> dict[str, str]:
    """Cells of an override: numbers without separators, nothing where there is none."""
    texts = {name: value if isinstance(value, str) else "" for name, value in values.items()}
    numbers = {
        name: f"{value:.12g}" for name, value in values.items() if isinstance(value, int | float)
    }
    return texts | numbers
