"""What the modeling notebook says: the outlook, the weights and their reasons, the backtest, key accounts, failures.

The modeling step's tables enter; blocks leave.
"""

from __future__ import annotations

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.forecasting import BOOSTING
from salesfc_lib.foundation import wording
from salesfc_lib.reporting.blocks import Answer, Cell, Fact, Prose, Table
from salesfc_lib.reporting.facts.modeling import ModeledMonth
from salesfc_lib.reporting.narrative.assumptions import effects
from salesfc_lib.reporting.narrative.choices import choices, failures, key_accounts, model_name
from salesfc_lib.reporting.narrative.coverage import doubt
from salesfc_lib.reporting.narrative.drivers import drivers
from salesfc_lib.reporting.narrative.level_shifts import breaks
from salesfc_lib.reporting.narrative.outlook import outlook_figure, year_before
from salesfc_lib.reporting.narrative.section import (
    Section,
    closing,
    columns,
    in_words,
    iso,
    kicker,
    measure_of,
    voice_of,
)

__all__ = [
    "answer",
    "backtest",
    "breaks",
    "checks",
    "choices",
    "doubt",
    "drivers",
    "effects",
    "failures",
    "key_accounts",
    "model_name",
    "outlook",
    "weights",
]

COMBINED = "combined"
HEAVIEST = 10  # models whose weight has a row of its own


def answer(run: UnitMonth, modeled: ModeledMonth) -> Answer:
    """The top of the page."""
    voice, ahead = voice_of(run), modeled.next_month()
    standing = modeled.standing()
    verdict = voice.say(
        f"modeling.verdict.{standing['verdict']}", model=model_name(standing["best"], run)
    )
    title = voice.say(
        "modeling.title", month=iso(ahead["ds"]), amount=ahead["y_hat"], verdict=verdict
    )
    change = _change(run, modeled, ahead)
    key = {
        "best": "modeling.lede.best",
        "not_best": "modeling.lede.not_best",
        "none": "modeling.lede.no_backtest",
    }[standing["verdict"]]
    sentences = (
        voice.say(
            "modeling.lede.next",
            unit=run.title,
            amount=ahead["y_hat"],
            month=iso(ahead["ds"]),
            lo=ahead["lo-80"],
            hi=ahead["hi-80"],
            change=change,
        ),
        voice.say(key, **standing | {"model": model_name(standing["best"], run)}),
        _failed_sentence(run, modeled),
    )
    return Answer(
        (
            *kicker(run, "Modeling"),
            f"forecast {in_words(ahead['ds'])} to {in_words(modeled.forecast['ds'].max())}",
        ),
        title,
        sentences,
        note=voice.say(
            "run.note",
            month=run.month,
            series=len(modeled.series),
            measure=f"{wording.plural(len(modeled.models), 'model')}, {wording.plural(len(modeled.cutoffs), 'cutoff')}",
        ),
        facts=_facts(run, modeled, standing),
        changes_title=_since_title(modeled),
        changes=_changes(run, modeled),
    )


def _failed_sentence(run: UnitMonth, modeled: ModeledMonth) -> str:
    voice, failed = voice_of(run), modeled.failures
    if failed.empty:
        return voice.say("modeling.lede.complete")
    now = int((failed["cutoff"] == modeled.cutoff).sum())
    return voice.say(
        "modeling.lede.failed" if now else "modeling.lede.failed_earlier", n=len(failed), now=now
    )


def _change(run: UnitMonth, modeled: ModeledMonth, ahead: pd.Series) -> str:
    before = year_before(modeled.panel, ahead["unique_id"], ahead["ds"])
    if not before:
        return ""
    return voice_of(run).say(
        "modeling.lede.change",
        change=ahead["y_hat"] / before - 1,
        month=iso(ahead["ds"] - pd.DateOffset(years=1)),
    )


def _facts(run: UnitMonth, modeled: ModeledMonth, standing: dict[str, object]) -> tuple[Fact, ...]:
    ahead, measure = modeled.next_month(), measure_of(run)
    facts = [
        Fact(
            in_words(ahead["ds"]),
            measure.amount(ahead["y_hat"]),
            f"{measure.amount(ahead['lo-80'])} to {measure.amount(ahead['hi-80'])}, 80{wording.THIN}%",
        )
    ]
    if standing["verdict"] != "none":
        combined, naive = float(standing["combined"]), float(standing["naive"])  # type: ignore[arg-type]
        facts += [
            Fact(
                "Error one month ahead",
                wording.percent(combined),
                f"WAPE of the backtest, bottom level; naive {wording.percent(naive)}",
            ),
            Fact(
                "Gain over seasonal naive",
                wording.signed((naive - combined) * 100),
                "points of WAPE",
                alarm=combined > naive,
            ),
        ]
    return (
        *facts,
        Fact(
            "Fits that failed",
            wording.number(len(modeled.failures)),
            f"of {wording.number(modeled.fits)}",
        ),
    )


