"""Changes of changes: what one person made of a number that another had just changed."""

from __future__ import annotations

from salesfc_lib.retrospective.habits.conduct import CELL, Conduct
from salesfc_lib.retrospective.habits.finding import Finding, add_up

UNDONE = 0.5  # share of what another changed that is changed back


def second_guessing(conduct: Conduct) -> Finding:
    """A change takes back what another person had just changed, and makes it worse.

    What others worked out is changed on instinct (Mello 2009). Over overrides of the same series,
    month and `made_in` as another author's before them. Parts: months in which the changes go
    against those before them; months in which they add to the error, since a mistake may well be
    taken back. It matters where `UNDONE` of what was changed is taken back.
    """
    rows = conduct.applied.assign(change=conduct.applied["asked"] - conduct.applied["old"])
    cells = rows.groupby([*CELL, "made_in"], sort=False)
    rows = rows.assign(other=cells["author"].shift(), before=cells["change"].shift())
    rows = rows[rows["other"].notna() & rows["author"].notna() & (rows["other"] != rows["author"])]
    rows = rows.drop_duplicates(["author", *CELL], keep="last").merge(conduct.sold, on=CELL)
    worse = (rows["asked"] - rows["actual"]).abs() - (rows["old"] - rows["actual"]).abs()
    against = -rows["change"] * rows["before"].div(rows["before"].abs())
    rows = rows.assign(
        kind="author", name=rows["author"], back=against, worse=worse, other=rows["before"].abs()
    )
    months, whole = add_up(rows, ["back", "worse", "other"], of="old")
    undone = whole["back"] / whole["other"].where(whole["other"] > 0)
    return Finding(months[["back", "worse"]], undone >= UNDONE, undone.to_frame("undone"))
