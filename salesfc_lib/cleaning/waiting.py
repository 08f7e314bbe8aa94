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
from salesfc_lib.foundation import Parameters, label_months, language, say, text_of

MOST_MONTHS = 4  # that are told one by one


def describe_waiting(
    done: Standardised, parameters: Parameters, unit: str, project: Path | None = None
) -> str:
    """Rows and money that the latest closed month leaves out, by month, and the line and command
    that take them in, in the reader's language; '' where nothing is left out.
    """
    if done.latest is pd.NaT:
        return ""
    closed = closed_through(parameters, done.covered)
    batch = take_later(drop_cancelled(done.batch, closed), closed, closed)
    entries = [as_objects(part) for part in batch.entries if part["rule"].iloc[0] == AFTER_MONTH]
    if not entries:
        return ""
    later = pd.concat(entries)
    told = [
        say("waiting.month", month=f"{month:%Y-%m}", count=_count(part, batch))
        for month, part in later.groupby("month")
    ]
    months = say("waiting.months", months=told)
    if (more := len(told) - MOST_MONTHS) > 0:
        months = say("waiting.months.more", months=told[:MOST_MONTHS], more=more)
    if len(told) > 1:
        months = say("waiting.sum", count=_count(later, batch), months=months)
    how = say("waiting.none", closed=closed)
    if following := _find_following(done, parameters, closed):
        command = f"salesfc run --unit {unit} --set calendar.closed_through={following}"
        if project is not None and project.resolve() != Path.cwd():
            command += f" --project {shlex.quote(str(project))}"
        facts = {"unit": unit, "command": command, "line": write_closed(following)}
        how = say("waiting.following", following=following, **facts)
    with language.speaking(language.of_reader()):
        return text_of("waiting", closed=closed, months=months, how=how)


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
        say(f"waiting.{name}", total=Decimal(units).scaleb(-batch.scales[name]))
        for name in MEASURES
        if (units := entries[name].sum())
    ]
    rows = say("cleaning.count.rows", n=int(entries["rows"].sum()))
    return say("waiting.count", parts=[rows, *shown])
