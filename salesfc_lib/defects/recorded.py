"""The score table of one seed, stored in the package.

Scores enter and are stored, for the cleaning notebook's appendix. The decision made here: the stored seed is the one
of the tests, which compare it with what the code gives.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SEED = 2026
RECORDED = Path(__file__).resolve().parents[1] / "templates" / "defects.json"


def store(rows: Sequence[dict[str, Any]]) -> Path:
    """The path of the table written, a row a line."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    RECORDED.write_text(f'{{"seed": {SEED}, "rows": [\n{lines}\n]}}\n', encoding="utf-8")
    return RECORDED
