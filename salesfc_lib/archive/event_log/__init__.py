"""What people decide and what the program notices, in one append-only table a project.

An event says who, when, what, of which unit, month and series, what it was before, what it is now
and why. Each row holds the hash of the row before it, so that a row that is edited, removed, moved
or put in is found; the last row is kept beside the table as well, so that a cut end is.
"""

from __future__ import annotations

from salesfc_lib.archive.event_log.append import append_record
from salesfc_lib.archive.event_log.read import read_records
from salesfc_lib.archive.event_log.record import Record

__all__ = ["Record", "append_record", "read_records"]
