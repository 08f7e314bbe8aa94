"""The handover notebook: what to order and to do first, capacity, money, and what is missing."""
