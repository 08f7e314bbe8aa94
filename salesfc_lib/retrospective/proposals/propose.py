"""What to change next month, each with the evidence for it and what it would have gained.

Only what was observed is evidence, and a pattern is only claimed when chance alone would show it in
fewer than one case in twenty. What it would have gained is measured by running the affected steps
again. Nothing takes effect by itself: a proposal is open until a person accepts it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Protocol

import pandas as pd

from salesfc_lib.foundation import parse_yaml, say, tables
from salesfc_lib.retrospective.proposals.business import (
    propose_closed_months,
    propose_festivals,
    propose_outlier_threshold,
    propose_promotion_window,
    propose_trading_weekdays,
)
from salesfc_lib.retrospective.proposals.decided import settle
from salesfc_lib.retrospective.proposals.gain import LEAST, unmeasured
from salesfc_lib.retrospective.proposals.models import (
    propose_costly_candidates,
    propose_failing_candidates,
    propose_hierarchy_method,
    propose_sharper_weights,
    propose_unused_candidates,
)
from salesfc_lib.retrospective.proposals.observed import Observed, Rows
from salesfc_lib.retrospective.proposals.practices import (
    propose_bias_review,
    propose_interval_review,
    propose_questions_to_people,
    propose_second_signatures,
)

RULES: tuple[Callable[[Observed], Rows], ...] = (
    propose_failing_candidates,
    propose_unused_candidates,
    propose_costly_candidates,
    propose_sharper_weights,
    propose_hierarchy_method,
    propose_questions_to_people,
    propose_second_signatures,
    propose_bias_review,
    propose_outlier_threshold,
    propose_interval_review,
    propose_closed_months,
    propose_trading_weekdays,
    propose_promotion_window,
    propose_festivals,
)
# evidence from all months, far beyond chance: it leaves none apart, and no more than a few months
# a year move, so that the gain's own noise is no reason to doubt it
OF_ALL_MONTHS = ("booked_days", "festival_missing")
SHORT = 4  # hexadecimal digits that tell proposals of a month and key apart


class Measuring(Protocol):
    """What measures the gain of a parameter's change, as `rerun.Rerun`."""

    def measure(self, key: str, value: Any, *, since: pd.Timestamp | None) -> dict[str, Any]: ...


def propose(
    observed: Observed,
    *,
    unit: str = "",
    rerun: Measuring | None = None,
    decided: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Table `proposals` for the month after, from what was known at the end of the month reviewed.

    Those worth a decision come first. Without `rerun` no gain of a parameter is measured; what was
    `decided` (of `read_decided`) is not proposed again.
    """
    rows: dict[str, dict[str, Any]] = {}
    for row in (each for rule in RULES for each in rule(observed)):
        name = _name(row, observed, unit)
        taken = {each["key"] for each in rows.values() if each["kind"] == "parameter"}
        if row["key"] not in taken:
            rows[name] = _measure(row, observed, rerun) | {"id": name}
    known = pd.DataFrame() if decided is None else decided
    left = [settled for row in rows.values() if (settled := settle(row, known))]
    return tables.build(sorted(left, key=lambda row: row["decision"] != "open"), "proposals")


def _measure(row: dict[str, Any], observed: Observed, rerun: Measuring | None) -> dict[str, Any]:
    """The row with its gain: a practice brings its own."""
    if row["kind"] != "parameter":
        return unmeasured(say("proposal.a_look")) | row
    if rerun is None:
        return row | unmeasured(say("proposal.not_rerun"))
    proven, value = row["evidence"] in OF_ALL_MONTHS, parse_yaml(row["proposed"])
    gain = rerun.measure(row["key"], value, since=None if proven else observed.since)
    return row | gain | ({"decision": "open"} if proven and gain["gain"] >= LEAST else {})


def _name(row: dict[str, Any], observed: Observed, unit: str) -> str:
    """A short name that stays: month, key, and digits of what it would change in which unit.

    >>> row = {"key": "combine.power", "now": "4.0", "proposed": "8.0", "evidence": "few"}
    >>> _name(row, Observed(parameters=None, month=pd.Timestamp("2026-06-01")), "kitchen")
    '2026-06-combine.power-3124'
    """
    what = "\0".join([unit, *(row[name] for name in ("key", "now", "proposed", "evidence"))])
    digits = hashlib.sha256(what.encode()).hexdigest()[:SHORT]
    return f"{observed.month:%Y-%m}-{row['key'].partition(':')[0]}-{digits}"
