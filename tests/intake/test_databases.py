"""Claims about databases, on PostgreSQL and SQLite: exact texts, one moment, bounded memory."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.parameters import resolve
from salesfc_lib.foundation.schema import Parameters, Source
from salesfc_lib.intake.sources import snapshot
from salesfc_lib.intake.sources.databases import database
from salesfc_lib.intake.sources.extract import Extract, read_source
from tests import postgres

VARIABLE = "SALESFC_TEST_DB"
COLUMNS = {"date": "day", "amount": "amount"}


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    if not postgres.can_run():
        pytest.skip(
            "No PostgreSQL server can be made here: install Debian's `postgresql` to run these "
            "tests"
        )
    pytest.importorskip(
        "psycopg", reason="No PostgreSQL driver here: `pip install 'salesfc[postgres]'`"
    )
    with postgres.running_server() as running:
        yield running


@pytest.fixture
def base(
    server: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """An empty database, named by the environment; call it with a statement."""
    name = f"t{abs(hash(tmp_path)):x}"
    import psycopg

    def open_base(database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            f"host={server.folder} port={server.port} user=owner dbname={database}", autocommit=True
        )

    with open_base("postgres") as owner:
        owner.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    monkeypatch.setenv(VARIABLE, server.address(database=name))
    with open_base(name) as connection:
        yield connection.execute


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """A SQLite database, named by the environment; call it with a statement."""
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path / 'shop.db'}")
    with closing(sqlite3.connect(tmp_path / "shop.db", isolation_level=None)) as connection:
        yield connection.execute


def orders(**more: Any) -> Source:
    return Source(
        **{"kind": "sql", "url_env": VARIABLE, "table": "orders", "columns": COLUMNS, **more}
    )


def read(folder: Path, *, keep: bool = False, **more: Any) -> Extract:
    return read_source("orders", orders(**more), folder, keep=keep)


def column(extract: Extract, name: str) -> list[str]:
    return extract.rows[name].to_pylist()


EXACT = {
    "numeric(38,10)": ("12345678901234567890.1234567890", "12345678901234567890.1234567890"),
    "numeric": ("0.00000010", "0.00000010"),
    "bigint": ("9223372036854775807", "9223372036854775807"),
    "double precision": ("0.1", "0.1"),
    "timestamptz": ("2024-07-02 00:30:00.5+08", "2024-07-01 16:30:00.5+00:00"),
    "timestamp": ("2024-07-02 00:00:00", "2024-07-02 00:00:00"),
    "date": ("0044-03-15 BC", "0044-03-15 BC"),
    "boolean": ("true", "TRUE"),
    "text": ("华东\n'\"; --", "华东\n'\"; --"),
    "bytea": ("\\x00ff", "0x00ff"),
    "jsonb": ('{"a": [1]}', '{"a": [1]}'),
}


@pytest.mark.parametrize("kind", EXACT)
def test_every_type_comes_as_its_exact_text_and_nothing_as_a_blank(
    base: Callable[..., Any], tmp_path: Path, kind: str
) -> None:
    said, expected = EXACT[kind]
    base(f"CREATE TABLE orders (id int PRIMARY KEY, day date, amount {kind})")
    base("INSERT INTO orders VALUES (2, NULL, %s), (1, '2024-07-02', NULL)", (said,))
    extract = read(tmp_path)
    assert column(extract, "amount") == ["", expected]
    assert column(extract, "day") == ["2024-07-02", ""]
    assert extract.rows["row"].to_pylist() == [1, 2]


def test_days_that_python_has_no_date_for_are_read_too(
    base: Callable[..., Any], tmp_path: Path
) -> None:
    base("CREATE TABLE orders (day timestamptz, amount date)")
    base(
        "INSERT INTO orders VALUES ('infinity', '-infinity'), ('20240-01-01 08:00+08', "
        "'9999-12-31')"
    )
    extract = read(tmp_path)
    assert column(extract, "day") == ["20240-01-01 00:00:00+00:00", "infinity"]
    assert column(extract, "amount") == ["9999-12-31", "-infinity"]


def test_a_view_of_another_schema_under_any_name_is_read(
    base: Callable[..., Any], tmp_path: Path
) -> None:
    base('CREATE SCHEMA "销售""; DROP"')
    base('CREATE TABLE "销售""; DROP"."订 单" (day text, amount numeric, "单位" text)')
    base("""INSERT INTO "销售""; DROP"."订 单" VALUES ('b', 2, '北'), ('a', 1, '北')""")
    base('CREATE VIEW "销售""; DROP"."v%s:x" AS SELECT * FROM "销售""; DROP"."订 单"')
    extract = read(tmp_path, table_schema='销售"; DROP', table="v%s:x", where={"单位": "北"})
    assert column(extract, "day") == ["a", "b"]
    assert extract.files[0]["path"] == f'${VARIABLE}/销售"; DROP/v%s:x'


def test_unknown_names_are_answered_with_what_there_is(
    base: Callable[..., Any], tmp_path: Path
) -> None:
    base("CREATE TABLE order_lines (day text, amount numeric)")
    with pytest.raises(
        SalesForecastError, match="Unknown key 'orders'.*Did you mean 'order_lines'"
    ):
        read(tmp_path)
    with pytest.raises(SalesForecastError, match="Unknown key 'pubic'.*Did you mean 'public'"):
        read(tmp_path, table_schema="pubic")
    with pytest.raises(SalesForecastError, match="lacks the column 'price'"):
        read(tmp_path, table="order_lines", columns={"date": "day", "amount": "price"})


@pytest.mark.parametrize("unit", ["7", "x' OR '1'='1"])
def test_where_is_bound_whatever_the_type_and_leaves_the_others_apart(
    base: Callable[..., Any], tmp_path: Path, unit: str
) -> None:
    base("CREATE TABLE orders (id int PRIMARY KEY, day text, amount numeric, unit int, note text)")
    base(
        "INSERT INTO orders VALUES (1, 'a', 1, 7, 'x'), (2, 'b', 2, 8, 'x'), (3, 'c', 3, NULL, "
        "'x'), (4, 'd', 4, 7, 'x')"
    )
    extract = read(tmp_path, where={"unit": unit})
    assert column(extract, "day") == (["a", "d"] if unit == "7" else [])
    theirs = extract.elsewhere.to_pylist()
    assert [row["day"] for row in theirs] == (["b", "c"] if unit == "7" else ["a", "b", "c", "d"])
    assert {row["note"] for row in theirs} == {
        ""
    }  # a return may name their order, but nobody asks for their notes


def test_a_table_that_changes_while_it_is_read_is_read_as_it_was(
    base: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base("CREATE TABLE orders (id int PRIMARY KEY, day text, amount numeric, unit text)")
    base(
        "INSERT INTO orders SELECT i, 'a', 1, CASE WHEN i % 2 = 0 THEN 'x' ELSE 'y' END FROM "
        "generate_series(1, 50000) i"
    )
    streamed, read_texts = threading.Event(), database.read_texts

    def change_after_the_first_batch(*arguments: Any) -> Iterator[Any]:
        for batch in read_texts(*arguments):
            yield batch
            if not streamed.is_set():
                base("UPDATE orders SET unit = 'x', amount = 1000")
                base("DELETE FROM orders WHERE id > 40000")
                streamed.set()

    monkeypatch.setattr(database, "read_texts", change_after_the_first_batch)
    extract = read(tmp_path, where={"unit": "x"})
    assert streamed.is_set()
    assert (extract.rows.num_rows, extract.elsewhere.num_rows) == (25_000, 25_000)
    assert set(column(extract, "amount")) == {"1"}


def test_reading_cannot_write(base: Callable[..., Any]) -> None:
    base("CREATE TABLE orders (day text)")
    with (
        pytest.raises(SalesForecastError, match="read-only transaction"),
        database.connect(VARIABLE) as connection,
    ):
        connection.exec_driver_sql("INSERT INTO orders VALUES ('a')")


SECRETS = [
    "postgresql://owner:{password}@127.0.0.1:{port}/postgres",
    "postgresql+psycopg://nobody:{password}@127.0.0.1:{port}/postgres",
    "postgresql://owner@/postgres?host={folder}&port={port}&password={password}&options=-cnonsense%3D{password}",
    "postgresql://owner:{password}@no-such-host.invalid/postgres",
    "nosuch://owner:{password}@127.0.0.1/postgres",
    "postgresql://owner:{password}@127.0.0.1:port/postgres",
    "owner:{password}@host",
]


@pytest.mark.parametrize("address", SECRETS)
def test_no_message_and_no_traceback_holds_a_password(
    server: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    secret = "s3cret/密码"
    filled = address.format(password=quote(secret, safe=""), port=server.port, folder=server.folder)
    program = (
        "import sys; from pathlib import Path; from salesfc_lib.foundation import Source; from "
        "salesfc_lib.intake import read_source\n"
        f"read_source('orders', Source(kind='sql', url_env='{VARIABLE}', table='orders', "
        f"columns={COLUMNS}), Path('.'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, VARIABLE: filled},
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert f"'{VARIABLE}'" in done.stderr
    for spelled in (secret, quote(secret), quote(secret, safe=""), "s3cret"):
        assert spelled not in done.stderr + done.stdout


def test_a_password_opens_the_database_and_is_kept_nowhere(
    server: postgres.Server,
    base: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base("CREATE TABLE orders (day text PRIMARY KEY, amount numeric)")
    base("INSERT INTO orders VALUES ('a', 1)")
    name = os.environ[VARIABLE].split("/")[3].split("?")[0]
    monkeypatch.setenv(
        VARIABLE,
        f"postgresql://owner:{quote(postgres.PASSWORD, safe='')}@127.0.0.1:{server.port}/{name}",
    )
    extract = read(tmp_path, keep=True, key=["day"], watermark="day")
    assert column(extract, "day") == ["a"]
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) == 2
    for spelled in (postgres.PASSWORD, quote(postgres.PASSWORD, safe=""), "127.0.0.1"):
        assert all(spelled.encode() not in path.read_bytes() for path in kept)
        assert spelled not in str(extract.files)


def test_a_variable_that_is_not_set_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(SalesForecastError, match=f"'{VARIABLE}' is not set"):
        read(tmp_path)


def test_a_database_that_is_not_there_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(SalesForecastError, match="unable to open"):
        read(tmp_path)
    assert not [*tmp_path.iterdir()]


def test_the_same_content_is_kept_once_and_another_beside_it(
    base: Callable[..., Any], tmp_path: Path
) -> None:
    base("CREATE TABLE orders (id int PRIMARY KEY, day text, amount numeric)")
    base("INSERT INTO orders VALUES (1, 'a', 1.50), (2, 'b', 2)")
    archive = snapshot.find_archive(tmp_path)
    first, again = (read(tmp_path, keep=True).files[0]["sha256"] for _ in range(2))
    base("UPDATE orders SET amount = 1.5 WHERE id = 1")  # the same number, and another text
    other = read(tmp_path, keep=True).files[0]["sha256"]
    assert first == again != other
    assert [snapshot.check_kept(archive, each) for each in (first, other)] == ["", ""]
    assert len([*archive.rglob("*.parquet")]) == 2


def test_nothing_is_written_where_nothing_is_to_be_kept(
    base: Callable[..., Any], tmp_path: Path
) -> None:
    base("CREATE TABLE orders (day text PRIMARY KEY, amount numeric)")
    read(tmp_path)
    assert not [*tmp_path.iterdir()]


def test_a_million_rows_pass_in_bounded_memory(base: Callable[..., Any], tmp_path: Path) -> None:
    base(
        "CREATE TABLE orders (id int PRIMARY KEY, day date, amount numeric, customer text, unit "
        "text)"
    )
    base(
        "INSERT INTO orders SELECT i, date '2020-01-01' + i % 2000, i / 100.0, 'customer ' || i % "
        "5000, 'unit ' || i % 5 "
        "FROM generate_series(1, 1000000) i"
    )
    program = (
        "import resource; from pathlib import Path; from salesfc_lib.foundation import Source; "
        "from salesfc_lib.intake import read_source\n"
        "from salesfc_lib.intake.sources.databases import database\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"source = Source(kind='sql', url_env='{VARIABLE}', table='orders', columns={COLUMNS})\n"
        "rows = read_source('orders', source, Path('.')).rows\n"
        "print(rows.num_rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // "
        "1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    rows, megabytes = map(int, done.stdout.split())
    assert rows == 1_000_000
    assert megabytes < 400  # measured: 230; as Python values the table takes more than 600


def test_a_control_character_sets_its_row_aside(base: Callable[..., Any], tmp_path: Path) -> None:
    base("CREATE TABLE orders (id int PRIMARY KEY, day text, amount numeric, note text)")
    base("INSERT INTO orders VALUES (1, 'a', 1, E'x\\x07y'), (2, 'b', 2, E'two\\nlines')")
    extract = read(tmp_path)
    assert column(extract, "day") == ["b"]
    assert extract.rejected[["row", "rule"]].values.tolist() == [[1, "control_character"]]
    assert extract.files[0]["rows"] == 2


def test_a_file_that_another_program_writes_to_is_refused_by_its_path(
    shop: Callable[..., Any], tmp_path: Path
) -> None:
    shop("PRAGMA journal_mode = WAL")
    shop("CREATE TABLE orders (day text, amount numeric)")
    shop("INSERT INTO orders VALUES ('a', 1)")
    by_path = Source(kind="sql", path="shop.db", table="orders", columns=COLUMNS)
    with pytest.raises(SalesForecastError, match=r"'shop\.db-wal' beside it holds changes"):
        read_source("orders", by_path, tmp_path)
    assert column(read(tmp_path), "day") == [
        "a"
    ]  # by its address the table is extracted, and the extract is what is kept


KEYED = {"key": ["id"], "watermark": "changed"}
TABLE = (
    "CREATE TABLE orders (id int PRIMARY KEY, day text, amount numeric, changed timestamptz, unit "
    "text)"
)


def sort_rows(extract: Extract) -> list[list[str]]:
    return sorted(
        [row["id"], row["day"], row["amount"], row["unit"]] for row in extract.rows.to_pylist()
    )


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many records each statement brought."""
    counts: list[int] = []
    read_texts = database.read_texts

    def count(*arguments: Any) -> Iterator[Any]:
        counts.append(0)
        for batch in read_texts(*arguments):
            counts[-1] += len(batch[0])
            yield batch

    monkeypatch.setattr(database, "read_texts", count)
    return counts