def _since_title(modeled: ModeledMonth) -> str:
    return (
        f"Changed since {wording.month_word(modeled.before.month)}"
        if modeled.before
        else "Changed since last month"
    )


def _changes(run: UnitMonth, modeled: ModeledMonth) -> tuple[str, ...]:
    voice, before, ahead = voice_of(run), modeled.before, modeled.next_month()
    if before is None:
        return (voice.say("modeling.since.first"),)
    lines = []
    if before.next_total:
        change = ahead["y_hat"] / before.next_total - 1
        lines.append(
            voice.say(
                "modeling.since.next",
                month=iso(ahead["ds"]),
                before=before.next_total,
                now=ahead["y_hat"],
                change=change,
            )
        )
    now = modeled.mean_weights()
    moved = (
        (now - before.weights.reindex(now.index).fillna(0.0))
        .abs()
        .sort_values(ascending=False)
        .index[:2]
    )
    lines += [
        voice.say(
            "modeling.since.weights",
            model=model_name(name, run),
            now=now[name],
            before=float(before.weights.get(name, 0.0)),
        )
        for name in moved
    ]
    return tuple(lines)


def outlook(run: UnitMonth, modeled: ModeledMonth) -> Section:
    """The fan of the whole unit."""
    voice, measure, ahead = voice_of(run), measure_of(run), modeled.next_month()
    top = modeled.forecast[
        (modeled.forecast["stage"] == COMBINED)
        & (modeled.forecast["unique_id"] == ahead["unique_id"])
    ]
    sold = modeled.panel.loc[modeled.panel["unique_id"] == ahead["unique_id"], "y_raw"].tail(12)
    year = float(top.nsmallest(12, "h")["y_hat"].sum())
    change = (
        voice.say("modeling.outlook.change", change=year / sold.sum() - 1)
        if len(sold) == 12 and sold.sum() > 0 and len(top) >= 12
        else ""
    )
    before = year_before(modeled.panel, ahead["unique_id"], ahead["ds"])
    key = (
        "modeling.figure.short"
        if not before
        else "modeling.figure.up"
        if ahead["y_hat"] >= before
        else "modeling.figure.down"
    )
    title = voice.say(
        key,
        unit=run.title,
        amount=ahead["y_hat"],
        month=iso(ahead["ds"]),
        change=abs(ahead["y_hat"] / before - 1) if before else 0,
    )
    figure = outlook_figure(
        modeled.panel,
        top,
        str(ahead["unique_id"]),
        measure=measure,
        title=title,
        source="Source: tables/forecast.parquet, stage combined; tables/panel.parquet.",
    )
    return Section(
        Prose(
            voice.say(
                "modeling.outlook" if modeled.cutoffs else "modeling.outlook.assumed",
                year=year,
                change=change,
            )
        ),
        figure,
    )


def weights(run: UnitMonth, modeled: ModeledMonth) -> Section:
    """Mean weight of each model at the bottom, with its error and how often it was used; beyond the heaviest in one row."""
    voice, table = voice_of(run), modeled.weight_table()
    shown, rest = table.head(HEAVIEST), table.iloc[HEAVIEST:]
    largest = max(float(table["weight"].max()), 1e-9)
    rows = [_weight_row(run, row, largest) for _, row in shown.iterrows()]
    if len(rest) > 1:
        rows.append(_folded_row(run, rest, largest))
    elif len(rest):
        rows.append(_weight_row(run, rest.iloc[0], largest))
    heads = columns("Model", ">Weight", "Weight drawn", ">WAPE", "Reason")
    heads[2] = type(heads[2])("Weight drawn", "l", small=False, silent=True)
    candidates = table[table["model"] != BOOSTING]
    first, share = candidates.iloc[0], float(table.loc[table["model"] == BOOSTING, "weight"].sum())
    block = Table(
        voice.say(
            "modeling.weights.title", model=model_name(first["model"], run), weight=first["weight"]
        ),
        "Mean weight over the bottom series, all together one; WAPE one month ahead in the backtest, bottom level",
        heads,
        rows,
        source="Source: tables/weights.parquet, tables/score.parquet.",
        min_width="min40",
    )
    key = "modeling.weights" if share else "modeling.weights.plain"
    return Section(
        Prose(
            voice.say(
                key, carrying=int((candidates["used"] > 0).sum()), all=len(candidates), share=share
            )
        ),
        block,
    )


