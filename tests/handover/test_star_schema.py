"""The star schema holds what was published, once, with keys that stay; three tools open it."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from salesfc_lib.archive import Record, append_record, manifest
from salesfc_lib.cli import app
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import say, tables
from salesfc_lib.handover import load_star, render_page, write_star
from salesfc_lib.handover.star_schema import model
from salesfc_lib.handover.star_schema.dimensions import assign_keys, make_series
from tests import archives, postgres
from tests.conftest import CHECKOUT

ATTENTION = [{"kind": "bias", "what": "Bias", "why": "w", "who": "李", "due": "", "do": "d"}]


def attend(folder: Path) -> None:
    """Give a published month something that needs attention, in two languages."""
    told = json.loads((folder / manifest.NAME).read_text(encoding="utf-8"))
    told["summary"] = {"title": "东区", "currency": "¥", "owner": "李", "attention": ATTENTION}
    told["translations"] = {"zh": {"attention": [{"what": "偏差", "why": "", "do": ""}]}}
    (folder / manifest.NAME).write_text(json.dumps(told), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two units with dimensions of their own: one has lines and regions, the other products."""
    other = archives.SERIES.rename(columns={"line": "Product"}).drop(columns="region")
    for month in ("2026-01", "2026-02"):
        attend(archives.publish(tmp_path / "reports", "east", month))
        archives.publish(tmp_path / "reports", "west", month, series=other)
    changed = {"made_in": pd.Timestamp("2026-01-01"), "unique_id": "line:锅", "sequence": 1}
    numbers = {"old": 100.0, "asked": 80.0, "final": 80.0}
    row = {**changed, "ds": pd.Timestamp("2026-02-01"), **numbers, "author": "王", "reason": "=x"}
    adjusted = pd.DataFrame([row | {"state": "applied", "remark": ""}])
    tables.write(adjusted, tmp_path / "reports" / "2026-01" / "east" / "tables", "adjustment")
    return tmp_path


def ask(star: Path, query: str) -> list[Any]:
    with duckdb.connect(str(star / "star.duckdb"), read_only=True) as base:
        return base.execute(query).fetchall()


def test_facts_are_what_was_published(project: Path) -> None:
    star = write_star(project).folder
    assert star == project / "reports" / "star"
    found = pd.read_parquet(star / "fact_forecast")
    for name in ("dim_series", "dim_vintage"):
        found = found.merge(pd.read_parquet(star / f"{name}.parquet"))
    kept = {"unique_id": "unique_id", "stage": "stage", "lag": "h", "forecast": "y_hat"}
    for unit in ("east", "west"):
        own = found[(found["unit"] == unit) & (found["version"] == 1)].rename(columns=kept)
        own = own.sort_values(["made_in", "stage", "unique_id", "h"])
        made = pd.concat([archives.forecast(month) for month in ("2026-01", "2026-02")])
        made = made.sort_values(["cutoff", "stage", "unique_id", "h"])
        for column in kept.values():
            assert own[column].tolist() == made[column].tolist(), (unit, column)
        assert (own["is_published"] == (own["stage"] == "reconciled")).all()
    sold = archives.panel("2026-02")
    actual = pd.read_parquet(star / "fact_actual")
    assert actual["actual"].sum() == 2 * sold["y_raw"].sum(), "once a unit, by its newest month"
    assert actual["modeled"].sum() == 2 * sold["y"].sum()
    assert ask(star, "SELECT count(*) FROM fact_decision") == [(0,)]


def test_every_key_of_a_fact_stands_once_in_its_dimension(project: Path) -> None:
    star = write_star(project).folder
    for each in model.relationships():
        table, column, to, key = each["from"], each["column"], each["to"], each["key"]
        query = f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT {key} FROM {to})"
        assert ask(star, query) == [(0,)], each
    for name in model.names("dim"):
        key = model.key(name)
        assert ask(star, f"SELECT count(*) - count(DISTINCT {key}) FROM {name}") == [(0,)], name
    told = json.loads((star / "model.json").read_text(encoding="utf-8"))
    assert told["relationships"] == model.relationships() and told["schema_version"] == 2
    for name, table in told["tables"].items():
        declared = {column["name"] for column in table["columns"]}
        assert {row[0] for row in ask(star, f"DESCRIBE {name}")} == declared, name


