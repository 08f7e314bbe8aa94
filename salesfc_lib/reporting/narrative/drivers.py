"""Driver effects with their intervals, in words and drawn.

A driver's effect is given for a step that a person can picture (a day, a month wholly on promotion,
a price ten percent higher); one whose interval holds zero is called no different from chance. They
are the effects that the forecast applies.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import amounts, wording
from salesfc_lib.reporting.blocks import Figure, Prose
from salesfc_lib.reporting.catalogue import Sentences
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.writer import Blocks, Row, draw, writer_of

REGRESSION = "regression"
TENTH = 0.1  # of its usual value: the step of a level, such as a price
NAMED = {
    "trading_days": "count",
    "price": "level",
}  # drivers with words of their own; others: share
MONTH_TERM = "month "  # how the names of seasonal terms begin: 'month 01'
BOUNDS = ["low", "high"]


@in_languages
def driver_effects(run: UnitMonth, modeled: ModeledMonth) -> Blocks:
    """What each driver does over all series, and the terms of the unit's total."""
    writer, pooled = writer_of(run), modeled.explained["pooled_driver"]
    terms = terms_of(modeled.explained["coefficient"], modeled.top)
    if terms.empty:
        return Blocks(writer.prose("modeling.drivers.short"))
    none = "modeling.drivers.none" if run.parameters.driver_effects.enabled else "driver.off"
    lead = "modeling.drivers" if len(pooled) else none
    weights, ahead, whole = (
        frame[frame["unique_id"] == modeled.top]
        for frame in (modeled.weights, modeled.explained["driver_effect"], modeled.combined)
    )
    paragraphs = (
        wording.paragraph(describe_effect(writer, row) for row in pooled.to_dict("records")),
        writer.text(lead, found=len(pooled), clear=int(is_clear(pooled).sum())),
        describe_share(writer, ahead, whole),
        writer.text("modeling.drivers.top", **describe_regression(writer, terms, weights)),
    )
    return Blocks(
        Prose("\n\n".join(filter(None, paragraphs))), effects_figure(run, terms, run.title)
    )


def terms_of(coefficient: pd.DataFrame, unique_id: str) -> pd.DataFrame:
    """Terms of a series by name; none where it is too short."""
    return coefficient[coefficient["unique_id"] == unique_id].set_index("term")


def describe_regression(
    writer: Sentences, terms: pd.DataFrame, weights: pd.DataFrame
) -> dict[str, object]:
    """A series' level, trend and weight of the regression, from its rows of table weights."""
    weight = float(weights.loc[weights["model"] == REGRESSION, "weight"].sum())
    carries = writer.text("driver.carries.some" if weight else "driver.carries.none", weight=weight)
    level, trend = terms.loc[["level", "trend"], "estimate"]
    return {"level": level, "trend": describe_change(writer, trend), "carries": carries}


def describe_share(writer: Sentences, ahead: pd.DataFrame, forecast: pd.DataFrame) -> str:
    """What share of a series' forecast rests on drivers, from its rows of driver_effect; '' without
    any.
    """
    if ahead.empty:
        return ""
    expected = forecast.set_index("ds")["y_hat"]
    moved = ahead.groupby("ds")["share"].sum().abs().mul(expected, fill_value=0.0)
    share = float(moved.sum() / expected.sum()) if expected.sum() else 0.0
    return writer.text("driver.rests", share=share, months=len(expected))


def effects_figure(run: UnitMonth, terms: pd.DataFrame, named: str) -> Figure:
    """Terms of one series in its measure: drivers, trend, strongest and weakest month."""
    rows = list_effects(writer_of(run), terms)
    writer = writer_of(run).at(rows[["value", *BOUNDS]].to_numpy().ravel())
    measure, scale, clear = writer.measure, writer.scale, rows[rows["driver"] & is_clear(rows)]
    text = [measure.scaled(value, scale, sign=True, digits=3) for value in rows["value"]]
    scaled = rows[["value", *BOUNDS]] / scale.divisor
    between = [_describe_interval(writer, *bounds) for bounds in rows[BOUNDS].to_numpy()]
    none = "modeling.drivers.unsure" if rows["driver"].any() else "modeling.drivers.season"
    return writer.figure(
        "driver.figure",
        draw("whiskers", rows.assign(text=text, **scaled)),
        rows.assign(between=between),
        title_key="modeling.drivers.title" if len(clear) else none,
        **(clear.iloc[0] if len(clear) else {}),
        named=named,
        axis=writer.axis,
    )


