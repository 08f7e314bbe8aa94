"""Claims about orders read from an ERP system: all of them, once, by watermark, kept by content."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from fake_erp import FAKES, Fake, serve, wire
from salesfc_lib import steps
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Source
from salesfc_lib.intake import read_source, snapshot
from salesfc_lib.intake.sources.erp import kingdee_galaxy
from salesfc_lib.intake.sources.erp.door import ErpError, Unclear
from salesfc_lib.intake.sources.erp.extract import merge, open_door, read_erp

COLUMNS = {
    "sap_s4": {"product": "Material", "quantity": "RequestedQuantity", "date": "SalesOrderDate"},
    "netsuite": {"quantity": "quantity"},
    "kingdee_galaxy": {"product": "FMaterialId.FNumber", "quantity": "FQty", "date": "FDate"},
    "u8_cloud": {"amount": "childrenvo.noriginalcursummny", "date": "parentvo.dbilldate"},
    "jiandaoyun": {"quantity": "_widget_11"},
}
ENTRY = {"jiandaoyun": {"entry": "orders"}}


@pytest.fixture(params=list(FAKES))
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in FAKES[request.param].environment.items():
        monkeypatch.setenv(name, value)
    return str(request.param)


def source_of(system: str, fake: Fake, **settings: Any) -> Source:
    erp = {"url": fake.url, **fake.connection, **ENTRY.get(system, {})}
    erp.pop("plant", None)
    erp |= settings.pop("erp", {})
    return Source.model_validate(
        {"kind": system, "erp": erp, "columns": COLUMNS[system], **settings}
    )


def read(system: str, fake: Fake) -> Counter[str]:
    door = open_door(source_of(system, fake), wire(fake))
    return Counter(fake.identify(row) for row in door.read_orders(None))  # type: ignore[attr-defined]


def test_every_order_line_is_read_once(system: str) -> None:
    fake = FAKES[system]()
    assert read(system, fake) == fake.orders()


@pytest.mark.parametrize("seed", range(3))
def test_under_faults_no_order_is_lost_or_read_twice(system: str, seed: int) -> None:
    fake = FAKES[system](seed=seed, rate=0.35, most=50)
    while sum(fake.tally.values()) < 50:
        try:
            found = read(system, fake)
        except Unclear:
            continue
        assert found == fake.orders()


def test_orders_come_through_the_loopback_interface_as_a_source_and_are_kept(
    system: str, tmp_path: Path
) -> None:
    fake = FAKES[system]()
    with serve(fake) as url:
        local = {"url": url, "private_host": "127.0.0.1", "per_second": 1000}
        source = source_of(system, fake, erp=local)
        first = read_source("orders", source, tmp_path, keep=True)
        again = read_source("orders", source, tmp_path, keep=True)
    assert first.rows.num_rows == sum(fake.orders().values())
    sha256 = first.files[0]["sha256"]
    assert again.files[0]["sha256"] == sha256
    assert snapshot.check_kept(snapshot.find_archive(tmp_path), sha256) == ""
    assert first.files[0]["path"] == f"${system}/127.0.0.1"


def test_a_watermark_asks_for_what_changed_and_keeps_the_rest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in FAKES["kingdee_galaxy"].environment.items():
        monkeypatch.setenv(name, value)
    fake = FAKES["kingdee_galaxy"]()
    source = source_of("kingdee_galaxy", fake, watermark="FModifyDate")
    first, _ = read_erp(source, tmp_path, keep=True, wire=wire(fake))
    asked: list[str] = []
    rows = fake._rows  # type: ignore[attr-defined]

    def changed(form: str, condition: str) -> list[dict[str, Any]]:
        asked.append(condition)
        later = {"FQty": 7.0, "FModifyDate": "2026-07-01T00:00:00"}
        return [{**rows(form, condition)[3], **later}]

    monkeypatch.setattr(fake, "_rows", changed)
    second, _ = read_erp(source, tmp_path, keep=True, wire=wire(fake))
    assert asked == ["FDocumentStatus='C' AND FModifyDate>='2026-06-01T00:00:00'"]
    assert len(second.numbers) == len(first.numbers) == 4500
    place = second.header.index("FQty")
    quantities = Counter(second.cells.column(place).to_pylist())
    assert quantities == {"5.0": 4499, "7.0": 1}


def test_a_line_that_was_taken_off_an_order_is_gone_when_the_order_is_read_again() -> None:
    before = [{"no": "1", "line": "1"}, {"no": "1", "line": "2"}, {"no": "2", "line": "1"}]
    assert merge(before, [{"no": "1", "line": "2"}], "no") == [before[1], before[2]]


def test_kingdee_s_deliveries_and_returns_are_forms_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in FAKES["kingdee_galaxy"].environment.items():
        monkeypatch.setenv(name, value)
    fake = FAKES["kingdee_galaxy"]()
    fields = kingdee_galaxy.FORMS["SAL_RETURNSTOCK"]
    row = {name: name.lower() for name in fields}
    rows = {"SAL_RETURNSTOCK": [row]}
    monkeypatch.setattr(fake, "_rows", lambda form, condition: rows[form])
    source = source_of("kingdee_galaxy", fake, erp={"entry": "SAL_RETURNSTOCK"})
    assert list(open_door(source, wire(fake)).read_orders(None)) == [row]  # type: ignore[attr-defined]
    other = source_of("kingdee_galaxy", fake, erp={"entry": "SAL_RETURN"})
    with pytest.raises(ErpError, match="Did you mean 'SAL_RETURNSTOCK'"):
        list(open_door(other, wire(fake)).read_orders(None))  # type: ignore[attr-defined]


def test_another_system_s_watermark_is_refused(system: str) -> None:
    source = source_of(system, FAKES[system](), watermark="rowversion")
    with pytest.raises(SalesForecastError, match=r"rowversion.*is not asked for by"):
        open_door(source, wire(FAKES[system]()))


def test_a_wrong_password_is_said_without_the_password(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FAKES[system]()
    for name in fake.environment:
        monkeypatch.setenv(name, "hunter2-wrong")
    with pytest.raises(ErpError) as caught:
        read(system, fake)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert fake.requests <= 2  # a password is not tried again and again


def test_a_source_of_an_erp_system_needs_its_address_and_nothing_else() -> None:
    with pytest.raises(ValueError, match="`erp` is for sap_s4"):
        Source.model_validate({"kind": "sap_s4", "path": "orders.csv"})
    with pytest.raises(ValueError, match="`erp` is for sap_s4"):
        Source.model_validate({"kind": "csv", "path": "a.csv", "erp": {"url": "https://a.b"}})


def test_a_run_is_made_of_orders_that_were_read_from_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FAKES["sap_s4"]()
    for name, value in fake.environment.items():
        monkeypatch.setenv(name, value)
    columns = {
        "date": "SalesOrderDate",
        "order_id": "SalesOrder",
        "product": "Material",
        "quantity": "RequestedQuantity",
        "amount": "NetAmount",
    }
    with serve(fake) as url:
        local = {"url": url, "private_host": "127.0.0.1", "per_second": 1000}
        source = source_of("sap_s4", fake, erp=local).model_dump(include={"kind", "erp"})
        keys = ["SalesOrder", "SalesOrderItem"]
        orders = {**source, "columns": columns, "key": keys, "watermark": "LastChangeDateTime"}
        unit = {
            "sources": {"orders": orders},
            "dimensions": ["product"],
            "levels": {"total": [], "bottom": ["product"]},
            "measure": {"value": "quantity"},
        }
        path = tmp_path / "parameters" / "units" / "north.yml"
        path.parent.mkdir(parents=True)
        path.write_text(yaml.safe_dump(unit, sort_keys=False))
        run = steps.open_month(tmp_path, "north", "2026-05")
        steps.clean(run)
    assert len(run.read("transactions")) == 29 * 30
    panel = run.read("panel")
    total = panel[panel["unique_id"] == "total"]
    assert list(total["y"]) == [15 * 2 * 5.0] * 29
