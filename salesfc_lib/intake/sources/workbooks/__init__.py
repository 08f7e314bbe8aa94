"""Workbooks: what calamine reads, guarded against bombs, with what XLSX alone tells."""
