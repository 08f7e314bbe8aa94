"""How well defects are found and treated: recall of each, and false repairs.

A seed enters; scores leave, and the table that people read. Recall is what was found of what was
planted, over all cases of a defect; false repairs count everything else that was touched, in those
cases and in clean ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from defects.checklist import CLEAN, COMBINED, NAMES, family_of, list_cases
from defects.judge import judge

EVERYTHING = (*NAMES, COMBINED, CLEAN)


@dataclass(frozen=True)
class Score:
    """One defect's score, and what was missed or touched wrongly, in words."""

    defect: int
    name: str
    family: str
    planted: int
    found: int
    false_repairs: int
    missed: tuple[str, ...]

    @property
    def recall(self) -> float | None:
        """Share found; None where nothing was planted."""
        return round(self.found / self.planted, 4) if self.planted else None


def score(
    seed: int, numbers: Iterable[int] = EVERYTHING, *, workers: int = 2, by_init: bool = False
) -> list[Score]:
    """Score of each defect, in the order asked for; the same for a seed wherever it runs.

    `by_init` leaves it to `salesfc init` to say how the orders are read, and leaves out the cases
    of several sources.
    """
    numbers = list(numbers)
    if workers == 1:
        return [_score_one(number, seed, by_init) for number in numbers]
    longest_first = sorted(numbers, key=lambda number: number != CLEAN)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        found = dict(
            zip(
                longest_first,
                pool.map(
                    _score_one, longest_first, [seed] * len(numbers), [by_init] * len(numbers)
                ),
                strict=True,
            )
        )
    return [found[number] for number in numbers]


def list_rows(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """The scores as plain values."""
    return [
        {
            "defect": item.defect,
            "name": item.name,
            "family": item.family,
            "planted": item.planted,
            "found": item.found,
            "recall": item.recall,
            "false_repairs": item.false_repairs,
        }
        for item in scores
    ]


def draw_table(scores: Sequence[Score]) -> str:
    """The score table as text, a line each."""
    lines = [
        f"{'':>2}  {'defect':<32}{'family':<12}{'planted':>8}{'found':>8}{'recall':>9}"
        f"{'false repairs':>15}"
    ]
    for item in scores:
        number = item.defect if item.defect in range(1, COMBINED) else ""
        recall = "" if item.recall is None else f"{item.recall:.3f}"
        name = item.name + " " * max(1, 32 - _width(item.name))
        lines.append(
            f"{number:>2}  {name}{item.family:<12}{item.planted:>8}{item.found:>8}{recall:>9}"
            f"{item.false_repairs:>15}"
        )
    return "\n".join(lines)


def _width(text: str) -> int:
    """Columns that a terminal gives the text."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)


def _score_one(number: int, seed: int, by_init: bool = False) -> Score:
    cases = [
        case
        for case in list_cases(number, seed)
        if not by_init or set(case.parameters["sources"]) == {"orders"}
    ]
    verdicts = [judge(case, by_init=by_init) for case in cases]
    return Score(
        number,
        NAMES.get(
            number, {CLEAN: "clean data, near misses", COMBINED: "many at a time"}.get(number, "")
        ),
        family_of(number),
        sum(item.planted for item in verdicts),
        sum(item.found for item in verdicts),
        sum(item.false_repairs for item in verdicts),
        tuple(
            f"{item.variant}: {said}"
            for item in verdicts
            for said in (*item.missed, *([item.error] if item.missed and item.error else []))
        ),
    )
