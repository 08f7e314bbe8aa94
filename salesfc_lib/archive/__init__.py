"""A unit's month on disk: whole or not at all, with a manifest, earlier versions and locks.

Folders of finished months enter; vintages of forecasts, earlier tables, views of all of them for
SQL, and what `verify` found leave. What people decide is recorded in one append-only table.
"""

from __future__ import annotations

from salesfc_lib.archive import manifest
from salesfc_lib.archive.cube import list_vintages, open_cube
from salesfc_lib.archive.event_log import (
    PERMISSIONS,
    Fault,
    Head,
    Record,
    accept_log,
    append_record,
    apply_roles,
    check_publisher,
    check_record,
    export_log,
    find_address,
    find_head,
    hold_roles,
    holds_head,
    import_log,
    list_addresses,
    name_actor,
    read_records,
    read_roles,
    verify_log,
)
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
from salesfc_lib.archive.receipts import (
    HANDED_OVER,
    STARTED,
    list_receipts,
    put_receipt,
    read_receipt,
)
from salesfc_lib.archive.sign_offs import SignOff, find_sign_off, put_sign_off
from salesfc_lib.archive.unit_month import UnitMonth
from salesfc_lib.archive.verification import verify

__all__ = [
    "PERMISSIONS",
    "Fault",
    "Head",
    "accept_log",
    "apply_roles",
    "export_log",
    "check_publisher",
    "check_record",
    "find_address",
    "find_head",
    "hold_roles",
    "holds_head",
    "import_log",
    "list_addresses",
    "name_actor",
    "read_roles",
    "verify_log",
    "HANDED_OVER",
    "Record",
    "STARTED",
    "SignOff",
    "UnitMonth",
    "append_record",
    "check_month_folder",
    "check_place",
    "describe_parameters",
    "failed_folder",
    "find_month_folders",
    "find_sign_off",
    "hold_month",
    "is_published",
    "latest_before",
    "list_folders",
    "list_months",
    "list_receipts",
    "list_vintages",
    "manifest",
    "next_version",
    "open_cube",
    "publish",
    "put_receipt",
    "put_sign_off",
    "read_receipt",
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
