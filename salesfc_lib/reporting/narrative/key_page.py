"""What the page of a key account or product says: forecast, drivers, weights, errors, changes.

The page shows what is published; where it explains (drivers, weights) it says of which part of the
forecast that is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.forecasting import BOOSTING
from salesfc_lib.foundation import SEASON, wording
from salesfc_lib.reporting.blocks import Answer, Block, Cell, Fact, Prose, Record, Table
from salesfc_lib.reporting.catalogue import iso
from salesfc_lib.reporting.facts.key import KeyMonth
from salesfc_lib.reporting.facts.sales import year_change
from salesfc_lib.reporting.narrative.choices import model_name
from salesfc_lib.reporting.narrative.drivers import (
    describe_change,
    describe_regression,
    effects_figure,
    is_clear,
    list_effects,
    terms_of,
)
from salesfc_lib.reporting.narrative.outlook import outlook_figure
from salesfc_lib.reporting.narrative.writer import BlockWriter, Row, Template, tone_of, writer_of

HEAVIEST = 10  # candidates with a row of their own
COLUMNS = 4  # drivers of the coming months
EVEN = 0.0005  # bias that rounds to none
MOVED = 0.005  # of the forecast: changes elsewhere below it are not worth a sentence


@dataclass(frozen=True)
class KeyPage:
    """One page: its file's name, its series, its top, and questions with the blocks that answer."""

    file: str
    label: str
    level: str
    share: float
    next: float
    interval: tuple[float, float]
    answer: Answer
    sections: tuple[tuple[str, tuple[Block, ...]], ...]


def key_page(run: UnitMonth, key: KeyMonth) -> KeyPage:
    """The page of one key series."""
    writer, ahead = writer_of(run), key.next
    answers = {
        "outlook": _outlook(writer, key),
        "drivers": _drivers(run, key),
        "carries": _candidates(run, key),
        "errors": _errors(writer, key),
        "changes": _changes(writer, key),
        "record": (_record(run, key),),
    }
    return KeyPage(
        key.page,
        key.label,
        key.level,
        key.share,
        float(ahead["y_hat"]),
        (float(ahead["lo-80"]), float(ahead["hi-80"])),
        _answer(run, key),
        tuple((writer.text(f"key.question.{name}"), blocks) for name, blocks in answers.items()),
    )


def _answer(run: UnitMonth, key: KeyMonth) -> Answer:
    writer, ahead = writer_of(run), key.next
    change = year_change(key.history, ahead["ds"], ahead["y_hat"])
    title = "key.title" if change is None else "key.title.year"
    title = "key.title.gone" if key.silent > 1 else title
    following = {"months": len(key.published), "year": key.published["y_hat"].sum()}
    sentences = (
        writer.text("key.summary.next", **following, **ahead),
        _describe_drivers(writer, key),
        _describe_errors(writer, key),
    )
    level = key.level.replace("_", " ").capitalize()
    history = writer.text("key.note", months=key.history.notna().sum())
    return Answer(
        (level, key.label, run.title, wording.month_name(run.month)),
        writer.text(title, label=key.label, months=key.silent, change=change, **ahead),
        tuple(filter(None, sentences)),
        note=writer.text("run.note", month=run.month, series=1, measure=history),
        facts=(
            writer.fact("fact.next", **ahead),
            writer.fact("key.fact.share", share=key.share, sales=key.sales),
            *_error_facts(writer, key),
        ),
    )


def _error_facts(writer: BlockWriter, key: KeyMonth) -> list[Fact]:
    if key.judged == "nothing":
        return []
    errors = key.errors()
    if key.judged == "archive":
        found = errors.iloc[0].to_dict()
    else:
        counted = errors[["inside", "bounded"]].sum()
        found = {"wape": key.backtest_wape(), "cutoffs": len(errors), **counted}
    wape, bounded = found["wape"], found["bounded"]
    facts = [] if pd.isna(wape) else [writer.fact(f"key.fact.{key.judged}", **found)]
    inside = [writer.fact("key.fact.inside", **found)] if pd.notna(bounded) and bounded else []
    return facts + inside


