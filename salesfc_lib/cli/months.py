"""The verbs of a month: exports looked at, units published, what is published verified.

Exit status: 0 all units published, 1 a unit failed, 2 the request itself is wrong. Each verb
imports what it needs, so that help is immediate; an error is one paragraph, not a traceback.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesfc_lib.cli.verbs import (
    Again,
    Exports,
    Project,
    Reason,
    Sets,
    Unit,
    Units,
    Workers,
    app,
    month_option,
)
from salesfc_lib.errors import RequestError
from salesfc_lib.terminal import echo

if TYPE_CHECKING:
    from salesfc_lib.running import Outcome


@app.command()
def init(
    exports: Exports,
    unit: Annotated[
        str | None,
        typer.Option("--unit", help="Id of the unit. Default: from the first file's name."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="Column whose members are a unit each: a file for every one."),
    ] = None,
    project: Project = Path("."),
) -> None:
    """Write a unit's parameter file to start from, out of its exports."""
    from salesfc_lib.foundation import language
    from salesfc_lib.inspection import describe_start, write_split_files, write_unit_file

    own = exports if split is None else ()
    if split is None:
        with language.speaking(language.of_reader()):
            path, found = write_unit_file(exports, project, unit)
        echo(f"Wrote {path}.")
    elif unit is None:
        with language.speaking(language.of_reader()):
            paths, found, blank = write_split_files(exports, project, split)
        for path, member in paths.items():
            echo(f"Wrote {path} ({member}).")
        if blank:
            echo(f"Of no unit: {blank:,} rows without a member of {split}.")
        path = next(iter(paths))
    else:
        raise RequestError.of("--unit and --split", "One of them", "Leave out --unit")
    for line in describe_start(found, project, path.stem, own):
        echo(line)


@app.command()
def inspect(
    exports: Exports,
    as_json: Annotated[bool, typer.Option("--json", help="All that was found, as JSON.")] = False,
    project: Project = Path("."),
) -> None:
    """Look at exports: what they hold, how to read them, what to ask, the source to declare."""
    from salesfc_lib.foundation import language
    from salesfc_lib.inspection import inspect_exports

    with language.speaking(language.SOURCE if as_json else language.of_reader()):
        text, unreadable = inspect_exports(exports, project, as_json=as_json)
    typer.echo(text)
    for message in unreadable:
        echo(message, err=True)
    if unreadable:
        raise typer.Exit(1)


@app.command()
def run(
    month: Annotated[
        str | None, month_option("--month", help="Default: the latest closed month.")
    ] = None,
    unit: Units = None,
    sets: Sets = None,
    again: Again = False,
    reason: Reason = "",
    workers: Workers = None,
    project: Project = Path("."),
) -> None:
    """Publish a month for all units: notebooks, pages, tables."""
    from salesfc_lib.running import Request, run_month

    units, why = tuple(unit or ()), _reason(again, reason)
    request = Request(project.resolve(), units, tuple(sets or ()), why, workers)
    _publish(partial(run_month, request, month), project)


@app.command()
def backfill(
    start: Annotated[str, month_option("--from", help="First month.")],
    end: Annotated[str, month_option("--to", help="Last month.")],
    unit: Units = None,
    sets: Sets = None,
    again: Again = False,
    reason: Reason = "",
    workers: Workers = None,
    project: Project = Path("."),
) -> None:
    """Archive the forecasts of past months as they would have been made then."""
    from salesfc_lib.running import Request
    from salesfc_lib.running import backfill as archive_past

    units, why = tuple(unit or ()), _reason(again, reason)
    request = Request(project.resolve(), units, tuple(sets or ()), why, workers)
    _publish(partial(archive_past, request, start, end), project)


@app.command()
def parameters(
    unit: Unit,
    month: Annotated[
        str | None, month_option("--month", help="With that month's exceptions.")
    ] = None,
    sets: Sets = None,
    project: Project = Path("."),
) -> None:
    """Print the resolved set and the layer of each key."""
    from salesfc_lib.archive import describe_parameters
    from salesfc_lib.foundation import check_month, resolve

    resolved = resolve(project, unit, check_month(month) if month else None, sets or ())
    for key, entry in describe_parameters(resolved).items():
        because = f"  ({entry['reason']})" if entry["reason"] else ""
        value = json.dumps(entry["value"], ensure_ascii=False)
        typer.echo(f"{entry['layer']:<12} {key} = {value}{because}")


