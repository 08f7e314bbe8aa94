"""A batch of lines on its way through the rules, with a record of each rule's effect.

Measures are whole numbers of their smallest unit: nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.exceptions import find_excepted
from salesfc_lib.cleaning.batch.frames import concat_lines, rescale_units, sum_by, with_month
from salesfc_lib.foundation import Calendar, schema
from salesfc_lib.intake import Issue, fixed_point, text_columns

BY = ["source", "month"]
MEASURES = ["quantity", "amount"]
SUMS = ["rows", *MEASURES]
PUT_IN = "put in"  # `after` in table changes, of a line that a rule made
LINE = ["source", "row", "kind"]  # identifies a line
DONE = {"drop": "dropped", "quarantine": "quarantined", "change": "changed", "note": "noted"}

Action = Literal["drop", "quarantine", "change", "note"]


@dataclass(frozen=True)
class LineIssue:
    """An issue that a rule found in some lines, and what is to be done about it.

    `at` are the lines' positions (ascending) in the batch. `reason` goes to the ledger; `reasons`,
    one a line, where each quarantined line has its own. A change has `values`: the new ones by
    column, each as long as `at`. `counted` names a measure whose sum a note states.
    """

    rule: str
    action: Action
    at: np.ndarray
    reason: str
    reasons: Sequence[str] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
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
        """Batch after issues of the lines as they are now; the first that takes a line does."""
        batch, gone = self, np.zeros(len(self.lines) if issues else 0, dtype=bool)
        for found in issues:
            batch, issue = batch._except(found)
            if not len(issue.at):
                continue
            fresh = ~gone[issue.at]
            if issue.action in ("drop", "quarantine"):
                batch = batch._take(issue, fresh)
                gone[issue.at] = True
            elif issue.action == "change":
                batch = batch._change(issue)
            else:
                batch = batch._note(issue, issue.at[fresh])
        if not gone.any():
            return batch
        return replace(batch, lines=batch.lines[~gone].reset_index(drop=True))

    def drop(self, rule: str, at: np.ndarray, reason: str, /) -> Batch:
        """Batch without the lines at these positions."""
        return self.apply(LineIssue(rule, "drop", at, reason))

    def quarantine(self, rule: str, at: np.ndarray, reason: str, reasons: Sequence[str]) -> Batch:
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
            lines=concat_lines([self.lines, lines]),
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
        frames: dict[str, Any] = {
            key: tuple(_rescale(frame, more) for frame in getattr(self, key))
            for key in ("entries", "removed", "changes")
        }
        lines = _rescale(self.lines, more)
        return replace(self, lines=lines, scales={**self.scales, **scales}, **frames)

    def absorb(self, other: Batch) -> Batch:
        """Batch with what became of the lines of another one, of which none is left."""
        names = ("entries", "removed", "changes", "issues")
        both: dict[str, Any] = {
            name: (*getattr(self, name), *getattr(other, name)) for name in names
        }
        return replace(self, **both)

    def report(self, *issues: Issue) -> Batch:
        """Batch with further rows of table problems."""
        return replace(self, issues=(*self.issues, *issues))

    @property
    def quarantined(self) -> list[pd.DataFrame]:
        """Lines that were set aside, a frame for each issue."""
        return [part for part in self.removed if part["action"].iloc[0] == "quarantine"]

    def _except(self, issue: LineIssue) -> tuple[Batch, LineIssue]:
        """The issue without the excepted lines, and a batch that reports them."""
        takes = issue.action in ("drop", "quarantine")
        excepted, reports = find_excepted(
            self.lines, issue.at, issue.rule, takes=takes, exceptions=self.exceptions
        )
        if not reports:
            return self, issue
        reasons = None if issue.reasons is None else _pick(issue.reasons, ~excepted)
        values = {name: np.asarray(new)[~excepted] for name, new in issue.values.items()}
        return self.report(*reports), replace(
            issue, at=issue.at[~excepted], reasons=reasons, values=values
        )

    def _take(self, issue: LineIssue, fresh: np.ndarray) -> Batch:
        at = issue.at[fresh]
        if not len(at):
            return self
        part = self.lines.iloc[at]
        entry = sum_lines(part).assign(rule=issue.rule, reason=issue.reason)
        own = issue.reasons is not None
        reasons = _pick(issue.reasons, fresh) if own else [issue.reason] * len(at)
        removed = part.assign(rule=issue.rule, action=issue.action, reason=reasons)
        batch = replace(self, entries=(*self.entries, entry), removed=(*self.removed, removed))
        return batch._report(replace(issue, reasons=reasons), at)

    def _change(self, issue: LineIssue) -> Batch:
        concerned = [*dict.fromkeys([*LINE, *BY, *MEASURES, "date", *issue.values])]
        before, at = self.lines[concerned].iloc[issue.at], issue.at
        new = {name: _like(before[name], values) for name, values in issue.values.items()}
        after = before.assign(**new)
        after = with_month(after, self.calendar) if "date" in new else after
        differs = np.logical_or.reduce([_differ(before[name], after[name]) for name in new])
        if not differs.any():
            return self
        if not differs.all():
            before, after, at = before[differs], after[differs], at[differs]
        moved = {*new} & {*MEASURES, "date"}
        sums = _subtract(sum_lines(before), sum_lines(after)).assign(reason=issue.reason)
        entry = (sums if moved else count_lines(before, issue.reason)).assign(rule=issue.rule)
        names = [*new, *(["month"] if "date" in moved else [])]
        lines = self.lines.assign(
            **{name: _put(self.lines[name], at, after[name]) for name in names}
        )
        cells = [
            before[LINE].assign(
                rule=issue.rule, column=name, before=before[name], after=after[name]
            )
            for name in names
        ]
        batch = replace(
            self, lines=lines, entries=(*self.entries, entry), changes=(*self.changes, *cells)
        )
        firsts = as_text(cells[0][~before["source"].duplicated().to_numpy()], self.scales)
        examples = {
            cell.source: f"{cell.before or 'nothing'} → {cell.after or 'nothing'}"
            for cell in firsts.itertuples()
        }
        return batch._report(issue, at, examples)

    def _note(self, issue: LineIssue, at: np.ndarray) -> Batch:
        if not len(at):
            return self
        counted = (issue.counted, self.scales[issue.counted]) if issue.counted else None
        entry = count_lines(self.lines.iloc[at], issue.reason, counted).assign(rule=issue.rule)
        return replace(self, entries=(*self.entries, entry))._report(issue, at)

    def _report(
        self, issue: LineIssue, at: np.ndarray, examples: Mapping[str, str] | None = None
    ) -> Batch:
        """Batch with a row of table problems for each source of these lines."""
        sources, rows = self.lines["source"].iloc[at], self.lines["row"].to_numpy()[at]
        column, action = issue.column or ", ".join(issue.values), DONE[issue.action]
        found = []
        for name in sources.unique():
            own = (sources == name).to_numpy()
            example = (examples or {}).get(name, "")
            if issue.reasons is not None:
                example = issue.reasons[int(own.argmax())]
            first, count, more = int(rows[own].min()), int(own.sum()), {"source": name}
            more |= {"column": column, "example": issue.example or example}
            found.append(Issue(issue.rule, issue.reason, first, count, action, **more))
        return self.report(*found)


def sum_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """Rows, quantity and amount of lines by source and month, exactly, in smallest units."""
    return sum_by(lines, BY, MEASURES)


def count_lines(
    lines: pd.DataFrame, reason: str, counted: tuple[str, int] | None = None
) -> pd.DataFrame:
    """Ledger entries of zero that count by month the lines a rule touched, and sum a measure."""
    sums = sum_lines(lines)
    counts = [f"{count} {'row' if count == 1 else 'rows'}" for count in sums["rows"]]
    if counted:
        name, scale = counted
        totals = [Decimal(int(units)).scaleb(-scale) for units in sums[name]]
        counts = [f"{rows}, {name} {total:f}" for rows, total in zip(counts, totals, strict=True)]
    reasons = [f"{count}: {reason}" for count in counts]
    return sums.assign(rows=0, quantity=0, amount=0, reason=reasons)


def as_text(cells: pd.DataFrame, scales: Mapping[str, int]) -> pd.DataFrame:
    """Changed cells of one column, before and after as text."""
    scale = scales.get(cells["column"].iloc[0])
    texts = {key: _texts(cells[key], scale) for key in ("before", "after")}
    return cells.astype({"source": object, "kind": object}).assign(**texts)


def as_objects(entry: pd.DataFrame) -> pd.DataFrame:
    """Sums as Python's whole numbers, which never overflow; text as plain text."""
    return entry.astype({"source": object, **dict.fromkeys(MEASURES, object)})


