"""Claims about the tables of an account: what falls together is told together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from salesfc_lib.cleaning.account.ledger import list_problems
from salesfc_lib.cleaning.clean import read_all, standardise
from tests.orders import order, save, unit


def test_what_was_said_of_one_problem_is_joined_and_bounded(tmp_path: Path) -> None:
    save(tmp_path, "orders", [order()])
    account = replace(standardise(unit(), read_all(unit(), tmp_path)).account, problems=())
    for number, reason in enumerate(["a", "b", "a", "c", "d", "e"], start=1):
        account = account.see(
            {
                "source": "s",
                "rule": "r",
                "column": "",
                "action": "noted",
                "rows": 2,
                "first_row": number,
                "example": "",
                "reason": reason,
            }
        )
        if number == 3:
            assert list_problems(account)["reason"].tolist() == ["a; b"]
    assert list_problems(account)[["rows", "first_row", "reason"]].values.tolist() == [
        [12, 1, "a; b; c; and 2 more"]
    ]
