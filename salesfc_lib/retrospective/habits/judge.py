"""All tests of habits on all people and segments, with what chance explains taken out.

Among many tests some are beyond chance by chance. So p-values are adjusted over all subjects and
all tests together (Benjamini and Hochberg 1995, https://doi.org/10.1111/j.2517-6161.1995.tb02031.x),
those of habits apart from those of gains, because real gains must not make it easier to suspect
people. What is flagged is a question to ask, not an answer: nobody's reasons are in these tables.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from scipy.stats import false_discovery_control

from salesfc_lib.foundation import tables
from salesfc_lib.retrospective.facts import write_facts
from salesfc_lib.retrospective.habits.conduct import SUBJECT, Conduct
from salesfc_lib.retrospective.habits.counting import count_months
from salesfc_lib.retrospective.habits.direction import enforcing, overstating, sandbagging
from salesfc_lib.retrospective.habits.finding import Finding
from salesfc_lib.retrospective.habits.gains import peoples_gain, stages_gain
from salesfc_lib.retrospective.habits.hands import second_guessing
from salesfc_lib.retrospective.habits.size import copy_forward, hedging, smoothing
from salesfc_lib.retrospective.habits.timing import late_changes, withholding

HABITS: dict[str, Callable[[Conduct], Finding]] = {
    "sandbagging": sandbagging,
    "overstating": overstating,
    "enforcing": enforcing,
    "hedging": hedging,
    "smoothing": smoothing,
    "copy_forward": copy_forward,
    "second_guessing": second_guessing,
    "withholding": withholding,
    "late_changes": late_changes,
}
GAINS: dict[str, Callable[[Conduct], Finding]] = {
    "peoples_gain": peoples_gain,
    "stages_gain": stages_gain,
}
MIN_MONTHS = 7  # fewer months of one sign are not beyond 1 in 100
RATE = 0.05  # false flags among flags


def judge_habits(conduct: Conduct) -> pd.DataFrame:
    """Table `habits`: each test of each subject with `MIN_MONTHS` months for all parts of it.

    months and statistic (share of them that speak for the habit) are those of the part that speaks
    least; p is the chance of it where nothing but chance is at work, p_adjusted that over all
    tests of the family. flagged: p_adjusted at most `RATE`, and large enough to matter.
    """
    found = [adjust(run_tests(family, conduct)) for family in (HABITS, GAINS)]
    return tables.build(pd.concat(found, ignore_index=True), "habits")


def run_tests(family: dict[str, Callable[[Conduct], Finding]], conduct: Conduct) -> pd.DataFrame:
    """Rows of table `habits` but for p_adjusted and flagged, and whether each is material."""
    return pd.concat(
        [_run(name, test(conduct)) for name, test in family.items()], ignore_index=True
    )


def adjust(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with p-values adjusted over all of them, and flagged where those are small."""
    p = false_discovery_control(rows["p"]) if len(rows) else rows["p"]
    return rows.assign(p_adjusted=p, flagged=rows["material"].astype(bool) & (p <= RATE))


def _run(test: str, finding: Finding) -> pd.DataFrame:
    counts = {
        part: count_months(finding.signs[part], chance=finding.chance) for part in finding.signs
    }
    parts = pd.concat(counts, names=["part"]).reset_index("part")
    enough = parts.groupby(SUBJECT)["months"].min() >= MIN_MONTHS
    least = parts.sort_values("p", kind="stable").groupby(SUBJECT).last()[lambda _: enough]
    wide = {part: counted["hits"] for part, counted in counts.items()}
    wide |= {f"{part}_of": counted["months"] for part, counted in counts.items()}
    facts = pd.concat([finding.facts, pd.DataFrame(wide)], axis=1).reindex(least.index)
    rows = least.reset_index()
    return rows.assign(
        test=test,
        statistic=rows["hits"] / rows["months"],
        material=finding.material.reindex(least.index, fill_value=False).to_numpy(dtype=bool),
        facts=[write_facts(**row) for row in facts.to_dict("records")],
    )
