"""An account of lines: those still in, and what became of the others.

Lines and findings enter; an `Account` leaves. The decision made here: a rule only finds; `Account.apply` is the one place that
acts, writes the ledger's entry (what was taken away is positive, what was put in negative, a change has rows = 0) and remembers
what was there before. Measures are whole numbers of their smallest unit: nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.account.exceptions import find_spared
from salesfc_lib.cleaning.account.frames import concat_lines, sum_by, with_month
from salesfc_lib.foundation import Calendar, Keep
from salesfc_lib.intake import one_category, rescale, to_decimals

BY = ["source", "month"]
MEASURES = ["quantity", "amount"]
SUMS = ["rows", *MEASURES]
PUT_IN = "put in"  # what table changes says of a line that a rule made
LINE = ["source", "row", "kind"]  # what a line is known by

Action = Literal["drop", "quarantine", "change", "note"]


@dataclass(frozen=True)
class Finding:
    """What a rule found, and what is to be done about it.

    `at` are the lines' positions (ascending) in the account that was looked at. `reason` stands in the ledger; `reasons`, one
    a line, where each quarantined line has its own. A change has `values`: the new ones by column, each as long as `at`.
    A note that has to say how much it concerns names a measure in `counted`.
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
class Account:
    """Lines still in, and what became of the others.

    `lines` has one row per line (see `lines`): source, row, kind, month (first day; NaT where unknown), quantity and amount
    (whole numbers of 10**-scale, the scale of each measure in `scales`), and whatever the rules need. `entries` are
    ledger rows in the same units; `removed` are lines that a rule took, with `rule`, `action` and `reason`; `changes` are cells
    before and after; `problems` rows of that table.
    """

    lines: pd.DataFrame
    scales: Mapping[str, int]
    entries: tuple[pd.DataFrame, ...] = ()
    removed: tuple[pd.DataFrame, ...] = ()
    changes: tuple[pd.DataFrame, ...] = ()
    problems: tuple[Mapping[str, Any], ...] = ()
    calendar: Calendar = Calendar()
    keep: tuple[Keep, ...] = ()

    def apply(self, *findings: Finding) -> Account:
        """Account after findings on the lines as they are now; a line is taken by the first finding that takes it."""
        account, gone = self, np.zeros(len(self.lines) if findings else 0, dtype=bool)
        for found in findings:
            account, finding = account._spare(found)
            if not len(finding.at):
                continue
            fresh = ~gone[finding.at]
            if finding.action in ("drop", "quarantine"):
                account = account._take(finding, fresh)
                gone[finding.at] = True
            elif finding.action == "change":
                account = account._change(finding)
            else:
                account = account._note(finding, finding.at[fresh])
        return (
            account
            if not gone.any()
            else replace(account, lines=account.lines[~gone].reset_index(drop=True))
        )

    def put(self, lines: pd.DataFrame, rule: str, reason: str) -> Account:
        """Account with lines that a rule makes out of others."""
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

    def relabel(self, lines: pd.DataFrame) -> Account:
        """Account with the same lines in the same order, at the same values and months, with further columns."""
        return replace(self, lines=lines)

    def at_one_scale(self, *measures: str) -> Account:
        """Account in which these measures are whole numbers of the same unit, so that they can be added."""
        scale = max(self.scales[name] for name in measures)
        return self.at_scales(dict.fromkeys(measures, scale))

    def at_scales(self, scales: Mapping[str, int]) -> Account:
        """Account with measures at finer scales; what it holds is worth the same."""
        finer = {
            name: scale - self.scales[name]
            for name, scale in scales.items()
            if scale != self.scales[name]
        }
        if not finer:
            return self
        known = {**self.scales, **scales}
        frames: dict[str, Any] = {
            key: tuple(_rescale(frame, self.scales, finer) for frame in getattr(self, key))
            for key in ("entries", "removed", "changes")
        }
        return replace(self, lines=_rescale(self.lines, self.scales, finer), scales=known, **frames)

    def absorb(self, other: Account) -> Account:
        """Account with what became of the lines of another one, all of which are accounted for."""
        return replace(
            self,
            entries=(*self.entries, *other.entries),
            removed=(*self.removed, *other.removed),
            changes=(*self.changes, *other.changes),
            problems=(*self.problems, *other.problems),
        )

    def see(self, problem: Mapping[str, Any]) -> Account:
        """Account with one more row of table problems."""
        return replace(self, problems=(*self.problems, problem))

    @property
    def quarantined(self) -> list[pd.DataFrame]:
        return [part for part in self.removed if part["action"].iloc[0] == "quarantine"]

    def _spare(self, finding: Finding) -> tuple[Account, Finding]:
        """The finding without the rows that it has to leave alone, and an account that says so."""
        takes = finding.action in ("drop", "quarantine")
        spared, told = find_spared(
            self.lines, finding.at, finding.rule, takes=takes, keep=self.keep
        )
        if not told:
            return self, finding
        reasons = (
            None
            if finding.reasons is None
            else list(np.array(finding.reasons, dtype=object)[~spared])
        )
        values = {name: np.asarray(new)[~spared] for name, new in finding.values.items()}
        account = replace(self, problems=(*self.problems, *told))
        return account, replace(finding, at=finding.at[~spared], reasons=reasons, values=values)

    def _take(self, finding: Finding, fresh: np.ndarray) -> Account:
        at = finding.at[fresh]
        if not len(at):
            return self
        part = self.lines.iloc[at]
        entry = sum_lines(part).assign(rule=finding.rule, reason=finding.reason)
        reasons = (
            [finding.reason] * len(at)
            if finding.reasons is None
            else list(np.array(finding.reasons, dtype=object)[fresh])
        )
        removed = part.assign(rule=finding.rule, action=finding.action, reason=reasons)
        action = {"drop": "dropped", "quarantine": "quarantined"}[finding.action]
        account = replace(self, entries=(*self.entries, entry), removed=(*self.removed, removed))
        return account._report(replace(finding, reasons=reasons), at, action)

    def _change(self, finding: Finding) -> Account:
        concerned = [*dict.fromkeys([*LINE, *BY, *MEASURES, "date", *finding.values])]
        before = self.lines[concerned].iloc[finding.at]
        after = before.assign(
            **{name: _like(before[name], values) for name, values in finding.values.items()}
        )
        after = with_month(after, self.calendar) if "date" in finding.values else after
        differs = np.logical_or.reduce(
            [_differ(before[name], after[name]) for name in finding.values]
        )
        if not differs.any():
            return self
        at = finding.at
        if not differs.all():
            before, after, at = before[differs], after[differs], at[differs]
        moved = {*finding.values} & {*MEASURES, "date"}
        sums = _subtract(sum_lines(before), sum_lines(after)).assign(reason=finding.reason)
        entry = (sums if moved else count_lines(before, finding.reason)).assign(rule=finding.rule)
        names = [*finding.values, *(["month"] if "date" in moved else [])]
        lines = self.lines.assign(
            **{name: _put(self.lines[name], at, after[name]) for name in names}
        )
        cells = [
            before[LINE].assign(
                rule=finding.rule, column=name, before=before[name], after=after[name]
            )
            for name in names
        ]
        account = replace(
            self, lines=lines, entries=(*self.entries, entry), changes=(*self.changes, *cells)
        )
        firsts = as_text(cells[0][~before["source"].duplicated().to_numpy()], self.scales)
        told = {
            cell.source: f"{cell.before or 'nothing'} → {cell.after or 'nothing'}"
            for cell in firsts.itertuples()
        }
        return account._report(finding, at, "changed", told)

    def _note(self, finding: Finding, at: np.ndarray) -> Account:
        if not len(at):
            return self
        counted = (finding.counted, self.scales[finding.counted]) if finding.counted else None
        entry = count_lines(self.lines.iloc[at], finding.reason, counted).assign(rule=finding.rule)
        return replace(self, entries=(*self.entries, entry))._report(finding, at, "noted")

    def _report(
        self, finding: Finding, at: np.ndarray, action: str, told: Mapping[str, str] | None = None
    ) -> Account:
        """One row of table problems for each source that the finding concerns, with one of its own rows as the example."""
        sources = self.lines["source"].iloc[at]
        rows = self.lines["row"].to_numpy()[at]
        account = self
        for name in sources.unique():
            own = (sources == name).to_numpy()
            mine, examples = rows[own], told or {}
            if finding.reasons is not None:
                examples = {name: finding.reasons[int(own.argmax())]}
            account = account.see(
                {
                    "source": name,
                    "rule": finding.rule,
                    "column": finding.column or ", ".join(finding.values),
                    "action": action,
                    "rows": len(mine),
                    "first_row": int(mine.min()),
                    "example": finding.example or examples.get(name, ""),
                    "reason": finding.reason,
                }
            )
        return account


