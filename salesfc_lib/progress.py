"""How far a step is, told to whoever runs it: in this process, or in the one that started this kernel.

A name, a count and a total enter; they reach a listener, if there is one. The decision made here: a word is sent and forgotten. Nothing
waits for it, nothing depends on it, and a run whose listener is gone goes on.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

VARIABLE = "SALESFC_PROGRESS"  # environment: the socket of the process that listens to a kernel
MOST_BYTES = 1024  # of a word

Listener = Callable[[str, int, int], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def report(name: str, done: int, of: int) -> None:
    """Tell that `name` begins, with `done` of `of` behind it; without anybody who listens, nothing happens."""
    listener, path = _listener.get(), os.environ.get(VARIABLE)
    if listener is not None:
        listener(name, done, of)
    elif path:
        _send(path, json.dumps([name[:100], done, of]).encode())


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """What is reported in this block reaches `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def receiving(path: Path, listener: Listener) -> Iterator[dict[str, str]]:
    """What a process reports that has these variables in its environment reaches `listener`, from a thread, until the block ends."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inbox:
        inbox.bind(str(path))
        thread = threading.Thread(target=_receive, args=(inbox, listener), daemon=True)
        thread.start()
        try:
            yield {VARIABLE: str(path)}
        finally:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
                last.sendto(b"", str(path))  # waits where the box is full: what came before is heard first
            thread.join()


def _receive(inbox: socket.socket, listener: Listener) -> None:
    while word := inbox.recv(MOST_BYTES):
        with suppress(Exception):  # a word that is none of ours, or that cannot be passed on, is lost and stops nothing
            name, done, of = json.loads(word)
            listener(str(name), int(done), int(of))


def _send(path: str, word: bytes) -> None:
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as outbox:
        outbox.setblocking(False)
        outbox.sendto(word, path)
