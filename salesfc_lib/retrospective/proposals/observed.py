"""What proposals rest on, and how one is written down before its gain is measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from salesfc_lib.foundation import SEASON, Parameters
from salesfc_lib.retrospective.compare import Past, no_rows
from salesfc_lib.retrospective.facts import write_facts
from salesfc_lib.retrospective.habits import Conduct, describe_people, judge_habits
from salesfc_lib.retrospective.members import bottom_series

SIGNIFICANT = 0.05  # one-sided
MIN_MONTHS = 6

Rows = Iterator[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Observed(Conduct):
    """What the unit's archive and this month's run hold; any table may be empty.

    Beside people's conduct: failures and outliers are the month's tables; weights holds the months'
    tables with a column `made_in` where it has rows, candidates what each candidate of these months
    forecast one month ahead; transactions (of the last year) and promotion are the month's.
    """

    parameters: Parameters
    weights: pd.DataFrame = no_rows("weights")
    candidates: pd.DataFrame = no_rows("candidate_forecast")
    failures: pd.DataFrame = no_rows("failures")
    outliers: pd.DataFrame = no_rows("outliers")
    transactions: pd.DataFrame = no_rows("transactions")
    promotion: pd.DataFrame = no_rows("promotion")

    @cached_property
    def habits(self) -> pd.DataFrame:
        """Table `habits`."""
        return judge_habits(self)

    @cached_property
    def people(self) -> pd.DataFrame:
        """Table `people`."""
        return describe_people(self, self.habits)

    @property
    def at_the_bottom(self) -> Past:
        """What there is of the bottom series."""
        return Past(self.vintages, self.actual, bottom_series(self.series))

    @property
    def since(self) -> pd.Timestamp:
        """First of the months in which proposals are looked for."""
        return self.month - pd.DateOffset(months=SEASON - 1)


def change_parameter(key: str, now: str, proposed: str, evidence: str, **facts: Any) -> Any:
    """A proposal for a dotted key; now and proposed as YAML would hold them."""
    row = {"key": key, "now": now, "proposed": proposed, "evidence": evidence}
    return row | {"kind": "parameter", "facts": write_facts(**facts)}


def change_practice(key: str, now: str, proposed: str, evidence: str, **facts: Any) -> Any:
    """A proposal for what people do; now and proposed: a number, or what `say` kept."""
    return change_parameter(key, now, proposed, evidence, **facts) | {"kind": "practice"}
