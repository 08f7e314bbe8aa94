"""The verbs by which people are told what waits for them, and act on it by a sheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesfc_lib.cli.verbs import Project, ShownAfter, Unit, Units, app
from salesfc_lib.terminal import Verbs, echo

if TYPE_CHECKING:
    from salesfc_lib.coordination.acting import Acted

act = typer.Typer(cls=Verbs, no_args_is_help=True, help="Sheets that people fill in and send back.")
app.add_typer(act, name="act")

Sheet = Annotated[Path, typer.Argument(help="The sheet, .xlsx or .csv.", dir_okay=False)]


@app.command()
def notify(
    unit: Units = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent to whom, and send nothing.")
    ] = False,
    project: Project = Path("."),
) -> None:
    """Tell everybody what is new for them, once; a watch does so by itself."""
    from salesfc_lib.coordination import notifications
    from salesfc_lib.foundation import clock

    at = clock.now()
    for row in notifications.find_unsure(project, at, unit or ()).to_dict("records"):
        began = f"{row['at']:%Y-%m-%d %H:%M}"
        echo(f"Not known whether it arrived: {row['person']} by {row['address']}, {began} UTC.")
    if dry_run:
        planned = notifications.plan_digests(project, at, unit or ())
        told = [notifications.Told(each, each.held or "planned") for each in planned]
    else:
        told = notifications.send_digests(project, at, unit or ())
    for each in told:
        echo(notifications.describe_told(each))
        if dry_run:
            typer.echo(f"{each.planned.digest.title}\n{each.planned.digest.body}\n")
    if not told:
        echo("Nothing is new for anybody who has an address.")


@act.command("write")
def write(
    unit: Unit,
    file: Sheet,
    person: Annotated[
        str, typer.Option("--person", help="For whom; by default everything that waits.")
    ] = "",
    project: Project = Path("."),
) -> None:
    """Write a sheet of what waits: alerts, steps, questions, actions."""
    from salesfc_lib.coordination import acting, open_cycle
    from salesfc_lib.foundation import clock, language

    at = clock.now()
    with language.speaking(language.of_reader()):
        lines = acting.write_sheet(open_cycle(project, unit, at=at), file, at, person=person)
    echo(f"Wrote {lines} lines to '{file}'. Fill in what to do, and read it back.")


@act.command("read")
def read(
    file: Sheet,
    by: Annotated[str, typer.Option("--by", help="Who acts. Default: who is signed in.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Check every line, do nothing.")] = False,
    project: ShownAfter = Path("."),
) -> None:
    """Do what a sheet says, once every line of it can be done."""
    from salesfc_lib.coordination import acting
    from salesfc_lib.foundation import clock

    results = acting.read_sheet(project, file, clock.now(), by=by, check=check)
    for each in results:
        echo(_describe(each))
    if not results:
        echo("No line of it says what to do.")
    if any(each.came == "refused" for each in results):
        raise typer.Exit(1)


def _describe(each: Acted) -> str:
    deed = f"{each.deed.unit} {each.deed.number}: {each.deed.verb}"
    messages = {
        "done": f"{each.where} is done ({deed}).",
        "already": f"{each.where} was done already ({deed}); nothing changed.",
        "checked": f"{each.where} can be done ({deed}).",
        "refused": f"{each.where} was not done ({deed}): {each.why}",
    }
    return messages[each.came]