def sum_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """Rows, quantity and amount of lines by source and month, exactly, in smallest units."""
    return sum_by(lines, BY, MEASURES)


def count_lines(
    lines: pd.DataFrame, reason: str, counted: tuple[str, int] | None = None
) -> pd.DataFrame:
    """Entries that change nothing, and say by month how many lines a rule touched, and how much of a measure at its scale."""
    sums = sum_lines(lines)
    counts = [f"{count} {'row' if count == 1 else 'rows'}" for count in sums["rows"]]
    if counted:
        name, scale = counted
        counts = [
            f"{rows}, {name} {Decimal(int(units)).scaleb(-scale):f}"
            for rows, units in zip(counts, sums[name], strict=True)
        ]
    reasons = [f"{count}: {reason}" for count in counts]
    return sums.assign(rows=0, quantity=0, amount=0, reason=reasons)


def as_text(cells: pd.DataFrame, scales: Mapping[str, int]) -> pd.DataFrame:
    """Changed cells of one column, before and after as text."""
    name = cells["column"].iloc[0]
    return cells.astype({"source": object, "kind": object}).assign(
        **{key: _texts(cells[key], scales.get(name)) for key in ("before", "after")}
    )


def as_objects(entry: pd.DataFrame) -> pd.DataFrame:
    """Sums as Python's whole numbers, which never overflow; text as plain text."""
    return entry.astype({"source": object, **dict.fromkeys(MEASURES, object)})


