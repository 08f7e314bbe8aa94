"""Alerts with owners, the month's cycle, consultation and notifications: views of the event log.

Records, parameters and published tables enter; states that pages show leave. What is done here is
an event (`archive.append_record`), and nothing else is stored. `month_to_date` compares sales of
the month in progress with the path that the forecast implies: `read_month_to_date` once a unit,
then `build_path(...)` and `find_departures(path)`.
"""

from __future__ import annotations

from salesfc_lib.coordination.month_to_date import (
    MonthPath,
    MonthToDate,
    build_path,
    find_departures,
    read_month_to_date,
)

__all__ = ["MonthPath", "MonthToDate", "build_path", "find_departures", "read_month_to_date"]
