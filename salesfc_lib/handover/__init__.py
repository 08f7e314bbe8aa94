"""What departments and their systems receive: decisions, a star schema, workbooks, ERP forecasts.

A published month's tables and what the unit's sources say of stock, orders, lead times, prices and
costs enter; tables of decisions, files, and what an ERP system answered leave.
"""

from __future__ import annotations

from salesfc_lib.handover.decisions import (
    Paths,
    Supply,
    check_capacity,
    cover_sums,
    draw_paths,
    mean_prices,
    plan_supply,
    price_pieces,
    price_sales,
    rank_urgent,
    value_pieces,
    view_finance,
)
from salesfc_lib.handover.star_schema import Written, load_star, render_page, write_star
from salesfc_lib.handover.workbooks import write_workbooks

__all__ = [
    "Paths",
    "Supply",
    "Written",
    "check_capacity",
    "cover_sums",
    "draw_paths",
    "load_star",
    "mean_prices",
    "plan_supply",
    "price_pieces",
    "price_sales",
    "rank_urgent",
    "render_page",
    "value_pieces",
    "view_finance",
    "write_star",
    "write_workbooks",
]
