"""Display blocks: what a notebook cell or a page shows, as frozen values of text and numbers.

Text and numbers enter; JSON leaves, which the templates make HTML of.
"""

from __future__ import annotations

from salesfc_lib.reporting.blocks.parts import Align, Cell, ColumnHead, Spark, Strip, Tone, as_json
from salesfc_lib.reporting.blocks.shown import (
    FAILED_TAG,
    MIME,
    Alert,
    Answer,
    Attention,
    Block,
    Check,
    Checks,
    Diff,
    Fact,
    Figure,
    Prose,
    Record,
    Step,
    Steps,
    Table,
)

__all__ = [
    "Alert",
    "Align",
    "Answer",
    "Attention",
    "Block",
    "Cell",
    "Check",
    "Checks",
    "ColumnHead",
    "Diff",
    "FAILED_TAG",
    "Fact",
    "Figure",
    "MIME",
    "Prose",
    "Record",
    "Spark",
    "Step",
    "Steps",
    "Strip",
    "Table",
    "Tone",
    "as_json",
]
