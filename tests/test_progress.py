"""Claims about what is told of a step's progress: it arrives, and nothing waits for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from salesfc_lib.execute import run_notebook
from salesfc_lib.progress import VARIABLE, listening, receiving, report

TELL = "from salesfc_lib.progress import report\nfor k in range(3): report(f'model {k}', k, 3)\nreport('', 3, 3)"
TOLD = [("model 0", 0, 3), ("model 1", 1, 3), ("model 2", 2, 3), ("", 3, 3)]


class Heard(list[tuple[str, int, int]]):
    def __call__(self, name: str, done: int, of: int) -> None:
        self.append((name, done, of))


def test_a_listener_in_this_process_hears_in_its_block_only() -> None:
    heard = Heard()
    with listening(heard):
        report("ets", 1, 4)
    report("ces", 2, 4)
    assert heard == [("ets", 1, 4)]


def test_another_process_is_heard(tmp_path: Path) -> None:
    heard = Heard()
    with receiving(tmp_path / "p", heard) as variables:
        subprocess.run([sys.executable, "-c", TELL], env=variables, check=True)
    assert heard == TOLD


def test_a_notebooks_kernel_is_heard_and_leaves_no_trace_in_the_document(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    cells = [nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["parameters"]}), nbformat.v4.new_code_cell(TELL)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    heard = Heard()
    node = run_notebook(path, {}, progress=heard)
    assert heard == TOLD
    assert all(not cell.outputs for cell in node.cells)
    assert "progress" not in nbformat.writes(node).replace("salesfc_lib.progress", "")


def test_nobody_who_listens_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    report("ets", 0, 1)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone"))
    report("ets", 0, 1)


def test_a_listener_that_breaks_or_hears_nonsense_stops_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from salesfc_lib import progress

    heard: list[str] = []

    def listen(name: str, done: int, of: int) -> None:
        heard.append(name)
        raise BrokenPipeError

    with receiving(tmp_path / "p", listen) as variables:
        monkeypatch.setenv(VARIABLE, variables[VARIABLE])
        progress._send(variables[VARIABLE], b"{not json")
        for k in range(1000):  # more than the box holds
            report(str(k), k, 1000)
    assert heard[0] == "0"
    assert heard == sorted(heard, key=int)


def test_a_very_long_name_still_arrives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    heard = Heard()
    with receiving(tmp_path / "p", heard) as variables:
        monkeypatch.setenv(VARIABLE, variables[VARIABLE])
        report("长" * 5000, 0, 1)
    assert heard == [("长" * 100, 0, 1)]


def test_the_modeling_step_reports_each_candidate() -> None:
    import numpy as np

    from salesfc_lib.backtest import run_candidates
    from salesfc_lib.history import History
    from salesfc_lib.schema import Parameters

    heard = Heard()
    names: dict[str, Any] = {"seasonal_naive": {}, "recent_mean": {}}
    history = History(np.array(["a"], dtype=object), np.arange(1.0, 31.0)[None], np.array(["2026-06"], dtype="datetime64[M]"))
    with listening(heard):
        run_candidates(history, Parameters.model_validate({"candidates": names}), horizon=3, progress=report)
    assert heard == [("seasonal_naive", 0, 2), ("recent_mean", 1, 2), ("", 2, 2)]
