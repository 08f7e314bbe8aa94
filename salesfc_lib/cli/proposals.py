"""The verbs of proposals: accepted, rejected, listed with what was decided."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from salesfc_lib.cli.verbs import Project, Unit, app, month_option, name_actor
from salesfc_lib.terminal import echo

Named = Annotated[str, typer.Argument(metavar="PROPOSAL", help="Its id, as the page shows it.")]
OfUnit = Annotated[
    str | None, typer.Option("--unit", help="The unit, where two have a proposal of that id.")
]
Reviewer = Annotated[
    str, typer.Option("--reviewer", "--by", help="Who decides. Default: who is signed in.")
]
Why = Annotated[str, typer.Option("--reason", help="Why it is decided so.")]


@app.command()
def accept(
    proposal: Named,
    reason: Why,
    reviewer: Reviewer = "",
    unit: OfUnit = None,
    project: Project = Path("."),
) -> None:
    """Accept a proposal: the unit's parameter file is changed, and who decided is recorded."""
    from salesfc_lib.retrospective import proposals

    found = proposals.find_proposal(project, proposal, unit)
    who = name_actor(project, found.unit, reviewer)
    echo(proposals.accept_proposal(found, who=who, reason=reason))
    for line in proposals.list_unwritten(project, found.unit):
        echo(line, err=True)


@app.command()
def reject(
    proposal: Named,
    reason: Why,
    reviewer: Reviewer = "",
    unit: OfUnit = None,
    project: Project = Path("."),
) -> None:
    """Reject a proposal: it is not made again unless its evidence grows."""
    from salesfc_lib.retrospective import proposals

    found = proposals.find_proposal(project, proposal, unit)
    who = name_actor(project, found.unit, reviewer)
    echo(proposals.reject_proposal(found, who=who, reason=reason))
    for line in proposals.list_unwritten(project, found.unit):
        echo(line, err=True)


@app.command()
def decisions(
    unit: Unit,
    month: Annotated[
        str | None, month_option("--month", help="Default: the latest published one.")
    ] = None,
    project: Project = Path("."),
) -> None:
    """List a month's proposals with their gain, and what was decided on earlier ones."""
    from salesfc_lib.foundation import language
    from salesfc_lib.retrospective import proposals

    with language.speaking(language.of_reader()):
        for line in proposals.describe_decisions(project, unit, month):
            echo(line)
