"""What the pipeline left of a case, held against its truth.

Tables by name enter; what is wrong with them leaves, in words. Every table is asked as a reader of
the month would ask it; how the pipeline came to it does not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd

from defects.checklist import CLEAN
from defects.truth import Case, Cell, Entry, Note, Row
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_words

ALWAYS = {"opening", "kept"}  # what a ledger has without any rule
# what `problems` may say of a file as a whole without finding fault with it
READING = {"encoding", "separators", "date_order", "serial_date", "null_spelling", "date_system"}
CLOSE = 1e-6  # relative difference of floats that is none
SERIES = {
    "panel",
    "future",
    "outliers",
    "censored",
    "lifecycle",
}  # tables whose dimensions stand in the table series
COLUMNS = ("source", "rule", "column", "action", "rows", "example", "reason", "unique_id", "ds")

Read = Callable[[str], pd.DataFrame]


class Books:
    """What the pipeline left, by row."""

    def __init__(self, read: Read) -> None:
        self.lacking: set[str] = set()
        self._read = read
        transactions, quarantine, ledger = (
            self.read("transactions"),
            self.read("quarantine"),
            self.read("ledger"),
        )
        self.kept = {
            (str(item["source"]), int(item["row"])): item
            for item in transactions.to_dict("records")
        }
        self.aside = {
            (str(item["source"]), int(item["row"])): str(item["rule"])
            for item in quarantine.to_dict("records")
        }
        self.count = Counter(
            {(item["source"], item["rule"]): 0 for item in ledger.to_dict("records")}
        )
        for item in ledger.to_dict("records"):
            self.count[item["source"], item["rule"]] += int(item["rows"])
        self.ledger = ledger

    def read(self, name: str) -> pd.DataFrame:
        """A table; without rows, and noticed, where the pipeline leaves none of that name."""
        try:
            return self._read(name)
        except (AttributeError, SalesForecastError):
            self.lacking.add(name)
            return pd.DataFrame(columns=list(COLUMNS))

    def check_row(self, row: Row, rows: Iterable[Row]) -> str:
        """What is wrong with what became of a row; '' where nothing is."""
        place = (row.source, row.row)
        where = f"row {row.row} of '{row.source}'"
        line, rule = self.kept.get(place), self.aside.get(place)
        if row.fate == "kept":
            if line is None:
                return f"{where} is not kept ({rule or 'dropped'})"
            return "" if row.line is None else _differs(line, row, where)
        if line is not None:
            return f"{where} is kept; expected {row.fate} by {row.rule}"
        if row.fate == "quarantined":
            return (
                "" if rule == row.rule else f"{where} is quarantined by {rule}; expected {row.rule}"
            )
        name = {"later": "after_month", "apart": "returns_apart"}.get(row.fate, row.rule)
        wanted = sum(
            1
            for other in rows
            if (other.source, other.rule, other.fate) == (row.source, row.rule, row.fate)
        )
        counted = self.count[row.source, name]
        return (
            ""
            if counted == wanted
            else f"{where}: the ledger counts {counted} rows under {name}; expected {wanted}"
        )

    def check_note(self, note: Note) -> str:
        """What `problems` lacks."""
        problems = self.read("problems")
        found = problems[problems["rule"].eq(note.rule)]
        if note.source:
            found = found[found["source"].eq(note.source)]
        if note.action:
            found = found[found["action"].eq(note.action)]
        for words in note.words:
            text = (
                found[["source", "column", "example", "reason"]]
                .map(in_words)
                .astype(str)
                .agg(" ".join, axis=1)
                if len(found)
                else pd.Series(dtype=str)
            )
            found = found[
                text.map(
                    lambda said, words=words: any(word in said for word in words.split("|"))
                ).astype(bool)
            ]
        if found.empty:
            return f"`problems` says nothing of {note}"
        if note.rows is not None and int(found["rows"].sum()) != note.rows:
            return f"`problems` counts {int(found['rows'].sum())} rows for {note}"
        return ""

    def check_entry(self, entry: Entry) -> str:
        """What the ledger does not say of a rule."""
        found = self.ledger[self.ledger["rule"].eq(entry.rule)]
        if found.empty:
            return f"the ledger has no entry of {entry}"
        for name in ("rows", "quantity", "amount"):
            wanted = getattr(entry, name)
            if wanted is not None and Decimal(str(found[name].sum())) != wanted:
                return f"the ledger says {name} {found[name].sum()} for {entry}"
        return ""

    def check_cell(self, cell: Cell) -> str:
        """What a table does not hold."""
        frame = self.read(cell.table)
        if cell.table in SERIES and not set(cell.where) <= set(frame):
            frame = frame.merge(
                self.read("series").drop(columns=["label"]),
                on="unique_id",
                suffixes=("", "_series"),
            )
        for name, wanted in cell.where.items():
            if name not in frame:
                return f"{cell.table} has no column {name}"
            frame = frame[
                frame[name].map(lambda value, wanted=wanted: _same(value, wanted)).astype(bool)
            ]
        if frame.empty:
            return f"{cell.table} has no row for {dict(cell.where)}"
        if cell.value is ...:
            return ""
        if cell.column not in frame:
            return f"{cell.table} has no column {cell.column}"
        values = frame[cell.column].tolist()
        return (
            ""
            if all(_same(value, cell.value) for value in values)
            else f"{cell.table} says {values[:3]} for {cell}"
        )

    def find_unasked(self, case: Case) -> list[str]:
        """Everything that was done or said without a defect being there."""
        truth = case.expected
        known = {(row.source, row.row) for row in truth.rows}
        allowed = (
            truth.allowed
            | {note.rule for note in truth.notes}
            | {entry.rule for entry in truth.entries}
        )
        named = {"later": "after_month", "apart": "returns_apart"}
        allowed |= ALWAYS | {named[row.fate] for row in truth.rows if row.fate in named}
        wrong = [
            f"row {row} of '{source}' is no row of the truth"
            for source, row in self.kept
            if truth.rows and (source, row) not in known
        ]
        wrong += [
            f"row {row} of '{source}' is quarantined ({rule})"
            for (source, row), rule in self.aside.items()
            if truth.rows and (source, row) not in known
        ]
        for item in self.ledger.map(in_words).to_dict("records"):
            if item["rule"] not in allowed:
                wrong.append(f"ledger: {item['rule']} {item['rows']} rows ({item['reason']})")
        problems = self.read("problems").map(in_words)
        for item in problems.to_dict("records"):
            if item["rule"] not in allowed and not (
                item["rule"] in READING and item["action"] in ("read", "noted")
            ):
                wrong.append(
                    f"problems: {item['rule']} {item['action']} {item['rows']} rows "
                    f"({item['example']}: {item['reason']})"
                )
        if "outliers" not in allowed and (
            case.number == CLEAN or any(cell.table == "panel" for cell in truth.cells)
        ):
            wrong += [
                f"outlier: {item['unique_id']} {item['ds']}"
                for item in self.read("outliers").to_dict("records")
            ]
        if case.number == CLEAN:
            wrong += [
                f"rename proposed: {item['old']} to {item['new']}"
                for item in self.read("rename_proposals").to_dict("records")
            ]
        return (
            wrong
            + self._find_gaps(truth.rows)
            + ["there is no table 'problems'" for name in self.lacking if name == "problems"]
        )

    def _find_gaps(self, rows: Iterable[Row]) -> list[str]:
        """Sources whose opening is not the rest plus every rule, or not what the export holds."""
        wrong = []
        frame = self.ledger
        signs = frame["rule"].map(lambda rule: 1 if rule == "opening" else -1)
        for name in ("rows", "quantity", "amount"):
            gap = sum(
                (
                    Decimal(str(value)) * sign
                    for value, sign in zip(frame[name], signs, strict=True)
                ),
                Decimal(0),
            )
            if gap:
                wrong.append(f"the ledger does not close: {name} {gap}")
        for source, count in Counter(row.source for row in rows).items():
            if self.count[source, "opening"] != count:
                wrong.append(
                    f"'{source}' opens with {self.count[source, 'opening']} rows; "
                    f"the export holds {count}"
                )
        return wrong


def _differs(line: Mapping[str, Any], row: Row, where: str) -> str:
    truth = row.line
    assert truth is not None
    for name in ("quantity", "amount"):
        if Decimal(str(line[name])) != getattr(truth, name):
            return f"{where}: {name} is {line[name]}; expected {getattr(truth, name)}"
    if pd.isna(line["date"]) or pd.Timestamp(line["date"]).date() != truth.date:
        return f"{where}: date is {line['date']}; expected {truth.date}"
    for name in ("order_id", "customer", "product", "region", "kind"):
        said = "" if pd.isna(line[name]) else str(line[name])
        if said != getattr(truth, name):
            return f"{where}: {name} is '{said}'; expected '{getattr(truth, name)}'"
    for name, wanted in truth.more.items():
        if name not in line or not _same(line[name], wanted):
            return f"{where}: {name} is '{line.get(name)}'; expected '{wanted}'"
    return ""


def _same(value: Any, wanted: Any) -> bool:
    if wanted is None:
        return bool(pd.isna(value))
    if isinstance(wanted, tuple):
        low, high = map(pd.Timestamp, wanted) if isinstance(value, pd.Timestamp) else wanted
        return bool(low <= value <= high)
    if isinstance(value, pd.Timestamp):
        return value == pd.Timestamp(wanted)
    if isinstance(wanted, bool | str):
        return bool(value == wanted)
    if pd.isna(value):
        return False
    return abs(float(value) - float(wanted)) <= CLOSE * max(1.0, abs(float(wanted)))
