"""The last event of a SQLite log, in a file beside it: `archive/records.head`.

It is written after the table's transaction, under the lock that writers hold. A writer that dies
between the two leaves it behind the table, which the next one says in an event of its own.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from salesfc_lib.archive.event_log.chain import Head
from salesfc_lib.errors import SalesForecastError

SUFFIX = ".head"


def read_head(path: Path) -> Head:
    """The head as it was written last; that of an empty log where there is no file.

    Raises `SalesForecastError` where it cannot be read.
    """
    try:
        found = json.loads(path.read_bytes())
        return Head(int(found["number"]), str(found["hash"]))
    except FileNotFoundError:
        return Head()
    except (OSError, ValueError, KeyError, TypeError) as error:
        do = "Bring it back from a copy; `salesfc log accept` goes on with the log as it is"
        raise SalesForecastError.unreadable_file(path, str(error), do) from None


def write_head(path: Path, head: Head) -> None:
    """Write it whole and to disk, beside its place, and rename it in."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head._asdict()) + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
