"""What needs a person in a unit's month: each with its cause, what to do, owner and due day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from salesfc_lib.reporting.facts.cleaning import CleanedMonth
from salesfc_lib.reporting.facts.month import PAGES, MonthFacts
from salesfc_lib.reporting.facts.summary import AttentionItem
from salesfc_lib.reporting.narrative.attention.items import item, names, say, say_proposal
from salesfc_lib.reporting.narrative.attention.limits import missed_limits
from salesfc_lib.reporting.narrative.attention.people import peoples_changes
from salesfc_lib.retrospective import read_facts

DUE_DAYS = 7  # days after publication by which an owner should have answered
SILENT = (2, 6)  # one month may be chance; after half a year nobody needs to be reminded


def list_attention(month: MonthFacts) -> tuple[AttentionItem, ...]:
    """What needs a person, with its owner and the day by which to answer."""
    backfill, owner = month.run.kind == "backfill", month.run.parameters.unit.owner
    due = "" if backfill else (date.today() + timedelta(days=DUE_DAYS)).isoformat()
    return tuple(
        replace(each, who=owner, due=due, href="" if backfill else each.href)
        for each in _items(month)
    )


def _items(month: MonthFacts) -> Iterator[AttentionItem]:
    for facts in list_repeats(month.cleaned):
        why, do = say(month, "repeats.why", **facts), say(month, "repeats.do", **facts)
        yield item(month, "other", "repeats", why, do, href=PAGES["Cleaning"], **facts)
    yield from _missing_months(month)
    if month.compared.scored:
        yield from missed_limits(month)
    yield from peoples_changes(month)
    yield from _silent_accounts(month)


def list_repeats(cleaned: CleanedMonth) -> Iterator[dict[str, Any]]:
    """Source, rows and months of lines that repeat earlier ones and count all the same."""
    noted = cleaned.problems[cleaned.problems["rule"].eq("possible_duplicate")]
    entries = cleaned.ledger[cleaned.ledger["rule"].eq("possible_duplicate")]
    for row in noted.to_dict("records"):
        months = entries.loc[entries["source"].eq(row["source"]), "month"]
        named = [f"{month:%Y-%m}" for month in sorted(months.dropna())]
        source = str(row["source"]).partition(":")[0]
        yield {"rows": row["rows"], "source": source, "months": named}


def _missing_months(month: MonthFacts) -> Iterator[AttentionItem]:
    """Months without any source row that nobody declared as closed."""
    for row in month.compared["proposals"].query("evidence == 'months_without_rows'").itertuples():
        facts = {"months": names(read_facts(row.facts)["months"]), "closed": row.proposed}
        facts["proposal"] = say_proposal(month, "months_without_rows")
        why, do = say(month, "missing.why"), say(month, "missing.do", **facts)
        yield item(month, "other", "missing", why, do, href=PAGES["Cleaning"], **facts)


def _silent_accounts(month: MonthFacts) -> Iterator[AttentionItem]:
    """Key accounts without an order for some months: the last one, and what is forecast now."""
    accounts = month.modeled.key_account_table()
    for row in accounts[accounts["silent"].between(*SILENT)].to_dict("records"):
        facts = row | {"last": row["ds"] - pd.DateOffset(months=row["silent"] + 1)}
        why = say(month, "silent.why", **facts)
        do = say(month, "silent.do" if row["next"] > 0 else "silent.do.gone", **facts)
        href = f"{PAGES['Modeling']}#key-accounts"
        yield item(month, "other", "silent", why, do, href=href, **facts)
