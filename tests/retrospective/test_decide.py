"""A decision on a proposal: recorded once, written into the unit's file and nowhere else."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from salesfc_lib.archive import UnitMonth, read_records
from salesfc_lib.cli import app
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import resolve, say, tables
from salesfc_lib.retrospective.compare import Past
from salesfc_lib.retrospective.facts import write_facts
from salesfc_lib.retrospective.proposals import (
    accept_proposal,
    decide,
    describe_decisions,
    find_proposal,
    list_decided,
    list_unwritten,
    read_decided,
    reject_proposal,
)
from salesfc_lib.retrospective.proposals.decided import settle

MONTH = "2026-06"
FILE = """\
# 厨房用品：每月由销售部发来
unit:
  title: 厨房用品   # 页面上的名称
candidates:
  ets: {enabled: true, levels: [], settings: {model: ZNZ}}   # 慢，先留着
combine:
  power: 4.0   # 刘慧，2025-11
"""
POWER = {"key": "combine.power", "now": "4.0", "proposed": "8.0"}
ETS = {"key": "candidates.ets.enabled", "now": "true", "proposed": "false"}
ASKED = {"key": "overrides: 张伟", "now": say("proposal.as_written"), "kind": "practice"}
ASKED |= {
    "proposed": say("proposal.halve", by=0.1),
    "evidence": "author_leans",
    "facts": write_facts(author="张伟"),
}


def proposal(name: str, **different: Any) -> dict[str, Any]:
    row = {"id": f"{MONTH}-{name}", "kind": "parameter", "evidence": "any", "remark": ""}
    row |= {"facts": write_facts(), "measured": "earlier", "decision": "open"}
    row |= {"wape_now": 0.12, "wape_proposed": 0.1, "gain": 0.02, "noise": 0.01, "p": 0.01}
    return row | {"rows": 90.0, "months": 12.0, "cutoffs": 4.0} | different


def publish(project: Path, *rows: dict[str, Any], unit: str = "kitchen") -> Path:
    """A project whose unit published proposals; the unit's file."""
    path = project / "parameters" / "units" / f"{unit}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FILE, encoding="utf-8")
    folder = project / "reports" / MONTH / unit
    tables.write(tables.build(rows, "proposals"), folder / "tables", "proposals")
    (folder / "manifest.json").write_text('{"outputs": []}', encoding="utf-8")
    return path


def accept(project: Path, name: str, who: str = "韩磊") -> str:
    found = find_proposal(project, f"{MONTH}-{name}")
    return accept_proposal(found, who=who, reason="回测更准")


@pytest.mark.parametrize(
    ("row", "old", "new"),
    [
        (POWER, "  power: 4.0   # 刘慧，2025-11", "  power: 8.0   # 刘慧，2025-11"),
        (ETS, "{enabled: true, levels", "{enabled: false, levels"),
    ],
)
def test_accepting_changes_that_value_and_records_who_when_and_the_gain(
    tmp_path: Path, row: dict[str, Any], old: str, new: str
) -> None:
    path = publish(tmp_path, proposal("a", **row))
    path.chmod(0o640)
    assert "the next run uses it" in accept(tmp_path, "a")
    assert path.read_text(encoding="utf-8") == FILE.replace(old, new)
    assert path.stat().st_mode & 0o777 == 0o640
    record = read_records(tmp_path).iloc[0]
    assert record[["what", "who", "unit", "month", "reason", "subject"]].tolist() == [
        *("proposal.accept", "韩磊", "kitchen", MONTH, "回测更准", "2026-06-a")
    ]
    assert record["old"] == {"key": row["key"], "value": row["now"]}
    assert (record["new"]["value"], record["new"]["gain"]) == (row["proposed"], 0.02)
    assert [*path.parent.iterdir()] == [path]  # nothing is left beside it
    assert not [*list_unwritten(tmp_path, "kitchen")]


