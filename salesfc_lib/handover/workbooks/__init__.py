"""A published month as files for sales, purchasing, production and finance."""

from __future__ import annotations

from salesfc_lib.handover.workbooks.write import write_workbooks

__all__ = ["write_workbooks"]
