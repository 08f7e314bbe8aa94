"""The verbs of alerts: a watch over units, and what people do about what it found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from salesfc_lib.cli.verbs import By, Project, ShownAfter, Unit, Units, app
from salesfc_lib.terminal import Verbs, echo

if TYPE_CHECKING:
    from salesfc_lib.running.watching import Result

alert = typer.Typer(cls=Verbs, no_args_is_help=True, help="What a watch found, and who sees to it.")
app.add_typer(alert, name="alert")

Number = Annotated[int, typer.Argument(help="The alert, as `salesfc alert list` numbers it.")]
Why = Annotated[str, typer.Option("--reason", help="Why.")]
All = Annotated[bool, typer.Option("--all", help="Closed ones as well.")]


@app.command()
def watch(unit: Units = None, project: Project = Path(".")) -> None:
    """Look at every unit now: open alerts, give overdue ones to the next person, tell people.

    Safe to run every five minutes: what was found already is not found again.
    """
    from salesfc_lib.coordination import notifications
    from salesfc_lib.foundation import clock
    from salesfc_lib.running import Unwatched, watch_units

    results = watch_units(project, unit or (), tell=_tell)
    looked_at = [each.unit for each in results if not isinstance(each, Unwatched)]
    for told in notifications.send_digests(project, clock.now(), looked_at) if looked_at else ():
        echo(notifications.describe_told(told))
    if any(isinstance(each, Unwatched) for each in results):
        raise typer.Exit(1)


@alert.command("list")
def list_all(unit: Unit, every: All = False, project: Project = Path(".")) -> None:
    """List the unit's alerts, the most overdue first, and how long it took to see to them."""
    from salesfc_lib.coordination import list_alerts, measure_response

    alerts = list_alerts(project, unit)
    shown = alerts if every else alerts[alerts["state"].ne("closed")]
    for row in shown.to_dict("records"):
        echo(_describe(row))
    if shown.empty:
        echo("No alert is open.")
    for row in measure_response(alerts).to_dict("records"):
        if row["n"]:
            echo(f"{_STEPS[row['step']]}: {row['hours']:.1f} hours (median of {row['n']}).")
        if row["backwards"]:
            echo(f"{row['backwards']} not counted: a clock was set back.")


@alert.command()
def acknowledge(
    unit: Unit, number: Number, by: By = "", reason: Why = "", project: ShownAfter = Path(".")
) -> None:
    """Say that an alert was seen, and is seen to."""
    from salesfc_lib.coordination import acknowledge_alert

    acknowledge_alert(project, unit, number, by=by, reason=reason)
    echo(f"Alert {number} is acknowledged.")


@alert.command()
def explain(
    unit: Unit, number: Number, reason: Why, by: By = "", project: ShownAfter = Path(".")
) -> None:
    """Say why it came to an alert."""
    from salesfc_lib.coordination import explain_alert

    explain_alert(project, unit, number, by=by, reason=reason)
    echo(f"Alert {number} is explained.")


@alert.command()
def act(
    unit: Unit,
    number: Number,
    became: Annotated[
        str, typer.Option("--became", help="An effect (E3), an override or an action (A12).")
    ],
    reason: Why,
    by: By = "",
    project: ShownAfter = Path("."),
) -> None:
    """Say what an alert led to."""
    from salesfc_lib.coordination import act_on_alert

    act_on_alert(project, unit, number, became=became, by=by, reason=reason)
    echo(f"Alert {number} led to {became}.")


@alert.command()
def close(
    unit: Unit,
    number: Number,
    outcome: Annotated[str, typer.Option("--outcome", help="done, no_action or false_alarm.")],
    reason: Why,
    by: By = "",
    project: ShownAfter = Path("."),
) -> None:
    """Close an alert, with what came of it."""
    from salesfc_lib.coordination import close_alert

    close_alert(project, unit, number, outcome=outcome, by=by, reason=reason)
    echo(f"Alert {number} is closed: {outcome}.")


@alert.command()
def assign(
    unit: Unit,
    number: Number,
    to: Annotated[str, typer.Option("--to", help="Id or name of a person of people.yml.")],
    reason: Why,
    by: By = "",
    project: ShownAfter = Path("."),
) -> None:
    """Give an alert to another person; its deadlines stay."""
    from salesfc_lib.coordination import assign_alert

    assign_alert(project, unit, number, owner=to, by=by, reason=reason)
    echo(f"Alert {number} is given to {to}.")


_STEPS = {
    "to_alert": "From data to alert",
    "to_acknowledge": "From alert to acknowledgement",
    "to_close": "From alert to close",
}
_STATES = {
    "off": "raises no alerts (`alerts.enabled`)",
    "empty": "has no published month to look at",
    "busy": "is being looked at by another watch",
    "unchanged": "is unchanged",
    "looked": "was looked at",
}


_WHY = {  # as `month_to_date` says it
    "no_forecast": "the month has no forecast",
    "few_months": "too few months of daily sales",
    "few_days": "too few days with sales in a month",
    "wide": "its interval is too wide",
}


def _tell(result: Result) -> None:
    from salesfc_lib.running import Unwatched

    if isinstance(result, Unwatched):
        echo(f"{result.unit} failed: {result.message}", err=True)
        return
    if result.state in ("off", "empty", "busy"):
        echo(f"{result.unit} {_STATES[result.state]}.")
        return
    counts = f"{len(result.opened)} new, {result.open} open, {result.overdue} overdue"
    echo(f"{result.unit} {_STATES[result.state]}: {counts}.")
    if result.escalated:
        echo(f"{result.unit}: {result.escalated} given to the next person.")
    if result.reminded:
        echo(f"{result.unit}: {result.reminded} steps of the month's cycle reminded of.")
    if result.why:
        echo(f"{result.unit}: sales of the month in progress tell nothing: {_WHY[result.why]}.")


def _describe(row: dict[str, Any]) -> str:
    """An alert in one line: its state, what it says, who sees to it, and by when."""
    from salesfc_lib.foundation import in_words, language

    with language.speaking(language.of_reader()):
        says, note = str(in_words(row["says"])), str(in_words(row["note"]))
    head = f"{row['number']} {row['month']}"
    if row["state"] == "closed":
        return f"{head} closed by {row['closed_by']} ({row['outcome']}): {says}"
    who = row["escalated_to"] or row["owner"] or note
    if row["overdue_days"]:
        return f"{head} {row['state']}, overdue by {row['overdue_days']} days ({who}): {says}"
    return f"{head} {row['state']}, due {row['due']:%Y-%m-%d} ({who}): {says}"
