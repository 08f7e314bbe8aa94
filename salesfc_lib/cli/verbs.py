"""The application, and options that several verbs have."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.terminal import Verbs

app = typer.Typer(
    cls=Verbs,
    help="Monthly sales forecasts by unit: cleaned, forecast, reconciled, reviewed, published.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


LATER = "pages later"  # object of a context whose caller has the pages written in the end


def show_after(context: typer.Context, project: Path) -> Path:
    """The project; its live pages are written anew when the verb is over, unless it was refused."""
    context.call_on_close(partial(_show, context, project))
    return project


def _show(context: typer.Context, project: Path) -> None:
    if isinstance(sys.exc_info()[1], SalesForecastError) or context.obj == LATER:
        return
    from salesfc_lib.running import renew_pages

    renew_pages(project)


month_option = partial(typer.Option, metavar="YYYY-MM")
Exports = Annotated[list[Path], typer.Argument(help="Exports: files, folders, patterns.")]
Unit = Annotated[str, typer.Argument(help="Id of the unit.")]
Project = Annotated[
    Path,
    typer.Option("--project", help="Folder of parameters/, data and reports/.", file_okay=False),
]
ShownAfter = Annotated[  # of a verb after which something stands otherwise
    Path,
    typer.Option(
        "--project",
        help="Folder of parameters/, data and reports/.",
        file_okay=False,
        callback=show_after,
    ),
]
Units = Annotated[
    list[str] | None, typer.Option("--unit", help="A unit; repeat it for more. Default: all.")
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A parameter for this run; repeat for more."),
]
Again = Annotated[
    bool,
    typer.Option("--again", help="Publish what is published again; the earlier version is kept."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why it is published again.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Units side by side. Default: one a core.")
]
By = Annotated[str, typer.Option("--by", help="Who acts. Default: who is signed in.")]


def name_actor(project: Path, unit: str, said: str) -> str:
    """Name of who acts: who is named, or who is signed in."""
    from salesfc_lib import archive

    return archive.name_actor(project, unit, said)
