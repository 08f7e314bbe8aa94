"""The demo's month in progress as it went: exports of later days, and what people did about them.

A project whose June is published enters; exports, files and events leave, each at its moment of
July 2026. What people do are commands that anyone could have typed: `run` gets the words of each.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import yaml

from demo_company.months import EXPORTED
from demo_company.running_month import go_on

NOW, LOGIN = "SALESFC_NOW", "JUPYTERHUB_USER"  # which the commands read
EXPORT = "export"

FOLDER = Path(__file__).with_name("july")


def play(project: Path, run: Callable[[Sequence[str], bool], object]) -> Iterator[str]:
    """Each act as it is played: moment, who, command. `run` is told which is the last."""
    acts = yaml.safe_load((FOLDER / "acts.yml").read_text(encoding="utf-8"))
    _date((project / "data").rglob("*.*"), datetime.fromisoformat(f"{EXPORTED}T16:00+08:00"))
    for moment, login, command in acts:
        at = datetime.fromisoformat(f"2026-{moment}+08:00")
        yield f"{at:%Y-%m-%d %H:%M} {login}: {command}"
        with _as_of(at, login):
            if command == EXPORT:
                _export(project, at)
            else:
                words = [re.sub(r"^@", f"{FOLDER}/", word) for word in command.split(" ")]
                run([*words, "--project", str(project)], command == acts[-1][-1])


def _export(project: Path, at: datetime) -> None:
    _date(go_on(project, at.date()), at)


def _date(paths: Iterable[Path], at: datetime) -> None:
    """Let files have come at that moment."""
    for path in paths:
        os.utime(path, (at.timestamp(), at.timestamp()))


@contextmanager
def _as_of(at: datetime, login: str) -> Iterator[None]:
    """The moment and the login, as the commands read them."""
    before = {name: os.environ.get(name) for name in (NOW, LOGIN)}
    os.environ.update({NOW: at.isoformat(), LOGIN: login})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
