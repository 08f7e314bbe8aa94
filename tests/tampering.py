"""Seeded changes to the file of an event log by who can write it: rows and the head beside it."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from salesfc_lib.archive.event_log.chain import COLUMNS, hash_row

Rows = list[dict[str, Any]]
TEXTS = [name for name in COLUMNS if name not in ("number", "once")]


def tamper(folder: Path, seed: int) -> str:
    """Change the log of a project once, as the seed says; what was done, in a word."""
    dice = random.Random(seed)
    way = sorted(WAYS)[seed % len(WAYS)]
    file = folder / "archive" / "records.sqlite"
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.row_factory = sqlite3.Row
        rows = [dict(row) for row in database.execute("SELECT * FROM records ORDER BY number")]
        WAYS[way](rows, dice, file.with_suffix(".head"))
        for name in ("UPDATE", "DELETE"):
            database.execute(f"DROP TRIGGER records_no_{name.lower()}")
        database.execute("DELETE FROM records")
        places = ", ".join("?" * len(COLUMNS))
        columns = ", ".join(COLUMNS)
        database.executemany(
            f"INSERT INTO records ({columns}) VALUES ({places})",
            [[row[name] for name in COLUMNS] for row in rows],
        )
    return way


def _edit(rows: Rows, dice: random.Random, head: Path) -> None:
    row, name = dice.choice(rows), dice.choice(TEXTS)
    row[name] += dice.choice(["0", " ", "x"])


def _edit_hashed(rows: Rows, dice: random.Random, head: Path) -> None:
    row, name = dice.choice(rows), dice.choice([each for each in TEXTS if each != "hash"])
    row[name] += "x"
    row["hash"] = hash_row(row)


def _chain_again(rows: Rows, dice: random.Random, head: Path) -> None:
    start = dice.randrange(len(rows))
    rows[start]["reason"] += "x"
    _link(rows, start)


def _remove(rows: Rows, dice: random.Random, head: Path) -> None:
    del rows[dice.randrange(len(rows))]


def _remove_numbered(rows: Rows, dice: random.Random, head: Path) -> None:
    place = dice.randrange(len(rows))
    del rows[place]
    for number, row in enumerate(rows, 1):
        row["number"] = number
    _link(rows, place)


def _swap(rows: Rows, dice: random.Random, head: Path) -> None:
    one, other = dice.sample(rows, 2)
    one["number"], other["number"] = other["number"], one["number"]


def _insert(rows: Rows, dice: random.Random, head: Path) -> None:
    place = dice.randrange(1, len(rows))
    rows.insert(place, {**rows[place], "once": None, "reason": "put in"})
    for number, row in enumerate(rows, 1):
        row["number"] = number


def _duplicate(rows: Rows, dice: random.Random, head: Path) -> None:
    rows.append({**dice.choice(rows), "once": None, "number": len(rows) + 1})


def _add(rows: Rows, dice: random.Random, head: Path) -> None:
    rows.append({**rows[-1], "once": None, "number": len(rows) + 1})
    _link(rows, len(rows) - 1)


def _cut(rows: Rows, dice: random.Random, head: Path) -> None:
    del rows[-dice.randrange(1, len(rows) + 1) :]


def _edit_head(rows: Rows, dice: random.Random, head: Path) -> None:
    known = json.loads(head.read_text())
    changes = {"number": known["number"] - dice.randrange(1, len(rows)), "hash": "0" * 64}
    name = dice.choice(list(changes))
    head.write_text(json.dumps(known | {name: changes[name]}))


def _move_head(rows: Rows, dice: random.Random, head: Path) -> None:
    row = dice.choice(rows[:-1])
    head.write_text(json.dumps({"number": row["number"], "hash": row["hash"]}))


def _lose_head(rows: Rows, dice: random.Random, head: Path) -> None:
    head.write_text("") if dice.random() < 0.5 else head.unlink()


def _link(rows: Rows, start: int) -> None:
    for place in range(start, len(rows)):
        rows[place]["previous"] = rows[place - 1]["hash"] if place else ""
        rows[place]["hash"] = hash_row(rows[place])


WAYS: dict[str, Callable[[Rows, random.Random, Path], None]] = {
    "edited": _edit,
    "edited, hashed": _edit_hashed,
    "edited, chained": _chain_again,
    "removed": _remove,
    "removed, chained": _remove_numbered,
    "reordered": _swap,
    "inserted": _insert,
    "duplicated": _duplicate,
    "added": _add,
    "cut": _cut,
    "head edited": _edit_head,
    "head moved": _move_head,
    "head lost": _lose_head,
}