def test_only_what_is_new_is_fetched_and_a_changed_row_supersedes_its_old_version(
    base: Callable[..., Any], tmp_path: Path, fetched: list[int]
) -> None:
    base(TABLE)
    base(
        "INSERT INTO orders SELECT i, 'd' || i, i, timestamptz '2024-01-01' + i * interval '1 s', "
        "'x' FROM generate_series(1, 1000) i"
    )
    whole = read(tmp_path, keep=True, **KEYED)
    assert fetched == [1000, 0]
    base(
        "INSERT INTO orders VALUES (1001, 'd1001', 7, timestamptz '2024-01-01' + 1000 * interval "
        "'1 s', 'x')"
    )  # as late as the last
    base("INSERT INTO orders VALUES (1002, 'd1002', 7, timestamptz '2024-02-01', 'x')")
    base("UPDATE orders SET amount = 99, changed = '2024-02-02' WHERE id = 5")
    fetched.clear()
    more = read(tmp_path, keep=True, **KEYED)
    assert fetched == [4, 0]  # the row at the last watermark again, and three
    assert sort_rows(more) == sort_rows(read(tmp_path))
    assert more.rows.num_rows == whole.rows.num_rows + 2
    assert more.rows["id"].to_pylist()[-3:] == ["5", "1001", "1002"]


