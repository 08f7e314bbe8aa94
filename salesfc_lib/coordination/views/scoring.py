"""What departments' forecasts were worth, once the months are known."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from salesfc_lib import archive
from salesfc_lib.archive import UnitMonth
from salesfc_lib.coordination.opening import read_events
from salesfc_lib.coordination.views.versions import VALUES, latest_views
from salesfc_lib.foundation import tables
from salesfc_lib.retrospective import published
from salesfc_lib.retrospective.loop import read_published

KEY = ["unique_id", "ds"]


def score_views(run: UnitMonth) -> pd.DataFrame:
    """Table `view_score`: each department's last version of each month, against sales since.

    Sales are those of the latest published month. The statistical forecast and what was decided
    (published) are scored at the same series and months, so that neither has an easier task; the
    plan and last year likewise. bias: (forecast - actual) / actual.
    """
    months = archive.list_months(run.reports, run.unit)
    entered = read_events(run, "view.enter")["month"].unique()
    rows = []
    actual = _read_actual(run, months[-1]) if months else pd.DataFrame(columns=[*KEY, "actual"])
    for month in sorted(set(entered) & set(months)):
        then = replace(run, month=month)
        views = latest_views(then)
        statistical = views.pop("statistical")
        decided = published(read_published(then, "forecast"))[VALUES]
        for name, view in views.items():
            rows += _score(
                month, name, view, {"statistical": statistical, "decided": decided}, actual
            )
    return tables.build(rows, "view_score")


def _score(
    month: str, name: str, view: pd.DataFrame, others: dict[str, pd.DataFrame], actual: pd.DataFrame
) -> list[dict[str, object]]:
    known = view.merge(actual, on=KEY)
    for other, frame in others.items():
        known = known.merge(frame.rename(columns={"y_hat": other}), on=KEY)
    if known.empty:
        return []
    size, total = known["actual"].abs().sum(), known["actual"].sum()
    row: dict[str, object] = {"month": month, "department": name, "n": len(known), "actual": total}
    for prefix, column in {
        "": "y_hat",
        "statistical_": "statistical",
        "decided_": "decided",
    }.items():
        error = known[column] - known["actual"]
        row[f"{prefix}wape"] = error.abs().sum() / size if size else None
        row[f"{prefix}bias"] = error.sum() / total if total else None
    return [row]


def _read_actual(run: UnitMonth, month: str) -> pd.DataFrame:
    panel = read_published(replace(run, month=month), "panel")
    return panel[[*KEY, "y_raw"]].dropna().rename(columns={"y_raw": "actual"})
