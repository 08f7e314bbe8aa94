"""What the retrospective notebook says: what came of the forecast, why, and what changes next month.

The retrospective step's tables enter; blocks leave. A month without an archive behind it says so, and when the first
comparison comes.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib import wording
from salesfc_lib.catalogue import Voice
from salesfc_lib.cells import Tone
from salesfc_lib.components import Answer, Cell, Fact, Figure, Prose, Table
from salesfc_lib.narrative import causes as why
from salesfc_lib.narrative.section import Section, closing, columns, in_words, iso, kicker, measure_of, voice_of
from salesfc_lib.results import ReviewedMonth
from salesfc_lib.unit_month import UnitMonth

STAGES = {
    "baseline": "Seasonal naive",
    "statistical": "Best single model",
    "combined": "Combination",
    "reconciled": "Reconciled",
    "adjusted": "People's changes",
}
ENOUGH = 6  # months before a trend of accuracy is spoken of


def answer(run: UnitMonth, review: ReviewedMonth) -> Answer:
    """The top of the page."""
    voice = voice_of(run)
    note = voice.say(
        "run.note", month=run.month, series=len(review.series), measure=wording.plural(review.vintages, "earlier month")
    )
    if not review.scored:
        return _first(run, review, note)
    now, measure = review.now, measure_of(run)
    return Answer(
        (*kicker(run, "Retrospective"), f"forecast made at the end of {in_words(review.month - pd.DateOffset(months=1))}"),
        headline(run, review),
        lede(run, review),
        note=note,
        facts=_facts(run, review, now, measure),
        changes_title=f"Changed since {in_words(review.month - pd.DateOffset(months=1)).split()[0]}",
        changes=_changes(run, review),
    )


def _first(run: UnitMonth, review: ReviewedMonth, note: str) -> Answer:
    voice, following = voice_of(run), iso(review.month + pd.DateOffset(months=1))
    sold = float(review["total"]["y_raw"].iloc[-1])
    sentences = voice.say("retrospective.lede.first", unit=run.title, actual=sold, month=run.month, next=following).split(". ")
    return Answer(
        kicker(run, "Retrospective"),
        voice.say("retrospective.title.first", month=run.month, next=following),
        tuple(f"{sentence.rstrip('.')}." for sentence in sentences),
        note=note,
        changes_title="Changed since last month",
        changes=(voice.say("retrospective.since.first"),),
    )


def headline(run: UnitMonth, review: ReviewedMonth) -> str:
    """The finding as a title: how far off, and mostly why."""
    voice, now, steps = voice_of(run), review.now, review["difference"]
    gap = now["actual"] - now["forecast"]
    if abs(gap) < 0.0005 * abs(now["actual"]):
        return voice.say("retrospective.title.hit", month=run.month)
    named = steps[(steps["cause"] != "not_explained") & (steps["effect"] * gap > 0)]
    largest = named.loc[named["effect"].abs().idxmax()] if len(named) else None
    if largest is not None and abs(largest["effect"]) >= 0.5 * abs(gap):
        cause = voice.say(f"cause.{largest['cause']}.mostly")
    else:
        cause = voice.say("retrospective.title.no_cause") if _explained(review) < 0.5 else ""
    return voice.say(
        "retrospective.title.above" if gap > 0 else "retrospective.title.below", month=run.month, size=abs(gap), cause=cause
    )


def lede(run: UnitMonth, review: ReviewedMonth) -> tuple[str, ...]:
    """Three sentences: what was sold and forecast, how accurate, what people did and what is explained."""
    voice, now, agreed = voice_of(run), review.now, run.parameters.retrospective
    months = review.run_of_bias(agreed.bias_limit)
    running = voice.say("retrospective.lede.run", months=months, limit=agreed.bias_limit) if months > 1 else ""
    direction = "too high" if now["bias"] > 0 else "too low"
    sold = voice.say(
        "retrospective.lede.sold",
        unit=run.title,
        actual=now["actual"],
        month=run.month,
        forecast=now["forecast"],
        direction=direction,
        bias=abs(now["bias"]),
        run=running,
    )
    worse, series = review.naive_better()
    accuracy = voice.say(
        "retrospective.lede.accuracy",
        accuracy=now["accuracy"],
        floor=agreed.accuracy_floor,
        worse=worse,
        all=series,
        side="above" if now["accuracy"] >= agreed.accuracy_floor else "below",
        before=_than_before(run, review),
    )
    gain = people_gain(review)
    key = "retrospective.lede.people" if gain is not None else "retrospective.lede.no_people"
    effect = "added" if (gain or 0) > 0 else "cost" if (gain or 0) < 0 else "changed nothing:"
    third = voice.say(key, effect=effect, points=abs(gain or 0.0), explained=_explained(review)).replace("+", "")
    return sold, accuracy, third


def _than_before(run: UnitMonth, review: ReviewedMonth) -> str:
    before = review.before
    if before is None:
        return ""
    direction = "up from" if review.now["accuracy"] >= before["accuracy"] else "down from"
    return voice_of(run).say("retrospective.lede.before", direction=direction, before=before["accuracy"], month=iso(before["ds"]))


def _explained(review: ReviewedMonth) -> float:
    """Share of the month's summed absolute misses for which a cause claims an amount."""
    causes, missed = review["causes_all"], review["missed"]
    total = missed["difference"].abs().sum()
    named = causes.loc[causes["cause"] != "not_explained", "effect"].abs().sum()
    return float(min(named / total, 1.0)) if total else 1.0


