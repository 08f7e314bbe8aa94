"""The demo's month in progress, played by its own commands: what stands at its end."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from salesfc_lib.archive import read_records, verify_log
from salesfc_lib.cli import app
from salesfc_lib.coordination import cycle, list_alerts, open_cycle
from salesfc_lib.foundation import clock

END = "2026-07-29T15:00+08:00"


@pytest.fixture(scope="module")
def played(demo_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("played") / "demo"
    shutil.copytree(demo_project, project)
    app(["demo", "--play", "--project", str(project)], standalone_mode=False)
    return project


@pytest.fixture(scope="module")
def alerts(played: Path) -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(clock.VARIABLE, END)
        units = ("kitchen", "cleaning", "personal-care")
        return pd.concat([list_alerts(played, unit) for unit in units], ignore_index=True)


def test_two_alerts_are_open_one_of_them_overdue(alerts: pd.DataFrame) -> None:
    left = alerts[alerts["state"].ne("closed")]
    assert dict(zip(left["kind"], left["state"], strict=True)) == {
        "stock": "acknowledged",
        "sales": "explained",
    }
    assert left.set_index("kind")["overdue_days"].gt(0).to_dict() == {"stock": True, "sales": False}
    assert left.set_index("kind")["owner"].to_dict() == {"stock": "何勇", "sales": "周敏"}
    [closed] = alerts[alerts["state"].eq("closed")].to_dict("records")
    assert (closed["kind"], closed["outcome"]) == ("bias", "no_action")


def test_the_warehouse_that_stopped_on_the_12th_is_the_branch_that_is_named(
    alerts: pd.DataFrame, played: Path
) -> None:
    [sales] = alerts[alerts["kind"].eq("sales")].to_dict("records")
    assert (sales["unique_id"], sales["direction"]) == ("region:华东", "below")
    assert sales["acknowledged_by"] == "周敏"
    [opened] = read_records(played, what="alert.open", series="region:华东").to_dict("records")
    assert opened["at"].startswith("2026-07-28T10:10")  # 18:10 in Shanghai


def test_one_step_is_late_and_the_log_is_whole(
    played: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(clock.VARIABLE, END)
    steps = cycle.show_cycle(open_cycle(played, "kitchen"), clock.now()).set_index("step")
    assert steps["state"].to_dict() == {
        "collection": "done",
        "consultation": "done",
        "decision": "open",
        "tracking": "waiting",
    }
    assert steps["late_days"].gt(0).to_dict() == dict.fromkeys(steps.index, False) | {
        "decision": True
    }
    assert verify_log(played) is None


def test_every_live_page_is_of_the_same_moment(played: Path) -> None:
    pages = [*(played / "reports" / "now").rglob("*.html")]
    assert len(pages) > 30
    assert [page for page in pages if "29 July 2026, 15:00" not in page.read_text("utf-8")
            and not page.name.endswith(".zh.html")] == []  # fmt: skip
