"""What candidates are built of: state recursions over parameter grids, and shrunken seasonal indices."""
