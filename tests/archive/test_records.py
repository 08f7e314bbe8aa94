"""Records of what people decide: appended, never changed, by two at once, on two databases."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from salesfc_lib.archive import Record, append_record, read_records
from salesfc_lib.archive.event_log.chain import COLUMNS
from salesfc_lib.errors import RequestError, SalesForecastError
from tests import postgres

ADDED = Record(
    what="action.add",
    who="韩磊",
    unit="kitchen",
    month="2026-05",
    reason="断货",
    new={"owner": "刘慧", "due": "2026-07-31"},
)
VARIABLE = "SALESFC_TEST_RECORDS"


@pytest.fixture(params=["", VARIABLE], ids=["sqlite", "postgresql"])
def address_env(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if not request.param:
        yield ""
        return
    if not postgres.can_run():
        pytest.skip("no PostgreSQL server programs here")
    with postgres.running_server() as server:
        monkeypatch.setenv(VARIABLE, server.address())
        yield VARIABLE


def test_records_come_back_as_they_were_made_in_their_order(
    tmp_path: Path, address_env: str
) -> None:
    assert read_records(tmp_path, address_env=address_env).empty
    numbers = [
        append_record(tmp_path, each, address_env=address_env)
        for each in (ADDED, replace(ADDED, what="sign_off", unit="cleaning", month="2026-06"))
    ]
    records = read_records(tmp_path, address_env=address_env)
    assert records["number"].tolist() == numbers
    assert records.iloc[0][["who", "reason", "subject"]].tolist() == ["韩磊", "断货", ""]
    assert records.iloc[0]["new"] == {"owner": "刘慧", "due": "2026-07-31"}
    for only, left in (
        ({"unit": "kitchen"}, numbers[:1]),
        ({"what": "action"}, numbers[:1]),
        ({"what": "sign_off"}, numbers[1:]),
        ({"what": "act"}, []),
        ({"through": "2026-05"}, numbers[:1]),
    ):
        found = read_records(tmp_path, address_env=address_env, **only)
        assert found["number"].tolist() == left, only


def test_of_two_people_at_once_one_is_told_who_was_first(tmp_path: Path, address_env: str) -> None:
    def decide(name: str) -> str:
        try:
            record = replace(ADDED, what="accept", who=name, subject="p1", once="p1")
            append_record(tmp_path, record, address_env=address_env)
        except RequestError as error:
            return str(error)
        return ""

    names = [f"person {number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(decide, names))
    records = read_records(tmp_path, address_env=address_env)
    assert said.count("") == len(records) == 1
    first = records["who"].iloc[0]
    assert all(f"{first} recorded 'accept' of 'p1' already" in text for text in said if text)


def test_two_at_once_lose_nothing(tmp_path: Path, address_env: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        done = pool.map(
            lambda _: append_record(tmp_path, ADDED, address_env=address_env), range(40)
        )
    assert sorted(done) == read_records(tmp_path, address_env=address_env)["number"].tolist()


@pytest.mark.parametrize("statement", ["UPDATE records SET who = 'x'", "DELETE FROM records"])
def test_the_database_refuses_to_change_a_record(
    tmp_path: Path, address_env: str, statement: str
) -> None:
    append_record(tmp_path, ADDED, address_env=address_env)
    address = (
        os.environ[VARIABLE] if address_env else f"sqlite:///{tmp_path}/archive/records.sqlite"
    )
    refused = pytest.raises(sa.exc.DBAPIError, match="only ever added")
    with refused, sa.create_engine(address).begin() as connection:
        connection.exec_driver_sql(statement)
    assert read_records(tmp_path, address_env=address_env)["who"].tolist() == ["韩磊"]


@pytest.mark.parametrize("blank", ["who", "reason"])
def test_a_record_without_who_or_why_is_refused_and_nothing_is_made(
    tmp_path: Path, blank: str
) -> None:
    with pytest.raises(RequestError, match=f"`{blank}` is empty"):
        append_record(tmp_path, replace(ADDED, **{blank: " "}))
    assert not list(tmp_path.iterdir())


def test_a_torn_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    for _ in range(200):
        append_record(tmp_path, ADDED)
    path = tmp_path / "archive" / "records.sqlite"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(SalesForecastError, match=r"records.sqlite.*malformed.*from a copy"):
        read_records(tmp_path)
    path.write_text("rubbish" * 100)
    with pytest.raises(SalesForecastError, match=r"records.sqlite.*not a database"):
        append_record(tmp_path, ADDED)


def test_an_address_that_is_not_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(SalesForecastError, match="'NOT_SET_ANYWHERE' is not set"):
        append_record(tmp_path, ADDED, address_env="NOT_SET_ANYWHERE")


def test_a_killed_writer_leaves_whole_records(tmp_path: Path) -> None:
    append_record(tmp_path, ADDED)
    path = tmp_path / "archive" / "records.sqlite"
    half = sqlite3.connect(path, isolation_level=None)
    half.execute("BEGIN IMMEDIATE")
    kept = ", ".join(name for name in COLUMNS if name != "number")
    half.execute(f"INSERT INTO records (number, {kept}) SELECT 2, {kept} FROM records")
    half.close()  # as a process that dies before its commit
    assert read_records(tmp_path)["number"].tolist() == [1]
