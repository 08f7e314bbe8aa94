"""Live pages are written anew where something on them may be another, and else left alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from salesfc_lib import reporting
from salesfc_lib.archive import Record, append_record
from salesfc_lib.running import renew_pages

MORNING = datetime.fromisoformat("2026-07-14T09:00").astimezone()
ABOUT = {"what": "action.add", "who": "韩磊", "month": "2026-06", "reason": "r"}
Renew = Callable[..., Any]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    units = tmp_path / "parameters" / "units"
    units.mkdir(parents=True)
    for unit in ("north", "south"):
        (units / f"{unit}.yml").write_text("sources: {}\n", "utf-8")
        append_record(tmp_path, Record(unit=unit, **ABOUT))
    return tmp_path


@pytest.fixture
def renew(project: Path, monkeypatch: pytest.MonkeyPatch) -> Renew:
    """Renew at a moment; the units whose pages were written, None for all, "" for nothing."""
    written: list[Any] = []

    def write(_: Path, reports: Path, at: datetime, *, units: Collection[str] | None) -> None:
        (reports / "now").mkdir(parents=True, exist_ok=True)
        (reports / "now" / "index.html").touch()
        written.append(None if units is None else {*units})

    monkeypatch.setattr(reporting, "write_now", write)

    def act(at: datetime, looked: Collection[str] = ()) -> Any:
        written.clear()
        renew_pages(project, at, looked)
        return written[-1] if written else ""

    return act


def test_pages_of_what_changed_are_written_and_all_of_them_on_a_new_day(
    project: Path, renew: Renew
) -> None:
    assert renew(MORNING) is None, "they were never written"
    assert renew(MORNING + timedelta(hours=1)) == ""
    append_record(project, Record(unit="south", **ABOUT))
    assert renew(MORNING + timedelta(hours=2)) == {"south"}
    assert renew(MORNING + timedelta(hours=3), ["north"]) == {"north"}
    assert renew(MORNING + timedelta(days=1)) is None
    assert renew(MORNING + timedelta(days=1)) == ""


def test_pages_that_are_gone_and_a_log_that_was_put_back_are_noticed(
    project: Path, renew: Renew
) -> None:
    shutil.copytree(project / "archive", project / "copy")
    append_record(project, Record(unit="south", **ABOUT))
    assert renew(MORNING) is None
    shutil.rmtree(project / "archive")
    (project / "copy").rename(project / "archive")
    assert renew(MORNING) is None
    assert renew(MORNING) == ""
    (project / "reports" / "now" / "index.html").unlink()
    assert renew(MORNING) is None
    (project / "reports" / ".watch" / "pages.json").write_text("[", "utf-8")
    assert renew(MORNING) is None
