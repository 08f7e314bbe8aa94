"""How numbers are written: signs and words, separators, exact decimals, a column's values."""
