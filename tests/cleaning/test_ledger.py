"""Claims about the tables of a batch: issues of one kind are one row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from salesfc_lib.cleaning.batch.ledger import list_problems
from salesfc_lib.cleaning.clean import read_all, standardise
from salesfc_lib.foundation import in_words
from salesfc_lib.intake import Issue
from tests.orders import order, save, unit


def test_what_was_said_of_one_problem_is_joined_and_bounded(tmp_path: Path) -> None:
    save(tmp_path, "orders", [order()])
    batch = replace(standardise(unit(), read_all(unit(), tmp_path)).batch, issues=())
    for number, reason in enumerate(["a", "b", "a", "c", "d", "e"], start=1):
        batch = batch.report(Issue("r", reason, number, 2, source="s"))
        if number == 3:
            assert list_problems(batch)["reason"].map(in_words).tolist() == ["a; b"]
    assert list_problems(batch)[["rows", "first_row", "reason"]].map(in_words).values.tolist() == [
        [12, 1, "a; b; c; and 2 more"]
    ]
