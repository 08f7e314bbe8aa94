"""What the page of a key account or key product says: forecast, drivers, what carries it, error history, people's changes.

A `KeyMonth` enters; a `KeyPage` of blocks leaves, for the site to render. The decision made here: the page says what is published, and
where it explains (drivers, weights) it says of which part of the forecast that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.forecasting import BOOSTING
from salesfc_lib.foundation import SEASON, wording
from salesfc_lib.reporting.blocks import Answer, Block, Cell, Fact, Prose, Record, Table
from salesfc_lib.reporting.catalogue import Voice
from salesfc_lib.reporting.facts.key import KeyMonth
from salesfc_lib.reporting.narrative.choices import model_name
from salesfc_lib.reporting.narrative.drivers import (
    REGRESSION,
    effects_figure,
    head_of,
    list_effects,
    say_change,
    terms_of,
)
from salesfc_lib.reporting.narrative.outlook import outlook_figure
from salesfc_lib.reporting.narrative.section import columns, in_words, iso, measure_of, voice_of

HEAVIEST = 10  # candidates with a row of their own
COLUMNS = 4  # drivers of the coming months
EVEN = 0.0005  # bias that rounds to none


@dataclass(frozen=True)
class KeyPage:
    """One page: its file's name, what it is of, its top, and questions with the blocks that answer them."""

    file: str
    label: str
    level: str
    share: float
    next: float
    interval: tuple[float, float]
    answer: Answer
    sections: tuple[tuple[str, tuple[Block, ...]], ...]


def tell_key(run: UnitMonth, key: KeyMonth) -> KeyPage:
    """The page of one key series."""
    sections = (
        ("What is it expected to bring?", _outlook(run, key)),
        ("What drives it?", _drivers(run, key)),
        ("Which candidates carry the forecast, and why?", _carried(run, key)),
        ("How well was it forecast before?", _errors(run, key)),
        ("What did people and declared effects change?", _changed(run, key)),
        ("Record", (_record(run, key),)),
    )
    interval = (float(key.next["lo-80"]), float(key.next["hi-80"]))
    return KeyPage(
        key.page,
        key.label,
        key.level,
        key.share,
        float(key.next["y_hat"]),
        interval,
        _answer(run, key),
        sections,
    )


def _answer(run: UnitMonth, key: KeyMonth) -> Answer:
    voice, measure, ahead = voice_of(run), measure_of(run), key.next
    before = key.year_before(ahead["ds"])
    facts = {
        "label": key.label,
        "amount": ahead["y_hat"],
        "month": iso(ahead["ds"]),
        "months": key.silent,
    }
    if key.silent > 1:
        title = voice.say("key.title.gone", **facts)
    elif before:
        title = voice.say("key.title.year", change=ahead["y_hat"] / before - 1, **facts)
    else:
        title = voice.say("key.title", **facts)
    year = voice.say(
        "key.lede.next",
        lo=ahead["lo-80"],
        hi=ahead["hi-80"],
        year=key.published["y_hat"].sum(),
        **facts | {"months": len(key.published)},
    )
    shown = [
        Fact(
            in_words(ahead["ds"]),
            measure.amount(ahead["y_hat"]),
            f"{measure.amount(ahead['lo-80'])} to {measure.amount(ahead['hi-80'])}, 80{wording.THIN}%",
        ),
        Fact(
            "Share of the unit",
            wording.percent(key.share),
            f"{measure.amount(key.sales)} in the last twelve months",
        ),
        *_error_facts(key),
    ]
    return Answer(
        (
            key.level.replace("_", " ").capitalize(),
            key.label,
            run.title,
            wording.month_name(run.month),
        ),
        title,
        tuple(filter(None, (year, _driver_sentence(voice, key), _error_sentence(voice, key)))),
        note=voice.say(
            "run.note",
            month=run.month,
            series=1,
            measure=f"{key.history.notna().sum()} months of history",
        ),
        facts=shown,
    )