def list_effects(writer: Sentences, terms: pd.DataFrame) -> pd.DataFrame:
    """Terms in steps that people can picture: label, value, low, high, driver (whether it is one).

    Drivers first, the largest first.
    """
    season = terms.index[terms.index.str.startswith(MONTH_TERM)]
    drivers = terms.index.difference(["level", "trend", *season], sort=False)
    estimate, kinds = terms.loc[season, "estimate"], terms["kind"]
    ends = {"strongest": str(estimate.idxmax()), "weakest": str(estimate.idxmin())}
    sizes = {name: -abs(terms.at[name, "estimate"] * step_in(kinds[name])) for name in drivers}
    first = sorted(drivers, key=sizes.__getitem__)
    table = terms.loc[[*first, "trend", *ends.values()], ["estimate", *BOUNDS]]
    table = table.mul([*(step_in(kinds[name]) for name in first), 1.0, 1.0, 1.0], axis=0)
    names = [
        *(describe_step(writer, name, kinds[name]) for name in first),
        writer.text("driver.trend"),
        *(writer.text(f"driver.{end}", month=f"2000-{name[-2:]}") for end, name in ends.items()),
    ]
    table = table.rename(columns={"estimate": "value"}).reset_index(drop=True)
    return table.assign(label=names, driver=table.index < len(first))


def is_clear(effects: pd.DataFrame) -> pd.Series:
    """Which effects differ from none: their interval does not hold zero."""
    return (effects["low"] > 0) | (effects["high"] < 0)


def describe_effect(writer: Sentences, row: Row) -> str:
    """'A month wholly on promotion adds 12 % (95 %: 8 to 16 %).', of a row of pooled_driver."""
    factor, what = step_in(row["kind"]), describe_step(writer, row["term"], row["kind"])
    low, effect, high = (float(row[name]) * factor for name in ("low", "estimate", "high"))
    if low <= 0 <= high:
        return writer.text("modeling.driver.unclear", what=what, low=low, high=high)
    key, (near, far) = ("adds", (low, high)) if effect > 0 else ("takes", (-high, -low))
    return writer.text(f"modeling.driver.{key}", what=what, effect=abs(effect), low=near, high=far)


def describe_change(writer: Sentences, amount: float) -> str:
    """'adds ¥1.2 m' or 'takes away ¥1.2 m'."""
    return writer.text("driver.adds" if amount >= 0 else "driver.takes", amount=abs(amount))


def describe_step(writer: Sentences, term: str, kind: str) -> str:
    """A driver's step in words, its own where it is of the kind that they are for."""
    own = writer.find(f"driver.{term}") if kind == NAMED.get(term, "share") else None
    return own or writer.text(f"driver.{kind}", name=writer.name("driver.head", term))


def step_in(kind: str) -> float:
    """The step in words as a multiple of the coefficient's: a tenth of a level (a price), all of a
    share, one of a count.

    >>> step_in("level"), step_in("share")
    (0.1, 1.0)
    """
    return TENTH if kind == "level" else 1.0


def _describe_interval(writer: Sentences, low: float, high: float) -> str:
    """An interval in the unit's measure, on one scale of its own; '' for none."""
    if pd.isna(low):
        return ""
    scale = amounts.scale_for([low, high])
    ends = (writer.measure.scaled(end, scale, sign=True) for end in (low, high))
    return writer.text("driver.between", **dict(zip(BOUNDS, ends, strict=True)))