@app.command()
def bridge(
    unit: Unit,
    month: Annotated[str, month_option("--month", help="A closed month.")],
    sets: Sets = None,
    project: Project = Path("."),
) -> None:
    """Print how the unit's total becomes the one under another definition (--set).

    Without --set: how what was read becomes the panel.
    """
    from salesfc_lib.foundation import check_month, language
    from salesfc_lib.reporting import bridge_text

    with language.speaking(language.of_reader()):
        typer.echo(bridge_text(project, unit, check_month(month), sets or ()))


@app.command()
def scan(unit: Unit, sets: Sets = None, project: Project = Path(".")) -> None:
    """Say what cleaning would find in a unit's exports and what would stop its month.

    Nothing is written.
    """
    from salesfc_lib import cleaning
    from salesfc_lib.foundation import language, resolve

    settings = resolve(project, unit, None, sets or ()).parameters
    found = cleaning.scan.scan_unit(settings, project, unit)
    with language.speaking(language.of_reader()):
        for line in cleaning.scan.describe_scan(found):
            echo(line)
    if found.blocks:
        raise typer.Exit(1)


@app.command()
def proposals(unit: Unit, sets: Sets = None, project: Project = Path(".")) -> None:
    """Say which members look renamed, and print the YAML that accepts it."""
    from salesfc_lib import cleaning
    from salesfc_lib.foundation import language, resolve

    settings = resolve(project, unit, None, sets or ()).parameters
    proposed = cleaning.scan.propose_for(settings, cleaning.read_all(settings, project))
    with language.speaking(language.of_reader()):
        for line in cleaning.scan.describe_proposals(proposed):
            echo(line)


@app.command()
def verify(
    month: Annotated[str | None, month_option("--month", help="Default: every month.")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="Default: every unit.")] = None,
    project: Project = Path("."),
) -> None:
    """Re-hash and re-check what is published; say what differs."""
    from salesfc_lib.running import verify as verify_published

    if not verify_published(project, month, unit, echo):
        raise typer.Exit(1)
    echo("Everything published is as its manifests say.")


@app.command()
def lab(
    project: Project = Path("."),
    port: Annotated[int | None, typer.Option(help="Default: the first free from 8888.")] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser on it.")] = True,
) -> None:
    """Open JupyterLab on the project, for this machine only."""
    from salesfc_lib.running import open_lab

    raise typer.Exit(open_lab(project, port=port, browser=browser))


def _reason(again: bool, reason: str) -> str:
    if again != bool(reason.strip()):
        raise RequestError.of(
            "--reason is missing" if again else "--again is missing",
            "Publishing again takes both: --again --reason TEXT",
            "Say why the published month has to be replaced",
        )
    return reason.strip()


def _publish(work: Callable[..., list[Outcome]], project: Path) -> None:
    """Publish while showing progress; at last say where to look, and exit with the status."""
    from salesfc_lib.running import watch

    with watch() as notify:
        outcomes = work(notify=notify)
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    for outcome in failed:
        where = f" See {outcome.path}." if outcome.path else ""
        echo(f"{outcome.unit} {outcome.month}: {outcome.message}{where}", err=True)
    echo(_sum_up(Counter(each.state for each in outcomes), project / "reports" / "index.html"))
    if failed:
        raise typer.Exit(1)


def _sum_up(states: Counter[str], pages: Path) -> str:
    """How many months ended how, and where to look."""
    done, before, failed = (states[each] for each in ("published", "skipped", "failed"))
    if before and failed:
        return f"{done} published, {before} published already, {failed} failed. Pages: {pages}"
    if before:
        return f"{done} published, {before} published already. Pages: {pages}"
    if failed:
        return f"{done} published, {failed} failed. Pages: {pages}"
    return f"{done} published. Pages: {pages}"
