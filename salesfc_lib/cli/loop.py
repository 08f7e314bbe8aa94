"""The verbs of the loop: causes confirmed, actions promised and closed, months signed off."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from salesfc_lib.cli.verbs import By, Project, ShownAfter, Unit, app, month_option, name_actor
from salesfc_lib.errors import RequestError
from salesfc_lib.terminal import Verbs, echo

if TYPE_CHECKING:
    from salesfc_lib.archive import UnitMonth

action = typer.Typer(cls=Verbs, no_args_is_help=True, help="What people promise to do, by when.")
cause = typer.Typer(cls=Verbs, no_args_is_help=True, help="Why series missed, as people know it.")
app.add_typer(action, name="action")
app.add_typer(cause, name="cause")

Month = Annotated[
    str | None, month_option("--month", help="Whose page it answers. Default: the latest.")
]
Action = Annotated[str, typer.Argument(help="The action, such as A12.")]
Series = Annotated[str, typer.Argument(help="Id of the series, as `salesfc cause list` shows it.")]
Why = Annotated[str, typer.Option("--reason", help="Why.")]
Remark = Annotated[str, typer.Option("--remark", help="What it rests on.")]
What = Annotated[str, typer.Option("--what", help="What is to be done.")]
Owner = Annotated[str, typer.Option("--owner", help="Who sees to it.")]
Due = Annotated[str, typer.Option("--due", metavar="YYYY-MM-DD", help="By which day.")]
Codes = Annotated[
    list[str] | None,
    typer.Option("--cause", metavar="CODE[=AMOUNT]", help="A cause; repeat it for more."),
]
All = Annotated[bool, typer.Option("--all", help="Every one of them.")]


@action.command("add")
def add(
    unit: Unit,
    reason: Why,
    cause: Annotated[
        str, typer.Option("--cause", help="A cause of the page, or an answer such as C12.")
    ],
    kpi: Annotated[str, typer.Option("--kpi", help="What should change: wape, bias, gain, error.")],
    expected: Annotated[
        str, typer.Option("--expected", help="By how much, signed: -2% or an amount.")
    ],
    rows: Annotated[
        str, typer.Option("--rows", help="Where: dimension=member or a series. Default: all.")
    ] = "",
    what: What = "",
    owner: Owner = "",
    due: Due = "",
    month: Month = None,
    by: By = "",
    project: ShownAfter = Path("."),
) -> None:
    """Promise an action on a cause; later months measure what it changed."""
    from salesfc_lib.retrospective import loop

    promise = loop.Promise(
        cause=cause.strip(),
        what=what.strip(),
        owner=owner.strip(),
        due=due.strip(),
        kpi=kpi.strip(),
        rows=rows.strip(),
        expected=_read_number(expected, "--expected"),
    )
    name = loop.add_action(
        _open(project, unit, month), promise, by=name_actor(project, unit, by), reason=reason
    )
    echo(f"Added {name}: {promise.owner}, due {promise.due}.")


@action.command("update")
def update(
    unit: Unit,
    name: Action,
    reason: Why,
    what: What = "",
    owner: Owner = "",
    due: Due = "",
    month: Month = None,
    by: By = "",
    project: ShownAfter = Path("."),
) -> None:
    """Change what an open action is, who sees to it or when it is due."""
    from salesfc_lib.retrospective import loop

    changes = {"what": what, "owner": owner, "due": due}
    loop.update_action(
        _open(project, unit, month),
        name,
        by=name_actor(project, unit, by),
        reason=reason,
        **changes,
    )
    echo(f"Updated {name}.")


@action.command("close")
def close(
    unit: Unit,
    name: Action,
    outcome: Annotated[str, typer.Option("--outcome", help="done, partly or dropped.")],
    remark: Remark,
    month: Month = None,
    by: By = "",
    project: ShownAfter = Path("."),
) -> None:
    """Close an action, with what came of it."""
    from salesfc_lib.retrospective import loop

    loop.close_action(
        _open(project, unit, month), name, outcome, by=name_actor(project, unit, by), remark=remark
    )
    echo(f"Closed {name}: {outcome}.")


@action.command("list")
def list_actions(unit: Unit, every: All = False, project: Project = Path(".")) -> None:
    """List the unit's actions, the most overdue first; closed ones with --all."""
    from salesfc_lib.retrospective import loop

    actions = loop.list_actions(_open(project, unit, None))
    shown = actions if every else actions[actions["state"] != "closed"]
    for row in shown.to_dict("records"):
        about = f"{row['what']} ({row['owner']}, due {row['due']})"
        if row["state"] == "closed":
            echo(f"A{row['number']} closed by {row['closed_by']} ({row['outcome']}): {about}")
        elif row["state"] == "overdue":
            echo(f"A{row['number']} overdue by {row['overdue_days']} days: {about}")
        else:
            echo(f"A{row['number']} open: {about}")
    if shown.empty:
        echo("No action is open.")


