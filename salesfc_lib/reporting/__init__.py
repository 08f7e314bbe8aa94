"""Facts to words, figures, blocks and pages; nothing here computes a number that no table holds.

Tables and manifests enter; sentences, figures and HTML leave.
"""

from __future__ import annotations

from salesfc_lib.reporting.blocks import FAILED_TAG, Check
from salesfc_lib.reporting.bridge import bridge_text
from salesfc_lib.reporting.facts.cleaning import CleanedBefore, CleanedMonth, ledger_totals
from salesfc_lib.reporting.facts.handover import DECIDED_TABLES, SUPPLY_TABLES, HandedMonth
from salesfc_lib.reporting.facts.key import BY_SERIES, KEY_TABLES, list_key_months
from salesfc_lib.reporting.facts.modeling import (
    EXPLAINED,
    ModeledBefore,
    ModeledMonth,
    mean_weights,
)
from salesfc_lib.reporting.facts.month import MonthFacts
from salesfc_lib.reporting.facts.published import read_damaged
from salesfc_lib.reporting.facts.reconciliation import ReconciledMonth, final_stage, last_modeled
from salesfc_lib.reporting.facts.restatement import Restated
from salesfc_lib.reporting.facts.retrospective import RETROSPECTIVE_TABLES, ComparedMonth
from salesfc_lib.reporting.forecast_files import (
    write_forecast_csv,
    write_forecast_workbook,
    write_order_csv,
)
from salesfc_lib.reporting.lab_style import use_lab_style
from salesfc_lib.reporting.narrative.key_page import KeyPage, key_page
from salesfc_lib.reporting.narrative.unit import summary
from salesfc_lib.reporting.pages.index import write_index
from salesfc_lib.reporting.pages.now import write_now
from salesfc_lib.reporting.pages.sign_off import sign_pages
from salesfc_lib.reporting.pages.write import describe_record, write_failed_page, write_pages

__all__ = [
    "BY_SERIES",
    "Check",
    "CleanedBefore",
    "CleanedMonth",
    "DECIDED_TABLES",
    "EXPLAINED",
    "FAILED_TAG",
    "HandedMonth",
    "KEY_TABLES",
    "KeyPage",
    "ModeledBefore",
    "ModeledMonth",
    "MonthFacts",
    "RETROSPECTIVE_TABLES",
    "ReconciledMonth",
    "Restated",
    "SUPPLY_TABLES",
    "ComparedMonth",
    "bridge_text",
    "describe_record",
    "final_stage",
    "key_page",
    "last_modeled",
    "ledger_totals",
    "list_key_months",
    "mean_weights",
    "read_damaged",
    "sign_pages",
    "summary",
    "use_lab_style",
    "write_failed_page",
    "write_order_csv",
    "write_forecast_csv",
    "write_forecast_workbook",
    "write_index",
    "write_now",
    "write_pages",
]