def _error_facts(key: KeyMonth) -> list[Fact]:
    if key.judged == "nothing":
        return []
    errors = key.errors()
    if key.judged == "archive":
        first = errors.iloc[0]
        head, detail = (
            f"Error {wording.plural(int(first['h']), 'month')} ahead",
            f"WAPE of what was published, {wording.plural(int(first['months']), 'month')}",
        )
        value, inside, bounded = first["wape"], first["inside"], first["bounded"]
    else:
        head, detail = (
            "Error in the backtest",
            f"WAPE, {wording.plural(len(errors), 'cutoff')}, all distances",
        )
        value, inside, bounded = (
            _pooled_wape(key.backtest),
            errors["inside"].sum(),
            errors["bounded"].sum(),
        )
    facts = [] if pd.isna(value) else [Fact(head, wording.percent(value), detail)]
    if pd.notna(bounded) and bounded:
        facts.append(
            Fact(
                f"Inside the 80{wording.THIN}% interval",
                f"{int(inside)} of {int(bounded)}",
                "forecasts whose month is over",
            )
        )
    return facts


def _driver_sentence(voice: Voice, key: KeyMonth) -> str:
    if key.ended:
        return ""
    terms = terms_of(key.coefficient, key.unique_id)
    if terms.empty:
        return voice.say("key.drivers.short")
    rows = list_effects(voice, terms)
    clear = rows[rows["driver"] & ((rows["low"] > 0) | (rows["high"] < 0))]
    if clear.empty:
        return voice.say("key.lede.no_driver")
    first = clear.iloc[0]
    what = first["label"][0].lower() + first["label"][1:]
    return voice.say("key.lede.driver", what=what, effect=say_change(voice, first["value"]))


def _error_sentence(voice: Voice, key: KeyMonth) -> str:
    if key.judged == "nothing":
        return voice.say("key.lede.nothing")
    errors = key.errors()
    if key.judged == "backtest":
        wape = _pooled_wape(key.backtest)
        return (
            voice.say("key.lede.nothing")
            if pd.isna(wape)
            else voice.say("key.lede.backtest", wape=wape, cutoffs=len(errors))
        )
    first = errors.iloc[0]
    if pd.isna(first["wape"]):
        rows = key.archived[key.archived["h"] == first["h"]]
        return voice.say("key.lede.zero", months=first["months"], forecast=rows["y_hat"].sum())
    if abs(first["bias"]) < EVEN:
        return voice.say("key.lede.even", **first)
    return voice.say(
        "key.lede.archive",
        side="too high" if first["bias"] > 0 else "too low",
        **first.to_dict() | {"bias": abs(first["bias"])},
    )


def _pooled_wape(rows: pd.DataFrame) -> float:
    size = rows["actual"].abs().sum()
    return float((rows["y_hat"] - rows["actual"]).abs().sum() / size) if size else float("nan")


def _outlook(run: UnitMonth, key: KeyMonth) -> tuple[Block, ...]:
    voice, year = voice_of(run), float(key.published["y_hat"].sum())
    last = key.history.tail(SEASON)
    same = len(key.published) == SEASON and len(last) == SEASON and last.sum() > 0
    change = voice.say("key.outlook.change", change=year / last.sum() - 1) if same else ""
    panel = (
        key.history.rename("y_raw").rename_axis("ds").reset_index().assign(unique_id=key.unique_id)
    )
    figure = outlook_figure(
        panel,
        key.published,
        key.unique_id,
        measure=measure_of(run),
        title=voice.say(
            "key.title", label=key.label, amount=key.next["y_hat"], month=iso(key.next["ds"])
        ),
        source="Source: forecast.csv, tables/panel.parquet.",
        earlier=key.last_said(),
    )
    return Prose(
        voice.say("key.outlook", year=year, months=len(key.published), change=change)
    ), figure


def _drivers(run: UnitMonth, key: KeyMonth) -> tuple[Block, ...]:
    voice, terms = voice_of(run), terms_of(key.coefficient, key.unique_id)
    if key.ended or terms.empty:
        return (
            (Prose(voice.say("key.drivers.ended")),)
            if key.ended
            else (Prose(voice.say("key.drivers.short")),)
        )
    own = key.weights[key.weights["model"] == REGRESSION]["weight"]
    weight = float(own.iloc[0]) if len(own) else 0.0
    carries = (
        f"which carries {wording.percent(weight, 0)} of it"
        if weight
        else "which carries none of it"
    )
    text = voice.say(
        "key.drivers",
        level=terms.loc["level", "estimate"],
        trend=say_change(voice, terms.loc["trend", "estimate"]),
        carries=carries,
    )
    ahead = _list_ahead(key)
    if ahead.empty:
        return (
            Prose(text),
            effects_figure(run, terms, key.label),
            Prose(voice.say("key.drivers.ahead.none")),
        )
    sums = ahead.groupby("ds")["effect"].sum()
    facts = {
        "first": sums.iloc[0],
        "sum": sums.sum(),
        "month": iso(sums.index[0]),
        "months": len(sums),
    }
    coming = Prose(voice.say("key.drivers.ahead", **facts))
    return (
        Prose(text),
        effects_figure(run, terms, key.label),
        coming,
        _ahead_table(run, ahead, terms, float(sums.sum())),
    )


