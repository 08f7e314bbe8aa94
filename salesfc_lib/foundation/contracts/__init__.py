"""The contract of every table that steps hand over: its columns, types and key, a file a step.

Tables are long and tidy: model is a column, `ds` is the first day of a month, `cutoff` the last
month used in training, `h` counts from 1. Differences and `bias` are forecast - actual.
"""

from __future__ import annotations

from salesfc_lib.foundation.contracts.modeling import ASSUMED, ENDED, INTERVALS, STAGES

__all__ = ["ASSUMED", "ENDED", "INTERVALS", "STAGES"]
