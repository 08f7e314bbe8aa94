"""A made-up company whose departments send messy exports, with the truth beside them.

A folder and a seed enter; raw exports, overrides, parameter files and `data/truth.json` leave, the
same bytes on every machine. Nothing of `salesfc_lib` is imported: a demo that knew how exports are
read, cleaned or forecast would prove nothing by being read, cleaned and forecast.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from demo_company.companions import CHINESE, ENGLISH, LOGISTICS, write_companions
from demo_company.company import Unit
from demo_company.deliveries import deliver, list_due
from demo_company.demand import draw
from demo_company.exports import export_csv, export_database, export_workbook
from demo_company.months import CLOSED, label
from demo_company.orders import take_back, take_orders
from demo_company.planners import write_overrides
from demo_company.planting import Export, plant
from demo_company.supply import list_planted
from demo_company.truth import list_truth
from demo_company.units import read_units

SEED = 20260630
UNITS = read_units()
PARAMETERS = (
    Path(__file__).resolve().parents[2] / "parameters" / "units"
)  # the checkout's, which are the demo's

PEOPLE = PARAMETERS.parent / "people.yml"

# how each unit's department exports: its orders, and the encoding and headers of what comes with
# them
FORMATS = {
    "kitchen": (export_csv, "gb18030", CHINESE | LOGISTICS),
    "personal-care": (export_workbook, "utf-8-sig", CHINESE),
    "cleaning": (export_database, "utf-8", ENGLISH),
}


def write_demo(project: Path, seed: int = SEED) -> list[Path]:
    """Paths of the files written under `project`: exports, overrides, the truth, and the units'
    parameters.

    The parameter files are copied only where `project` is not the checkout, which has them.
    """
    written: list[Path] = []
    truth = {}
    for unit in UNITS:
        export = trade(unit, seed)
        written += _write_unit(unit, export, project, seed=seed)
        truth[unit.id] = list_truth(unit, export)
        if "deliveries" in FORMATS[unit.id][2]:
            truth[unit.id]["due"] = list_due(deliver(unit, seed))
            truth[unit.id]["supply"] = list_planted(unit)
    written.append(
        _write_truth(project, {"seed": seed, "closed_through": label(CLOSED - 1), "units": truth})
    )
    return written + _copy_parameters(project)


def trade(unit: Unit, seed: int = SEED) -> Export:
    """The unit's order lines and returns as its department would export them."""
    orders = take_orders(unit, draw(unit, seed), seed)
    return plant(unit, orders, take_back(unit, orders, seed), seed=seed)


def _write_unit(unit: Unit, export: Export, project: Path, *, seed: int) -> list[Path]:
    folder = project / "data" / unit.id
    folder.mkdir(parents=True, exist_ok=True)
    write_orders, encoding, header = FORMATS[unit.id]
    companions = write_companions(unit, folder, seed=seed, encoding=encoding, header=header)
    return [
        *write_orders(unit, export, folder),
        *companions,
        write_overrides(unit, project, seed=seed),
    ]


def _write_truth(project: Path, truth: dict[str, object]) -> Path:
    path = project / "data" / "truth.json"
    path.write_text(
        json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n"
    )
    return path


def _copy_parameters(project: Path) -> list[Path]:
    folder = project / "parameters" / "units"
    if folder.resolve() == PARAMETERS:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    people = folder.parent / PEOPLE.name
    return [
        Path(shutil.copyfile(PARAMETERS / f"{unit.id}.yml", folder / f"{unit.id}.yml"))
        for unit in UNITS
    ] + [Path(shutil.copyfile(PEOPLE, people))]
