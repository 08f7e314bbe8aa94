"""Likely causes of a difference, each with the evidence for it."""