def _texts(values: pd.Series, scale: int | None) -> pd.Series:
    """Cells as text: decimals at their scale, days as ISO dates, '' where missing."""
    if scale is not None:
        return pd.Series(
            to_decimals(values.to_numpy(), scale).cast("string").to_pandas().to_numpy(),
            index=values.index,
            dtype=object,
        )
    if values.dtype.kind == "M":
        return values.dt.strftime("%Y-%m-%d").fillna("").astype(object)
    return values.astype(object).where(values.notna(), "")


def _subtract(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Entries of before - after, also where they are nothing: a rule that changed lines is named in their month."""
    both = pd.concat([as_objects(before), _negate(as_objects(after))], ignore_index=True)
    return both.groupby(BY, dropna=False, sort=True)[SUMS].sum().reset_index()


def _negate(sums: pd.DataFrame) -> pd.DataFrame:
    return sums.assign(**{name: -sums[name] for name in SUMS})


def _like(column: pd.Series, values: Any) -> pd.Series:
    """Values as a column of the same kind and index."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return one_category(values, column.index)
    return pd.Series(np.asarray(values), index=column.index)


def _differ(before: pd.Series, after: pd.Series) -> np.ndarray:
    old, new = (
        column.astype(object) if isinstance(column.dtype, pd.CategoricalDtype) else column
        for column in (before, after)
    )
    return np.asarray(old.ne(new) & ~(old.isna() & new.isna()), dtype=bool)


def _rescale(
    frame: pd.DataFrame, scales: Mapping[str, int], finer: Mapping[str, int]
) -> pd.DataFrame:
    """Frame of lines, entries or changed cells with measures at finer scales."""
    own = {name: scales[name] for name in finer if name in frame}
    if "column" in frame and (name := frame["column"].iloc[0]) in finer:
        cells = {
            key: rescale(frame[key].to_numpy(), scales[name], scales[name] + finer[name])
            for key in ("before", "after")
        }
        return frame.assign(**cells)
    return frame.assign(
        **{
            name: rescale(frame[name].to_numpy(), scale, scale + finer[name])
            for name, scale in own.items()
        }
    )


def _put(column: pd.Series, at: np.ndarray, values: pd.Series) -> pd.Series:
    """The column with new values at some positions; a category takes further members in, whole numbers may outgrow int64."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        more = [label for label in values.cat.categories if label not in column.cat.categories]
        column = column.cat.add_categories(more) if more else column.copy()
        codes = column.cat.codes.to_numpy().astype(np.int32)
        codes[at] = column.cat.categories.get_indexer(values.astype(object))
        return pd.Series(pd.Categorical.from_codes(codes, dtype=column.dtype), index=column.index)
    array = column.to_numpy(copy=True)
    if values.dtype == object and array.dtype != object:
        array = array.astype(object)
    array[at] = values.to_numpy()
    return pd.Series(array, index=column.index)
