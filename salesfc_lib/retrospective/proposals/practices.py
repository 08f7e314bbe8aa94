"""Proposals on what people do: an author's changes, the level of the forecast, the intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from salesfc_lib.foundation import say
from salesfc_lib.retrospective.accuracy import coverage, history
from salesfc_lib.retrospective.habits import judge_overrides, sign_p
from salesfc_lib.retrospective.proposals.gain import CROSSED, judge
from salesfc_lib.retrospective.proposals.observed import (
    MIN_MONTHS,
    SIGNIFICANT,
    Observed,
    Rows,
    change_practice,
)

BIAS_MONTHS = 3
TREATMENTS = ("proposal.refuse", "proposal.halve", "proposal.shift")
COVERAGE = (0.70, 0.90)  # acceptable for an interval of 80 %
MIN_ROWS = 30  # forecast rows before coverage is judged


def propose_questions_to_people(observed: Observed) -> Rows:
    """A question to an author whose overrides are biased."""
    table, made = observed.people, judge_overrides(observed)
    for row in table[table["leans"] != ""].to_dict("records"):
        names = ("author", "leans", "months", "bias_with", "bias_without")
        facts = {name: row[name] for name in names}
        facts["months_beyond"] = row[f"months_too_{row['leans']}"]
        treatment, gain = _try_treatments(made[made["author"] == row["author"]], TREATMENTS)
        yield _ask_author(treatment or say("proposal.ask"), "author_leans", **facts) | gain


def propose_second_signatures(observed: Observed) -> Rows:
    """A second signature for the direction in which an author's changes nearly always hurt.

    Authors and directions are tried together, so that of many who do no harm none is named by
    chance (Benjamini and Hochberg 1995, https://doi.org/10.1111/j.2517-6161.1995.tb02031.x).
    """
    from scipy import stats

    made = judge_overrides(observed)
    direction = (made["change"] > 0).map({True: "raised", False: "lowered"})
    tried = []
    for (author, way), rows in made.groupby(["author", direction]):
        monthly = rows.groupby("ds")["gain"].sum()
        hurt, months = int((monthly < 0).sum()), len(monthly)
        facts = {"author": author, "direction": way, "hurt_months": hurt, "months": months}
        facts |= {"hurt": int((rows["gain"] < 0).sum()), "changes": len(rows)}
        if months >= MIN_MONTHS:
            tried.append((sign_p(hurt, months), rows, facts | {"gain": rows["gain"].sum()}))
    chances = stats.false_discovery_control([p for p, _, _ in tried]) if tried else []
    for chance, (_, rows, facts) in zip(chances, tried, strict=True):
        if chance <= SIGNIFICANT:
            _, gain = _try_treatments(rows, ("proposal.refuse",))
            yield _ask_author(say("proposal.signature"), "changes_hurt", **facts) | gain


def propose_bias_review(observed: Observed) -> Rows:
    """A look at the level of the forecast after three months beyond the agreed bias, one way."""
    limit = observed.parameters.retrospective.bias_limit
    bias = history(observed.at_the_bottom, month=observed.month, months=BIAS_MONTHS)["bias"]
    if len(bias) == BIAS_MONTHS and (bias.min() > limit or bias.max() < -limit):
        facts = {"months": BIAS_MONTHS, "limit": limit, "bias": bias.tolist()}
        now, proposed = f"{bias.iloc[-1]:+.3f}", say("proposal.within", limit=limit)
        yield change_practice("bias", now, proposed, "bias_persists", **facts)


def propose_interval_review(observed: Observed) -> Rows:
    """A look at the intervals when the 80 % one was far too wide or narrow one month ahead."""
    table = coverage(observed.at_the_bottom, month=observed.month)
    for row in table[table["lag"] == 1].to_dict("records"):
        judged = row["months"] >= MIN_MONTHS and row["n"] >= MIN_ROWS
        if judged and not COVERAGE[0] <= row["coverage"] <= COVERAGE[1]:
            facts = {name: row[name] for name in ("months", "n", "inside", "coverage")}
            now = f"{row['coverage']:.3f}"
            yield change_practice("intervals", now, "0.800", "coverage_off", **facts)


def _ask_author(proposed: str, evidence: str, *, author: object, **facts: Any) -> dict[str, Any]:
    key, now = f"overrides: {author}", say("proposal.as_written")
    return change_practice(key, now, proposed, evidence, author=author, **facts)


def _try_treatments(rows: pd.DataFrame, names: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """What should have become of an author's changes (of `judge_overrides`), and its gain.

    The treatment with the least error; its gain is measured on each half of the months with what
    the other half chose, so that no month chooses for itself. None where it is not known.
    """
    months = sorted(rows["ds"].unique())
    older = rows["ds"].isin(months[: len(months) // 2])
    treated = [_treat(rows[half], *_choose(rows[~half], names)) for half in (older, ~older)]
    pair = {"y_hat": rows["final"], "y_hat_proposed": pd.concat(treated), "y_raw": rows["actual"]}
    gain = judge(rows.assign(**pair, cutoff=rows["made_in"]), months=CROSSED)
    best, bias = _choose(rows, names)
    return ("" if gain["remark"] else say(best, by=-bias)), gain


def _choose(rows: pd.DataFrame, names: Sequence[str]) -> tuple[str, float]:
    """The treatment with the least error, and the bias of what was published."""
    bias = float((rows["final"] - rows["actual"]).sum() / (rows["final"].sum() or math.nan))
    error = {name: (_treat(rows, name, bias) - rows["actual"]).abs().sum() for name in names}
    return min(error, key=lambda name: error[name]), bias


def _treat(rows: pd.DataFrame, name: str, bias: float) -> pd.Series:
    """Forecasts with an author's changes left out or halved, or shifted by the bias."""
    left = {"proposal.refuse": 0.0, "proposal.halve": 0.5}
    if name in left:
        return rows["without"] + left[name] * rows["change"]
    return rows["final"] * (1 - bias)