def _list_ahead(key: KeyMonth) -> pd.DataFrame:
    """What is known of the coming months, of the drivers that do most, which stand first."""
    size = (
        key.ahead.groupby("term")["effect"]
        .agg(lambda values: values.abs().max())
        .sort_values(ascending=False)
    )
    chosen = list(size[size > 0].index[:COLUMNS])
    order = key.ahead["term"].map({term: place for place, term in enumerate(chosen)})
    return (
        key.ahead.assign(order=order)
        .dropna(subset=["order"])
        .sort_values(["order", "ds"], ignore_index=True)
    )


def _ahead_table(run: UnitMonth, ahead: pd.DataFrame, terms: pd.DataFrame, total: float) -> Table:
    voice, measure = voice_of(run), measure_of(run)
    names, months = list(ahead["term"].unique()), sorted(ahead["ds"].unique())
    cells = {(row["term"], row["ds"]): row for _, row in ahead.iterrows()}
    rows = [
        [in_words(ds), *(_ahead_cell(run, cells.get((name, ds)), terms) for name in names)]
        for ds in months
    ]
    sums = ahead.groupby("term")["effect"].sum()
    return Table(
        voice.say("key.drivers.ahead.title", sum=total),
        f"By what the regression read of the past; below each the value that is known and the 95{wording.THIN}% interval",
        columns("Month", *(f">{head_of(voice, name)}" for name in names)),
        rows,
        footer=[["All", *(measure.amount(sums[name], sign=True) for name in names)]],
        source="Source: tables/driver_effect.parquet.",
        min_width="min40" if len(names) > 2 else "",
    )


def _ahead_cell(run: UnitMonth, row: pd.Series | None, terms: pd.DataFrame) -> Cell:
    if row is None:
        return Cell("")
    if not row["effect"]:
        return Cell("–")
    measure, scale = measure_of(run), wording.scale_for([row["low"], row["high"]])
    known = _known(str(row["term"]), float(row["value"]), float(terms.at[row["term"], "step"]))
    reach = f"{measure.scaled(row['low'], scale, digits=3)} to {measure.scaled(row['high'], scale, digits=3)}"
    return Cell(measure.amount(row["effect"], sign=True), sub=f"{known}; {reach}")


def _known(term: str, value: float, step: float) -> str:
    """A driver's value in words: days, a share of the month, or the number itself."""
    if term == "trading_days":
        return wording.plural(round(value), "day")
    if 0 <= value <= 1 and np.isclose(step, 1.0):
        return wording.percent(value, 0)
    return wording.number(value, wording.decimals(value))


def _carried(run: UnitMonth, key: KeyMonth) -> tuple[Block, ...]:
    voice, used = voice_of(run), key.weights[key.weights["weight"] > 0]
    candidates = used[used["model"] != BOOSTING].sort_values(
        ["weight", "model"], ascending=[False, True]
    )
    if key.ended:
        return (Prose(voice.say("key.carries.ended")),)
    share = float(used.loc[used["model"] == BOOSTING, "weight"].sum())
    text = voice.say(
        "key.carries" if share else "key.carries.plain", share=share, used=len(candidates)
    )
    return Prose(text), _weight_table(run, key, candidates, used[used["model"] == BOOSTING])


