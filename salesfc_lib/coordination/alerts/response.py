"""How long it takes from data to an alert, and from there to somebody who sees to it."""

from __future__ import annotations

import pandas as pd

STEPS = {  # from one moment of an alert to another
    "to_alert": ("data_at", "opened_at"),
    "to_acknowledge": ("opened_at", "acknowledged_at"),
    "to_close": ("opened_at", "closed_at"),
}


def measure_response(alerts: pd.DataFrame) -> pd.DataFrame:
    """Median time of each of `STEPS` over alerts: a row a step.

    Columns: step; n, the alerts that have both moments; hours, the median, null without any;
    backwards, those whose second moment is before the first, because a clock was set back: they
    are left out.
    """
    rows = []
    for step, (first, last) in STEPS.items():
        took = (alerts[last] - alerts[first]).dropna().dt.total_seconds() / 3600
        kept = took[took >= 0]
        rows.append((step, len(kept), kept.median(), len(took) - len(kept)))
    return pd.DataFrame(rows, columns=["step", "n", "hours", "backwards"])
