"""A batch of lines on its way through the rules, with a record of each rule's effect.

Measures are whole numbers of their smallest unit: nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import compress
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch import frames
from salesfc_lib.cleaning.batch.exceptions import find_excepted
from salesfc_lib.foundation import Calendar, say, schema
from salesfc_lib.intake import Issue, fixed_point

BY = ["source", "month"]
MEASURES = ["quantity", "amount"]
SUMS = ["rows", *MEASURES]
PUT_IN = "put in"  # `after` in table changes, of a line that a rule made
LINE = ["source", "row", "kind"]  # identifies a line
DONE = {"drop": "dropped", "quarantine": "quarantined", "change": "changed", "note": "noted"}

Action = Literal["drop", "quarantine", "change", "note"]


class LineIssue(NamedTuple):
    """An issue that a rule found in some lines, and what is to be done about it.

    `at` are the lines' positions (ascending) in the batch. `reason` goes to the ledger; `reasons`,
    one a line, where each removed line has its own. A change has `values`: the new ones by column,
    each as long as `at`. `counted` names a measure whose sum a note states.
    """

    rule: str
    action: Action
    at: np.ndarray
    reason: str
    reasons: Sequence[str] | None = None
    values: Mapping[str, Any] = {}
    column: str = ""
    example: str = ""
    counted: str = ""


@dataclass(frozen=True)
class Batch:
    """Lines still in, and what became of the others.

    `lines` has one row per line (see `lines`): source, row, kind, month (first day; NaT where
    unknown), quantity and amount (whole numbers of 10**-scale, the scale of each measure in
    `scales`), and whatever the rules need. `entries` are ledger rows in the same units: what was
    taken away is positive, what was put in negative, a change has rows = 0. `removed` are lines
    that a rule took, with `rule`, `action` and `reason`; `changes` are cells before and after;
    `issues` are rows of table problems.
    """

    lines: pd.DataFrame
    scales: Mapping[str, int]
    entries: tuple[pd.DataFrame, ...] = ()
    removed: tuple[pd.DataFrame, ...] = ()
    changes: tuple[pd.DataFrame, ...] = ()
    issues: tuple[Issue, ...] = ()
    calendar: Calendar = Calendar()
    exceptions: tuple[schema.KeptRow, ...] = ()

    def apply(self, *issues: LineIssue) -> Batch:
        """Batch after issues of its lines as they are now; no line is removed by two of them."""
        batch, left = self, np.ones(len(self.lines) if issues else 0, dtype=bool)
        for found in issues:
            batch, issue = batch._spare(found)
            if not len(issue.at):
                continue
            if issue.action == "change":
                batch = batch._change(issue)
            elif issue.action == "note":
                batch = batch._note(issue)
            else:
                batch, left[issue.at] = batch._remove(issue), False
        return (
            batch if left.all() else replace(batch, lines=batch.lines[left].reset_index(drop=True))
        )

    def drop(self, rule: str, at: np.ndarray, reason: str, /) -> Batch:
        """Batch without the lines at these positions."""
        return self.apply(LineIssue(rule, "drop", at, reason))

    def quarantine(
        self, rule: str, at: np.ndarray, reason: str, reasons: Sequence[str] | None = None
    ) -> Batch:
        """Batch without these lines, which cannot be used; `reasons` has one for each."""
        return self.apply(LineIssue(rule, "quarantine", at, reason, reasons))

    def change(self, rule: str, at: np.ndarray, reason: str, /, **values: Any) -> Batch:
        """Batch with new values, by column, in the lines at these positions."""
        return self.apply(LineIssue(rule, "change", at, reason, values=values))

    def note(self, rule: str, at: np.ndarray, reason: str, **more: Any) -> Batch:
        """Batch with a note of these lines; `more`: column, example, counted."""
        return self.apply(LineIssue(rule, "note", at, reason, **more))

    def put(self, lines: pd.DataFrame, rule: str, reason: str) -> Batch:
        """Batch with lines that a rule makes out of others."""
        if lines.empty:
            return self
        entry = _negate(sum_lines(lines)).assign(rule=rule, reason=reason)
        made = lines[LINE].assign(rule=rule, column="", before="", after=PUT_IN)
        return replace(
            self,
            lines=frames.concat_lines([self.lines, lines]),
            entries=(*self.entries, entry),
            changes=(*self.changes, made),
        )

    def with_columns(self, **columns: Any) -> Batch:
        """Batch with the same lines and further columns."""
        return replace(self, lines=self.lines.assign(**columns))

    def at_scales(self, scales: Mapping[str, int]) -> Batch:
        """Batch with measures at finer scales; what it holds is worth the same."""
        more = {name: scale - self.scales[name] for name, scale in scales.items()}
        more = {name: places for name, places in more.items() if places}
        if not more:
            return self
        parts: dict[str, Any] = {
            key: tuple(_rescale(frame, more) for frame in getattr(self, key))
            for key in ("entries", "removed", "changes")
        }
        lines = _rescale(self.lines, more)
        return replace(self, lines=lines, scales={**self.scales, **scales}, **parts)

    def absorb(self, other: Batch) -> Batch:
        """Batch with what became of the lines of another one, of which none is left."""
        names = ("entries", "removed", "changes", "issues")
        both: dict[str, Any] = {n: (*getattr(self, n), *getattr(other, n)) for n in names}
        return replace(self, **both)

    def report(self, *issues: Issue) -> Batch:
        """Batch with further rows of table problems."""
        return replace(self, issues=(*self.issues, *issues))

    @property
    def quarantined(self) -> list[pd.DataFrame]:
        """Lines that were set aside, a frame for each issue."""
        return [part for part in self.removed if part["action"].iloc[0] == "quarantine"]

    def _spare(self, issue: LineIssue) -> tuple[Batch, LineIssue]:
        """A batch that reports the excepted lines, and the issue without them."""
        takes = issue.action in ("drop", "quarantine")
        spared, reports = find_excepted(
            self.lines, issue.at, issue.rule, takes=takes, exceptions=self.exceptions
        )
        if not reports:
            return self, issue
        reasons = None if issue.reasons is None else [*compress(issue.reasons, ~spared)]
        values = {name: np.asarray(new)[~spared] for name, new in issue.values.items()}
        issue = issue._replace(at=issue.at[~spared], reasons=reasons, values=values)
        return self.report(*reports), issue

    def _remove(self, issue: LineIssue) -> Batch:
        part = self.lines.iloc[issue.at]
        entry = sum_lines(part).assign(rule=issue.rule, reason=issue.reason)
        reasons = [issue.reason] * len(part) if issue.reasons is None else [*issue.reasons]
        removed = part.assign(rule=issue.rule, action=issue.action, reason=reasons)
        batch = replace(self, entries=(*self.entries, entry), removed=(*self.removed, removed))
        return batch._describe(issue, issue.at, reasons)

    def _change(self, issue: LineIssue) -> Batch:
        names, at = [*issue.values], issue.at
        columns = [*dict.fromkeys([*LINE, *BY, *MEASURES, "date", *names])]
        kinds = {name: object for name in names if frames.is_category(self.lines[name])}
        before = self.lines[columns].iloc[at].astype(kinds)
        new = {name: np.asarray(v, dtype=kinds.get(name)) for name, v in issue.values.items()}
        after = before.assign(**new)
        if "date" in names:
            after, names = frames.with_month(after, self.calendar), [*names, "month"]
        same = before[names].eq(after[names]) | (before[names].isna() & after[names].isna())
        differs = ~same.all(axis=1).to_numpy()
        if not differs.any():
            return self
        before, after, at = before[differs], after[differs], at[differs]
        if {*names} & {*MEASURES, "date"}:
            entry = _subtract(sum_lines(before), sum_lines(after)).assign(reason=issue.reason)
        else:
            entry = count_lines(before, issue.reason)
        cells = {name: frames.replace_cells(self.lines[name], at, after[name]) for name in names}
        place = before[LINE].assign(rule=issue.rule)
        changes = [place.assign(column=n, before=before[n], after=after[n]) for n in names]
        firsts = ~before["source"].duplicated().to_numpy()
        examples = np.full(len(at), "", dtype=object)
        examples[firsts] = [
            _show_change(cell.before, cell.after)
            for cell in as_text(changes[0][firsts], self.scales).itertuples()
        ]
        batch = replace(
            self,
            lines=self.lines.assign(**cells),
            entries=(*self.entries, entry.assign(rule=issue.rule)),
            changes=(*self.changes, *changes),
        )
        return batch._describe(issue, at, examples)

    def _note(self, issue: LineIssue) -> Batch:
        counted = (issue.counted, self.scales[issue.counted]) if issue.counted else None
        entry = count_lines(self.lines.iloc[issue.at], issue.reason, counted)
        batch = replace(self, entries=(*self.entries, entry.assign(rule=issue.rule)))
        return batch._describe(issue, issue.at, [issue.example] * len(issue.at))

    def _describe(self, issue: LineIssue, at: np.ndarray, examples: Any) -> Batch:
        """Batch with a row of table problems for each source of these lines.

        `examples` has a text for each line; the first of a source is shown.
        """
        rows = self.lines["row"].to_numpy()[at]
        group, firsts = frames.group_numbers(self.lines.iloc[at], ["source"])
        found = []
        for number, source in enumerate(self.lines["source"].iloc[at[firsts]]):
            own = rows[group == number]
            more = {"column": issue.column or ", ".join(issue.values), "source": source}
            more["example"] = examples[firsts[number]]
            action = DONE[issue.action]
            found.append(Issue(issue.rule, issue.reason, int(own.min()), len(own), action, **more))
        return self.report(*found)


def sum_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """Rows, quantity and amount of lines by source and month, exactly, in smallest units."""
    return frames.sum_by(lines, BY, MEASURES)


def count_lines(
    lines: pd.DataFrame, reason: str, counted: tuple[str, int] | None = None
) -> pd.DataFrame:
    """Ledger entries of zero that count by month the lines a rule touched, and sum a measure."""
    sums = sum_lines(lines)
    if counted:
        name, scale = counted
        totals = [Decimal(int(units)).scaleb(-scale) for units in sums[name]]
        reasons = [
            say(f"reason.counted.{name}", rows=rows, total=total, reason=reason)
            for rows, total in zip(sums["rows"], totals, strict=True)
        ]
    else:
        reasons = [say("reason.counted", rows=rows, reason=reason) for rows in sums["rows"]]
    return sums.assign(rows=0, quantity=0, amount=0, reason=reasons)


def _show_change(before: str, after: str) -> str:
    if before and after:
        return f"{before} → {after}"
    nothing = say("example.nothing")
    return say("example.changed", before=before or nothing, after=after or nothing)


def as_text(cells: pd.DataFrame, scales: Mapping[str, int]) -> pd.DataFrame:
    """Changed cells of one column, before and after as text."""
    scale = scales.get(cells["column"].iloc[0])
    texts = {key: _texts(cells[key], scale) for key in ("before", "after")}
    return cells.astype({"source": object, "kind": object}).assign(**texts)


def as_objects(entry: pd.DataFrame) -> pd.DataFrame:
    """Sums as Python's whole numbers, which never overflow; text as plain text."""
    return entry.astype({"source": object, **dict.fromkeys(MEASURES, object)})


