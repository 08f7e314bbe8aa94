"""What the modeling notebook says of what drives sales: effects with their intervals, in words and drawn.

The modeling step's tables enter; blocks leave. The decision made here: a driver is told in a step that a person can picture (a day, a month
wholly on promotion, a price ten percent higher), and one whose interval holds zero is said to be no effect that could be told.
"""

from __future__ import annotations

import math

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Figure, Prose, Table
from salesfc_lib.reporting.catalogue import Voice, read_catalogue
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.narrative.section import Section, columns, measure_of, voice_of

REGRESSION = "regression"
DAYS = "trading_days"  # counted, so told for one more
TENTH = 0.1  # of its usual value: the step in which a driver that is never zero is told
SEASON = "month "  # how terms of the season begin: 'month 01'


def drivers(run: UnitMonth, modeled: ModeledMonth) -> Section:
    """What each driver does over all series, and the terms of the unit's total."""
    voice, pooled = voice_of(run), modeled.explained["pooled_driver"]
    total = str(modeled.series["unique_id"].iloc[0])
    terms = terms_of(modeled.explained["coefficient"], total)
    if terms.empty:
        return Section(Prose(voice.say("modeling.drivers.short")))
    told = " ".join(say_effect(voice, row) for _, row in pooled.iterrows())
    clear = int(((pooled["low"] > 0) | (pooled["high"] < 0)).sum())
    lead = (
        voice.say("modeling.drivers", found=len(pooled), clear=clear)
        if len(pooled)
        else voice.say("modeling.drivers.none")
    )
    top = voice.say(
        "modeling.drivers.top",
        level=terms.loc["level", "estimate"],
        trend=say_change(voice, terms.loc["trend", "estimate"]),
        carries=_carries(run, modeled.weights, total),
    )
    return Section(
        Prose(f"{told}\n\n{lead}\n\n{top}".strip()), effects_figure(run, terms, run.title)
    )


def terms_of(coefficient: pd.DataFrame, unique_id: str) -> pd.DataFrame:
    """Terms of a series by name; none where it is too short."""
    return coefficient[coefficient["unique_id"] == unique_id].set_index("term")


def effects_figure(run: UnitMonth, terms: pd.DataFrame, named: str) -> Figure:
    """Terms of one series in its measure: trend, strongest and weakest month, drivers, largest first."""
    from salesfc_lib.reporting import plots

    voice, measure = voice_of(run), measure_of(run)
    rows = list_effects(voice, terms)
    scale = wording.scale_for([*rows["low"], *rows["high"]])
    frame = rows.assign(**{name: rows[name] / scale.divisor for name in ("value", "low", "high")})
    frame["text"] = [measure.scaled(value, scale, sign=True, digits=3) for value in rows["value"]]
    wide, slim = plots.draw(plots.whiskers, frame)
    clear = rows[rows["driver"] & ((rows["low"] > 0) | (rows["high"] < 0))]
    title = (
        voice.say(
            "modeling.drivers.title",
            what=clear.iloc[0]["label"],
            effect=clear.iloc[0]["value"],
            named=named,
        )
        if len(clear)
        else voice.say("modeling.drivers.unsure", named=named)
    )
    alt = "; ".join(
        f"{row['label']} {measure.amount(row['value'], sign=True)}" for _, row in rows.iterrows()
    )
    numbers = Table(
        f"Effects on {named}",
        "",
        columns("What", ">A month gains", ">95 % interval"),
        [
            [
                Cell(row["label"]),
                measure.amount(row["value"], sign=True),
                between(run, row["low"], row["high"]),
            ]
            for _, row in rows.iterrows()
        ],
    )
    subtitle = f"{named}: change of a month's sales, {measure.axis(scale)}, with the 95{wording.THIN}% interval; open and grey where it holds zero"
    return Figure(
        title,
        subtitle,
        f"Dots with intervals. {alt}.",
        wide,
        slim,
        "Source: tables/coefficient.parquet.",
        numbers,
    )


