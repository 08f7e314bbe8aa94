"""The state read from the log, parameters and published tables, unit by unit.

What cannot be read of one unit is said on its page, and the others are shown all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from salesfc_lib import archive
from salesfc_lib.archive import HANDED_OVER, UnitMonth
from salesfc_lib.coordination import (
    consultation,
    cycle,
    day_of,
    fold_alerts,
    list_waiting,
    now_folder,
    open_cycle,
    views,
)
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import STAGES, Parameters, clock, parameters, people, tables, wording
from salesfc_lib.reporting.facts.now.state import State, UnitNow
from salesfc_lib.retrospective import loop

NEWEST = 20  # records of the log that a unit's page shows
PATH = "month_path"  # table of the month in progress, which the watch writes


def read_state(project: Path, at: datetime | None = None) -> State:
    """The state at a moment of all units whose people work together here (`takes_part`)."""
    root, at = project.resolve(), at or clock.now()
    known, error = _read_people(root)
    found = [_read_unit(root, unit, at, known) for unit in parameters.list_units(root)]
    units = tuple(unit for unit in found if unit is not None)
    zone = next((unit.zone for unit in units if unit.zone), None)
    local = at.astimezone(ZoneInfo(zone) if zone else None)
    return State(local, units, known, error)


def takes_part(found: Parameters, known: Mapping[str, people.Person]) -> bool:
    """Whether a unit has live pages: its cycle is enabled, or the project names its people."""
    return found.cycle.enabled or bool(known)


def read_live_unit(project: Path, found: Parameters) -> bool:
    """Whether a unit of the project has a live page; people who cannot be read are some."""
    known, error = _read_people(project)
    return bool(error) or takes_part(found, known)


def _read_people(project: Path) -> tuple[Mapping[str, people.Person], str]:
    try:
        return people.read_people(project), ""
    except SalesForecastError as error:
        return {}, str(error)


def _read_unit(
    project: Path, unit: str, at: datetime, known: Mapping[str, people.Person]
) -> UnitNow | None:
    """A unit's state; None where it has none, its names alone where it cannot be read."""
    run: UnitMonth | None = None
    try:
        run = open_cycle(project, unit, at=at)
        if not takes_part(run.parameters, known):
            return None
        return _describe(run, _read_frames(run, at))
    except SalesForecastError as error:
        why = str(error).splitlines()[0]
        if run is None:
            return UnitNow(unit, unit, f"{at:%Y-%m}", error=why) if known else None
        return _describe(run, {}, error=why)


def _describe(run: UnitMonth, frames: Mapping[str, pd.DataFrame], error: str = "") -> UnitNow:
    unit, own = run.parameters.unit, run.parameters.cycle
    in_money = run.parameters.measure.value == "amount"
    return UnitNow(
        run.unit,
        run.title,
        wording.add_months(run.month, 1),
        closed=run.month,
        owner=unit.owner,
        currency=unit.currency if in_money else "",
        quantity_unit="" if in_money else unit.quantity_unit,
        zone=run.parameters.calendar.zone or "",
        languages=run.parameters.report.spoken,
        has_cycle=own.enabled,
        departments={name: tuple(each.people) for name, each in own.departments.items()},
        levels={name: tuple(each.levels) for name, each in own.departments.items()},
        frames=frames,
        error=error,
    )


def _read_frames(run: UnitMonth, at: datetime) -> dict[str, pd.DataFrame]:
    """Frames by name, those of which something is known."""
    address = run.parameters.archive.records_env
    records = archive.read_records(run.project, unit=run.unit, address_env=address)
    handed = records[records["what"].eq(HANDED_OVER) & records["month"].eq(run.month)]
    alerts = records[records["what"].str.startswith("alert.")]
    actions = loop.fold_actions(records[records["what"].str.startswith("action.")])
    frames = {
        "events": records.tail(NEWEST),
        "alert_events": alerts,
        "handed": handed.drop_duplicates("subject", keep="last").assign(name=handed["subject"]),
        "actions": loop.judge_states(actions, day_of(at, run.parameters.calendar)),
        "waiting": list_waiting(run, at),
    }
    if run.parameters.cycle.enabled:
        frames["cycle"] = cycle.show_cycle(run, at)
    if run.parameters.cycle.departments:
        frames["questions"] = consultation.list_questions(run)
        frames |= _read_views(run, records)
    if len(records[records["what"].isin(["watch.run", "alert.open"])]):
        frames["alerts"] = fold_alerts(records, run.parameters, at)
    live = now_folder(run.reports, run.unit)
    if (live / f"{PATH}.parquet").is_file():
        frames["path"] = tables.read(live, PATH)
    return frames | _read_published(run)


def _read_views(run: UnitMonth, records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Forecasts of departments: versions, differences, decisions; none before it is published."""
    if not archive.is_published(run.reports, run.month, run.unit):
        return {}
    decided = records[records["what"].eq("view.decide") & records["month"].eq(run.month)]
    compared = views.compare_views(run)
    entered = compared[~compared["department"].isin(views.BUILT_IN)]
    return {
        "views": views.list_views(run),
        "compared": compared,
        "disagreements": views.find_disagreements(entered, run.read("series")),
        "decisions": decided.assign(takes=[new["takes"] for new in decided["new"]]),
        "scores": views.score_views(run),
    }


def _read_published(run: UnitMonth) -> dict[str, pd.DataFrame]:
    """Series of the last month that is published, and its forecast, where departments see it."""
    months = [each for each in archive.list_months(run.reports, run.unit) if each <= run.month]
    if not months:
        return {}
    folder = archive.unit_folder(run.reports, months[-1], run.unit) / "tables"
    found = {"series": tables.read(folder, "series")}
    if not run.parameters.cycle.departments:
        return found
    forecast = tables.read(folder, "forecast", [("cutoff", "==", pd.Timestamp(f"{months[-1]}-01"))])
    last = max(forecast["stage"].unique(), key=STAGES.index, default="")
    sales = tables.read(folder, "panel")[["unique_id", "ds", "y_raw"]]
    found["forecast"] = forecast[forecast["stage"].eq(last)]
    return found | {"sales": sales.rename(columns={"y_raw": "y"})}
