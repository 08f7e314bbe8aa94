"""What to change next month, each with the evidence for it.

Parameters and what was observed through the month enter; rows of proposals leave, none where nothing calls for one.
The decisions made here: only what was observed is evidence, never a hunch; a habit is only claimed when
chance alone would show it in fewer than one case in twenty; and nothing takes effect by itself: a proposal is
open until a person edits the parameter file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from salesfc_lib.foundation import Parameters, tables
from salesfc_lib.retrospective.accuracy import coverage, history
from salesfc_lib.retrospective.compare import of_stage, score_as, shared_rows, window
from salesfc_lib.retrospective.facts import write_facts
from salesfc_lib.retrospective.habits import changes, people, sign_p
from salesfc_lib.retrospective.members import bottom_series
from salesfc_lib.retrospective.shape import shape

FALLBACK = "recent_mean"
FAILING = 0.5  # share of the series asked for in which a candidate fails
MIN_SERIES = 3
UNUSED_MONTHS = 3  # months in a row without any weight
HABIT = 0.05  # one-sided significance
SHARPER = 2.0  # factor on `combine.power`
BIAS_MONTHS = 3
MIN_FLAGGED = 5
HIGHER = 4 / 3  # factor on the outlier threshold
FLAGGED = 0.03  # share of bottom series-months of the last year
COVERAGE = (0.70, 0.90)  # acceptable for an interval of 80 %
MIN_ROWS = 30  # forecast rows before coverage is judged
MIN_MONTHS = 6
BASELINE = "seasonal_naive"
NO_MONTHS = pd.Series(dtype="datetime64[ns]")


@dataclass(frozen=True)
class Observed:
    """What the unit's archive and this month's run hold; anything may be empty.

    failures and outliers are this month's tables; weights holds the months' tables with a column `made_in`.
    """

    vintages: pd.DataFrame = field(default_factory=lambda: tables.empty("forecast"))
    actual: pd.DataFrame = field(default_factory=lambda: tables.empty("panel"))
    series: pd.DataFrame = field(default_factory=lambda: tables.empty("series"))
    adjustments: pd.DataFrame = field(default_factory=lambda: tables.empty("adjustment"))
    weights: pd.DataFrame = field(
        default_factory=lambda: tables.empty("weights").assign(made_in=NO_MONTHS)
    )
    failures: pd.DataFrame = field(default_factory=lambda: tables.empty("failures"))
    outliers: pd.DataFrame = field(default_factory=lambda: tables.empty("outliers"))


Rule = Callable[[Parameters, Observed, pd.Timestamp], Iterator[dict[str, Any]]]


def proposals(
    parameters: Parameters, observed: Observed, *, month: pd.Timestamp | str
) -> pd.DataFrame:
    """Proposals for the month after `month`, from what was known at its end.

    Table `proposals`: kind ('parameter': key is a dotted key of the parameters; 'practice': key names what
    people should look at), now and proposed (text; as YAML would hold it for a parameter), evidence (which rule),
    facts (JSON), decision ('open'). No rows: nothing observed calls for a change.
    """
    rows = [row for rule in RULES for row in rule(parameters, observed, pd.Timestamp(month))]
    return shape(rows, "proposals")


def propose_failing_candidates(
    parameters: Parameters, observed: Observed, month: pd.Timestamp
) -> Iterator[dict[str, Any]]:
    """Switch off a candidate that failed this month in at least half of the series it was asked for.

    A history that is still too short is no failing: it grows, and earlier cutoffs have less of it.
    """
    rows = observed.failures[observed.failures["cutoff"] == month]
    failed = rows[~rows["error"].str.endswith("needed")].groupby("model")["unique_id"].nunique()
    for name in _switchable(parameters):
        asked, count = _asked(parameters, observed, name), int(failed.get(name, 0))
        if count >= MIN_SERIES and count >= FAILING * asked:
            facts = {"model": name, "failed": count, "of": asked}
            yield _parameter(
                f"candidates.{name}.enabled", ("true", "false"), "candidate_fails", facts
            )


def propose_unused_candidates(
    parameters: Parameters, observed: Observed, month: pd.Timestamp
) -> Iterator[dict[str, Any]]:
    """Switch off a candidate that was weighed in each of the last `UNUSED_MONTHS` months and never got any weight."""
    weights = observed.weights[observed.weights["made_in"] <= month]
    months = sorted(weights["made_in"].unique())[-UNUSED_MONTHS:]
    if len(months) < UNUSED_MONTHS:
        return
    recent = weights[weights["made_in"].isin(months)]
    for name in _switchable(parameters):
        own = recent[recent["model"] == name]
        if own["made_in"].nunique() == UNUSED_MONTHS and own["weight"].max() <= 0:
            facts = {"model": name, "months": UNUSED_MONTHS, "series": own["unique_id"].nunique()}
            yield _parameter(
                f"candidates.{name}.enabled", ("true", "false"), "candidate_unused", facts
            )


def propose_sharper_weights(
    parameters: Parameters, observed: Observed, month: pd.Timestamp
) -> Iterator[dict[str, Any]]:
    """Weigh the better candidates more where the best single model beat their combination in nearly every month."""
    rows = window(observed.vintages, month, 12).query("h == 1")
    rows = rows.merge(bottom_series(observed.series)[["unique_id"]], on="unique_id")
    single, combined = of_stage(rows, "statistical"), of_stage(rows, "combined")
    alone = _error_by_month(shared_rows(single, combined), observed.actual)
    together = _error_by_month(shared_rows(combined, single), observed.actual)
    better = int((alone["numerator"] < together["numerator"]).sum())
    if len(alone) >= MIN_MONTHS and sign_p(better, len(alone)) <= HABIT:
        power = parameters.combine.power
        facts = {
            "months": len(alone),
            "better": better,
            "wape_single": _wape(alone),
            "wape_combined": _wape(together),
        }
        yield _parameter(
            "combine.power", (str(power), str(power * SHARPER)), "single_beats_combination", facts
        )


def propose_questions_to_people(
    parameters: Parameters, observed: Observed, month: pd.Timestamp
) -> Iterator[dict[str, Any]]:
    """A question to an author whose changes lean one way."""
    table = people(
        observed.adjustments,
        observed.actual,
        month=month,
        bias_limit=parameters.retrospective.bias_limit,
    )
    for row in table[table["leans"] != ""].itertuples(index=False):
        count = row.months_too_low if row.leans == "low" else row.months_too_high
        facts = {
            "author": row.author,
            "leans": row.leans,
            "months": row.months,
            "months_beyond": count,
            "bias_with": row.bias_with,
            "bias_without": row.bias_without,
        }
        yield _practice(
            f"overrides: {row.author}", ("as written", "ask for the reason"), "author_leans", facts
        )


def propose_second_signatures(
    _: Parameters, observed: Observed, month: pd.Timestamp
) -> Iterator[dict[str, Any]]:
    """A second signature for the direction in which an author's changes hurt in nearly every month."""
    made = changes(observed.adjustments, observed.actual, month=month)
    direction = (made["change"] > 0).map({True: "raised", False: "lowered"})
    for (author, way), rows in made.groupby(["author", direction]):
        monthly = rows.groupby("ds")["gain"].sum()
        hurt = int((monthly < 0).sum())
        if len(monthly) >= MIN_MONTHS and sign_p(hurt, len(monthly)) <= HABIT:
            facts = {
                "author": author,
                "direction": way,
                "hurt_months": hurt,
                "months": len(monthly),
                "hurt": int((rows["gain"] < 0).sum()),
                "changes": len(rows),
                "gain": rows["gain"].sum(),
            }
            yield _practice(
                f"overrides: {author}", ("as written", "second signature"), "changes_hurt", facts
            )