def test_a_key_that_the_file_lacks_is_added_at_its_end(tmp_path: Path) -> None:
    row = {"key": "calendar.moving_holidays", "now": "null", "proposed": "[chinese_new_year]"}
    path = publish(tmp_path, proposal("a", **row))
    accept(tmp_path, "a")
    added = "calendar:\n  moving_holidays: [chinese_new_year]\n"
    assert path.read_text(encoding="utf-8") == FILE + added


def test_a_proposal_is_accepted_once(tmp_path: Path) -> None:
    path = publish(tmp_path, proposal("a", **POWER))
    accept(tmp_path, "a")
    after = path.read_bytes()
    with pytest.raises(RequestError, match=r"韩磊 recorded 'proposal.accept'.*already"):
        accept(tmp_path, "a", who="刘慧")
    with pytest.raises(RequestError, match="already"):
        reject_proposal(find_proposal(tmp_path, "2026-06-a"), who="刘慧", reason="no")
    assert (path.read_bytes(), len(read_records(tmp_path))) == (after, 1)


def test_of_two_who_accept_at_once_one_is_told_so(tmp_path: Path) -> None:
    path = publish(tmp_path, proposal("a", **POWER), proposal("b", **ETS))

    def one(who: str) -> str:
        try:
            return accept(tmp_path, who[0], who)
        except RequestError as error:
            return str(error)

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(one, ["a1", "b1", "a2", "b2", "a3", "b3"]))
    assert sum("Recorded" in text for text in said) == len(read_records(tmp_path)) == 2
    assert sum("already" in text for text in said) == 4
    both = FILE.replace("power: 4.0", "power: 8.0").replace("{enabled: true", "{enabled: false")
    assert path.read_text(encoding="utf-8") == both


def test_a_parameter_that_changed_since_is_refused_and_nothing_is_recorded(tmp_path: Path) -> None:
    path = publish(tmp_path, proposal("a", **POWER))
    other = FILE.replace("power: 4.0", "power: 5.0")
    path.write_text(other, encoding="utf-8")
    with pytest.raises(RequestError, match=r"`combine.power` of 'kitchen' is 5.0 by now"):
        accept(tmp_path, "a")
    assert path.read_text(encoding="utf-8") == other
    assert read_records(tmp_path).empty


@pytest.mark.parametrize("value", ["-1", "much", "[1]"])
def test_a_value_that_does_not_resolve_is_never_put_in_place(tmp_path: Path, value: str) -> None:
    path = publish(tmp_path, proposal("a", **(POWER | {"proposed": value})))
    with pytest.raises(SalesForecastError, match=r"combine.power"):
        accept(tmp_path, "a")
    assert path.read_text(encoding="utf-8") == FILE
    assert read_records(tmp_path).empty


def test_a_crash_between_record_and_file_is_said_and_repeating_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = publish(tmp_path, proposal("a", **POWER), proposal("b", **ETS))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(decide, "_replace", killed)
        with pytest.raises(KeyboardInterrupt):
            accept(tmp_path, "a")
    assert path.read_text(encoding="utf-8") == FILE
    (said,) = list_unwritten(tmp_path, "kitchen")
    assert "'2026-06-a' is accepted, and `combine.power` of 'kitchen' still is 4.0" in said
    assert said in [*describe_decisions(tmp_path, "kitchen")]
    options = ["--reviewer", "刘慧", "--reason", "慢", "--project", str(tmp_path)]
    done = CliRunner().invoke(app, ["accept", "2026-06-b", *options])
    assert (done.exit_code, "still is 4.0" in done.stderr) == (0, True)  # the next command says it
    accept(tmp_path, "a", who="another")
    assert "power: 8.0   # 刘慧" in path.read_text(encoding="utf-8")
    assert read_records(tmp_path)["who"].tolist() == ["韩磊", "刘慧"]
    assert not [*list_unwritten(tmp_path, "kitchen")]


