"""What needs a person in a unit's month: each with its cause, its owner and a day to answer by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from salesfc_lib.reporting.facts.cleaning import CleanedMonth
from salesfc_lib.reporting.facts.month import PAGES, MonthFacts
from salesfc_lib.reporting.facts.retrospective import UNEXPLAINED
from salesfc_lib.reporting.facts.summary import AttentionItem
from salesfc_lib.reporting.narrative.retrospective.causes import cause_name, describe_bias
from salesfc_lib.reporting.narrative.writer import writer_of

DUE_DAYS = 7  # days after publication by which an owner should have answered


def list_attention(month: MonthFacts) -> tuple[AttentionItem, ...]:
    """What needs a person, with its owner and the day by which to answer."""
    backfill, owner = month.run.kind == "backfill", month.run.parameters.unit.owner
    due = "" if backfill else (date.today() + timedelta(days=DUE_DAYS)).isoformat()
    return tuple(
        replace(item, who=owner, due=due, href="" if backfill else item.href)
        for item in _items(month)
    )


def _items(month: MonthFacts) -> Iterator[AttentionItem]:
    """Floor, bias, changes that cost accuracy, biased authors, key accounts without orders."""
    run, text, compared, page = month.run, writer_of(month.run).text, month.compared, PAGES
    agreed, key, retro = run.parameters.retrospective, "unit.attention", page["Retrospective"]
    for facts in list_repeats(month.cleaned):
        what, why = text(f"{key}.repeats", **facts), text(f"{key}.repeats.why", **facts)
        yield AttentionItem("other", what, why, href=page["Cleaning"])
    if compared.scored:
        now, miss = compared.now, describe_miss(month)
        facts = {"unit": run.title, "floor": agreed.accuracy_floor, "limit": agreed.bias_limit}
        facts |= {"running": say_running(month), **now}
        if now["accuracy"] < agreed.accuracy_floor:
            yield AttentionItem("floor", text(f"{key}.floor", **facts), miss, href=retro)
        if abs(now["bias"]) > agreed.bias_limit:
            yield AttentionItem("bias", text(f"{key}.bias", **facts), miss, href=retro)
    year = compared["value_added_year"].query(
        "level == @compared.bottom and stage == 'adjusted' and own_months >= 3 and gain < 0"
    )
    for row in year.head(1).to_dict("records"):
        what, why = text(f"{key}.people", **row), text(f"{key}.people.why")
        yield AttentionItem(
            "other", what, why, href=f"{retro}#which-steps-made-the-forecast-better"
        )
    for row in compared["people"].query("leans != ''").to_dict("records"):
        why = describe_bias(writer_of(run), row)
        what = text(f"{key}.lean", **row)
        yield AttentionItem(
            "other", what, why, href=f"{retro}#whose-changes-were-too-high-or-too-low"
        )
    # one silent month may be chance, and after half a year nobody needs to be reminded
    for row in month.modeled.key_account_table().query("2 <= silent <= 6").to_dict("records"):
        what, why = text(f"{key}.silent", **row), text(f"{key}.silent.why", **row)
        yield AttentionItem("other", what, why, href=f"{page['Modeling']}#key-accounts")


def list_repeats(cleaned: CleanedMonth) -> Iterator[dict[str, Any]]:
    """Source, rows and months of lines that repeat earlier ones and count all the same."""
    noted = cleaned.problems[cleaned.problems["rule"].eq("possible_duplicate")]
    entries = cleaned.ledger[cleaned.ledger["rule"].eq("possible_duplicate")]
    for row in noted.to_dict("records"):
        months = entries.loc[entries["source"].eq(row["source"]), "month"]
        named = [f"{month:%Y-%m}" for month in sorted(months.dropna())]
        source = str(row["source"]).partition(":")[0]
        yield {"rows": row["rows"], "source": source, "months": named}


def say_running(month: MonthFacts) -> str:
    """For how many months the bias has been beyond its limit, where it is more than this one."""
    months = month.compared.run_of_bias(month.run.parameters.retrospective.bias_limit)
    return writer_of(month.run).text("unit.title.running", months=months) if months > 1 else ""


def describe_miss(month: MonthFacts) -> str:
    writer, largest = writer_of(month.run), month.compared["misses"]
    if largest.empty:
        return writer.text("unit.summary.no_miss")
    first, causes = largest.iloc[0], month.compared["causes"]
    cause = causes[causes["unique_id"] == first["unique_id"]].sort_values("rank").iloc[0]
    size = abs(first["difference"])
    name = cause_name(writer, cause["cause"], cause["effect"])
    known = cause["cause"] != UNEXPLAINED and abs(cause["effect"]) >= 0.5 * size
    side = "below" if first["difference"] > 0 else "above"
    facts = {"label": first["label"], "size": size, "side": side, "cause": name.lower()}
    return writer.text(f"unit.summary.miss{'' if known else '.unexplained'}", **facts)
