"""The verbs of the month's cycle: shown, advanced, skipped with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from salesfc_lib.cli.verbs import Project, ShownAfter, Unit, app, month_option
from salesfc_lib.terminal import Verbs, echo

cycle = typer.Typer(cls=Verbs, no_args_is_help=True, help="The steps of a unit's month.")
app.add_typer(cycle, name="cycle")

Month = Annotated[
    str | None, month_option("--month", help="A closed month. Default: the last that ended.")
]
Step = Annotated[str, typer.Argument(help="The step, as `salesfc cycle show` names it.")]
By = Annotated[str, typer.Option("--by", help="Who acts. Default: who is signed in.")]
Why = Annotated[str, typer.Option("--reason", help="Why.")]


@cycle.command("show")
def show(unit: Unit, month: Month = None, project: Project = Path(".")) -> None:
    """Show where each step stands, by when it is due and what it still needs."""
    from salesfc_lib.coordination import cycle as steps
    from salesfc_lib.coordination import open_cycle
    from salesfc_lib.foundation import clock, in_words, language

    run, at = open_cycle(project, unit, month), clock.now()
    rows = steps.show_cycle(run, at).to_dict("records")
    with language.speaking(language.of_reader()):
        for row in rows:
            echo(f"{row['step']}: {steps.describe_step(row)}")
            for lacks in [row["note"], *row["missing"]]:
                echo(f"  {in_words(lacks)}") if lacks else None
    if not run.parameters.cycle.enabled:
        echo("Nobody is reminded of these steps: `cycle.enabled` of the unit is false.")


@cycle.command("done")
def done(
    unit: Unit,
    step: Step,
    by: By = "",
    remark: Annotated[str, typer.Option("--remark", help="What is to be known of it.")] = "",
    month: Month = None,
    project: ShownAfter = Path("."),
) -> None:
    """Record that a step is done; refused while something is missing."""
    from salesfc_lib.coordination import cycle as steps
    from salesfc_lib.coordination import open_cycle

    run = open_cycle(project, unit, month)
    _tell(step, run.month, steps.finish_step(run, step, by=by, remark=remark))


@cycle.command("skip")
def skip(
    unit: Unit,
    step: Step,
    reason: Why,
    by: By = "",
    month: Month = None,
    project: ShownAfter = Path("."),
) -> None:
    """Skip a step, with a reason; the unit's owner may."""
    from salesfc_lib.coordination import cycle as steps
    from salesfc_lib.coordination import open_cycle

    run = open_cycle(project, unit, month)
    _tell(step, run.month, steps.skip_step(run, step, reason=reason, by=by))


@cycle.command("none")
def none(
    unit: Unit,
    of: Annotated[str, typer.Argument(help="effects, questions or overrides.")],
    reason: Why,
    by: By = "",
    month: Month = None,
    project: ShownAfter = Path("."),
) -> None:
    """Say that the month has no effects, questions or overrides to enter."""
    from salesfc_lib.coordination import cycle as steps
    from salesfc_lib.coordination import open_cycle

    run = open_cycle(project, unit, month)
    steps.say_none(run, of, reason=reason, by=by)
    echo(f"Recorded: no {of} for {run.month}.")


@cycle.command("answer")
def answer(
    unit: Unit,
    rule: Annotated[str, typer.Option("--rule", help="The rule that put rows in quarantine.")],
    reason: Why,
    by: By = "",
    month: Month = None,
    project: ShownAfter = Path("."),
) -> None:
    """Leave rows in quarantine where they are, with a reason; rows that come later are asked."""
    from salesfc_lib.coordination import cycle as steps
    from salesfc_lib.coordination import open_cycle

    run = open_cycle(project, unit, month)
    rows = steps.answer_quarantine(run, rule, reason=reason, by=by)
    echo(f"Recorded: {rows} rows stay in quarantine.")


def _tell(step: str, month: str, late_days: int) -> None:
    if late_days:
        echo(f"Recorded: '{step}' of {month} is over. Late by days: {late_days}.")
    else:
        echo(f"Recorded: '{step}' of {month} is over, in time.")
