"""What the modeling notebook says of its own intervals: how much of what came they would have held, at every distance.

The modeling step's tables enter; blocks leave.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Figure, Prose, Table
from salesfc_lib.reporting.facts.modeling import AGREED, ModeledMonth
from salesfc_lib.reporting.narrative.section import Section, columns, voice_of


def doubt(run: UnitMonth, modeled: ModeledMonth) -> Section:
    """Whether the 80 % interval holds what it says, and by how much it does not."""
    voice, trust = voice_of(run), modeled.trust()
    if trust["verdict"] == "none":
        return Section(Prose(voice.say("modeling.doubt.none")))
    verdict = voice.say(f"modeling.doubt.{trust['verdict']}", **trust)
    made = voice.say("modeling.doubt.made", **trust)
    return Section(
        Prose(f"{verdict}\n\n{made}"),
        _figure(voice.say("modeling.doubt.title", **trust), modeled.held()),
    )


def _figure(title: str, held: pd.DataFrame) -> Figure:
    from salesfc_lib.reporting import plots

    wide, slim = plots.draw(plots.coverage, held.rename(columns={"interval": "level"}), band=AGREED)
    agreed = f"{wording.number(AGREED[0] * 100)} to {wording.percent(AGREED[1], 0)}"
    subtitle = f"Share of actuals inside the interval in %, all series, by months ahead; dashed: what it says; shaded: {agreed}, agreed for the 80{wording.THIN}% interval"
    shares = held.pivot(index="h", columns="interval", values="share")
    counts = held.pivot(index="h", columns="interval", values="n").iloc[:, 0]
    rows = [
        [
            wording.plural(int(h), "month"),
            *(wording.percent(shares.at[h, level]) for level in shares),
            wording.number(counts[h]),
        ]
        for h in shares.index
    ]
    heads = columns(
        "Months ahead", *(f">{level}{wording.THIN}% interval" for level in shares), ">Forecasts"
    )
    first, last = shares.index[0], shares.index[-1]
    alt = f"Lines by months ahead. The 80{wording.THIN}% interval held {wording.percent(shares.at[first, 80])} {wording.plural(int(first), 'month')} ahead and {wording.percent(shares.at[last, 80])} {wording.plural(int(last), 'month')} ahead."
    return Figure(
        title,
        subtitle,
        alt,
        wide,
        slim,
        "Source: tables/backtest_coverage.parquet.",
        Table("Coverage", "", heads, rows),
    )
