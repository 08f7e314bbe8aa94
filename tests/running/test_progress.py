"""What is seen of a run: the time left comes from what is known and ends at nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import nbformat
import pytest
from rich.console import Console

from salesfc_lib.running.execute import run_notebook
from salesfc_lib.running.progress import LOOK_BACK, USUAL, Bar, read_durations, watch
from salesfc_lib.running.publication import HANDOVER, STEPS
from salesfc_lib.running.tasks import Event, Outcome, Plan

MONTH = "2026-06"
TOOK = {
    "01_cleaning": 10.0,
    "02_modeling": 20.0,
    "03_reconciliation": 4.0,
    "04_retrospective": 4.0,
    "publishing": 2.0,
}


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def start(clock: Clock, *messages: Any) -> Bar:
    bar = Bar(console=Console(file=StringIO()), get_time=clock, auto_refresh=False)
    bar.add_task("planning", total=None)
    for each in messages:
        bar.show(each)
    return bar


def plan(
    units: dict[str, tuple[str, ...]], known: Any = None, workers: int = 1, kind: Any = "run"
) -> Plan:
    return Plan(kind, units, known or {}, workers)


def play(bar: Bar, clock: Clock, slower: float = 1.0, tick: float = 0.5) -> Iterator[float | None]:
    """What is said to remain at every tick of a month that goes as `TOOK` says."""
    for step, seconds in TOOK.items():
        bar.show(Event("north", MONTH, step))
        for cell in range(round(slower * seconds / tick)):
            bar.show(Event("north", MONTH, step, cell + 1, 1000))
            clock.now += tick
            yield bar.remaining()


def test_as_last_month_is_what_is_expected_and_it_counts_down_to_nothing(clock: Clock) -> None:
    bar = start(clock, plan({"north": (MONTH,)}, {"north": TOOK}))
    assert bar.remaining() == 40.0
    said = list(play(bar, clock))
    assert said == pytest.approx([max(39.5 - 0.5 * k, 1.0) for k in range(80)])
    bar.show(Outcome("north", MONTH, "published", 40.0, ""))
    assert bar.remaining() == 0.0


@pytest.mark.parametrize("slower", [0.3, 3.0])
def test_a_month_that_is_slower_or_faster_is_about_right_by_the_middle(
    clock: Clock, slower: float
) -> None:
    bar = start(clock, plan({"north": (MONTH,)}, {"north": TOOK}))
    said = list(play(bar, clock, slower))
    for at in (0.3, 0.5, 0.8, 0.9):  # shares of the time
        left = said[round(at * len(said))]
        assert left is not None
        assert left == pytest.approx((1 - at) * 40 * slower, abs=0.3 * 40 * slower)


def test_a_step_that_takes_longer_leaves_those_after_it_their_time(clock: Clock) -> None:
    bar = start(
        clock, plan({"north": (MONTH,)}, {"north": TOOK}), Event("north", MONTH, "01_cleaning")
    )
    clock.now += 500
    assert bar.remaining() == 30.0


def test_without_an_earlier_month_it_says_nothing_before_something_has_passed(clock: Clock) -> None:
    bar = start(clock, plan({"north": (MONTH,)}), Event("north", MONTH, "01_cleaning"))
    clock.now += 30
    assert bar.remaining() is None
    bar.show(Event("north", MONTH, "02_modeling"))
    assert bar.remaining() == pytest.approx(
        30 / 0.3 - 30
    )  # cleaning takes three tenths of a usual month


def test_a_backfill_is_the_months_left_times_the_middle_month(clock: Clock) -> None:
    months = tuple(f"2026-0{k}" for k in range(1, 7))
    bar = start(clock, plan({"north": months}, kind="backfill"))
    for month, seconds in zip(months[:3], (10.0, 12.0, 40.0), strict=True):
        bar.show(Outcome("north", month, "published", seconds, ""))
    assert bar.remaining() == 3 * 12.0
    bar.show(Outcome("north", months[3], "skipped", 0.0, ""))
    assert bar.remaining() == 2 * 12.0


def test_units_side_by_side_take_as_long_as_the_longest_or_the_workers_share(clock: Clock) -> None:
    months = ("2026-05", MONTH)
    known = {"north": TOOK, "south": TOOK, "east": {"01_cleaning": 10.0}}
    for workers, expected in ((1, 2 * (40.0 + 40.0 + 10.0)), (2, 90.0), (3, 80.0)):
        assert (
            start(clock, plan(dict.fromkeys(known, months), known, workers)).remaining() == expected
        )


def test_a_unit_of_which_nothing_is_known_is_taken_for_the_others_middle(clock: Clock) -> None:
    bar = start(clock, plan({"north": (MONTH,), "new": (MONTH,)}, {"north": TOOK}))
    assert bar.remaining() == 80.0


def test_a_failed_month_is_over_and_says_nothing_about_the_others(clock: Clock) -> None:
    bar = start(clock, plan({"north": ("2026-05", MONTH)}, {"north": TOOK}))
    bar.show(Outcome("broken", MONTH, "failed", 0.0, "no data"))  # before the start
    bar.show(Outcome("north", "2026-05", "failed", 0.1, "no data"))
    assert bar.remaining() == 40.0


def test_the_bar_is_as_long_as_the_time_that_has_passed_and_full_at_the_end(clock: Clock) -> None:
    bar = start(
        clock, plan({"north": (MONTH,)}, {"north": TOOK}), Event("north", MONTH, "01_cleaning")
    )
    clock.now += 8
    list(bar.get_renderables())
    assert bar.tasks[0].percentage == pytest.approx(20.0)
    assert bar.tasks[0].description == "north 2026-06 01_cleaning"
    bar.show(Event("north", MONTH, "02_modeling", 3, 27))
    assert bar.tasks[0].description == "north 2026-06 02_modeling 3/27"
    bar.show(Outcome("north", MONTH, "published", 8.0, ""))
    list(bar.get_renderables())
    assert bar.finished


def test_every_step_has_its_usual_share() -> None:
    assert list(USUAL) == [*STEPS, *HANDOVER, "publishing"]
    assert sum(USUAL.values()) == 100


def record(reports: Path, month: str, **facts: object) -> None:
    folder = reports / month / "north"
    folder.mkdir(parents=True)
    text = json.dumps({"unit": "north", "month": month, "outputs": [], **facts})
    (folder / "manifest.json").write_text(text, encoding="utf-8")


def test_durations_are_those_of_the_latest_month_made_in_the_same_way(tmp_path: Path) -> None:
    none = dict.fromkeys(USUAL, 0.0)
    record(tmp_path, "2026-01", kind="run", durations={"01_cleaning": 1.0})
    record(tmp_path, "2026-02", kind="run", durations={"01_cleaning": 2.0, "02_modeling/ets": 3.0})
    record(tmp_path, "2026-03", kind="backfill", durations={"01_cleaning": 3.0})
    record(tmp_path, "2026-04", kind="run", durations="damaged")
    record(tmp_path, "2026-06", kind="run", durations={"01_cleaning": 6.0})
    assert read_durations(tmp_path, "north", "2026-05", "run") == none | {
        "01_cleaning": 2.0,
        "02_modeling": 3.0,
    }
    assert read_durations(tmp_path, "north", "2026-05", "backfill") == none | {"01_cleaning": 3.0}
    assert read_durations(tmp_path, "north", "2026-02", "backfill") == none | {
        "01_cleaning": 1.0
    }  # better than nothing
    assert read_durations(tmp_path, "south", "2026-05", "run") == {}
    assert LOOK_BACK >= 3


def test_a_terminal_sees_the_bar_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "140")
    with watch() as notify:
        notify(plan({"north": ("2026-05", MONTH)}, {"north": {**TOOK, "01_cleaning": 400.0}}))
        notify(Event("north", "2026-05", "02_modeling", 4, 27))
        time.sleep(1.2)  # the bar is drawn twice a second
        notify(Outcome("north", "2026-05", "published", 300.0, ""))
    shown = screen.getvalue()
    assert "north 2026-05 02_modeling 4/27" in shown
    assert "north 2026-05 published in 300.0 s" in shown
    assert "0:14:" in shown  # 2 x 430 s


def test_a_log_has_no_line_for_a_cell(capsys: pytest.CaptureFixture[str]) -> None:
    messages = [Event("north", MONTH, step, cell, 2) for step in STEPS for cell in (0, 1, 2)]
    for kind, lines in (("run", [f"north 2026-06 {step}" for step in STEPS]), ("backfill", [])):
        with watch() as notify:
            for each in (
                plan({"north": (MONTH,)}, kind=kind),
                "mended",
                *messages,
                Outcome("north", MONTH, "published", 40.0, ""),
            ):
                notify(each)
        assert capsys.readouterr().out.splitlines() == [
            "mended",
            *lines,
            "north 2026-06 published in 40.0 s",
        ]


def test_a_notebook_says_which_cell_begins_and_the_document_does_not_show_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.ipynb"
    cells = [
        nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("x"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    begun: list[tuple[int, int]] = []
    node = run_notebook(path, {}, begin_cell=lambda cell, cells: begun.append((cell, cells)))
    assert begun == [(1, 3), (2, 3), (3, 3)]  # the second holds the injected parameters
    assert [len(cell.outputs) for cell in node.cells] == [0, 0, 1]
