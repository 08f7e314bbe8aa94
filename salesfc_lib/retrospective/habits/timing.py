"""When changes are made: after the day they were due, and only when a month is nearly there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.retrospective.compare import published
from salesfc_lib.retrospective.habits.conduct import CELL, SUBJECT, Conduct
from salesfc_lib.retrospective.habits.finding import Finding, add_up

LATE = 0.2  # share of months in which changes may come late
FARTHER = 0.2  # share of the months with changes in which somebody who looks farther does so


def late_changes(conduct: Conduct) -> Finding:
    """Changes are written on the day of publication or later.

    Part: months in which more than half of an author's changes are dated (`created_at`) on the
    `publication_day` of the month after `made_in` or later. A share of `LATE` of the months is
    nobody's habit. Changes without a date say nothing.
    """
    rows = conduct.dated
    late = np.where(rows["late"], 1.0, -1.0)
    rows = rows.assign(kind="author", name=rows["author"], ds=rows["made_in"], late=late)
    months, whole = add_up(rows.assign(one=1.0), ["late", "one"], of="one")
    share = (whole["late"] / whole["one"] + 1.0) / 2.0
    return Finding(months[["late"]], share > LATE, share.to_frame("share"), chance=LATE)


def withholding(conduct: Conduct) -> Finding:
    """What lasts is said of the nearest month only, month after month.

    Changes of one month after another that go the same way were no news when the later ones were
    made (weak efficiency: Nordhaus 1987, https://doi.org/10.2307/1935962). Over changes of the
    coming month. Parts: months in which the author left most of these series as they were in the
    month after; months in which what was left was then changed the same way, when it was the
    nearest; months in which sales of the month left differed from what was published on that side.
    Asked only of those who write changes for later months at all, in `FARTHER` of their months:
    whoever looks at one month ahead only is not asked for more.
    """
    made = conduct.made.dropna(subset="author")
    months = made.assign(is_far=made["h"] > 1).groupby(["author", "made_in"])["is_far"].any()
    farther = months.groupby("author").mean()
    made = made[made["author"].map(farther) >= FARTHER]
    near, far = made[made["h"] == 1], made[made["h"] > 1]
    after = near["ds"] + pd.DateOffset(months=1)
    key = ["author", "unique_id", "made_in"]
    second = far.loc[far["h"] == 2, key].assign(written=1.0)
    rows = near.assign(after=after).merge(second, on=key, how="left")
    again = near.rename(columns={"change": "later", "ds": "after"})
    rows = rows.merge(again[["author", "unique_id", "after", "later"]], how="left")
    said = published(conduct.vintages.query("h == 2"))[["unique_id", "ds", "y_hat"]]
    said = said.merge(conduct.sold, on=CELL).rename(columns={"ds": "after"})
    rows = rows.merge(said.assign(short=said["actual"] - said["y_hat"]), how="left")
    alone = rows["written"].isna()
    way = np.sign(rows["change"]).where(alone)
    rows = rows.assign(
        kind="author",
        name=rows["author"],
        alone=np.where(alone, 1.0, -1.0),
        again=way * rows["later"],
        missed=way * rows["short"],
    )
    signs, _ = add_up(rows, ["alone", "again", "missed"])
    share = (signs["alone"] > 0).groupby(SUBJECT).mean()
    return Finding(signs, share > 0, share.to_frame("share"))
