"""Sentences and tables of each notebook section, from facts."""