def people_gain(review: ReviewedMonth) -> float | None:
    """Points that people's changes added this month, bottom level; None where nobody had changed it."""
    table = review["value_added"]
    rows = table[(table["level"] == review.bottom) & (table["stage"] == "adjusted") & (table["own_months"] > 0)]
    return float(rows["gain"].iloc[0]) if len(rows) else None


def _facts(run: UnitMonth, review: ReviewedMonth, now: pd.Series, measure: wording.Measure) -> tuple[Fact, ...]:
    agreed, before = run.parameters.retrospective, review.before
    month = "" if before is None else wording.month_word(iso(before["ds"]))
    gain = people_gain(review)
    return (
        Fact(
            "One-month accuracy",
            wording.percent(now["accuracy"]),
            _with_before(f"floor {wording.percent(agreed.accuracy_floor, 0)}", month, before, "accuracy", wording.percent),
            alarm=now["accuracy"] < agreed.accuracy_floor,
        ),
        Fact(
            "Bias",
            wording.signed_percent(now["bias"]),
            _with_before(f"within ±{wording.percent(agreed.bias_limit, 0)}", month, before, "bias", wording.signed_percent),
            alarm=abs(now["bias"]) > agreed.bias_limit,
        ),
        Fact(
            "Gain over seasonal naive",
            wording.signed(now["gain"] * 100),
            _with_before("points", month, before, "gain", lambda value: wording.signed(value * 100)),
            alarm=now["gain"] < 0,
        ),
        Fact(
            "Gain by people's changes",
            "none made" if gain is None else wording.signed(gain * 100),
            "points" if gain is not None else "the reconciled forecast was published",
            alarm=(gain or 0) < 0,
        ),
    )


def _with_before(text: str, month: str, before: pd.Series | None, name: str, form: object) -> str:
    return text if before is None or pd.isna(before[name]) else f"{text} · {month} {form(before[name])}"  # type: ignore[operator]


def _changes(run: UnitMonth, review: ReviewedMonth) -> tuple[str, ...]:
    voice, now, before = voice_of(run), review.now, review.before
    if before is None:
        return (voice.say("retrospective.since.first"),)
    lines = [
        voice.say(
            "retrospective.since.accuracy",
            before=before["accuracy"],
            now=now["accuracy"],
            bias_before=before["bias"],
            bias=now["bias"],
        )
    ]
    if pd.notna(before["naive_accuracy"]) and pd.notna(now["naive_accuracy"]):
        reading = voice.say(
            "retrospective.since.easier" if now["naive_accuracy"] >= before["naive_accuracy"] else "retrospective.since.harder"
        )
        lines.append(
            voice.say("retrospective.since.naive", before=before["naive_accuracy"], now=now["naive_accuracy"], reading=reading)
        )
    return (*lines, voice.say("retrospective.since.proposals", n=len(review["proposals"])))


def _nothing(run: UnitMonth) -> Section:
    return Section(Prose(voice_of(run).say("retrospective.none", month=run.month)))


