"""The log as a file of lines, and back: numbers, moments and hashes stay as they are.

The first line says how many events follow and the hash of the last; each other line is one event,
written in one way only, so that a file that was cut or edited is refused by the line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any

from salesfc_lib.archive.event_log.access import check_access
from salesfc_lib.archive.event_log.append import check_head
from salesfc_lib.archive.event_log.chain import COLUMNS, Head, hash_row
from salesfc_lib.archive.event_log.postgres import check_owner
from salesfc_lib.archive.event_log.record import PROGRAM, Record
from salesfc_lib.archive.event_log.table import open_log
from salesfc_lib.archive.event_log.verify import PIECE, check_whole, read_rows
from salesfc_lib.errors import RequestError

FORMAT = 1


def export_log(project: Path, file: Path, *, address_env: str = "") -> int:
    """Number of events written to the file, which appears whole or not at all."""
    with open_log(project, address_env) as log:
        check_whole(log.connection)
        last = log.find_last()
        count = log.count()
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8", newline="\n") as out:
        out.write(_encode({"event_log": FORMAT, "events": count, "hash": last.hash}))
        for row, _ in zip(read_rows(project, address_env), range(count), strict=False):
            out.write(_encode(row))
    beside.replace(file)
    return count


def import_log(project: Path, file: Path, *, address_env: str = "") -> int:
    """Number of events added: those that follow the log's last one.

    Raises `RequestError` naming the line where the file is cut or edited, and where it is of
    another log; nothing is written then.
    """
    with file.open("rb") as lines, open_log(project, address_env) as log:
        check_head(log)
        check_owner(log, "import")
        before, checked, added = log.find_last(), set[str](), 0
        rows = _read_events(lines, file)
        new = _skip_known(rows, before, file)
        while piece := list(islice(new, PIECE)):
            for unit in {row["unit"] for row in piece} - checked:
                act = Record(what="log.import", who=PROGRAM, unit=unit, month="", reason="")
                check_access(project, act, log)
                checked.add(unit)
            log.put(piece)
            added += len(piece)
    return added


def _skip_known(
    rows: Iterator[dict[str, Any]], before: Head, file: Path
) -> Iterator[dict[str, Any]]:
    """The rows after the log's last one, which has to be among them."""
    met = Head()
    for row in rows:
        if row["number"] > before.number:
            if met != before:
                raise _other_log(file, before)
            yield row
        else:
            met = Head(row["number"], row["hash"])
    if met.number < before.number:
        raise RequestError.of(
            f"'{file}' ends with event {met.number}, and the log goes on to {before.number}",
            "A file with more events than the log has",
            "Nothing was written",
        )
    if met != before:
        raise _other_log(file, before)


def _other_log(file: Path, before: Head) -> RequestError:
    return RequestError.of(
        f"'{file}' does not go on where this log ends: its event {before.number} is another",
        "An export of this log that was written later, or an empty log",
        "Nothing was written. Import it into a project without events",
    )


def _read_events(lines: IO[bytes], file: Path) -> Iterator[dict[str, Any]]:
    """Events of the file, each checked against the line and the event before it."""
    head = _read_line(lines.readline(), file, 1, ("event_log", "events", "hash"))
    last, count = Head(), 0
    for number, line in enumerate(lines, 2):
        row = _read_line(line, file, number, COLUMNS)
        follows = row["previous"] == last.hash and row["number"] > last.number
        if not follows or row["hash"] != hash_row(row):
            raise _edited(file, number, "it does not follow from the line before, or was edited")
        last, count = Head(row["number"], row["hash"]), count + 1
        yield row
    if (count, last.hash) != (head["events"], head["hash"]):
        what = f"{head['events']} events are announced there, and {count} follow"
        raise _edited(file, 1, what)


def _read_line(line: bytes, file: Path, number: int, names: tuple[str, ...]) -> dict[str, Any]:
    try:
        found = json.loads(line)
        numbers = {"number", "events", "event_log"}
        wrong = tuple(found) != names or any(
            not isinstance(each, int if name in numbers else str | None)
            for name, each in found.items()
        )
        if wrong or _encode(found).encode() != line:
            raise ValueError("it is not as it was written")
    except (ValueError, TypeError) as error:
        raise _edited(file, number, str(error)) from None
    return dict(found)


def _edited(file: Path, line: int, why: str) -> RequestError:
    return RequestError.of(
        f"'{file}' line {line}: {why}",
        "A file as `salesfc log export` wrote it, to its end",
        "Nothing was written. Bring the file over again, or export it again",
    )


def _encode(row: Mapping[str, Any]) -> str:
    return json.dumps(dict(row), ensure_ascii=False, separators=(",", ":")) + "\n"
