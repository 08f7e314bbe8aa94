"""What people decide and what the program notices, in one append-only table a project.

An event says who, when, what, of which unit, month and series, what it was before, what it is now
and why. Each row holds the hash of the row before it, so that a row that is edited, removed, moved
or put in is found; the last row is kept beside the table as well, so that a cut end is.
"""

from __future__ import annotations

from salesfc_lib.archive.event_log.access import (
    PERMISSIONS,
    find_address,
    hold_roles,
    list_addresses,
    name_actor,
    read_roles,
)
from salesfc_lib.archive.event_log.append import (
    accept_log,
    append_record,
    check_publisher,
    check_record,
)
from salesfc_lib.archive.event_log.chain import Fault, Head
from salesfc_lib.archive.event_log.files import export_log, import_log
from salesfc_lib.archive.event_log.postgres import apply_roles
from salesfc_lib.archive.event_log.read import read_records
from salesfc_lib.archive.event_log.record import PROGRAM, Record
from salesfc_lib.archive.event_log.verify import find_head, holds_head, verify_log

__all__ = [
    "PROGRAM",
    "PERMISSIONS",
    "Fault",
    "Head",
    "Record",
    "accept_log",
    "append_record",
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
    "read_records",
    "read_roles",
    "verify_log",
]
