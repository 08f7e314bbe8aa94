"""The notebooks are documents: short cells, no logic, stripped but for what is checked, and they
run on the demo.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.conftest import CHECKOUT, MONTH

NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))
LAB = sorted((CHECKOUT / "notebooks" / "lab").glob("*.ipynb"))
LOGIC = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.For,
    ast.While,
    ast.Try,
    ast.Lambda,
    ast.With,
    ast.ListComp,
    ast.DictComp,
)
CHECKED = "nbval-check-output"


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[Any]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def is_parameters(cell: Any) -> bool:
    return "parameters" in cell.metadata.get("tags", [])


def test_there_are_the_five_steps() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "01_cleaning",
        "02_modeling",
        "03_reconciliation",
        "04_retrospective",
        "05_handover",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestRules:
    def test_code_cells_are_short(self, path: Path) -> None:
        assert max(len(cell.source.splitlines()) for cell in code_cells(path)) <= 8

    def test_code_cells_hold_no_logic(self, path: Path) -> None:
        found = [
            type(node).__name__
            for cell in code_cells(path)
            for node in ast.walk(ast.parse(cell.source))
            if isinstance(node, LOGIC)
        ]
        assert found == []

    def test_code_cells_hold_no_number_and_no_path(self, path: Path) -> None:
        constants = [
            node.value
            for cell in code_cells(path)
            if not is_parameters(cell)
            for node in ast.walk(ast.parse(cell.source))
            if isinstance(node, ast.Constant)
        ]
        assert constants == []

    def test_prose_holds_no_typed_number(self, path: Path) -> None:
        prose = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
        assert [text for text in prose if re.search(r"\d", text)] == []

    def test_warnings_are_not_filtered(self, path: Path) -> None:
        assert "warnings" not in "".join(cell.source for cell in code_cells(path))

    def test_one_cell_of_literal_parameters(self, path: Path) -> None:
        cells = [cell for cell in code_cells(path) if is_parameters(cell)]
        assigned = [
            node for node in ast.parse(cells[0].source).body if isinstance(node, ast.Assign)
        ]
        values = {ast.unparse(node.targets[0]): ast.literal_eval(node.value) for node in assigned}
        assert len(cells) == 1
        names = ["unit", "month", "resolved", "folder"]
        assert values == {"project": ".."} | dict.fromkeys(names)  # the project's first and latest

    def test_everything_is_imported_in_one_cell_line_by_line(self, path: Path) -> None:
        cells = [cell for cell in code_cells(path) if "import " in cell.source]
        assert len(cells) == 1
        modules = [
            node.module
            for node in ast.parse(cells[0].source).body
            if isinstance(node, ast.ImportFrom)
        ]
        assert len(modules) == len(set(modules)) >= 3

    def test_what_a_section_says_can_be_looked_at_as_frames(self, path: Path) -> None:
        calls = [
            ast.parse(cell.source).body[-1].value  # type: ignore[attr-defined]
            for cell in code_cells(path)
            if "\nshow(" in cell.source
        ]
        assert len(calls) >= 4
        shown = [(each.arg, ast.unparse(each.value)) for call in calls for each in call.keywords]
        names = [name for name, _ in shown]
        assert len(names) == len(set(names))
        assert all(
            re.fullmatch(r"(cleaned|modeled|reconciled|compared|handed)\.\w+(\(\))?", frame)
            for _, frame in shown
        )
        cells = read(path).cells
        places = [place for place, cell in enumerate(cells) if "\nshow(" in cell.source]
        assert all(cells[place - 1].cell_type == "code" for place in places)

    def test_every_question_is_followed_by_code_that_answers_it(self, path: Path) -> None:
        cells = read(path).cells
        questions = [
            place
            for place, cell in enumerate(cells)
            if cell.cell_type == "markdown" and cell.source.startswith("## ")
        ]
        assert len(questions) >= 5
        assert all(cells[place + 1].cell_type == "code" for place in questions)

    def test_outputs_stand_only_where_they_are_checked(self, path: Path) -> None:
        for cell in code_cells(path):
            checked = CHECKED in cell.metadata.get("tags", [])
            assert bool(cell.outputs) == checked, cell.source
            assert (cell.execution_count is not None) == checked, cell.source

    def test_something_is_checked(self, path: Path) -> None:
        texts = [
            "".join(output.data["text/plain"])
            for cell in code_cells(path)
            for output in cell.outputs
        ]
        assert texts
        assert all(re.search(r"\d", text) for text in texts)


@pytest.fixture(scope="module")
def by_hand(demo_project: Path) -> Path:
    """The notebooks beside the demo's data, as in a checkout."""
    return Path(
        shutil.copytree(CHECKOUT / "notebooks", demo_project / "notebooks", dirs_exist_ok=True)
    )


