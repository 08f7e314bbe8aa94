"""Incremental extraction: only records as new as the newest of the last extract are fetched again.

Records at the last value seen are fetched again (an overlap, not a gap) and found equal by their
content; a record whose key is fetched with other content supersedes its earlier version. A
watermark cannot see deleted rows: whoever extracts counts the table too, and reads it whole where
the union is not as long as it (`database`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from salesfc_lib.intake.sources import snapshot
from salesfc_lib.intake.sources.text_columns import stack

PLACE = "watermarks"  # under the archive


def recall(archive: Path, identity: Mapping[str, Any]) -> tuple[Path, str | int | float] | None:
    """The last extract of a table and the largest watermark in it.

    None where nothing is remembered, or the extract is gone or changed.
    """
    try:
        found = json.loads(_place(archive, identity).read_text(encoding="utf-8"))
        sha256, last = found["sha256"], found["last"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    kept = snapshot.find_kept(archive, sha256)
    return None if kept is None or snapshot.check_kept(archive, sha256) else (kept, last)


def remember(
    archive: Path, identity: Mapping[str, Any], sha256: str, last: str | int | float | None
) -> None:
    """Keep what the next extraction begins from; a table without any watermark is read whole."""
    if last is None:
        return
    text = json.dumps({"sha256": sha256, "last": last, **identity}, ensure_ascii=False, indent=1)
    with snapshot.writing(_place(archive, identity)) as spool:
        spool.write_text(f"{text}\n", encoding="utf-8")


def merge(before: pa.Table, fetched: pa.Table, key: Sequence[str]) -> pa.Table:
    """Records of `before` that no other version supersedes, then what is new in `fetched`.

    Both have the same text columns; `key` names those that identify a record. Where nothing is new,
    it is `before` itself.
    """
    touched = _occurs(before, fetched, key)
    earlier = before.filter(pa.array(touched))
    new = fetched.filter(pa.array(~_occurs(fetched, earlier, fetched.column_names)))
    if not new.num_rows:
        return before
    touched[touched] = _occurs(earlier, new, key)
    return stack([before.filter(pa.array(~touched)), new])


def _occurs(table: pa.Table, among: pa.Table, columns: Sequence[str]) -> np.ndarray:
    """Whether each record (n_rows,) stands among the others too, in these columns."""
    names = [str(place) for place in range(len(columns))]
    left, right = (
        pa.table([each[name].cast(pa.string()) for name in columns], names=names)
        for each in (table, among)
    )
    found = left.append_column("place", pa.array(np.arange(table.num_rows))).join(
        right, names, join_type="left semi"
    )
    occurs = np.zeros(table.num_rows, dtype=bool)
    occurs[found["place"].to_numpy()] = True
    return occurs


def _place(archive: Path, identity: Mapping[str, Any]) -> Path:
    text = json.dumps(identity, ensure_ascii=False, sort_keys=True)
    return archive / PLACE / f"{hashlib.sha256(text.encode()).hexdigest()}.json"
