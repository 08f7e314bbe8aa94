"""The demo company: its exports written, and its month in progress played by its own commands."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from salesfc_lib.cli.verbs import LATER, Project, app
from salesfc_lib.errors import RequestError
from salesfc_lib.terminal import echo


@app.command()
def demo(
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="YYYY-MM-DD", help="Export again on a later day of July."),
    ] = None,
    play: Annotated[
        bool, typer.Option("--play", help="Play July: later exports, and what people did.")
    ] = False,
    project: Project = Path("."),
) -> None:
    """Write the demo company's exports, parameter files and overrides."""
    from salesfc_lib.foundation import resources

    sys.path.insert(0, str(resources.find_examples()))
    import demo_company

    if play:
        for act in demo_company.play(project, partial(_act, project)):
            echo(act)
        return
    if on is None:
        demo_company.write_demo(project)
    else:
        try:
            demo_company.go_on(project, date.fromisoformat(on))
        except ValueError as error:
            expected = "A day of the demo's month in progress, such as 2026-07-22"
            raise RequestError.of(f"--on is '{on}'", expected, "Correct it") from error
    echo(f"The demo company's exports stand under {project / 'data'}.")


def _act(project: Path, words: Sequence[str], is_last: bool) -> None:
    """Do what a command of the demo says; `#kind/text` in it is the number of an event."""
    from salesfc_lib.archive import read_records

    def number(found: re.Match[str]) -> str:
        events = read_records(project, what=found[1])
        says = events["subject"] + events["new"].map(partial(json.dumps, ensure_ascii=False))
        return str(events.loc[says.str.contains(found[2], regex=False), "number"].min())

    named = [re.sub(r"#([a-z.]+)/(\w+)", number, word) for word in words]
    app(named, standalone_mode=False, obj=None if is_last else LATER)
