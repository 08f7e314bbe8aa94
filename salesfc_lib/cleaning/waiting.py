"""What is left out because its month is not closed, and how it is taken in.

Standardised lines and parameters enter; one sentence leaves, which `init`, `scan` and `run` say.
"""

from __future__ import annotations

import shlex
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from salesfc_lib.cleaning.batch.batch import MEASURES, Batch, as_objects
from salesfc_lib.cleaning.batch.exceptions import AFTER_MONTH
from salesfc_lib.cleaning.clean import Standardised
from salesfc_lib.cleaning.closed_months import closed_through, take_later, write_closed
from salesfc_lib.cleaning.rules.cancellations import drop_cancelled
from salesfc_lib.foundation import Parameters, label_months, wording

MOST_MONTHS = 4  # that are told one by one


def describe_waiting(
    done: Standardised, parameters: Parameters, unit: str, project: Path | None = None
) -> str:
    """Rows and money that the latest closed month leaves out, by month, and the line and command
    that take them in; '' where nothing is left out.
    """
    if done.latest is pd.NaT:
        return ""
    closed = closed_through(parameters, done.covered)
    batch = take_later(drop_cancelled(done.batch, closed), closed, closed)
    entries = [as_objects(part) for part in batch.entries if part["rule"].iloc[0] == AFTER_MONTH]
    if not entries:
        return ""
    later = pd.concat(entries)
    told = [f"{month:%Y-%m} ({_count(part, batch)})" for month, part in later.groupby("month")]
    more = f" and {len(told) - MOST_MONTHS} more months" if len(told) > MOST_MONTHS else ""
    if len(told) > 1:
        told[0] = f"{_count(later, batch)}: {told[0]}"
    text = f"{closed} is the latest closed month. Left out: "
    text += f"{', '.join(told[:MOST_MONTHS])}{more}. "
    following = _find_following(done, parameters, closed)
    if not following:
        return (
            f"{text}No month after {closed} has rows enough to have begun: correct dates that are "
            "wrong, others count in their own month."
        )
    command = f"salesfc run --unit {unit} --set calendar.closed_through={following}"
    if project is not None and project.resolve() != Path.cwd():
        command += f" --project {shlex.quote(str(project))}"
    return (
        f"{text}Where {following} is complete, `{write_closed(following)}` in "
        f"parameters/units/{unit}.yml takes it in, once only `{command}`."
    )


def _find_following(done: Standardised, parameters: Parameters, closed: str) -> str:
    """The month after `closed` that may be closed next: the latest whose rows are complete, else
    the latest that has begun; '' where there is none.
    """
    days = np.array([done.covered, done.latest], dtype="datetime64[D]") + [1, 0]
    after, begun = label_months(days, parameters.calendar)
    return next((str(month) for month in (after - 1, begun) if str(month) > closed), "")


def _count(entries: pd.DataFrame, batch: Batch) -> str:
    """Rows of ledger entries, and their sums other than zero."""
    shown = [
        f"{name} {Decimal(units).scaleb(-batch.scales[name]):,f}"
        for name in MEASURES
        if (units := entries[name].sum())
    ]
    return ", ".join([wording.plural(int(entries["rows"].sum()), "row"), *shown])
