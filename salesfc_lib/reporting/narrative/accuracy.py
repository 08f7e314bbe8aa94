"""What the retrospective says of accuracy: by lag, by step, by dimension, over time."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Figure, Prose
from salesfc_lib.reporting.facts.retrospective import ComparedMonth
from salesfc_lib.reporting.narrative.writer import Blocks, BlockWriter, Row, Template, writer_of

ENOUGH = 6  # months before a trend of accuracy is spoken of
CHANCE = (
    0.05  # probability below which published forecasts lie below the statistical ones too often
)
SAME = 0.0005  # gain in accuracy that rounds to none


def lags(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """Accuracy of this month by lag, and of every level at the agreed lags."""
    writer, table, agreed = writer_of(run), compared["by_lag"], run.parameters.retrospective.lags
    bottom, key = table[table["level"] == compared.bottom].sort_values("lag"), "retrospective.lags"
    near, far = bottom["accuracy"].iloc[0], bottom["accuracy"].iloc[-1]
    facts = {"month": run.month, "farthest": bottom["lag"].iloc[-1], "near": near, "far": far}
    many = len(bottom) > 1
    title = writer.text(
        f"{key}.title.{'better' if near > far else 'worse'}", points=near - far, **facts
    )
    figure = [_lag_figure(run, compared, bottom, title)] if many else []
    return Blocks(
        writer.prose(f"{key}.{'many' if many else 'one'}", **facts),
        *figure,
        writer.table(
            f"{key}.table",
            _by_level(compared),
            (
                "{level:spaced}",
                *(_archived(writer, f"{{accuracy {lag}:percent}}") for lag in agreed),
                _archived(writer, "{bias 1:signed_percent}"),
                _archived(writer, "{naive_accuracy 1:percent}"),
            ),
            width="min40",
            month=run.month,
            lags=wording.listing([str(lag) for lag in agreed]),
            heads=" | ".join(f">{wording.plural(lag, 'month')}" for lag in agreed),
        ),
    )


def _by_level(compared: ComparedMonth) -> list[Row]:
    """Each level's accuracy, bias and the naive's accuracy, by name and lag: 'accuracy 3'."""
    table = compared["by_lag"]
    return [
        {
            f"{name} {row['lag']}": row[name]
            for row in table[table["level"] == level].to_dict("records")
            for name in ("accuracy", "bias", "naive_accuracy")
        }
        | {"level": level}
        for level in compared.series["level"].drop_duplicates()
    ]


def _archived(writer: BlockWriter, template: str) -> Template:
    """A number of a lag, or that no forecast of that lag is in the archive."""
    field = template[1:].partition(":")[0]
    missing = writer.text("retrospective.lags.missing")
    return lambda row: writer.fill(template, {field: row.get(field)}) or missing


def _beside_naive(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Accuracy beside the seasonal naive's, as `plots.lines` draws it: by `group`, `value`."""
    groups = {name: "accuracy", "Seasonal naive": "naive_accuracy"}
    parts = [table.assign(group=group, value=table[column]) for group, column in groups.items()]
    return pd.concat(parts).dropna(subset=["value"])


def _draw(run: UnitMonth, table: pd.DataFrame, name: str, **options: Any) -> tuple[str, str]:
    from salesfc_lib.reporting import plots

    roles = {name: "forecast", "Seasonal naive": "baseline"}
    floor, frame = run.parameters.retrospective.accuracy_floor, _beside_naive(table, name)
    return plots.draw(plots.lines, frame, roles=roles, floor=floor, **options)


def _lag_figure(
    run: UnitMonth, compared: ComparedMonth, bottom: pd.DataFrame, title: str
) -> Figure:
    return writer_of(run).figure(
        "retrospective.lags.figure",
        _draw(run, bottom.assign(h=bottom["lag"]), wording.month_name(run.month), x="h"),
        bottom,
        ("{lag}", "{accuracy:percent}", "{naive_accuracy:percent}"),
        title=title,
        month=run.month,
        level=compared.bottom,
    )


