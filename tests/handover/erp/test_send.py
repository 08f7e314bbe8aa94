"""Claims about a handover: a dry run sends nothing, a send sends once, a receipt says so."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import httpx
import pytest

from fake_erp import FAKES, wire
from salesfc_lib import archive, steps
from salesfc_lib.handover import erp
from tests.handover.erp.months import MONTH, NAME, UNIT, found, make_month, publish, wanted

ONLINE = [name for name in FAKES if name != "u8_cloud"]


@pytest.fixture(params=ONLINE)
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in FAKES[request.param].environment.items():
        monkeypatch.setenv(name, value)
    return str(request.param)


def test_a_dry_run_says_what_would_change_and_writes_nothing(system: str, tmp_path: Path) -> None:
    fake = FAKES[system]()
    run = make_month(tmp_path, fake, system, **fake.active)
    shown = erp.preview(run, NAME, wire=wire(fake))
    assert not shown.problems
    assert shown.plan.counts == {"new": 15, "changed": 0, "withdrawn": 0, "unchanged": 0}
    assert found(fake) == {}
    assert not (run.reports / MONTH / UNIT / "handover").exists()


def test_a_send_writes_every_line_once_and_leaves_a_receipt(system: str, tmp_path: Path) -> None:
    fake = FAKES[system]()
    run = make_month(tmp_path, fake, system, **fake.active)
    sent = erp.send(run, NAME, who="Mei", wire=wire(fake))
    assert not sent.problems
    assert found(fake) == wanted()
    path = run.reports / MONTH / UNIT / "handover" / f"{NAME}.json"
    receipt = json.loads(path.read_text(encoding="utf-8"))
    assert receipt == sent.receipt
    assert (receipt["status"], receipt["send"], receipt["refused"]) == ("complete", 1, [])
    assert all(row["read_back"] == row["sent"] for row in receipt["rows"])
    assert receipt["tested"]["zh"] == "按接口约定测试，未经实机测试"
    assert archive.verify(run.reports, MONTH, UNIT) == []
    records = archive.read_records(tmp_path, what="handover.send")
    assert list(records["who"]) == ["Mei", "Mei"]  # as it starts, and as it ends
    assert [new["status"] for new in records["new"]] == ["started", "complete"]
    listed = archive.list_receipts(tmp_path, UNIT, MONTH).iloc[0]
    assert (listed["target"], listed["who"], listed["system"]) == (NAME, "Mei", system)
    assert (listed["status"], listed["counts"]["new"], listed["send"]) == ("complete", 15, 1)


def test_a_second_send_changes_nothing(system: str, tmp_path: Path) -> None:
    fake = FAKES[system]()
    run = make_month(tmp_path, fake, system, **fake.active)
    first = erp.send(run, NAME, wire=wire(fake))
    before, fake.log = fake.contents(), []
    again = erp.send(run, NAME, wire=wire(fake))
    assert again.receipt == first.receipt
    assert again.plan.counts["unchanged"] == 15
    assert fake.contents() == before
    assert not [path for method, path in fake.log if fake.is_write(method, path)]
    assert len(archive.read_records(tmp_path, what="handover.send")) == 2  # of the first


def test_changed_and_withdrawn_lines_are_told_apart(system: str, tmp_path: Path) -> None:
    fake = FAKES[system]()
    run = make_month(tmp_path, fake, system, **fake.active)
    erp.send(run, NAME, wire=wire(fake))
    publish(tmp_path, 4, add=1)
    run = steps.open_month(tmp_path, UNIT, MONTH)
    shown = erp.preview(run, NAME, wire=wire(fake))
    assert shown.plan.counts == {"new": 0, "changed": 12, "withdrawn": 3, "unchanged": 0}
    sent = erp.send(run, NAME, wire=wire(fake))
    assert sent.receipt["status"] == "complete"
    assert sent.receipt["send"] == 2
    assert found(fake) == wanted(4, add=1)


def test_a_send_that_died_is_resumed_without_sending_anything_twice(
    system: str, tmp_path: Path
) -> None:
    fake = FAKES[system]()
    run = make_month(tmp_path, fake, system, products=120, **fake.active)
    most = 10

    def die_after(request):  # type: ignore[no-untyped-def]
        nonlocal most
        if fake.is_write(request.method, request.url.path):
            most -= 1
            if most < 0 or (system in ("jiandaoyun", "kingdee_galaxy") and most < 8):
                raise KeyboardInterrupt
        return fake(request)

    with pytest.raises(KeyboardInterrupt):
        erp.send(run, NAME, wire=wire(die_after))
    assert 0 < len(found(fake)) < 360
    left = archive.read_receipt(run.reports / MONTH / UNIT, NAME)
    assert left is not None and left["status"] == "started"
    sent = erp.send(run, NAME, wire=wire(fake))
    assert sent.receipt["key"] == left["key"]
    assert sent.receipt["status"] == "complete"
    assert found(fake) == wanted(120)


def test_a_killed_send_leaves_a_receipt_that_says_so(tmp_path: Path) -> None:
    fake = FAKES["sap_s4"]()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in fake.environment.items():
            patch.setenv(name, value)
        run = make_month(tmp_path, fake, "sap_s4", **fake.active)

        def kill(request: httpx.Request) -> httpx.Response:
            if fake.is_write(request.method, request.url.path):
                os.kill(os.getpid(), signal.SIGKILL)
            return fake(request)

        if (child := os.fork()) == 0:
            erp.send(run, NAME, who="Mei", wire=wire(kill))  # type: ignore[arg-type]
            os._exit(0)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
        assert archive.list_receipts(tmp_path, UNIT, MONTH)["status"].tolist() == ["started"]
        said = [str(each) for each in archive.verify(run.reports, MONTH, UNIT)]
        assert len(said) == 1 and "its send did not end: send again" in said[0]
        sent = erp.send(run, NAME, wire=wire(fake)).receipt
    assert (sent["status"], sent["send"]) == ("complete", 1)
    assert found(fake) == wanted()
    assert archive.verify(run.reports, MONTH, UNIT) == []


@pytest.mark.parametrize("done", [False, True])
def test_one_send_finishes_what_a_write_without_an_answer_left_open(
    system: str, tmp_path: Path, done: bool
) -> None:
    fake = FAKES[system]()
    run = make_month(tmp_path, fake, system, **fake.active)
    lost = 0

    def lose_first(request: httpx.Request) -> httpx.Response:
        nonlocal lost
        if lost or not fake.is_write(request.method, request.url.path):
            return fake(request)
        lost += 1
        if done:
            fake(request)
        raise httpx.ReadTimeout("no answer", request=request)

    sent = erp.send(run, NAME, wire=wire(lose_first)).receipt  # type: ignore[arg-type]
    assert (lost, sent["status"], sent["differs"]) == (1, "complete", [])
    assert found(fake) == wanted(5)


def test_a_system_that_goes_down_half_way_is_given_up_soon_and_taken_up_again(
    system: str, tmp_path: Path
) -> None:
    fake = FAKES[system]()
    run = make_month(tmp_path, fake, system, products=120, **fake.active)
    written, asked = 0, 0

    def go_down(request: httpx.Request) -> httpx.Response:
        nonlocal written, asked
        written += fake.is_write(request.method, request.url.path)
        if written > 2:
            asked += 1
            raise httpx.ConnectError("refused", request=request)
        return fake(request)

    first = erp.send(run, NAME, wire=wire(go_down)).receipt  # type: ignore[arg-type]
    assert first["status"] == "partial"
    assert first["differs"] == ["it could not be read back"]
    assert asked <= 5 + 6  # writes, and attempts to read
    assert 0 < len(found(fake)) < 360
    second = erp.send(run, NAME, wire=wire(fake)).receipt
    assert (second["status"], second["key"]) == ("complete", first["key"])
    assert found(fake) == wanted(120)


@pytest.mark.parametrize("seed", range(2))
def test_under_faults_nothing_is_lost_and_nothing_is_there_twice(
    system: str, tmp_path: Path, seed: int
) -> None:
    fake = FAKES[system](seed=seed, rate=0.3, most=50)
    run = make_month(tmp_path, fake, system, products=40, **fake.active)
    for add in range(40):
        publish(tmp_path, 40 - add % 2, add=add)
        if add % 3 == 2:  # so that all of it is new again
            fake.clear()
        for _ in range(10):
            try:
                sent = erp.send(run, NAME, wire=wire(fake))
            except erp.ErpError:
                continue
            if sent.receipt["status"] == "complete":
                break
        fake.settle()
        assert found(fake) == wanted(40 - add % 2, add)
        if sum(fake.tally.values()) == 50:
            break
    assert sum(fake.tally.values()) == 50
