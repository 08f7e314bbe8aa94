"""Title, opening sentences and key facts of a unit's live page, and of the page of all units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from salesfc_lib.coordination import measure_response
from salesfc_lib.foundation import tables, wording
from salesfc_lib.reporting.blocks import Cell, Fact, Table
from salesfc_lib.reporting.facts.now.state import State, UnitNow, count_waiting, is_missing
from salesfc_lib.reporting.narrative.now.cycle import late_steps, say_cycle
from salesfc_lib.reporting.narrative.now.parts import WRITER, number, writer_of_unit
from salesfc_lib.reporting.narrative.now.path import describe_path, say_change

NAMED = 3  # units named in a title before they are counted


def unit_title(unit: UnitNow) -> str:
    """The finding: alerts open and overdue, steps that are late."""
    if unit.error:
        return WRITER.text("now.title.unreadable", title=unit.title)
    parts = [_say_alerts(unit), *(_say_late(row) for row in late_steps(unit))]
    return WRITER.text("now.title", title=unit.title, what=wording.semicolons(parts))


def unit_opening(state: State, unit: UnitNow) -> list[str]:
    """Sales so far, the most urgent alert, the cycle."""
    if unit.error:
        return [WRITER.text("now.opening.unreadable"), wording.first_upper(unit.error)]
    return [_say_sales(unit), _say_urgent(state, unit), say_cycle(state, unit)]


def unit_facts(unit: UnitNow) -> list[Fact]:
    """Sales so far, open alerts, steps done, open actions."""
    facts, writer, found = [], writer_of_unit(unit), describe_path(unit, unit.top)
    if found is not None:
        change = say_change(unit, found, "path")
        facts.append(writer.fact("now.fact.sales", **found | {"change": change}))
    alerts, actions, cycle = unit.open_alerts, unit.open_actions, unit["cycle"]
    overdue = int(alerts["overdue_days"].gt(0).sum())
    facts.append(writer.fact("now.fact.alerts", n=len(alerts), overdue=overdue, alarm=overdue > 0))
    if len(cycle):
        late, done = len(late_steps(unit)), len(cycle) - len(unit.steps_ahead)
        counts = {"done": done, "n": len(cycle), "late": late, "month": unit.closed}
        facts.append(writer.fact("now.fact.cycle", alarm=late > 0, **counts))
    overdue = int(actions["overdue_days"].gt(0).sum())
    facts.append(
        writer.fact("now.fact.actions", n=len(actions), overdue=overdue, alarm=overdue > 0)
    )
    return facts


def all_title(state: State) -> str:
    """The finding over all units."""
    alerts, overdue, late = _sum_counts(state)
    facts = {"alerts": alerts, "overdue": overdue, "late": late, "units": len(state.units)}
    key = "none" if not alerts else "one" if alerts == 1 else "open"
    if overdue:
        key = "one.overdue" if alerts == 1 else "open.overdue"
    parts = [WRITER.text(f"now.all.title.{key}", **facts)]
    if late:
        parts.append(WRITER.text(f"now.all.title.late{'.one' if late == 1 else ''}", **facts))
    return wording.first_upper(wording.semicolons(parts))


def all_opening(state: State) -> list[str]:
    """Which units have something overdue, whose cycles are late, how quick people are."""
    overdue = [unit.title for unit in state.units if _counts(unit)[1]]
    late = [unit for unit in state.units if late_steps(unit)]
    times = _measure(state).set_index("step")["hours"]
    sentences = [WRITER.text(f"now.all.overdue{'' if overdue else '.none'}", units=_name(overdue))]
    steps = [
        WRITER.text(
            "now.all.late.step", title=unit.title, owner=state.name(row["owner"]), **_late(row)
        )
        for unit in late
        for row in late_steps(unit)[:1]
    ]
    sentences.append(WRITER.text(f"now.all.late{'' if steps else '.none'}", steps=_name(steps)))
    known = not is_missing(times["to_acknowledge"])
    hours = say_hours(times["to_acknowledge"]) if known else ""
    sentences.append(WRITER.text(f"now.all.times{'' if known else '.none'}", hours=hours))
    return [
        *sentences,
        *([WRITER.text("now.all.people", error=state.error)] if state.error else []),
    ]


def all_facts(state: State) -> list[Fact]:
    """Alerts, steps, actions and what waits in all."""
    alerts, overdue, late = _sum_counts(state)
    actions = pd.concat([unit.open_actions for unit in state.units], ignore_index=True)
    slow, times = int(actions["overdue_days"].gt(0).sum()), _measure(state)
    quick = times.set_index("step")["hours"]["to_acknowledge"]
    hours = WRITER.text("now.unknown") if is_missing(quick) else say_hours(quick)
    return [
        WRITER.fact("now.fact.alerts", n=alerts, overdue=overdue, alarm=overdue > 0),
        WRITER.fact("now.fact.late", n=late, alarm=late > 0),
        WRITER.fact("now.fact.actions", n=len(actions), overdue=slow, alarm=slow > 0),
        WRITER.fact("now.fact.quick", hours=hours),
    ]


def unit_table(state: State, href: Callable[[UnitNow], str], *, dated: bool = False) -> Table:
    """A row a unit: alerts, cycle, actions; `href(unit)` leads to its page.

    `dated`: the title is the finding at that moment, for pages that are of another one.
    """
    rows = [_describe_unit(state, unit, href(unit)) for unit in state.units]
    facts: dict[str, Any] = {
        "at": wording.minute(state.at),
        "what": wording.first_lower(all_title(state)),
    }
    return WRITER.table(
        "now.units", rows, title_key="now.units.title.dated" if dated else "", **facts
    )


def kind_table(state: State) -> Table | None:
    """A row a kind of alert: open, overdue, by how many days, closed; None without any."""
    every = [unit["alerts"] for unit in state.units if len(unit["alerts"])]
    if not every:
        return None
    alerts = pd.concat(every, ignore_index=True)
    rows = []
    for kind, own in alerts.groupby("kind", sort=True):
        ahead = own[own["state"].ne("closed")]
        late = ahead.loc[ahead["overdue_days"].gt(0), "overdue_days"]
        counts = {"open": len(ahead), "overdue": len(late), "closed": len(own) - len(ahead)}
        days = WRITER.text("now.days", n=number(late.max())) if len(late) else ""
        rows.append({"kind": WRITER.name("alert.kind", str(kind)), "days": days, **counts})
    return WRITER.table("now.kinds", rows)


def times_table(state: State) -> Table:
    """Median times from data to alert, and from alert to acknowledged and closed."""
    rows = [
        {
            "span": WRITER.name("now.span", row["step"]),
            "hours": WRITER.text("now.unknown")
            if is_missing(row["hours"])
            else say_hours(row["hours"]),
            "n": row["n"],
        }
        for row in _measure(state).to_dict("records")
    ]
    return WRITER.table("now.times", rows)


def people_table(state: State, href: Callable[[str], str]) -> Table | None:
    """A row a person in the order of the file, never by number; `href(id)` leads to their page."""
    if not state.people:
        return None
    waiting, rows = state.waiting, []
    for key, person in state.people.items():
        counts = count_waiting(waiting[waiting["who"].eq(key)])
        department = WRITER.name("department", person.department) if person.department else ""
        overdue = Cell(str(counts["overdue"]), tone="alarm" if counts["overdue"] else "muted")
        who = Cell(person.name, department, bold=True, href=href(key))
        rows.append({**counts, "who": who, "overdue": overdue})
    return WRITER.table("now.people", rows)


def say_hours(hours: float) -> str:
    """A time: minutes below two hours, days from two days on."""
    for key, size, least in (("days", 24, 48), ("hours", 1, 2)):
        if hours >= least:
            return WRITER.text(f"now.time.{key}", n=wording.number(hours / size, 1))
    return WRITER.text("now.time.minutes", n=wording.number(hours * 60))


def _describe_unit(state: State, unit: UnitNow, href: str) -> dict[str, Any]:
    alerts, overdue, _ = _counts(unit)
    actions = unit.open_actions
    slow, steps = int(actions["overdue_days"].gt(0).sum()), unit.steps_ahead
    row: dict[str, Any] = {"unit": Cell(unit.title, unit.owner, bold=True, href=href)}
    days = number(unit.open_alerts["overdue_days"].max()) if overdue else 0
    row["alerts"] = _count(alerts, overdue)
    row["days"] = WRITER.text("now.days", n=days) if days else ""
    row["actions"] = _count(len(actions), slow)
    if unit.error:
        return row | {"step": Cell(WRITER.text("now.unreadable"), tag="bad"), "who": ""}
    if not len(unit["cycle"]):
        return row | {
            "step": WRITER.text(f"now.cycle.short.{'unknown' if unit.has_cycle else 'off'}"),
            "who": "",
        }
    if steps.empty:
        return row | {"step": WRITER.text("now.cycle.short.over"), "who": ""}
    step = steps.iloc[0]
    late = number(step["late_days"])
    name = WRITER.name("cycle.step", step["step"])
    note = WRITER.text("now.step.late.open", late=late) if late else ""
    who = Cell(state.name(step["owner"]) or unit.owner, note, tone="alarm" if late else "")
    return row | {"step": Cell(name), "who": who}


def _count(n: int, overdue: int) -> Cell:
    text = WRITER.text("now.count.overdue", n=n, overdue=overdue) if overdue else str(n)
    return Cell(text, tone="alarm" if overdue else "" if n else "muted")


def _counts(unit: UnitNow) -> tuple[int, int, int]:
    """Open alerts, overdue ones, late steps."""
    alerts = unit.open_alerts
    return len(alerts), int(alerts["overdue_days"].gt(0).sum()), len(late_steps(unit))


def _measure(state: State) -> pd.DataFrame:
    """Median times over the alerts of all units, as `measure_response` gives them."""
    every = [unit["alerts"] for unit in state.units if len(unit["alerts"])]
    return measure_response(pd.concat(every) if every else tables.empty("alert"))


def _sum_counts(state: State) -> tuple[int, ...]:
    every = [(0, 0, 0), *map(_counts, state.units)]
    return tuple(map(sum, zip(*every, strict=True)))


def _name(names: Sequence[str]) -> str:
    return wording.listing(list(names), NAMED) if names else ""


def _late(row: dict[str, Any]) -> dict[str, Any]:
    return {"step": wording.first_lower(row["name"]), "late": number(row["late_days"])}


def _say_alerts(unit: UnitNow) -> str:
    alerts, overdue, _ = _counts(unit)
    if not alerts:
        return WRITER.text(
            f"now.title.{'none' if unit.knows('alerts') else 'unknown'}", month=unit.month
        )
    facts = {"n": alerts, "overdue": overdue, "month": unit.month}
    facts["late"] = number(unit.open_alerts["overdue_days"].max())
    key = f"now.title.open{'.one' if alerts == 1 else ''}{'.overdue' if overdue else ''}"
    return WRITER.text(key, **facts)


def _say_late(row: dict[str, Any]) -> str:
    return WRITER.text("now.title.late", **_late(row))


def _say_sales(unit: UnitNow) -> str:
    found, writer = describe_path(unit, unit.top), writer_of_unit(unit)
    if found is None:
        return writer.text("now.opening.sales.unknown", month=unit.month)
    key = f"now.opening.sales.{found['side']}"
    return writer.text(key, month=unit.month, **found | {"change": say_change(unit, found, "day")})


def _say_urgent(state: State, unit: UnitNow) -> str:
    alerts = unit.open_alerts
    if alerts.empty:
        return WRITER.text(
            f"now.alerts.{'none' if unit.knows('alerts') else 'unknown'}", unit=unit.unit
        )
    row = alerts.iloc[0]
    said = row["owner"] if is_missing(row["escalated_to"]) else row["escalated_to"]
    facts = {"subject": row["number"], "says": WRITER.said(row["says"])}
    facts |= {"who": state.name(said) or unit.owner, "late": number(row["overdue_days"])}
    return WRITER.text(f"now.opening.urgent{'.late' if facts['late'] else ''}", **facts)