def test_where_nothing_is_new_the_same_extract_is_read_again(
    base: Callable[..., Any], tmp_path: Path, fetched: list[int]
) -> None:
    base(TABLE)
    base(
        "INSERT INTO orders VALUES (1, 'a', 1, '2024-01-01', 'x'), (2, 'b', 1, '2024-01-02', 'y'),"
        " (3, 'c', 1, '2024-01-02', 'y')"
    )
    first, again = (read(tmp_path, keep=True, where={"unit": "y"}, **KEYED) for _ in range(2))
    assert fetched == [2, 1, 2, 0]
    assert first.files == again.files
    assert first.rows.equals(again.rows)
    assert first.elsewhere.equals(again.elsewhere)


def test_a_row_that_goes_to_another_unit_leaves_this_one(
    base: Callable[..., Any], tmp_path: Path
) -> None:
    base(TABLE)
    base("INSERT INTO orders VALUES (1, 'a', 1, '2024-01-01', 'x'), (2, 'b', 1, '2024-01-02', 'x')")
    read(tmp_path, keep=True, where={"unit": "x"}, **KEYED)
    base("UPDATE orders SET unit = 'y', changed = '2024-01-03' WHERE id = 1")
    extract = read(tmp_path, keep=True, where={"unit": "x"}, **KEYED)
    assert column(extract, "id") == ["2"]
    assert extract.elsewhere["id"].to_pylist() == ["1"]


