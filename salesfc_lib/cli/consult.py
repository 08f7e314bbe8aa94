"""The verbs of the consultation: questions asked, listed and answered; forecasts of departments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesfc_lib.cli.cycle import By, Month, Why
from salesfc_lib.cli.verbs import Project, ShownAfter, Unit, app
from salesfc_lib.errors import RequestError
from salesfc_lib.terminal import Verbs, echo

if TYPE_CHECKING:
    from salesfc_lib.coordination.entering import EffectLine, OverrideLine

consult = typer.Typer(
    cls=Verbs, no_args_is_help=True, help="What departments are asked, know and forecast."
)
app.add_typer(consult, name="consult")

OfDepartment = Annotated[
    str | None, typer.Option("--department", help="A department. Default: all.")
]
Named = Annotated[str, typer.Argument(metavar="QUESTION", help="The question, such as Q12.")]


@consult.command("ask")
def ask(unit: Unit, by: By = "", month: Month = None, project: ShownAfter = Path(".")) -> None:
    """Ask each department what the published month leaves open; nothing is asked twice."""
    from salesfc_lib.coordination import consultation, open_cycle

    run = open_cycle(project, unit, month)
    echo(f"Questions asked: {consultation.ask_questions(run, by=by)}.")


@consult.command("list")
def list_asked(
    unit: Unit,
    department: OfDepartment = None,
    every: Annotated[bool, typer.Option("--all", help="Also what is answered.")] = False,
    month: Month = None,
    project: Project = Path("."),
) -> None:
    """List the questions that are open, by department."""
    from salesfc_lib.coordination import consultation, open_cycle
    from salesfc_lib.foundation import in_words, language

    rows = consultation.list_questions(open_cycle(project, unit, month), department)
    shown = rows if every else rows[rows["answer"].isna()]
    with language.speaking(language.of_reader()):
        for row in shown.to_dict("records"):
            echo(f"Q{row['number']} {row['department']}: {in_words(row['says'])}")
            if isinstance(row["answer"], str):
                became = f" -> {row['became']}" if row["became"] else ""
                echo(f"  {row['answered_by']}: {row['answer']}{became}")
    if shown.empty:
        echo("No question is open.")


@consult.command("answer")
def answer(
    unit: Unit,
    question: Named,
    text: Annotated[str, typer.Argument(help="What is known.")],
    by: By = "",
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--override",
            metavar="SERIES:YYYY-MM=VALUE",
            help="It becomes an override: a number, or a change such as -5%. Repeat it for more.",
        ),
    ] = None,
    effect: Annotated[
        str, typer.Option("--effect", help="It becomes an effect: -100%, or an amount a month.")
    ] = "",
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="DIMENSION=MEMBER", help="Whom the effect is for."),
    ] = None,
    event: Annotated[
        str, typer.Option("--event", help="It becomes an event of that name, --from and --to days.")
    ] = "",
    event_kind: Annotated[
        str, typer.Option("--kind", help="Kind of the event, such as competitor.")
    ] = "",
    start: Annotated[
        str, typer.Option("--from", metavar="YYYY-MM[-DD]", help="Its first month, or day.")
    ] = "",
    until: Annotated[
        str, typer.Option("--to", metavar="YYYY-MM[-DD]", help="Its last one. Default: for ever.")
    ] = "",
    again: Annotated[bool, typer.Option("--again", help="Correct an answer.")] = False,
    month: Month = None,
    project: ShownAfter = Path("."),
) -> None:
    """Answer a question; it may become an effect, an event or overrides, with author and reason."""
    from salesfc_lib.coordination import consultation, open_cycle
    from salesfc_lib.coordination.entering import EffectLine, EventLine

    ways = {"--effect": effect, "--event": event, "--override": override}
    if len(named := [name for name, value in ways.items() if value]) > 1:
        raise RequestError.of(" and ".join(named), "One of them", "Answer with one of them")
    becomes: EffectLine | EventLine | list[OverrideLine]
    becomes = [_read_override(each) for each in override or []]
    scope = dict(_split(each, "=", "--where") for each in where or [])
    if event:
        becomes = EventLine(name=event, start=start, end=until, kind=event_kind, scope=scope)
    if effect:
        number, is_percent = _read_number(effect, "--effect")
        kind = "percent" if is_percent else "amount"
        becomes = EffectLine(scope=scope, kind=kind, change=number, start=start, until=until)
    given = consultation.Answer(text=text, becomes=becomes)
    run = open_cycle(project, unit, month)
    became = consultation.answer_question(run, question, given, by=by, again=again)
    if became:
        echo(f"Recorded. It became {became}; `salesfc run --again` applies it.")
    else:
        echo("The answer is recorded.")


@consult.command("none")
def none(
    unit: Unit,
    department: Annotated[str, typer.Option("--department", help="The department.")],
    reason: Why,
    by: By = "",
    month: Month = None,
    project: ShownAfter = Path("."),
) -> None:
    """Answer all open questions of a department with one reason: there is nothing to add."""
    from salesfc_lib.coordination import consultation, open_cycle

    run = open_cycle(project, unit, month)
    count = consultation.answer_nothing(run, department, reason=reason, by=by)
    echo(f"Questions answered: {count}.")


@consult.command("view")
def view(
    unit: Unit,
    department: Annotated[str, typer.Option("--department", help="Whose forecast it is.")],
    file: Annotated[Path, typer.Option("--file", help="A CSV or XLSX file.")],
    reason: Annotated[str, typer.Option("--reason", help="What it rests on.")],
    measure: Annotated[
        str, typer.Option("--in", help="amount, quantity or percent (of a year before).")
    ] = "",
    by: By = "",
    month: Month = None,
    project: Project = Path("."),
) -> None:
    """Enter a department's forecast as a new version; earlier ones are kept."""
    from salesfc_lib.coordination import open_cycle, views

    run = open_cycle(project, unit, month)
    given = measure or run.parameters.measure.value
    version = views.enter_view(run, department, file, measure=given, reason=reason, by=by)
    echo(f"Entered: version {version} of '{department}' for {run.month}.")


