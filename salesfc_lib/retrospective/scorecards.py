"""Scorecards of a unit's owner, its authors and its departments, with the noise in them.

Each is judged on its own rows over the last twelve months, and nobody is ranked: a card says what
was reached and what chance alone would do, so that a review neither praises nor blames luck.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from scipy.stats import false_discovery_control, t

from salesfc_lib.foundation import SEASON, tables
from salesfc_lib.retrospective.compare import window
from salesfc_lib.retrospective.habits import MIN_MONTHS, RATE, SUBJECT, Conduct, effective_share
from salesfc_lib.retrospective.members import bottom_series, dimensions

INTERVAL = 0.8  # share of years like this one that the bounds hold
SUMS = ["error", "size", "gain", "gain_size"]
MONTH = [*SUBJECT, "ds"]
COUNTS = ["changes", "late", "actions", "kept", "steps", "in_time"]


def write_scorecards(
    conduct: Conduct,
    *,
    owner: str,
    department: str,
    floor: float,
    actions: pd.DataFrame,
    steps: pd.DataFrame,
) -> pd.DataFrame:
    """Table `scorecards`: the owner (the whole unit), each author, each member of a department.

    `department` is a dimension; there are no departments where it is empty. Owner and departments
    answer for what was published one month ahead at the bottom level, beside the seasonal naive on
    the same rows; authors for the numbers that they asked for, beside what stood there before.
    accuracy and gain are pooled over months; low and high hold them in `INTERVAL` of all years like
    this one. reading is that of the gain, standing that of a department's WAPE beside that of all
    others: beyond chance where its p, adjusted over all cards (Benjamini-Hochberg), is at most
    `RATE`; few: under `MIN_MONTHS` months. changes are an author's (owner: everybody's), late those
    dated on the day of publication or after it. `actions` is table `actions`: those of that person
    that were due, and those done by their day. `steps` as `list_steps` gives them: those that the
    person answered for, those in time, and the mean days of the late ones.
    """
    months = pd.concat([*_published(conduct, owner, department), _changed(conduct)])
    if months.empty:
        return tables.empty("scorecards")
    sums = months.groupby(MONTH)[SUMS].sum().assign(right=lambda each: each["size"] - each["error"])
    cards = _pool(sums, "accuracy", "right", "size").join(_pool(sums, "gain", "gain", "gain_size"))
    cards = cards.join(_pool(_beside(sums), "standing", "nearer", "one"))
    cards["p_gain"], cards["reading"] = _read(cards["gain"], cards["p_gain"], "better worse")
    words = _read(cards["standing"], cards["p_standing"], "above below")
    cards["p_standing"], cards["standing"] = words[0], words[1].where(cards["standing"].notna(), "")
    cards = cards.assign(floor=floor, months=sums.groupby(SUBJECT).size()).reset_index()
    people = cards[SUBJECT][cards["kind"] != "department"]
    counts = people.merge(_count_changes(conduct, owner), how="left")
    counts = counts.merge(_count_actions(actions), how="left")
    counts = counts.merge(_count_steps(steps), how="left")
    cards = cards.merge(counts, how="left").fillna(dict.fromkeys(COUNTS, 0))
    return tables.build(cards, "scorecards")


def find_department(transactions: pd.DataFrame, series: pd.DataFrame) -> str:
    """The dimension that a salesperson's name says most about; '' where nobody is named.

    By how many fewer errors the name makes when a member is guessed for each line (lambda: Goodman
    and Kruskal 1954, https://doi.org/10.1080/01621459.1954.10501231).
    """
    if "salesperson" not in transactions.columns:
        return ""
    rows = transactions.dropna(subset="salesperson")

    def tell(dimension: str) -> float:
        lines = pd.crosstab(rows["salesperson"], rows[dimension])
        usual, all_lines = lines.sum().max(), lines.to_numpy().sum()
        known = lines.max(axis=1).sum()
        return float((known - usual) / (all_lines - usual)) if all_lines > usual else 0.0

    told = {name: tell(name) for name in dimensions(series) if name in rows}
    best = max(told, key=lambda name: told[name], default="")
    return best if best and told[best] > 0 else ""


def _published(conduct: Conduct, owner: str, department: str) -> Iterator[pd.DataFrame]:
    """Errors of what was published, by bottom series and month, for the owner and departments."""
    scores = conduct.scores(conduct.month, SEASON, [1]).query("metric == 'wape'")
    scores = scores.merge(bottom_series(conduct.series), on="unique_id")
    stages = scores.set_index(["unique_id", "ds", "stage"])[["numerator", "denominator"]].unstack()
    every = pd.MultiIndex.from_product([stages.columns.levels[0], ["published", "shared", "naive"]])
    error, size = (stages.reindex(columns=every)[part] for part in ("numerator", "denominator"))
    parts = {"error": error["published"], "size": size["published"]}
    parts |= {"gain": error["naive"] - error["shared"], "gain_size": size["shared"]}
    table = pd.DataFrame(parts).reset_index()
    yield table.assign(kind="owner", name=owner)
    if department:
        members = conduct.series.set_index("unique_id")[department]
        table = table.assign(kind="department", name=table["unique_id"].map(members))
        yield table.dropna(subset="name")


def _changed(conduct: Conduct) -> pd.DataFrame:
    """Errors of the numbers that authors asked for, beside those before."""
    rows = window(conduct.by_author, conduct.month, SEASON)
    size = rows["actual"].abs()
    return rows.assign(error=rows["error_asked"], size=size, gain_size=size)


def _pool(sums: pd.DataFrame, name: str, top: str, base: str) -> pd.DataFrame:
    """By subject: the ratio of the sums of two columns, its bounds, and p of a ratio of zero.

    The standard error is that of a ratio estimator (Cochran 1977, Sampling Techniques, 6.4), over
    months that count for their `effective_share`; bounds and p by Student's t.
    """
    sums = sums[sums[base] > 0]
    total = sums.groupby(SUBJECT)[[top, base]].sum()
    ratio = total[top] / total[base]
    left = sums[top] - sums[base] * ratio.reindex(sums.index.droplevel("ds")).to_numpy()
    months = sums.groupby(SUBJECT).size()
    share = effective_share(left / sums[base])
    squares = (left**2).groupby(SUBJECT).sum() * months / (months - 1) / share
    error, freedom = squares**0.5 / total[base], (months * share - 1).clip(lower=1)
    enough = months >= MIN_MONTHS
    margin = error * t.ppf((1 + INTERVAL) / 2, freedom)
    p = pd.Series(2 * t.sf(ratio.abs() / error.where(error > 0), freedom), ratio.index)
    found = {f"{name}_low": ratio - margin, f"{name}_high": ratio + margin, f"p_{name}": p}
    return pd.DataFrame(found).where(enough).assign(**{name: ratio})


def _read(ratio: pd.Series, p: pd.Series, words: str) -> tuple[pd.Series, pd.Series]:
    """p adjusted over all subjects, and which word it allows."""
    known = p.notna()
    p = p.copy()
    p[known] = false_discovery_control(p[known]) if known.any() else p[known]
    above, below = words.split()
    side = (ratio > 0).map({True: above, False: below})
    return p, side.where(p <= RATE, "chance").where(known, "few")


def _beside(sums: pd.DataFrame) -> pd.DataFrame:
    """By department and month, WAPE of all others less its own: above zero where it was nearer."""
    own = sums[sums.index.get_level_values("kind") == "department"]
    whole = sums[sums.index.get_level_values("kind") == "owner"].droplevel(SUBJECT)
    rest = whole.reindex(own.index.get_level_values("ds")).set_axis(own.index) - own
    wape, other = (each["error"] / each["size"].where(each["size"] > 0) for each in (own, rest))
    return pd.DataFrame({"nearer": other - wape, "one": 1.0}).dropna()


def _count_changes(conduct: Conduct, owner: str) -> pd.DataFrame:
    """Changes of the last twelve months and the late ones, by author and of all."""
    rows = conduct.dated
    rows = rows[rows["made_in"] >= conduct.month - pd.DateOffset(months=SEASON)]
    counts = rows.groupby("author").agg(changes=("late", "size"), late=("late", "sum"))
    mine = counts.rename_axis("name").reset_index().assign(kind="author")
    return pd.concat([mine, counts.sum().to_frame().T.assign(kind="owner", name=owner)])


def _count_actions(actions: pd.DataFrame) -> pd.DataFrame:
    """Actions that were due, and those done by their day, by owner."""
    due = actions[actions["state"] != "open"]
    kept = due["outcome"].eq("done") & (due["closed_on"] <= due["due"])
    counts = kept.groupby(due["owner"]).agg(actions="size", kept="sum")
    return counts.rename_axis("name").reset_index()


def _count_steps(steps: pd.DataFrame) -> pd.DataFrame:
    """Steps of the month's cycle, those in time, and the mean days of late ones, by owner."""
    late = steps["late_days"].where(steps["late_days"] > 0)
    counts = steps.assign(in_time=late.isna(), late=late).groupby("owner")
    found = counts.agg(
        steps=("late_days", "size"), in_time=("in_time", "sum"), days_late=("late", "mean")
    )
    return found.rename_axis("name").reset_index()
