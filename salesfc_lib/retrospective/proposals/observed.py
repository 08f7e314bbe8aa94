"""What to change next month, each with the evidence for it.

Only what was observed is evidence, and a pattern is only claimed when chance alone would show it in
fewer than one case in twenty. Nothing takes effect by itself: a proposal is open until a person
edits the parameter file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import pandas as pd

from salesfc_lib.foundation import SEASON, Parameters, say, schema, tables
from salesfc_lib.retrospective.accuracy import coverage, history
from salesfc_lib.retrospective.compare import Past, no_rows, of_stage, score_as, shared_rows, window
from salesfc_lib.retrospective.facts import write_facts
from salesfc_lib.retrospective.members import bottom_series
from salesfc_lib.retrospective.override_bias import judge_overrides, override_bias, sign_p

FALLBACK, BASELINE = "recent_mean", "seasonal_naive"
FAILING = 0.5  # share of the series asked for in which a candidate fails
MIN_SERIES = 3
UNUSED_MONTHS = 3  # months in a row without any weight
SIGNIFICANT = 0.05  # one-sided
SHARPER = 2.0  # factor on `combine.power`
BIAS_MONTHS = 3
MIN_FLAGGED = 5
HIGHER = 4 / 3  # factor on the outlier threshold
FLAGGED = 0.03  # share of bottom series-months of the last year
COVERAGE = (0.70, 0.90)  # acceptable for an interval of 80 %
MIN_ROWS = 30  # forecast rows before coverage is judged
MIN_MONTHS = 6


@dataclass(frozen=True, kw_only=True)
class Observed(Past):
    """What the unit's archive and this month's run hold; any table may be empty.

    month: the month reviewed; failures and outliers are its tables; weights holds the months'
    tables with a column `made_in` where it has rows.
    """

    parameters: Parameters
    month: pd.Timestamp
    adjustments: pd.DataFrame = no_rows("adjustment")
    weights: pd.DataFrame = no_rows("weights")
    failures: pd.DataFrame = no_rows("failures")
    outliers: pd.DataFrame = no_rows("outliers")

    @property
    def at_the_bottom(self) -> Past:
        """What there is of the bottom series."""
        return Past(self.vintages, self.actual, bottom_series(self.series))


Rows = Iterator[dict[str, Any]]


def propose(observed: Observed) -> pd.DataFrame:
    """Proposals for the month after, from what was known at the end of the month reviewed.

    Table `proposals`: kind ('parameter': key is a dotted key of the parameters; 'practice': key
    names what people should look at), now and proposed (text, as YAML would hold it for a
    parameter; else what `say` kept, or a number), evidence (which rule), facts (JSON), decision
    ('open').
    """
    return tables.build([row for rule in RULES for row in rule(observed)], "proposals")


def propose_failing_candidates(observed: Observed) -> Rows:
    """Switch off a candidate that failed this month in half of the series it was asked for.

    A candidate is not asked for a series of too short a history, so that this is no failing;
    earlier cutoffs have less history and do not count.
    """
    rows = observed.failures[observed.failures["cutoff"] == observed.month]
    failed = rows.groupby("model")["unique_id"].nunique()
    for name in _list_switchable(observed.parameters):
        levels = observed.parameters.candidates[name].levels
        asked = observed.series["level"].isin(levels).sum() if levels else len(observed.series)
        count = int(failed.get(name, 0))
        if count >= MIN_SERIES and count >= FAILING * asked:
            yield _switch_off(name, "candidate_fails", failed=count, of=asked)


def propose_unused_candidates(observed: Observed) -> Rows:
    """Switch off a candidate that had no weight in any of the last `UNUSED_MONTHS` months."""
    weights = observed.weights
    if weights.empty:
        return
    weights = weights[weights["made_in"] <= observed.month]
    months = sorted(weights["made_in"].unique())[-UNUSED_MONTHS:]
    if len(months) < UNUSED_MONTHS:
        return
    recent = weights[weights["made_in"].isin(months)]
    for name in _list_switchable(observed.parameters):
        own = recent[recent["model"] == name]
        if own["made_in"].nunique() == UNUSED_MONTHS and own["weight"].max() <= 0:
            facts = {"months": UNUSED_MONTHS, "series": own["unique_id"].nunique()}
            yield _switch_off(name, "candidate_unused", **facts)


def propose_sharper_weights(observed: Observed) -> Rows:
    """Weigh the better candidates more where the best single model nearly always beat the mix."""
    rows = window(observed.vintages, observed.month, SEASON).query("h == 1")
    rows = rows.merge(bottom_series(observed.series)[["unique_id"]], on="unique_id")
    single, combined = of_stage(rows, "statistical"), of_stage(rows, "combined")
    alone = _error_by_month(shared_rows(single, combined), observed.actual)
    together = _error_by_month(shared_rows(combined, single), observed.actual)
    better = int((alone["numerator"] < together["numerator"]).sum())
    if len(alone) >= MIN_MONTHS and sign_p(better, len(alone)) <= SIGNIFICANT:
        facts: dict[str, Any] = {"months": len(alone), "better": better}
        facts |= {"wape_single": _wape(alone), "wape_combined": _wape(together)}
        now, proposed = (str(observed.parameters.combine.power * times) for times in (1, SHARPER))
        yield _parameter("combine.power", now, proposed, "single_beats_combination", **facts)


def propose_questions_to_people(observed: Observed) -> Rows:
    """A question to an author whose overrides are biased."""
    limit, month = observed.parameters.retrospective.bias_limit, observed.month
    table = override_bias(observed.adjustments, observed.actual, month=month, bias_limit=limit)
    for row in table[table["leans"] != ""].to_dict("records"):
        names = ("author", "leans", "months", "bias_with", "bias_without")
        facts = {name: row[name] for name in names}
        facts["months_beyond"] = row[f"months_too_{row['leans']}"]
        yield _ask_author("proposal.ask", "author_leans", **facts)


def propose_second_signatures(observed: Observed) -> Rows:
    """A second signature for the direction in which an author's changes nearly always hurt."""
    made = judge_overrides(observed.adjustments, observed.actual, month=observed.month)
    direction = (made["change"] > 0).map({True: "raised", False: "lowered"})
    for (author, way), rows in made.groupby(["author", direction]):
        monthly = rows.groupby("ds")["gain"].sum()
        hurt, months = int((monthly < 0).sum()), len(monthly)
        if months >= MIN_MONTHS and sign_p(hurt, months) <= SIGNIFICANT:
            facts = {"author": author, "direction": way, "hurt_months": hurt, "months": months}
            facts |= {"hurt": int((rows["gain"] < 0).sum()), "changes": len(rows)}
            facts |= {"gain": rows["gain"].sum()}
            yield _ask_author("proposal.signature", "changes_hurt", **facts)


