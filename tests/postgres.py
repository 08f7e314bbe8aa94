"""A PostgreSQL server of the tests' own: made in a temporary folder, reached by a socket in it,
gone when the tests are.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PLACES = (
    "/usr/lib/postgresql",
    "/usr/pgsql",
    "/opt/homebrew/opt/postgresql",
)  # Debian keeps its server programs out of PATH
SETTINGS = (
    "-c",
    "fsync=off",
    "-c",
    "listen_addresses=127.0.0.1",
    "-c",
    "max_connections=20",
    "-c",
    "timezone=Asia/Shanghai",
)
PASSWORD = "p@ss/wörd:密码%20"


@dataclass(frozen=True)
class Server:
    """A running server: the folder of its socket, and its port."""

    folder: Path
    port: int

    def address(self, user: str = "owner", database: str = "postgres") -> str:
        return f"postgresql+psycopg://{user}@/{database}?host={self.folder}&port={self.port}"


def find_program(name: str) -> str | None:
    """Path of a server program, the newest version first."""
    places = [
        path
        for place in PLACES
        for path in Path(place).parent.glob(f"{Path(place).name}*/*/bin/{name}")
    ]
    places += [
        path
        for place in PLACES
        for path in Path(place).parent.glob(f"{Path(place).name}*/bin/{name}")
    ]
    return str(max(places)) if places else shutil.which(name)


@contextmanager
def running_server() -> Iterator[Server]:
    """A server with the superuser `owner`, trusted on its socket; stopped and removed whatever
    happens in the block.
    """
    folder = Path(
        tempfile.mkdtemp(prefix="salesfc-pg.", dir="/tmp")
    )  # a socket's path may have 107 bytes at most
    try:
        run = _as_other_user(folder)
        data = folder / "data"
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        folder.joinpath("password").chmod(0o644)
        _call(
            [
                *run,
                _need("initdb"),
                "-D",
                str(data),
                "-U",
                "owner",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ]
            + ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={folder / 'password'}"]
        )
        port = _free_port()
        options = " ".join([*SETTINGS, "-k", str(folder), "-p", str(port)])
        start = [
            *run,
            _need("pg_ctl"),
            "-D",
            str(data),
            "-w",
            "-t",
            "60",
            "-l",
            str(folder / "log"),
            "-o",
            options,
            "start",
        ]
        try:
            _call(start)
            yield Server(folder, port)
        finally:
            subprocess.run(
                [*run, _need("pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"],
                capture_output=True,
                check=False,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def can_run() -> bool:
    """Whether a server can be made here."""
    return os.name == "posix" and all(
        find_program(name) for name in ("initdb", "pg_ctl", "postgres")
    )


def _as_other_user(folder: Path) -> list[str]:
    """How to run the server, which refuses to be root; the folder becomes that user's."""
    if os.getuid() != 0:
        return []
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]


def _call(command: list[str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd="/", stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def _need(name: str) -> str:
    found = find_program(name)
    assert found is not None
    return found


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
