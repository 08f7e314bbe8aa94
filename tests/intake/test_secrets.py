"""Nothing of a database's address but scheme, host and database is written or shown anywhere."""

from __future__ import annotations

import html
import json
import time
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import nbformat
import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.forecasting.candidates.protocol import describe_error
from salesfc_lib.foundation import hide_secrets
from salesfc_lib.foundation.parameters import resolve
from salesfc_lib.foundation.schema import Source
from salesfc_lib.intake.sources.databases import connection
from salesfc_lib.intake.sources.extract import read_source
from salesfc_lib.reconciliation.overrides import read_overrides
from salesfc_lib.reporting import write_failed_page
from salesfc_lib.running import failures
from salesfc_lib.running.execute import NotebookFailed, run_notebook, save_notebook

VARIABLE = "SALESFC_TEST_DB"
PLAIN, NASTY = "Zq7-s3cret", "Kx9 p@ss/w:rd'&?ö"
FORMS = (  # {0}: percent-encoded where a URL wants it
    "postgresql://owner:{0}@127.0.0.1:1/shop",
    "postgresql+psycopg://owner:{0}@no-such-host.invalid/shop",
    "postgres://owner:{0}@127.0.0.1:1",
    "postgresql://{0}@127.0.0.1:1/shop",
    "postgresql://owner@127.0.0.1:1/shop?password={0}",
    "postgresql://127.0.0.1:1/shop?user=owner&sslpassword={0}",
    "postgresql://127.0.0.1:1/shop?passwd={0}",
    "postgresql://127.0.0.1:1/shop?token={0}&sslmode=disable",
    "postgresql://127.0.0.1:1/shop?options=-csearch_path%3D{0}",
    "postgresql://127.0.0.1:1/shop?{0}",
    "postgresql://127.0.0.1:1/shop?application_name=a@b&password={0}",
    "postgresql://127.0.0.1:1/owner:{0}@shop",
    "postgresql://127.0.0.1:1/shop/{0}",
    "postgresql://127.0.0.1:{0}/shop",
    "postgresql:///shop?host=127.0.0.1&port=1&password={0}",
    "postgresql://host=127.0.0.1 password={0}/shop",
    "host=127.0.0.1 port=1 dbname=shop user=owner password={0}",
    "host=127.0.0.1 password = '{0}' dbname=shop",
    "owner:{0}@127.0.0.1/shop",
    "nosuch://owner:{0}@127.0.0.1/shop",
    "mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BSERVER%3Dy%3BPWD%3D{0}",
    "Driver={{x}};Server=y;Uid=owner;Pwd={0};",
    "mysql+pymysql://owner:{0}@127.0.0.1:1/shop",
    "snowflake://owner:{0}@account/shop?warehouse=w&token={0}",
    "sqlite:////no/such/folder/shop.db?password={0}",
)
ADDRESSES = [
    (form.format(quote(secret, safe="")), secret) for secret in (PLAIN, NASTY) for form in FORMS
]


def spellings(secret: str) -> set[str]:
    """The secret however a message may hold it."""
    made = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}
    made |= {html.escape(secret), json.dumps(secret)[1:-1]}
    return made


def told(text: str, secret: str) -> list[str]:
    """Spellings of the secret in the text, and any part of one."""
    return [each for each in {*spellings(secret), "Zq7", "s3cret", "Kx9"} if each in text]


def orders(folder: Path) -> Any:
    columns = {"date": "day", "amount": "amount"}
    source = Source(kind="sql", url_env=VARIABLE, table="orders", columns=columns)
    return read_source("orders", source, folder)