def propose_bias_review(observed: Observed) -> Rows:
    """A look at the level of the forecast after three months beyond the agreed bias, one way."""
    limit = observed.parameters.retrospective.bias_limit
    bias = history(observed.at_the_bottom, month=observed.month, months=BIAS_MONTHS)["bias"]
    if len(bias) == BIAS_MONTHS and (bias.min() > limit or bias.max() < -limit):
        facts = {"months": BIAS_MONTHS, "limit": limit, "bias": bias.tolist()}
        now, proposed = f"{bias.iloc[-1]:+.3f}", say("proposal.within", limit=limit)
        yield _practice("bias", now, proposed, "bias_persists", **facts)


def propose_outlier_threshold(observed: Observed) -> Rows:
    """A higher threshold where so many months are flagged that they are not outliers."""
    bottom = bottom_series(observed.series)[["unique_id"]]
    known = window(observed.actual, observed.month, SEASON).dropna(subset="y_raw")
    judged = len(known.merge(bottom, on="unique_id"))
    flagged = len(window(observed.outliers, observed.month, SEASON).merge(bottom, on="unique_id"))
    if flagged >= MIN_FLAGGED and flagged > FLAGGED * judged:
        now = observed.parameters.cleaning.outliers.threshold
        key, proposed = "cleaning.outliers.threshold", f"{now * HIGHER:.1f}"
        row = partial(_parameter, key, str(now), proposed, "many_outliers")
        yield row(flagged=flagged, of=judged, months=SEASON)