def _weight_table(
    run: UnitMonth, key: KeyMonth, candidates: pd.DataFrame, corrected: pd.DataFrame
) -> Table:
    voice, first = voice_of(run), candidates.iloc[0]
    listed = candidates if len(candidates) == HEAVIEST + 1 else candidates.head(HEAVIEST)
    rows = [_weight_row(run, row) for _, row in pd.concat([corrected, listed]).iterrows()]
    if len(rest := candidates.iloc[len(listed) :]):
        rows.append(
            [
                voice.say("modeling.weights.folded", n=len(rest)),
                f"{rest['weight'].sum():.2f}",
                "",
                f"At most {wording.percent(rest['weight'].max())} each",
            ]
        )
    unused = key.weights[key.weights["weight"] == 0]
    rows += [_weight_row(run, row) for _, row in unused.head(HEAVIEST).iterrows()]
    return Table(
        voice.say(
            "key.carries.title", model=model_name(first["model"], run), weight=first["weight"]
        ),
        "Weights add up to one; WAPE in the backtest of this series, all distances",
        columns("Model", ">Weight", ">WAPE", "Reason"),
        rows,
        source="Source: tables/weights.parquet.",
        min_width="min40",
    )


def _weight_row(run: UnitMonth, row: pd.Series) -> list[object]:
    error = "" if pd.isna(row["backtest_error"]) else wording.percent(row["backtest_error"])
    return [
        Cell(model_name(row["model"], run), bold=row["weight"] > 0),
        f"{row['weight']:.2f}",
        error,
        wording.first_upper(str(row["reason"])),
    ]


def _errors(run: UnitMonth, key: KeyMonth) -> tuple[Block, ...]:
    voice = voice_of(run)
    if key.judged == "nothing":
        return (Prose(voice.say("key.errors.nothing")),)
    errors = key.errors()
    if key.judged == "backtest":
        return Prose(voice.say("key.errors.backtest")), _backtest_table(run, key, errors)
    said = [
        voice.say(
            "key.errors.lag"
            if row["bounded"] and pd.notna(row["bounded"])
            else "key.errors.lag.open",
            **row,
        )
        for _, row in errors.iterrows()
        if pd.notna(row["wape"])
    ]
    return Prose(voice.say("key.errors.archive", lags=" ".join(said)).strip()), _archive_table(
        run, key, errors
    )


def _archive_table(run: UnitMonth, key: KeyMonth, errors: pd.DataFrame) -> Table:
    voice, lags = voice_of(run), [int(h) for h in errors["h"]]
    cells = {(row["ds"], int(row["h"])): row for _, row in key.archived.iterrows()}
    months = sorted({ds for ds, _ in cells})[-SEASON:]
    rows = []
    for ds in months:
        actual = next(cells[ds, h]["actual"] for h in lags if (ds, h) in cells)
        rows.append(
            [
                in_words(ds),
                measure_of(run).amount(actual),
                *(cell for h in lags for cell in _said(run, cells.get((ds, h)))),
            ]
        )
    first = errors.iloc[0]
    title = (
        "key.errors.title.zero"
        if pd.isna(first["wape"])
        else "key.errors.title"
        if first["h"] == 1
        else "key.errors.title.far"
    )
    heads = columns(
        "Month",
        ">Actual",
        *(head for h in lags for head in (f">{wording.plural(h, 'month')} ahead", ">Off by")),
    )
    return Table(
        voice.say(title, **first),
        f"Off by: (forecast − actual) / actual, above zero is too high; ✕ outside the 80{wording.THIN}% interval",
        heads,
        rows,
        source="Source: tables/forecast.parquet of the archive's earlier months; tables/panel.parquet.",
        min_width="min40",
    )


def _said(run: UnitMonth, row: pd.Series | None) -> tuple[Cell, Cell]:
    """What was forecast, and by how much it was off."""
    if row is None:
        return Cell("–"), Cell("")
    outside = not row["lo-80"] <= row["actual"] <= row["hi-80"] and pd.notna(row["lo-80"])
    gap = row["y_hat"] - row["actual"]
    text = (
        wording.signed_percent(gap / row["actual"])
        if row["actual"]
        else measure_of(run).amount(gap, sign=True)
    )
    tone = "over" if gap > 0 else "under" if gap < 0 else ""
    return Cell(measure_of(run).amount(row["y_hat"])), Cell(
        f"{'✕ ' if outside else ''}{text}", tone=tone
    )  # type: ignore[arg-type]


