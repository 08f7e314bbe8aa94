"""A month for all units: one that fails takes nothing from the others, and what failed says so."""

from __future__ import annotations

import errno
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import nbformat
import pytest

import salesfc_lib
from salesfc_lib import reporting
from salesfc_lib.archive import manifest
from salesfc_lib.archive import months as archive
from salesfc_lib.archive.locks import lock_month
from salesfc_lib.archive.verification import verify
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.reporting.facts.published import read_damaged
from salesfc_lib.reporting.pages import notebook
from salesfc_lib.reporting.pages import write as pages
from salesfc_lib.reporting.pages.index import write_index
from salesfc_lib.running import publication, run
from salesfc_lib.running.execute import NotebookFailed, run_notebook
from salesfc_lib.running.run import Request, backfill, list_months, run_month
from salesfc_lib.running.tasks import Event, Outcome, Plan
from salesfc_lib.running.workers import ONE_THREAD, side_by_side
from tests.conftest import in_turn

MONTH = "2026-06"


def write_notebook(path: Path, *codes: str) -> Path:
    parameters = nbformat.v4.new_code_cell(
        "project = '.'\nunit = ''\nmonth = ''\nresolved = None\nfolder = None",
        metadata={"tags": ["parameters"]},
    )
    cells = [parameters, *(nbformat.v4.new_code_cell(code) for code in codes)]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def outputs(node: Any, place: int) -> str:
    return "".join(output.text for output in node.cells[place].outputs)


class FakeSteps(ModuleType):
    """Steps that write one small table, and fail where they are told to."""

    def __init__(self) -> None:
        super().__init__("salesfc_lib.steps")
        self.closed: dict[str, str] = {}
        self.waiting: dict[str, str] = {}
        self.fail: dict[tuple[str, str], Exception] = {}
        self.called: list[tuple[str, str, str]] = []
        self.kinds: set[str] = set()

    def find_closed(self, project: Path, unit: str, sets: Sequence[str] = ()) -> tuple[str, str]:
        declared = dict(each.split("=", 1) for each in sets).get("calendar.closed_through")
        return declared or self.closed.get(unit, MONTH), self.waiting.get(unit, "")

    def open_month(
        self,
        project: Any,
        unit: str,
        month: str,
        resolved: Any = None,
        folder: Any = None,
        *,
        kind: str = "run",
    ) -> Any:
        self.kinds.add(kind)
        return SimpleNamespace(unit=unit, month=month, folder=Path(folder))

    def _step(self, name: str, opened: Any) -> None:
        self.called.append((opened.unit, opened.month, name))
        if (opened.unit, name) in self.fail:
            raise self.fail[opened.unit, name]
        (opened.folder / "tables" / f"{name}.txt").write_text(opened.unit, encoding="utf-8")

    def clean(self, opened: Any) -> None:
        self._step("clean", opened)

    def model(self, opened: Any) -> None:
        self._step("model", opened)

    def reconcile(self, opened: Any) -> None:
        self._step("reconcile", opened)
        (opened.folder / "forecast.csv").write_text("forecast\n", encoding="utf-8")

    def retrospect(self, opened: Any) -> None:
        self._step("retrospect", opened)

    def key_pages(self, opened: Any) -> list[Any]:
        return []

    def summarise(self, opened: Any) -> dict[str, Any]:
        unit = opened.unit
        return {
            "unit": unit,
            "title": unit.title(),
            "month": opened.month,
            "headline": f"{unit} in {opened.month}",
            "record": [],
        }


def write_short_page(folder: Path, summary: Any, earlier: Any) -> None:
    (folder / "index.html").write_text(
        f"{summary.headline}, {len(earlier)} before", encoding="utf-8"
    )


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> FakeSteps:
    fake = FakeSteps()
    monkeypatch.setitem(sys.modules, "salesfc_lib.steps", fake)
    monkeypatch.setattr(salesfc_lib, "steps", fake, raising=False)
    monkeypatch.setattr(pages, "write_unit_page", write_short_page)
    monkeypatch.setattr(
        notebook,
        "render_notebook",
        lambda node, title, breadcrumb, twins: f"<p>{title} {len(node.cells)} cells</p>",
    )
    monkeypatch.setattr(reporting, "write_index", lambda reports: None)
    monkeypatch.setattr(run, "side_by_side", in_turn)
    return fake


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for unit in ("north", "south"):
        path = tmp_path / "parameters" / "units" / f"{unit}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"unit: {{title: {unit.title()}}}\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "notebooks"
    for name in publication.STEPS:
        write_notebook(
            folder / f"{name}.ipynb",
            "from pathlib import Path",
            "Path(folder, 'forecast.csv').write_text(month)",
        )
    monkeypatch.setattr(publication, "resources", SimpleNamespace(NOTEBOOKS=folder))
    return folder


