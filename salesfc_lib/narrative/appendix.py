"""The appendix of the cleaning notebook: what this cleaning is known to find, measured on defects planted in clean books.

The recorded scores enter; a table leaves. Nothing is measured here: a test holds the record to what the code does.
"""

from __future__ import annotations

import json

from salesfc_lib import wording
from salesfc_lib.components import Cell, Prose, Table
from salesfc_lib.markup import TEMPLATES
from salesfc_lib.narrative.section import Section, columns, voice_of
from salesfc_lib.unit_month import UnitMonth


def defects(run: UnitMonth) -> Section:
    """Recall and false repairs of each kind of defect, at the recorded seed."""
    record = json.loads((TEMPLATES / "defects.json").read_text(encoding="utf-8"))
    scores = [row for row in record["rows"] if row["planted"]]
    rows = [
        [
            Cell(str(row["defect"])),
            Cell(row["name"], bold=row["recall"] < 1 or row["false_repairs"] > 0),
            row["family"],
            wording.number(row["planted"]),
            wording.number(row["found"]),
            wording.percent(row["recall"]),
            wording.number(row["false_repairs"]),
        ]
        for row in scores
    ]
    kinds = [row for row in scores if row["family"] not in ("clean", "together")]
    weak = [row["name"] for row in scores if row["recall"] < 1]
    voice = voice_of(run)
    table = Table(
        "What this cleaning finds",
        f"Defects planted at random (seed {record['seed']}) in clean books of a made-up company, and how many were treated as they should be",
        columns("No.", "Defect", "Family", ">Planted", ">Treated", ">Recall", ">False repairs"),
        rows,
        source="Source: recorded by benchmarks/defects.py, which runs for any seed.",
        min_width="min46",
    )
    key = "cleaning.defects.weak" if weak else "cleaning.defects.all"
    planted, found = (sum(row[name] for row in kinds) for name in ("planted", "found"))
    false = sum(row["false_repairs"] for row in scores)
    return Section(Prose(voice.say(key, kinds=len(kinds), planted=planted, found=found, weak=weak, false=false)), table)
