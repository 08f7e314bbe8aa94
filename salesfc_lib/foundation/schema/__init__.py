"""Every parameter there is, with its type, default and bounds.

Values enter; a frozen `Parameters` leaves, or pydantic's error. Unknown keys are refused. What a
unit sets has its default in `defaults.yml`, with a comment; a source, a driver and other named
blocks have theirs here.
"""

from __future__ import annotations

from salesfc_lib.foundation.schema.block import (
    MONTH,
    UNIT_ID,
    ParameterBlock,
    check_month,
    check_unit,
)
from salesfc_lib.foundation.schema.business import Members, PromotionWindow
from salesfc_lib.foundation.schema.calendar import Calendar, Weekday
from salesfc_lib.foundation.schema.cleaning import Control, Implausible, KeptRow, Outliers
from salesfc_lib.foundation.schema.coordination import AlertOwner, Roles
from salesfc_lib.foundation.schema.erp import ERP_SYSTEMS, ErpConnection, Target
from salesfc_lib.foundation.schema.forecast import (
    Backtest,
    Breaks,
    CandidateSettings,
    Combine,
    DriverEffects,
    Key,
    Lifecycle,
)
from salesfc_lib.foundation.schema.handover import Handover
from salesfc_lib.foundation.schema.period_dates import PeriodDates
from salesfc_lib.foundation.schema.sources import Driver, Source
from salesfc_lib.foundation.schema.unit import Parameters

__all__ = [
    "MONTH",
    "UNIT_ID",
    "AlertOwner",
    "Backtest",
    "Breaks",
    "DriverEffects",
    "Calendar",
    "CandidateSettings",
    "Combine",
    "Control",
    "Driver",
    "ERP_SYSTEMS",
    "ErpConnection",
    "Handover",
    "Implausible",
    "KeptRow",
    "Key",
    "Lifecycle",
    "Members",
    "Outliers",
    "ParameterBlock",
    "Parameters",
    "Roles",
    "PromotionWindow",
    "PeriodDates",
    "Source",
    "Target",
    "Weekday",
    "check_month",
    "check_unit",
]
