"""Claims about the remaining time: it comes from what is known, ends at nothing, and does not leap."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from salesfc_lib.pace import LOOK_BACK, Pace, describe_remaining, read_durations
from salesfc_lib.publication import STEPS, Event, Outcome, Plan
from salesfc_lib.watching import watch

MONTH = "2026-06"
TOOK = {"01_cleaning": 10.0, "02_modeling": 2.0, "02_modeling/theta": 4.0, "02_modeling/ets": 20.0, "03_reconciliation": 4.0}


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def plan(
    units: dict[str, tuple[str, ...]], known: dict[str, dict[str, float]] | None = None, workers: int = 1, kind: str = "run"
) -> Plan:
    return Plan(sum(map(len, units.values())), kind, units, known or {}, workers)  # type: ignore[arg-type]


def events(unit: str = "north", month: str = MONTH, slower: float = 1.0) -> Iterator[tuple[float, Event]]:
    """Each mark of a month that goes as `TOOK` says, with the seconds that it takes."""
    done = 0
    for mark, seconds in TOOK.items():
        step, _, part = mark.partition("/")
        done += not part
        share = {"theta": 0.0, "ets": 0.5}.get(part, 0.0)
        yield slower * seconds, Event(unit, month, step, done - 1, 3, part, share)


def play(pace: Pace, clock: Clock, month: str = MONTH, slower: float = 1.0, tick: float = 0.5) -> list[float | None]:
    """What is said to remain at every tick of a month."""
    said = []
    for seconds, event in events(month=month, slower=slower):
        pace(event)
        for _ in range(round(seconds / tick)):
            clock.now += tick
            said.append(pace.remaining())
    return said


def test_as_last_month_is_what_is_expected_and_it_counts_down_to_nothing(clock: Clock) -> None:
    pace = Pace(clock)
    pace(plan({"north": (MONTH,)}, {"north": TOOK}))
    assert pace.remaining() == 40.0
    said = play(pace, clock)
    truth = [40.0 - 0.5 * (k + 1) for k in range(len(said))]
    assert all(each is not None and abs(each - true) <= 2.0 for each, true in zip(said, truth, strict=True))
    pace(Outcome("north", MONTH, "published", 40.0, ""))
    clock.now += 60
    assert pace.share() == 1.0
    assert pace.remaining() == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("slower", [0.3, 1.0, 3.0])
def test_it_never_leaps_and_is_about_right_by_the_middle(clock: Clock, slower: float) -> None:
    pace = Pace(clock)
    pace(plan({"north": (MONTH,)}, {"north": TOOK}))
    said = [each for each in play(pace, clock, slower=slower) if each is not None]
    whole = 40.0 * slower
    assert max(later - earlier for earlier, later in zip(said, said[1:], strict=False)) <= 0.05 * whole
    middle = len(said) // 2
    assert 0.4 * whole / 2 <= said[middle] <= 1.6 * whole / 2


def test_the_share_never_falls_and_stays_below_one_until_all_is_over(clock: Clock) -> None:
    pace = Pace(clock)
    pace(plan({"north": (MONTH,), "south": (MONTH,)}, {"north": TOOK}, workers=2))
    shares = []
    for (seconds, north), (_, south) in zip(events(), events("south"), strict=True):
        pace(north)
        pace(south)
        for _ in range(10):
            clock.now += seconds / 5  # half as fast as expected
            shares.append(pace.share())
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] < 1
    for unit in ("north", "south"):
        pace(Outcome(unit, MONTH, "published", 80.0, ""))
    assert pace.share() == 1.0


def test_without_an_earlier_month_it_says_nothing_before_something_has_passed(clock: Clock) -> None:
    pace = Pace(clock)
    pace(plan({"north": (MONTH,)}))
    pace(Event("north", MONTH, "01_cleaning", 0, 5))
    clock.now += 30
    assert pace.remaining() is None
    pace(Event("north", MONTH, "02_modeling", 1, 5))
    assert pace.remaining() == pytest.approx(30 / 0.3 - 30)  # cleaning takes three tenths of a usual month
    clock.now += 20
    pace(Event("north", MONTH, "02_modeling", 1, 5, "ets", 0.5))
    assert pace.share() == pytest.approx(0.5)


def test_a_backfill_is_the_months_left_times_the_middle_month(clock: Clock) -> None:
    pace, months = Pace(clock), tuple(f"2026-0{k}" for k in range(1, 7))
    pace(plan({"north": months}, kind="backfill"))
    for month, seconds in zip(months[:3], (10.0, 12.0, 40.0), strict=True):
        pace(Outcome("north", month, "published", seconds, ""))
    assert pace.remaining() == 3 * 12.0
    pace(Outcome("north", months[3], "skipped", 0.0, ""))
    clock.now += 1000
    assert pace.remaining() == pytest.approx(2 * 12.0)


def test_units_side_by_side_take_as_long_as_the_longest_or_the_workers_share(clock: Clock) -> None:
    months = ("2026-05", MONTH)
    for workers, expected in ((1, 2 * (40.0 + 40.0 + 10.0)), (2, 90.0), (3, 80.0)):
        pace = Pace(clock)
        known = {"north": TOOK, "south": TOOK, "east": {"01_cleaning": 10.0}}
        pace(plan(dict.fromkeys(known, months), known, workers))
        assert pace.remaining() == expected


def test_a_unit_of_which_nothing_is_known_is_taken_for_the_others_middle(clock: Clock) -> None:
    pace = Pace(clock)
    pace(plan({"north": (MONTH,), "new": (MONTH,)}, {"north": TOOK}))
    assert pace.remaining() == 80.0


def test_a_failed_month_is_over_and_says_nothing_about_the_others(clock: Clock) -> None:
    pace = Pace(clock)
    pace(plan({"north": ("2026-05", MONTH)}, {"north": TOOK}))
    pace(Outcome("north", "2026-05", "failed", 0.1, "no data"))
    assert pace.share() == 0.5
    assert pace.remaining() == 40.0


def test_units_that_failed_before_the_start_count_as_done(clock: Clock) -> None:
    pace = Pace(clock)
    pace(Plan(2, "run", {"north": (MONTH,)}, {"north": TOOK}))
    pace(Outcome("broken", MONTH, "failed", 0.0, "no parameters"))
    assert pace.share() == 0.5


def test_a_candidate_that_is_new_this_month_is_placed_by_its_count(clock: Clock) -> None:
    pace = Pace(clock)
    pace(plan({"north": (MONTH,)}, {"north": TOOK}))
    pace(Event("north", MONTH, "02_modeling", 1, 3, "mine", 0.5))
    assert pace.share() == pytest.approx((10 + 0.5 * 26) / 40)


def record(reports: Path, month: str, **facts: object) -> None:
    folder = reports / month / "north"
    folder.mkdir(parents=True)
    text = json.dumps({"unit": "north", "month": month, "outputs": [], **facts})
    (folder / "manifest.json").write_text(text, encoding="utf-8")


def test_durations_are_those_of_the_latest_month_made_in_the_same_way(tmp_path: Path) -> None:
    record(tmp_path, "2026-01", kind="run", durations={"01_cleaning": 1.0})
    record(tmp_path, "2026-02", kind="run", durations={"01_cleaning": 2.0})
    record(tmp_path, "2026-03", kind="backfill", durations={"01_cleaning": 3.0})
    record(tmp_path, "2026-04", kind="run", durations="damaged")
    record(tmp_path, "2026-06", kind="run", durations={"01_cleaning": 6.0})
    assert read_durations(tmp_path, "north", "2026-05", "run") == {"01_cleaning": 2.0}
    assert read_durations(tmp_path, "north", "2026-05", "backfill") == {"01_cleaning": 3.0}
    assert read_durations(tmp_path, "north", "2026-02", "backfill") == {"01_cleaning": 1.0}  # better than nothing
    assert read_durations(tmp_path, "south", "2026-05", "run") == {}
    assert LOOK_BACK >= 3


@pytest.mark.parametrize("step", STEPS)
def test_every_step_has_its_usual_share(clock: Clock, step: str) -> None:
    pace = Pace(clock)
    pace(plan({"north": (MONTH,)}))
    pace(Event("north", MONTH, step, list(STEPS).index(step), 5, "x", 0.5))
    clock.now += 60
    assert 0 < pace.share() < 1
    assert (pace.remaining() or 0.0) > 0


def test_a_terminal_sees_the_bar_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "140")
    with watch() as tell:
        tell(plan({"north": ("2026-05", MONTH)}, {"north": {**TOOK, "01_cleaning": 400.0}}))
        tell(Event("north", "2026-05", "02_modeling", 1, 5, "ets [1]", 0.5))
        tell(Outcome("north", "2026-05", "published", 300.0, ""))
    shown = screen.getvalue()
    assert "north 2026-05 02_modeling ets [1]" in shown
    assert "north 2026-05 published in 300.0 s" in shown
    assert "min left" in shown


def test_a_log_has_no_line_for_a_part_of_a_step(capsys: pytest.CaptureFixture[str]) -> None:
    with watch() as tell:
        tell(plan({"north": (MONTH,)}, {"north": TOOK}))
        for _, event in events():
            tell(event)
        tell(Outcome("north", MONTH, "published", 40.0, ""))
    assert capsys.readouterr().out.splitlines() == [
        "north 2026-06 01_cleaning",
        "north 2026-06 02_modeling",
        "north 2026-06 03_reconciliation",
        "north 2026-06 published in 40.0 s",
    ]


def test_words_are_as_coarse_as_what_is_known() -> None:
    assert describe_remaining(0.0) == "a few s left"
    assert describe_remaining(3600.0) == "1 h left"
    assert describe_remaining(58.5) == "1 min left"
    assert describe_remaining(3599.0) == "1 h left"
