"""Assumptions of the business: declared effects read, selected, applied."""