def propose_bias_review(
    parameters: Parameters, observed: Observed, month: pd.Timestamp
) -> Iterator[dict[str, Any]]:
    """A look at the level of the forecast when it was beyond the agreed bias, the same way, three months running."""
    limit, bottom = parameters.retrospective.bias_limit, bottom_series(observed.series)
    bias = history(observed.vintages, observed.actual, bottom, month=month, months=BIAS_MONTHS)[
        "bias"
    ]
    if len(bias) == BIAS_MONTHS and (bias.min() > limit or bias.max() < -limit):
        facts = {"months": BIAS_MONTHS, "limit": limit, "bias": bias.tolist()}
        yield _practice(
            "bias", (f"{bias.iloc[-1]:+.3f}", f"within {limit}"), "bias_persists", facts
        )


def propose_outlier_threshold(
    parameters: Parameters, observed: Observed, month: pd.Timestamp
) -> Iterator[dict[str, Any]]:
    """A higher threshold where so many months are flagged that they are not outliers."""
    bottom = bottom_series(observed.series)[["unique_id"]]
    judged = len(
        window(observed.actual, month, 12).dropna(subset="y_raw").merge(bottom, on="unique_id")
    )
    flagged = len(window(observed.outliers, month, 12).merge(bottom, on="unique_id"))
    if flagged >= MIN_FLAGGED and flagged > FLAGGED * judged:
        now = parameters.cleaning.outliers.threshold
        facts = {"flagged": flagged, "of": judged, "months": 12}
        yield _parameter(
            "cleaning.outliers.threshold", (str(now), f"{now * HIGHER:.1f}"), "many_outliers", facts
        )


