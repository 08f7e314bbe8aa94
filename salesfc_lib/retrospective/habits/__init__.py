"""What people do with forecasts: tests of habits, each with its months and its chance.

`conduct` says what people changed, one file a kind of habit finds the months that speak for it,
`judge` counts them and holds the false flags of all tests together.
"""

from __future__ import annotations

from salesfc_lib.retrospective.habits.conduct import SUBJECT, Conduct
from salesfc_lib.retrospective.habits.counting import count_months, effective_share, sign_p
from salesfc_lib.retrospective.habits.judge import MIN_MONTHS, RATE, judge_habits
from salesfc_lib.retrospective.habits.people import describe_people, judge_overrides

__all__ = [
    "MIN_MONTHS",
    "RATE",
    "SUBJECT",
    "Conduct",
    "count_months",
    "describe_people",
    "effective_share",
    "judge_habits",
    "judge_overrides",
    "sign_p",
]
