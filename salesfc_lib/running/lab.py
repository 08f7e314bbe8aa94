"""JupyterLab on a project: its own copies of the notebooks, bound to this machine, with a token."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from salesfc_lib.foundation import language, parameters, resources, translate_message

LOOPBACK = "127.0.0.1"


def copy_notebooks(project: Path) -> list[Path]:
    """Notebooks put into `<project>/notebooks`, relative to it; those that stand there are kept.

    A project's notebooks are the analyst's own: they may be changed and saved, and what the
    monthly run executes stays as it was shipped.
    """
    target, copied = project / "notebooks", []
    for source in sorted(resources.NOTEBOOKS.rglob("*.ipynb")):
        place = source.relative_to(resources.NOTEBOOKS)
        if ".ipynb_checkpoints" in place.parts or (target / place).exists():
            continue
        (target / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target / place)
        copied.append(place)
    return copied


def lab_command(project: Path, *, port: int | None = None, browser: bool = True) -> list[str]:
    """Arguments of a JupyterLab that serves `project` on the loopback address only."""
    command = [
        *(sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={project}"),
        *(f"--ServerApp.ip={LOOPBACK}", "--LabApp.default_url=/lab/tree/notebooks"),
    ]
    if port is not None:
        command.append(f"--ServerApp.port={port}")
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # as in a container
        command.append("--allow-root")
    return command


def open_lab(project: Path, *, port: int | None = None, browser: bool = True) -> int:
    """Exit status of JupyterLab on the project; the token is new each time, or `JUPYTER_TOKEN`.

    Raises `RequestError` for a folder that holds no unit.
    """
    root = project.resolve()
    if not parameters.list_units(root):
        raise parameters.no_units(root)
    copied = copy_notebooks(root)
    if copied:
        with language.speaking(language.of_reader()):
            said = f"Copied {len(copied)} notebooks to '{root / 'notebooks'}'."
            print(translate_message(said), flush=True)
    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_urlsafe(24)
    environment = {**os.environ, "JUPYTER_TOKEN": token}
    command = lab_command(root, port=port, browser=browser)
    return subprocess.run(command, env=environment, check=False).returncode