@pytest.mark.parametrize(("address", "secret"), ADDRESSES)
def test_what_a_driver_says_holds_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, secret: str
) -> None:
    monkeypatch.setenv(VARIABLE, address)
    with pytest.raises(SalesForecastError, match=f"'{VARIABLE}'") as caught:
        orders(tmp_path)
    assert told("".join(traceback.format_exception(caught.value)), secret) == []
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("kind", [RuntimeError, TypeError, OSError, ValueError])
@pytest.mark.parametrize(("address", "secret"), ADDRESSES)
def test_a_driver_that_repeats_its_arguments_shows_no_secret(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    secret: str,
    kind: type[Exception],
) -> None:
    def fail(parsed: Any) -> Any:
        try:
            raise KeyError(address)
        except KeyError as error:
            raise kind(f"cannot log in: {address} {parsed!r} {[*spellings(secret)]}") from error

    monkeypatch.setenv(VARIABLE, address)
    monkeypatch.setattr(connection, "_make_engine", fail)
    with pytest.raises(SalesForecastError) as caught:
        orders(tmp_path)
    shown = "".join(traceback.format_exception(caught.value))
    assert told(shown, secret) == []


@pytest.mark.parametrize("place", ["url_env", "path", "title", "key", "reason", "set", "set key"])
@pytest.mark.parametrize(("address", "secret"), ADDRESSES)
def test_a_parameter_that_holds_an_address_is_refused_without_it(
    tmp_path: Path, place: str, address: str, secret: str
) -> None:
    files, text = tmp_path / "parameters", json.dumps(address, ensure_ascii=False)
    unit, month, sets = "", "", []
    match place:
        case "url_env":
            unit = f"sources: {{orders: {{kind: sql, table: orders, url_env: {text}}}}}"
        case "path":
            unit = f"sources: {{orders: {{kind: sql, table: orders, path: {text}}}}}"
        case "title":
            unit = f"unit: {{title: {text}}}"
        case "key":
            unit = f"{text}: 1"
        case "reason":
            month = f"horizon: {{value: 6, reason: {text}}}"
        case "set":
            sets = [f"sources.orders.url_env={text}"]
        case "set key":
            sets = [f"{address}={address}"]
    for path, content in ((files / "units", unit), (files / "months" / "2026-06", month)):
        path.mkdir(parents=True)
        (path / "north.yml").write_text(content, encoding="utf-8")
    with pytest.raises(SalesForecastError) as caught:
        resolve(tmp_path, "north", "2026-06", sets)
    assert told("".join(traceback.format_exception(caught.value)), secret) == []
    if place in ("url_env", "path", "title", "key", "reason"):
        assert "north.yml' cannot be read" in str(caught.value)


def test_a_value_of_url_env_that_is_no_variable_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / "parameters" / "units").mkdir(parents=True)
    text = f"sources: {{orders: {{kind: sql, table: orders, url_env: '{PLAIN}!'}}}}"
    (tmp_path / "parameters" / "units" / "north.yml").write_text(text, encoding="utf-8")
    with pytest.raises(SalesForecastError, match="name of an environment variable") as caught:
        resolve(tmp_path, "north")
    assert told("".join(traceback.format_exception(caught.value)), PLAIN) == []


