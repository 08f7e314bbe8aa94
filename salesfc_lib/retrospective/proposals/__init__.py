"""What to change next month, each with the evidence for it."""

from __future__ import annotations

from salesfc_lib.retrospective.proposals.observed import Observed, propose

__all__ = ["Observed", "propose"]