@consult.command("compare")
def compare(
    unit: Unit,
    most: Annotated[int, typer.Option("--most", min=1, help="Disagreements shown.")] = 5,
    month: Month = None,
    project: Project = Path("."),
) -> None:
    """List where departments' forecasts differ most from the statistical one, by branch."""
    from salesfc_lib.coordination import open_cycle, views
    from salesfc_lib.foundation import language, text_of

    run = open_cycle(project, unit, month)
    found = views.list_disagreements(run, most=most)
    with language.speaking(language.of_reader()):
        for row in found.to_dict("records"):
            echo(text_of("consult.differs", **row))
    if found.empty:
        echo("No forecast of a department differs from the statistical one.")


@consult.command("decide")
def decide(
    unit: Unit,
    take: Annotated[
        list[str],
        typer.Option(
            "--take",
            metavar="NAME[:SHARE]",
            help="A department, statistical, published, plan or last_year. Repeat it for a mix.",
        ),
    ],
    reason: Why,
    rows: Annotated[
        str, typer.Option("--rows", help="Where: dimension=member or a series. Default: all.")
    ] = "",
    by: By = "",
    month: Month = None,
    project: Project = Path("."),
) -> None:
    """Decide which forecast counts, or a mix of several: it becomes overrides."""
    from salesfc_lib.coordination import open_cycle, views

    pairs = [each.partition(":") for each in take]
    takes = {name.strip(): _read_share(share) if found else 1.0 for name, found, share in pairs}
    if len(takes) < len(take):
        raise RequestError.of("--take names a forecast twice", "Each of them once", "Correct it")
    run = open_cycle(project, unit, month)
    count = views.decide_view(run, takes, rows=rows, reason=reason, by=by)
    if count:
        echo(f"Decided. Overrides written: {count}; `salesfc run --again` applies them.")
    else:
        echo("Decided: the published forecast stays as it is.")


@consult.command("scores")
def scores(unit: Unit, project: Project = Path(".")) -> None:
    """Say how near departments' earlier forecasts came, beside the statistical ones."""
    from salesfc_lib.coordination import open_cycle, views
    from salesfc_lib.foundation import language, text_of

    found = views.score_views(open_cycle(project, unit))
    with language.speaking(language.of_reader()):
        for row in found.to_dict("records"):
            echo(text_of("consult.scored", **row))
    if found.empty:
        echo("No month of a department's forecast is known yet.")


def _read_share(text: str) -> float:
    number, is_percent = _read_number(text, "--take")
    return number / 100 if is_percent else number


def _read_override(text: str) -> OverrideLine:
    from salesfc_lib.coordination.entering import OverrideLine

    where, value = _split(text, "=", "--override", last=True)
    unique_id, ds = _split(where, ":", "--override", last=True)
    number, is_percent = _read_number(value, "--override")
    new, percent = (None, number) if is_percent else (number, None)
    return OverrideLine(unique_id=unique_id, ds=ds, new=new, percent=percent)


def _split(text: str, by: str, option: str, *, last: bool = False) -> tuple[str, str]:
    """The parts before and after the first (or last) `by`."""
    first, found, second = text.rpartition(by) if last else text.partition(by)
    if not found or not first.strip() or not second.strip():
        shape = {"--where": "region=华东", "--override": "region:华东:2026-07=-5%"}
        expected = f"Such as {shape.get(option, 'sales=0.5')}"
        raise RequestError.of(f"{option} is '{text}'", expected, "Correct it")
    return first.strip(), second.strip()


def _read_number(text: str, option: str) -> tuple[float, bool]:
    """A number, and whether it is in percent."""
    from salesfc_lib.intake import evidence, parse_number

    try:
        number, is_percent = parse_number(text.strip())
    except evidence.Unreadable:
        expected = "A number with its sign, such as -5% or 12500"
        raise RequestError.of(f"{option} is '{text}'", expected, "Correct it") from None
    return float(number), is_percent
