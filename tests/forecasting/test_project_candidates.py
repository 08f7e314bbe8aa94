"""Claims about candidates of the project's own: what their files must be, and that they compete
like the library's.
"""

from __future__ import annotations

import re
import resource
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.forecasting.backtest.backtest import CandidateForecasts, run_candidates
from salesfc_lib.forecasting.cache import ForecastCache
from salesfc_lib.forecasting.candidates.project import load_own, read_own
from salesfc_lib.forecasting.forecast import model_history
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.tables import list_failures
from salesfc_lib.foundation.parameters import from_dict, resolve, to_dict
from salesfc_lib.foundation.schema import Parameters

LAST_YEAR = (
    "import numpy as np\ndef forecast_one(window, factor=1.0):\n"
    "    return factor * np.resize(window.y[-12:], window.horizon)\n"
)


def write(project: Path, text: str, name: str = "candidates/mine.py") -> Path:
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def parameters(name: str = "mine", **block: Any) -> Parameters:
    own = {"code": "candidates/mine.py", **block}
    return Parameters.model_validate(
        {"candidates": {"seasonal_naive": {}, name: own}, "backtest": {"race": None}}
    )


@pytest.fixture
def history() -> History:
    """Two series of 40 and 20 months."""
    months = np.arange(40)
    y = np.stack(
        [
            100 + months + 20.0 * np.sin(months * np.pi / 6),
            np.where(months < 20, np.nan, 50.0 + months),
        ]
    )
    return History(np.array(["a", "b"], dtype=object), y, np.full(2, np.datetime64("2026-06", "M")))


def run(
    project: Path, history: History, settings: Parameters, memory: ForecastCache | None = None
) -> CandidateForecasts:
    return run_candidates(
        history, settings, horizon=12, cache=memory, extra=load_own(settings, project)
    )


def test_a_file_of_one_function_competes(tmp_path: Path, history: History) -> None:
    write(tmp_path, LAST_YEAR)
    said = run(tmp_path, history, parameters(settings={"factor": 1.0}, needed=24))
    assert said.names == ["seasonal_naive", "mine"]
    assert said.failures == ()
    np.testing.assert_array_equal(said.values["mine"][-1, 0], said.values["seasonal_naive"][-1, 0])
    assert np.isnan(said.values["mine"][:, 1]).all()  # 20 months, 24 needed


def test_a_function_of_the_whole_panel_competes(tmp_path: Path, history: History) -> None:
    write(
        tmp_path,
        "def forecast(history, horizon):\n    return history.y[:, -1:].repeat(horizon, axis=1)\n",
    )
    said = run(tmp_path, history, parameters())
    assert said.values["mine"][-1].tolist() == [[history.y[0, -1]] * 12, [history.y[1, -1]] * 12]


def test_levels_bound_where_it_competes(tmp_path: Path, history: History) -> None:
    write(tmp_path, LAST_YEAR)
    settings = parameters(levels=["total"])
    rows = History(history.ids, history.y, history.last, level=np.array([0, 1]))
    said = run_candidates(
        rows, settings, horizon=12, levels=("total", "bottom"), extra=load_own(settings, tmp_path)
    )
    assert np.isfinite(said.values["mine"][-1]).all(axis=1).tolist() == [True, False]


def test_what_a_parameter_file_says_reaches_a_notebook_whole(tmp_path: Path) -> None:
    block = "{code: candidates/mine.py, label: Last year, needed: 24, settings: {factor: 1.1}}"
    write(tmp_path, f"candidates: {{mine: {block}}}\n", "parameters/units/north.yml")
    resolved = resolve(tmp_path, "north")
    injected = from_dict(to_dict(resolved)).parameters.candidates
    assert injected == resolved.parameters.candidates
    assert (injected["mine"].label, injected["mine"].needed, injected["mine"].code) == (
        "Last year",
        24,
        "candidates/mine.py",
    )
    assert set(to_dict(resolved)["parameters"]["candidates"]["ets"]) == {
        "enabled",
        "levels",
        "settings",
    }


