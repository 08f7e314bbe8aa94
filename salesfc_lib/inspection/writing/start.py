"""What `salesfc init` says after it wrote a unit's file: what was recognised, what to ask, what the
first run would leave out, and what comes next.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from salesfc_lib import cleaning
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import resolve
from salesfc_lib.inspection.findings.proposal import Proposal


def describe_start(
    found: Mapping[str, Proposal], project: Path, unit: str, *, named: bool = True
) -> Iterator[str]:
    """Lines for people about a new unit, the first of several unless it is `named` in the command
    to run.
    """
    for source, proposal in found.items():
        yield f"{source}: {proposal.assignment.why}"
        for name, header in proposal.names.items():
            yield f"  {name:<14} {header}"
        for name in proposal.missing:
            yield f"  {name:<14} not recognised: name its header in the file"
    for proposal in found.values():
        for question in proposal.questions:
            yield f"Ask: {question}"
    outside = _list_outside(found.values(), project)
    for file in outside:
        place = project / "data" / file.name
        yield f"The export lies outside the project: copy it to {place}."
    if not outside and not any("date" in proposal.missing for proposal in found.values()):
        yield from _try_run(project, unit)
    at = f"--project {shlex.quote(str(project))}"
    own = f" --unit {unit}" if named else ""
    yield f"Then: salesfc parameters {unit} {at}; salesfc run{own} {at}"


def _list_outside(found: Iterable[Proposal], project: Path) -> list[Path]:
    files = dict.fromkeys(file for proposal in found for file in proposal.files)
    return [file for file in files if not file.resolve().is_relative_to(project.resolve())]


def _try_run(project: Path, unit: str) -> Iterator[str]:
    """What stops the unit's first run, or what it would leave out."""
    try:
        parameters = resolve(project, unit).parameters
        done = cleaning.standardise(parameters, cleaning.read_all(parameters, project))
        waiting = cleaning.describe_waiting(done, parameters, unit, project)
    except SalesForecastError as error:
        yield f"A run of {unit} would stop: {error}"
    else:
        if waiting:
            yield f"{unit}: {waiting}"