def test_notebooks_opened_by_hand_give_the_stored_outputs(by_hand: Path) -> None:
    before = sorted(
        path.relative_to(by_hand.parent) for path in (by_hand.parent / "reports" / MONTH).rglob("*")
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval-lax",
        "--nbval-current-env",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        *map(str, sorted(by_hand.glob("*.ipynb"))),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=by_hand, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    after = sorted(
        path.relative_to(by_hand.parent) for path in (by_hand.parent / "reports" / MONTH).rglob("*")
    )
    assert after == before, "a notebook opened by hand wrote outside reports/.work"
    assert (
        by_hand.parent / "reports" / ".work" / MONTH / "cleaning" / "tables" / "ledger.parquet"
    ).is_file()


def test_a_wrong_stored_output_would_be_noticed(by_hand: Path, tmp_path: Path) -> None:
    node = read(by_hand / "01_cleaning.ipynb")
    cell = next(cell for cell in node.cells if CHECKED in cell.metadata.get("tags", []))
    output = cell.outputs[0].data
    output["text/plain"] = output["text/plain"].replace("opening", "opened", 1)
    path = by_hand / "01_changed.ipynb"
    nbformat.write(node, path)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval-lax",
        "--nbval-current-env",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=by_hand, check=False)
    path.unlink()
    assert done.returncode == 1, done.stdout[-2000:]
    assert "1 failed" in done.stdout


def text_of(node: Any) -> str:
    return "".join(str(output) for cell in node.cells for output in cell.get("outputs", []))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("act", "things wait in cleaning"),
        ("ask_the_archive", "forecasts of cleaning were scored, 0 rows and tables could not be"),
        ("compare_candidate", "mine"),
        ("why_this_series", "the last stage is 'adjusted'"),
        ("tune_parameters", "lowest WAPE:"),
        ("reconcile_by_hand", "the run chose"),
    ],
)
def test_lab_notebooks_run(name: str, shown: str, demo_project: Path) -> None:
    from salesfc_lib.running.execute import run_notebook

    path = next(path for path in LAB if path.stem == name)
    node = run_notebook(path, {"project": str(demo_project), "unit": "cleaning", "month": MONTH})
    tables = [cell for cell in node.cells if cell.cell_type == "code" and ".style" in cell.source]
    assert all(cell.outputs for cell in tables)
    assert shown in text_of(node)
    assert "Warning" not in text_of(node)


def test_every_lab_notebook_is_run() -> None:
    asked = ["act", "ask_the_archive", "compare_candidate", "reconcile_by_hand"]
    assert [path.stem for path in LAB] == [*asked, "tune_parameters", "why_this_series"]


def test_what_the_lab_notebook_promotes_is_a_candidate_of_the_unit(
    demo_project: Path, tmp_path: Path
) -> None:
    from salesfc_lib.forecasting.candidates.project import load_own
    from salesfc_lib.foundation.parameters import resolve
    from salesfc_lib.running.execute import run_notebook

    path = next(path for path in LAB if path.stem == "compare_candidate")
    node = run_notebook(path, {"project": str(demo_project), "unit": "cleaning", "month": MONTH})
    told = next(
        output.text
        for cell in node.cells
        for output in cell.get("outputs", [])
        if "candidates/mine.py" in str(output)
    )
    code, lines = told.split("# parameters/units/cleaning.yml\n")
    for place, text in (("candidates/mine.py", code), ("parameters/units/cleaning.yml", lines)):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text, encoding="utf-8")
    mine = load_own(resolve(tmp_path, "cleaning").parameters, tmp_path)["mine"]
    assert (mine.name, mine.label, mine.needed, mine.scope) == (
        "mine",
        "Mean of two years, levelled",
        24,
        "series",
    )
    assert not (demo_project / "candidates").exists()