def test_units_share_products_by_the_first_of_their_dimensions_that_is_named(project: Path) -> None:
    write_star(project)
    query = (
        "SELECT u.unit, s.unique_id, p.product, r.region, is_bottom FROM dim_series AS s "
        "JOIN dim_unit AS u USING (unit_key) JOIN dim_product AS p USING (product_key) "
        "JOIN dim_region AS r USING (region_key) WHERE unique_id LIKE '%锅%' OR level = 'total' "
        "ORDER BY ALL"
    )
    star, whole = project / "reports" / "star", model.ALL
    assert ask(star, query) == [
        ("east", "bottom:锅/east", "锅", "east", True),
        ("east", "bottom:锅/west", "锅", "west", True),
        ("east", "line:锅", "锅", whole, False),
        ("east", "total", whole, whole, False),
        ("west", "bottom:锅/east", "锅", whole, True),
        ("west", "bottom:锅/west", "锅", whole, True),
        ("west", "line:锅", "锅", whole, False),
        ("west", "total", whole, whole, False),
    ]
    own = project / "parameters" / "units" / "east.yml"
    own.parent.mkdir(parents=True)
    own.write_text(
        "dimensions: [line, region]\nlevels: {total: [], bottom: [line, region]}\n"
        "handover: {conformed: {product: [region], region: []}}\n",
        encoding="utf-8",
    )
    write_star(project)
    assert ask(star, query)[0] == ("east", "bottom:锅/east", "east", whole, True)


def test_a_dimension_named_like_a_declared_column_is_kept_under_a_name_of_its_own() -> None:
    rows = pd.DataFrame(
        {
            "unit": "east",
            "unique_id": ["bottom:a", "bottom:b"],
            "level": "bottom",
            "label": ["a", "b"],
            "is_bottom": ["yes", "no"],
        }
    )
    units = pd.DataFrame({"unit": ["east"], "unit_key": [1]})
    columns = {f"dim_{name}": [f"{name}_key", name] for name in model.CONFORMED}
    columns["dim_series"] = [each.name for each in model.columns("dim_series")]
    known = {name: pd.DataFrame(columns=own) for name, own in columns.items()}
    made = make_series(rows, units, known, {"east": dict.fromkeys(model.CONFORMED, [])})
    series = made["dim_series"]
    assert series["dimension_is_bottom"].tolist() == ["yes", "no"]
    assert series["is_bottom"].tolist() == [True, True]


def test_a_month_is_written_once_and_again_only_when_it_is_republished(project: Path) -> None:
    first = write_star(project)
    assert (first.written, first.kept, first.left_out) == (4, 0, {})
    star = first.folder
    file = star / "fact_forecast" / "2026-01" / "east.parquet"
    inode = file.stat().st_ino
    keys = {name: pd.read_parquet(star / f"{name}.parquet") for name in model.names("dim")}
    again = write_star(project)
    assert (again.written, again.kept) == (0, 4) and file.stat().st_ino == inode
    archives.publish(project / "reports", "aaa", "2026-01")
    changed = archives.forecast("2026-02", seed=5)
    archives.publish(project / "reports", "east", "2026-02", made=changed, version=2)
    third = write_star(project)
    assert (third.written, third.kept) == (2, 3) and file.stat().st_ino == inode
    for name, before in keys.items():
        now = pd.read_parquet(star / f"{name}.parquet")
        both = before.merge(
            now,
            on=list(before.columns[: 3 if name == "dim_series" else 2]),
            how="left",
            indicator=True,
        )
        if name != "dim_vintage":
            assert (both["_merge"] == "both").all(), name
    query = (
        "SELECT v.version, sum(forecast) FROM fact_forecast JOIN dim_vintage AS v "
        "USING (vintage_key) WHERE unit = 'east' AND made_in = '2026-02-01' GROUP BY ALL"
    )
    assert ask(star, query) == [(2, changed["y_hat"].sum())]
    before = keys["dim_vintage"].set_index(["unit", "made_in"])["vintage_key"]
    now = pd.read_parquet(star / "dim_vintage.parquet").set_index(["unit", "made_in"])
    assert now.loc[before.index, "vintage_key"].tolist() == before.tolist()


