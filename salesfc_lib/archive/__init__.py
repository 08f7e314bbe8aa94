"""A unit's month on disk: whole or not at all, with a manifest, earlier versions and locks.

Folders of finished months enter; vintages of forecasts, earlier tables and what `verify` found
leave.
What people decide is recorded in one append-only table.
"""

from __future__ import annotations

from salesfc_lib.archive import manifest
from salesfc_lib.archive.manifest import describe_parameters
from salesfc_lib.archive.months import (
    check_month_folder,
    check_place,
    failed_folder,
    find_month_folders,
    hold_month,
    is_published,
    latest_before,
    list_folders,
    list_months,
    next_version,
    publish,
    recover,
    repair,
    staged_folder,
    staging,
    table_folders,
    unit_folder,
    vintages,
)
from salesfc_lib.archive.records import Record, append_record, read_records
from salesfc_lib.archive.unit_month import UnitMonth
from salesfc_lib.archive.verification import verify

__all__ = [
    "Record",
    "UnitMonth",
    "append_record",
    "check_month_folder",
    "check_place",
    "describe_parameters",
    "failed_folder",
    "find_month_folders",
    "hold_month",
    "is_published",
    "latest_before",
    "list_folders",
    "list_months",
    "manifest",
    "next_version",
    "publish",
    "read_records",
    "recover",
    "repair",
    "staged_folder",
    "staging",
    "table_folders",
    "unit_folder",
    "verify",
    "vintages",
]
