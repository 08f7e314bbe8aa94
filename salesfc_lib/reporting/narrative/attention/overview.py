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
from salesfc_lib.reporting.narrative.attention.supply import supply_at_risk
from salesfc_lib.reporting.narrative.retrospective.decisions import cause_of_action
from salesfc_lib.reporting.narrative.writer import writer_of
from salesfc_lib.retrospective import read_facts

DUE_DAYS = 7  # days after publication by which an owner should have answered
PROMISES = "what-did-we-promise-and-did-we-do-it"  # section of notebook 04
SILENT = (2, 6)  # one month may be chance; after half a year nobody needs to be reminded


def list_attention(month: MonthFacts) -> tuple[AttentionItem, ...]:
    """What needs a person, with its owner and the day by which to answer."""
    backfill, owner = month.run.kind == "backfill", month.run.parameters.unit.owner
    due = "" if backfill else (date.today() + timedelta(days=DUE_DAYS)).isoformat()
    return tuple(
        replace(
            each,
            who=each.who or owner,
            due="" if backfill else each.due or due,
            href="" if backfill else each.href,
        )
        for each in _items(month)
    )


def _items(month: MonthFacts) -> Iterator[AttentionItem]:
    yield from _overdue_actions(month)
    yield from supply_at_risk(month)
    for facts in list_repeats(month.cleaned):
        why, do = say(month, "repeats.why", **facts), say(month, "repeats.do", **facts)
        yield item(month, "other", "repeats", why, do, href=PAGES["Cleaning"], **facts)
    yield from _missing_months(month)
    if month.compared.scored:
        yield from missed_limits(month)
    yield from peoples_changes(month)
    yield from _silent_accounts(month)


def _overdue_actions(month: MonthFacts) -> Iterator[AttentionItem]:
    """The promise that has waited longest, with how many others are overdue."""
    overdue = month.compared["actions"].query("state == 'overdue'")
    for row in overdue.head(1).to_dict("records"):
        facts = {"n": len(overdue), "action": f"A{row['number']}", "what": row["what"]}
        facts["cause"] = cause_of_action(writer_of(month.run), row)
        why, do = say(month, "action.why", **facts), say(month, "action.do", **facts)
        href = f"{PAGES['Retrospective']}#{PROMISES}"
        alert = item(month, "overdue", "action", why, do, href=href, **facts)
        yield replace(alert, who=row["owner"], due=row["due"])


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
