"""How days and months are written: month names, the order of a column, its values."""
