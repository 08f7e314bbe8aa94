"""The retrospective step: archived forecasts against actuals, and what to change."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pandas as pd

from salesfc_lib.archive import UnitMonth, list_months
from salesfc_lib.reporting import RETROSPECTIVE_TABLES, Check, ComparedMonth
from salesfc_lib.steps.checks import read_if_any

CENT = 0.005
EXACT = 1e-9  # gap, as a share of actuals, that rounding may leave between causes and difference

# of what months of an earlier version lack
LATER = (
    *("lag_history", "revision", "kpis", "answers", "actions", "decisions", "decided"),
    *("attribution", "drill", "price_volume_mix", "customer_change", "decomposition_rules"),
    *("habits", "scorecards", "stretch"),
)


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
        _check_decomposition(found),
    )
    series, bottom = run.read("series"), run.parameters.bottom
    return ComparedMonth(found, improvement, series, months, run.cutoff, bottom, checks)


def _check_decomposition(found: Mapping[str, pd.DataFrame]) -> Check:
    """Check that every decomposition sums to the difference, to the cent."""
    difference, tree = found["missed"]["difference"], found["drill"]
    parts = [rows["difference"] for _, rows in found["attribution"].groupby("dimension")]
    parts += [tree.loc[~tree["path"].isin(tree["parent"]), "difference"]]
    parts += [found["customer_change"]["difference"], -found["price_volume_mix"]["effect"]]
    gap = max((abs(part.sum() - difference.sum()) for part in parts if len(part)), default=0.0)
    name = "Members, names, prices and customers sum to the difference"
    exact = bool(gap <= max(CENT, EXACT * found["missed"]["actual"].abs().sum()))
    return Check(name, exact, f"left: {gap:.2e}")
