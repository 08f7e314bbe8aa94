"""What to change next month: the evidence, the gain measured again, and what was decided."""

from __future__ import annotations

from salesfc_lib.retrospective.proposals.decide import (
    accept_proposal,
    describe_decisions,
    find_proposal,
    list_proposals,
    list_unwritten,
    reject_proposal,
)
from salesfc_lib.retrospective.proposals.decided import list_decided, read_decided
from salesfc_lib.retrospective.proposals.observed import Observed
from salesfc_lib.retrospective.proposals.propose import propose
from salesfc_lib.retrospective.proposals.rerun import Rerun

__all__ = [
    "Observed",
    "Rerun",
    "accept_proposal",
    "describe_decisions",
    "find_proposal",
    "list_decided",
    "list_proposals",
    "list_unwritten",
    "propose",
    "read_decided",
    "reject_proposal",
]