@cause.command("confirm")
def confirm(
    unit: Unit,
    series: Series,
    remark: Remark,
    causes: Codes = None,
    month: Month = None,
    by: By = "",
    project: Project = Path("."),
) -> None:
    """Confirm causes that the month's page proposes; without --cause, the likeliest."""
    from salesfc_lib.retrospective import loop

    read = _read_causes(causes or []) or None
    name = loop.confirm_cause(
        _open(project, unit, month), series, read, by=name_actor(project, unit, by), remark=remark
    )
    echo(f"Recorded {name}.")


@cause.command("correct")
def correct(
    unit: Unit,
    series: Series,
    remark: Remark,
    causes: Codes = None,
    month: Month = None,
    by: By = "",
    project: Project = Path("."),
) -> None:
    """Name the causes that are right instead of those that the page proposes."""
    from salesfc_lib.retrospective import loop

    read = _read_causes(causes or [])
    name = loop.correct_cause(
        _open(project, unit, month), series, read, by=name_actor(project, unit, by), remark=remark
    )
    echo(f"Recorded {name}.")


@cause.command("list")
def list_causes(
    unit: Unit, month: Month = None, every: All = False, project: Project = Path(".")
) -> None:
    """List the month's misses, the largest first, with their causes as they stand now."""
    from salesfc_lib.retrospective import loop

    run = _open(project, unit, month)
    missed, causes = loop.read_published(run, "missed"), loop.read_causes(run)
    most = len(missed) if every else run.parameters.retrospective.largest
    for row in missed.head(most).to_dict("records"):
        echo(f"{row['unique_id']}: forecast {row['forecast']:,.0f}, actual {row['actual']:,.0f}")
        for each in causes[causes["unique_id"] == row["unique_id"]].to_dict("records"):
            echo(f"  {_describe(each)}")


@app.command()
def sign(
    unit: Unit,
    month: Annotated[str, month_option("--month", help="A published month.")],
    remark: Annotated[str, typer.Option("--remark", help="What was looked at, or agreed.")],
    reviewer: Annotated[
        str, typer.Option("--reviewer", "--by", help="Who signs. Default: who is signed in.")
    ] = "",
    project: Project = Path("."),
) -> None:
    """Sign a published month off; publishing it again asks for a new sign-off."""
    from salesfc_lib.running import sign_month

    who = name_actor(project, unit, reviewer)
    signed = sign_month(project.resolve(), unit, month, reviewer=who, remark=remark)
    echo(f"Signed off: version {signed.version} of {month}, by {signed.reviewer}.")


def _describe(row: dict[str, Any]) -> str:
    """A cause with its amount, and who said so."""
    known = row["effect"] == row["effect"]  # not a missing number
    amount = f"{row['cause']} {row['effect']:+,.0f}" if known else str(row["cause"])
    if row["state"] == "confirmed":
        return f"{amount}: confirmed by {row['by']} ({row['remark']})"
    if row["state"] == "corrected":
        return f"{amount}: named by {row['by']} ({row['remark']})"
    return amount


def _open(project: Path, unit: str, month: str | None) -> UnitMonth:
    from salesfc_lib import steps

    return steps.open_month(project, unit, month)


def _read_causes(texts: list[str]) -> dict[str, float | None]:
    """Amounts by cause, of `stockout` or `stockout=-4000`."""
    pairs = [text.partition("=") for text in texts]
    return {
        code.strip(): _read_number(amount, "--cause") if given else None
        for code, given, amount in pairs
    }


def _read_number(text: str, option: str) -> float:
    from salesfc_lib.intake import evidence, parse_number

    try:
        number, is_percent = parse_number(text.strip())
    except evidence.Unreadable:
        expected = "A number with its sign, such as -2% or -12500"
        raise RequestError.of(f"{option} is '{text}'", expected, "Correct it") from None
    return float(number) / (100 if is_percent else 1)
