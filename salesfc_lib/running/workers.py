"""Tasks side by side, each in a process of its own.

A function and its tasks enter; one result a task leaves, in the tasks' order. A process that dies
is a result too, and no process outlives this one.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)

Notify = Callable[[Any], None]
Work = Callable[[Any, Notify], Any]


def side_by_side(
    work: Work,
    tasks: Sequence[Any],
    *,
    workers: int | None = None,
    notify: Notify,
    died: Callable[[Any, int], Any],
) -> list[Any]:
    """Results of `work(task, notify)` for each task, started in order, at most `workers` at once.

    workers: None is one more than there are cores, because tasks differ in size and the last one
    should not leave a core idle; notify: called here with what `work` sends; died: gives the result
    of a process that ended without one, from its task and exit code (negative: the signal).
    Processes are spawned, because forking after a model has been fitted can hang: `work` must be
    importable, tasks and results picklable.
    """
    most = count_workers(len(tasks), workers)
    waiting = list(range(len(tasks)))
    running: dict[Connection, tuple[int, BaseProcess]] = {}
    results: dict[int, Any] = {}
    try:
        while waiting or running:
            while waiting and len(running) < most:
                place = waiting.pop(0)
                pipe, process = _start(work, tasks[place])
                running[pipe] = (place, process)
            ready = wait(list(running))
            for pipe in [pipe for pipe in running if pipe in ready]:
                place, process = running[pipe]
                kind, content = _receive(pipe, process)
                if kind == "message":
                    notify(content)
                    continue
                results[place] = content if kind == "result" else died(tasks[place], content)
                del running[pipe]
                process.join()
    finally:
        for _, process in running.values():
            process.terminate()
            process.join()
    return [results[place] for place in range(len(tasks))]


def count_workers(tasks: int, workers: int | None) -> int:
    """Number of tasks that run at once."""
    return max(1, min(tasks, workers or (os.cpu_count() or 1) + 1))


def _start(work: Work, task: Any) -> tuple[Connection, BaseProcess]:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(sender, work, task), daemon=False)
    with _environment(ONE_THREAD):
        process.start()
    sender.close()
    return receiver, process


def _receive(pipe: Connection, process: BaseProcess) -> tuple[str, Any]:
    try:
        return pipe.recv()
    except (EOFError, OSError):
        process.join()
        return "died", process.exitcode


def _child(pipe: Connection, work: Work, task: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets Ctrl-C too, and ends this
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pipe.send(("result", work(task, lambda message: pipe.send(("message", message)))))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
