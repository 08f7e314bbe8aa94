"""Claims about `salesfc handover`, with a server on the loopback interface."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fake_erp import FAKES, Fake, serve
from salesfc_lib.cli import app
from tests.handover.erp.months import MONTH, NAME, UNIT, found, make_month, wanted


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    fake = FAKES["sap_s4"]()
    for name, value in fake.environment.items():
        monkeypatch.setenv(name, value)
    with serve(fake) as url:
        local = {"url": url, "private_host": "127.0.0.1", "per_second": 1000}
        make_month(tmp_path, fake, "sap_s4", **local)
        yield fake


def call(project: Path, *options: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    words = ["handover", UNIT, "--to", NAME, "--project", str(project), *options]
    done = CliRunner().invoke(app, words, env=env)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output


def test_a_dry_run_a_send_and_a_second_send(system: Fake, tmp_path: Path) -> None:
    status, said = call(tmp_path)
    assert status == 0
    assert f"{MONTH} of 'north' to 'erp' (contract-tested, not live-tested)." in said
    assert "New: P0 1010 2026-07: 1 PC" in said
    assert "15 new, 0 changed, 0 withdrawn, 0 unchanged." in said
    assert "Nothing was sent." in said
    assert found(system) == {}
    status, said = call(tmp_path, "--send", "--by", "Mei")
    assert status == 0
    assert "complete, sent at" in said
    assert found(system) == wanted()
    status, said = call(tmp_path, "--send")
    assert "0 new, 0 changed, 0 withdrawn, 15 unchanged." in said
    assert status == 0


def test_problems_end_in_status_1_with_their_place(system: Fake, tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text("product,number,unit\nitem 0,P0,PC\n")
    status, said = call(tmp_path, "--send")
    assert status == 1
    assert "products.csv: 'item 1' has no row, and so no ERP number. Add the line `item 1" in said
    assert "Nothing is sent while these 4 problems stand." in said
    assert found(system) == {}


def test_it_speaks_chinese(system: Fake, tmp_path: Path) -> None:
    status, said = call(tmp_path, env={"SALESFC_LANG": "zh"})
    assert status == 0
    assert "按接口约定测试，未经实机测试" in said
    assert "新增 15，变更 0，撤回 0，不变 0。" in said
    assert "新增：P0 1010 2026-07：1 PC" in said


def test_check_reads_the_live_system(system: Fake, tmp_path: Path) -> None:
    status, said = call(tmp_path, "--check")
    assert status == 0
    assert "PlannedIndepRqmtItem: as the contract says" in said
    assert not [path for method, path in system.log if method != "GET"]


def test_a_private_server_that_no_parameter_names_is_not_asked(
    system: Fake, tmp_path: Path
) -> None:
    path = tmp_path / "parameters" / "units" / f"{UNIT}.yml"
    text = path.read_text().replace("private_host: 127.0.0.1", "private_host: ''")
    path.write_text(text.replace("http://", "https://"))
    status, said = call(tmp_path)
    assert status == 1
    assert "'127.0.0.1' is not asked: its address 127.0.0.1 is private" in said
    assert system.requests == 0