def value_added(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """Accuracy after each step, this month and over the year."""
    from salesfc_lib.reporting import plots

    writer, key = writer_of(run), "retrospective.value"
    now, year = (
        compared[name].query("level == @compared.bottom")
        for name in ("value_added", "value_added_year")
    )
    now = now.query("stage not in ('assumed', 'adjusted') or own_months > 0")
    months, gains = int(year["months"].max()), year.set_index("stage")["gain"]
    frame = pd.DataFrame(
        {
            "label": [writer.name("stage", stage) for stage in now["stage"]],
            "value": now["accuracy"],
            "added": now["gain"],
            "mean": now["stage"].map(gains),
        }
    ).reset_index(drop=True)
    steps = [_describe_step(writer, row) for row in frame.iloc[1:].to_dict("records")]
    figure = writer.figure(
        f"{key}.figure",
        plots.draw(plots.stage_accuracy, frame, heads=("Added", wording.plural(months, "month"))),
        frame,
        ("{label}", "{value:percent}", "{added:points}", "{mean:points}"),
        points=float(now["gain"].sum()),
        month=run.month,
        months=months,
        level=compared.bottom,
    )
    listed, total = wording.first_upper(wording.listing(steps)), float(gains.sum())
    return Blocks(
        writer.prose(key, list=listed, month=run.month, months=months, total=total), figure
    )


def _describe_step(writer: BlockWriter, row: Row) -> str:
    gain = row["added"]
    key = "nothing" if abs(gain) < SAME else "gained" if gain > 0 else "lost"
    return writer.text(f"retrospective.value.{key}", stage=row["label"].lower(), points=gain)


def dimensions(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """Forecast against actual for each member of each dimension."""
    by_lag, year, key = (
        compared["by_dimension"],
        compared["by_dimension_year"],
        "retrospective.dimensions",
    )
    table, member = by_lag.query("lag == 1"), ["dimension", "member"]
    judged, writer = table.dropna(subset=["wape"]), writer_of(run).at(table["actual"])
    if judged.empty:
        return Blocks(writer.prose(f"{key}.none"))
    wape = by_lag.pivot(index=member, columns="lag", values="wape")
    lags, months = run.parameters.retrospective.lags, int(year["months"].max())
    table = table.join(wape.add_prefix("wape "), on=member)
    table = table.join(year.set_index(member)["wape"].rename("wape year"), on=member)
    worst = judged.loc[judged["wape"].idxmax()]

    def error(column: str) -> Template:
        missing = writer.text(
            "retrospective.no_sales" if column in table else "retrospective.lags.missing"
        )
        return lambda row: writer.fill("{wape:percent}", {"wape": row.get(column)}) or missing

    cells = (
        Cell("{member}", sub="{dimension:spaced}"),
        "{forecast:scaled}",
        "{actual:scaled}",
        lambda row: Cell(
            writer.fill("{bias:signed_percent}", row),
            tone="over" if row["difference"] > 0 else "under",
        ),
        *(error(f"wape {lag}") for lag in lags),
        error("wape year"),
    )
    block = writer.table(
        f"{key}.table",
        table,
        cells,
        width="min46",
        worst=worst["member"],
        wape=worst["wape"],
        month=run.month,
        months=months,
        lags=" | ".join(f">WAPE, {lag} ahead" for lag in lags),
    )
    return Blocks(writer.prose(key, months=months), block)


def improvement(run: UnitMonth, compared: ComparedMonth) -> Blocks:
    """Accuracy over time beside the seasonal naive's, and signs of a lowered bar."""
    writer, facts, history = writer_of(run), compared.improvement, compared.one_ahead()
    months, gain, key = int(facts["months"]), facts["gain"], "retrospective.improvement"
    if months < ENOUGH:
        return Blocks(writer.prose(f"{key}.short", months=months))
    first, last = history.iloc[0], history.iloc[-1]
    figure = writer.figure(
        f"{key}.figure",
        _draw(run, history, "Published"),
        history,
        ("{ds:month}", "{accuracy:percent}", "{naive_accuracy:percent}", "{bias:signed_percent}"),
        gain=abs(gain),
        side="better than" if gain >= 0 else "worse than",
        months=months,
        level=compared.bottom,
        first=first["ds"],
        last=last["ds"],
        from_accuracy=first["accuracy"],
        to_accuracy=last["accuracy"],
    )
    return Blocks(Prose(_describe_improvement(writer, facts)), figure)


def _describe_improvement(writer: BlockWriter, facts: dict[str, Any]) -> str:
    key, gain = "retrospective.improvement", facts["gain"]
    verdict = "worse" if gain < 0 else "better"
    text = writer.text(f"{key}.{verdict}", **facts | {"gain": abs(gain)})
    if facts["sales_growth"] is not None:
        text += writer.text(f"{key}.growth", **facts)
    if facts["months_compared"]:
        fair = "suspicious" if facts["p_below"] <= CHANCE else "fair"
        text += writer.text(f"{key}.lowered", reading=writer.text(f"{key}.{fair}"), **facts)
    return text
