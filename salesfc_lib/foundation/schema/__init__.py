"""Every parameter there is, with its type, default and bounds, a file a block.

Values enter; a frozen `Parameters` leaves, or pydantic's error. Unknown keys are refused. What a
unit sets has its default in `defaults.yml`, with a comment; a source, a driver and other named
blocks have theirs here.
"""

from __future__ import annotations

from salesfc_lib.foundation.schema.business import Members, Reorganised, Window
from salesfc_lib.foundation.schema.calendar import Calendar
from salesfc_lib.foundation.schema.cleaning import Control, Implausible, Keep, Outliers
from salesfc_lib.foundation.schema.models import Backtest, Breaks, Candidate, Combine, Lifecycle
from salesfc_lib.foundation.schema.publication import Key
from salesfc_lib.foundation.schema.section import MONTH, UNIT_ID, Section, check_month, check_unit
from salesfc_lib.foundation.schema.sources import SUBTOTALS, Driver, Source
from salesfc_lib.foundation.schema.unit import Parameters

__all__ = [
    "MONTH",
    "SUBTOTALS",
    "UNIT_ID",
    "Backtest",
    "Breaks",
    "Lifecycle",
    "Calendar",
    "Candidate",
    "Combine",
    "Control",
    "Driver",
    "Implausible",
    "Keep",
    "Key",
    "Members",
    "Outliers",
    "Parameters",
    "Reorganised",
    "Section",
    "Source",
    "Window",
    "check_month",
    "check_unit",
]
