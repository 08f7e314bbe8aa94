"""What departments are asked about a month, and what their answers become.

Published tables enter; questions by department leave, with answers that are records and, where they
change the forecast, lines of the hand-written files.
"""

from __future__ import annotations

from salesfc_lib.coordination.consultation.answering import Answer, answer_nothing, answer_question
from salesfc_lib.coordination.consultation.asking import ask_questions, list_questions
from salesfc_lib.coordination.consultation.finding import KINDS, Found

__all__ = [
    "KINDS",
    "Answer",
    "Found",
    "answer_nothing",
    "answer_question",
    "ask_questions",
    "list_questions",
]