def test_what_is_not_published_any_more_falls_away(project: Path) -> None:
    star = write_star(project).folder
    os.rename(project / "reports" / "2026-02" / "east", project / "away")
    write_star(project)
    query = "SELECT unit, max(made_in)::VARCHAR FROM dim_vintage GROUP BY ALL ORDER BY ALL"
    assert ask(star, query) == [("east", "2026-01-01"), ("west", "2026-02-01")]
    assert not (star / "fact_forecast" / "2026-02" / "east.parquet").exists()
    last = "SELECT max(month_key) FROM fact_actual JOIN dim_series USING (series_key) "
    assert ask(star, last + "JOIN dim_unit USING (unit_key) WHERE unit = 'east'") == [(202601,)]


def test_a_torn_table_is_left_out_told_and_written_when_it_is_whole_again(project: Path) -> None:
    folder = project / "reports" / "2026-02" / "east"
    whole = (folder / "tables" / "forecast.parquet").read_bytes()
    archives.tear(folder, "forecast")
    done = write_star(project)
    assert done.left_out == {"east 2026-02": "forecast"}
    count = "SELECT count(*) FROM fact_forecast JOIN dim_vintage AS v USING (vintage_key) "
    count += "WHERE unit = 'east' AND made_in = '2026-02-01'"
    assert ask(done.folder, count) == [(0,)]
    (folder / "tables" / "forecast.parquet").write_bytes(whole)
    assert write_star(project).left_out == {}
    assert ask(done.folder, count) == [(96,)]


def test_an_archive_of_which_nothing_can_be_read_is_told_and_stops_nothing(tmp_path: Path) -> None:
    archives.tear(archives.publish(tmp_path / "reports", "east", "2026-01"), "series")
    done = write_star(tmp_path)
    assert done.left_out == {"east 2026-01": "series"}
    assert ask(done.folder, "SELECT label FROM dim_calendar") == [("2026-01",)]
    damaged = archives.publish(tmp_path / "reports", "west", "2026-01") / manifest.NAME
    damaged.write_text('{"kind": ', encoding="utf-8")
    assert "is not a manifest" in write_star(tmp_path).left_out["west 2026-01"]


@given(st.lists(st.sets(st.integers(0, 30)), min_size=1, max_size=5))
def test_a_member_keeps_its_key_and_no_two_share_one(runs: list[set[int]]) -> None:
    known = pd.DataFrame(columns=["key", "name"])
    ever: dict[str, int] = {}
    for run in runs:
        names = sorted({f"m{each}" for each in run} | set(ever))
        known = assign_keys(pd.DataFrame({"name": names}, dtype=object), known, "key", ["name"])
        now = dict(zip(known["name"], known["key"], strict=True))
        assert len(set(now.values())) == len(now) and min(now.values(), default=1) > 0
        assert {name: now[name] for name in ever} == ever
        ever = now


