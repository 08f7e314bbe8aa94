"""The verbs of files for others: the archive as a star schema, a month's workbooks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from salesfc_lib.cli.verbs import Project, Unit, app, month_option
from salesfc_lib.terminal import echo


@app.command()
def star(
    project: Project = Path("."),
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Its folder. Default: reports/star.", file_okay=False),
    ] = None,
    database_env: Annotated[
        str,
        typer.Option(
            "--database-env",
            metavar="NAME",
            help="Load it into PostgreSQL too: variable of the environment with the address.",
        ),
    ] = "",
) -> None:
    """Write all published months as a star schema: Parquet, DuckDB, PostgreSQL on request."""
    import pandas as pd

    from salesfc_lib.coordination import list_alerts
    from salesfc_lib.foundation import parameters
    from salesfc_lib.handover import load_star, write_star

    alerts = [list_alerts(project, unit) for unit in parameters.list_units(project)]
    done = write_star(project, out, pd.concat(alerts) if alerts else None)
    for month, why in done.left_out.items():
        echo(f"Left out of {month}: {why.rstrip('.')}.", err=True)
    echo(f"{done.written} months written, {done.kept} as they were. Star schema: {done.folder}")
    if database_env:
        rows = load_star(done.folder, database_env)
        echo(f"{rows:,} rows loaded into schema star of the database that {database_env} names.")
    if done.left_out:
        raise typer.Exit(1)


@app.command()
def workbooks(
    unit: Unit,
    month: Annotated[str, month_option("--month", help="A published month.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Their folder. Default: below reports/handover.", file_okay=False
        ),
    ] = None,
    project: Project = Path("."),
) -> None:
    """Write a published month's workbooks for sales, purchasing, production and finance."""
    from salesfc_lib import steps
    from salesfc_lib.handover import write_workbooks

    for path in write_workbooks(steps.open_month(project, unit, month), out):
        echo(f"Wrote {path}.")
