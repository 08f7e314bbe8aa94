"""What people decide about a month, and whether it helped.

Decisions and the archive's scores enter; their state and their measured effect leave.
"""

from __future__ import annotations

from salesfc_lib.retrospective.loop.effect import KPIS, Effect, measure_effect

__all__ = ["KPIS", "Effect", "measure_effect"]
