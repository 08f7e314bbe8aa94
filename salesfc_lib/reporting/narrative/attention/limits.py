"""Numbers beyond their limit: accuracy, bias, gain over the seasonal naive, coverage.

Each says which series, step or errors make most of it, by tables that the retrospective wrote.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from salesfc_lib.foundation import wording
from salesfc_lib.reporting.facts.month import PAGES, MonthFacts
from salesfc_lib.reporting.facts.retrospective import UNEXPLAINED
from salesfc_lib.reporting.facts.summary import COVERED, AttentionItem
from salesfc_lib.reporting.narrative.attention.items import (
    RETROSPECTIVE,
    item,
    likely_cause,
    names,
    run_below_zero,
    say,
    say_proposal,
)
from salesfc_lib.reporting.narrative.retrospective.causes import cause_name
from salesfc_lib.reporting.narrative.writer import writer_of
from salesfc_lib.retrospective import loop

NAMED = 2  # series named in a cause


def missed_limits(month: MonthFacts) -> Iterator[AttentionItem]:
    """Alerts of a scored month, the most urgent first."""
    now, agreed = month.compared.now, month.run.parameters.retrospective
    if now["accuracy"] < agreed.accuracy_floor:
        yield _floor(month)
    if abs(now["bias"]) > agreed.bias_limit:
        yield _bias(month)
    if now["gain"] < 0:
        yield _gain(month)
    held = month.compared["coverage"].query("level == @month.compared.bottom and lag == 1")
    for _, row in held.iterrows():
        if row["n"] and not COVERED[0] <= row["coverage"] <= COVERED[1]:
            yield _coverage(month, row)


def say_running(month: MonthFacts) -> str:
    """For how many months the bias has been beyond its limit, where it is more than this one."""
    months = month.compared.run_of_bias(month.run.parameters.retrospective.bias_limit)
    return writer_of(month.run).text("unit.title.running", months=months) if months > 1 else ""


def _floor(month: MonthFacts) -> AttentionItem:
    """Which series lost most accuracy, the likely cause of the first, and whom to ask about it."""
    compared, now = month.compared, month.compared.now
    missed = compared["missed"].sort_values("share", ascending=False).head(NAMED)
    lost = [
        say(month, "floor.lost", label=row.label, points=abs(row.difference) / now["actual"])
        for row in missed.itertuples()
    ]
    first = missed.iloc[0]
    cause, effect, facts = likely_cause(month, first["unique_id"])
    name = wording.first_lower(cause_name(writer_of(month.run), cause, effect))
    why = say(month, "floor.why", lost=names(lost), label=first["label"], cause=name)
    said = "by" in facts and cause not in loop.OF_PEOPLE
    do = say(month, f"do.{'said' if said else cause}", **facts | {"label": first["label"]})
    floor = month.run.parameters.retrospective.accuracy_floor
    return item(month, "floor", "floor", why, do, href=RETROSPECTIVE, floor=floor, **now)


def _bias(month: MonthFacts) -> AttentionItem:
    """Which series make most of what was forecast on the same side."""
    compared, now, agreed = month.compared, month.compared.now, month.run.parameters.retrospective
    side = 1 if now["bias"] > 0 else -1
    missed = compared["missed"].assign(off=compared["missed"]["difference"] * side)
    same = missed[missed["off"] > 0].sort_values("off", ascending=False)
    largest = same.head(NAMED)
    series = [
        say(month, "bias.series", label=row.label, size=row.off) for row in largest.itertuples()
    ]
    share = float(largest["off"].sum() / same["off"].sum())
    facts = {
        "direction": say(month, "bias.high" if side > 0 else "bias.low"),
        "n": len(same),
        "all": len(missed),
        "series": names(series),
        "label": largest["label"].iloc[0],
        "running": say_running(month),
        "limit": agreed.bias_limit,
    }
    cause, effect, _ = likely_cause(month, largest["unique_id"].iloc[0])
    facts["cause"] = wording.first_lower(cause_name(writer_of(month.run), cause, effect))
    answer = say_proposal(month, "bias_persists")
    known = cause != UNEXPLAINED and abs(effect) >= 0.5 * largest["off"].iloc[0]
    key = "bias.do.running" if answer else "bias.do.known" if known else "bias.do"
    do = say(month, key, proposal=answer, **facts)
    why = say(month, "bias.why", share=share, **facts)
    return item(month, "bias", "bias", why, do, href=RETROSPECTIVE, **facts | dict(now))


def _gain(month: MonthFacts) -> AttentionItem:
    """Which step cost most, and in which series the seasonal naive was nearer by most."""
    compared, now = month.compared, month.compared.now
    steps = compared["value_added"].query("level == @compared.bottom and gain < 0")
    worst = steps.sort_values("gain").iloc[0]
    errors = compared["series_errors"]
    nearer = (errors["error"] - errors["naive_error"]).sort_values(ascending=False)
    unique_id = errors.loc[nearer.index[0], "unique_id"]
    labels = compared.series.set_index("unique_id")["label"]
    facts = {
        "stage": writer_of(month.run).name("stage", worst["stage"]),
        "points": worst["gain"],
        "worse": int((nearer > 0).sum()),
        "all": len(errors),
        "label": labels[unique_id],
        "without": worst["wape_before"],
        "naive": now["naive_wape"],
        "running": run_below_zero(compared.one_ahead()["gain"]),
    }
    people = worst["stage"] == "adjusted"
    key = "people" if people else "again" if facts["running"] > 1 else "once"
    why, do = say(month, "gain.why", **facts), say(month, f"gain.do.{key}", **facts)
    href = f"{RETROSPECTIVE}#which-steps-made-the-forecast-better"
    return item(month, "other", "gain", why, do, href=href, **facts | dict(now))


def _coverage(month: MonthFacts, held: pd.Series) -> AttentionItem:
    """Whether the errors since were larger than those of the backtest that made the interval."""
    table = month.modeled.explained["backtest_coverage"]
    near = table[(table["level"] == month.compared.bottom) & (table["h"] == 1)]
    known = {row.interval: row.inside / row.n for row in near.itertuples() if row.n}
    then, wider = known.get(80), known.get(95)
    narrow = held["coverage"] < COVERED[0]
    side = "narrow" if narrow else "wide"
    as_then = then is not None and (then > held["coverage"]) == narrow
    why = say(month, f"coverage.why.{side if as_then else 'also'}", then=then or 0, **held)
    if then is None:
        why = say(month, "coverage.why", **held)
    do = say(month, f"coverage.do.{side}{'' if wider else '.unknown'}", wider=wider or 0)
    do += say_proposal(month, "coverage_off")
    facts = {"low": COVERED[0], "high": COVERED[1]}
    href = f"{PAGES['Modeling']}#do-the-intervals-hold-as-many-actual-sales-as-th"
    return item(month, "other", f"coverage.{side}", why, do, href=href, **facts | dict(held))
