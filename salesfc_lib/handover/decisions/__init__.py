"""What to buy, make, hold and expect in money, from sample paths of the forecast."""

from __future__ import annotations

from salesfc_lib.handover.decisions.capacity import check_capacity
from salesfc_lib.handover.decisions.consumption import consume
from salesfc_lib.handover.decisions.coverage import cover_sums
from salesfc_lib.handover.decisions.finance import (
    mean_prices,
    price_sales,
    value_pieces,
    view_finance,
)
from salesfc_lib.handover.decisions.paths import Paths, draw_paths
from salesfc_lib.handover.decisions.requirements import Plan, plan_supply
from salesfc_lib.handover.decisions.supply import Supply, price_pieces
from salesfc_lib.handover.decisions.urgency import rank_urgent

__all__ = [
    "Paths",
    "Plan",
    "Supply",
    "check_capacity",
    "consume",
    "cover_sums",
    "draw_paths",
    "mean_prices",
    "plan_supply",
    "price_pieces",
    "price_sales",
    "rank_urgent",
    "value_pieces",
    "view_finance",
]
