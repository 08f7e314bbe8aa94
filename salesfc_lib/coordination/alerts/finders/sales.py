"""Sales of the month in progress that left the path of the forecast, by `month_to_date`."""

from __future__ import annotations

from collections.abc import Iterator

from salesfc_lib.coordination.alerts.finding import Found, Look
from salesfc_lib.foundation import say


def find_sales(look: Look) -> Iterator[Found]:
    """A branch that is outside its interval; size: expected - actual, through the last day."""
    if look.path is None or look.path.reason:
        return
    left = look.departures
    for row in left[left["out"]].to_dict("records"):
        direction, facts = row["direction"], {"label": look.label(row["unique_id"])}
        facts |= {"expected": row["expected"], "actual": row["actual"], "first": row["first_out"]}
        facts["day"] = look.path.days[look.path.n_covered - 1]
        says = say(f"alert.says.sales.{direction}", **facts)
        size = float(row["expected"] - row["actual"])
        yield Found("sales", look.path.month, row["unique_id"], direction, says, size)
