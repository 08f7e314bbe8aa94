"""Changes that lean: below what is sold, above it, or to the target.

Each claim has two parts that must both be beyond chance, so its p-value is the larger of theirs
(intersection-union test: Berger 1982, https://doi.org/10.1080/00401706.1982.10487790). Whoever
lowers a forecast that is too high, and whoever leaves alone one that is too low, does nothing of
what is tested here.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesfc_lib.retrospective.habits.conduct import CELL, Conduct
from salesfc_lib.retrospective.habits.finding import Finding, add_up

OWN_SHARE = 0.5  # share of the bias that must come from the changes themselves
LANDED = 0.25  # share of the way to the target that may be left where a forecast is bent to it


def sandbagging(conduct: Conduct) -> Finding:
    """Changes lower the number, and what is asked for is then below what is sold.

    Expectations that are easily beaten, as where a quota or bonus follows the forecast (Mello 2009,
    "The impact of sales forecast game playing on supply chains", Foresight 13). Parts: months in
    which the changes of all series together lower; months in which sales come in above what was
    asked for. It matters where that is below sales by more than `bias_limit`, at least `OWN_SHARE`
    of it is the changes' own doing, and the changes brought no gain: what is known may well be bad
    news only. Fact bias_targeted: of series with a target.
    """
    return _lean(conduct, -1, ("lowered", "too_low"))


def overstating(conduct: Conduct) -> Finding:
    """Changes raise the number, and what is asked for is then above what is sold.

    The mirror of `sandbagging`, with the same parts: Mello (2009) calls it hedging where it secures
    supply.
    """
    return _lean(conduct, 1, ("raised", "too_high"))


def enforcing(conduct: Conduct) -> Finding:
    """Changes bring the number to the target, and sales do not follow.

    The forecast is kept in line with what was promised (Mello 2009), over the series with a target.
    Parts: months in which the changes bring the numbers nearer to the targets; months in which
    sales fall short of what was asked for, on the side of the target. It matters where at most
    `LANDED` of the distance to the targets is left and the changes brought no gain. A target that
    is a good forecast itself is exceeded in half of the months, so that following it is no habit.
    """
    rows = conduct.subjects.merge(conduct.targets, on=CELL)
    before, after = rows["target"] - rows["start"], rows["target"] - rows["asked"]
    rows = rows.assign(
        distance=before.abs(),
        distance_left=after.abs(),
        to_target=before.abs() - after.abs(),
        not_sold=np.sign(before) * rows["left"],
    )
    months, whole = add_up(rows, ["to_target", "not_sold", "distance", "distance_left", "gain"])
    left = whole["distance_left"] / whole["distance"]
    signs = months[["to_target", "not_sold"]]
    return Finding(signs, (left <= LANDED) & (whole["gain"] <= 0), left.to_frame("distance_left"))


def _lean(conduct: Conduct, side: int, parts: tuple[str, str]) -> Finding:
    rows = conduct.subjects
    months, whole = add_up(rows, ["change", "left", "actual", "gain"])
    sold = whole["actual"].where(whole["actual"] > 0)
    bias, own = side * whole["left"] / sold, side * whole["change"] / sold
    _, targeted = add_up(rows.merge(conduct.targets[CELL], on=CELL), ["left", "actual"])
    facts = {"bias": side * bias, "bias_targeted": targeted["left"] / targeted["actual"]}
    return Finding(
        (side * months[["change", "left"]]).set_axis([*parts], axis=1),
        (bias > conduct.bias_limit) & (own >= OWN_SHARE * bias) & (whole["gain"] <= 0),
        pd.DataFrame(facts, index=whole.index),
    )
