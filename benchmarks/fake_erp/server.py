"""What all fakes share: faults drawn from a seed, and two ways to reach them.

A fault is drawn for each request at a rate, until `most` were: lost before or after it was done,
done late, done twice, answered by half, refused for now, or after the session was ended.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from salesfc_lib.intake.sources.erp.door import Wire

KINDS = ("lost_before", "lost_after", "late", "twice", "malformed", "half", "busy", "down", "ended")


class Fake:
    """A system; `answer` is what it does with a request, by its contract."""

    url = "https://erp.example.com"
    environment: dict[str, str] = {}
    connection: dict[str, Any] = {}
    latest = 3  # requests after which what comes late is done, at most
    active: dict[str, Any] = {}  # settings of a target that is written to by the interface

    def __init__(self, seed: int = 0, rate: float = 0.0, most: int = 0) -> None:
        self.dice, self.rate, self.most = random.Random(seed), rate, most
        self.tally: Counter[str] = Counter()
        self.requests = 0
        self.log: list[tuple[str, str]] = []
        self._late: list[tuple[int, httpx.Request]] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the system answers, having done it."""
        raise NotImplementedError

    def halve(self, response: httpx.Response) -> httpx.Response:
        """A well-formed answer that lacks a part, where the contract lets that be seen."""
        return self.cut(response)

    def busy(self) -> httpx.Response:
        """How it refuses what comes too fast."""
        return httpx.Response(429, headers={"Retry-After": "1"}, json={"error": "too many"})

    def end_session(self) -> None:
        """Forget who is signed in."""

    def clear(self) -> None:
        """Delete the forecasts, as people do by hand."""

    def contents(self) -> dict[tuple[str, str, str], list[Any]]:
        """What stands in the system by product, plant and month; more than one: twice."""
        return {}

    def is_write(self, method: str, path: str) -> bool:
        """Whether a request may change something."""
        return method != "GET"

    def orders(self) -> Counter[str]:
        """Identities of the order lines that a reader must find, once each."""
        return Counter()

    def identify(self, row: dict[str, str]) -> str:
        """Identity of an order line that was read."""
        raise NotImplementedError

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer, or break off as the drawn fault does."""
        request.read()
        self.requests += 1
        self.log.append((request.method, request.url.path))
        self.settle(self.requests)
        fault = self._draw()
        if fault:
            self.tally[fault] += 1
        if fault == "ended":
            self.end_session()
        if fault in ("lost_before", "late"):
            if fault == "late":
                self._late.append((self.requests + self.dice.randint(1, self.latest), request))
            raise httpx.ReadTimeout("timed out", request=request)
        if fault == "busy":
            return self.busy()
        if fault == "down" and self.dice.random() < 0.5:
            return httpx.Response(503, headers={"Retry-After": "2"}, text="maintenance")
        response = self.answer(request)
        if fault == "twice":
            self.answer(request)
        if fault == "lost_after":
            raise httpx.RemoteProtocolError("connection closed", request=request)
        if fault == "down":
            return httpx.Response(502, text="<html>bad gateway</html>")
        if fault == "malformed":
            return self.cut(response)
        return self.halve(response) if fault == "half" else response

    def settle(self, now: int = 1 << 60) -> None:
        """Do what arrives late by now; its answers are lost."""
        due = [request for at, request in self._late if at <= now]
        self._late = [each for each in self._late if each[0] > now]
        for request in due:
            self.answer(request)

    def cut(self, response: httpx.Response) -> httpx.Response:
        """The answer's first half; an empty answer stays empty."""
        content, headers = response.content, dict(response.headers)
        headers.pop("content-length", None)
        return httpx.Response(
            response.status_code, content=content[: len(content) // 2], headers=headers
        )

    def _draw(self) -> str:
        is_over = sum(self.tally.values()) >= self.most
        return "" if is_over or self.dice.random() >= self.rate else self.dice.choice(KINDS)


def read_json(request: httpx.Request) -> Any:
    """The request's body."""
    return json.loads(request.content or b"null")


def wire(fake: Fake) -> Wire:
    """A wire that ends at the fake, at a public address, and never waits."""
    return Wire(httpx.MockTransport(fake), lambda host, port: ["93.184.215.14"], lambda _: None)


@contextmanager
def serve(fake: Fake) -> Iterator[str]:
    """Address of a server on the loopback interface that answers as the fake does."""

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            address = f"http://{self.headers['Host']}{self.path}"
            headers = dict(self.headers)
            request = httpx.Request(
                self.command, address, headers=headers, content=self.rfile.read(size)
            )
            try:
                response = fake(request)
            except httpx.HTTPError:
                self.close_connection = True
                return
            self.send_response(response.status_code)
            for name, value in response.headers.multi_items():
                if name.lower() not in ("content-length", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(response.content)))
            self.end_headers()
            self.wfile.write(response.content)

        do_GET = do_POST = do_PATCH = do_PUT = do

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
