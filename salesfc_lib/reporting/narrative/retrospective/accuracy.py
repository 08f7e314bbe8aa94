"""Accuracy by months ahead, by step, by dimension, over time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Prose
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.retrospective.causes import scored
from salesfc_lib.reporting.narrative.writer import Blocks, BlockWriter, Row, draw, writer_of

ENOUGH = 6  # months before a trend of accuracy is spoken of
CHANCE = 0.05  # probability of so many published forecasts below the statistical ones, or more
SAME = 0.0005  # gain in accuracy that rounds to none
HEAT = (250.0, 230.0)  # units of the heat map's height: on a page, on a phone


@scored
@in_languages
def lags(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """Accuracy of this month by lag, and of every level at the agreed lags."""
    writer, table, agreed = writer_of(run), compared["by_lag"], run.parameters.retrospective.lags
    bottom, key = table[table["level"] == compared.bottom].sort_values("lag"), "retrospective.lags"
    near, far = bottom["accuracy"].iloc[0], bottom["accuracy"].iloc[-1]
    best = bottom.loc[bottom["accuracy"].idxmax()]
    nearest = "same" if near - far < SAME else "better"
    facts = {"month": run.month, "farthest": bottom["lag"].iloc[-1], "near": near, "far": far}
    missing = writer.text("retrospective.missing")
    by_level = writer.table(
        f"{key}.table",
        _by_level(compared, [1, *agreed]),
        columns={
            writer.text(f"{key}.head", lag=lag): f"{{accuracy {lag}:percent}} ?? {missing}"
            for lag in agreed
        },
        missing=missing,
        month=run.month,
        lags=[str(lag) for lag in agreed],
    )
    if len(bottom) == 1:
        return Blocks(writer.prose(f"{key}.one", **facts), by_level)
    figure = writer.figure(
        f"{key}.figure",
        _draw(writer, run, bottom.assign(h=bottom["lag"]), wording.month_name(run.month), x="h"),
        bottom,
        title_key=f"{key}.title.{nearest if best['lag'] == bottom['lag'].iloc[0] else 'other'}",
        points=near - far,
        best=best["lag"],
        highest=best["accuracy"],
        level=compared.bottom,
        **facts,
    )
    return Blocks(writer.prose(f"{key}.many", **facts), figure, by_level)


def _by_level(compared: ComparedMonth, lags: Iterable[int]) -> pd.DataFrame:
    """Each level's accuracy, bias and the naive's accuracy, by name and lag: 'accuracy 3'."""
    names = ["accuracy", "bias", "naive_accuracy"]
    wide = compared["by_lag"].pivot(index="level", columns="lag", values=names)
    wide = wide.reindex(columns=pd.MultiIndex.from_product([names, dict.fromkeys(lags)]))
    wide.columns = [f"{name} {lag}" for name, lag in wide.columns]
    return wide.reindex(compared.series["level"].drop_duplicates()).reset_index()


def _draw(
    writer: BlockWriter, run: UnitMonth, table: pd.DataFrame, name: str, **options: Any
) -> tuple[str, str]:
    """Accuracy beside the seasonal naive's as lines."""
    columns, floor = ("accuracy", "naive_accuracy"), run.parameters.retrospective.accuracy_floor
    roles = {name: "forecast", writer.name("stage", "baseline"): "baseline"}
    lines = zip(roles, columns, strict=True)
    parts = [table.assign(group=group, value=table[column]) for group, column in lines]
    frame = pd.concat(parts).dropna(subset=["value"])
    return draw("lines", frame, roles=roles, floor=floor, **options)


