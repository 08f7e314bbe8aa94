"""The live pages under `reports/now/`: the state at a moment, of all units, each unit, each
department that is consulted, and each person. They are written whole, again and again; published
months never change. Pages show the state and write nothing; commands do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from salesfc_lib.foundation import language, wording
from salesfc_lib.reporting.blocks import Block
from salesfc_lib.reporting.facts.now.reading import read_state
from salesfc_lib.reporting.facts.now.state import LIVE, State, UnitNow
from salesfc_lib.reporting.narrative.now import alerts, consultation, cycle, overview, person, views
from salesfc_lib.reporting.narrative.now.path import path_figures
from salesfc_lib.reporting.pages.index import list_spoken, write_first_index
from salesfc_lib.reporting.pages.page import WRITER, in_language, page, switches, write

MOST = 12  # things that the page of all units lists before the rest is left to their own pages
PLACES = {"alert": "alerts", "step": "cycle", "action": "actions"}  # of a unit's page
Section = tuple[str, Sequence[Block | None]]  # its id and its blocks


def write_now(
    project: Path,
    reports: Path,
    at: datetime | None = None,
    *,
    units: Collection[str] | None = None,
) -> list[Path]:
    """Paths of the live pages at a moment, and of the first index, written anew.

    units: those whose own pages are written, None for all. Nothing is written without units whose
    people work together (`facts.now.reading.takes_part`).
    """
    state = read_state(project, at)
    if not state.units:
        return []
    state = replace(state, home=list_spoken(reports))
    return [*write_live(reports, state, units), *write_first_index(reports, state)]


def write_live(reports: Path, state: State, units: Collection[str] | None = None) -> list[Path]:
    """Paths of the live pages of a state, in each language; units: as in `write_now`."""
    written = _in_each(state.spoken, lambda: [_write_all(reports, state)])
    for unit in state.units:
        if units is None or unit.unit in units:
            written += _in_each(unit.languages, partial(_write_own, reports, state, unit))
    keys = [*state.people]
    people = _in_each(state.spoken, lambda: [_write_person(reports, state, key) for key in keys])
    return written + people


def _in_each(spoken: Iterable[str], write_some: Callable[[], list[Path]]) -> list[Path]:
    written = []
    for each in spoken:
        with language.speaking(each):
            written += write_some()
    return written


def _write_own(reports: Path, state: State, unit: UnitNow) -> list[Path]:
    """A unit's page and those of its departments, which share what is of all of them."""
    shared: list[Section] = []
    if unit.departments:
        shared = [
            ("views", [views.view_figure(unit), views.disagreement_table(unit)]),
            ("versions", [views.version_table(state, unit)]),
            ("scores", [views.score_table(unit)]),
        ]
    pages = [_write_department(reports, state, unit, name, shared) for name in unit.departments]
    return [_write_unit(reports, state, unit), *pages]


def _write_all(reports: Path, state: State) -> Path:
    def unit_link(unit: UnitNow) -> str:
        return in_language(f"{unit.unit}/index.html", unit.languages)

    def person_link(key: str) -> str:
        return in_language(f"people/{key}.html", state.spoken)

    sections: list[Section] = [
        ("waiting", [person.all_list(state, _place_of(state, ""), MOST)]),
        ("units", [overview.unit_table(state, unit_link)]),
        ("kinds", [overview.kind_table(state), overview.times_table(state)]),
        ("people", [overview.people_table(state, person_link)]),
    ]
    return _write(
        reports / LIVE,
        "index.html",
        state,
        state.spoken,
        name=WRITER.text("now.name"),
        crumbs=_crumbs(state, 1),
        title=overview.all_title(state),
        sentences=overview.all_opening(state),
        facts=overview.all_facts(state),
        sections=sections,
    )


def _write_unit(reports: Path, state: State, unit: UnitNow) -> Path:
    def link(department: str) -> str:
        return in_language(f"{department}.html", unit.languages)

    sections: list[Section] = [
        ("alerts", [alerts.alert_list(state, unit), *path_figures(unit)]),
        ("history", [alerts.alert_history(state, unit), alerts.closed_alerts(state, unit)]),
        ("cycle", [cycle.cycle_steps(state, unit)]),
        ("departments", [consultation.department_list(unit, link)]),
        ("actions", [cycle.action_table(state, unit)]),
        ("handed", [cycle.handed_table(state, unit)]),
        ("events", [cycle.event_table(state, unit)]),
    ]
    return _write(
        reports / LIVE / unit.unit,
        "index.html",
        state,
        unit.languages,
        name=unit.title,
        crumbs=_crumbs(state, 2),
        month=unit.month,
        title=overview.unit_title(unit),
        sentences=overview.unit_opening(state, unit),
        links=_published(reports, unit),
        facts=[] if unit.error else overview.unit_facts(unit),
        sections=[] if unit.error else sections,
    )


