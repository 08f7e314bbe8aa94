"""What the code of a project's own candidate may use: time, memory, the size of a file, output.

A function enters, the same function within the limits leaves. Beyond one of them the candidate
fails, and the unit goes on. This is protection from mistakes, not from intent: the code keeps the
rights of the run, and what compiled code does is interrupted only when it returns. Where the system
has no such limits (Windows), only the output is bounded.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

from salesfc_lib.forecasting.candidates.protocol import Prediction

try:
    import resource
except ImportError:
    resource = None  # type: ignore[assignment]

OUTPUT_KEPT = 4000  # characters of what a candidate prints in one go. Not tuned: a page
FILE_BYTES = 2**30  # of one file that it writes. Not tuned
GIB = 2**30
LEAST_SECONDS = 1e-3  # that a call gets where the time is over
CALL_SHARE = (
    0.1  # of the time left that one of many calls gets: one stuck series leaves others some
)
AGAIN = 1.0  # seconds until code that caught the end of its time is interrupted again


class _OutOfTime(BaseException):
    """Raised in a candidate's code; `except Exception` in it does not catch this."""


class _Tail(io.TextIOBase):
    """A text stream that keeps the last characters, and counts all."""

    def __init__(self) -> None:
        self.kept, self.count = "", 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.count += len(text)
        self.kept = (self.kept + text[-OUTPUT_KEPT:])[-OUTPUT_KEPT:]
        return len(text)

    @property
    def left_out(self) -> str:
        """How much was printed and is not kept, in words; empty where nothing was lost."""
        if self.count <= OUTPUT_KEPT:
            return ""
        return f"it printed {self.count:,} characters, of which the last {OUTPUT_KEPT:,} are kept"


@dataclass
class Limits:
    """Limits of one candidate: `seconds` for all its calls together, `memory` in GiB beyond what
    the process holds already.
    """

    name: str
    seconds: float
    memory: float
    left: float = field(init=False)
    running: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.left = self.seconds

    def timed(self, function: Callable[..., Any], *, share: float = 1.0) -> Callable[..., Any]:
        """The function, with a `TimeoutError` where a call takes more than a share of the time that
        is left to the candidate.
        """

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            is_main = threading.current_thread() is threading.main_thread()
            if not is_main or not hasattr(signal, "SIGALRM"):
                return function(*args, **kwargs)  # only the main thread gets signals
            most = max(share * self.left, LEAST_SECONDS)
            before, begun = signal.signal(signal.SIGALRM, self._interrupt), time.monotonic()
            try:
                self.running = True
                signal.setitimer(signal.ITIMER_REAL, most, AGAIN)
                return function(*args, **kwargs)
            except _OutOfTime as end:  # the traceback says where in the candidate's code
                over = TimeoutError(self._describe_end(most))
                raise over.with_traceback(end.__traceback__) from None
            finally:
                self.running = False
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)
                self.left -= time.monotonic() - begun

        return call

    def bounded(self, forecast: Callable[..., Prediction]) -> Callable[..., Prediction]:
        """A candidate's forecast within memory, size of a file and output; failures say the last
        where not all of it is kept.
        """

        @wraps(forecast)
        def call(*args: Any, **kwargs: Any) -> Prediction:
            with self.contain() as printed:
                values, errors = forecast(*args, **kwargs)
            told = f"; {printed.left_out}" if printed.left_out else ""
            return Prediction(values, {row: f"{error}{told}" for row, error in errors.items()})

        return call

    @contextmanager
    def contain(self) -> Iterator[_Tail]:
        """Bounds on what is used meanwhile; the end of what was printed is printed afterwards."""
        printed = _Tail()
        try:
            with ExitStack() as stack:
                stack.enter_context(redirect_stdout(printed))
                stack.enter_context(redirect_stderr(printed))
                stack.enter_context(_silent_descriptors())
                if resource is not None:
                    stack.enter_context(_limited(resource.RLIMIT_FSIZE, FILE_BYTES))
                if held := _bytes_held():
                    most = held + int(self.memory * GIB)
                    stack.enter_context(_limited(resource.RLIMIT_DATA, most))
                yield printed
        finally:
            if printed.left_out:
                print(f"Candidate '{self.name}': {printed.left_out}:")
            if printed.count:
                sys.stdout.write(printed.kept)

    def _interrupt(self, number: int, frame: Any) -> None:
        if self.running:
            raise _OutOfTime

    def _describe_end(self, most: float) -> str:
        return (
            f"stopped after {most:.3g} s, of {self.seconds:g} s for all its forecasts together "
            f"(`candidates.{self.name}.seconds`)"
        )


@contextmanager
def _limited(kind: int, most: int) -> Iterator[None]:
    """The process's limit of a kind lowered to `most`, and restored."""
    soft, hard = resource.getrlimit(kind)
    known = [most, *(each for each in (soft, hard) if each != resource.RLIM_INFINITY)]
    resource.setrlimit(kind, (min(known), hard))
    try:
        yield
    finally:
        resource.setrlimit(kind, (soft, hard))


@contextmanager
def _silent_descriptors() -> Iterator[None]:
    """What compiled code and other processes print goes nowhere."""
    saved = {number: os.dup(number) for number in (1, 2)}
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for number in saved:
            os.dup2(nowhere, number)
        yield
    finally:
        for number, copy in saved.items():
            os.dup2(copy, number)
            os.close(copy)
        os.close(nowhere)


def _bytes_held() -> int:
    """Memory that counts for the limit and is held already; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * resource.getpagesize()
