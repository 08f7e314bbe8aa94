"""What several test modules share: the demo company's reports, and where real data sets lie."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
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
WRITTEN = (["demo"], ["backfill", "--from", FIRST, "--to", LAST], ["run", "--month", MONTH])


def salesfc(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    program = [sys.executable, "-m", "salesfc_lib.cli", *arguments]
    return subprocess.run(
        program, capture_output=True, text=True, env={**os.environ, **(env or {})}, check=False
    )


def in_turn(work: Any, tasks: Sequence[Any], *, notify: Any, **_: Any) -> list[Any]:
    """Results of `work(task, notify)`, one after the other in this process."""
    return [work(task, notify) for task in tasks]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Large modules first, and those that need the demo last, as it is being written meanwhile."""
    size = Counter(map(_scope, items))
    late = {_scope(item) for item in items if _needs_demo(item)}
    items.sort(key=lambda item: (_scope(item) in late, -size[_scope(item)]))


def _scope(item: pytest.Item) -> str:
    return item.nodeid.rpartition("::")[0]


def _needs_demo(item: pytest.Item) -> bool:
    return "demo_project" in getattr(item, "fixturenames", ())


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the demo beside the first tests, so that no worker waits for another to write it."""
    if "PYTEST_XDIST_WORKER" in os.environ and any(map(_needs_demo, session.items)):
        base = Path(session.config._tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]
        threading.Thread(target=_write_demo, args=[base.parent / "demo"], daemon=True).start()


def _write_demo(folder: Path) -> str:
    """The demo company with its backfilled year and published month, once; what failed, if any."""
    with open(f"{folder}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for arguments in () if (folder / "done").exists() else WRITTEN:
            done = salesfc(*arguments, "--project", str(folder))
            if done.returncode != 0:
                shutil.rmtree(folder, ignore_errors=True)
                return f"{arguments}: {done.stdout}\n{done.stderr}"
        (folder / "done").touch()
    return ""


@pytest.fixture(scope="session")
def demo_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo company with its backfilled year and published month, once for all workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo"
    failed = _write_demo(folder)
    assert not failed, failed
    return folder


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
