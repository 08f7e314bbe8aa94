"""A damaged record takes its own unit's month from the index, and nothing from the others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from salesfc_lib.archive import list_months
from salesfc_lib.archive import months as archive
from salesfc_lib.cli import app
from salesfc_lib.reporting.facts.published import read_damaged, read_failures, read_summaries
from salesfc_lib.reporting.pages.index import write_index
from tests import pages

EARLIER, MONTH = "2026-05", "2026-06"


def put(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def change(*keys: str, to: Any = None) -> Callable[[Path], object]:
    """Replace a key of a manifest; remove it where it becomes None."""

    def write(path: Path) -> None:
        tree = json.loads(path.read_text(encoding="utf-8"))
        *above, last = keys
        node = tree
        for key in above:
            node = node[key]
        node[last] = to
        if to is None:
            del node[last]
        path.write_text(json.dumps(tree), encoding="utf-8")

    return write


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def make_file(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_text("x")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:100]), "Invalid JSON"),
    "empty": (put(b""), "Invalid JSON: EOF"),
    "a list": (put(b"[]"), "it is not a manifest"),
    "null": (put(b"null"), "it is not a manifest"),
    "another encoding": (put(json.dumps({"outputs": []}).encode("utf-16")), "Invalid JSON"),
    "bytes": (put(b"\x00\xff\xfe" * 50), "Invalid JSON"),
    "deep": (put(b"[" * 100_000), "recursion limit"),
    "no outputs": (change("outputs"), "`outputs`: Field required"),
    "outputs that are none": (change("outputs", to=[1]), "`outputs.0`"),
    "no summary": (change("summary"), "its summary is damaged (`unit`: Field required)"),
    "a summary that is a list": (change("summary", to=[]), "its summary is damaged"),
    "no month": (change("summary", "month"), "`month`: Field required"),
    "another month": (change("summary", "month", to="2026-01"), "it is of 2026-01"),
    "no day": (change("summary", "published_at", to="soon"), "`published_at`: Value error"),
    "no number": (change("summary", "floor", to=float("nan")), "`floor`: Input should be"),
    "parameters": (change("parameters", to=[]), "`parameters`"),
    "a folder": (make_folder, "Is a directory"),
    "gone": (lambda path: path.unlink(), "there is no such file"),
    "a file in the unit's place": (make_file, "Not a directory"),
}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reports = tmp_path_factory.mktemp("published")
    made = [
        pages.summary(unit, month, scored=False, title=unit.title())
        for unit in ("north", "south")
        for month in (EARLIER, MONTH)
    ]
    pages.publish(reports, made)
    return reports


@pytest.fixture
def reports(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "reports"))


def text_of(path: Path) -> str:
    """Markup of a page, its quotes and its code as an error writes them."""
    html = path.read_text(encoding="utf-8").replace("&#39;", "'")
    return html.replace("<code>", "`").replace("</code>", "`")


@pytest.mark.parametrize("month", [EARLIER, MONTH])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_manifest_is_a_row_and_an_alert_and_the_others_stand(
    reports: Path, damage: str, month: str
) -> None:
    harm, says = DAMAGES[damage]
    harm(reports / month / "north" / "manifest.json")
    written = write_index(reports)
    assert [path.relative_to(reports).as_posix() for path in written] == [
        "index.html",
        f"{EARLIER}/index.html",
        f"{MONTH}/index.html",
    ]
    others = [(each.month, each.unit) for each in read_summaries(reports)]
    assert (month, "north") not in others
    assert len(others) == 3
    html = text_of(reports / month / "index.html")
    assert says in html
    assert f"salesfc run --unit north --month {month} --again --reason TEXT" in html
    assert '<span class="tag bad">damaged</span>' in html
    assert "what north published is damaged" in html.lower()
    assert '<span class="vh"> damaged</span>' in text_of(reports / "index.html")
    done = CliRunner().invoke(app, ["verify", "--project", str(reports.parent)])
    assert done.exit_code == 1
    assert f"{month}/north: " in done.output
    assert says in done.output
    assert "Damaged: 1." in done.output
    asked = ["verify", "--project", str(reports.parent), "--unit", "south"]
    assert "north" not in CliRunner().invoke(app, asked).output


def test_no_value_of_a_manifest_stops_the_index(reports: Path) -> None:
    """Each value in turn is exchanged for five others."""
    path = reports / MONTH / "north" / "manifest.json"
    whole = json.loads(path.read_text(encoding="utf-8"))
    for key in whole["summary"]:
        for value in (None, [], "x", float("inf"), 0):
            change("summary", key, to=value)(path)
            write_index(reports)
            told = [(each.month, each.unit) for each in read_damaged(reports)]
            assert told in ([], [(MONTH, "north")])
            assert len(read_summaries(reports)) == 4 - len(told)
            path.write_text(json.dumps(whole), encoding="utf-8")


FAILURES: dict[str, bytes] = {
    "empty": b"",
    "cut": b'{"unit": "north", "mon',
    "a list": b"[]",
    "no error": b'{"unit": "north", "month": "2026-06"}',
    "no moment": b'{"unit": "north", "month": "2026-06", "error": "x", "at": "soon"}',
    "another encoding": '{"error": "x"}'.encode("utf-16"),
}


@pytest.mark.parametrize("damage", [*FAILURES, "a folder", "none"])
def test_a_damaged_record_of_a_failure_says_so_and_can_be_removed(
    reports: Path, damage: str
) -> None:
    shutil.rmtree(reports / MONTH / "north")
    place = reports / ".failed" / MONTH / "north.json"
    (place.with_suffix("") if damage == "none" else place.parent).mkdir(parents=True)
    if damage == "a folder":
        place.mkdir()
    elif damage != "none":
        place.write_bytes(FAILURES[damage])
    write_index(reports)
    html = text_of(reports / "index.html")
    assert "north.json' cannot be read" in html
    assert "Remove it, then run the month again: `salesfc run --unit north" in html
    assert len(read_summaries(reports)) == 3
    done = CliRunner().invoke(app, ["verify", "--project", str(reports.parent)])
    assert (done.exit_code, f"{MONTH}/north: " in done.output) == (1, True)
    shutil.rmtree(reports / ".failed")
    write_index(reports)
    assert read_failures(reports) == read_damaged(reports) == []


def test_a_file_named_like_a_month_is_told_on_the_first_page(reports: Path) -> None:
    (reports / "2026-07").write_text("x")
    pages.fail(reports, "north", "2026-07")
    assert len(write_index(reports)) == 3
    html = text_of(reports / "index.html")
    assert "2026-07' is a file. The folder of a month, or nothing. Move the file" in html
    assert "ends at row 65,536" in html  # what failed of it
    assert 'href="2026-07' not in html
    assert list_months(reports) == [EARLIER, MONTH]
    done = CliRunner().invoke(app, ["verify", "--project", str(reports.parent)])
    assert (done.exit_code, "2026-07: " in done.output) == (1, True)


def test_a_file_named_like_a_month_is_told_where_nothing_is_published(tmp_path: Path) -> None:
    (tmp_path / "2026-07").write_text("x")
    (tmp_path / "2026-99").write_text("x")
    (tmp_path / "2026-06").symlink_to(tmp_path / "nowhere")
    write_index(tmp_path)
    html = text_of(tmp_path / "index.html")
    assert "No month has been published yet" in html
    assert "2026-07' is a file" in html
    assert "2026-06' is a file" in html
    assert "2026-99" not in html


def test_a_file_in_the_place_of_a_staged_month_is_removed_by_the_next_run(reports: Path) -> None:
    staged = archive.staged_folder(reports, MONTH, "north")
    staged.write_text("x")
    archive.recover(reports)
    assert not staged.exists()