def _weight_row(run: UnitMonth, row: pd.Series, largest: float) -> list[object]:
    key = (
        "corrects"
        if row["model"] == BOOSTING and row["used"]
        else "reason"
        if row["used"]
        else "never"
    )
    return [
        Cell(model_name(row["model"], run), bold=bool(row["used"])),
        f"{row['weight']:.2f}",
        Cell(bar=float(row["weight"]) / largest),
        "" if pd.isna(row["wape"]) else wording.percent(row["wape"]),
        voice_of(run).say(
            f"modeling.weights.{key}", used=row["used"], all=row["series"], best=row["best"]
        ),
    ]


def _folded_row(run: UnitMonth, rest: pd.DataFrame, largest: float) -> list[object]:
    """All the lighter models in one row: their number, the sum of their weights, the range of each."""
    voice, weight = voice_of(run), float(rest["weight"].sum())
    low, high = float(rest["weight"].min()), float(rest["weight"].max())
    return [
        voice.say("modeling.weights.folded", n=len(rest)),
        f"{weight:.2f}",
        Cell(bar=min(weight / largest, 1.0), tone="muted"),
        "",
        voice.say("modeling.weights.folded.reason", low=low, high=high),
    ]


def backtest(run: UnitMonth, modeled: ModeledMonth) -> Section:
    """WAPE by model and distance as a heat table."""
    voice, errors = voice_of(run), modeled.errors()
    if errors.empty:
        return Section(Prose(voice.say("modeling.backtest.none")))
    wide = errors.pivot(index="model", columns="h", values="value")
    order = [COMBINED, *wide.drop(index=COMBINED, errors="ignore").mean(axis=1).sort_values().index]
    wide = wide.reindex([name for name in order if name in wide.index])
    steps = [h for h in (1, 2, 3, 4, 6, 8, 10, 12) if h in wide.columns]
    best = wide.idxmin()
    rows = [
        [
            Cell(
                model_name(name, run) + (", in use" if name == COMBINED else ""),
                bold=name == COMBINED,
            ),
            *(_heat(wide, name, h, best) for h in steps),
        ]
        for name in wide.index
    ]
    title = voice.say(
        "modeling.backtest.best", best=int((best[steps] == COMBINED).sum()), all=len(steps)
    )
    table = Table(
        title,
        f"WAPE in %, {modeled.bottom} level, {len(modeled.cutoffs)} cutoffs; months ahead; darker = larger error, best of a column underlined",
        columns("Model", *(f"#{h} month" if h == 1 else f"#{h}" for h in steps)),
        rows,
        source="Source: tables/score.parquet.",
        min_width="min40",
    )
    text = voice.say(
        "modeling.backtest",
        cutoffs=len(modeled.cutoffs),
        first=iso(modeled.cutoffs[0]),
        last=iso(modeled.cutoffs[-1]),
    )
    return Section(Prose(text), table)


def _heat(wide: pd.DataFrame, name: str, h: int, best: pd.Series) -> Cell:
    value = wide.at[name, h]
    if pd.isna(value):
        return Cell("")
    low, high = float(wide.min().min()), float(wide.max().max())
    return Cell(
        f"{value * 100:.1f}",
        heat=1 + min(4, int(5 * (value - low) / ((high - low) or 1))),
        best=best[h] == name,
    )


def checks(run: UnitMonth, modeled: ModeledMonth) -> Section:
    """Record and checks."""
    terms = [
        (
            "Unit and month",
            f"{run.unit}, {run.month}; models saw nothing after {wording.month_name(run.month)}",
        ),
        ("Models", "; ".join(model_name(name, run) for name in modeled.models)),
        ("Backtest", ", ".join(iso(cutoff) for cutoff in modeled.cutoffs) or "none"),
        ("Failures", wording.plural(len(modeled.failures), "fit")),
    ]
    return closing(run, modeled.checks, terms)