def test_rows_without_a_watermark_are_fetched_every_time(
    base: Callable[..., Any], tmp_path: Path
) -> None:
    base(TABLE)
    base("INSERT INTO orders VALUES (1, 'a', 1, '2024-01-01', 'x'), (2, 'b', 1, NULL, 'x')")
    read(tmp_path, keep=True, **KEYED)
    base("UPDATE orders SET amount = 5 WHERE id = 2")
    base("INSERT INTO orders VALUES (3, 'c', 1, NULL, 'x')")
    assert sort_rows(read(tmp_path, keep=True, **KEYED)) == [
        ["1", "a", "1", "x"],
        ["2", "b", "5", "x"],
        ["3", "c", "1", "x"],
    ]


@pytest.mark.parametrize(
    "change",
    ["DELETE FROM orders WHERE id = 1", "INSERT INTO orders VALUES (0, 'z', 1, '2023-01-01', 'x')"],
)
def test_what_a_watermark_cannot_see_is_counted_and_the_table_read_whole(
    base: Callable[..., Any], tmp_path: Path, change: str
) -> None:
    base(TABLE)
    base("INSERT INTO orders VALUES (1, 'a', 1, '2024-01-01', 'x'), (2, 'b', 1, '2024-01-02', 'x')")
    read(tmp_path, keep=True, **KEYED)
    base(change)
    extract = read(tmp_path, keep=True, **KEYED)
    assert sort_rows(extract) == sort_rows(read(tmp_path))
    assert "it was read whole" in extract.issues["reason"].tolist()[0]


