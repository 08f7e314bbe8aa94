"""Claims about import files, receipts on disk, and systems by themselves."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from fake_erp import FAKES, wire
from salesfc_lib import archive, steps
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.handover import erp
from salesfc_lib.intake.sources.erp import netsuite
from tests.handover.erp.months import MONTH, NAME, UNIT, found, make_month, publish, wanted


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for fake in FAKES.values():
        for name, value in fake.environment.items():
            monkeypatch.setenv(name, value)


def folder_of(run: archive.UnitMonth) -> Path:
    return run.reports / MONTH / UNIT / "handover"


def test_a_draft_for_netsuite_is_its_import_file_and_nothing_is_sent(tmp_path: Path) -> None:
    fake = FAKES["netsuite"]()
    run = make_month(tmp_path, fake, "netsuite", organisation="Parent")
    receipt = erp.send(run, NAME, wire=wire(fake)).receipt
    assert receipt["status"] == "complete"
    assert found(fake) == {}
    with (folder_of(run) / f"{NAME}.import.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == [
        *("External ID", "Item", "Location", "Subsidiary", "Plan Start Date", "Plan End Date"),
        "Unit of Measure",
        *("Monthly Quantity: 7/1/2026", "Monthly Quantity: 8/1/2026"),
        "Monthly Quantity: 9/1/2026",
    ]
    head = [f"{receipt['tag']}-P2-Main", "P2", "Main", "Parent", "7/1/2026", "9/30/2026", "PC"]
    assert rows[3] == [*head, "3", "4", "5"]
    assert erp.send(run, NAME, wire=wire(fake)).receipt == receipt
    assert archive.verify(run.reports, MONTH, UNIT) == []


def test_u8_cloud_gets_a_workbook_in_which_nothing_is_a_formula(tmp_path: Path) -> None:
    fake = FAKES["u8_cloud"]()
    run = make_month(tmp_path, fake, "u8_cloud", products=2)
    (tmp_path / "products.csv").write_text("product,number,unit\nitem 0,=1+1,PC\nitem 1,007,PC\n")
    receipt = erp.send(run, NAME, wire=wire(fake)).receipt
    assert receipt["status"] == "complete"
    assert fake.requests == 0
    path = folder_of(run) / f"{NAME}.import.xlsx"
    assert receipt["files"] == {path.name: archive.manifest.sha256(path)}
    sheet = load_workbook(path).active
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    first = ("1001", "007", None, "2026-07-01", "2026-07-31", 2, "PC", receipt["tag"])
    assert tuple(value or None for value in rows[0]) == first
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}


def test_a_damaged_import_file_is_said_and_made_anew_when_removed(tmp_path: Path) -> None:
    fake = FAKES["u8_cloud"]()
    run = make_month(tmp_path, fake, "u8_cloud")
    erp.send(run, NAME, wire=wire(fake))
    path = folder_of(run) / f"{NAME}.import.xlsx"
    path.write_bytes(path.read_bytes()[:200])
    assert "missing or changed" in str(archive.verify(run.reports, MONTH, UNIT)[0])
    with pytest.raises(SalesForecastError, match="cannot be read.*Remove it and send again"):
        erp.send(run, NAME, wire=wire(fake))
    path.unlink()
    assert erp.send(run, NAME, wire=wire(fake)).receipt["status"] == "complete"
    assert archive.verify(run.reports, MONTH, UNIT) == []


def test_verify_sees_a_receipt_that_was_changed_or_is_of_another_version(tmp_path: Path) -> None:
    fake = FAKES["sap_s4"]()
    run = make_month(tmp_path, fake, "sap_s4")
    erp.send(run, NAME, wire=wire(fake))
    path = folder_of(run) / f"{NAME}.json"
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"complete"', b'"whatever"'))
    assert "no record says so" in str(archive.verify(run.reports, MONTH, UNIT)[0])
    path.write_bytes(content)
    assert archive.verify(run.reports, MONTH, UNIT) == []
    publish(tmp_path, add=1)
    assert "of another manifest" in str(archive.verify(run.reports, MONTH, UNIT)[0])


def test_a_receipt_without_its_record_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from salesfc_lib.handover.erp import deliver

    def fail(*_: Any, **__: Any) -> int:
        raise SalesForecastError("the database is full")

    fake = FAKES["sap_s4"]()
    run = make_month(tmp_path, fake, "sap_s4")
    monkeypatch.setattr(deliver, "append_record", fail)
    with pytest.raises(SalesForecastError, match="database is full"):
        erp.send(run, NAME, wire=wire(fake))
    assert not (folder_of(run) / f"{NAME}.json").exists()
    monkeypatch.undo()
    for name, value in fake.environment.items():
        monkeypatch.setenv(name, value)
    assert erp.send(run, NAME, wire=wire(fake)).receipt["status"] == "complete"
    assert found(fake) == wanted()


def test_no_secret_is_in_a_receipt_or_a_record(tmp_path: Path) -> None:
    for system, kind in FAKES.items():
        (tmp_path / system).mkdir()
        fake = kind(seed=3, rate=0.3, most=20)
        run = make_month(tmp_path / system, fake, system, **fake.active)
        for _ in range(10):
            try:
                erp.send(run, NAME, wire=wire(fake))
                break
            except erp.ErpError as error:
                assert not any(value in str(error) for value in fake.environment.values())
        records = archive.read_records(tmp_path / system).to_json()
        said = records + (folder_of(run) / f"{NAME}.json").read_text(encoding="utf-8")
        assert not any(value in said for value in fake.environment.values() if len(value) > 8)


@pytest.mark.parametrize("system", list(FAKES))
def test_a_check_reads_only_and_finds_the_fake_as_its_contract_says(
    system: str, tmp_path: Path
) -> None:
    fake = FAKES[system]()
    run = make_month(tmp_path, fake, system, **fake.active)
    seen = list(erp.check(run, NAME, wire=wire(fake)))
    assert seen
    assert [differs for _, differs in seen if differs] == []
    assert not [path for method, path in fake.log if fake.is_write(method, path)]


def test_a_check_says_what_differs(tmp_path: Path) -> None:
    fake = FAKES["jiandaoyun"]()
    fields = {**fake.connection["fields"], "plant": "_widget_99"}
    run = make_month(tmp_path, fake, "jiandaoyun", fields=fields)
    seen = dict(erp.check(run, NAME, wire=wire(fake)))
    assert seen["fields.plant"] == "the form has no '_widget_99'"


def test_a_form_without_a_status_takes_no_draft(tmp_path: Path) -> None:
    fake = FAKES["jiandaoyun"]()
    fields = {name: each for name, each in fake.connection["fields"].items() if name != "status"}
    run = make_month(tmp_path, fake, "jiandaoyun", fields=fields)
    with pytest.raises(SalesForecastError, match=r"handover\.to\.erp\.fields.* lacks .*'status'"):
        erp.preview(run, NAME, wire=wire(fake))


def test_more_rows_than_netsuite_gives_at_once_are_read_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from salesfc_lib.foundation import ErpConnection

    monkeypatch.setattr(netsuite, "MOST", 1000)
    monkeypatch.setattr(netsuite, "PAGE", 100)
    fake = FAKES["netsuite"]()
    known = {name: each for name, each in fake.connection.items() if name != "plant"}
    door = netsuite.NetSuite(ErpConnection(url=fake.url, **known), wire(fake))
    assert [row["id"] for row in door.read_orders(None)] == [str(n) for n in range(2300)]


def test_the_tag_tells_units_and_targets_apart_in_ten_characters(tmp_path: Path) -> None:
    fake = FAKES["sap_s4"]()
    run = make_month(tmp_path, fake, "sap_s4")
    tag = erp.open_target(run, NAME, wire(fake)).address.tag
    assert len(tag) == 10
    assert json.loads(json.dumps(tag)).startswith("NORT")
    other = steps.open_month(tmp_path, UNIT, MONTH)
    assert erp.open_target(other, NAME, wire(fake)).address.tag == tag
