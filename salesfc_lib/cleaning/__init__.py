"""From rows to transactions, with a ledger of every row and every cent.

Extracts and parameters enter; the transactions through one month, the ledger, the quarantine and
the side tables leave.
"""

from __future__ import annotations

from salesfc_lib.cleaning import definition_bridge, outliers, scan
from salesfc_lib.cleaning.batch.declared import DOCUMENTED, key_columns
from salesfc_lib.cleaning.batch.frames import group_numbers, sum_units
from salesfc_lib.cleaning.batch.ledger import total_gap
from salesfc_lib.cleaning.clean import clean, read_all, standardise
from salesfc_lib.cleaning.closed_months import closed_through
from salesfc_lib.cleaning.history.changed_definitions import find_redefined
from salesfc_lib.cleaning.history.renames import propose_renames
from salesfc_lib.cleaning.history.restatement import read_view, restate
from salesfc_lib.cleaning.rules.cancellations import drop_cancelled
from salesfc_lib.cleaning.rules.far_dates import find_far
from salesfc_lib.cleaning.rules.stated_sums import check_subtotals
from salesfc_lib.cleaning.side_tables.drivers import FLAG, OWN, has_flag, read_flags
from salesfc_lib.cleaning.side_tables.reading import list_declared
from salesfc_lib.cleaning.waiting import describe_waiting

__all__ = [
    "DOCUMENTED",
    "FLAG",
    "OWN",
    "check_subtotals",
    "clean",
    "closed_through",
    "definition_bridge",
    "describe_waiting",
    "drop_cancelled",
    "find_far",
    "find_redefined",
    "group_numbers",
    "has_flag",
    "key_columns",
    "list_declared",
    "outliers",
    "propose_renames",
    "read_all",
    "read_flags",
    "read_view",
    "restate",
    "scan",
    "standardise",
    "sum_units",
    "total_gap",
]
