"""A method run on a panel in a process of its own, and the environment that the peers live in.

A `Panel` and the name of a method enter; its forecast and its cost leave, or the reason why there
is none. A peer that cannot be installed, fails, or takes too long is an
`error`, and nothing else stops. Memory is that of the process and of its children together, read
ten times a second where the system tells (pages that they share count for each).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from reading import Panel

HERE = Path(__file__).resolve().parent
REQUIREMENTS = (
    HERE / "peers" / "requirements.txt"
)  # every package of the peers' environment, pinned
PEERS = {
    "scum": ["statsforecast", "pyarrow"],
    "autogluon": ["autogluon.timeseries", "pyarrow"],
}  # what each needs by name
OWN = {"scum"}  # peers that the project's own environment can run too
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
EVERY = 0.1  # seconds between two looks at the memory


@dataclass(frozen=True)
class Run:
    """What a method gave: its forecast and cost, or why there is none."""

    forecast: pd.DataFrame | None = None
    seconds: float = float("nan")
    peak_mib: float = float("nan")
    error: str | None = None
    note: str | None = None


def run_method(method: str, panel: Panel, *, time_limit: float, patience: float) -> Run:
    """The method's forecast of the panel's coming months. `patience`: seconds after which the
    process is ended.
    """
    interpreter, note = find_interpreter(method)
    if interpreter is None:
        return Run(error=note)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        panel.history.to_parquet(folder / "history.parquet", index=False)
        panel.future.to_parquet(folder / "future.parquet", index=False)
        settings = {"horizon": panel.reach, "known": list(panel.known), "time_limit": time_limit}
        (folder / "settings.json").write_text(
            json.dumps(settings, ensure_ascii=False), encoding="utf-8"
        )
        peak, error = _run(interpreter, method, folder, patience)
        if error:
            return Run(error=error, note=note)
        measured = json.loads((folder / "measured.json").read_text(encoding="utf-8"))
        forecast = pd.read_parquet(folder / "forecast.parquet")
    return Run(forecast, measured["seconds"], max(peak, measured["peak_mib"]), note=note)


def _run(interpreter: Path, method: str, folder: Path, patience: float) -> tuple[float, str | None]:
    """Largest memory of the processes in MiB, and the error if there was one."""
    command = [str(interpreter), str(HERE / "measure.py"), method, str(folder)]
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            command, stdout=said, stderr=said, env=_environment(method), start_new_session=True
        )
        peak, end = 0.0, time.monotonic() + patience
        try:
            while process.poll() is None:
                peak = max(peak, find_memory(process.pid))
                if time.monotonic() > end:
                    return peak, f"not done after {patience:.0f} seconds"
                time.sleep(EVERY)
        finally:
            _end(process)
    if process.returncode == 0:
        return peak, None
    lines = (folder / "said.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return peak, (lines[-1] if lines else f"ended with code {process.returncode}")[:500]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started, if any of it still runs."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _environment(method: str) -> dict[str, str]:
    """One thread each for processes that work side by side; AutoGluon, which shares out its cores
    itself, may use both. No downloads.
    """
    kept = {name: value for name, value in os.environ.items() if name not in THREADS}
    threads = {} if method == "autogluon" else dict.fromkeys(THREADS, "1")
    return {**kept, **threads, "HF_HUB_OFFLINE": "1", "PYTHONHASHSEED": "0"}


def find_memory(root: int) -> float:
    """Resident memory of a process and of its children, in MiB; 0 where the system does not
    tell.
    """
    total, pids = 0.0, [root]
    while pids:
        pid = pids.pop()
        try:
            total += (
                int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                * os.sysconf("SC_PAGE_SIZE")
                / 2**20
            )
            for task in Path(f"/proc/{pid}/task").iterdir():
                pids += [int(child) for child in (task / "children").read_text().split()]
        except (OSError, ValueError):  # it has ended meanwhile, or there is no such file here
            continue
    return total


def find_interpreter(method: str) -> tuple[Path | None, str | None]:
    """Python that runs the method, and what has to be said about it; None and why, where there is
    none.
    """
    if method not in PEERS:
        return Path(sys.executable), None
    python, why = find_peer(method)
    if python is None and method in OWN:
        return Path(sys.executable), f"run in the project's own environment, as {why}"
    return python, why


@lru_cache
def find_peer(peer: str) -> tuple[Path | None, str | None]:
    """Python of the peers' environment with this peer in it, installed on first use; None and the
    reason where that fails.
    """
    if given := os.environ.get("SALESFC_PEERS"):
        return _python_in(Path(given)), None
    folder = HERE.parent / ".venv-peers"
    installed = folder / f".{peer}-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]}"
    python = _python_in(folder)
    if installed.exists():
        return python, None
    print(f"installing {peer} in {folder.name}", flush=True)
    try:
        if not python.exists():
            subprocess.run(
                [sys.executable, "-m", "venv", str(folder)],
                check=True,
                capture_output=True,
                text=True,
            )
        _install(python, peer)
    except (OSError, subprocess.CalledProcessError) as reason:
        lines = (getattr(reason, "stderr", None) or str(reason)).strip().splitlines()
        cause = next((line for line in lines if line.startswith("ERROR")), lines[-1])
        return None, f"{peer} could not be installed: {cause[:300]}"
    installed.touch()
    return python, None


def _install(python: Path, peer: str) -> None:
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if (
        peer == "autogluon"
    ):  # the build without a graphics card is smaller by gigabytes, where the index has it
        subprocess.run([*pip, _pin("torch") + "+cpu"], check=False, capture_output=True)
    subprocess.run(
        [*pip, "--constraint", str(REQUIREMENTS), *PEERS[peer]],
        check=True,
        capture_output=True,
        text=True,
    )


def _pin(package: str) -> str:
    return next(
        line
        for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"{package}==")
    )


def _python_in(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
