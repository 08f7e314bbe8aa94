"""How well defects are found and treated: each planted case against what the pipeline leaves of it.

A `Case` with its truth enters; a `Verdict` leaves. The pipeline is a black box. What was planted
counts as found when the tables say what the truth says; whatever else they changed, dropped, set
aside or flagged is a false repair.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from defects.books import Books, Read
from defects.checklist import CLEAN
from defects.truth import Case
from salesfc_lib.errors import SalesForecastError

UNIT = "planted"
OF_THE_STEP = {
    "panel",
    "future",
    "series",
    "outliers",
    "censored",
    "lifecycle",
    "restatement",
    "restatement_months",
}  # tables that cleaning makes of its transactions when it runs as a step
FOUND_BY_INIT = {
    "kind",
    "path",
    "sheet",
    "encoding",
    "delimiter",
    "columns",
    "aliases",
    "kinds",
}  # how a source is read
# share of the rows planted, above which a defect is that of the whole file, and counts once
WHOLE = 0.2


@dataclass(frozen=True)
class Verdict:
    """One case judged: how much was planted and found, how much was touched wrongly, and what was
    missed, in words.
    """

    number: int
    variant: str
    planted: int
    found: int
    false_repairs: int
    missed: tuple[str, ...]
    error: str = ""


def judge(case: Case, *, by_init: bool = False) -> Verdict:
    """The case, run in a folder of its own; `by_init`: how its orders are read is what `salesfc
    init` proposes.
    """
    with tempfile.TemporaryDirectory(prefix="salesfc-defects-") as folder:
        try:
            read = run_case(case, Path(folder), by_init=by_init)
        except SalesForecastError as error:
            return _judge_block(case, str(error))
        except (
            Exception
        ) as error:  # a crash is a finding about the pipeline, and the other cases go on
            return _judge_block(case, f"{type(error).__name__}: {error}", crashed=True)
        if case.expected.blocked is not None:
            return Verdict(
                case.number,
                case.variant,
                1,
                0,
                0,
                ("the unit went through and should have been stopped",),
            )
        return _judge_tables(case, read)


def run_case(case: Case, folder: Path, *, by_init: bool = False) -> Read:
    """Tables by name, as the cleaning of the case's month leaves them."""
    for month, files in case.earlier:
        write_project(case, folder, files)
        _publish(folder, month)
    write_project(case, folder, case.files)
    if by_init:
        _declare_by_init(case, folder)
    asked = {cell.table for cell in case.expected.cells}
    run = _run_step if case.number == CLEAN or asked & OF_THE_STEP else _run_cleaning
    read = run(folder, case.month)
    return lambda name: _propose(folder, case.month) if name == "rename_proposals" else read(name)


def _run_cleaning(folder: Path, month: str) -> Read:
    from salesfc_lib import cleaning
    from salesfc_lib.foundation.parameters import resolve

    found = cleaning.clean(resolve(folder, UNIT, month).parameters, folder, month)
    return lambda name: pd.DataFrame(getattr(found, name))


def _propose(folder: Path, month: str) -> pd.DataFrame:
    """Table rename_proposals, as `salesfc proposals` shows it."""
    from salesfc_lib import cleaning
    from salesfc_lib.cleaning.scan import propose_for
    from salesfc_lib.foundation.parameters import resolve

    parameters = resolve(folder, UNIT, month).parameters
    return propose_for(parameters, cleaning.read_all(parameters, folder))


def write_project(case: Case, folder: Path, files: Mapping[str, bytes]) -> None:
    """The case's files and its unit's parameters in a project folder."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    units = folder / "parameters" / "units"
    units.mkdir(parents=True, exist_ok=True)
    tree = json.loads(
        json.dumps(case.parameters)
    )  # written out in full: a parameter file may hold no alias
    (units / f"{UNIT}.yml").write_text(
        yaml.safe_dump(tree, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )


def _declare_by_init(case: Case, folder: Path) -> None:
    """Put what `init` says of the export in place of what was declared about how it is read; the
    rest is people's.
    """
    from salesfc_lib.inspection import write_unit_file

    place = folder / "parameters" / "units" / f"{UNIT}.yml"
    place.unlink()
    write_unit_file([folder / path for path in sorted(case.files)], folder, UNIT)
    found = yaml.safe_load(place.read_text(encoding="utf-8"))["sources"]
    declared = case.parameters["sources"]["orders"]
    known = {key: value for key, value in declared.items() if key not in FOUND_BY_INIT}
    read = {key: value for key, value in found.pop("orders", {}).items() if key in FOUND_BY_INIT}
    tree = {
        **json.loads(json.dumps(case.parameters)),
        "sources": {"orders": {**read, **known}, **found},
    }
    place.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _run_step(folder: Path, month: str) -> Read:
    from salesfc_lib import steps

    run = steps.open_month(folder, UNIT, month)
    steps.clean(run)
    return run.read


def _publish(folder: Path, month: str) -> None:
    """An earlier month's cleaning, in the place where months are published, with the parameters in
    its manifest.
    """
    from salesfc_lib import steps
    from salesfc_lib.archive import manifest
    from salesfc_lib.archive import months as archive
    from salesfc_lib.foundation.parameters import resolve

    place = archive.unit_folder(folder / "reports", month, UNIT)
    steps.clean(steps.open_month(folder, UNIT, month, folder=place))
    manifest.write(
        place, {"parameters": manifest.describe_parameters(resolve(folder, UNIT, month))}
    )


def _judge_block(case: Case, said: str, *, crashed: bool = False) -> Verdict:
    wanted = case.expected.blocked
    if wanted is None:
        planted = _count_planted(case)
        return Verdict(
            case.number,
            case.variant,
            max(planted, 1),
            0,
            0 if planted else 1,
            ("the unit was stopped",),
            said,
        )
    lacking = [
        words
        for words in wanted
        if not any(word.casefold() in said.casefold() for word in words.split("|"))
    ]
    missed = tuple(f"the error does not name {words}" for words in lacking) + (
        ("it crashed",) if crashed else ()
    )
    return Verdict(case.number, case.variant, 1, int(not missed), 0, missed, said)


def _count_planted(case: Case) -> int:
    truth = case.expected
    rows = sum(row.planted for row in truth.rows)
    return (
        (1 if _is_whole(case) else rows) + len(truth.notes) + len(truth.entries) + len(truth.cells)
    )


def _is_whole(case: Case) -> bool:
    rows = case.expected.rows
    return sum(row.planted for row in rows) > WHOLE * len(rows)


def _judge_tables(case: Case, read: Read) -> Verdict:
    truth = case.expected
    books = Books(read)
    missed: list[str] = []
    wrong: list[str] = []
    for row in truth.rows:
        if said := books.check_row(row, truth.rows):
            (missed if row.planted else wrong).append(said)
    if missed and _is_whole(case):
        missed = [f"{len(missed)} rows, first: {missed[0]}"]
    lacking = [
        *map(books.check_note, truth.notes),
        *map(books.check_entry, truth.entries),
        *map(books.check_cell, truth.cells),
    ]
    missed += [said for said in lacking if said]
    wrong += books.find_unasked(case)
    planted = _count_planted(case)
    return Verdict(
        case.number,
        case.variant,
        planted,
        planted - len(missed),
        len(wrong),
        tuple([*missed, *wrong]),
    )
