"""Five ERP systems: orders are read from them, forecasts are written to them and read back.

A published month and the name of a target enter; what a send would change, what stands in its way
and a receipt leave. Their interfaces are contract-tested, not live-tested.
"""

from __future__ import annotations

from salesfc_lib.handover.erp.deliver import COMPLETE, Handed, check, open_target, preview, send
from salesfc_lib.handover.erp.plan import Change
from salesfc_lib.handover.erp.target import LABEL
from salesfc_lib.intake.sources.erp.door import ErpError

__all__ = [
    "COMPLETE",
    "Change",
    "ErpError",
    "Handed",
    "LABEL",
    "check",
    "open_target",
    "preview",
    "send",
]
