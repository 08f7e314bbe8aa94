"""Receivers on the loopback: a web server in place of every vendor's, and a mail server.

What they got is kept; how they answer is set by the test. Requests to any host go to the web
server, so that a message is checked as the vendor would get it, at the vendor's own address.
"""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

LOOPBACK = "127.0.0.1"


@dataclass
class Got:
    """One request: vendor's host, path, query and JSON."""

    host: str
    path: str
    query: dict[str, list[str]]
    said: Any


@dataclass
class Web:
    """The web server; status, text, delay in seconds and `hangs_up` (without an answer)."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    status: int = 200
    text: str = '{"errcode": 0, "code": 0}'
    delay: float = 0.0
    hangs_up: bool = False


@contextmanager
def web_server() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = json.loads(body) if body else None
            host = self.headers.get("X-Vendor", "")
            web.got.append(Got(host, parts.path, parse_qs(parts.query), said))
            time.sleep(web.delay)
            if web.hangs_up:
                self.connection.close()
                return
            self.send_response(web.status)
            self.end_headers()
            self.wfile.write(web.text.encode())

        def handle(self) -> None:
            with suppress(OSError, ValueError):  # who called is gone
                super().handle()

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    server.daemon_threads = True
    web.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()


def catch_requests(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request of this process goes to `web`, with the host that it was for."""
    plain = requests.adapters.HTTPAdapter.send

    def send(adapter: Any, request: Any, **settings: Any) -> Any:
        parts = urlsplit(request.url)
        request.headers["X-Vendor"] = parts.netloc
        request.url = parts._replace(scheme="http", netloc=f"{LOOPBACK}:{web.port}").geturl()
        return plain(adapter, request, **settings)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)


@dataclass
class Mail:
    """The mail server; recipients that it refuses, and whether it hangs up after the text."""

    port: int = 0
    got: list[str] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    refuses: tuple[str, ...] = ()
    hangs_up: bool = False


@contextmanager
def mail_server() -> Iterator[Mail]:
    mail = Mail()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 here")
            while line := self.rfile.readline().decode().strip():
                if line.upper() == "DATA":
                    self.say("354 go on")
                    mail.got.append(self.read_text())
                    if mail.hangs_up:
                        return
                    self.say("250 taken")
                elif line.upper().startswith("RCPT"):
                    mail.to.append(line.partition("<")[2].partition(">")[0])
                    self.say("550 no" if mail.to[-1] in mail.refuses else "250 ok")
                else:
                    self.say("221 bye" if line.upper() == "QUIT" else "250 ok")

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def read_text(self) -> str:
            lines: list[str] = []
            while (line := self.rfile.readline().decode()) != ".\r\n":
                lines.append(line)
            return "".join(lines)

    server = socketserver.ThreadingTCPServer((LOOPBACK, 0), Handler)
    server.daemon_threads = True
    mail.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    try:
        yield mail
    finally:
        server.shutdown()
        server.server_close()


def free_port() -> int:
    """A port on which nobody listens."""
    with socketserver.TCPServer((LOOPBACK, 0), socketserver.BaseRequestHandler) as server:
        return int(server.server_address[1])
