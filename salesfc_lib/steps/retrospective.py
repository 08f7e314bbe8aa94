"""The retrospective step: archived forecasts against actuals, and what to change."""

from __future__ import annotations

import json

from salesfc_lib.archive import UnitMonth, list_months
from salesfc_lib.reporting import RETROSPECTIVE_TABLES, Check, ComparedMonth
from salesfc_lib.steps.checks import read_if_any

EXACT = 1e-9  # gap, as a share of actuals, that rounding may leave between causes and difference

# of what months of an earlier version lack
LATER = ("lag_history", "revision", "kpis", "answers", "actions", "decisions", "decided")


def retrospect(run: UnitMonth) -> ComparedMonth:
    """Compare archived forecasts with actuals; what the step wrote comes back."""
    from salesfc_lib.retrospective import compare_with_archive

    run.write(**compare_with_archive(run))
    return read_compared(run)


def read_compared(run: UnitMonth) -> ComparedMonth:
    """What the retrospective left."""
    found = {name: run.read(name) for name in RETROSPECTIVE_TABLES}
    found |= {name: read_if_any(run, name) for name in LATER}
    missed, improvement = found["missed"], json.loads(found["improvement"]["facts"].iloc[0])
    months = len([each for each in list_months(run.reports, run.unit) if each < run.month])
    gap = found["difference"]["effect"].sum() - (missed["actual"] - missed["forecast"]).sum()
    closes = bool(abs(gap) <= EXACT * max(missed["actual"].abs().sum(), 1.0))
    earlier = bool((missed["cutoff"] < run.cutoff).all())
    published = "Only what was published before this month is scored"
    checks = (
        Check("Causes take the forecast to the actual exactly", closes, f"left: {gap:.2e}"),
        Check(published, earlier, f"{months} earlier months"),
    )
    series, bottom = run.read("series"), run.parameters.bottom
    return ComparedMonth(found, improvement, series, months, run.cutoff, bottom, checks)
