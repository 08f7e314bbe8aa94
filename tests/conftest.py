"""What several test modules share: the demo company's reports, and where real data sets lie."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# a run of the tests is the same run everywhere, and a busy machine fails none of them
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("new", deadline=None)  # new examples each time, for a developer
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

CHECKOUT = Path(__file__).resolve().parents[1]
FIRST, LAST, MONTH = "2025-10", "2026-05", "2026-06"  # as `make report`, but for its first months


def salesfc(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    program = [sys.executable, "-m", "salesfc_lib.cli", *arguments]
    return subprocess.run(
        program, capture_output=True, text=True, env={**os.environ, **(env or {})}, check=False
    )


def in_turn(work: Any, tasks: Sequence[Any], *, notify: Any, **_: Any) -> list[Any]:
    """Results of `work(task, notify)`, one after the other in this process."""
    return [work(task, notify) for task in tasks]


@pytest.fixture(scope="session")
def demo_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo company with its backfilled year and published month, once for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo"
    with open(f"{shared}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "done").exists():
            for arguments in (
                ["demo"],
                ["backfill", "--from", FIRST, "--to", LAST],
                ["run", "--month", MONTH],
            ):
                done = salesfc(*arguments, "--project", str(shared))
                assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
            (shared / "done").touch()
    return shared


@pytest.fixture(scope="session")
def demo_reports(demo_project: Path) -> Path:
    """The demo's reports."""
    return demo_project / "reports"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the public data sets; skips, and says so, where it is missing."""
    folder = Path(os.environ.get("SALESFC_DATA", CHECKOUT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(
            f"No public data sets at '{folder}': set SALESFC_DATA to run the tests on real data"
        )
    return folder


@pytest.fixture(scope="session")
def cases() -> Path:
    """Folder of the small exports that real systems give; skips, and says so, without it."""
    folder = Path(os.environ.get("SALESFC_CASES", CHECKOUT.parent / "shared" / "cases"))
    if not folder.is_dir():
        pytest.skip(f"No cases at '{folder}': set SALESFC_CASES to run the tests on them")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests recorded as `summary`, such as the score table of the defects."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, text in report.user_properties if report.when == "call" else []:
            if name == "summary":
                terminalreporter.write_line("")
                terminalreporter.write_line(str(text))