def _describe_drivers(writer: BlockWriter, key: KeyMonth) -> str:
    terms = terms_of(key.coefficient, key.unique_id)
    if key.ended or terms.empty:
        return "" if key.ended else writer.text("key.drivers.short")
    effects = list_effects(writer, terms)
    clear = effects[effects["driver"] & is_clear(effects)]
    if clear.empty:
        return writer.text("key.summary.no_driver")
    label, value = clear.iloc[0][["label", "value"]]
    what = label[0].lower() + label[1:]
    return writer.text("key.summary.driver", what=what, effect=describe_change(writer, value))


def _describe_errors(writer: BlockWriter, key: KeyMonth) -> str:
    if key.judged == "nothing":
        return writer.text("key.summary.nothing")
    errors = key.errors()
    if key.judged == "backtest":
        wape = key.backtest_wape()
        verdict = "key.summary.nothing" if pd.isna(wape) else "key.summary.backtest"
        return writer.text(verdict, wape=wape, cutoffs=len(errors))
    first = errors.iloc[0].to_dict()
    if pd.isna(first["wape"]):
        forecast = key.archived.loc[key.archived["h"] == first["h"], "y_hat"].sum()
        return writer.text("key.summary.zero", forecast=forecast, **first)
    if abs(first["bias"]) < EVEN:
        return writer.text("key.summary.even", **first)
    side = writer.text("side.high" if first["bias"] > 0 else "side.low")
    return writer.text("key.summary.archive", side=side, **first | {"bias": abs(first["bias"])})


def _outlook(writer: BlockWriter, key: KeyMonth) -> tuple[Block, ...]:
    year, last = float(key.published["y_hat"].sum()), key.history.tail(SEASON)
    whole = len(key.published) == len(last) == SEASON and last.sum() > 0
    change = writer.text("key.outlook.change", change=year / last.sum() - 1) if whole else ""
    figure = outlook_figure(
        key.history,
        key.published,
        writer=writer,
        title=writer.text("key.title", label=key.label, **key.next),
        source=writer.text("key.outlook.source"),
        earlier=key.last_published(),
    )
    return writer.prose("key.outlook", year=year, months=len(key.published), change=change), figure


def _drivers(run: UnitMonth, key: KeyMonth) -> tuple[Block, ...]:
    writer, terms = writer_of(run), terms_of(key.coefficient, key.unique_id)
    if key.ended or terms.empty:
        return (writer.prose("key.drivers.ended" if key.ended else "key.drivers.short"),)
    text = writer.prose("key.drivers", **describe_regression(writer, terms, key.weights))
    figure, ahead = effects_figure(run, terms, key.label), _list_ahead(key)
    if ahead.empty:
        return text, figure, writer.prose("key.drivers.ahead.none")
    sums = ahead.groupby("ds")["effect"].sum()
    facts = {"first": sums.iloc[0], "sum": sums.sum(), "month": sums.index[0], "months": len(sums)}
    coming = writer.prose("key.drivers.ahead", **facts)
    return text, figure, coming, _ahead_table(writer, ahead, terms)


def _list_ahead(key: KeyMonth) -> pd.DataFrame:
    """What is known of the coming months, of the drivers that do most, which stand first."""
    size = key.ahead["effect"].abs().groupby(key.ahead["term"]).max().sort_values(ascending=False)
    chosen = list(size[size > 0].index[:COLUMNS])
    rows = key.ahead[key.ahead["term"].isin(chosen)]
    return rows.assign(order=rows["term"].map(chosen.index)).sort_values(
        ["order", "ds"], ignore_index=True
    )


def _ahead_table(writer: BlockWriter, ahead: pd.DataFrame, terms: pd.DataFrame) -> Table:
    names, sums = list(ahead["term"].unique()), ahead.groupby("term")["effect"].sum()
    cells = {(row["ds"], row["term"]): row for row in ahead.to_dict("records")}
    steps = terms["step"].astype(float)

    def effect(name: str) -> Template:
        return lambda row: _ahead_cell(writer, cells.get((row["ds"], name)), steps)

    table = writer.table(
        "key.drivers.ahead.table",
        [{"ds": ds} for ds in sorted(ahead["ds"].unique())],
        ("{ds:month}", *map(effect, names)),
        width="min40" if len(names) > 2 else "",
        sum=float(sums.sum()),
        drivers=" | ".join(f">{writer.name('driver.head', name)}" for name in names),
    )
    total = (writer.text("all"), *(writer.measure.amount(sums[name], sign=True) for name in names))
    return replace(table, footer=(total,))


