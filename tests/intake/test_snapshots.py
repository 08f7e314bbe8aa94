"""Claims about the archive of what was read: by content, once, whole and checked."""

from __future__ import annotations

import gzip
import hashlib
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from salesfc_lib import steps
from salesfc_lib.archive import manifest
from salesfc_lib.archive import months as archive
from salesfc_lib.archive.verification import verify
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation.parameters import resolve, to_dict
from salesfc_lib.foundation.schema import Source
from salesfc_lib.intake.sources import snapshot
from salesfc_lib.intake.sources.extract import read_source
from salesfc_lib.running.provenance import keep_own_files, list_inputs
from salesfc_lib.running.tasks import Task

UNIT, MONTH = "north", "2024-12"
PARAMETERS = """
sources:
  orders:
    {kind: sql, path: data/shop.sqlite, table: orders,
     columns: {date: day, amount: amount, quantity: pieces, order_id: id}}
  promotions:
    {kind: sql, role: promotions, path: data/shop.sqlite, table: promotions,
     columns: {name: name, start: first, end: last}}
"""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def make_project(folder: Path) -> Path:
    (folder / "parameters" / "units").mkdir(parents=True)
    (folder / "parameters" / "units" / f"{UNIT}.yml").write_text(PARAMETERS, encoding="utf-8")
    (folder / "data").mkdir()
    with closing(sqlite3.connect(folder / "data" / "shop.sqlite")) as base:
        base.execute("CREATE TABLE orders (id TEXT, day TEXT, amount TEXT, pieces TEXT)")
        base.execute("CREATE TABLE promotions (name TEXT, first TEXT, last TEXT)")
        days = pd.date_range("2023-01-05", "2025-01-05", freq="10D").strftime("%Y-%m-%d")
        base.executemany(
            "INSERT INTO orders VALUES (?, ?, '10.50', '2')",
            [(str(place), day) for place, day in enumerate(days)],
        )
        base.commit()
    return folder


def clean_month(project: Path) -> Path:
    """Folder of the month's tables after a run's cleaning step."""
    folder = archive.staged_folder(project / "reports", MONTH, UNIT)
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    steps.clean(
        steps.open_month(
            project, UNIT, MONTH, resolved=to_dict(resolve(project, UNIT, MONTH)), folder=folder
        )
    )
    return folder


@pytest.mark.parametrize(
    "content",
    [
        b"a",
        b"x,y\r\n" * 500_000,
        gzip.compress(b"packed already", mtime=0),
        "日期,金额\n".encode("gb18030"),
    ],
)
def test_a_file_is_kept_by_its_hash_byte_for_byte(tmp_path: Path, content: bytes) -> None:
    original = tmp_path / "orders.csv"
    original.write_bytes(content)
    place = snapshot.keep_file(tmp_path / "archive", original, sha256(content))
    assert place == tmp_path / "archive" / sha256(content)[:2] / f"{sha256(content)}.zst"
    with snapshot.open_kept(place) as kept:
        assert kept.read() == content
    assert snapshot.check_kept(tmp_path / "archive", sha256(content)) == ""
    assert not place.stat().st_mode & 0o222


def test_the_same_content_is_kept_once_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(b"same")
    first = snapshot.keep_file(tmp_path / "archive", tmp_path / "a.csv", sha256(b"same"))
    monkeypatch.setattr(snapshot, "writing", None)  # a second copy would need it
    assert snapshot.keep_file(tmp_path / "archive", tmp_path / "b.csv", sha256(b"same")) == first