def list_effects(voice: Voice, terms: pd.DataFrame) -> pd.DataFrame:
    """Terms in steps that people can picture: label, value, low, high, driver (whether it is one); drivers first, largest first."""
    season = terms[terms.index.str.startswith(SEASON)]["estimate"]
    drivers = [
        name
        for name in terms.index
        if name not in ("level", "trend") and not name.startswith(SEASON)
    ]
    rows = [
        _row(
            what_of(voice, name, terms.at[name, "step"]),
            terms.loc[name],
            step_in(name, terms.at[name, "step"]),
            True,
        )
        for name in drivers
    ]
    ends = {"strongest": str(season.idxmax()), "weakest": str(season.idxmin())}
    others = [
        _row(voice.say("driver.trend"), terms.loc["trend"], 1.0, False),
        *(
            _row(voice.say(f"driver.{key}", month=f"2000-{name[-2:]}"), terms.loc[name], 1.0, False)
            for key, name in ends.items()
        ),
    ]
    found = pd.DataFrame(rows, columns=["label", "value", "low", "high", "driver"])
    largest = found.sort_values(
        "value", key=lambda values: -values.astype(float).abs(), kind="stable"
    )
    return (
        pd.concat([largest, pd.DataFrame(others)], ignore_index=True)
        if rows
        else pd.DataFrame(others)
    )


def _row(label: str, term: pd.Series, factor: float, driver: bool) -> dict[str, object]:
    values = {
        "value": term["estimate"] * factor,
        "low": term["low"] * factor,
        "high": term["high"] * factor,
    }
    return {"label": label, **values, "driver": driver}


def say_effect(voice: Voice, row: pd.Series) -> str:
    """'A month wholly on promotion adds 12 % (95 %: 8 to 16 %).' of a row of table pooled_driver."""
    factor = step_in(row["term"], row["step"])
    low, effect, high = (float(row[name]) * factor for name in ("low", "estimate", "high"))
    what = what_of(voice, row["term"], row["step"])
    if low <= 0 <= high:
        return voice.say("modeling.driver.unclear", what=what, low=low, high=high)
    key, (near, far) = ("adds", (low, high)) if effect > 0 else ("takes", (-high, -low))
    return voice.say(f"modeling.driver.{key}", what=what, effect=abs(effect), low=near, high=far)


def say_change(voice: Voice, amount: float) -> str:
    """'adds ¥1.2 m' or 'takes away ¥1.2 m'."""
    return voice.say("driver.adds" if amount >= 0 else "driver.takes", amount=abs(amount))


def head_of(voice: Voice, term: str) -> str:
    """A driver's name above a column."""
    key = f"driver.head.{term}"
    return (
        voice.say(key)
        if key in read_catalogue(voice.language)
        else wording.first_upper(term.replace("_", " "))
    )


def what_of(voice: Voice, term: str, step: float) -> str:
    """A driver's step in words."""
    if f"driver.{term}" in read_catalogue(voice.language):
        return voice.say(f"driver.{term}")
    return voice.say(
        "driver.share" if never_zero(step) else "driver.unit", name=head_of(voice, term)
    )


def step_in(term: str, step: float) -> float:
    """The told step in steps of the coefficient: a day of the days that a month has, a tenth of a price, one whole of the rest.

    >>> step_in("trading_days", 20.0), step_in("price", 8.5), step_in("promotion", 1.0)
    (0.05, 0.1, 1.0)
    """
    if term == DAYS and never_zero(step):
        return 1.0 / step
    return TENTH if never_zero(step) else 1.0


def never_zero(step: float) -> bool:
    """Whether a coefficient is for a rise by the driver's own mean, because the driver is never zero."""
    return not math.isclose(step, 1.0)


def between(run: UnitMonth, low: float, high: float) -> str:
    """An interval in the unit's measure, on one scale."""
    measure, scale = measure_of(run), wording.scale_for([low, high])
    return f"{measure.scaled(low, scale, sign=True)} to {measure.scaled(high, scale, sign=True)}"


def _carries(run: UnitMonth, weights: pd.DataFrame, unique_id: str) -> str:
    own = weights[(weights["unique_id"] == unique_id) & (weights["model"] == REGRESSION)]["weight"]
    if own.empty or not own.iloc[0]:
        return "which carries none of it here"
    return f"which carries {wording.percent(own.iloc[0], 0)} of it here"
