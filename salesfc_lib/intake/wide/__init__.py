"""Sheets with months, weeks or days side by side as columns: their cells as rows of their own,
proved by the sheet's own totals.
"""