def test_one_that_is_switched_off_need_not_exist(tmp_path: Path) -> None:
    assert load_own(parameters(enabled=False), tmp_path) == {}


def test_a_label_without_code_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "candidates: {ets: {label: Mine}}\n", "parameters/units/north.yml")
    with pytest.raises(SalesForecastError, match="name its file under `code`"):
        resolve(tmp_path, "north")


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("mine", "../mine.py", "leads out of the project"),
        ("mine", "/etc/mine.py", "leads out of the project"),
        ("mine", "candidates/link.py", "leads out of the project"),
        ("mine", "candidates/loop.py", "loop|no such Python file"),
        ("mine", "candidates/a\0b.py", "null"),
        ("mine", "candidates/missing.py", "no such Python file .* Write it"),
        ("mine", "candidates", "no such Python file"),
        ("mine", "candidates/notes.txt", "no such Python file"),
        (
            "ets",
            "candidates/mine.py",
            "'ets' is the name of a model of the library.*`candidates.my_ets`",
        ),
        ("xgboost", "candidates/mine.py", "is the name of a model of the library"),
        ("Mine", "candidates/mine.py", "'Mine' cannot be the name of a candidate"),
        ("m" * 33, "candidates/mine.py", "cannot be the name of a candidate"),
        ("我的", "candidates/mine.py", "cannot be the name of a candidate.*`label`"),
    ],
)
def test_a_wrong_name_or_place_is_refused_with_what_to_do(
    tmp_path: Path, name: str, code: str, says: str
) -> None:
    project = tmp_path / "project"
    write(project, LAST_YEAR)
    write(project, "x", "candidates/notes.txt")
    write(tmp_path, LAST_YEAR, "mine.py")
    (project / "candidates" / "link.py").symlink_to(tmp_path / "mine.py")
    (project / "candidates" / "loop.py").symlink_to("loop.py")
    with pytest.raises(SalesForecastError, match=says):
        read_own(parameters(name, code=code), project)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("def forecast_one(window)\n", r"is no Python: '.*mine\.py', line 1: expected ':'"),
        ("x = 1\0\n", "is no Python"),
        ("def other(window):\n    return 1\n", "defines neither `forecast_one` nor `forecast`"),
        ("forecast_one = 3\n", "defines neither"),
        (
            "def forecast_one(w): ...\ndef forecast(h, n): ...\n",
            "defines both `forecast_one` and `forecast`",
        ),
        (
            "import no_such_module\n",
            r"stopped while it was loaded: '.*mine\.py', line 1: ModuleNotFoundError",
        ),
        ("x = 1\nx / 0\n", "line 2: ZeroDivisionError"),
        ("import sys\nsys.exit(0)\n", "line 2: it asked Python to exit"),
    ],
)
def test_a_file_that_is_no_candidate_says_why(tmp_path: Path, text: str, says: str) -> None:
    write(tmp_path, text)
    with pytest.raises(SalesForecastError, match=says) as caught:
        load_own(parameters(), tmp_path)
    assert str(caught.value).count(". ") >= 2  # what is wrong, what was expected, what to do


def test_a_setting_that_the_function_does_not_have_is_refused(
    tmp_path: Path, history: History
) -> None:
    write(tmp_path, LAST_YEAR)
    with pytest.raises(
        SalesForecastError, match=r"'facter' in `candidates.mine.settings`.* Did you mean 'factor'"
    ):
        run(tmp_path, history, parameters(settings={"facter": 2.0}))


