"""The archive as views for SQL: every version and month, and nothing that is not in a file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from salesfc_lib import archive
from salesfc_lib.archive import list_vintages, open_cube
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import tables
from tests.archives import SERIES, forecast, panel, publish, tear

MARCH, MAY = pd.Timestamp("2026-03-01"), pd.Timestamp("2026-05-01")


def ask(reports: Path, question: str, **limits: object) -> pd.DataFrame:
    with open_cube(reports, **limits) as cube:  # type: ignore[arg-type]
        return cube.sql(question).df()


def test_each_version_of_each_month_is_there_and_the_one_that_counts_is_told(
    tmp_path: Path,
) -> None:
    publish(tmp_path, "north", "2026-04")
    publish(tmp_path, "north", "2026-05", earlier=True, version=1, made=forecast("2026-05", seed=1))
    publish(tmp_path, "north", "2026-05", version=2, made=forecast("2026-05", seed=2))
    found = ask(
        tmp_path,
        "SELECT made_in, version, latest, kind, count(*) AS n, sum(y_hat) AS total "
        "FROM forecast GROUP BY ALL ORDER BY made_in, version",
    )
    assert found[["version", "latest", "n"]].values.tolist() == [
        [1, True, 96],
        [1, False, 96],
        [2, True, 96],
    ]
    assert set(found["kind"]) == {"run"}
    assert found["total"].tolist()[1:] == [
        forecast("2026-05", seed=1)["y_hat"].sum(),
        forecast("2026-05", seed=2)["y_hat"].sum(),
    ]


def test_one_call_gives_every_version_lag_and_stage_as_the_views_do(tmp_path: Path) -> None:
    publish(tmp_path, "north", "2026-04")
    publish(tmp_path, "north", "2026-05", earlier=True, version=1)
    publish(tmp_path, "north", "2026-05", version=2, made=forecast("2026-05", seed=2))
    called = archive.vintages(tmp_path, "north", "2026-05", versions=True)
    key = ["cutoff", "version", "unique_id", "stage", "h"]
    columns = [*key, "model", "ds", "y_hat", "lo-80"]
    viewed = ask(tmp_path, "FROM forecast")[columns].sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(
        called[columns].sort_values(key, ignore_index=True), viewed, check_dtype=False
    )
    newest = called[called["version"].eq(2) | called["cutoff"].lt(MAY)]
    assert len(called) == 3 * 96
    pd.testing.assert_frame_equal(
        archive.vintages(tmp_path, "north", "2026-05"),
        newest.drop(columns="version").reset_index(drop=True),
    )


def test_only_rows_of_the_months_own_cutoff_are_forecasts_of_it(tmp_path: Path) -> None:
    both = pd.concat([forecast("2026-04", seed=1), forecast("2026-05")])
    publish(tmp_path, "north", "2026-05", made=both)
    assert ask(tmp_path, "SELECT DISTINCT cutoff FROM forecast")["cutoff"].tolist() == [MAY]


def test_restated_history_stands_beside_what_was_known_then(tmp_path: Path) -> None:
    publish(tmp_path, "north", "2026-04")
    now = panel("2026-05")
    restated = (now["unique_id"] == "total") & (now["ds"] == MARCH)
    publish(tmp_path, "north", "2026-05", sold=now.assign(y_raw=now["y_raw"].mask(restated, 7.0)))
    found = ask(
        tmp_path,
        "SELECT made_in, y_raw FROM actual "
        "WHERE unique_id = 'total' AND ds = '2026-03-01' ORDER BY made_in",
    )
    then = panel("2026-04").set_index(["unique_id", "ds"]).at[("total", MARCH), "y_raw"]
    assert found["y_raw"].tolist() == [then, 7.0]


def test_a_month_that_is_missing_and_a_torn_file_are_said_and_the_rest_is_answered(
    tmp_path: Path,
) -> None:
    for month in ("2026-02", "2026-05"):
        publish(tmp_path, "north", month)
    for month in ("2026-03", "2026-04", "2026-05"):
        publish(tmp_path, "south", month)
    tear(tmp_path / "2026-04" / "south", "forecast")
    (tmp_path / "2026-05" / "south" / "tables" / "panel.parquet").write_bytes(b"PA")
    (tmp_path / "2026-05" / "north" / "tables" / "series.parquet").unlink()
    found = list_vintages(tmp_path).set_index(["unit", "made_in"])
    north, south = (found.loc[unit].reset_index() for unit in ("north", "south"))
    assert north["forecast"].tolist() == ["there", "missing", "missing", "there"]
    assert north["version"].isna().tolist() == [False, True, True, False]
    assert north["series"].tolist()[-1] == "missing"
    assert south["forecast"].tolist() == ["there", "torn", "there"]
    assert south["panel"].tolist() == ["there", "there", "torn"]
    counts = ask(tmp_path, "SELECT unit, count(DISTINCT made_in) AS n FROM forecast GROUP BY ALL")
    assert dict(zip(counts["unit"], counts["n"], strict=True)) == {"north": 2, "south": 2}
    counts = ask(tmp_path, "SELECT forecast, count(*) AS n FROM vintage GROUP BY ALL ORDER BY ALL")
    assert counts.values.tolist() == [["missing", 2], ["there", 4], ["torn", 1]]


def test_an_earlier_version_alone_leaves_its_month_missing(tmp_path: Path) -> None:
    publish(tmp_path, "north", "2026-04")
    publish(tmp_path, "north", "2026-05", earlier=True)
    publish(tmp_path, "south", "2026-05")
    own = list_vintages(tmp_path, ["north"]).query("made_in == @MAY")
    assert own[["latest", "forecast"]].values.tolist() == [[False, "there"]]
    every = list_vintages(tmp_path).query("unit == 'north' and made_in == @MAY")
    assert sorted(every[["latest", "forecast"]].values.tolist()) == [
        [False, "there"],
        [True, "missing"],
    ]


def test_units_with_other_dimensions_share_one_view(tmp_path: Path) -> None:
    publish(tmp_path, "north", "2026-04", series=SERIES.drop(columns="region"))
    publish(tmp_path, "north", "2026-05")
    other = SERIES.rename(columns={"line": "品类", "region": "unit"})
    publish(tmp_path, "south", "2026-05", series=other)
    found = ask(tmp_path, "FROM series").set_index(["unit", "made_in", "unique_id"])
    bottom = "bottom:锅/east"
    assert pd.isna(found.loc[("north", pd.Timestamp("2026-04-01"), bottom), "region"])
    assert found.loc[("north", MAY, bottom), "region"] == "east"
    assert found.loc[("south", MAY, bottom), ["品类", "unit_1"]].tolist() == ["锅", "east"]
    assert pd.isna(found.loc[("south", MAY, bottom), "line"])


def test_ids_and_folders_hold_any_character(tmp_path: Path) -> None:
    reports = tmp_path / "Li's [1]* 报告" / "reports"
    publish(reports, "north", "2026-05")
    like = tmp_path / "Li's 1 and more 报告" / "reports"  # what the name means as a pattern
    publish(like, "north", "2026-05", made=forecast("2026-05", seed=5))
    found = ask(reports, "FROM forecast")
    assert set(found["unique_id"]) == set(SERIES["unique_id"])
    assert found["y_hat"].sum() == forecast("2026-05")["y_hat"].sum()


def test_without_reports_the_views_are_there_without_rows(tmp_path: Path) -> None:
    for name in ("forecast", "series", "actual", "vintage"):
        assert ask(tmp_path / "none", f"FROM {name}").empty
    found = ask(tmp_path / "none", "FROM forecast")
    assert list(found.columns)[5:] == list(tables.CONTRACTS["forecast"].columns)
    assert str(found["ds"].dtype) == "datetime64[ns]"
    assert list_vintages(tmp_path / "none").empty


def test_what_is_not_published_is_not_in_the_cube(tmp_path: Path) -> None:
    publish(tmp_path, "north", "2026-05")
    for name in ("south", ".west.next", "North", "north.v0"):
        publish(tmp_path, "any", "2026-04").rename(tmp_path / "2026-05" / name)
    (tmp_path / "2026-05" / "south" / "manifest.json").unlink()
    (tmp_path / "2026-03").write_text("no folder", encoding="utf-8")
    assert set(list_vintages(tmp_path)["unit"]) == {"north"}


def test_units_and_months_can_be_limited_and_are_checked(tmp_path: Path) -> None:
    for month in ("2026-04", "2026-05"):
        for unit in ("north", "south"):
            publish(tmp_path, unit, month)
    question = "SELECT DISTINCT unit, made_in FROM forecast"
    found = ask(tmp_path, question, units=["south"], through="2026-04")
    assert found.values.tolist() == [["south", pd.Timestamp("2026-04-01")]]
    with pytest.raises(RequestError, match="cannot be a unit's id"):
        open_cube(tmp_path, units=["x'; DROP TABLE vintage; --"])
    with pytest.raises(RequestError, match="is not a month"):
        open_cube(tmp_path, through="2026")


def test_the_cube_keeps_nothing_and_touches_no_file(tmp_path: Path) -> None:
    publish(tmp_path, "north", "2026-05")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with open_cube(tmp_path, memory="200MB", threads=1) as cube:
        cube.sql("FROM forecast").df()
        tables_in = "SELECT table_name, estimated_size FROM duckdb_tables()"
        assert cube.execute(tables_in).fetchall() == [("vintage", 1)]
        settings = "SELECT current_setting('threads'), current_setting('memory_limit')"
        assert cube.execute(settings).fetchall() == [(1, "190.7 MiB")]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