def _write_department(
    reports: Path, state: State, unit: UnitNow, department: str, shared: Sequence[Section]
) -> Path:
    levels = unit.levels.get(department, ())
    sections: list[Section] = [
        ("numbers", [consultation.number_table(unit, levels)]),
        ("questions", [consultation.question_table(state, unit, department)]),
        *shared,
    ]
    crumbs = [*_crumbs(state, 2), (unit.title, in_language("index.html", unit.languages))]
    return _write(
        reports / LIVE / unit.unit,
        f"{department}.html",
        state,
        unit.languages,
        name=consultation.department_name(department),
        crumbs=crumbs,
        overline=[unit.title],
        month=unit.closed,
        title=consultation.department_title(unit, department),
        sentences=consultation.department_opening(state, unit, department),
        facts=consultation.department_facts(unit, department),
        sections=sections,
    )


def _write_person(reports: Path, state: State, key: str) -> Path:
    lists = person.person_lists(state, key, _place_of(state, "../"))
    return _write(
        reports / LIVE / "people",
        f"{key}.html",
        state,
        state.spoken,
        name=state.people[key].name,
        crumbs=_crumbs(state, 2),
        title=person.person_title(state, key),
        sentences=person.person_opening(state, key),
        facts=[],
        sections=[(name, [shown]) for name, shown in lists.items()],
    )


def _write(  # noqa: PLR0913  what a page needs
    folder: Path,
    file: str,
    state: State,
    spoken: Sequence[str],
    *,
    name: str,
    crumbs: list[tuple[str, str]],
    sections: Sequence[Section],
    overline: Sequence[str] = (),
    month: str = "",
    **shown: Any,
) -> Path:
    """A live page; sections without a block are left out."""
    at = WRITER.text("now.at", at=wording.minute(state.at))
    over = [name, *overline, *([wording.month_name(month)] if month else []), at]
    shown["sections"] = [
        {
            "id": key,
            "title": WRITER.text(f"now.section.{key}"),
            "blocks": [block for block in blocks if block is not None],
        }
        for key, blocks in sections
        if any(block is not None for block in blocks)
    ]
    shown.setdefault("links", [])
    frame = page(
        f"{name} · {WRITER.text('now.name')}",
        [*crumbs, (name, "")],
        twins=list(switches(file, spoken)),
        description=shown["title"],
    )
    return write(
        folder / in_language(file, spoken), "now.html.j2", page=frame, overline=over, **shown
    )


def _published(reports: Path, unit: UnitNow) -> list[tuple[str, str]]:
    """The page of the unit's closed month, where it is published."""
    file = in_language("index.html", unit.languages)
    if not (reports / unit.closed / unit.unit / file).is_file():
        return []
    text = WRITER.text("now.published", month=unit.closed)
    return [(text, f"../../{unit.closed}/{unit.unit}/{file}")]


def _crumbs(state: State, depth: int) -> list[tuple[str, str]]:
    """Links from a page that lies `depth` folders below reports/ to the pages above it."""
    up = "../" * depth
    crumbs = [(WRITER.text("brand"), in_language(f"{up}index.html", state.home))]
    if depth > 1:
        live = in_language(f"{'../' * (depth - 1)}index.html", state.spoken)
        crumbs.append((WRITER.text("now.name"), live))
    return crumbs


def _place_of(state: State, prefix: str) -> Callable[[Mapping[str, Any]], str]:
    """What leads to where something that waits stands; `prefix` leads to reports/now/."""
    units = {unit.unit: unit for unit in state.units}

    def place(row: Mapping[str, Any]) -> str:
        spoken, folder = units[row["unit"]].languages, f"{prefix}{row['unit']}"
        if row["kind"] == "question":
            file = in_language(f"{row['about']}.html", spoken)
            return f"{folder}/{file}#questions"
        return f"{folder}/{in_language('index.html', spoken)}#{PLACES[row['kind']]}"

    return place