def test_another_database_under_the_same_name_is_not_added_to(
    server: postgres.Server,
    base: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base(TABLE)
    base("INSERT INTO orders VALUES (1, 'a', 1, '2024-01-01', 'x')")
    read(tmp_path, keep=True, **KEYED)
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute(TABLE)
        connection.execute("INSERT INTO orders VALUES (9, 'z', 1, '2025-01-01', 'x')")
        connection.commit()
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path / 'other.db'}")
    assert column(read(tmp_path, keep=True, **KEYED), "id") == ["9"]


@pytest.mark.parametrize("values", [("'2024-01-01'", "'2024-01-02'"), ("1", "2"), ("1.5", "2.5")])
def test_sqlite_by_its_address_has_watermarks_of_any_type(
    shop: Callable[..., Any], tmp_path: Path, fetched: list[int], values: tuple[str, str]
) -> None:
    shop("CREATE TABLE orders (id, day, amount, changed, unit)")
    shop(
        f"INSERT INTO orders(rowid, id, day, amount, changed) VALUES (4, 1, 'a', 1.5, {values[0]}),"
        f" (9, 2, 'b', 1, {values[1]})"
    )
    read(tmp_path, keep=True, **KEYED)
    fetched.clear()
    shop(f"UPDATE orders SET amount = 3, changed = {values[1]} WHERE id = 1")
    extract = read(tmp_path, keep=True, **KEYED)
    assert fetched == [2, 0]
    assert sort_rows(extract) == [["1", "a", "3", ""], ["2", "b", "1", ""]]