def propose_interval_review(observed: Observed) -> Rows:
    """A look at the intervals when the 80 % one was far too wide or narrow one month ahead."""
    table = coverage(observed.at_the_bottom, month=observed.month)
    for row in table[table["lag"] == 1].to_dict("records"):
        judged = row["months"] >= MIN_MONTHS and row["n"] >= MIN_ROWS
        if judged and not COVERAGE[0] <= row["coverage"] <= COVERAGE[1]:
            facts = {name: row[name] for name in ("months", "n", "inside", "coverage")}
            now = f"{row['coverage']:.3f}"
            yield _practice("intervals", now, "0.800", "coverage_off", **facts)


def propose_closed_months(observed: Observed) -> Rows:
    """Declare of a month without any source row whether the unit was closed."""
    actual = observed.actual[observed.actual["ds"] <= observed.month]
    known = actual.groupby("ds")["y_raw"].count()
    declared = list(observed.parameters.calendar.closed_months)
    missing = sorted({f"{ds:%Y-%m}" for ds in known.index[known == 0]} - set(declared))
    if missing:
        now, proposed = json.dumps(declared), json.dumps(sorted([*declared, *missing]))
        key = "calendar.closed_months"
        yield _parameter(key, now, proposed, "months_without_rows", months=missing)


def propose_trading_weekdays(observed: Observed) -> Rows:
    """Other weekdays to count, where the bottom series' months follow those."""
    from salesfc_lib.forecasting import align, find_booked_days

    known = observed.at_the_bottom
    actual = known.actual[["unique_id", "ds", "y_raw"]].rename(columns={"y_raw": "y"})
    actual = actual.merge(known.series[["unique_id"]], on="unique_id")
    history = align(actual, horizon=1, end=observed.month)
    calendar = observed.parameters.calendar
    mask = find_booked_days(history.y, history.last, calendar.weekmask)
    if calendar.kind == "months" and mask != calendar.weekmask:
        named = zip(get_args(schema.Weekday), mask, strict=True)
        days = [day for day, counts in named if counts == "1"]
        now, proposed = (f"[{', '.join(each)}]" for each in (calendar.trading_weekdays, days))
        yield _parameter("calendar.trading_weekdays", now, proposed, "booked_days", days=days)


RULES: tuple[Callable[[Observed], Rows], ...] = (
    propose_failing_candidates,
    propose_unused_candidates,
    propose_sharper_weights,
    propose_questions_to_people,
    propose_second_signatures,
    propose_bias_review,
    propose_outlier_threshold,
    propose_interval_review,
    propose_closed_months,
    propose_trading_weekdays,
)


def _list_switchable(parameters: Parameters) -> list[str]:
    """Enabled candidates except those that must stay: the baseline and the short-history one."""
    enabled = [name for name, candidate in parameters.candidates.items() if candidate.enabled]
    return [name for name in enabled if name not in (BASELINE, FALLBACK)]


def _error_by_month(rows: pd.DataFrame, actual: pd.DataFrame) -> pd.DataFrame:
    """Summed absolute error (numerator) and sales (denominator) by month."""
    scores = score_as(rows, actual, "stage", metrics=["wape"])
    return scores.groupby("ds")[["numerator", "denominator"]].sum()


def _wape(sums: pd.DataFrame) -> float:
    return float(sums["numerator"].sum() / (sums["denominator"].sum() or math.nan))


def _parameter(
    key: str, now: str, proposed: str, evidence: str, kind: str = "parameter", **facts: Any
) -> dict[str, Any]:
    row = {"kind": kind, "key": key, "now": now, "proposed": proposed, "evidence": evidence}
    return row | {"facts": write_facts(**facts), "decision": "open"}


_practice = partial(_parameter, kind="practice")


def _switch_off(model: str, evidence: str, **facts: Any) -> dict[str, Any]:
    key = f"candidates.{model}.enabled"
    return _parameter(key, "true", "false", evidence, model=model, **facts)


def _ask_author(proposed: str, evidence: str, *, author: object, **facts: Any) -> dict[str, Any]:
    key = f"overrides: {author}"
    now, proposed = say("proposal.as_written"), say(proposed)
    return _practice(key, now, proposed, evidence, author=author, **facts)
