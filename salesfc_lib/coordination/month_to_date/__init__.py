"""Sales of the month in progress beside the path that the forecast implies for each day.

Daily sales and the published forecast enter; the path with its interval, and the branches that
left it, leave.
"""

from __future__ import annotations

from salesfc_lib.coordination.month_to_date.departures import find_departures
from salesfc_lib.coordination.month_to_date.path import MonthPath, build_path
from salesfc_lib.coordination.month_to_date.reading import MonthToDate, read_month_to_date

__all__ = ["MonthPath", "MonthToDate", "build_path", "find_departures", "read_month_to_date"]