def test_an_interrupted_extraction_leaves_what_was_known(
    base: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetched: list[int]
) -> None:
    base(TABLE)
    base(
        "INSERT INTO orders SELECT i, 'a', 1, timestamptz '2024-01-01' + i * interval '1 s', 'x' "
        "FROM generate_series(1, 30000) i"
    )
    read(tmp_path, keep=True, **KEYED)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    base("UPDATE orders SET amount = 2, changed = '2024-02-01'")

    def die(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(snapshot.Path, "replace", die)
        read(tmp_path, keep=True, **KEYED)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    fetched.clear()
    assert set(column(read(tmp_path, keep=True, **KEYED), "amount")) == {"2"}
    assert fetched == [30_000, 0]


@pytest.mark.parametrize("harm", ["remove", "alter"])
def test_an_earlier_extract_that_is_gone_or_altered_is_made_anew(
    base: Callable[..., Any], tmp_path: Path, harm: str
) -> None:
    base(TABLE)
    base("INSERT INTO orders VALUES (1, 'a', 1, '2024-01-01', 'x'), (2, 'b', 1, '2024-01-02', 'x')")
    read(tmp_path, keep=True, **KEYED)
    kept = next(snapshot.find_archive(tmp_path).rglob("*.parquet"))
    if harm == "alter":
        content = kept.read_bytes()
        kept.chmod(0o644)
        kept.write_bytes(content + b" ")
    else:
        kept.unlink()
    extract = read(tmp_path, keep=True, **KEYED)
    assert sort_rows(extract) == [["1", "a", "1", "x"], ["2", "b", "1", "x"]]
    assert snapshot.check_kept(snapshot.find_archive(tmp_path), extract.files[0]["sha256"]) == ""


def test_a_watermark_needs_a_key_a_column_and_an_archive(
    base: Callable[..., Any], tmp_path: Path
) -> None:
    base(TABLE)
    with pytest.raises(ValueError, match="needs the `key`"):
        orders(watermark="changed")
    with pytest.raises(SalesForecastError, match="lacks the column 'updated'"):
        read(tmp_path, key=["id"], watermark="updated")
    with pytest.raises(ValueError, match=r"orders\.watermark: needs `archive\.keep_sources: true`"):
        Parameters(sources={"orders": orders(**KEYED)}, archive={"keep_sources": False})


def test_an_address_in_a_parameter_file_is_refused_without_repeating_its_password(
    tmp_path: Path,
) -> None:
    units = tmp_path / "parameters" / "units"
    units.mkdir(parents=True)
    (units / "north.yml").write_text(
        "sources: {orders: {kind: sql, url_env: 'postgresql://me:s3cret@host/db', table: orders}}",
        encoding="utf-8",
    )
    with pytest.raises(
        SalesForecastError, match="expected the name of an environment variable"
    ) as caught:
        resolve(tmp_path, "north")
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