def test_a_file_that_somebody_saves_meanwhile_keeps_what_they_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = publish(tmp_path, proposal("a", **POWER))
    record = decide.archive.append_record

    def save_and_record(*args: Any, **more: Any) -> int:
        path.write_text(FILE + "horizon: 6   # 新的\n", encoding="utf-8")
        return record(*args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(decide.archive, "append_record", save_and_record)
        with pytest.raises(SalesForecastError, match="saved by somebody else meanwhile"):
            accept(tmp_path, "a")
    assert path.read_text(encoding="utf-8") == FILE + "horizon: 6   # 新的\n"
    assert [*path.parent.iterdir()] == [path]
    accept(tmp_path, "a")
    after = FILE.replace("power: 4.0", "power: 8.0") + "horizon: 6   # 新的\n"
    assert path.read_text(encoding="utf-8") == after
    assert len(read_records(tmp_path)) == 1


def test_a_practice_changes_no_file_and_asks_for_an_action(tmp_path: Path) -> None:
    path = publish(tmp_path, proposal("o", **ASKED))
    assert "salesfc action add" in accept(tmp_path, "o")
    assert path.read_text(encoding="utf-8") == FILE
    assert read_records(tmp_path)["new"].iloc[0]["kind"] == "practice"


def test_what_was_measured_and_gained_nothing_is_not_accepted(tmp_path: Path) -> None:
    publish(tmp_path, proposal("a", **POWER, decision="not_worth_it", gain=0.001, noise=0.004))
    with pytest.raises(RequestError, match=r"a gain of 0.10 points, noise 0.40"):
        accept(tmp_path, "a")
    assert read_records(tmp_path).empty


def test_a_proposal_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    publish(tmp_path, proposal("combine.power-9c1e", **POWER))
    with pytest.raises(RequestError, match=r"Did you mean '2026-06-combine.power-9c1e'"):
        find_proposal(tmp_path, "2026-06-combine.power-9c1f")
    with pytest.raises(RequestError, match=r"proposals of 2026-05"):
        find_proposal(tmp_path, "2026-05-combine.power-9c1e")
    publish(tmp_path, proposal("combine.power-9c1e", **POWER), unit="cleaning")
    with pytest.raises(RequestError, match="Name it with --unit"):
        find_proposal(tmp_path, "2026-06-combine.power-9c1e")
    assert find_proposal(tmp_path, "2026-06-combine.power-9c1e", "cleaning").unit == "cleaning"


def test_the_command_line_lists_and_decides(tmp_path: Path) -> None:
    publish(tmp_path, proposal("a", **POWER), proposal("o", **ASKED, gain=np.nan, noise=np.nan))

    def ask(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, [*arguments, "--project", str(tmp_path)])
        return done.exit_code, done.stdout + done.stderr

    status, said = ask("decisions", "kitchen")
    assert status == 0
    assert "2026-06-a (open): combine.power, 4.0 → 8.0; gain: +2.0 points ± 1.0 points" in said
    assert "overrides: 张伟, as written → halve the changes; gain: not measured" in said
    why = ("--reviewer", "韩磊", "--reason", "太冒险")
    assert ask("reject", "2026-06-a", *why)[0] == 0
    status, said = ask("accept", "2026-06-a", *why)
    assert (status, "already" in said) == (2, True)
    assert ask("accept", "2026-06-o", "--reviewer", " ", "--reason", "x")[0] == 2
    said = ask("decisions", "kitchen")[1]
    assert "2026-06-a (rejected): combine.power" in said
    assert "韩磊: 2026-06-a rejected. 太冒险" in said


def run_of(project: Path, month: str) -> UnitMonth:
    resolved = resolve(project, "kitchen")
    layers = (resolved.parameters, resolved.layer, resolved.reasons)
    return UnitMonth(project, "kitchen", month, *layers, project / "reports" / month / "kitchen")


def test_what_was_rejected_is_not_proposed_again_unless_its_gain_grew(tmp_path: Path) -> None:
    publish(tmp_path, proposal("a", **POWER), proposal("o", **ASKED))
    for name in ("a", "o"):
        found = find_proposal(tmp_path, f"{MONTH}-{name}")
        reject_proposal(found, who="韩磊", reason="太冒险")
    again, asked = (proposal(name, **row) for name, row in (("x", POWER), ("y", ASKED)))
    decided = read_decided(run_of(tmp_path, "2026-08"))
    for row in (again, asked):
        assert settle(row, decided) is None
        assert settle(row | {"gain": 0.029}, decided) is None
        assert settle(row | {"gain": 0.031}, decided) is not None
        assert settle(row | {"gain": np.nan}, decided) is None
    assert settle(again | {"proposed": "16.0"}, decided) is not None
    assert settle(asked | {"key": "overrides: 王芳"}, decided) is not None
    assert settle(again, read_decided(run_of(tmp_path, "2027-05"))) is None
    assert settle(again, read_decided(run_of(tmp_path, "2027-06"))) is not None
    earlier = read_decided(run_of(tmp_path, "2026-05"))  # a backfill does not know of it
    assert settle(again, earlier) is not None
    same = settle(proposal("a", **POWER), read_decided(run_of(tmp_path, MONTH)))
    assert same is not None
    assert same["decision"] == "rejected"  # its own month, run again


def test_what_was_accepted_rests_for_six_months(tmp_path: Path) -> None:
    publish(tmp_path, proposal("a", **POWER))
    accept(tmp_path, "a")
    more = proposal("x", key="combine.power", now="8.0", proposed="16.0")
    assert settle(more, read_decided(run_of(tmp_path, "2026-11"))) is None
    assert settle(more, read_decided(run_of(tmp_path, "2026-12"))) is not None


SERIES = pd.DataFrame(
    {"unique_id": ["total", "s0"], "level": ["total", "bottom"], "label": ["", ""], "region": "x"}
)


def past(since: str) -> Past:
    """Two years of one series: 20 % missed, 10 % from `since` on, the naive 30 % all the time."""
    months = pd.date_range("2025-01-01", "2027-03-01", freq="MS")
    wave = 1 + np.random.default_rng(3).normal(0, 0.02, len(months))
    actual = pd.DataFrame({"unique_id": "s0", "ds": months, "y_raw": 100.0})
    missed = np.where(months >= since, 10.0, 20.0) * wave
    shown = {"unique_id": "s0", "ds": months, "cutoff": months - pd.DateOffset(months=1), "h": 1}
    stages = [
        pd.DataFrame(shown | {"stage": stage, "model": "m", "y_hat": 100.0 + gap})
        for stage, gap in (("reconciled", missed), ("baseline", 30.0))
    ]
    return Past(pd.concat(stages, ignore_index=True), actual, SERIES)


def publish_month(project: Path, month: str, power: float) -> None:
    folder = project / "reports" / month / "kitchen"
    tables.write(SERIES, folder / "tables", "series")
    record = {"outputs": [], "parameters": {"combine.power": {"value": power}}}
    (folder / "manifest.json").write_text(json.dumps(record), encoding="utf-8")


def test_the_next_months_say_what_an_accepted_parameter_did(tmp_path: Path) -> None:
    path = publish(tmp_path, proposal("a", **POWER))
    accept(tmp_path, "a")
    for month, power in (("2026-07", 4.0), ("2026-08", 8.0), ("2026-09", 8.0), ("2027-03", 8.0)):
        publish_month(tmp_path, month, power)

    def decided(month: str) -> pd.Series:
        run = run_of(tmp_path, month)
        table = list_decided(run, past("2026-09-01"), tables.empty("adjustment"), read_decided(run))
        tables.check(table, "decided")
        return table.iloc[0]

    row = decided("2027-03")
    assert row["since"] == pd.Timestamp("2026-09-01")  # forecast in August, the first with it
    assert (row["months"], row["verdict"]) == (7, "as_expected")
    assert row["before"] == pytest.approx(0.2, rel=0.02)
    assert row["after"] == pytest.approx(0.1, rel=0.02)
    assert row["measured"] == pytest.approx(0.1, rel=0.05)
    assert row["expected"] == 0.02
    assert decided("2026-09")["verdict"] == "too_early"
    path.write_text(FILE, encoding="utf-8")
    assert decided("2027-03")["verdict"] == "not_in_force"
