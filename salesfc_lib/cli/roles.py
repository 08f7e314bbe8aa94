"""The verb of roles: who may do what in a unit, in words, and in PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from salesfc_lib.cli.verbs import Project, app
from salesfc_lib.errors import RequestError
from salesfc_lib.terminal import echo

Named = Annotated[list[str] | None, typer.Argument(metavar="UNIT…", help="Ids of units.")]


@app.command()
def roles(
    units: Named = None,
    every: Annotated[bool, typer.Option("--all", help="All units.")] = False,
    is_applied: Annotated[
        bool, typer.Option("--apply", help="Write them into PostgreSQL; its owner may.")
    ] = False,
    project: Project = Path("."),
) -> None:
    """Say who may do what in units; --apply has PostgreSQL refuse everything else."""
    from salesfc_lib import archive
    from salesfc_lib.foundation.parameters import list_units

    if every == bool(units):
        raise RequestError.of("Units are not named", "Ids of units, or --all", "Name them")
    chosen = list_units(project) if every else list(units or [])
    for unit in chosen:
        for line in _describe(project, unit):
            echo(line)
    by_address: dict[str, list[str]] = {}
    for unit in chosen:
        by_address.setdefault(archive.find_address(project, unit), []).append(unit)
    for address, mine in by_address.items():
        _apply(project, address, mine) if is_applied else _say_held(address)
    echo(
        "Who sees a unit's pages is decided by folders alone: `reports/MONTH/UNIT` and "
        "`reports/now/UNIT` are files; let their groups read them, and nobody else."
    )


def _apply(project: Path, address: str, units: list[str]) -> None:
    from salesfc_lib import archive

    if not address:
        raise RequestError.of(
            f"Events of '{units[0]}' are in a file, which has no roles of its own",
            "`archive.records_env` with the name of a variable that holds a PostgreSQL address",
            "Name one, and move the events with `salesfc log export` and `import`",
        )
    above = archive.apply_roles(project, units, address_env=address)
    echo(f"Written into the database of '{address}': {len(units)} units.")
    for login in above:
        echo(f"The login '{login}' owns the table, so that nothing holds it back.", err=True)


def _say_held(address: str) -> None:
    if address:
        echo(f"The database of '{address}' holds to what was applied last: --apply.")
    else:
        echo(
            "Events are in a file: this program refuses what is not allowed, and whoever may "
            "write the file can change it, which `salesfc log verify` finds."
        )


def _describe(project: Path, unit: str) -> list[str]:
    """A line for each person with a role in the unit."""
    from salesfc_lib import archive
    from salesfc_lib.foundation import people

    known, declared = people.read_people(project), archive.read_roles(project, unit)
    if not declared.are_declared:
        return [f"'{unit}' declares no roles: everyone may record everything, under any name."]
    lines = []
    for key in dict.fromkeys(sum((ids for _, ids in declared), [])):
        if key not in known:
            lines.append(f"'{unit}': nobody in people.yml has the id '{key}'.")
            continue
        who = f"{known[key].name} ({', '.join(known[key].logins)})"
        lines += [_say(role, unit, who) for role in archive.hold_roles(declared, key)]
    return lines


def _say(role: str, unit: str, who: str) -> str:
    return {
        "planner": f"'{unit}': {who} plans: enters overrides, effects, answers and forecasts, sees "
        "to alerts, actions and steps.",
        "owner": f"'{unit}': {who} owns: does what planners do, decides the forecast and "
        "proposals, skips steps, runs and watches.",
        "reviewer": f"'{unit}': {who} reviews: confirms causes and signs months off on which they "
        "did not decide.",
        "analyst": f"'{unit}': {who} analyses: runs, publishes and watches, sees to alerts and "
        "steps.",
        "administrator": f"'{unit}': {who} administers: imports events, sends to ERP systems, "
        "runs and watches; decides and signs nothing.",
    }[role]
