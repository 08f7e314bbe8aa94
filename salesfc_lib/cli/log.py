"""The verbs of the event log: shown, verified, exported, imported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from salesfc_lib.cli.verbs import By, Project, app, month_option, name_actor
from salesfc_lib.terminal import Verbs, echo

log = typer.Typer(cls=Verbs, no_args_is_help=True, help="What was recorded, by whom and when.")
app.add_typer(log, name="log")

File = Annotated[Path, typer.Argument(help="A file of lines, one event each.", dir_okay=False)]
Of = Annotated[str | None, typer.Option("--unit", help="Default: every unit.")]
LOG = "log"  # unit of events on the log itself


@log.command("show")
def show(
    unit: Of = None,
    month: Annotated[str | None, month_option("--month", help="Default: every month.")] = None,
    what: Annotated[
        str | None, typer.Option("--what", help="A kind, or its first part, such as alert.")
    ] = None,
    series: Annotated[str | None, typer.Option("--series", help="Id of a series.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="YYYY-MM-DD", help="From that day on (UTC).")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, the newest.")] = 50,
    project: Project = Path("."),
) -> None:
    """Show events, the newest last."""
    from salesfc_lib import archive
    from salesfc_lib.foundation import in_words, language

    asked: dict[str, Any] = {"unit": unit, "month": month, "what": what, "series": series}
    with language.speaking(language.of_reader()):
        for address in archive.list_addresses(project):
            found = archive.read_records(
                project, **asked, since=since, last=limit, address_env=address
            )
            for row in found.to_dict("records"):
                echo(_describe({str(name): value for name, value in row.items()}, in_words))


@log.command("verify")
def verify(project: Project = Path(".")) -> None:
    """Say whether events are as they were written, and name the first that is not."""
    from salesfc_lib.running import verify_log

    if not verify_log(project, echo):
        raise typer.Exit(1)
    echo("Every event is as it was written.")


@log.command("export")
def export(file: File, project: Project = Path(".")) -> None:
    """Write all events to a file of lines, which `import` reads back as they are."""
    from salesfc_lib import archive

    address = archive.find_address(project, LOG)
    echo(f"Wrote {archive.export_log(project, file, address_env=address)} events to {file}.")


@log.command("import")
def bring_in(file: File, project: Project = Path(".")) -> None:
    """Add the events of a file to a log that is empty, or that they go on from."""
    from salesfc_lib import archive

    address = archive.find_address(project, LOG)
    echo(f"Added {archive.import_log(project, file, address_env=address)} events.")


@log.command("accept")
def accept(
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    by: By = "",
    project: Project = Path("."),
) -> None:
    """Go on with a log that lost its end, and record that: for an administrator."""
    from salesfc_lib import archive

    who, address = name_actor(project, LOG, by), archive.find_address(project, LOG)
    number = archive.accept_log(project, who=who, reason=reason, address_env=address)
    echo(f"Recorded as event {number}.")


def _describe(row: dict[str, Any], in_words: Any) -> str:
    """An event in a line."""
    about = " ".join(filter(None, [row["subject"], row["series"], row["version"]]))
    changed = [json.dumps(row[name], ensure_ascii=False) for name in ("old", "new") if row[name]]
    clock = f" (clock: {row['clock']})" if row["clock"] else ""
    where = f"{row['unit']} {row['month']}"
    parts = [f"{row['number']} {row['at']}{clock}", row["who"], row["what"], where, about]
    return " · ".join(filter(None, [*parts, in_words(row["reason"]), " → ".join(changed)]))