def _ahead_cell(writer: BlockWriter, row: Row | None, steps: pd.Series) -> Cell:
    if row is None or not row["effect"]:
        return Cell("" if row is None else "–")
    scale = wording.scale_for([row["low"], row["high"]])
    low, high = (writer.measure.scaled(row[name], scale, digits=3) for name in ("low", "high"))
    known = _known(row["term"], float(row["value"]), steps[row["term"]])
    return Cell(writer.fill("{effect:signed_amount}", row), sub=f"{known}; {low} to {high}")


def _known(term: str, value: float, step: float) -> str:
    """A driver's value in words: days, a share of the month, or the number itself."""
    if term == "trading_days":
        return wording.plural(round(value), "day")
    if 0 <= value <= 1 and np.isclose(step, 1.0):
        return wording.percent(value, 0)
    return wording.number(value, wording.decimals(value))


def _candidates(run: UnitMonth, key: KeyMonth) -> tuple[Block, ...]:
    writer, weights = writer_of(run), key.weights
    if key.ended:
        return (writer.prose("key.carries.ended"),)
    used, unused = weights[weights["weight"] > 0], weights[weights["weight"] == 0]
    boosted = used[used["model"] == BOOSTING]
    candidates = used[used["model"] != BOOSTING].sort_values(
        ["weight", "model"], ascending=[False, True]
    )
    listed = candidates if len(candidates) == HEAVIEST + 1 else candidates.head(HEAVIEST)
    rest, first = candidates.iloc[len(listed) :]["weight"], candidates.iloc[0]
    cells = (
        lambda row: Cell(model_name(row["model"], run), bold=row["weight"] > 0),
        "{weight:.2f}",
        "{backtest_error:percent}",
        "{reason:upper}",
    )
    block = writer.table(
        "key.carries.table",
        pd.concat([boosted, listed, unused.head(HEAVIEST)]),
        cells,
        width="min40",
        name=model_name(first["model"], run),
        weight=first["weight"],
    )
    if len(rest):
        most = writer.text("key.carries.most", most=rest.max())
        folded = (
            writer.text("modeling.weights.folded", n=len(rest)),
            f"{rest.sum():.2f}",
            "",
            most,
        )
        place = len(boosted) + len(listed)
        block = replace(block, rows=(*block.rows[:place], folded, *block.rows[place:]))
    share = float(boosted["weight"].sum())
    text = writer.prose(
        "key.carries" if share else "key.carries.plain", share=share, used=len(candidates)
    )
    return text, block


def _errors(writer: BlockWriter, key: KeyMonth) -> tuple[Block, ...]:
    if key.judged == "nothing":
        return (writer.prose("key.errors.nothing"),)
    errors = key.errors()
    if key.judged == "backtest":
        return writer.prose("key.errors.backtest"), _backtest_table(writer, key, errors)
    keys = errors["bounded"].gt(0).map({True: "key.errors.lag", False: "key.errors.lag.open"})
    rows = errors.assign(key=keys).dropna(subset=["wape"]).to_dict("records")
    lags = " ".join(writer.fill(writer.template(row["key"]), row) for row in rows)
    text = writer.text("key.errors.archive", lags=lags).strip()
    return Prose(text), _archive_table(writer, key, errors)


def _archive_table(writer: BlockWriter, key: KeyMonth, errors: pd.DataFrame) -> Table:
    lags, first = [int(h) for h in errors["h"]], errors.iloc[0]
    cells = {(row["ds"], int(row["h"])): row for row in key.archived.to_dict("records")}
    months = key.archived.drop_duplicates("ds").sort_values("ds").tail(SEASON)

    def forecast(h: int) -> Template:
        return lambda row: (
            writer.fill("{y_hat:amount}", found) if (found := cells.get((row["ds"], h))) else "–"
        )

    def gap(h: int) -> Template:
        return lambda row: _gap_cell(writer, cells.get((row["ds"], h)))

    far = "" if first["h"] == 1 else ".far"
    title = "key.errors.title.zero" if pd.isna(first["wape"]) else f"key.errors.title{far}"
    return writer.table(
        "key.errors.archive.table",
        months,
        ("{ds:month}", "{actual:amount}", *(make(h) for h in lags for make in (forecast, gap))),
        title=writer.text(title, **first),
        width="min40",
        lags=" | ".join(writer.text("key.errors.heads", h=h) for h in lags),
    )