def difference(run: UnitMonth, review: ReviewedMonth) -> Section:
    """From the forecast to the actual, cause by cause."""
    return why.difference(run, review) if review.scored else _nothing(run)


def lags(run: UnitMonth, review: ReviewedMonth) -> Section:
    """Accuracy of this month by how many months ahead it was forecast, and of every level at the agreed lags."""
    if not review.scored:
        return _nothing(run)
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
    heads = columns("Level", *(f">{wording.plural(lag, 'month')}" for lag in agreed.lags), ">Bias, 1 month", ">Naive, 1 month")
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
    from salesfc_lib import plots

    parts = [
        bottom.assign(group=wording.month_name(run.month), value=bottom["accuracy"]),
        bottom.assign(group="Seasonal naive", value=bottom["naive_accuracy"]),
    ]
    frame = pd.concat(parts).dropna(subset=["value"]).assign(h=lambda rows: rows["lag"])[["group", "h", "value"]]
    floor = run.parameters.retrospective.accuracy_floor
    wide, slim = plots.draw(
        plots.lines,
        frame,
        x="h",
        roles={wording.month_name(run.month): "forecast", "Seasonal naive": "baseline"},
        floor=floor,
        floor_label="Floor",
    )
    said = "; ".join(
        f"{wording.plural(int(row['lag']), 'month')} {wording.percent(row['accuracy'])}" for _, row in bottom.iterrows()
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
        Table("Numbers behind this figure", "", columns("Months ahead", ">Accuracy", ">Seasonal naive"), rows),
    )


def _lag_row(level: str, table: pd.DataFrame, agreed: list[int]) -> list[Cell | str]:
    def share(lag: int, name: str, form: object) -> str:
        return form(table.at[lag, name]) if lag in table.index and pd.notna(table.at[lag, name]) else "not archived"  # type: ignore[operator]

    return [
        Cell(str(level).replace("_", " ")),
        *(share(lag, "accuracy", wording.percent) for lag in agreed),
        share(1, "bias", wording.signed_percent),
        share(1, "naive_accuracy", wording.percent),
    ]


def value_added(run: UnitMonth, review: ReviewedMonth) -> Section:
    """Accuracy after each step, this month and over the year."""
    from salesfc_lib import plots

    if not review.scored:
        return _nothing(run)
    voice = voice_of(run)
    now = _stages(review["value_added"], review.bottom)
    year = _stages(review["value_added_year"], review.bottom).set_index("stage")
    frame = pd.DataFrame(
        {"label": now["stage"].map(STAGES), "value": now["accuracy"], "added": now["gain"], "mean": now["stage"].map(year["gain"])}
    )
    months = int(year["months"].max())
    wide, slim = plots.draw(plots.ladder, frame, heads=("Added", f"{wording.plural(months, 'month')}"))
    steps = [_step(voice, row) for _, row in now.iloc[1:].iterrows()]
    total = float(now["gain"].dropna().sum())
    text = voice.say(
        "retrospective.value",
        list=wording.first_upper(wording.listing(steps)),
        month=run.month,
        months=months,
        total=float(year["gain"].dropna().sum()),
    )
    said = "; ".join(f"{row['label']} {wording.percent(row['value'])}" for _, row in frame.iterrows())
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
            columns("Step", ">Accuracy", ">Added this month", f">Over {wording.plural(months, 'month')}"),
            rows,
        ),
    )
    return Section(Prose(text), figure)


def _stages(table: pd.DataFrame, level: str) -> pd.DataFrame:
    return table[table["level"] == level].reset_index(drop=True)


def _step(voice: Voice, row: pd.Series) -> str:
    key = "nothing" if abs(row["gain"]) < 0.0005 else "gained" if row["gain"] > 0 else "lost"
    said: str = voice.say(f"retrospective.value.{key}", stage=STAGES[row["stage"]].lower(), points=abs(row["gain"]))
    return said.replace("+", "")


def people(run: UnitMonth, review: ReviewedMonth) -> Section:
    """Who changes which way, what it did, and sales by salesperson."""
    return why.people(run, review)


def misses(run: UnitMonth, review: ReviewedMonth) -> Section:
    """The largest misses with their likely causes."""
    return why.misses(run, review) if review.scored else _nothing(run)


