"""Building blocks of candidates: smoothing recursions over grids, shrunken seasonal indices."""
