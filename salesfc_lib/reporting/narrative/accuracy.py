"""What the retrospective says of accuracy: by lag, by step, by dimension, over time.

The retrospective step's tables enter; blocks leave.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Cell, Figure, Prose, Table
from salesfc_lib.reporting.catalogue import Voice
from salesfc_lib.reporting.facts.retrospective import ReviewedMonth
from salesfc_lib.reporting.narrative.section import Section, columns, in_words, measure_of, voice_of

STAGES = {
    "baseline": "Seasonal naive",
    "statistical": "Best single model",
    "combined": "Combination",
    "assumed": "Business assumptions",
    "reconciled": "Reconciliation",
    "adjusted": "People's changes",
}
ENOUGH = 6  # months before a trend of accuracy is spoken of


def lags(run: UnitMonth, review: ReviewedMonth) -> Section:
    """Accuracy of this month by how many months ahead it was forecast, and of every level at the agreed lags."""
    voice, table, agreed = voice_of(run), review["by_lag"], run.parameters.retrospective
    bottom = table[table["level"] == review.bottom].sort_values("lag")
    near, far = bottom.iloc[0], bottom.iloc[-1]
    many = len(bottom) > 1
    text = voice.say(
        "retrospective.lags.many" if many else "retrospective.lags.one",
        month=run.month,
        farthest=far["lag"],
        far=far["accuracy"],
        near=near["accuracy"],
        last=near["accuracy"],
    )
    blocks: list[Prose | Figure | Table] = [Prose(text)]
    if many:
        points = near["accuracy"] - far["accuracy"]
        title = voice.say(
            "retrospective.lags.title.better" if points > 0 else "retrospective.lags.title.worse",
            points=points,
            farthest=far["lag"],
        )
        blocks.append(_lag_figure(run, review, bottom, title))
    rows = [
        _lag_row(level, table[table["level"] == level].set_index("lag"), agreed.lags)
        for level in review.series["level"].drop_duplicates()
    ]
    heads = columns(
        "Level",
        *(f">{wording.plural(lag, 'month')}" for lag in agreed.lags),
        ">Bias, 1 month",
        ">Naive, 1 month",
    )
    blocks.append(
        Table(
            f"Accuracy by level at {wording.listing([str(lag) for lag in agreed.lags])} months ahead",
            f"{wording.month_name(run.month)}; 1 − WAPE pooled over the level's series; a lag without an archived forecast says so",
            heads,
            rows,
            source="Source: tables/by_lag.parquet; the archived forecasts as published then.",
            min_width="min40",
        )
    )
    return Section(*blocks)


def _lag_figure(run: UnitMonth, review: ReviewedMonth, bottom: pd.DataFrame, title: str) -> Figure:
    from salesfc_lib.reporting import plots

    parts = [
        bottom.assign(group=wording.month_name(run.month), value=bottom["accuracy"]),
        bottom.assign(group="Seasonal naive", value=bottom["naive_accuracy"]),
    ]
    frame = (
        pd.concat(parts)
        .dropna(subset=["value"])
        .assign(h=lambda rows: rows["lag"])[["group", "h", "value"]]
    )
    floor = run.parameters.retrospective.accuracy_floor
    wide, slim = plots.draw(
        plots.lines,
        frame,
        x="h",
        roles={wording.month_name(run.month): "forecast", "Seasonal naive": "baseline"},
        floor=floor,
    )
    said = "; ".join(
        f"{wording.plural(int(row['lag']), 'month')} {wording.percent(row['accuracy'])}"
        for _, row in bottom.iterrows()
    )
    rows = [
        [
            str(int(row["lag"])),
            wording.percent(row["accuracy"]),
            wording.percent(row["naive_accuracy"]) if pd.notna(row["naive_accuracy"]) else "",
        ]
        for _, row in bottom.iterrows()
    ]
    return Figure(
        title,
        f"Accuracy of the {wording.month_name(run.month)} forecast by how many months ahead it was made, %, {review.bottom} level; the floor holds one month ahead",
        f"Line chart of accuracy by months ahead: {said}.",
        wide,
        slim,
        "Source: tables/by_lag.parquet.",
        Table(
            "Numbers behind this figure",
            "",
            columns("Months ahead", ">Accuracy", ">Seasonal naive"),
            rows,
        ),
    )


def _lag_row(level: str, table: pd.DataFrame, agreed: list[int]) -> list[Cell | str]:
    def share(lag: int, name: str, form: object) -> str:
        return (
            form(table.at[lag, name])
            if lag in table.index and pd.notna(table.at[lag, name])
            else "not archived"
        )  # type: ignore[operator]

    return [
        Cell(str(level).replace("_", " ")),
        *(share(lag, "accuracy", wording.percent) for lag in agreed),
        share(1, "bias", wording.signed_percent),
        share(1, "naive_accuracy", wording.percent),
    ]


def value_added(run: UnitMonth, review: ReviewedMonth) -> Section:
    """Accuracy after each step, this month and over the year."""
    from salesfc_lib.reporting import plots

    voice = voice_of(run)
    now = _stages(review["value_added"], review.bottom).query(
        "stage not in ('assumed', 'adjusted') or own_months > 0"
    )
    year = _stages(review["value_added_year"], review.bottom).set_index("stage")
    frame = pd.DataFrame(
        {
            "label": now["stage"].map(STAGES),
            "value": now["accuracy"],
            "added": now["gain"],
            "mean": now["stage"].map(year["gain"]),
        }
    )
    months = int(year["months"].max())
    wide, slim = plots.draw(
        plots.stage_accuracy, frame, heads=("Added", f"{wording.plural(months, 'month')}")
    )
    steps = [_step(voice, row) for _, row in now.iloc[1:].iterrows()]
    total = float(now["gain"].dropna().sum())
    text = voice.say(
        "retrospective.value",
        list=wording.first_upper(wording.listing(steps)),
        month=run.month,
        months=months,
        total=float(year["gain"].dropna().sum()),
    )
    said = "; ".join(
        f"{row['label']} {wording.percent(row['value'])}" for _, row in frame.iterrows()
    )
    rows = [
        [
            str(row["label"]),
            wording.percent(row["value"]),
            "" if pd.isna(row["added"]) else wording.points(row["added"]),
            "" if pd.isna(row["mean"]) else wording.points(row["mean"]),
        ]
        for _, row in frame.iterrows()
    ]
    figure = Figure(
        voice.say("retrospective.value.title", points=total),
        f"Accuracy after each step, {wording.month_name(run.month)}, one month ahead, %, {review.bottom} level, same rows at every step",
        f"Ladder of accuracy after each step: {said}.",
        wide,
        slim,
        "Source: tables/value_added.parquet and tables/value_added_year.parquet. The columns at the right are points gained over the step before.",
        Table(
            "Numbers behind this figure",
            "",
            columns(
                "Step", ">Accuracy", ">Added this month", f">Over {wording.plural(months, 'month')}"
            ),
            rows,
        ),
    )
    return Section(Prose(text), figure)


def _stages(table: pd.DataFrame, level: str) -> pd.DataFrame:
    return table[table["level"] == level].reset_index(drop=True)


def _step(voice: Voice, row: pd.Series) -> str:
    key = "nothing" if abs(row["gain"]) < 0.0005 else "gained" if row["gain"] > 0 else "lost"
    return voice.say(
        f"retrospective.value.{key}", stage=STAGES[row["stage"]].lower(), points=row["gain"]
    )


def dimensions(run: UnitMonth, review: ReviewedMonth) -> Section:
    """Forecast against actual for each member of each dimension."""
    voice, measure, lags = voice_of(run), measure_of(run), run.parameters.retrospective.lags
    key = ["dimension", "member"]
    table = review["by_dimension"].query("lag == 1")
    judged = table.dropna(subset=["wape"])
    if judged.empty:
        return Section(Prose(voice.say("retrospective.dimensions.none")))
    wape = review["by_dimension"].pivot(index=key, columns="lag", values="wape")
    year = review["by_dimension_year"].set_index(key)["wape"]
    scale = wording.scale_for(table["actual"])
    rows = []
    for _, row in table.iterrows():
        member, tone = (
            (row["dimension"], row["member"]),
            "over" if row["difference"] > 0 else "under",
        )
        rows.append(
            [
                Cell(str(row["member"]), sub=str(row["dimension"]).replace("_", " ")),
                measure.scaled(row["forecast"], scale),
                measure.scaled(row["actual"], scale),
                Cell(
                    wording.signed_percent(row["bias"]) if pd.notna(row["bias"]) else "", tone=tone
                ),  # type: ignore[arg-type]
                *(
                    "not archived" if lag not in wape else _share(wape.loc[member, lag])
                    for lag in lags
                ),
                _share(year.get(member)),
            ]
        )
    worst = judged.loc[judged["wape"].idxmax()]
    months = int(review["by_dimension_year"]["months"].max())
    ahead = [f">WAPE, {lag} ahead" for lag in lags]
    heads = columns(
        "Member", ">Forecast", ">Actual", ">Bias", *ahead, f">{wording.plural(months, 'month')}"
    )
    block = Table(
        voice.say("retrospective.dimensions.title", member=worst["member"], wape=worst["wape"]),
        f"{wording.month_name(run.month)}; forecast, bias and the last column one month ahead; bias = (forecast − actual) / actual",
        heads,
        rows,
        source="Source: tables/by_dimension.parquet.",
        min_width="min46",
    )
    return Section(Prose(voice.say("retrospective.dimensions", months=months)), block)


def _share(value: float | None) -> str:
    return "no sales" if value is None or pd.isna(value) else wording.percent(value)


def improvement(run: UnitMonth, review: ReviewedMonth) -> Section:
    """Accuracy over time beside the seasonal naive's, and signs of a lowered bar."""
    from salesfc_lib.reporting import plots

    voice, facts, history = voice_of(run), review.improvement, review.one_ahead()
    months = int(facts["months"])
    if months < ENOUGH:
        return Section(Prose(voice.say("retrospective.improvement.short", months=months)))
    text = _improvement_text(run, facts)
    parts = [
        history.assign(group="Published", value=history["accuracy"]),
        history.assign(group="Seasonal naive", value=history["naive_accuracy"]),
    ]
    frame = pd.concat(parts).dropna(subset=["value"])[["group", "ds", "value"]]
    wide, slim = plots.draw(
        plots.lines,
        frame,
        roles={"Published": "forecast", "Seasonal naive": "baseline"},
        floor=run.parameters.retrospective.accuracy_floor,
    )
    rows = [
        [
            in_words(row["ds"]),
            wording.percent(row["accuracy"]),
            wording.percent(row["naive_accuracy"]) if pd.notna(row["naive_accuracy"]) else "",
            wording.signed_percent(row["bias"]),
        ]
        for _, row in history.iterrows()
    ]
    side = "better than" if facts["gain"] >= 0 else "worse than"
    figure = Figure(
        voice.say(
            "retrospective.improvement.title", gain=abs(facts["gain"]), side=side, months=months
        ),
        f"Accuracy one month ahead, %, {review.bottom} level, {in_words(history['ds'].iloc[0])} to {in_words(history['ds'].iloc[-1])}",
        f"Line chart of accuracy by month, from {wording.percent(history['accuracy'].iloc[0])} to {wording.percent(history['accuracy'].iloc[-1])}.",
        wide,
        slim,
        "Source: tables/history.parquet.",
        Table(
            "Numbers behind this figure",
            "",
            columns("Month", ">Accuracy", ">Seasonal naive", ">Bias"),
            rows,
        ),
    )
    return Section(Prose(text), figure)


def _improvement_text(run: UnitMonth, facts: dict[str, object]) -> str:
    voice, gain = voice_of(run), float(facts["gain"])  # type: ignore[arg-type]
    if gain < 0:
        text = voice.say("retrospective.improvement.worse", months=facts["months"], gain=-gain)
    else:
        text = voice.say(
            "retrospective.improvement.better",
            gain=gain,
            months=facts["months"],
            earlier=facts["gain_earlier"],
            later=facts["gain_later"],
        )
    if facts["sales_growth"] is not None:
        text += voice.say("retrospective.improvement.growth", growth=facts["sales_growth"])
    if facts["months_compared"]:
        reading = voice.say(
            f"retrospective.improvement.{'suspicious' if float(facts['p_below']) <= 0.05 else 'fair'}"
        )  # type: ignore[arg-type]
        text += voice.say(
            "retrospective.improvement.lowered",
            below=facts["months_below"],
            months=facts["months_compared"],
            reading=reading,
        )
    return text
