"""Fifty-five kinds of defect, planted into clean books of a made-up unit, and how well the pipeline
treats them.

A seed enters; cases with known truth (`checklist`) and their scores (`scoring`) leave.
`defect_scores.py` beside this folder is the entry point, `tests/test_defects.py` holds the scores.
The XLSX writer is that of the demo company.
"""

import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
if str(EXAMPLES) not in sys.path:
    sys.path.append(str(EXAMPLES))