def test_no_file_of_a_failed_run_holds_a_secret_of_fifty_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell prints all addresses and raises them, one error chained to the other."""
    for number, (address, _) in enumerate(ADDRESSES):
        monkeypatch.setenv(f"SALESFC_TEST_DB_{number}", address)
    codes = (
        "import os, sys, warnings\n"
        "held = [v for k, v in sorted(os.environ.items()) if k.startswith('SALESFC_TEST_DB_')]\n"
        "print(len(held), *held, sep='\\n')\n"
        "print(*held, sep='\\n', file=sys.stderr)",
        "import html\n"
        "from IPython.display import HTML, SVG, Markdown, display\n"
        "cells = ''.join(f'<td title=\"{html.escape(v)}\">{html.escape(v)}</td>' for v in held)\n"
        "display(HTML(f'<table><tr>{cells}</tr></table>'), Markdown(' '.join(held)), held)\n"
        "display(SVG(f'<svg xmlns=\"http://www.w3.org/2000/svg\"><text>{html.escape(held[0])}'\n"
        "            '</text></svg>'))",
        "try:\n    raise KeyError(held)\n"
        "except KeyError as error:\n    raise ValueError('\\n'.join(held)) from error",
    )
    path = tmp_path / "02_modeling.ipynb"
    cells = [nbformat.v4.new_code_cell(code) for code in codes]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    with pytest.raises(NotebookFailed) as caught:
        run_notebook(path, {})
    reports, error = tmp_path / "reports", caught.value
    facts = {"unit": "north", "title": "North", "month": "2026-06", "step": "02_modeling"}
    facts["error"] = failures.explain(ValueError("; ".join(each for each, _ in ADDRESSES)), reports)
    assert failures.record(reports, facts, error.node) is not None
    save_notebook(error.node, reports / "draft.ipynb")
    assert write_failed_page(reports, "02_modeling", error.node, facts)
    written = [each for each in reports.rglob("*") if each.is_file()]
    assert {each.suffix for each in written} == {".ipynb", ".html", ".json"}
    shown = "".join([str(error), facts["error"], *(each.read_text("utf-8") for each in written)])
    assert "50\\n" in shown
    outputs = [each for cell in error.node.cells for each in cell.get("outputs", [])]
    data = [each["data"] for each in outputs if "data" in each]
    (table,) = [each["text/html"] for each in data if "text/html" in each]
    assert table.count("<td title=") == table.count("</td>") == len(ADDRESSES)
    for _, secret in ADDRESSES:
        assert told(shown, secret) == []


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://owner:Zq7@db.example.com:5432/shop", "postgresql://***@db.example.com/shop"),
        ("mysql+pymysql://Zq7@10.0.0.7/shop?ssl=Zq7", "mysql+pymysql://***@10.0.0.7/shop?***"),
        ("postgresql://owner:p%40Zq7@host", "postgresql://***@host"),
        ("postgresql://owner:p@Zq7@host/shop", "postgresql://***"),
        ("postgresql://owner:a Zq7@host/shop", "postgresql://***"),
        ("postgresql://owner:x@host/shop/Zq7", "postgresql://***"),
        ("postgresql://owner:x@host:Zq7/shop", "postgresql://***"),
        ("postgresql://owner:12/Zq7", "postgresql://***"),
    ],
    ids=range(8),  # the name of the test is in the environment too
)
def test_of_an_address_host_and_database_are_shown_where_they_are_plain(
    monkeypatch: pytest.MonkeyPatch, address: str, shown: str
) -> None:
    assert hide_secrets(f"no answer from '{address}'.") == f"no answer from '{shown}'."
    monkeypatch.setenv(VARIABLE, address)
    assert hide_secrets(f"no answer from '{address}'.") == f"no answer from '{shown}'."


@pytest.mark.parametrize(
    "text",
    [
        "An address such as postgresql://user@host/database",
        "Set it, as in `SALES_DB=postgresql://… salesfc run …`; it is never written anywhere",
        "see https://www.sqlite.org/fileformat.html: it ends after 12 of 30 bytes",
        "no password supplied; password authentication failed for user",
        "Ask lin@example.com at 12:30, or mailto:lin@example.com",
        "/home/me/reports/2026-06",
    ],
)
def test_what_is_no_secret_is_left_as_it_is(text: str) -> None:
    assert hide_secrets(text) == text


@pytest.mark.parametrize(
    "text", ["password" * 50_000, "a." * 200_000, "a://" * 100_000, "a:b" * 100_000, "x@" * 100_000]
)
def test_long_texts_are_looked_through_at_once(text: str) -> None:
    began = time.process_time()
    hide_secrets(text)
    assert time.process_time() - began < 3


@pytest.mark.parametrize(("address", "secret"), ADDRESSES)
def test_neither_a_hand_written_reason_nor_a_candidates_error_tells_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, secret: str
) -> None:
    if hide_secrets(address) != address:  # it shows what it is
        quoted = address.replace('"', '""')
        line = f'2026-06,total,2026-07,1,,"{quoted}"'
        (tmp_path / "overrides").mkdir()
        path = tmp_path / "overrides" / "north.csv"
        path.write_text(f"made_in,unique_id,ds,new,author,reason\n{line}\n", encoding="utf-8")
        assert told(str(read_overrides(tmp_path, "north").to_dict()), secret) == []
    monkeypatch.setenv(VARIABLE, address)
    assert told(describe_error(ValueError(f"no answer of {address}")), secret) == []
