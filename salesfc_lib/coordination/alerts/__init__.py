"""Alerts: what is found is an event once, and has an owner, deadlines and an end.

Published tables, sales of the month in progress and the event log enter; alerts as they stand at a
moment leave, and events (`alert.*`).
"""

from __future__ import annotations

from salesfc_lib.coordination.alerts.folding import STATES, fold_alerts
from salesfc_lib.coordination.alerts.life import (
    acknowledge_alert,
    act_on_alert,
    assign_alert,
    close_alert,
    explain_alert,
    list_alerts,
)
from salesfc_lib.coordination.alerts.response import measure_response

__all__ = [
    "STATES",
    "acknowledge_alert",
    "act_on_alert",
    "assign_alert",
    "close_alert",
    "explain_alert",
    "fold_alerts",
    "list_alerts",
    "measure_response",
]