def test_the_commands_say_what_they_wrote_and_what_they_left_out(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESFC_LANG", "en")
    asked = ["star", "--project", str(project)]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0 and "4 months written, 0 as they were" in done.output
    monkeypatch.delenv("NO_SUCH_DB", raising=False)
    done = CliRunner().invoke(app, [*asked, "--database-env", "NO_SUCH_DB"])
    assert done.exit_code == 1 and "variable 'NO_SUCH_DB' is not set" in done.output
    archives.tear(project / "reports" / "2026-01" / "west", "panel")
    monkeypatch.setenv("SALESFC_LANG", "zh")
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 1 and "west 2026-01 未能写入：panel。" in done.output


ALERT = {
    **{"kind": "late", "direction": "rows", "owner": "李", "note": "", "state": "open"},
    **{"opened_at": "2026-03-04T09:00:00+08:00", "due": pd.Timestamp("2026-03-05")},
    **{"overdue_days": 0, "escalations": 0},
}


def test_alerts_changes_and_records_are_facts(project: Path) -> None:
    who = {"who": "韩", "unit": "east", "month": "2026-01", "reason": "断货"}
    append_record(project, Record(what="cause.confirm", subject="line:锅", new={"a": 1}, **who))
    says = say("alert.says.late.rows", month="2026-02", roles=["stock"])
    alert = {"number": 7, "unit": "east", "month": "2026-03", "unique_id": "line:锅", "says": says}
    star = write_star(project, alerts=tables.build([alert | ALERT], "alert")).folder
    query = (
        "SELECT a.number, u.unit, s.unique_id, c.label, a.what, a.what_zh, a.state, a.opened_at "
        "FROM fact_alert AS a JOIN dim_unit AS u USING (unit_key) "
        "JOIN dim_series AS s USING (series_key) JOIN dim_calendar AS c USING (month_key)"
    )
    words = (
        "These sources have no row of February 2026: stock",
        "以下数据源没有 2026年2月的行：stock",
    )
    expected = (7, "east", "line:锅", "2026-03", *words, "open", "2026-03-04T01:00:00+00:00")
    assert ask(star, query) == [expected]
    query = "SELECT what, what_zh, owner, month_key FROM fact_attention ORDER BY month_key"
    assert ask(star, query) == [("Bias", "偏差", "李", 202601), ("Bias", "偏差", "李", 202602)]
    query = "SELECT old, final, author, reason, month_key FROM fact_override"
    assert ask(star, query) == [(100.0, 80.0, "王", "=x", 202602)]
    query = (
        "SELECT u.title, d.source, d.kind, d.who, d.new, s.unique_id, v.made_in::VARCHAR "
        "FROM fact_decision AS d JOIN dim_unit AS u USING (unit_key) "
        "JOIN dim_series AS s USING (series_key) JOIN dim_vintage AS v USING (vintage_key)"
    )
    expected = ("东区", "records", "cause.confirm", "韩", '{"a": 1}', "line:锅", "2026-01-01")
    assert ask(star, query) == [expected]


def test_each_number_of_a_decision_is_a_row_with_its_series_and_month(project: Path) -> None:
    folder = project / "reports" / "2026-02" / "east" / "tables"
    said = dict.fromkeys(("formula", "assumptions", "inputs"), "{}")
    told = {"item": "cash", "ds": pd.Timestamp("2026-03-01"), "mean": 7.0, "known": 1.0}
    tables.write(tables.build([told | said], "finance"), folder, "finance")
    first = {"rank": 1, "unique_id": "line:锅", "action": "wait", "short": 3.0, "valued": "none"}
    tables.write(tables.build([first | said], "urgent"), folder, "urgent")
    tables.write(tables.empty("capacity_plan"), folder, "capacity_plan")
    star = write_star(project).folder
    query = (
        "SELECT d.source, d.kind, d.subject, d.amount, d.month_key, s.unique_id, d.new "
        "FROM fact_decision AS d LEFT JOIN dim_series AS s USING (series_key) ORDER BY ALL"
    )
    wait = '{"action": "wait", "valued": "none"}'
    assert ask(star, query) == [
        ("finance", "known", "cash", 1.0, 202603, None, '{"item": "cash"}'),
        ("finance", "mean", "cash", 7.0, 202603, None, '{"item": "cash"}'),
        ("urgent", "rank", "line:锅", 1.0, 202602, "line:锅", wait),
        ("urgent", "short", "line:锅", 3.0, 202602, "line:锅", wait),
    ]


def test_three_questions_of_a_planner_have_answers_worked_out_another_way(project: Path) -> None:
    star = write_star(project).folder
    expected_ahead, how_good, whose = model.QUERIES.read_text(encoding="utf-8").split(";")[:3]
    made = archives.forecast("2026-02").query("stage == 'reconciled' and h <= 3")
    sold = archives.panel("2026-02").set_index(["unique_id", "ds"])["y_raw"]
    bottom = made[made["unique_id"].str.endswith("/east") & made["unique_id"].str.startswith("b")]
    march = bottom[bottom["h"] == 1]
    earlier = sum(sold[name, pd.Timestamp("2025-03-01")] for name in march["unique_id"])
    assert ask(star, expected_ahead)[0] == (
        "east",
        "2026-03",
        "east",
        march["y_hat"].sum(),
        earlier,
    )
    made = archives.forecast("2026-01").query("stage == 'reconciled' and h == 1")
    made = made[made["unique_id"].str.startswith("bottom")]
    actual = np.array([sold[name, pd.Timestamp("2026-02-01")] for name in made["unique_id"]])
    error = made["y_hat"].to_numpy() - actual
    unit, lag, n, wape, _, bias = ask(star, how_good)[0]
    assert (unit, lag, n) == ("east", 1, 3)
    assert (wape, bias) == pytest.approx(
        (np.abs(error).sum() / actual.sum(), error.sum() / actual.sum())
    )
    actual_line = sold["line:锅", pd.Timestamp("2026-02-01")]
    closer = abs(100 - actual_line) - abs(80 - actual_line)
    assert ask(star, whose) == [("east", "王", 1, closer)]


def test_pandas_polars_and_duckdb_read_the_same(project: Path) -> None:
    star = write_star(project).folder
    expected = ask(star, "SELECT count(*), sum(forecast), min(month_key) FROM fact_forecast")[0]
    frame = pd.read_parquet(star / "fact_forecast")
    assert (len(frame), frame["forecast"].sum(), frame["month_key"].min()) == expected
    polars = pytest.importorskip("polars", reason="polars is not installed here")
    lazy = polars.scan_parquet(f"{star}/fact_forecast/**/*.parquet").collect()
    assert (lazy.height, lazy["forecast"].sum(), lazy["month_key"].min()) == expected


def test_excel_has_every_table_as_text_without_formulas(project: Path) -> None:
    star = write_star(project).folder
    for name in model.names():
        text = (star / "excel" / f"{name}.csv").read_bytes()
        assert text.startswith(b"\xef\xbb\xbf"), name
        read = pd.read_csv(star / "excel" / f"{name}.csv", encoding="utf-8-sig")
        declared = [each.name for each in model.columns(name)]
        assert list(read.columns)[: len(declared)] == declared
        if name != "fact_forecast":
            assert ask(star, f"SELECT count(*) FROM {name}") == [(len(read),)]
    rows = pd.read_csv(star / "excel" / "fact_forecast.csv")
    assert len(rows) == 2 * 6 * 4, "two units, six series, four months of the newest month"
    assert rows["is_published"].all()
    changed = pd.read_csv(star / "excel" / "fact_override.csv")
    assert changed["reason"].tolist() == ["'=x"]
    assert "锅" in (star / "excel" / "dim_product.csv").read_text(encoding="utf-8-sig")


def test_the_folder_is_never_half_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    star = write_star(project).folder
    before = ask(star, "SELECT count(*) FROM fact_forecast")
    archives.publish(project / "reports", "east", "2026-03")
    rename = Path.rename

    def die(self: Path, target: Path) -> Path:
        if self.name == ".star.next":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", die)
    with pytest.raises(KeyboardInterrupt):
        write_star(project)
    assert not star.exists(), "it died between the two renames"
    monkeypatch.setattr(Path, "rename", rename)
    done = write_star(project)
    assert (done.written, done.kept) == (1, 4), "what stood there came back first"
    assert ask(star, "SELECT count(*) FROM fact_forecast") > before


def test_of_two_writers_at_once_one_is_told(project: Path) -> None:
    from filelock import FileLock

    held = FileLock(project / "reports" / ".star.lock")
    with held, pytest.raises(RequestError, match="Another process writes"):
        worker: list[BaseException] = []

        def write() -> None:
            try:
                write_star(project)
            except RequestError as error:
                worker.append(error)

        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        raise worker[0]


def test_a_folder_of_something_else_is_not_replaced(project: Path) -> None:
    mine = project / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(RequestError, match="holds something else than a star schema"):
        write_star(project, mine)
    assert (mine / "letter.txt").read_text(encoding="utf-8") == "dear"
    with pytest.raises(RequestError, match="No month is published"):
        write_star(project / "nothing")


def test_the_page_in_the_docs_is_the_one_beside_the_files(project: Path) -> None:
    page = (CHECKOUT / "docs" / "star_schema.md").read_text(encoding="utf-8")
    assert page == render_page()
    star = write_star(project).folder
    assert (star / "README.md").read_text(encoding="utf-8") == page


def test_postgresql_holds_the_same_and_readers_never_see_it_half_loaded(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not postgres.can_run():
        pytest.skip("no PostgreSQL server programs here")
    import psycopg

    star = write_star(project).folder
    with postgres.running_server() as server:
        monkeypatch.setenv("STAR_DB", server.address())
        rows = load_star(star, "STAR_DB")
        counted = {name: ask(star, f"SELECT count(*) FROM {name}")[0][0] for name in model.names()}
        assert rows == sum(counted.values())
        plain = server.address().replace("+psycopg", "")
        with psycopg.connect(plain, autocommit=True) as reader:
            reader.execute("SET search_path TO star")
            for query in model.QUERIES.read_text(encoding="utf-8").split(";")[:3]:
                for one, other in zip(ask(star, query), reader.execute(query), strict=True):
                    assert one == pytest.approx(other)
            keys = "SELECT count(*) FROM information_schema.table_constraints WHERE "
            keys += "table_schema = 'star' AND constraint_type = 'FOREIGN KEY'"
            assert reader.execute(keys).fetchall() == [(len(model.relationships()),)]
            indexed = "SELECT tablename FROM pg_indexes WHERE schemaname = 'star' AND "
            indexed += "tablename LIKE 'fact%' ORDER BY 1"
            assert [row[0] for row in reader.execute(indexed)] == sorted(model.names("fact"))
            archives.publish(project / "reports", "east", "2026-03")
            write_star(project)
            count = "SELECT count(*) FROM fact_forecast"
            before = reader.execute(count).fetchall()
            reader.execute("CREATE VIEW mine AS SELECT * FROM fact_forecast")
            with pytest.raises(Exception, match="cannot be written.*mine"):
                load_star(star, "STAR_DB")
            assert reader.execute(count).fetchall() == before, "all of it or nothing"
            reader.execute("DROP VIEW mine")
            load_star(star, "STAR_DB")
            assert reader.execute(count).fetchall() == [(before[0][0] + 96,)]
            left = "SELECT count(*) FROM pg_tables WHERE schemaname = 'star'"
            assert reader.execute(left).fetchall() == [(len(model.names()),)]


def test_only_postgresql_is_loaded(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    star = write_star(project).folder
    monkeypatch.setenv("STAR_DB", f"sqlite:///{project}/other.sqlite")
    with pytest.raises(RequestError, match="names a database of sqlite.*PostgreSQL"):
        load_star(star, "STAR_DB")
    monkeypatch.setenv("STAR_DB", "postgresql://me:secret@localhost:1/db")
    with pytest.raises(Exception, match="STAR_DB.*cannot be written") as told:
        load_star(star, "STAR_DB")
    assert "secret" not in str(told.value)
