"""Who and what made the difference of a month: shares that always sum to it."""
