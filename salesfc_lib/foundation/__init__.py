"""What every room uses: parameters, table contracts, the business calendar, numbers in words.

Parameter files and frames enter; resolved parameters, checked tables and formatted text leave.
"""

from __future__ import annotations

from salesfc_lib.foundation import parameters, schema, tables, wording
from salesfc_lib.foundation.calendar import (
    SEASON,
    bound_months,
    count_trading_days,
    label_months,
    month_of,
)
from salesfc_lib.foundation.contracts import ASSUMED, ENDED, INTERVALS, STAGES
from salesfc_lib.foundation.holidays import WINDOWS, list_days_off, list_observed, share_of_festival
from salesfc_lib.foundation.nan_statistics import nan_mean, nan_median, nan_std
from salesfc_lib.foundation.parameters import (
    Resolved,
    defaults,
    flatten,
    from_dict,
    read_yaml,
    resolve,
    to_dict,
)
from salesfc_lib.foundation.resources import (
    ALIASES,
    CHECKOUT,
    DEFAULTS,
    LOCK,
    NOTEBOOKS,
    PACKAGE,
    SHIPPED,
    find_examples,
)
from salesfc_lib.foundation.scales import COUNTS, LETTERS, MONEY, POWERS, WORDS, Scale, find_scale
from salesfc_lib.foundation.schema import (
    MONTH,
    SUBTOTALS,
    UNIT_ID,
    Calendar,
    Combine,
    Control,
    Driver,
    Implausible,
    Keep,
    Key,
    Members,
    Outliers,
    Parameters,
    Source,
    Window,
    check_month,
    check_unit,
)
from salesfc_lib.foundation.tables import check, empty

__all__ = [
    "ALIASES",
    "ASSUMED",
    "CHECKOUT",
    "COUNTS",
    "Calendar",
    "Combine",
    "Control",
    "DEFAULTS",
    "Driver",
    "ENDED",
    "INTERVALS",
    "Implausible",
    "Keep",
    "Key",
    "LETTERS",
    "LOCK",
    "MONEY",
    "MONTH",
    "Members",
    "NOTEBOOKS",
    "Outliers",
    "PACKAGE",
    "POWERS",
    "Parameters",
    "Resolved",
    "SEASON",
    "SHIPPED",
    "STAGES",
    "SUBTOTALS",
    "Scale",
    "Source",
    "UNIT_ID",
    "WINDOWS",
    "WORDS",
    "Window",
    "bound_months",
    "check",
    "check_month",
    "check_unit",
    "count_trading_days",
    "defaults",
    "empty",
    "find_examples",
    "find_scale",
    "flatten",
    "from_dict",
    "label_months",
    "list_days_off",
    "list_observed",
    "month_of",
    "nan_mean",
    "nan_median",
    "nan_std",
    "parameters",
    "read_yaml",
    "resolve",
    "schema",
    "share_of_festival",
    "tables",
    "to_dict",
    "wording",
]
