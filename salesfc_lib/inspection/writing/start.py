"""What `salesfc init` says after it wrote a unit's file: what was recognised, what to ask, what the
first run would leave out, and what comes next.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from salesfc_lib import cleaning
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import resolve
from salesfc_lib.inspection.findings.proposal import Proposal
from salesfc_lib.inspection.findings.roles import choose_orders
from salesfc_lib.inspection.writing.split import propose_split


def describe_start(
    found: Mapping[str, Proposal], project: Path, unit: str, exports: Sequence[Path] = ()
) -> Iterator[str]:
    """Lines for people about a new unit of these exports; without them, about the first of several
    units that the exports were split into.
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
    orders = choose_orders([*found.values()])
    if exports and orders is not None and (split := propose_split(orders, exports, project)):
        yield f"Units: {split}; then remove parameters/units/{unit}.yml, which holds them together."
    outside = _list_outside(found.values(), project)
    for file in outside:
        place = project / "data" / file.name
        yield f"The export lies outside the project: copy it to {place}."
    if not outside and not any("date" in proposal.missing for proposal in found.values()):
        yield from _try_run(project, unit)
    at = f"--project {shlex.quote(str(project))}"
    own = f" --unit {unit}" if exports else ""
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
