"""Steps of the month's cycle as they were kept: who answered for them, and how late they were.

The unit's `cycle.*` records enter. A step counts once it is over or its day has passed.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from salesfc_lib.foundation import SEASON

ENDS = ("cycle.done", "cycle.skip")


def list_steps(records: pd.DataFrame, month: pd.Timestamp, day: date) -> pd.DataFrame:
    """Steps of the twelve months that end with `month`, as known on `day`: owner and late_days.

    What was due and by whom is as announced when the month's cycle began, or, where nobody
    announced it, as recorded when the step was done.
    """
    steps: dict[tuple[str, str], dict[str, Any]] = {}
    first = f"{month - pd.DateOffset(months=SEASON - 1):%Y-%m}"
    for record in records[records["month"].between(first, f"{month:%Y-%m}")].to_dict("records"):
        if record["what"] == "cycle.open":
            for name, step in record["new"]["steps"].items():
                steps.setdefault((record["month"], name), dict(step))
        elif record["what"] in ENDS:
            known = {name: record["new"][name] for name in ("owner", "due")}
            step = steps.setdefault((record["month"], record["subject"]), known)
            step.setdefault("late_days", record["new"]["late_days"])
    rows = []
    for step in steps.values():
        open_days = (day - date.fromisoformat(step["due"])).days
        if "late_days" in step or open_days > 0:
            rows.append({"owner": step["owner"], "late_days": step.get("late_days", open_days)})
    return pd.DataFrame(rows, columns=["owner", "late_days"])
