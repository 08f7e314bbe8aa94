"""What people do with forecasts: tests of habits, each with its months and its chance.

`conduct` says what people changed, one file a kind of habit finds the months that speak for it,
`judge` counts them and holds the false flags of all tests together.
"""

from __future__ import annotations

from salesfc_lib.retrospective.habits.conduct import Conduct
from salesfc_lib.retrospective.habits.counting import sign_p
from salesfc_lib.retrospective.habits.judge import judge_habits
from salesfc_lib.retrospective.habits.people import describe_people, judge_overrides

__all__ = ["Conduct", "describe_people", "judge_habits", "judge_overrides", "sign_p"]
