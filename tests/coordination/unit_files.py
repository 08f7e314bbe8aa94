"""A project with one published month, people and a cycle of two steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from salesfc_lib.archive import UnitMonth
from salesfc_lib.coordination import open_cycle
from salesfc_lib.foundation import tables
from tests.retrospective.published import publish
from tests.running.test_loop_verbs import UNIT

STEPS = {
    "collection": {"owner": "hanlei", "workday": 3, "needs": ["quarantine", "published"]},
    "consultation": None,
    "tracking": None,
    "decision": {"owner": "nobody", "workday": 9, "needs": ["overrides", "decision"]},
}
PEOPLE = "hanlei: {name: 韩磊, next: liuhui}\nliuhui: {name: 刘慧}\n"
QUARANTINE = [
    {"source": "orders", "row": 7, "rule": "unreadable", "reason": "no number", "content": "{7}"},
    {"source": "orders", "row": 9, "rule": "unreadable", "reason": "no number", "content": "{9}"},
]


def write_project(project: Path, **cycle: Any) -> UnitMonth:
    """The unit `north` with its month 2026-06 published."""
    unit = {**UNIT, "unit": {"owner": "刘慧"}, "calendar": {"zone": "Asia/Shanghai"}}
    unit["cycle"] = {"enabled": True, "steps": STEPS} | cycle
    file = project / "parameters" / "units" / "north.yml"
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump(unit, sort_keys=False, allow_unicode=True), encoding="utf-8")
    (project / "parameters" / "people.yml").write_text(PEOPLE, encoding="utf-8")
    published = publish(project)
    put_quarantine(published, QUARANTINE)
    return open_cycle(project, "north", "2026-06")


def put_quarantine(run: UnitMonth, rows: list[dict[str, Any]]) -> None:
    folder = run.reports / run.month / run.unit / "tables"
    tables.write(tables.build(rows, "quarantine"), folder, "quarantine")
