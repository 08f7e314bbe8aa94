"""The command line, `salesfc`: a file a group of verbs."""

from __future__ import annotations

from salesfc_lib.cli import (
    acting,
    alerts,
    consult,
    cycle,
    demo,
    files,
    handover,
    log,
    loop,
    months,
    proposals,
    roles,
)
from salesfc_lib.cli.verbs import app

__all__ = [
    "acting",
    "alerts",
    "app",
    "consult",
    "cycle",
    "demo",
    "files",
    "handover",
    "log",
    "loop",
    "months",
    "proposals",
    "roles",
]