def _backtest_table(run: UnitMonth, key: KeyMonth, errors: pd.DataFrame) -> Table:
    voice, wape = voice_of(run), _pooled_wape(key.backtest)
    rows = [
        [
            f"Data through {in_words(row['cutoff'])}",
            wording.number(row["months"]),
            "" if pd.isna(row["wape"]) else wording.percent(row["wape"]),
            ""
            if pd.isna(row["bias"])
            else Cell(
                wording.signed_percent(row["bias"]), tone="over" if row["bias"] > 0 else "under"
            ),
            f"{int(row['inside'])} of {int(row['bounded'])}",
        ]
        for _, row in errors.iterrows()
    ]
    return Table(
        voice.say("key.errors.title.zero")
        if pd.isna(wape)
        else voice.say("key.errors.title.backtest", wape=wape),
        "Months judged are those that are over; the interval is the one that was known then",
        columns("Cutoff", ">Months", ">WAPE", ">Bias", f">Inside 80{wording.THIN}%"),
        rows,
        source="Source: tables/backtest.parquet, tables/panel.parquet.",
    )


def _changed(run: UnitMonth, key: KeyMonth) -> tuple[Block, ...]:
    voice, moved = (
        voice_of(run),
        float(key.moved.iloc[0]) if len(key.moved) and pd.notna(key.moved.iloc[0]) else 0.0,
    )
    said: list[Block] = []
    facts = {"month": iso(key.next["ds"]), "moved": moved}
    if len(key.changes):
        applied = int((key.changes["state"] == "applied").sum())
        said += [
            Prose(
                voice.say(
                    "key.changes.people",
                    applied=applied,
                    refused=len(key.changes) - applied,
                    **facts,
                )
            ),
            _change_table(run, key.changes),
        ]
    elif abs(moved) > 0.005 * abs(key.next["y_hat"]):  # half a percent, below which it is not told
        said.append(Prose(voice.say("key.changes.moved", **facts)))
    if len(key.effects):
        said += [
            Prose(
                voice.say(
                    "key.changes.effects", n=len(key.effects), worth=key.effects["worth"].sum()
                )
            ),
            _effect_table(run, key.effects),
        ]
    return tuple(said) or (Prose(voice.say("key.changes.none")),)


def _change_table(run: UnitMonth, changes: pd.DataFrame) -> Table:
    measure = measure_of(run)
    rows = [
        [
            str(row["label"]),
            in_words(row["ds"]),
            measure.amount(row["old"]),
            measure.amount(row["final"]),
            Cell(
                f"{row['author'] or 'Nobody named'}: {row['reason'] or 'no reason given'}",
                sub=str(row["remark"]),
            ),
            Cell(str(row["state"]), tag="" if row["state"] == "applied" else "plain"),
        ]
        for _, row in changes.iterrows()
    ]
    heads = columns("Series", "|Month", ">From", ">To", "Who and why", "|State")
    return Table(
        "What people changed within it",
        "",
        heads,
        rows,
        source="Source: tables/adjustment.parquet.",
        min_width="min46",
    )


def _effect_table(run: UnitMonth, effects: pd.DataFrame) -> Table:
    rows = [
        [str(row["id"]), f"{in_words(row['start'])} on" if pd.isna(row["until"]) else f"{in_words(row['start'])} to {in_words(row['until'])}",
         measure_of(run).amount(row["worth"], sign=True), f"{row['author']}: {row['reason']}"]
        for _, row in effects.iterrows()
    ]  # fmt: skip
    heads = columns("Effect", "Months", ">Worth here", "Who and why")
    return Table(
        "Declared effects that touch it",
        "",
        heads,
        rows,
        source="Source: tables/effect_applied.parquet.",
        min_width="min40",
    )


def _record(run: UnitMonth, key: KeyMonth) -> Record:
    first, last = key.history.index[0], key.history.index[-1]
    terms: Sequence[tuple[str, str]] = (
        ("Series", f"{key.label}, level {key.level.replace('_', ' ')}"),
        (
            "Unit and month",
            f"{run.unit}, {run.month}; models saw nothing after {wording.month_name(run.month)}",
        ),
        (
            "History",
            f"{in_words(first)} to {in_words(last)}, {wording.plural(int(key.history.notna().sum()), 'month')}",
        ),
        (
            "Chosen by",
            f"key.levels and key.most of the parameters: all key accounts, of other levels the {run.parameters.key.most} largest",
        ),
        (
            "Judged by",
            {
                "archive": "what earlier months published",
                "backtest": "the backtest of this month",
                "nothing": "nothing yet",
            }[key.judged],
        ),
    )
    return Record("", "", tuple(terms))