def test_a_function_that_takes_any_setting_gets_them(tmp_path: Path, history: History) -> None:
    write(
        tmp_path,
        "def forecast_one(window, **settings):\n    return [settings['size']] * window.horizon\n",
    )
    assert (
        run(tmp_path, history, parameters(settings={"size": 120})).at(0)[1, 0].tolist()
        == [120.0] * 12
    )


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise ValueError('no idea')", "ValueError: no idea"),
        ("return [1.0]", "the model gave 1 values, 12 needed"),
        ("return [float('nan')] * window.horizon", "not a finite number"),
        ("return ['x'] * window.horizon", "could not convert"),
        ("return None", "gave 1 values"),
        ("raise SystemExit", "asked Python to exit"),
    ],
)
def test_what_goes_wrong_for_one_series_is_its_failure_alone(
    tmp_path: Path, history: History, body: str, says: str
) -> None:
    write(
        tmp_path,
        f"def forecast_one(window):\n    if window.unique_id == 'b':\n        {body}\n"
        "    return window.y[-12:]\n",
    )
    modeled = model_history(
        history, parameters(), horizon=12, extra=load_own(parameters(), tmp_path)
    )
    failed = list_failures(modeled)
    assert set(failed["unique_id"]) == {"b"}
    assert failed["error"].str.contains(says).all()
    assert np.isfinite(modeled.candidates.values["mine"][-1, 0]).all()
    assert np.isfinite(modeled.combined[0]).all()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return history.y[:, :horizon - 1]", "array of shape"),
        ("return 'nothing'", "could not convert"),
        ("return {}", "TypeError"),
        ("raise KeyError('x')", "KeyError"),
        ("return np.full((len(history), horizon), np.nan)", "not a finite number"),
    ],
)
def test_what_goes_wrong_for_the_panel_is_a_failure_of_each_series(
    tmp_path: Path, history: History, body: str, says: str
) -> None:
    write(tmp_path, f"import numpy as np\ndef forecast(history, horizon):\n    {body}\n")
    failures = run(tmp_path, history, parameters()).failures
    assert {each.row for each in failures if each.back == 0} == {0, 1}
    assert all(says in each.error for each in failures)


@pytest.mark.parametrize(
    "kind",
    [
        "def forecast_one(window):\n    y = window.y",
        "def forecast(history, horizon):\n    y = history.y",
    ],
)
def test_it_cannot_spoil_what_others_see(tmp_path: Path, history: History, kind: str) -> None:
    write(tmp_path, f"{kind}\n    y[:] = -1.0\n    raise ValueError\n")
    before = history.y.copy()
    run(tmp_path, history, parameters())
    np.testing.assert_array_equal(history.y, before)


def test_it_sees_no_month_after_its_cutoff(tmp_path: Path, history: History) -> None:
    write(
        tmp_path,
        "def forecast_one(window):\n    return [window.y.sum() + len(window.y)] * window.horizon\n",
    )
    other = history.y.copy()
    other[:, -3:] *= 9.0
    before, after = (
        run(tmp_path, History(history.ids, y, history.last), parameters())
        for y in (history.y, other)
    )
    place = before.backs.index(6)
    np.testing.assert_array_equal(before.values["mine"][place, 0], after.values["mine"][place, 0])


GOOD = "    return window.y[-12:]\n"


def one(body: str, *, before: str = "") -> str:
    """A candidate that does something for series b, and forecasts the others."""
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    return f"{before}def forecast_one(window):\n    if window.unique_id == 'b':\n{lines}{GOOD}"


def failures_now(said: CandidateForecasts) -> dict[int, str]:
    """Failures of `mine` by row, of now."""
    return {each.row: each.error for each in said.failures if each.back == 0}


def test_what_it_prints_is_kept_to_the_last_page(
    tmp_path: Path, history: History, capfd: pytest.CaptureFixture[str]
) -> None:
    body = "import os, sys\nfor k in range(20000):\n    print('line', k)\n"
    body += "print('done', file=sys.stderr)\nos.write(1, b'of compiled code')\nraise ValueError"
    write(tmp_path, one(body))
    settings = parameters()
    said = run(tmp_path, history, settings)
    error = failures_now(said)[1]
    assert re.fullmatch(
        r"ValueError; it printed [\d,]+ characters, of which the last 4,000 are kept", error
    )
    assert np.isfinite(said.values["mine"][-1, 0]).all()
    out, err = capfd.readouterr()
    assert out.startswith("Candidate 'mine': it printed ")
    assert out.endswith("line 19999\ndone\n")
    assert len(out) < 4200
    assert err == ""