def _gap_cell(writer: BlockWriter, row: Row | None) -> Cell:
    """By how much a forecast was off, marked where the actual lay outside its interval."""
    if row is None:
        return Cell("")
    outside = pd.notna(row["lo-80"]) and not row["lo-80"] <= row["actual"] <= row["hi-80"]
    gap = row["y_hat"] - row["actual"]
    text = "{share:signed_percent}" if row["actual"] else "{gap:signed_amount}"
    share = gap / row["actual"] if row["actual"] else None
    mark = "✕ " if outside else ""
    return Cell(mark + writer.fill(text, {"gap": gap, "share": share}), tone=tone_of(gap))


def _backtest_table(writer: BlockWriter, key: KeyMonth, errors: pd.DataFrame) -> Table:
    wape = key.backtest_wape()
    cells = (
        lambda row: writer.text("key.errors.cutoff", **row),
        "{months:count}",
        "{wape:percent}",
        lambda row: Cell(writer.fill("{bias:signed_percent}", row), tone=tone_of(row["bias"])),
        "{inside:count} of {bounded:count}",
    )
    title = "key.errors.title.zero" if pd.isna(wape) else "key.errors.title.backtest"
    title = writer.text(title, wape=wape)
    return writer.table("key.errors.backtest.table", errors, cells, title=title)


def _changes(writer: BlockWriter, key: KeyMonth) -> tuple[Block, ...]:
    moved = float(key.moved.iloc[0]) if len(key.moved) and pd.notna(key.moved.iloc[0]) else 0.0
    facts, blocks = {"month": key.next["ds"], "moved": moved}, []
    if len(key.changes):
        applied = int((key.changes["state"] == "applied").sum())
        facts |= {"applied": applied, "refused": len(key.changes) - applied}
        table = writer.table("key.changes.table", key.changes, CHANGE, width="min46")
        blocks += [writer.prose("key.changes.people", **facts), table]
    elif abs(moved) > MOVED * abs(key.next["y_hat"]):
        blocks.append(writer.prose("key.changes.moved", **facts))
    if len(key.effects):
        worth = key.effects["worth"].sum()
        table = writer.table("key.effects.table", key.effects, EFFECT, width="min40")
        blocks += [writer.prose("key.changes.effects", n=len(key.effects), worth=worth), table]
    return tuple(blocks) or (writer.prose("key.changes.none"),)


def _describe_author(row: Row) -> Cell:
    author, reason = row["author"] or "Nobody named", row["reason"] or "no reason given"
    return Cell(f"{author}: {reason}", sub=str(row["remark"]))


def _span(start: pd.Timestamp, until: pd.Timestamp) -> str:
    first = wording.month_name(iso(start))
    return f"{first} on" if pd.isna(until) else f"{first} to {wording.month_name(iso(until))}"


CHANGE: tuple[Template, ...] = (
    "{label}",
    "{ds:month}",
    "{old:amount}",
    "{final:amount}",
    _describe_author,
    lambda row: Cell(row["state"], tag="" if row["state"] == "applied" else "plain"),
)
EFFECT: tuple[Template, ...] = (
    "{id}",
    lambda row: _span(row["start"], row["until"]),
    "{worth:signed_amount}",
    "{author}: {reason}",
)


def _record(run: UnitMonth, key: KeyMonth) -> Record:
    facts = {"unit": run.unit, "month": run.month, "most": run.parameters.key.most}
    facts |= {"first": key.history.index[0], "last": key.history.index[-1]}
    writer = writer_of(run)
    judged = writer.text(f"key.judged.{key.judged}")
    terms = writer.record(
        "key.record",
        label=key.label,
        level=key.level,
        months=key.history.notna().sum(),
        judged=judged,
        **facts,
    )
    return Record("", "", tuple(terms))
