"""One alert from its sentences: what happened, why by the month's tables, and one thing to do."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.facts.month import PAGES, MonthFacts
from salesfc_lib.reporting.facts.summary import AttentionItem
from salesfc_lib.reporting.narrative.writer import writer_of
from salesfc_lib.retrospective import read_facts

KEY = "unit.attention"
RETROSPECTIVE = PAGES["Retrospective"]
Kind = Literal["overdue", "floor", "bias", "other"]


def say(month: MonthFacts, key: str, /, **facts: Any) -> str:
    """The sentence `key` of the alerts; `unit` and `month` are known to each."""
    known = {"unit": month.run.unit, "title": month.run.title, "month": month.run.month}
    return writer_of(month.run).text(f"{KEY}.{key}", **known | facts)


def item(
    month: MonthFacts, kind: Kind, key: str, why: str, do: str, *, href: str, **facts: Any
) -> AttentionItem:
    """The alert `key`, with why it is one and what to do."""
    return AttentionItem(kind, say(month, key, **facts), why, do=do, href=href)


def names(parts: list[str]) -> str:
    """Parts of a sentence as a list: 'A and B'."""
    return wording.listing(parts, len(parts))


def say_proposal(month: MonthFacts, evidence: str, author: str = "") -> str:
    """Which open proposal of the retrospective says the same; empty where none does."""
    table = month.compared["proposals"].reset_index(drop=True)
    for number, row in enumerate(table.to_dict("records"), 1):
        asked = author in ("", read_facts(row["facts"]).get("author"))
        if row["evidence"] == evidence and row["decision"] == "open" and asked:
            return say(month, "proposal", number=number)
    return ""


def label_of(month: MonthFacts, unique_id: str) -> str:
    """How a series is named."""
    labels = month.compared.series.set_index("unique_id")["label"]
    return str(labels.get(unique_id, unique_id))


def likely_cause(month: MonthFacts, unique_id: str) -> tuple[str, float, dict[str, Any]]:
    """The likeliest cause of a series' miss, its effect (actual - forecast) and its facts.

    Of one that a person stands for the facts are who does (`by`), and the remark.
    """
    causes = month.compared["causes_all"]
    first = causes[causes["unique_id"] == unique_id].sort_values("rank").iloc[0]
    read = read_facts(first["facts"])
    facts = {name: 0 if value is None else value for name, value in read.items()}
    if first["state"] != "proposed":
        facts = {"by": first["by"], "remark": first["remark"]}
    return str(first["cause"]), float(first["effect"]), facts


def run_below_zero(values: pd.Series) -> int:
    """For how many months, the last one included, values by month have been below zero."""
    return int((values.iloc[::-1] < 0).cumprod().sum())
