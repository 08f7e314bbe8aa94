"""From rows to transactions, with a ledger of every row and every cent.

Extracts and parameters enter; the transactions through one month, the ledger, the quarantine and
the side tables leave.
"""

from __future__ import annotations

from salesfc_lib.cleaning.batch.frames import group_numbers, sum_units
from salesfc_lib.cleaning.batch.ledger import total_gap
from salesfc_lib.cleaning.batch.lines import key_columns
from salesfc_lib.cleaning.clean import clean, read_all, standardise
from salesfc_lib.cleaning.closed_months import closed_through
from salesfc_lib.cleaning.definition_bridge import bridge, bridge_to_panel, draw_bridge
from salesfc_lib.cleaning.history.changed_definitions import find_redefined
from salesfc_lib.cleaning.history.renames import propose_renames
from salesfc_lib.cleaning.history.restatement import read_view, restate
from salesfc_lib.cleaning.outliers import apply_outliers, apply_stock_outs, judge_months
from salesfc_lib.cleaning.scan import (
    count_found,
    describe_proposals,
    describe_scan,
    gather_feeds,
    propose_for,
    scan_unit,
)
from salesfc_lib.cleaning.side_tables.drivers import OWN
from salesfc_lib.cleaning.side_tables.master_files import list_declared
from salesfc_lib.cleaning.side_tables.promotion_flags import FLAG, has_flag, read_flags
from salesfc_lib.cleaning.stock_outs import find_stock_outs

__all__ = [
    "FLAG",
    "OWN",
    "apply_outliers",
    "apply_stock_outs",
    "bridge",
    "bridge_to_panel",
    "clean",
    "closed_through",
    "count_found",
    "describe_proposals",
    "describe_scan",
    "draw_bridge",
    "find_redefined",
    "find_stock_outs",
    "gather_feeds",
    "group_numbers",
    "has_flag",
    "judge_months",
    "key_columns",
    "list_declared",
    "propose_for",
    "propose_renames",
    "read_all",
    "read_flags",
    "read_view",
    "restate",
    "scan_unit",
    "standardise",
    "sum_units",
    "total_gap",
]
