"""A column of text parsed to values, with the evidence for how it was read."""
