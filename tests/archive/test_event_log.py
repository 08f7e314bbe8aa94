"""The event log is as it was written, or says which event is not; files of it lose nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from salesfc_lib import archive
from salesfc_lib.archive import Record, append_record, read_records
from salesfc_lib.archive.event_log.chain import COLUMNS, hash_row, link
from salesfc_lib.cli import app
from salesfc_lib.errors import RequestError, SalesForecastError
from tests import tampering

SAID = Record(what="action.add", who="韩磊", unit="kitchen", month="2026-05", reason="断货")
FIRST = (  # the table as it was before rows were chained
    "CREATE TABLE records (number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT, who TEXT, "
    "what TEXT, unit TEXT, month TEXT, subject TEXT, old TEXT, new TEXT, reason TEXT, "
    "once TEXT UNIQUE)"
)


def write(project: Path, count: int) -> Path:
    for number in range(count):
        append_record(project, replace(SAID, new={"n": number}, once=f"{number}", series="锅"))
    return project


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("whole"), 12)


def test_a_hash_is_of_lengths_and_texts() -> None:
    row = dict.fromkeys(COLUMNS, "") | {"number": 7, "who": "韩", "once": None, "previous": "ab"}
    text = "1:70:0:3:韩" + "0:" * 9 + "-" + "2:ab"
    assert hash_row(row) == hashlib.sha256(text.encode()).hexdigest()


def test_a_hundred_ways_to_tamper_are_found(tmp_path: Path, whole: Path) -> None:
    missed = []
    for seed in range(104):
        project = tmp_path / str(seed)
        shutil.copytree(whole, project)
        way = tampering.tamper(project, seed)
        if archive.verify_log(project) is None:
            missed.append((seed, way))
        shutil.rmtree(project)
    assert not missed
    assert archive.verify_log(whole) is None


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE records SET reason = 'x' WHERE number = 5", "event 5: it was changed"),
        ("DELETE FROM records WHERE number = 5", "event 6: what stood before it is gone (event 5)"),
        ("DELETE FROM records WHERE number > 9", "event 12: it was the last one"),
    ],
)
def test_the_first_wrong_event_is_named_and_a_cut_log_takes_no_more(
    tmp_path: Path, whole: Path, statement: str, said: str
) -> None:
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    with sqlite3.connect(tmp_path / "archive" / "records.sqlite") as database:
        for name in ("update", "delete"):
            database.execute(f"DROP TRIGGER records_no_{name}")
        database.execute(statement)
    told = CliRunner().invoke(app, ["log", "verify", "--project", str(tmp_path)])
    assert told.exit_code == 1 and said in told.output
    if "last" in said:
        with pytest.raises(SalesForecastError, match=r"last event was number 12.*log verify"):
            append_record(tmp_path, SAID)
        assert archive.accept_log(tmp_path, who="韩磊", reason="restored") == 10
        assert archive.verify_log(tmp_path) is None


def test_a_log_that_is_gone_is_not_begun_anew(tmp_path: Path) -> None:
    (write(tmp_path, 2) / "archive" / "records.sqlite").unlink()
    assert "is gone" in str(archive.verify_log(tmp_path))
    with pytest.raises(SalesForecastError, match="last event was number 2"):
        append_record(tmp_path, SAID)


def test_a_writer_that_died_before_the_head_is_said_by_the_next(tmp_path: Path) -> None:
    head = write(tmp_path, 3) / "archive" / "records.head"
    before = head.read_bytes()
    append_record(tmp_path, SAID)
    head.write_bytes(before)
    fault = archive.verify_log(tmp_path)
    assert fault is not None and fault.number == 4
    append_record(tmp_path, SAID)
    assert archive.verify_log(tmp_path) is None
    assert read_records(tmp_path)["what"].tolist()[3:] == ["action.add", "log.behind", "action.add"]


def test_a_table_from_before_the_chain_is_read_and_chained_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "archive" / "records.sqlite"
    file.parent.mkdir()
    with sqlite3.connect(file) as database:
        database.execute(FIRST)
        row = (
            "2026-06-02T01:00:00+00:00",
            "韩磊",
            "action.add",
            "kitchen",
            "2026-05",
            "",
            "{}",
            "{}",
        )
        database.executemany(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'r', NULL)",
            [(number, *row) for number in (1, 3)],
        )
    before = read_records(tmp_path)
    assert before["number"].tolist() == [1, 3] and before["series"].tolist() == ["", ""]
    assert archive.verify_log(tmp_path) is None
    after = read_records(tmp_path)
    assert after.head(2).equals(before)
    assert after["what"].tolist() == ["action.add", "action.add", "log.chained"]
    assert append_record(tmp_path, SAID) == 5 and archive.verify_log(tmp_path) is None


def test_a_clock_set_back_never_puts_an_event_before_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for said in ("2026-07-14T09:00:00+08:00", "2026-07-13T09:00+08:00", "2026-07-14T10:00+08:00"):
        monkeypatch.setenv("SALESFC_NOW", said)
        append_record(tmp_path, SAID)
    found = read_records(tmp_path)
    assert found["at"].tolist() == ["2026-07-14T01:00:00+00:00"] * 2 + ["2026-07-14T02:00:00+00:00"]
    assert found["clock"].tolist() == ["", "2026-07-13T01:00:00+00:00", ""]
    assert archive.verify_log(tmp_path) is None


def test_a_month_published_after_an_event_knows_when_it_is_gone(whole: Path) -> None:
    head = archive.find_head(whole)
    assert head.number == 12 and archive.holds_head(whole, head)
    assert not archive.holds_head(whole, archive.Head(12, "0" * 64))
    assert not archive.holds_head(whole, archive.Head(13, head.hash))


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ({"series": "锅"}, 12),
        ({"series": "壶"}, 0),
        ({"month": "2026-05", "what": "action", "last": 3}, 3),
        ({"what": "act"}, 0),
        ({"since": "2999"}, 0),
    ],
)
def test_events_are_found_by_what_they_are_of(
    whole: Path, asked: dict[str, object], left: int
) -> None:
    found = read_records(whole, **asked)  # type: ignore[arg-type]
    assert len(found) == left and found["number"].is_monotonic_increasing


def test_an_export_of_an_import_is_the_same_bytes_and_goes_on(tmp_path: Path, whole: Path) -> None:
    early, late, again = (tmp_path / name for name in ("early", "late", "again"))
    other = tmp_path / "other"
    assert archive.export_log(whole, early) == 12
    assert archive.import_log(other, early) == 12 and archive.import_log(other, early) == 0
    append_record(other, SAID)
    assert archive.export_log(other, late) == 13
    shutil.copytree(whole, tmp_path / "copy")
    assert archive.import_log(tmp_path / "copy", late) == 1
    archive.export_log(tmp_path / "copy", again)
    assert again.read_bytes() == late.read_bytes() and archive.verify_log(tmp_path / "copy") is None
    with pytest.raises(RequestError, match=r"ends with event 12, and the log goes on to 13"):
        archive.import_log(other, early)


@pytest.mark.parametrize(
    ("line", "change", "said"),
    [
        (13, lambda line: line[:-9], "line 13"),
        (13, lambda _: b"", "line 1: 12 events are announced there, and 11 follow"),
        (5, lambda line: line.replace("断货".encode(), "缺货".encode()), "line 5"),
        (5, lambda line: line.replace(b"old", b"odd"), "line 5"),
        (5, lambda _: b"", "line 5"),
        (5, lambda line: line + line, "line 6"),
        (5, lambda line: line.replace(b":4,", b": 4,"), "line 5"),
        (5, lambda line: line.replace("断".encode(), b"\xff"), "line 5"),
        (1, lambda line: line.replace(b":12", b":11"), "line 1"),
        (1, lambda _: b"", "line 1"),
    ],
)  # fmt: skip
def test_a_file_that_was_cut_or_edited_is_refused_by_its_line(
    tmp_path: Path, whole: Path, line: int, change: object, said: str
) -> None:
    file = tmp_path / "log"
    archive.export_log(whole, file)
    lines = file.read_bytes().splitlines(keepends=True)
    lines[line - 1] = change(lines[line - 1])  # type: ignore[operator]
    file.write_bytes(b"".join(lines))
    with pytest.raises(RequestError, match=said):
        archive.import_log(tmp_path / "new", file)
    assert read_records(tmp_path / "new").empty


def test_the_log_of_another_project_is_refused(tmp_path: Path, whole: Path) -> None:
    archive.export_log(write(tmp_path / "one", 2), tmp_path / "log")
    archive.export_log(whole, tmp_path / "whole")
    with pytest.raises(RequestError, match="does not go on where this log ends"):
        archive.import_log(tmp_path / "one", tmp_path / "whole")
    assert len(read_records(tmp_path / "one")) == 2


def test_text_that_no_database_holds_is_refused(tmp_path: Path) -> None:
    for text in ("a\0b", "a\ud800"):
        with pytest.raises(RequestError, match="`reason` is"):
            append_record(tmp_path, replace(SAID, reason=text))
    rows = list(link([dict.fromkeys(COLUMNS, "") | {"number": 1}]))
    assert json.loads(json.dumps(rows))[0]["hash"] == rows[0]["hash"]


def test_a_log_is_read_in_pieces_without_a_gap(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.export_log(whole, tmp_path / "once")
    monkeypatch.setattr("salesfc_lib.archive.event_log.verify.PIECE", 4)
    archive.export_log(whole, tmp_path / "pieces")
    assert (tmp_path / "pieces").read_bytes() == (tmp_path / "once").read_bytes()
    assert archive.verify_log(whole) is None