def _pick(reasons: Sequence[str] | None, mask: np.ndarray) -> list[str]:
    return [reason for reason, chosen in zip(reasons or (), mask, strict=True) if chosen]


def _texts(values: pd.Series, scale: int | None) -> pd.Series:
    """Cells as text: decimals at their scale, days as ISO dates, '' where missing."""
    if scale is not None:
        texts = (
            fixed_point.to_decimals(values.to_numpy(), scale).cast("string").to_pandas().to_numpy()
        )
        return pd.Series(texts, index=values.index, dtype=object)
    if values.dtype.kind == "M":
        return values.dt.strftime("%Y-%m-%d").fillna("").astype(object)
    return values.astype(object).where(values.notna(), "")


def _subtract(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Entries of before - after, zeros too: a rule that changed lines is named in their month."""
    both = pd.concat([as_objects(before), _negate(as_objects(after))], ignore_index=True)
    return both.groupby(BY, dropna=False, sort=True)[SUMS].sum().reset_index()


def _negate(sums: pd.DataFrame) -> pd.DataFrame:
    return sums.assign(**{name: -sums[name] for name in SUMS})


def _like(column: pd.Series, values: Any) -> pd.Series:
    """Values as a column of the same type and index."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return text_columns.one_category(values, column.index)
    return pd.Series(np.asarray(values), index=column.index)


def _differ(before: pd.Series, after: pd.Series) -> np.ndarray:
    old, new = (
        column.astype(object) if isinstance(column.dtype, pd.CategoricalDtype) else column
        for column in (before, after)
    )
    return np.asarray(old.ne(new) & ~(old.isna() & new.isna()), dtype=bool)


def _rescale(frame: pd.DataFrame, more: Mapping[str, int]) -> pd.DataFrame:
    """Lines, entries or changed cells, with so many more decimal places of each measure."""
    own = {name: more[name] for name in more if name in frame}
    if "column" in frame and (name := frame["column"].iloc[0]) in more:
        own = {"before": more[name], "after": more[name]}
    return frame.assign(
        **{key: rescale_units(frame[key].to_numpy(), places) for key, places in own.items()}
    )


def _put(column: pd.Series, at: np.ndarray, values: pd.Series) -> pd.Series:
    """The column with new values at some positions; a category takes further members in."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        more = [label for label in values.cat.categories if label not in column.cat.categories]
        column = column.cat.add_categories(more) if more else column.copy()
        codes = column.cat.codes.to_numpy().astype(np.int32)
        codes[at] = column.cat.categories.get_indexer(values.astype(object))
        return pd.Series(pd.Categorical.from_codes(codes, dtype=column.dtype), index=column.index)
    array = column.to_numpy(copy=True)
    array[at] = values.to_numpy()
    return pd.Series(array, index=column.index)