def test_a_few_words_are_printed_as_they_are(
    tmp_path: Path, history: History, capfd: pytest.CaptureFixture[str]
) -> None:
    write(
        tmp_path, "print('loaded')\ndef forecast(history, horizon):\n    print('asked')\n    1 / 0"
    )
    said = run(tmp_path, history, parameters())
    assert failures_now(said)[0] == "ZeroDivisionError: division by zero"
    assert capfd.readouterr().out == "loaded\nasked\n"


def test_printing_without_end_takes_no_memory_and_ends_with_its_time(
    tmp_path: Path, history: History, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, one("while True:\n    print('x' * 100_000)"))
    tracemalloc.start()
    said = run(tmp_path, history, parameters(seconds=1))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 50e6
    assert "TimeoutError: stopped after 0." in failures_now(said)[1]
    assert "`candidates.mine.seconds`" in failures_now(said)[1]
    assert len(capfd.readouterr().out) < 10_000
    assert np.isfinite(said.at(0)[0]).all()  # the other candidate


@pytest.mark.parametrize(
    "body",
    [
        "import time\ntime.sleep(1000)",
        "while True: pass",
        "while True:\n    try:\n        while True: pass\n    except: pass\n    return [1.0] * 12",
        "import time\ntry:\n    time.sleep(1000)\nexcept Exception: pass",
    ],
)
def test_sleeping_for_ever_is_a_failure(tmp_path: Path, history: History, body: str) -> None:
    handler = signal.getsignal(signal.SIGALRM)
    write(tmp_path, one(body))
    begun = time.monotonic()
    said = run(tmp_path, history, parameters(seconds=0.5))
    assert time.monotonic() - begun < 20
    assert signal.getsignal(signal.SIGALRM) == handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert np.isfinite(said.at(0)[0]).all()  # the other candidate


def test_a_series_that_never_ends_leaves_time_to_the_others(
    tmp_path: Path, history: History
) -> None:
    write(tmp_path, one("while True: pass"))
    said = run(tmp_path, history, parameters(seconds=5))
    assert set(failures_now(said)) == {1}
    assert failures_now(said)[1].startswith("TimeoutError: stopped after 0.")
    assert np.isfinite(said.values["mine"][-1, 0]).all()


def test_memory_without_end_is_a_failure_of_its_series(tmp_path: Path, history: History) -> None:
    limits = resource.getrlimit(resource.RLIMIT_DATA)
    write(tmp_path, one("kept = []\nwhile True:\n    kept.append(bytearray(10_000_000))"))
    said = run(tmp_path, history, parameters(memory_gib=0.2))
    assert failures_now(said) == {1: "MemoryError"}
    assert np.isfinite(said.values["mine"][-1, 0]).all()
    assert resource.getrlimit(resource.RLIMIT_DATA) == limits


def test_a_file_without_end_is_a_failure_of_its_series(
    tmp_path: Path, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salesfc_lib.forecasting.candidates.limits.FILE_BYTES", 100_000)
    path = tmp_path / "large"
    body = f"with open({str(path)!r}, 'wb', 0) as file:\n    while True: file.write(bytes(9999))"
    write(tmp_path, one(body))
    said = run(tmp_path, history, parameters())
    assert "File too large" in failures_now(said)[1]
    assert path.stat().st_size == 100_000
    path.write_bytes(bytes(200_000))  # the run itself is not bounded


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "while True: pass\n",
            "stopped while it was loaded: .* line 1: TimeoutError: stopped after",
        ),
        ("x = bytearray(10**12)\n", "stopped while it was loaded: .* line 1: MemoryError"),
    ],
)
def test_a_file_that_takes_too_much_while_it_is_loaded_says_so(
    tmp_path: Path, text: str, says: str
) -> None:
    write(tmp_path, text)
    with pytest.raises(SalesForecastError, match=says):
        load_own(parameters(seconds=0.5), tmp_path)