def _texts(values: pd.Series, scale: int | None) -> pd.Series:
    """Cells as text: decimals at their scale, days as ISO dates, '' where missing."""
    if scale is not None:
        texts = fixed_point.to_decimals(values.to_numpy(), scale).cast("string").to_pandas()
        return pd.Series(texts.to_numpy(), index=values.index, dtype=object)
    if values.dtype.kind == "M":
        return values.dt.strftime("%Y-%m-%d").fillna("").astype(object)
    return values.astype(object).where(values.notna(), "")


def _subtract(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Entries of before - after, zeros too: a rule that changed lines is named in their month."""
    both = pd.concat([as_objects(before), _negate(as_objects(after))], ignore_index=True)
    return both.groupby(BY, dropna=False, sort=True)[SUMS].sum().reset_index()


def _negate(sums: pd.DataFrame) -> pd.DataFrame:
    return sums.assign(**{name: -sums[name] for name in SUMS})


def _rescale(frame: pd.DataFrame, more: Mapping[str, int]) -> pd.DataFrame:
    """Lines, entries or changed cells, with so many more decimal places of each measure."""
    own = {name: more[name] for name in more if name in frame}
    if "column" in frame and (name := frame["column"].iloc[0]) in more:
        own = {"before": more[name], "after": more[name]}
    finer = {key: frames.rescale_units(frame[key].to_numpy(), own[key]) for key in own}
    return frame.assign(**finer)