def dimensions(run: UnitMonth, review: ReviewedMonth) -> Section:
    """Forecast against actual for each member of each dimension."""
    if not review.scored:
        return _nothing(run)
    voice, measure, table = voice_of(run), measure_of(run), review["by_dimension"]
    year = review["by_dimension_year"].set_index(["dimension", "member"])
    scale = wording.scale_for(table["actual"])
    rows = []
    for _, row in table.iterrows():
        pooled = year.loc[(row["dimension"], row["member"])]
        tone: Tone = "over" if row["difference"] > 0 else "under"
        rows.append(
            [
                Cell(str(row["member"]), sub=str(row["dimension"]).replace("_", " ")),
                measure.scaled(row["forecast"], scale),
                measure.scaled(row["actual"], scale),
                Cell(wording.signed_percent(row["bias"]) if pd.notna(row["bias"]) else "", tone=tone),
                wording.percent(row["wape"]) if pd.notna(row["wape"]) else "",
                wording.percent(pooled["wape"]) if pd.notna(pooled["wape"]) else "",
                wording.signed_percent(pooled["bias"]) if pd.notna(pooled["bias"]) else "",
            ]
        )
    worst = table.dropna(subset=["wape"])
    worst = worst.loc[worst["wape"].idxmax()]
    months = int(review["by_dimension_year"]["months"].max())
    heads = columns(
        "Member",
        ">Forecast",
        ">Actual",
        ">Bias",
        ">WAPE",
        f">WAPE, {wording.plural(months, 'month')}",
        f">Bias, {wording.plural(months, 'month')}",
    )
    block = Table(
        voice.say("retrospective.dimensions.title", member=worst["member"], wape=worst["wape"]),
        f"{wording.month_name(run.month)}, one month ahead; bias = (forecast − actual) / actual",
        heads,
        rows,
        source="Source: tables/by_dimension.parquet.",
        min_width="min46",
    )
    return Section(Prose(voice.say("retrospective.dimensions", months=months)), block)


def improvement(run: UnitMonth, review: ReviewedMonth) -> Section:
    """Accuracy over time beside the seasonal naive's, and signs of a lowered bar."""
    from salesfc_lib import plots

    if not review.scored:
        return _nothing(run)
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
        floor_label="Floor",
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
        voice.say("retrospective.improvement.title", gain=abs(facts["gain"]), side=side, months=months).replace("+", ""),
        f"Accuracy one month ahead, %, {review.bottom} level, {in_words(history['ds'].iloc[0])} to {in_words(history['ds'].iloc[-1])}",
        f"Line chart of accuracy by month, from {wording.percent(history['accuracy'].iloc[0])} to {wording.percent(history['accuracy'].iloc[-1])}.",
        wide,
        slim,
        "Source: tables/history.parquet.",
        Table("Numbers behind this figure", "", columns("Month", ">Accuracy", ">Seasonal naive", ">Bias"), rows),
    )
    return Section(Prose(text), figure)


def _improvement_text(run: UnitMonth, facts: dict[str, object]) -> str:
    voice, gain = voice_of(run), float(facts["gain"])  # type: ignore[arg-type]
    if gain < 0:
        text = voice.say("retrospective.improvement.worse", months=facts["months"], gain=-gain).replace("+", "")
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
        reading = voice.say(f"retrospective.improvement.{'suspicious' if float(facts['p_below']) <= 0.05 else 'fair'}")  # type: ignore[arg-type]
        text += voice.say(
            "retrospective.improvement.lowered", below=facts["months_below"], months=facts["months_compared"], reading=reading
        )
    return text


def proposals(run: UnitMonth, review: ReviewedMonth) -> Section:
    """What to change next month, with the evidence."""
    return why.proposals(run, review)


def checks(run: UnitMonth, review: ReviewedMonth) -> Section:
    """Record and checks."""
    terms = [
        ("Unit and month", f"{run.unit}, {run.month}"),
        ("Archive", f"{wording.plural(review.vintages, 'earlier month')} with forecasts"),
        ("Scored", "forecasts as published then, against sales as known now"),
        ("Lags", ", ".join(map(str, run.parameters.retrospective.lags))),
    ]
    return closing(run, review.checks, terms)
