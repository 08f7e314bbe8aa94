"""Claims about bad input: each problem is listed with the place to mend, and nothing is sent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from fake_erp import FAKES, wire
from salesfc_lib import steps
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Target
from salesfc_lib.handover import erp
from salesfc_lib.handover.erp.plan import Change, Line, Masters, Row, differences, make_plan
from tests.handover.erp.months import NAME, UNIT, found, make_month, publish, say_measure, wanted

Case = tuple[str, dict[str, Any], str]
PRODUCTS = {
    "number": ("item 0,,PC", "products.csv line 2: 'item 0' has no ERP number"),
    "unknown": ("item 0,X9,PC", "products.csv line 2: the system has no product 'X9'"),
    "unit": ("item 0,P0,KG", "products.csv line 2: 'P0' is kept in 'PC' there, not in 'KG'"),
    "no unit": ("item 0,P0,", "products.csv line 2: 'item 0' has no unit of measure"),
    "plant": ("item 0,P0,PC,9999", "products.csv line 2: 'P0' has no plant '9999' there"),
    "factor": ("item 0,P0,PC,1010,-1", "products.csv line 2: the factor of 'item 0' is '-1'"),
    "none": ("", "products.csv: 'item 0' has no row, and so no ERP number"),
}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for fake in FAKES.values():
        for name, value in fake.environment.items():
            monkeypatch.setenv(name, value)


def test_what_is_wrong_in_the_products_file_is_listed_with_its_line(tmp_path: Path) -> None:
    for name, (line, expected) in PRODUCTS.items():
        project = tmp_path / name.replace(" ", "_")
        project.mkdir()
        fake = FAKES["sap_s4"]()
        run = make_month(project, fake, "sap_s4", products=2)
        rows = ["product,number,unit,plant,factor", *filter(None, [line]), "item 1,P1,PC"]
        (project / "products.csv").write_text("\n".join(rows) + "\n")
        sent = erp.send(run, NAME, wire=wire(fake))
        assert [str(each) for each in sent.problems if expected in str(each)], name
        assert not sent.receipt
        assert found(fake) == {}
        assert not fake.headers  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "settings, expected",
    [
        ({"open_from": "2026-08"}, "handover.to.erp.first: 2026-07 is closed"),
        ({"frozen_through": "2026-07"}, "2026-07 is taken into production through 2026-07"),
    ],
)
def test_closed_and_frozen_months_stop_a_send(
    tmp_path: Path, settings: dict[str, str], expected: str
) -> None:
    fake = FAKES["sap_s4"]()
    run = make_month(tmp_path, fake, "sap_s4", **settings)
    problems = erp.send(run, NAME, wire=wire(fake)).problems
    assert any(expected in str(each) for each in problems)
    assert found(fake) == {}


def test_months_before_today_are_closed_unless_a_parameter_opens_them(tmp_path: Path) -> None:
    fake = FAKES["sap_s4"]()
    run = make_month(tmp_path, fake, "sap_s4", open_from=None)
    late, early = date(2026, 8, 3), date(2026, 7, 3)
    assert not erp.preview(run, NAME, today=early, wire=wire(fake)).problems
    problems = erp.preview(run, NAME, today=late, wire=wire(fake)).problems
    assert [each.what for each in problems] == [
        "2026-07 is closed: the first open month is 2026-08"
    ]


def test_a_forecast_below_zero_or_of_amounts_is_not_sent(tmp_path: Path) -> None:
    fake = FAKES["sap_s4"]()
    make_month(tmp_path, fake, "sap_s4")
    say_measure(publish(tmp_path, add=-2), "amount")
    run = steps.open_month(tmp_path, UNIT, "2026-06")
    said = [str(each) for each in erp.send(run, NAME, wire=wire(fake)).problems]
    assert any("the forecast of 'item 0' for 2026-07 is -1, below zero" in each for each in said)
    assert any("an ERP system plans quantities" in each for each in said)
    assert found(fake) == {}


def test_what_is_taken_into_production_is_not_changed(tmp_path: Path) -> None:
    fake = FAKES["sap_s4"]()
    run = make_month(tmp_path, fake, "sap_s4")
    erp.send(run, NAME, wire=wire(fake))
    for item in fake.items.values():  # type: ignore[attr-defined]
        item["WithdrawalQuantity"] = "1"
    assert not erp.send(run, NAME, wire=wire(fake)).problems  # nothing changes
    publish(tmp_path, add=5)
    before = fake.contents()
    problems = erp.send(steps.open_month(tmp_path, UNIT, "2026-06"), NAME, wire=wire(fake)).problems
    assert "is taken into production already (1 PC)" in str(problems[0])
    assert fake.contents() == before


def test_an_inactive_version_that_somebody_activated_is_not_written(tmp_path: Path) -> None:
    fake = FAKES["sap_s4"]()
    run = make_month(tmp_path, fake, "sap_s4")
    erp.send(run, NAME, wire=wire(fake))
    for header in fake.headers.values():  # type: ignore[attr-defined]
        assert (header["PlndIndepRqmtVersion"], header["PlndIndepRqmtIsActive"]) == ("01", False)
        header["PlndIndepRqmtIsActive"] = True
    assert "is no draft any more" in str(erp.send(run, NAME, wire=wire(fake)).problems[0])


def test_the_active_version_is_written_only_where_a_parameter_says_so(tmp_path: Path) -> None:
    fake = FAKES["sap_s4"]()
    run = make_month(tmp_path, fake, "sap_s4", draft=False)
    assert erp.send(run, NAME, wire=wire(fake)).receipt["draft"] is False
    headers = fake.headers.values()  # type: ignore[attr-defined]
    assert {each["PlndIndepRqmtVersion"] for each in headers} == {"00"}
    with pytest.raises(ValueError, match="00 is the active version"):
        Target(system="sap_s4", url="https://a.b", products="p.csv", version="00")


def test_a_bill_of_a_draft_is_saved_and_not_audited(tmp_path: Path) -> None:
    for name, draft, status in (("a", True, "A"), ("b", False, "C")):
        (tmp_path / name).mkdir()
        fake = FAKES["kingdee_galaxy"]()
        run = make_month(tmp_path / name, fake, "kingdee_galaxy", draft=draft)
        erp.send(run, NAME, wire=wire(fake))
        publish(tmp_path / name, add=1)  # and again, changed
        erp.send(run, NAME, wire=wire(fake))
        assert found(fake) == wanted(add=1)
        bills = fake.bills.values()  # type: ignore[attr-defined]
        assert [each["FDocumentStatus"] for each in bills] == [status] * 3


def test_a_row_that_the_system_refuses_is_in_the_receipt_and_the_others_are_sent(
    tmp_path: Path,
) -> None:
    fake = FAKES["sap_s4"]()
    run = make_month(tmp_path, fake, "sap_s4")
    judge = fake._judge  # type: ignore[attr-defined]
    fake._judge = lambda body: "blocked" if body.get("Product") == "P2" else judge(body)  # type: ignore[attr-defined]
    receipt = erp.send(run, NAME, wire=wire(fake)).receipt
    assert receipt["status"] == "partial"
    assert len(receipt["refused"]) == 1
    assert "blocked" in receipt["refused"][0]
    assert len(receipt["differs"]) == 3
    assert len(found(fake)) == 12
    fake._judge = judge  # type: ignore[attr-defined]
    again = erp.send(run, NAME, wire=wire(fake)).receipt
    assert (again["status"], again["send"], again["key"]) == ("complete", 1, receipt["key"])


def test_quantities_are_turned_into_the_erps_unit_and_rounded(tmp_path: Path) -> None:
    fake = FAKES["sap_s4"]()
    run = make_month(tmp_path, fake, "sap_s4", products=1, decimals=1)
    (tmp_path / "products.csv").write_text("product,number,unit,plant,factor\nitem 0,P0,PC,,0.25\n")
    erp.send(run, NAME, wire=wire(fake))
    assert found(fake) == {("P0", "2026-07"): 0.3, ("P0", "2026-08"): 0.5, ("P0", "2026-09"): 0.8}


def test_tables_that_an_analyst_tried_are_not_sent_in_place_of_the_published(
    tmp_path: Path,
) -> None:
    fake = FAKES["sap_s4"]()
    run = make_month(tmp_path, fake, "sap_s4")
    tried = run.read("forecast")
    tried["y_hat"] = 999.0
    run.write(forecast=tried, series=run.read("series"))
    assert run.folder.is_relative_to(run.reports / ".work")
    erp.send(run, NAME, wire=wire(fake))
    assert found(fake) == wanted()


@pytest.mark.parametrize("body", ["{}", "[]", "[[1]]", '{"d": {"results": [{}]}}', "null", "7"])
@pytest.mark.parametrize("system", ["sap_s4", "netsuite", "kingdee_galaxy", "jiandaoyun"])
def test_an_answer_of_another_shape_is_an_error_in_words(
    tmp_path: Path, system: str, body: str
) -> None:
    fake = FAKES[system]()
    run = make_month(tmp_path, fake, system, products=1, **fake.active)
    headers = {"content-type": "application/json"}

    def answer(request: httpx.Request) -> httpx.Response:
        is_login = "AuthService" in request.url.path or "oauth2" in request.url.path
        return fake(request) if is_login else httpx.Response(200, text=body, headers=headers)

    try:
        sent = erp.send(run, NAME, wire=wire(answer))  # type: ignore[arg-type]
    except erp.ErpError as error:
        assert "documented" in str(error)
    else:
        assert sent.problems or sent.receipt["status"] == "partial"


def test_products_of_one_number_are_added_up(tmp_path: Path) -> None:
    fake = FAKES["sap_s4"]()
    run = make_month(tmp_path, fake, "sap_s4", products=2)
    (tmp_path / "products.csv").write_text("product,number,unit\nitem 0,P0,PC\nitem 1,P0,PC\n")
    erp.send(run, NAME, wire=wire(fake))
    assert found(fake) == {("P0", "2026-07"): 3, ("P0", "2026-08"): 5, ("P0", "2026-09"): 7}


def test_an_unknown_target_and_an_unpublished_month_are_said(tmp_path: Path) -> None:
    fake = FAKES["sap_s4"]()
    run = make_month(tmp_path, fake, "sap_s4")
    with pytest.raises(SalesForecastError, match="Unknown key 'earp'.*Did you mean 'erp'"):
        erp.preview(run, "earp", wire=wire(fake))
    (run.reports / "2026-06" / UNIT / "manifest.json").unlink()
    with pytest.raises(SalesForecastError, match="2026-06 of 'north' is not published"):
        erp.preview(run, NAME, wire=wire(fake))


def test_a_products_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    fake = FAKES["sap_s4"]()
    run = make_month(tmp_path, fake, "sap_s4")
    path = tmp_path / "products.csv"
    path.write_text("product,number,unit\nitem 0,P0,PC\nitem 0,P1,PC\n")
    with pytest.raises(SalesForecastError, match="line 3 has 2 rows that repeat the key"):
        erp.preview(run, NAME, wire=wire(fake))
    path.write_text("item,number\n")
    with pytest.raises(SalesForecastError, match="lacks the column 'product', 'unit'"):
        erp.preview(run, NAME, wire=wire(fake))
    path.unlink()
    with pytest.raises(SalesForecastError, match=r"products\.csv' cannot be read"):
        erp.preview(run, NAME, wire=wire(fake))


def test_a_plan_by_hand() -> None:
    target = Target(system="sap_s4", url="https://a.b", products="p.csv")
    lines = [
        Line("A", "1", "2026-07", Decimal(5), "PC"),
        Line("B", "1", "2026-07", Decimal(0), "PC"),
    ]
    rows = [
        Row("A", "1", "2026-07", Decimal("5.000"), "PC"),
        Row("C", "1", "2026-07", Decimal(9), "PC"),
        Row("C", "1", "2026-05", Decimal(9), "PC"),  # another month is left alone
    ]
    plan = make_plan(lines, rows, Masters(), target, "erp")
    assert plan.counts == {"new": 0, "changed": 0, "withdrawn": 1, "unchanged": 2}
    gone = Line("C", "1", "2026-07", Decimal(0), "PC")
    assert plan.pending == [Change("withdrawn", gone, rows[1])]
    assert differences([*lines, gone], rows) == ["C 1 2026-07: wanted 0 PC, read back 9 PC"]
    assert "stands there twice" in differences(lines, [*rows, rows[0]])[0]