def test_a_file_that_changed_after_it_was_hashed_is_refused_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.csv").write_bytes(b"after")
    with pytest.raises(SalesForecastError, match=r"a\.csv' changed while it was read"):
        snapshot.keep_file(tmp_path / "archive", tmp_path / "a.csv", sha256(b"before"))
    assert [path for path in (tmp_path / "archive").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("harm", [b"", b"torn", None])
def test_a_copy_that_is_harmed_or_gone_is_told_apart(tmp_path: Path, harm: bytes | None) -> None:
    (tmp_path / "a.csv").write_bytes(b"content")
    place = snapshot.keep_file(tmp_path, tmp_path / "a.csv", sha256(b"content"))
    place.unlink()
    if harm is not None:
        place.write_bytes(harm)
    assert snapshot.check_kept(tmp_path, sha256(b"content")) == (
        "missing" if harm is None else "changed"
    )


def test_a_large_file_is_kept_in_bounded_memory(tmp_path: Path) -> None:
    block = os.urandom(1 << 20)
    with (tmp_path / "large.bin").open("wb") as large:
        for _ in range(300):
            large.write(block)
    program = (
        "import hashlib, resource; from pathlib import Path; from salesfc_lib.intake.sources "
        "import snapshot\n"
        "path = Path('large.bin')\n"
        "found = hashlib.file_digest(path.open('rb'), 'sha256').hexdigest()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "snapshot.keep_file(Path('archive'), path, found)\n"
        "assert snapshot.check_kept(Path('archive'), found) == ''\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 60  # megabytes, of a file of 300


def test_what_is_read_without_a_run_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("day,amount\n2024-01-01,1\n", encoding="utf-8")
    source = Source(kind="csv", path="a.csv", columns={"date": "day", "amount": "amount"})
    read_source("orders", source, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_run_keeps_what_it_read_and_says_the_same_hash(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    folder = clean_month(project)
    content = (project / "data" / "shop.sqlite").read_bytes()
    files = pd.read_parquet(folder / "tables" / "files.parquet")
    assert set(files["sha256"]) == {sha256(content)}
    with snapshot.open_kept(
        snapshot.find_kept(snapshot.find_archive(project), sha256(content))
    ) as kept:
        assert kept.read() == content


@pytest.mark.parametrize("by_hand", [True, False])
def test_nothing_is_kept_by_hand_or_where_it_is_switched_off(tmp_path: Path, by_hand: bool) -> None:
    project = make_project(tmp_path)
    if by_hand:
        steps.clean(steps.open_month(project, UNIT, MONTH))
    else:
        with (project / "parameters" / "units" / f"{UNIT}.yml").open("a", encoding="utf-8") as unit:
            unit.write("archive: {keep_sources: false}\n")
        clean_month(project)
    assert not snapshot.find_archive(project).exists()


def test_a_database_that_several_sources_read_is_one_input(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    folder = clean_month(project)
    task, resolved = Task(project, UNIT, (MONTH,)), resolve(project, UNIT, MONTH)
    inputs = list_inputs(task, folder, resolved)
    assert [entry["path"] for entry in inputs if entry["path"].startswith("data/")] == [
        "data/shop.sqlite"
    ]
    assert (inputs[0]["source"], inputs[0]["rows"]) == ("orders, promotions", 74)


def publish(project: Path) -> list[str]:
    """Hashes of the inputs of a published month."""
    folder = clean_month(project)
    task, resolved = Task(project, UNIT, (MONTH,)), resolve(project, UNIT, MONTH)
    keep_own_files(task, resolved)
    inputs = list_inputs(task, folder, resolved)
    manifest.write(
        folder,
        {"version": 1, "inputs": inputs, "parameters": manifest.describe_parameters(resolved)},
    )
    archive.publish(project / "reports", MONTH, UNIT)
    return [entry["sha256"] for entry in inputs]


def test_verify_finds_every_input_in_the_archive(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    hashes = publish(project)
    assert verify(project / "reports") == []
    assert all(snapshot.check_kept(snapshot.find_archive(project), each) == "" for each in hashes)


def test_verify_only_tells_of_a_copy_that_was_removed_and_complains_of_one_that_was_altered(
    tmp_path: Path,
) -> None:
    project = make_project(tmp_path)
    for each in publish(project):
        place = snapshot.find_kept(snapshot.find_archive(project), each)
        assert place is not None
        content = place.read_bytes()
        place.unlink()
        assert [
            (found.is_note, "was removed" in found.what) for found in verify(project / "reports")
        ] == [(True, True)]
        place.write_bytes(content[:-3])
        assert [
            (found.is_note, "no longer what was read" in found.what)
            for found in verify(project / "reports")
        ] == [(False, True)]
        place.write_bytes(content)


def test_a_database_by_its_address_is_not_looked_for_among_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path)
    monkeypatch.setenv("SALESFC_TEST_DB", f"sqlite:///{project / 'data' / 'shop.sqlite'}")
    unit = project / "parameters" / "units" / f"{UNIT}.yml"
    unit.write_text(
        PARAMETERS.replace("path: data/shop.sqlite", "url_env: SALESFC_TEST_DB"), encoding="utf-8"
    )
    assert len(set(publish(project))) == 4  # two tables, two parameter files
    (project / "data" / "shop.sqlite").unlink()
    assert verify(project / "reports") == []