def states(outcomes: list[Outcome]) -> dict[tuple[str, str], str]:
    return {(outcome.unit, outcome.month): outcome.state for outcome in outcomes}


def test_parameters_reach_the_notebook_exactly(tmp_path: Path) -> None:
    values = {
        "unit": "007",
        "resolved": {"a": None, "b": [1, 2.5, True, "中\"'\\n\n</script>"], "c": {}},
    }
    node = run_notebook(
        write_notebook(tmp_path / "a.ipynb", "print(repr({'unit': unit, 'resolved': resolved}))"),
        values,
    )
    assert outputs(node, 2) == f"{values!r}\n"


def test_a_value_that_is_not_json_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        run_notebook(write_notebook(tmp_path / "a.ipynb"), {"resolved": {"a": float("inf")}})


def test_the_kernel_is_this_interpreter_with_one_thread_in_the_notebooks_folder(
    tmp_path: Path,
) -> None:
    code = (
        "import os, sys\nthreads = ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS')\n"
        "print(sys.executable, os.getcwd(), *(os.environ[name] for name in threads))"
    )
    node = run_notebook(write_notebook(tmp_path / "a.ipynb", code), {})
    assert outputs(node, 2) == f"{sys.executable} {tmp_path} 1 1\n"
    assert node.cells[2].metadata.papermill.status == "completed"
    assert node.cells[2].metadata.papermill.duration > 0


def test_a_failing_cell_is_marked_and_those_after_it_did_not_run(tmp_path: Path) -> None:
    source = write_notebook(tmp_path / "a.ipynb", "1", "raise OSError('no')", "print('after')")
    with pytest.raises(NotebookFailed, match=r"OSError: no \(Notebook a, cell \[4\]\)") as caught:
        run_notebook(source, {"unit": "x"})
    cells = caught.value.node.cells
    assert [cell.cell_type for cell in cells] == [
        "code",
        "code",
        "code",
        "markdown",
        "code",
        "code",
    ]
    assert "stopped at the next cell" in cells[3].source
    assert [cell.metadata.papermill.status for cell in cells[4:]] == ["failed", "pending"]
    assert cells[5].outputs == []


def test_an_error_of_this_library_is_told_in_its_own_words(tmp_path: Path) -> None:
    code = "from salesfc_lib.errors import SalesForecastError as E\nraise E.of('a', 'b', 'c')"
    with pytest.raises(NotebookFailed, match=r"^a\. b\. c\. \(Notebook a, cell \[3\]\)$"):
        run_notebook(write_notebook(tmp_path / "a.ipynb", code), {})


def test_a_killed_kernel_is_a_failure_at_the_cell_that_ran(tmp_path: Path) -> None:
    source = write_notebook(
        tmp_path / "a.ipynb", "import os, signal", "os.kill(os.getpid(), signal.SIGKILL)", "1"
    )
    with pytest.raises(NotebookFailed, match="kernel died") as caught:
        run_notebook(source, {})
    statuses = [
        cell.metadata.get("papermill", {}).get("status")
        for cell in caught.value.node.cells
        if cell.cell_type == "code"
    ]
    assert statuses[-2:] == ["failed", "pending"]


