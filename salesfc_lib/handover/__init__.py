"""What departments and their systems receive: decisions, a star schema, workbooks, ERP forecasts.

A published month's tables and what the unit's sources say of stock, orders, lead times, prices and
costs enter; tables of decisions, files, and what an ERP system answered leave.
"""

from __future__ import annotations
