"""Identifiers that a spreadsheet has damaged: digits in scientific notation, and lost leading zeros.

A column of codes enters; the codes in question leave, with the evidence. The decision made here: an identifier is text and
is never changed; what looks damaged is said.
"""
