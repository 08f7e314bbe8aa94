"""What to buy, make, hold and expect in money, from sample paths of the forecast."""

from __future__ import annotations
