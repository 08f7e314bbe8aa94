"""The verb that hands a published month over to an ERP system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesfc_lib.cli.verbs import Project, Unit, app, month_option
from salesfc_lib.terminal import echo

if TYPE_CHECKING:
    from salesfc_lib.archive import UnitMonth
    from salesfc_lib.handover.erp import Change, Handed

MOST = 40  # lines of changes that are shown


@app.command()
def handover(
    unit: Unit,
    to: Annotated[str, typer.Option("--to", help="A target under `handover.to`.")],
    month: Annotated[
        str | None, month_option("--month", help="Default: the latest published one.")
    ] = None,
    is_sent: Annotated[bool, typer.Option("--send", help="Write; without it nothing is.")] = False,
    is_check: Annotated[
        bool, typer.Option("--check", help="Compare the live system with the contract.")
    ] = False,
    by: Annotated[str, typer.Option("--by", help="Who sends. Default: who is signed in.")] = "",
    project: Project = Path("."),
) -> None:
    """Show what an ERP system would receive of a published month; --send writes it there."""
    from salesfc_lib import steps
    from salesfc_lib.handover import erp

    run = steps.open_month(project, unit, month)
    echo(f"{run.month} of '{unit}' to '{to}' ({erp.LABEL}).")
    if is_check:
        _check(run, to)
        return
    found = erp.send(run, to, who=by) if is_sent else erp.preview(run, to)
    _show(found)
    if found.problems:
        echo(f"Nothing is sent while these {len(found.problems)} problems stand.", err=True)
        raise typer.Exit(1)
    if not is_sent:
        echo("Nothing was sent. `--send` sends it.")
    elif found.receipt.get("status") != erp.COMPLETE:
        echo("It is not all there: send again, which goes on where this stopped.", err=True)
        raise typer.Exit(1)


def _check(run: UnitMonth, name: str) -> None:
    from salesfc_lib.handover import erp

    found = list(erp.check(run, name))
    for what, differs in found:
        echo(f"{what}: {differs or 'as the contract says'}")
    if wrong := sum(bool(differs) for _, differs in found):
        echo(f"{wrong} of {len(found)} differ from the contract.", err=True)
        raise typer.Exit(1)


def _show(found: Handed) -> None:
    """Print what changes, what is in the way, and what a send left."""
    for each in found.plan.pending[:MOST]:
        echo(_describe(each))
    if (more := len(found.plan.pending) - MOST) > 0:
        echo(f"… and {more} more")
    new, changed, withdrawn, unchanged = found.plan.counts.values()
    echo(f"{new} new, {changed} changed, {withdrawn} withdrawn, {unchanged} unchanged.")
    for problem in found.problems:
        echo(str(problem), err=True)
    receipt = found.receipt
    for text in [*receipt.get("refused", []), *receipt.get("differs", [])]:
        echo(text, err=True)
    if receipt:
        echo(f"Receipt {receipt['key'][:12]}: {receipt['status']}, sent at {receipt['at']}.")


def _describe(change: Change) -> str:
    """A change in a line."""
    label, line = " ".join(change.line.key), change.line
    if change.row is None:
        return f"New: {label}: {line.quantity} {line.unit}"
    if change.kind == "withdrawn":
        return f"Withdrawn: {label}: {change.row.quantity} {line.unit}"
    return f"Changed: {label}: from {change.row.quantity} to {line.quantity} {line.unit}"
