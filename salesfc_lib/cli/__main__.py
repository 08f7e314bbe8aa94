"""`python -m salesfc_lib.cli`."""

from __future__ import annotations

from salesfc_lib.cli import app

app()
