"""All table contracts by name."""

from __future__ import annotations

from salesfc_lib.foundation.contracts import (
    cleaning,
    modeling,
    panel,
    reconciliation,
    retrospective,
)

CONTRACTS = {
    **cleaning.TABLES,
    **panel.TABLES,
    **modeling.TABLES,
    **reconciliation.TABLES,
    **retrospective.TABLES,
}
