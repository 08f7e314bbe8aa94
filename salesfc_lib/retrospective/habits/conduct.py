"""What people did with the forecasts: their changes beside what was sold, by author and segment.

The archive's adjustments enter, with the days on which they were written, the targets and what was
published; frames with one row a change leave, from which every test takes its months.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from salesfc_lib.foundation import SEASON
from salesfc_lib.retrospective.compare import Past, no_rows, window
from salesfc_lib.retrospective.members import dimensions, sum_targets

WINDOW = 2 * SEASON  # months looked back on: one year tells a habit from luck only if it is gross
CELL = ["unique_id", "ds"]
MADE = ["author", *CELL, "made_in"]
SUBJECT = ["kind", "name"]


@dataclass(frozen=True, kw_only=True)
class Conduct(Past):
    """What the archive holds of people's changes through `month`; any table may be empty.

    adjustments: table `adjustment` of all months; overrides: table `override`, for the days on
    which they were written; target: table `target`; publication_day: of the month after `made_in`;
    bias_limit: the bias that was agreed to be too large.
    """

    month: pd.Timestamp
    adjustments: pd.DataFrame = no_rows("adjustment")
    overrides: pd.DataFrame = no_rows("override")
    target: pd.DataFrame = no_rows("target")
    publication_day: int = 15
    bias_limit: float = 0.05

    @property
    def first(self) -> pd.Timestamp:
        """The first month looked back on."""
        return self.month - pd.DateOffset(months=WINDOW - 1)

    @cached_property
    def applied(self) -> pd.DataFrame:
        """Adjustments that were applied before their month began, in the order of application."""
        rows = window(self.adjustments, self.month, WINDOW)
        rows = rows[(rows["state"] == "applied") & (rows["made_in"] < rows["ds"])]
        return rows.sort_values(["made_in", "sequence"], kind="stable", ignore_index=True)

    @cached_property
    def made(self) -> pd.DataFrame:
        """An author's change of a number, made in one month: corrections of it are one with it.

        One row per (author, unique_id, ds, made_in): start (the number before), asked (what they
        made of it), change = what they added in all, h (months ahead), final (as published).
        Changes of nothing are left out.
        """
        rows = self.applied.assign(change=self.applied["asked"] - self.applied["old"])
        made = rows.groupby(MADE, dropna=False, sort=False)
        sums = made.agg(change=("change", "sum"), asked=("asked", "last"), final=("final", "last"))
        table = sums.reset_index().assign(h=_months_between)
        table = table.assign(start=table["asked"] - table["change"])
        return table[table["change"] != 0].reset_index(drop=True)

    @cached_property
    def sold(self) -> pd.DataFrame:
        """Actual of every series and month that is known."""
        known = self.actual[[*CELL, "y_raw"]].dropna()
        return known.rename(columns={"y_raw": "actual"})

    @cached_property
    def changes(self) -> pd.DataFrame:
        """`made` as it stood last before its month began, with the actual and its errors.

        left = asked - actual; error_start and error_asked: absolute errors of both numbers; gain:
        error_start - error_asked, above zero where the change helped.
        """
        last = self.made.sort_values("made_in", kind="stable")
        last = last.drop_duplicates(["author", *CELL], keep="last")
        return _with_errors(last.merge(self.sold, on=CELL))

    @cached_property
    def by_author(self) -> pd.DataFrame:
        """`changes` of those who gave their name, as subjects."""
        return self.changes.dropna(subset="author").assign(
            kind="author", name=lambda rows: rows["author"]
        )

    @cached_property
    def by_segment(self) -> pd.DataFrame:
        """What several people together made of the numbers of a member of a dimension.

        One row per member and number, from before the first change to after the last of the month
        that stood last. A member that one person changed alone has no rows: they are that person's.
        """
        rows = self.applied.assign(start=self.applied["old"])
        cells = rows.groupby([*CELL, "made_in"], sort=False)
        whole = cells.agg(start=("start", "first"), asked=("asked", "last")).reset_index()
        whole = whole.drop_duplicates(CELL, keep="last")
        whole = whole.assign(change=whole["asked"] - whole["start"])
        members = self.series.melt("unique_id", dimensions(self.series), "dimension", "member")
        members = members.dropna(subset="member").astype({"dimension": object})
        hands = rows.merge(members, on="unique_id").groupby(["dimension", "member"])["author"]
        shared = hands.nunique().loc[lambda count: count > 1].index.to_frame(index=False)
        inside = members.merge(shared, on=["dimension", "member"])
        judged = whole[whole["change"] != 0].merge(inside, on="unique_id").merge(self.sold, on=CELL)
        names = judged["dimension"] + ": " + judged["member"].astype(str)
        return _with_errors(judged.assign(kind="segment", name=names))

    @cached_property
    def dated(self) -> pd.DataFrame:
        """Overrides with author and date, of the months looked back on: author, made_in, late.

        late: written on the day of publication of the month in which they were made, or after it.
        """
        rows = self.overrides.dropna(subset=["author", "created_at"])
        rows = rows[rows["made_in"].ge(self.first) & rows["made_in"].lt(self.month)]
        due = rows["made_in"] + pd.DateOffset(months=1, days=self.publication_day - 1)
        return rows[["author", "made_in"]].assign(late=rows["created_at"] >= due)

    @cached_property
    def subjects(self) -> pd.DataFrame:
        """Changes by author, and by segment that several authors changed."""
        return pd.concat([self.by_author, self.by_segment], ignore_index=True)

    @cached_property
    def targets(self) -> pd.DataFrame:
        """Target of every series and month that has one: unique_id, ds, target."""
        return sum_targets(self.target, self.series)


def _months_between(rows: pd.DataFrame) -> pd.Series:
    ds, made = rows["ds"].dt, rows["made_in"].dt
    return (ds.year - made.year) * 12 + ds.month - made.month


def _with_errors(rows: pd.DataFrame) -> pd.DataFrame:
    left, before = rows["asked"] - rows["actual"], rows["start"] - rows["actual"]
    errors = {"error_start": before.abs(), "error_asked": left.abs()}
    return rows.assign(left=left, **errors, gain=errors["error_start"] - errors["error_asked"])
