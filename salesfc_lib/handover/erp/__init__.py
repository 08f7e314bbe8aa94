"""Five ERP systems: orders are read from them, forecasts are written to them and read back."""

from __future__ import annotations
