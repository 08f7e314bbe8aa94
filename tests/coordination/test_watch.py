"""A watch end to end: a shock is found once, has an owner and an end, and nothing else happens."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock
from typer.testing import CliRunner

from salesfc_lib import coordination
from salesfc_lib.archive import read_records
from salesfc_lib.cli import app
from salesfc_lib.coordination import Watched
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import clock, tables
from salesfc_lib.running import Unwatched, watch_units
from tests.coordination.test_month_to_date import SERIES, change, forecast, sell

UNIT = """
unit: {owner: 韩磊}
sources:
  orders:
    kind: csv
    path: orders.csv
    repeats: real
    columns: {date: date, family: line, region: region, quantity: y}
measure: {value: quantity}
dimensions: [family, region]
levels: {total: [], line: [family], region: [region], bottom: [family, region]}
calendar:
  zone: Asia/Shanghai
  moving_holidays: []
  trading_weekdays: [monday, tuesday, wednesday, thursday, friday, saturday]
alerts: {owners: [{where: region=S, owner: liuhui}]}
"""
PEOPLE = "liuhui: {name: 刘慧, logins: [lh], next: zhaoli}\nzhaoli: {name: 赵立, logins: [zl]}\n"
Export = Callable[[str], list[Watched]]


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    """Region S sells a third of what it sold, from Sunday the 12th on."""
    rows = sell()
    return change(rows[rows["date"] >= "2025-08-01"], 0.33, "2026-07-12", region="S")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    units, month = tmp_path / "parameters" / "units", tmp_path / "reports" / "2026-06" / "north"
    units.mkdir(parents=True)
    (units / "north.yml").write_text(UNIT, "utf-8")
    (tmp_path / "parameters" / "people.yml").write_text(PEOPLE, "utf-8")
    tables.write(forecast(), month / "tables", "forecast")
    series = SERIES.rename(columns={"line": "family"})
    series.to_parquet(month / "tables" / "series.parquet")
    (month / "manifest.json").write_text('{"outputs": []}', "utf-8")
    return tmp_path


@pytest.fixture
def export(project: Path, sales: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Export:
    """Watch on a day, with the export of the evening before."""

    def watch(day: str, hour: int = 9, *, fresh: bool = True) -> list[Watched]:
        monkeypatch.setenv(clock.VARIABLE, f"{day}T{hour:02}:00:00+08:00")
        if fresh:
            rows = sales[sales["date"] < day]
            rows.assign(y=rows["y"].round(2)).to_csv(project / "orders.csv", index=False)
        return watch_units(project)

    return watch


def opened(project: Path) -> pd.DataFrame:
    return read_records(project, what="alert.open")


def test_a_shock_on_the_12th_is_found_once_and_ends_with_what_it_led_to(
    project: Path, export: Export
) -> None:
    days = [f"2026-07-{day}" for day in (13, 17, 19, 20, 21)]
    found = next(day for day in days if export(day)[0].opened)
    assert found > "2026-07-13", "a day of the shock has to be whole"
    [record] = opened(project).to_dict("records")
    assert (record["subject"], record["month"]) == ("region:S", "2026-07")
    assert export(found, 10, fresh=False)[0].state == "unchanged"
    [alert] = coordination.list_alerts(project, "north").to_dict("records")
    assert (alert["owner"], alert["state"]) == ("刘慧", "open")
    assert alert["size"] > 0, "less was sold than expected"
    coordination.acknowledge_alert(project, "north", alert["number"], by="liuhui")
    about = {"by": "liuhui", "reason": "客户断货"}
    coordination.act_on_alert(project, "north", alert["number"], became="E3", **about)
    coordination.close_alert(project, "north", alert["number"], outcome="done", **about)
    [later] = export("2026-07-24")
    assert (later.open, later.opened, len(opened(project))) == (0, (), 1)
    [alert] = coordination.list_alerts(project, "north").to_dict("records")
    assert (alert["acknowledged_by"], alert["became"], alert["outcome"]) == ("刘慧", "E3", "done")


def test_sales_that_stop_within_the_month_are_late_until_they_go_on(
    project: Path, export: Export
) -> None:
    export("2026-07-08")
    export("2026-07-11", fresh=False)
    assert opened(project).empty, "the fifth working day after the last whole one, 6 July"
    export("2026-07-12", fresh=False)
    [record] = opened(project).to_dict("records")
    assert (record["new"]["kind"], record["new"]["direction"]) == ("late", "days")
    assert json.loads(record["reason"]).items() >= {"day": "2026-07-06", "days": 6}.items()
    assert read_records(project, what="watch.run")["new"].iloc[-1]["holds"] == [record["number"]]
    export("2026-07-15")
    assert read_records(project, what="watch.run")["new"].iloc[-1]["holds"] == []


def test_the_path_of_each_branch_with_an_alert_is_kept_for_pages(
    project: Path, export: Export
) -> None:
    export("2026-07-22")
    folder = coordination.now_folder(project / "reports", "north")
    assert {*tables.read(folder, "month_path")["unique_id"]} == {"total", "region:S"}
    assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == ["tables"]


def test_what_did_not_change_is_not_looked_at_again_and_may_be_forgotten(
    project: Path, export: Export
) -> None:
    export("2026-07-22")
    events = len(read_records(project))
    begun = time.process_time()
    assert export("2026-07-22", 10, fresh=False)[0].state == "unchanged"
    assert time.process_time() - begun < 2
    shutil.rmtree(project / "reports" / ".watch")
    assert export("2026-07-22", 11, fresh=False)[0].state == "looked"
    assert len(read_records(project)) == events, "nothing fires twice"


def test_a_unit_that_fails_is_told_and_the_others_go_on(project: Path, export: Export) -> None:
    broken = project / "parameters" / "units" / "broken.yml"
    broken.write_text(UNIT.replace("orders.csv", "gone.csv"), "utf-8")
    shutil.copytree(project / "reports" / "2026-06" / "north", project / "reports/2026-06/broken")
    first, second = export("2026-07-22")
    assert isinstance(first, Unwatched)
    assert "gone.csv" in first.message
    assert isinstance(second, Watched)
    assert second.opened
    said = CliRunner().invoke(app, ["watch", "--project", str(project)])
    assert said.exit_code == 1
    assert "north is unchanged: 0 new, 1 open, 0 overdue." in said.output
    one = CliRunner().invoke(app, ["watch", "--unit", "north", "--project", str(project)])
    assert one.exit_code == 0
    wrong = CliRunner().invoke(app, ["watch", "--unit", "nort", "--project", str(project)])
    assert wrong.exit_code == 2
    with pytest.raises(RequestError, match="nort"):
        watch_units(project, ["nort"])


def test_an_alert_that_waits_too_long_goes_to_the_next_person_by_itself(
    project: Path, export: Export
) -> None:
    export("2026-07-22")
    first = CliRunner().invoke(app, ["alert", "list", "north", "--project", str(project)])
    assert "open, due 2026-07-23 (刘慧): Sales of S through" in first.output, first.output
    later = [export(day, fresh=False)[0] for day in ("2026-07-23", "2026-07-24", "2026-07-24")]
    assert [each.escalated for each in later] == [0, 1, 0]
    assert [each.overdue for each in later] == [0, 1, 1]
    said = CliRunner().invoke(app, ["alert", "list", "north", "--project", str(project)])
    assert "open, overdue by 1 days (赵立)" in said.output, said.output
    assert "From data to alert" in said.output or "a clock was set back" in said.output


def test_of_two_watches_of_a_unit_at_once_one_steps_back(project: Path, export: Export) -> None:
    kept = project / "reports" / ".watch"
    kept.mkdir()
    with FileLock(kept / "north.lock"):
        assert [each.state for each in export("2026-07-22")] == ["busy"]
    assert read_records(project).empty
