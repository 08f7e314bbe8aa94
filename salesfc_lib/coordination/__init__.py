"""Alerts with owners, the month's cycle, consultation and notifications: views of the event log.

Records, parameters and published tables enter; states that pages show leave. What is done here is
an event (`archive.append_record`), and nothing else is stored. `month_to_date` compares sales of
the month in progress with the path that the forecast implies: `read_month_to_date` once a unit,
then `build_path(...)` and `find_departures(path)`.
"""

from __future__ import annotations

from salesfc_lib.coordination import acting, consultation, cycle, entering, notifications, views
from salesfc_lib.coordination.alerts import (
    STATES,
    acknowledge_alert,
    act_on_alert,
    assign_alert,
    close_alert,
    explain_alert,
    fold_alerts,
    list_alerts,
    measure_response,
)
from salesfc_lib.coordination.month_to_date import (
    MonthPath,
    MonthToDate,
    build_path,
    find_departures,
    read_month_to_date,
)
from salesfc_lib.coordination.opening import day_of, last_ended, open_cycle
from salesfc_lib.coordination.waiting import list_waiting
from salesfc_lib.coordination.watch import Watched, is_changed, now_folder, watch_unit

__all__ = [
    "MonthPath",
    "MonthToDate",
    "STATES",
    "Watched",
    "acknowledge_alert",
    "acting",
    "act_on_alert",
    "assign_alert",
    "build_path",
    "close_alert",
    "consultation",
    "cycle",
    "day_of",
    "entering",
    "explain_alert",
    "find_departures",
    "fold_alerts",
    "is_changed",
    "last_ended",
    "list_waiting",
    "notifications",
    "list_alerts",
    "measure_response",
    "now_folder",
    "open_cycle",
    "read_month_to_date",
    "views",
    "watch_unit",
]
