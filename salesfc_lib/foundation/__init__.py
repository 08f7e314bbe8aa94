"""What every room uses: parameters, table contracts, the business calendar, numbers in words.

Parameter files and frames enter; resolved parameters, checked tables and formatted text leave.
"""

from __future__ import annotations

from salesfc_lib.foundation import (
    amounts,
    clock,
    holidays,
    language,
    parameters,
    people,
    resources,
    scales,
    schema,
    tables,
    wording,
)
from salesfc_lib.foundation.absurd_months import ABSURD_RATIO, find_absurd
from salesfc_lib.foundation.addresses import hide_parts, hide_secrets, hide_written, parts_of
from salesfc_lib.foundation.calendar import (
    SEASON,
    bound_months,
    count_trading_days,
    label_months,
    month_of,
)
from salesfc_lib.foundation.contracts import ASSUMED, ENDED, INTERVALS, STAGES
from salesfc_lib.foundation.messages import translate_message
from salesfc_lib.foundation.nan_statistics import nan_mean, nan_median, nan_std
from salesfc_lib.foundation.parameters import defaults, flatten, resolve, with_value
from salesfc_lib.foundation.saying import is_said, read_said, say, say_all
from salesfc_lib.foundation.schema import (
    ERP_SYSTEMS,
    Calendar,
    ErpConnection,
    Parameters,
    PeriodDates,
    Source,
    Target,
    check_month,
    check_unit,
)
from salesfc_lib.foundation.scratch import scratch_folder
from salesfc_lib.foundation.sentences import (
    FORMATS,
    FactFormatter,
    in_english,
    in_words,
    iso,
    label_name,
    level_name,
    name_in_file,
    name_of,
    template_of,
    text_of,
)
from salesfc_lib.foundation.sheets import Sheet, write_book
from salesfc_lib.foundation.strict_yaml import parse_yaml, read_yaml
from salesfc_lib.foundation.workdays import add_workdays, last_day
from salesfc_lib.foundation.yaml_edit import set_in_yaml

__all__ = [
    "ABSURD_RATIO",
    "ASSUMED",
    "Calendar",
    "ENDED",
    "ERP_SYSTEMS",
    "ErpConnection",
    "INTERVALS",
    "Parameters",
    "SEASON",
    "Sheet",
    "STAGES",
    "add_workdays",
    "amounts",
    "PeriodDates",
    "Source",
    "Target",
    "bound_months",
    "clock",
    "check_month",
    "check_unit",
    "count_trading_days",
    "defaults",
    "find_absurd",
    "flatten",
    "hide_parts",
    "hide_secrets",
    "hide_written",
    "holidays",
    "is_said",
    "label_months",
    "language",
    "last_day",
    "month_of",
    "nan_mean",
    "nan_median",
    "nan_std",
    "parameters",
    "parse_yaml",
    "parts_of",
    "people",
    "read_said",
    "read_yaml",
    "resolve",
    "resources",
    "say",
    "scales",
    "schema",
    "scratch_folder",
    "set_in_yaml",
    "tables",
    "translate_message",
    "with_value",
    "write_book",
    "wording",
    "FORMATS",
    "FactFormatter",
    "in_english",
    "in_words",
    "label_name",
    "level_name",
    "iso",
    "name_in_file",
    "name_of",
    "template_of",
    "text_of",
    "say_all",
]