def test_a_failure_of_the_moment_is_not_remembered(tmp_path: Path, history: History) -> None:
    log, memory = tmp_path / "calls", tmp_path / "memory"
    for error, again in (("TimeoutError", True), ("MemoryError", True), ("ValueError", False)):
        log.write_text("")
        body = f"with open({str(log)!r}, 'a') as file: file.write('x')\nraise {error}"
        write(tmp_path, one(body))
        run(tmp_path, history, parameters(), ForecastCache(memory))
        calls = log.stat().st_size
        said = run(tmp_path, history, parameters(), ForecastCache(memory))
        assert failures_now(said) == {1: error}
        assert (log.stat().st_size == 2 * calls) == again


def test_its_limits_are_for_candidates_of_the_project(tmp_path: Path) -> None:
    write(tmp_path, "candidates: {ets: {seconds: 60}}\n", "parameters/units/north.yml")
    with pytest.raises(SalesForecastError, match="`seconds` is for a candidate of your own"):
        resolve(tmp_path, "north")


COUNTED = (
    "from pathlib import Path\ndef forecast_one(window):\n    with Path({!r}).open('a') as file:\n"
    "        file.write('x')\n    return window.y[-12:]\n"
)


def test_what_it_said_is_remembered_until_its_file_changes(
    tmp_path: Path, history: History
) -> None:
    log, memory = tmp_path / "calls", tmp_path / "memory"
    text = COUNTED.format(str(log))
    write(tmp_path, text)
    first = run(tmp_path, history, parameters(), ForecastCache(memory))
    calls = log.stat().st_size
    assert calls > 0
    again = run(tmp_path, history, parameters(), ForecastCache(memory))
    assert log.stat().st_size == calls
    np.testing.assert_array_equal(first.values["mine"], again.values["mine"])
    write(tmp_path, text + "# another thought\n")
    run(tmp_path, history, parameters(), ForecastCache(memory))
    assert log.stat().st_size == 2 * calls


def test_a_changed_file_of_the_same_size_says_something_else_at_once(
    tmp_path: Path, history: History
) -> None:
    text = "def forecast_one(window):\n    return [{}.0] * window.horizon\n"
    for value in (100, 200):
        write(tmp_path, text.format(value))
        assert run(tmp_path, history, parameters()).at(0)[1, 0, 0] == value
    assert not list(tmp_path.rglob("*.pyc"))


def test_classes_of_a_file_know_their_module(tmp_path: Path, history: History) -> None:
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Level:\n    value: float\n"
        "def forecast_one(window):\n    return [Level(window.y[-1]).value] * window.horizon\n"
    )
    write(tmp_path, text)
    assert run(tmp_path, history, parameters()).at(0)[1, 0, 0] == history.y[0, -1]


def test_reading_a_file_does_not_run_it(tmp_path: Path) -> None:
    write(tmp_path, f"open({str(tmp_path / 'ran')!r}, 'w')\ndef forecast_one(window): ...\n")
    assert [file.name for file in read_own(parameters(), tmp_path)] == ["mine"]
    assert not (tmp_path / "ran").exists()


def test_parameters_are_resolved_without_loading_models() -> None:
    code = (
        "import sys, salesfc_lib.running.publication\n"
        "print('salesfc_lib.forecasting' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_pages_call_it_by_its_label() -> None:
    from types import SimpleNamespace

    from salesfc_lib.reporting.narrative.modeling.choices import model_name

    labelled, bare = (
        SimpleNamespace(parameters=parameters(label=label)) for label in ("Last year, raised", "")
    )
    assert model_name("mine", labelled) == "Last year, raised"  # type: ignore[arg-type]
    assert model_name("mine", bare) == "mine"  # type: ignore[arg-type]
    assert model_name("ets", labelled) == "ETS"  # type: ignore[arg-type]
    assert model_name("gone", labelled) == "gone"  # type: ignore[arg-type]