@in_languages
def lag_history(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """Error of the last twelve months by how many months ahead they were forecast."""
    writer, key = writer_of(run), "retrospective.lag_history"
    table = compared["lag_history"].dropna(subset=["wape"])
    if table.empty:
        return Blocks(writer.prose(f"{key}.none"))
    wide = table.pivot(index="ds", columns="lag", values="wape")
    far = int(wide.columns.max())
    both = wide[[1, far]].dropna() if far > 1 and 1 in wide.columns else wide.iloc[:0]
    nearer = int((both[1] < both[far]).sum()) if len(both) else 0
    worst, rows = table.loc[table["wape"].idxmax()], wide.add_prefix("lag").reset_index()
    figure = writer.figure(
        f"{key}.figure",
        draw("lag_heat_map", table.assign(value=table["wape"]), height=HEAT),
        rows,
        columns={f">{lag}": f"{{lag{lag}:percent}}" for lag in wide.columns},
        level=compared.bottom,
        first=rows["ds"].iloc[0],
        last=rows["ds"].iloc[-1],
        wape=worst["wape"],
        ds=worst["ds"],
        lag=worst["lag"],
        low=table["wape"].min(),
    )
    facts = {"nearer": nearer, "all": len(both), "far": far}
    return Blocks(writer.prose(f"{key}.{'many' if len(both) else 'one'}", **facts), figure)


@scored
@in_languages
def value_added(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """Accuracy after each step, this month and over the year."""
    writer, key = writer_of(run), "retrospective.value"
    now, year = (
        compared[name].query("level == @compared.bottom")
        for name in ("value_added", "value_added_year")
    )
    now = now.query("stage not in ('assumed', 'adjusted') or own_months > 0")
    months, gains = int(year["months"].max()), year.set_index("stage")["gain"]
    stages = [writer.name("stage", stage) for stage in now["stage"]]
    columns = {"value": now["accuracy"], "added": now["gain"], "mean": now["stage"].map(gains)}
    frame = pd.DataFrame({"label": stages} | columns).reset_index(drop=True)
    steps = [_describe_step(writer, row) for row in frame.iloc[1:].to_dict("records")]
    heads = tuple(writer.text(f"{key}.head.{name}", months=months) for name in ("added", "mean"))
    figure = writer.figure(
        f"{key}.figure",
        draw("stage_accuracy", frame, heads=heads),
        frame,
        points=float(now["gain"].sum()),
        month=run.month,
        months=months,
        level=compared.bottom,
    )
    facts = {"steps": steps, "total": float(gains.sum())}
    return Blocks(writer.prose(key, month=run.month, months=months, **facts), figure)


def _describe_step(writer: BlockWriter, row: Row) -> str:
    gain, stage = row["added"], wording.first_lower(row["label"])
    key = "nothing" if abs(gain) < SAME else "gained" if gain > 0 else "lost"
    return writer.text(f"retrospective.value.{key}", stage=stage, points=gain)


@scored
@in_languages
def dimensions(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """Forecast against actual for each member of each dimension."""
    by_lag, year = compared["by_dimension"], compared["by_dimension_year"]
    key, member = "retrospective.dimensions", ["dimension", "member"]
    table = by_lag.query("lag == 1")
    judged, writer = table.dropna(subset=["wape"]), writer_of(run).at(table["actual"])
    if judged.empty:
        return Blocks(writer.prose(f"{key}.none"))
    wape = by_lag.pivot(index=member, columns="lag", values="wape")
    agreed, months = run.parameters.retrospective.lags, int(year["months"].max())
    no_sales, missing = (writer.text(f"retrospective.{name}") for name in ("no_sales", "missing"))
    empty = {lag: no_sales if lag in wape else missing for lag in agreed}
    wape = wape.reindex(columns=agreed).add_prefix("wape ")
    wape = wape.assign(year=year.set_index(member)["wape"])
    table = table.assign(toned=writer.toned("{bias:signed_percent}", table, "difference"))
    worst = judged.loc[judged["wape"].idxmax()]
    whole = compared.now["wape"]
    return writer.section(
        key,
        table.join(wape, on=member),
        notable=~table["wape"].le(whole),
        whole=whole,
        columns={
            writer.text(f"{key}.head", lag=lag): f"{{wape {lag}:percent}} ?? {word}"
            for lag, word in empty.items()
        },
        worst=worst["member"],
        wape=worst["wape"],
        month=run.month,
        months=months,
    )


@scored
@in_languages
def improvement(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """Accuracy over time beside the seasonal naive's, and signs of a lowered bar."""
    writer, facts, history = writer_of(run), compared.improvement, compared.one_ahead()
    months, gain, key = int(facts["months"]), facts["gain"], "retrospective.improvement"
    if months < ENOUGH:
        return Blocks(writer.prose(f"{key}.short", months=months))
    first, last = history.iloc[0], history.iloc[-1]
    figure = writer.figure(
        f"{key}.figure",
        _draw(writer, run, history, writer.text(f"{key}.published")),
        history,
        gain=abs(gain),
        side=writer.text(f"{key}.side.{'better' if gain >= 0 else 'worse'}"),
        months=months,
        level=compared.bottom,
        first=first["ds"],
        last=last["ds"],
        from_accuracy=first["accuracy"],
        to_accuracy=last["accuracy"],
    )
    text = writer.text(f"{key}.{'worse' if gain < 0 else 'better'}", **facts | {"gain": abs(gain)})
    if facts["sales_growth"] is not None:
        text += writer.text(f"{key}.growth", **facts)
    if facts["months_compared"]:
        reading = writer.text(f"{key}.{'suspicious' if facts['p_below'] <= CHANCE else 'fair'}")
        text += writer.text(f"{key}.lowered", reading=reading, **facts)
    return Blocks(Prose(text), figure)