def propose_interval_review(
    _: Parameters, observed: Observed, month: pd.Timestamp
) -> Iterator[dict[str, Any]]:
    """A look at the intervals when the 80 % one held far more or far fewer than 80 % of actuals one month ahead."""
    table = coverage(
        observed.vintages, observed.actual, bottom_series(observed.series), month=month
    ).query("lag == 1")
    for row in table.itertuples(index=False):
        if (
            row.months >= MIN_MONTHS
            and row.n >= MIN_ROWS
            and not COVERAGE[0] <= row.coverage <= COVERAGE[1]
        ):
            facts = {
                "months": row.months,
                "n": row.n,
                "inside": row.inside,
                "coverage": row.coverage,
            }
            yield _practice("intervals", (f"{row.coverage:.3f}", "0.800"), "coverage_off", facts)


def propose_closed_months(
    parameters: Parameters, observed: Observed, month: pd.Timestamp
) -> Iterator[dict[str, Any]]:
    """Say of a month without any source row whether the unit was closed."""
    known = observed.actual[observed.actual["ds"] <= month].groupby("ds")["y_raw"].count()
    declared = list(parameters.calendar.closed_months)
    missing = sorted({f"{ds:%Y-%m}" for ds in known.index[known == 0]} - set(declared))
    if missing:
        change = (write_list(declared), write_list(sorted([*declared, *missing])))
        yield _parameter(
            "calendar.closed_months", change, "months_without_rows", {"months": missing}
        )


RULES: tuple[Rule, ...] = (
    propose_failing_candidates,
    propose_unused_candidates,
    propose_sharper_weights,
    propose_questions_to_people,
    propose_second_signatures,
    propose_bias_review,
    propose_outlier_threshold,
    propose_interval_review,
    propose_closed_months,
)


def write_list(months: list[str]) -> str:
    """A list as one line of YAML.

    >>> write_list(["2026-01", "2026-02"])
    '["2026-01", "2026-02"]'
    """
    return json.dumps(months)


def _switchable(parameters: Parameters) -> list[str]:
    """Enabled candidates except the baseline, and the one that works from the first month on: both must stay."""
    return [
        name
        for name, candidate in parameters.candidates.items()
        if candidate.enabled and name not in (BASELINE, FALLBACK)
    ]


def _asked(parameters: Parameters, observed: Observed, name: str) -> int:
    """Series that a candidate was asked to forecast."""
    levels = parameters.candidates[name].levels
    return len(observed.series) if not levels else int(observed.series["level"].isin(levels).sum())


def _error_by_month(rows: pd.DataFrame, actual: pd.DataFrame) -> pd.DataFrame:
    """Summed absolute error (numerator) and sales (denominator) by month."""
    return (
        score_as(rows, actual, "stage", metrics=["wape"])
        .groupby("ds")[["numerator", "denominator"]]
        .sum()
    )


def _wape(sums: pd.DataFrame) -> float:
    return float(sums["numerator"].sum() / (sums["denominator"].sum() or math.nan))


def _parameter(
    key: str, change: tuple[str, str], evidence: str, facts: dict[str, Any]
) -> dict[str, Any]:
    return {
        "kind": "parameter",
        "key": key,
        "now": change[0],
        "proposed": change[1],
        "evidence": evidence,
        "facts": write_facts(**facts),
        "decision": "open",
    }


def _practice(
    key: str, change: tuple[str, str], evidence: str, facts: dict[str, Any]
) -> dict[str, Any]:
    return _parameter(key, change, evidence, facts) | {"kind": "practice"}
