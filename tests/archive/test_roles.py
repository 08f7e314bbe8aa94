"""Who may record what: by this program, and on PostgreSQL by the database whatever is tried."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from salesfc_lib import archive
from salesfc_lib.archive import Record, append_record, read_records
from salesfc_lib.cli import app
from salesfc_lib.errors import RequestError, SalesForecastError
from tests import forbidden_acts as acts
from tests import postgres

SIGN = Record(what="sign_off", who="", unit="east", month="2026-06", reason="r")


def sign_in(monkeypatch: pytest.MonkeyPatch, login: str) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", login)


def say(what: str, who: str, unit: str = "east") -> Record:
    return Record(what=what, who=who, unit=unit, month="2026-06", reason="r")


@pytest.fixture
def team(tmp_path: Path) -> Path:
    acts.write_team(tmp_path)
    return tmp_path


def test_each_role_records_what_it_may_and_nothing_else(
    team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    through = {}
    for what in acts.KINDS:
        for role in acts.ROLES:
            sign_in(monkeypatch, f"{role}_east")
            try:
                append_record(team, say(what, f"N {role} east"))
                through[what, role] = True
            except RequestError:
                through[what, role] = False
    expected = {pair: acts.may(f"{pair[1]}_east", pair[0], "east") for pair in through}
    expected["sign_off", "reviewer"] = True
    assert through == expected
    assert archive.verify_log(team) is None


@pytest.mark.parametrize(
    ("login", "record", "said"),
    [
        ("stranger", say("action.add", "N owner east"), "login 'stranger' is of nobody.*`logins`"),
        ("planner_east", say("action.add", "N owner east"), "'planner_east' is N planner east"),
        ("planner_west", say("action.add", "N planner west"), "no role there.*planner or owner"),
        ("planner_east", say("sign_off", "N planner east"), "reviewer.*Ask 'N reviewer east'"),
        ("planner_east", say("alert.open", "salesfc"), "analyst or owner or administrator"),
        ("owner_east", say("action.add", "salesfc"), "'salesfc' is not who is signed in"),
    ],
)
def test_who_may_not_is_told_what_to_do(
    team: Path, monkeypatch: pytest.MonkeyPatch, login: str, record: Record, said: str
) -> None:
    sign_in(monkeypatch, login)
    with pytest.raises(RequestError, match=said):
        append_record(team, record)
    assert read_records(team).empty


def test_the_watch_of_an_analyst_s_login_records_under_its_own_name(
    team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(monkeypatch, "analyst_east")
    append_record(team, say("alert.open", "salesfc"))
    assert read_records(team)["who"].tolist() == ["salesfc"]


def test_a_month_is_published_by_who_has_the_role_for_it(
    team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may = []
    for role in acts.ROLES:
        sign_in(monkeypatch, f"{role}_east")
        try:
            archive.check_publisher(team, "east", "2026-06")
            may.append(role)
        except RequestError as error:
            assert "Ask 'N owner east'" in str(error)
    assert may == ["owner", "analyst", "administrator"]
    assert read_records(team).empty


def test_a_role_of_a_person_unknown_or_held_by_nobody_is_said(
    team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = team / "parameters" / "units" / "east.yml"
    text = file.read_text()
    sign_in(monkeypatch, "owner_east")
    file.write_text(text.replace("[reviewer_east]", "[]"))
    with pytest.raises(RequestError, match="Nobody has that role"):
        append_record(team, say("sign_off", "N owner east"))
    file.write_text(text.replace("[reviewer_east]", "[gone]"))
    with pytest.raises(SalesForecastError, match=r"`roles.reviewer` of 'east' names 'gone'"):
        append_record(team, say("action.add", "N owner east"))


def test_an_administrator_who_is_owner_as_well_decides_nothing(
    team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = team / "parameters" / "units" / "east.yml"
    file.write_text(file.read_text().replace("[owner_east]", "[owner_east, administrator_east]"))
    sign_in(monkeypatch, "administrator_east")
    with pytest.raises(RequestError, match="administrator there"):
        append_record(team, say("view.decide", "N administrator east"))


def test_who_decided_a_month_does_not_sign_it_off(
    team: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = team / "parameters" / "units" / "east.yml"
    file.write_text(file.read_text().replace("[reviewer_east]", "[reviewer_east, owner_east]"))
    sign_in(monkeypatch, "owner_east")
    append_record(team, say("view.decide", "N owner east"))
    with pytest.raises(RequestError, match=r"decided on numbers of 2026-06.*event 1"):
        append_record(team, say("sign_off", "N owner east"))


def test_a_unit_without_roles_takes_any_name(tmp_path: Path) -> None:
    assert append_record(tmp_path, say("sign_off", "anyone")) == 1


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    if not postgres.can_run():
        pytest.skip("no PostgreSQL server programs here")
    with postgres.running_server() as server:
        yield server.address()
    os.environ.pop(acts.VARIABLE, None)


@pytest.fixture(scope="module")
def shared(address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("team")
    acts.set_up(project, address)
    return project


def test_on_postgresql_forbidden_acts_fail_and_others_pass(shared: Path, address: str) -> None:
    dice = random.Random(16)
    forbidden = dice.sample(acts.list_acts(forbidden=True), 40)
    assert [act for act in forbidden if acts.try_act(shared, act, address)] == []
    allowed = dice.sample(acts.list_acts(forbidden=False), 15)
    assert [act for act in allowed if not acts.try_act(shared, act, address)] == []
    assert archive.verify_log(shared, address_env=acts.VARIABLE) is None


def test_on_postgresql_nobody_of_the_team_changes_the_log_itself(
    shared: Path, address: str
) -> None:
    own = address.replace("//owner@", "//owner_east@")
    append_record(shared, say("action.add", "x", "plain"), address_env=acts.VARIABLE)
    assert [each for each in acts.DIRECT if acts.run_sql(own, each)] == []
    assert archive.verify_log(shared, address_env=acts.VARIABLE) is None


def test_on_postgresql_what_is_forged_is_stamped_by_the_database(
    shared: Path, address: str
) -> None:
    own = address.replace("//owner@", "//planner_east@").replace("+psycopg", "")
    insert = acts.INSERT.format(who="N owner east", what="action.add", unit="east")
    forged = insert.replace("(0, '2026-07-01", "(999, '1999-07-01").replace("'', '')", "'x', 'y')")
    with psycopg.connect(own) as connection:
        connection.execute(forged)
        seen = connection.execute("SELECT DISTINCT unit FROM records").fetchall()
    last = read_records(shared, last=1, address_env=acts.VARIABLE).iloc[0]
    assert (last["who"], last["number"] < 999, last["at"] > "2026") == (
        "N planner east", True, True,
    )  # fmt: skip
    assert seen == [("east",)]
    assert archive.verify_log(shared, address_env=acts.VARIABLE) is None


def test_on_postgresql_four_writers_at_once_lose_nothing(shared: Path, address: str) -> None:
    logins = [f"{role}_{unit}" for role in ("owner", "planner") for unit in acts.UNITS]
    before = acts.count_events(address)

    def write(login: str) -> None:
        own = address.replace("//owner@", f"//{login}@").replace("+psycopg", "")
        unit = login.partition("_")[2]
        for _ in range(10):
            with psycopg.connect(own) as connection:
                connection.execute(acts.INSERT.format(who="", what="action.add", unit=unit))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, logins))
    assert acts.count_events(address) == before + 40
    assert archive.verify_log(shared, address_env=acts.VARIABLE) is None


def test_on_postgresql_a_change_by_its_owner_is_found(shared: Path, address: str) -> None:
    engine = sa.create_engine(address, poolclass=sa.pool.NullPool)
    for act in acts.list_acts(forbidden=False)[:5]:
        acts.try_act(shared, act, address)
    for change in (
        "UPDATE records SET reason = 'x' WHERE number = 3",
        "DELETE FROM records WHERE number = 3",
        "DELETE FROM records WHERE number = (SELECT max(number) FROM records)",
        "UPDATE records_head SET hash = 'x'",
    ):
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE kept AS SELECT * FROM records")
            connection.exec_driver_sql("CREATE TABLE kept_head AS SELECT * FROM records_head")
            connection.exec_driver_sql("ALTER TABLE records DISABLE TRIGGER ALL")
            connection.exec_driver_sql(change)
        assert archive.verify_log(shared, address_env=acts.VARIABLE) is not None, change
        with engine.begin() as connection:
            for table, kept in (("records", "kept"), ("records_head", "kept_head")):
                connection.exec_driver_sql(f"DELETE FROM {table}")
                connection.exec_driver_sql(f"INSERT INTO {table} SELECT * FROM {kept}")
                connection.exec_driver_sql(f"DROP TABLE {kept}")
            connection.exec_driver_sql("ALTER TABLE records ENABLE TRIGGER ALL")
    assert archive.verify_log(shared, address_env=acts.VARIABLE) is None


def test_a_log_goes_to_postgresql_and_back_as_it_is(
    shared: Path, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "administrator_east")
    with sa.create_engine(address, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE other")
    monkeypatch.setenv("SALESFC_TEST_OTHER", address.replace("/postgres?", "/other?"))
    for number in range(5):
        append_record(tmp_path, say("action.add", f"韩磊 {number}", "plain"))
    files = [tmp_path / name for name in ("first", "second", "third")]
    archive.export_log(tmp_path, files[0])
    assert archive.import_log(tmp_path, files[0], address_env="SALESFC_TEST_OTHER") == 5
    append_record(tmp_path, say("action.add", "韩磊", "plain"), address_env="SALESFC_TEST_OTHER")
    archive.export_log(tmp_path, files[1], address_env="SALESFC_TEST_OTHER")
    assert archive.import_log(tmp_path, files[1]) == 1
    archive.export_log(tmp_path, files[2])
    assert files[1].read_bytes() == files[2].read_bytes() and archive.verify_log(tmp_path) is None
    assert archive.verify_log(tmp_path, address_env="SALESFC_TEST_OTHER") is None


def test_who_may_do_what_is_said_and_written_by_a_command(
    shared: Path, address: str, team: Path
) -> None:
    told = CliRunner().invoke(app, ["roles", "--all", "--project", str(team)])
    assert told.exit_code == 0 and "N reviewer west (reviewer_west) reviews" in told.output
    assert "Events are in a file" in told.output and "folders alone" in told.output
    applied = CliRunner().invoke(app, ["roles", "east", "--apply", "--project", str(shared)])
    assert applied.exit_code == 0 and "1 units" in applied.output
    os.environ[acts.VARIABLE] = address.replace("//owner@", "//owner_east@")
    refused = CliRunner().invoke(app, ["roles", "east", "--apply", "--project", str(shared)])
    os.environ[acts.VARIABLE] = address
    assert refused.exit_code == 2 and "may not write roles" in refused.output
