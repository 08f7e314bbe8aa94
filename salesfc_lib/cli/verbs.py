"""The application, and options that several verbs have."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from salesfc_lib.terminal import Verbs

app = typer.Typer(
    cls=Verbs,
    help="Monthly sales forecasts by unit: cleaned, forecast, reconciled, reviewed, published.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


month_option = partial(typer.Option, metavar="YYYY-MM")
Exports = Annotated[list[Path], typer.Argument(help="Exports: files, folders, patterns.")]
Unit = Annotated[str, typer.Argument(help="Id of the unit.")]
Project = Annotated[
    Path,
    typer.Option("--project", help="Folder of parameters/, data and reports/.", file_okay=False),
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