WORK = """
import os, signal, time
def work(task, notify):
    notify(("begin", task, os.getpid(), os.environ.get("OMP_NUM_THREADS")))
    if task == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "exits":
        os._exit(7)
    time.sleep(0.2)
    return task.upper()
def sleep(task, notify):
    notify(os.getpid())
    time.sleep(60)
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "work_for_test_run.py").write_text(WORK, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("work_for_test_run")
    sys.modules.pop("work_for_test_run")


def test_a_process_that_dies_is_a_result_and_the_others_go_on(work: Any) -> None:
    messages: list[Any] = []
    tasks = ["a", "killed", "exits", "b"]
    results = side_by_side(
        work.work, tasks, workers=2, notify=messages.append, died=lambda task, code: (task, code)
    )
    assert results == ["A", ("killed", -signal.SIGKILL), ("exits", 7), "B"]
    assert sorted(task for _, task, *_ in messages) == sorted(tasks)
    assert {threads for *_, threads in messages} == {"1"}
    assert os.getpid() not in {pid for _, _, pid, _ in messages}


def test_no_process_outlives_the_one_that_started_it(work: Any, tmp_path: Path) -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from work_for_test_run import sleep\n"
        "from salesfc_lib.running.workers import side_by_side\n"
        "if __name__ == '__main__':\n"
        "    side_by_side(sleep, [1], notify=lambda pid: print(pid, flush=True), died=None)\n"
    )
    path = tmp_path / "start.py"
    path.write_text(script, encoding="utf-8")
    with subprocess.Popen([sys.executable, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.kill()
    assert _ends(child)


def _ends(pid: int, seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_month_is_published_with_its_notebooks_pages_tables_and_manifest(
    project: Path, notebooks: Path, steps: FakeSteps
) -> None:
    messages: list[Plan | Event | Outcome] = []
    outcomes = run_month(Request(project), MONTH, notify=messages.append)
    assert states(outcomes) == {("north", MONTH): "published", ("south", MONTH): "published"}, [
        each.message for each in outcomes
    ]
    folder = archive.unit_folder(project / "reports", MONTH, "north")
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [
            *(
                f"{name}.{ending}"
                for name in publication.STEPS
                for ending in ("html", "ipynb", "zh.html")
            ),
            "forecast.csv",
            "index.html",
            "manifest.json",
            "tables",
        ]
    )
    record = manifest.read(folder)
    assert (record["unit"], record["title"], record["kind"], record["version"]) == (
        "north",
        "North",
        "run",
        1,
    )
    assert record["parameters"]["unit.title"] == {"value": "North", "layer": "unit", "reason": ""}
    assert record["parameters"]["horizon"]["layer"] == "defaults"
    assert "parameters/units/north.yml" in [entry["path"] for entry in record["inputs"]]
    assert len(record["code"]["sha256"]) == 64
    assert verify(project / "reports") == []
    assert messages[0] == Plan("run", {"north": (MONTH,), "south": (MONTH,)}, {}, 2)
    assert [
        event.step
        for event in messages
        if isinstance(event, Event) and event.unit == "north" and not event.cell
    ] == [*publication.STEPS, "publishing"]


def test_the_seconds_of_each_step_are_kept(
    project: Path, steps: FakeSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "model", lambda opened: time.sleep(0.2))
    (outcome,) = backfill(Request(project, ("north",)), MONTH, MONTH)
    assert outcome.path is not None
    took = manifest.read(outcome.path)["durations"]
    assert list(took) == [*publication.STEPS, "publishing"]
    assert took["02_modeling"] >= 0.2
    assert sum(took.values()) <= manifest.read(outcome.path)["seconds"] + 0.1


def test_the_next_month_is_planned_by_what_this_one_took(project: Path, steps: FakeSteps) -> None:
    messages: list[Any] = []
    (first,) = backfill(Request(project, ("north",)), "2026-05", "2026-05", notify=messages.append)
    assert messages[0].known == {}
    backfill(Request(project, workers=7), "2026-06", "2026-06", notify=messages.append)
    plan = [each for each in messages if isinstance(each, Plan)][-1]
    assert first.path is not None
    took = manifest.read(first.path)["durations"]
    assert plan.known == {"north": dict.fromkeys(publication.HANDOVER, 0.0) | took}
    assert plan.units == {"north": ("2026-06",), "south": ("2026-06",)}
    assert plan.workers == 2


OWN = "candidates: {mine: {code: candidates/mine.py, label: Mine}}\n"


def test_a_candidates_file_is_an_input_of_the_month_and_a_change_is_noticed(
    project: Path, steps: FakeSteps
) -> None:
    path = project / "candidates" / "mine.py"
    path.parent.mkdir()
    path.write_text("def forecast_one(window):\n    return window.y[-12:]\n", encoding="utf-8")
    (project / "parameters" / "units" / "north.yml").write_text(OWN, encoding="utf-8")
    north, south = backfill(Request(project), MONTH, MONTH)
    assert north.path is not None
    assert south.path is not None
    (entry,) = [
        each
        for each in manifest.read(north.path)["inputs"]
        if each["path"].startswith("candidates")
    ]
    assert (entry["path"], entry["sha256"]) == ("candidates/mine.py", manifest.sha256(path))
    assert all(
        not each["path"].startswith("candidates") for each in manifest.read(south.path)["inputs"]
    )
    assert verify(project / "reports") == []
    path.write_text("def forecast_one(window):\n    return window.y[-13:-1]\n", encoding="utf-8")
    (found,) = verify(project / "reports")
    assert (found.unit, found.path, found.what) == (
        "north",
        "candidates/mine.py",
        "this input has changed since it was read",
    )


def test_a_candidate_that_cannot_be_read_stops_its_unit_before_the_first_step(
    project: Path, steps: FakeSteps
) -> None:
    (project / "parameters" / "units" / "north.yml").write_text(OWN, encoding="utf-8")
    outcomes = backfill(Request(project), MONTH, MONTH)
    assert states(outcomes) == {("north", MONTH): "failed", ("south", MONTH): "published"}
    assert "no such Python file" in outcomes[0].message
    assert {unit for unit, _, _ in steps.called} == {"south"}


def test_what_is_published_is_skipped_and_says_how_to_publish_it_again(
    project: Path, steps: FakeSteps
) -> None:
    backfill(Request(project), MONTH, MONTH)
    steps.called.clear()
    outcomes = backfill(Request(project), MONTH, MONTH)
    assert {outcome.state for outcome in outcomes} == {"skipped"}
    command = f"salesfc run --month {MONTH} --unit north --again --reason TEXT"
    assert outcomes[0].message == f"is published already; to publish it again: `{command}`"
    path = project / "parameters" / "units" / "north.yml"
    path.write_text("horizon: 6\nunit: {title: Norden}\n", encoding="utf-8")
    message = backfill(Request(project, ("north",)), MONTH, MONTH)[0].message
    assert 'with other parameters (unit.title "North", now "Norden" and 1 more)' in message
    assert steps.called == []


def test_publishing_again_records_the_reason_and_what_it_replaces(
    project: Path, steps: FakeSteps
) -> None:
    backfill(Request(project, ("north",)), MONTH, MONTH)
    assert states(backfill(Request(project, ("north",), again="late returns"), MONTH, MONTH)) == {
        ("north", MONTH): "published"
    }
    record = manifest.read(archive.unit_folder(project / "reports", MONTH, "north"))
    assert (record["version"], record["replaces"], record["reason"]) == (2, 1, "late returns")
    assert list(archive.list_versions(project / "reports", MONTH, "north")) == [1]


def test_a_unit_that_fails_leaves_its_notebook_and_the_others_published(
    project: Path, notebooks: Path, steps: FakeSteps
) -> None:
    code = "if unit == 'north':\n    raise ValueError('a <b> of ' + month)"
    write_notebook(notebooks / "02_modeling.ipynb", code)
    outcomes = run_month(Request(project), MONTH)
    assert states(outcomes) == {("north", MONTH): "failed", ("south", MONTH): "published"}
    assert "ValueError: a <b> of 2026-06 (Notebook 02_modeling" in outcomes[0].message
    left = project / "reports" / ".failed" / MONTH / "north"
    assert outcomes[0].path == left
    assert {path.name for path in left.iterdir()} == {
        f"02_modeling.{ending}" for ending in ("ipynb", "html", "zh.html")
    }
    record = json.loads((left.parent / "north.json").read_text(encoding="utf-8"))
    assert (record["unit"], record["title"], record["month"], record["step"]) == (
        "north",
        "North",
        MONTH,
        "02_modeling",
    )
    assert (project / "reports" / record["page"]).read_text(
        encoding="utf-8"
    ) == "<p>Modeling · North · June 2026 4 cells</p>"
    assert sorted(path.name for path in (project / "reports" / MONTH).iterdir()) == ["south"]


def test_a_failure_is_forgotten_once_the_month_is_published(
    project: Path, steps: FakeSteps
) -> None:
    steps.fail["north", "model"] = SalesForecastError.of("a", "b", "c")
    assert states(backfill(Request(project, ("north",)), MONTH, MONTH)) == {
        ("north", MONTH): "failed"
    }
    assert (project / "reports" / ".failed" / MONTH / "north.json").is_file()
    steps.fail.clear()
    assert states(backfill(Request(project, ("north",)), MONTH, MONTH)) == {
        ("north", MONTH): "published"
    }
    assert list((project / "reports" / ".failed" / MONTH).iterdir()) == []


def test_units_that_all_fail_before_any_month_are_told(
    project: Path, steps: FakeSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> tuple[str, str]:
        raise SalesForecastError("Unknown key 'unit.titel'")

    monkeypatch.setattr(steps, "find_closed", refuse)
    request = Request(project)
    failed = dict.fromkeys([("north", "2026-06"), ("south", "2026-06")], "failed")
    assert states(run_month(request, "2026-06")) == failed
    assert states(backfill(request, "2026-05", "2026-06")) == failed
    assert all("unit.titel" in outcome.message for outcome in run_month(request))


def test_a_unit_with_wrong_parameters_fails_alone(project: Path, steps: FakeSteps) -> None:
    (project / "parameters" / "units" / "north.yml").write_text("horizn: 6\n", encoding="utf-8")
    outcomes = backfill(Request(project), MONTH, MONTH)
    assert states(outcomes) == {("north", MONTH): "failed", ("south", MONTH): "published"}
    assert "Did you mean 'horizon'?" in outcomes[0].message


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:50])


@pytest.mark.parametrize(
    "harm",
    [
        cut,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("[]"),
        lambda path: path.write_text('{"outputs": []}'),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: path.unlink(),
    ],
)
def test_a_damaged_month_stops_no_other_month_and_can_be_published_again(
    project: Path,
    steps: FakeSteps,
    notebooks: Path,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[Path], object],
) -> None:
    monkeypatch.setattr(reporting, "write_index", write_index)
    reports, earlier = project / "reports", "2026-04"
    backfill(Request(project), earlier, earlier)
    folder = archive.unit_folder(reports, earlier, "north")
    harm(folder / "manifest.json")
    (reports / ".failed" / earlier).mkdir(parents=True, exist_ok=True)
    (reports / ".failed" / earlier / "south.json").write_bytes(b"")
    made = backfill(Request(project), "2026-05", "2026-05") + run_month(Request(project), MONTH)
    assert {outcome.state for outcome in made} == {"published"}
    html = (reports / earlier / "index.html").read_text(encoding="utf-8")
    assert '<span class="tag bad">damaged</span>' in html
    assert "south.json&#39; cannot be read" in html
    assert any(path.unit == "north" for path in verify(reports) if path.month == earlier)
    if not folder.joinpath("manifest.json").is_file():
        shutil.rmtree(folder)
    (again,) = backfill(Request(project, ("north",), again="it was damaged"), earlier, earlier)
    assert again.state == "published"
    (reports / ".failed" / earlier / "south.json").unlink()
    for version in reports.glob("*/north.v*"):  # as `verify` advises
        version.rename(project / version.name)
    assert verify(reports, earlier) == []
    assert read_damaged(reports) == []


def test_a_file_named_like_a_month_stops_that_month_only(
    project: Path, steps: FakeSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "write_index", write_index)
    reports = project / "reports"
    reports.mkdir()
    (reports / "2026-05").write_text("x")
    outcomes = backfill(Request(project), "2026-04", MONTH)
    assert [outcome.state for outcome in outcomes] == ["published", "failed", "published"] * 2
    assert "2026-05' is a file. The folder of a month, or nothing." in outcomes[1].message
    html = (reports / "index.html").read_text(encoding="utf-8")
    assert "2026-05&#39; is a file" in html
    (reports / "2026-05").unlink()
    assert states(backfill(Request(project, ("north",)), "2026-05", "2026-05")) == {
        ("north", "2026-05"): "published"
    }


def test_what_stands_in_the_place_of_a_failures_record_does_not_fail_a_published_month(
    project: Path, steps: FakeSteps
) -> None:
    (project / "reports" / ".failed" / MONTH / "north.json").mkdir(parents=True)
    (project / "reports" / ".failed" / "2026-05").write_text("x")
    outcomes = backfill(Request(project), "2026-05", MONTH)
    assert {outcome.state for outcome in outcomes} == {"published"}
    steps.fail["north", "model"] = SalesForecastError.of("a", "b", "c")
    north, south = backfill(Request(project, again="x"), MONTH, MONTH)
    assert (north.state, north.message, south.state) == ("failed", "a. b. c.", "published")


WRONG_YAML = [
    ("horizon: 3\nhorizon: 6\n", "'horizon' stands twice, in lines 1 and 2"),
    ("calendar: {closed_through: 2025-02-30}\n", "'2025-02-30' in line 1 is no day that exists"),
    (f"horizon: {'9' * 5000}\n", "a value of 5000 characters"),
    (f"levels: {'[' * 1200}", "nests more than 50 levels"),
    ("dimensions: &a [*a, *a]\n", "a YAML alias"),
]


@pytest.mark.parametrize(("text", "says"), WRONG_YAML)
def test_a_unit_whose_file_cannot_be_read_fails_alone(
    project: Path, steps: FakeSteps, text: str, says: str
) -> None:
    (project / "parameters" / "units" / "north.yml").write_text(text, encoding="utf-8")
    outcomes = backfill(Request(project, sets=("horizon=6",)), MONTH, MONTH)
    assert states(outcomes) == {("north", MONTH): "failed", ("south", MONTH): "published"}
    assert says in outcomes[0].message
    record = json.loads((project / "reports" / ".failed" / MONTH / "north.json").read_text())
    assert record["error"] == outcomes[0].message


@pytest.mark.parametrize(("text", "says"), WRONG_YAML)
def test_a_value_of_the_command_line_that_cannot_be_read_is_a_wrong_request(
    project: Path, steps: FakeSteps, text: str, says: str
) -> None:
    if "twice" in says:
        text = "x: {horizon: 3,\n horizon: 6}"
    with pytest.raises(RequestError, match=says):
        backfill(Request(project, sets=(f"unit={text.partition(': ')[2]}",)), MONTH, MONTH)
    assert steps.called == []


def test_a_folder_named_like_a_units_file_fails_alone(project: Path, steps: FakeSteps) -> None:
    (project / "parameters" / "units" / "west.yml").mkdir()
    outcomes = backfill(Request(project), MONTH, MONTH)
    assert [outcome.state for outcome in outcomes] == ["published", "published", "failed"]
    assert "west.yml' cannot be read: it is a folder" in outcomes[2].message


def test_a_unit_whose_data_stop_the_reader_fails_alone(
    project: Path, steps: FakeSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = steps.find_closed

    def stop_for_north(project: Path, unit: str, sets: Sequence[str] = ()) -> tuple[str, str]:
        if unit == "north":
            raise RecursionError("too deep")
        return closed(project, unit, sets)

    monkeypatch.setattr(steps, "find_closed", stop_for_north)
    outcomes = backfill(Request(project), MONTH, MONTH)
    assert states(outcomes) == {("north", MONTH): "failed", ("south", MONTH): "published"}


@pytest.mark.parametrize(
    ("unit_file", "says"),
    [
        ("Bad Name.yml", "'Bad Name' cannot be a unit's id"),
        ("West.yml", "'West' cannot be a unit's id"),
    ],
)
def test_a_parameter_file_whose_name_is_no_unit_fails_alone(
    project: Path, steps: FakeSteps, unit_file: str, says: str
) -> None:
    (project / "parameters" / "units" / unit_file).write_text("", encoding="utf-8")
    outcomes = backfill(Request(project), MONTH, MONTH)
    assert sorted(states(outcomes).values()) == ["failed", "published", "published"]
    failed = next(outcome for outcome in outcomes if outcome.state == "failed")
    assert (failed.unit, failed.path) == (unit_file.removesuffix(".yml"), None)
    assert says in failed.message
    with pytest.raises(RequestError, match="cannot be a unit's id"):
        backfill(Request(project, units=(failed.unit,)), MONTH, MONTH)


@pytest.mark.parametrize(
    ("leave", "says"),
    [
        (
            lambda place: place.mkdir(parents=True),
            r"north' is there without its manifest\.json.* move the folder elsewhere",
        ),
        (
            lambda place: (place.parent.mkdir(parents=True), place.write_text("x")),
            r"north' is a file\. .* Move the file elsewhere",
        ),
    ],
)
def test_a_place_that_is_taken_is_told_before_the_first_step(
    project: Path, steps: FakeSteps, leave: Callable[[Path], object], says: str
) -> None:
    leave(project / "reports" / MONTH / "north")
    north, south = backfill(Request(project), MONTH, MONTH)
    assert (north.state, south.state) == ("failed", "published")
    assert re.search(says, north.message)
    assert {unit for unit, _, _ in steps.called} == {"south"}


def test_a_folder_without_its_manifest_is_kept_as_a_version_where_a_reason_is_given(
    project: Path, steps: FakeSteps
) -> None:
    (project / "reports" / MONTH / "north").mkdir(parents=True)
    (outcome,) = backfill(
        Request(project, units=("north",), again="its manifest was lost"), MONTH, MONTH
    )
    assert outcome.state == "published"
    assert (project / "reports" / MONTH / "north.v1").is_dir()


def test_a_backfilled_months_manifest_names_the_month_before_it(
    project: Path, steps: FakeSteps
) -> None:
    first, second = backfill(Request(project, units=("north",)), "2026-05", "2026-06")
    assert first.path is not None
    assert second.path is not None
    assert manifest.read(first.path)["previous"] is None
    assert manifest.read(second.path)["previous"] == {
        "month": "2026-05",
        "sha256": manifest.sha256(first.path / "manifest.json"),
    }


@pytest.mark.parametrize("value", ["1e400", ".inf", ".nan"])
def test_a_number_that_is_not_finite_is_a_wrong_request(
    project: Path, steps: FakeSteps, value: str
) -> None:
    with pytest.raises(RequestError, match=r"`combine\.power` .* finite number"):
        backfill(Request(project, sets=(f"combine.power={value}",)), MONTH, MONTH)
    assert steps.called == []


def test_a_full_disk_says_so_and_leaves_what_was_published(project: Path, steps: FakeSteps) -> None:
    backfill(Request(project, ("north",)), "2026-05", "2026-05")
    steps.fail["north", "reconcile"] = OSError(errno.ENOSPC, "No space left on device")
    outcomes = backfill(Request(project, ("north",)), "2026-05", MONTH)
    assert [outcome.state for outcome in outcomes] == ["skipped", "failed"]
    assert "is full" in outcomes[1].message
    assert "Make room" in outcomes[1].message
    assert verify(project / "reports") == []
    assert list((project / "reports" / MONTH).iterdir()) == []


def test_a_backfill_goes_month_by_month_without_notebooks(project: Path, steps: FakeSteps) -> None:
    outcomes = backfill(Request(project, ("south",)), "2025-11", "2026-01")
    assert [outcome.month for outcome in outcomes] == ["2025-11", "2025-12", "2026-01"]
    assert [month for _, month, name in steps.called if name == "clean"] == [
        "2025-11",
        "2025-12",
        "2026-01",
    ]
    folder = archive.unit_folder(project / "reports", "2025-12", "south")
    assert sorted(path.name for path in folder.iterdir()) == [
        "forecast.csv",
        "index.html",
        "manifest.json",
        "tables",
    ]
    record = manifest.read(folder)
    assert (record["kind"], record["summary"]["kind"], steps.kinds) == (
        "backfill",
        "backfill",
        {"backfill"},
    )
    assert (folder / "index.html").read_text(encoding="utf-8") == "south in 2025-12, 1 before"


def test_without_a_month_each_unit_publishes_its_own_latest_closed_one(
    project: Path, steps: FakeSteps, notebooks: Path
) -> None:
    steps.closed = {"north": "2026-04", "south": "2026-05"}
    outcomes = run_month(Request(project))
    assert states(outcomes) == {
        ("north", "2026-04"): "published",
        ("south", "2026-05"): "published",
    }
    asked = run_month(Request(project, again="late"), "2026-05")
    assert states(asked) == {("north", "2026-05"): "failed", ("south", "2026-05"): "published"}
    assert "'north' 2026-04" in asked[0].message


def test_a_month_that_is_not_closed_is_run_as_its_refusal_says(
    project: Path, steps: FakeSteps, notebooks: Path
) -> None:
    with pytest.raises(RequestError, match="is not closed") as refused:
        run_month(Request(project), "2026-07")
    advised = re.search(r"`--set (\S+)`", str(refused.value))
    assert advised is not None
    outcomes = run_month(Request(project, sets=(advised[1],)), "2026-07")
    assert {outcome.state for outcome in outcomes} == {"published"}


def test_a_run_says_what_the_latest_closed_month_leaves_out_and_an_earlier_month_does_not(
    project: Path, steps: FakeSteps, notebooks: Path
) -> None:
    steps.waiting = {"north": "3 rows left out"}
    said: list[object] = []
    run_month(Request(project), notify=said.append)
    assert "north: 3 rows left out" in said
    said.clear()
    run_month(Request(project), "2026-05", notify=said.append)
    assert "north: 3 rows left out" not in said


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda project: run_month(Request(project), "2026-07"), "2026-07 is not closed"),
        (lambda project: run_month(Request(project), "2026-7"), "'2026-7' is not a month"),
        (lambda project: run_month(Request(project, ("nort",))), "Did you mean 'north'"),
        (lambda project: run_month(Request(project, ("../north",))), "cannot be a unit's id"),
        (lambda project: run_month(Request(project, sets=("horizn=3",))), "Did you mean 'horizon'"),
        (lambda project: run_month(Request(project / "parameters")), "holds no unit"),
        (lambda project: backfill(Request(project), "2026-02", "2026-01"), "run backwards"),
        (
            lambda project: backfill(Request(project), "2026-02", "2026-13"),
            "'2026-13' is not a month",
        ),
    ],
)
def test_a_wrong_request_runs_nothing(
    project: Path, steps: FakeSteps, ask: Callable[[Path], object], says: str
) -> None:
    with pytest.raises(RequestError, match=says):
        ask(project)
    assert steps.called == []
    assert not (project / "reports" / MONTH).exists()


def test_a_month_that_another_run_holds_is_a_wrong_request(project: Path, steps: FakeSteps) -> None:
    with (
        lock_month(project / "reports", "2026-05"),
        pytest.raises(RequestError, match="Another run of 2026-05"),
    ):
        backfill(Request(project), "2026-04", MONTH)
    assert steps.called == []


def test_what_a_killed_run_left_is_mended_and_told_before_anything_else(
    project: Path, steps: FakeSteps
) -> None:
    left = archive.staged_folder(project / "reports", "2026-01", "south")
    left.mkdir(parents=True)
    messages: list[Any] = []
    backfill(Request(project, ("north",)), MONTH, MONTH, notify=messages.append)
    assert "2026-01 of 'south'" in messages[0]
    assert not left.exists()


def test_a_killed_process_is_the_outcome_of_its_month_and_those_after_it(
    project: Path, steps: FakeSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die_in_the_second_month(
        publish: Any, tasks: Any, *, notify: Any, died: Any, workers: Any
    ) -> list[Any]:
        notify(Outcome("north", "2026-04", "published", 1.0, ""))
        notify(Event("north", "2026-05", "02_modeling"))
        draft = archive.staged_folder(project / "reports", "2026-05", "north") / "02_modeling.ipynb"
        draft.parent.mkdir(parents=True)
        draft.write_text("{}", encoding="utf-8")
        return [died(tasks[0], -9)]

    monkeypatch.setattr(run, "side_by_side", die_in_the_second_month)
    outcomes = backfill(Request(project, ("north",)), "2026-04", MONTH)
    assert [outcome.state for outcome in outcomes] == ["published", "failed", "failed"]
    assert "ended by signal 9" in outcomes[1].message
    assert "Not begun" in outcomes[2].message
    left = project / "reports" / ".failed" / "2026-05" / "north"
    assert [path.name for path in left.iterdir()] == ["02_modeling.ipynb"]
    assert list((project / "reports" / "2026-05").iterdir()) == []


def test_the_largest_unit_starts_first(project: Path, steps: FakeSteps) -> None:
    for unit, size in (("north", 10), ("south", 20)):
        (project / f"{unit}.csv").write_bytes(bytes(size))
        path = project / "parameters" / "units" / f"{unit}.yml"
        path.write_text(
            f"sources: {{orders: {{kind: csv, path: '{unit}.csv'}}}}\n", encoding="utf-8"
        )
    outcomes = backfill(Request(project), MONTH, MONTH)
    assert [unit for unit, _, name in steps.called if name == "clean"] == ["south", "north"]
    assert [outcome.unit for outcome in outcomes] == ["north", "south"]


def test_months_run_over_the_turn_of_the_year() -> None:
    assert list_months("2025-12", "2026-02") == ["2025-12", "2026-01", "2026-02"]


def test_one_thread_is_asked_of_every_numeric_library() -> None:
    assert set(ONE_THREAD) == {
        f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")
    }
    assert set(ONE_THREAD.values()) == {"1"}
