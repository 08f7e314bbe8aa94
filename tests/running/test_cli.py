"""The command line: what people read, and the exit status that a scheduler reads."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from salesfc_lib import running
from salesfc_lib.archive import manifest
from salesfc_lib.archive import months as archive
from salesfc_lib.cli import app
from salesfc_lib.errors import RequestError
from salesfc_lib.running.progress import describe
from salesfc_lib.running.run import Request
from salesfc_lib.running.tasks import Event, Outcome, Plan
from tests.conftest import salesfc

HEAVY = ("pandas", "numpy", "papermill", "pydantic", "matplotlib", "pyarrow")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "parameters" / "units" / "north.yml"
    path.parent.mkdir(parents=True)
    path.write_text("unit: {title: Nord}\n", encoding="utf-8")
    return tmp_path


def call(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.stdout, done.stderr


def test_help_is_immediate_because_no_heavy_library_is_imported() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom salesfc_lib.cli import app\n"
        "assert 'backfill' in CliRunner().invoke(app, ['--help']).stdout\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert time.perf_counter() - started < 3  # 0.2 s on an idle machine


@pytest.mark.parametrize(
    "verb", ["init", "inspect", "demo", "run", "backfill", "parameters", "verify", "lab"]
)
def test_every_verb_takes_a_project(verb: str) -> None:
    status, said, _ = call(verb, "--help")
    assert status == 0
    assert "--project" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--unit", "nort"], "Did you mean 'north'?"),
        (["run", "--unit", "../x"], "cannot be a unit's id"),
        (["run", "--month", "2026-13"], "'2026-13' is not a month"),
        (["run", "--set", "horizn=3"], "Did you mean 'horizon'?"),
        (["run", "--set", "horizon"], "key=value"),
        (["run", "--again"], "--reason is missing"),
        (["run", "--reason", "late"], "--again is missing"),
        (["backfill", "--from", "2026-03", "--to", "2026-01"], "run backwards"),
        (["parameters", "nort"], "Did you mean 'north'?"),
        (["parameters", "north", "--month", "June"], "'June' is not a month"),
        (["verify"], "Nothing is published"),
        (["verify", "--month", "2026-6"], "'2026-6' is not a month"),
        (["init", "none.csv"], "no such file"),
        (["inspect", "none.csv"], "no such file"),
    ],
)
def test_a_wrong_request_ends_with_status_2_and_one_paragraph(
    project: Path, arguments: list[str], says: str
) -> None:
    status, _, complaint = call(*arguments, "--project", str(project))
    assert status == 2
    assert says in complaint
    assert complaint.count("\n") == 1
    assert not (project / "reports").exists()


def outcomes(*states: str) -> Any:
    """A run of one unit a state."""

    def run_month(request: Request, month: str | None, *, notify: Any) -> list[Outcome]:
        notify(Plan("run", {}))
        notify(Event("unit0", "2026-06", "01_cleaning"))
        found = [
            Outcome(f"unit{n}", "2026-06", state, 1.5, "why" if state != "published" else "")
            for n, state in enumerate(states)
        ]  # type: ignore[arg-type]
        for outcome in found:
            notify(outcome)
        return found

    return run_month


@pytest.mark.parametrize(
    ("states", "status", "last"),
    [
        (["published", "published"], 0, "2 published."),
        (["skipped", "published"], 0, "1 published, 1 published already."),
        (["failed", "published"], 1, "1 published, 1 failed."),
    ],
)
def test_the_exit_status_says_whether_a_unit_failed(
    project: Path, monkeypatch: pytest.MonkeyPatch, states: list[str], status: int, last: str
) -> None:
    monkeypatch.setattr(running, "run_month", outcomes(*states))
    found, said, complaint = call("run", "--project", str(project))
    assert found == status
    assert said.splitlines()[0] == "unit0 2026-06 01_cleaning"
    assert last in said.splitlines()[-1]
    assert complaint == ("unit0 2026-06: why\n" if "failed" in states else "")


def test_options_reach_the_request(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Request, str | None]] = []

    def run_month(request: Request, month: str | None, *, notify: Any) -> list[Outcome]:
        asked.append((request, month))
        return []

    monkeypatch.setattr(running, "run_month", run_month)
    options = [
        "--unit",
        "a",
        "--unit",
        "b",
        "--set",
        "horizon=3",
        "--again",
        "--reason",
        "late returns",
        "--workers",
        "1",
    ]
    call("run", "--project", str(project), "--month", "2026-06", *options)
    assert asked == [
        (Request(project.resolve(), ("a", "b"), ("horizon=3",), "late returns", 1), "2026-06")
    ]


def test_an_error_of_the_request_shows_no_traceback(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise RequestError.of("a", "b", "c")

    monkeypatch.setattr(running, "run_month", refuse)
    assert call("run", "--project", str(project)) == (2, "", "a. b. c.\n")


def test_parameters_are_printed_with_the_layer_that_won(project: Path) -> None:
    path = project / "parameters" / "months" / "2026-06" / "north.yml"
    path.parent.mkdir(parents=True)
    path.write_text("horizon: {value: 6, reason: plant closes}\n", encoding="utf-8")
    status, said, _ = call(
        "parameters",
        "north",
        "--month",
        "2026-06",
        "--set",
        "backtest.cutoffs=4",
        "--project",
        str(project),
    )
    lines = said.splitlines()
    assert status == 0
    assert 'unit         unit.title = "Nord"' in lines
    assert "month        horizon = 6  (plant closes)" in lines
    assert "command line backtest.cutoffs = 4" in lines
    assert "defaults     backtest.step = 3" in lines


def record(month: str) -> dict[str, Any]:
    """Facts of a manifest of `north`."""
    said = {"unit": "north", "title": "North", "month": month, "version": 1, "published_at": ""}
    return {"version": 1, "inputs": [], "summary": said}


def test_verify_names_a_flipped_byte_and_ends_with_status_1(project: Path) -> None:
    with archive.staging(project / "reports", "2026-06", "north") as folder:
        (folder / "forecast.csv").write_bytes(b"abc")
        manifest.write(folder, record("2026-06"))
        published = archive.publish(project / "reports", "2026-06", "north")
    assert call("verify", "--project", str(project)) == (
        0,
        "Everything published is as its manifests say.\n",
        "",
    )
    (published / "forecast.csv").write_bytes(b"abb")
    status, said, _ = call("verify", "--project", str(project), "--month", "2026-06")
    assert status == 1
    assert said.splitlines() == [
        "2026-06/north/forecast.csv: changed, against the sha256 in the manifest",
        "Differences: 1.",
    ]


def test_verify_first_mends_what_a_killed_run_left(project: Path) -> None:
    with archive.staging(project / "reports", "2026-05", "north") as folder:
        manifest.write(folder, record("2026-05"))
        archive.publish(project / "reports", "2026-05", "north")
    left = archive.staged_folder(project / "reports", "2026-05", "north")
    left.mkdir()
    status, said, _ = call("verify", "--project", str(project))
    assert status == 0
    assert "an earlier run died" in said
    assert not left.exists()


def test_init_writes_a_file_and_says_what_to_do_next(tmp_path: Path) -> None:
    export = tmp_path / "Sales West.csv"
    export.write_text("Order Date,Sales,Region\n2026-01-02,1,W\n", encoding="utf-8")
    status, said, _ = call("init", str(export), "--project", str(tmp_path))
    assert status == 0
    assert (tmp_path / "parameters" / "units" / "sales-west.yml").is_file()
    assert "quantity       not recognised" in said
    assert "salesfc run --unit sales-west" in said


def write_sales(folder: Path, *more: str) -> Path:
    """Two lines a week day through June, so that June is closed."""
    days = (date(2026, 1, 1) + timedelta(at) for at in range(181))
    rows = [f"{day},{at},W" for day in days for at in (1, 2) if day.weekday() < 5]
    export = folder / "data" / "sales.csv"
    export.parent.mkdir(parents=True)
    text = "\n".join(["Order Date,Sales,Region", *rows, *more, ""])
    export.write_text(text, encoding="utf-8")
    return export


def test_init_says_what_the_first_run_leaves_out(tmp_path: Path) -> None:
    export = write_sales(tmp_path, "2026-07-01,5,W", "2026-07-02,7.5,W")
    status, said, _ = call("init", str(export), "--project", str(tmp_path))
    assert status == 0
    assert (
        "sales: 2026-06 is the latest closed month. Left out: 2026-07 (2 rows, amount 12.5). "
        'Where 2026-07 is complete, `calendar: {closed_through: "2026-07"}`'
    ) in said
    whole = write_sales(tmp_path / "whole")
    assert "Left out" not in call("init", str(whole), "--project", str(whole.parents[1]))[1]


def test_init_says_what_would_stop_the_first_run(tmp_path: Path) -> None:
    export = write_sales(tmp_path, *["2026-06-30,much,W"] * 90)
    status, said, _ = call("init", str(export), "--project", str(tmp_path))
    assert status == 0
    assert "A run of sales would stop: " in said and "`cleaning.loss_budget`" in said


def test_inspect_shows_what_can_be_read_and_ends_with_status_1_where_something_cannot(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.csv").write_text("Order Date,Sales\n2026-01-02,1\n", encoding="utf-8")
    (tmp_path / "b.csv").write_bytes(b"")
    status, said, complaint = call("inspect", str(tmp_path), "--project", str(tmp_path))
    assert status == 1
    assert "amount" in said
    assert "b.csv" in complaint
    assert call("inspect", str(tmp_path / "a.csv"), "--json", "--project", str(tmp_path))[0] == 0


def test_an_outcome_is_one_line() -> None:
    assert (
        describe(Outcome("a", "2026-06", "failed", 1.0, "Column 'x' is missing."))
        == "a 2026-06 failed: Column 'x' is missing."
    )
    assert (
        describe(Outcome("a", "2026-06", "skipped", 0.0, "is published already"))
        == "a 2026-06 is published already"
    )


def test_a_language_that_there_is_not_is_refused_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SALESFC_LANG", "klingon")
    found = CliRunner().invoke(app, ["verify"])
    assert found.exit_code == 2
    assert "'klingon'. One of 'en', 'zh'. Correct SALESFC_LANG." in found.output


def test_an_error_is_said_in_the_readers_language(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SALESFC_LANG", "zh")
    found = CliRunner().invoke(app, ["run", "--month", "2026-13", "--project", str(tmp_path)])
    assert found.exit_code == 2
    assert "2026-13" in found.output
    assert "is not a month" not in found.output
    assert re.search(r"[\u4e00-\u9fff]", found.output)


def test_help_and_its_headings_are_in_the_readers_language() -> None:
    shown = salesfc("sign", "--help", env={"SALESFC_LANG": "zh"}).stdout
    assert "会签" in shown and "选项" in shown and "[必填]" in shown and "Options" not in shown
    refused = salesfc("singn", env={"SALESFC_LANG": "zh"})
    assert refused.returncode == 2 and "没有命令 'singn'" in refused.stderr
