"""`salesfc lab`: the project's own notebooks, this machine alone, and never without a token."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from salesfc_lib.errors import RequestError
from salesfc_lib.running.lab import copy_notebooks, lab_command, open_lab

TOKEN = "a-token-of-this-test"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    units = tmp_path / "parameters" / "units"
    units.mkdir(parents=True)
    (units / "north.yml").write_text("unit: {title: 北方}\n", encoding="utf-8")
    return tmp_path


def test_an_analysts_notebook_is_never_overwritten(project: Path) -> None:
    own = project / "notebooks" / "02_modeling.ipynb"
    own.parent.mkdir()
    own.write_text("mine", encoding="utf-8")
    copied = copy_notebooks(project)
    assert Path("01_cleaning.ipynb") in copied
    assert Path("lab/compare_candidate.ipynb") in copied
    assert own.read_text(encoding="utf-8") == "mine"
    assert copy_notebooks(project) == []


def test_root_is_allowed_only_where_it_is_root(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert "--allow-root" in lab_command(project)
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    assert "--allow-root" not in lab_command(project)
    assert "--ServerApp.ip=127.0.0.1" in lab_command(project)


def test_a_folder_without_units_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="salesfc init"):
        open_lab(tmp_path)
    assert not (tmp_path / "notebooks").exists()


@pytest.fixture
def address(project: Path) -> Iterator[str]:
    """Address of a JupyterLab that `salesfc lab` has started on the project."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "salesfc_lib.cli", "lab", "--project", str(project)]
    log = (project / "lab.log").open("wb")
    lab = subprocess.Popen(
        [*command, "--port", str(port), "--no-browser"],
        env={**os.environ, "JUPYTER_TOKEN": TOKEN, "JUPYTER_CONFIG_DIR": str(project / ".jupyter")},
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(lab.pid, 9)
        lab.wait()
        log.close()


def fetch(address: str, token: str) -> tuple[int, bytes]:
    request = urllib.request.Request(address, headers={"Authorization": f"token {token}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as found:
            return found.status, found.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


def test_it_serves_the_project_to_who_holds_the_token(project: Path, address: str) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            status, body = fetch(f"{address}/api/contents/notebooks", TOKEN)
            break
        except OSError:
            assert time.monotonic() < deadline, (project / "lab.log").read_text(encoding="utf-8")
            time.sleep(0.3)
    assert status == 200
    names = {item["name"] for item in json.loads(body)["content"]}
    assert {"01_cleaning.ipynb", "04_retrospective.ipynb", "lab"} <= names
    assert fetch(f"{address}/api/contents", "another")[0] == 403
