"""What the page of a key account or product says: forecast, drivers, weights, errors, changes.

The page shows what is published; where it explains (drivers, weights) it says of which part of the
forecast that is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from salesfc_lib.archive import UnitMonth
from salesfc_lib.forecasting import BOOSTING
from salesfc_lib.foundation import SEASON, amounts, level_name, wording
from salesfc_lib.reporting.blocks import Answer, Block, Cell, Record, Table
from salesfc_lib.reporting.facts.key import KeyMonth
from salesfc_lib.reporting.facts.shared import year_change
from salesfc_lib.reporting.narrative.drivers import (
    describe_change,
    describe_regression,
    describe_share,
    effects_figure,
    is_clear,
    list_effects,
    terms_of,
)
from salesfc_lib.reporting.narrative.key_errors import describe_errors, error_blocks, error_facts
from salesfc_lib.reporting.narrative.modeling.choices import (
    HEAVIEST,
    describe_correction,
    model_name,
    weight_rows,
)
from salesfc_lib.reporting.narrative.outlook import outlook_figure
from salesfc_lib.reporting.narrative.writer import BlockWriter, Row, writer_of

COLUMNS = 4  # drivers of the coming months
MOVED = 0.005  # of the forecast: changes elsewhere below it are not worth a sentence


@dataclass(frozen=True)
class KeyPage:
    """One page: its file's name, its series, its top, and questions with the blocks that answer."""

    file: str
    label: str
    answer: Answer
    sections: tuple[tuple[str, tuple[Block, ...]], ...]


def key_page(run: UnitMonth, key: KeyMonth) -> KeyPage:
    """The page of one key series."""
    writer = writer_of(run)
    answers = {
        "outlook": _outlook(writer, key),
        "drivers": _drivers(run, key),
        "carries": _candidates(run, key),
        "errors": error_blocks(writer, key),
        "changes": _changes(writer, key),
        "record": (_record(run, key),),
    }
    return KeyPage(
        key.page,
        key.label,
        _answer(run, key),
        tuple((writer.text(f"key.question.{name}"), blocks) for name, blocks in answers.items()),
    )


def _answer(run: UnitMonth, key: KeyMonth) -> Answer:
    writer, ahead = writer_of(run), key.next
    change = year_change(key.history, ahead["ds"], ahead["y_hat"])
    title = "gone" if key.silent > 1 else "year" if change is not None else "next"
    title_facts = {"label": key.label, "months": key.silent, "change": change}
    following = {"months": len(key.published), "year": key.published["y_hat"].sum()}
    sentences = (
        writer.text("key.summary.next", **following, **ahead),
        _describe_drivers(run, key),
        describe_errors(writer, key),
    )
    level = level_name(key.level).capitalize()
    history = writer.text("key.note", months=key.history.notna().sum())
    return Answer(
        (level, key.label, run.title, wording.month_name(run.month)),
        writer.text(f"key.title.{title}", **title_facts, **ahead),
        tuple(filter(None, sentences)),
        note=writer.text("run.note", month=run.month, series=1, measure=history),
        facts=(
            writer.fact("fact.next", **ahead),
            writer.fact("key.fact.share", share=key.share, sales=key.sales),
            *error_facts(writer, key),
        ),
    )


def _describe_drivers(run: UnitMonth, key: KeyMonth) -> str:
    writer, on = writer_of(run), run.parameters.driver_effects.enabled
    terms = terms_of(key.coefficient, key.unique_id)
    if key.ended or terms.empty:
        return "" if key.ended else writer.text("key.drivers.short")
    effects = list_effects(writer, terms)
    clear = effects[effects["driver"] & is_clear(effects)]
    if clear.empty:
        return writer.text("key.summary.no_driver" if on else "driver.off")
    label, value = clear.iloc[0][["label", "value"]]
    what, effect = wording.first_lower(label), describe_change(writer, value)
    return writer.text("key.summary.driver", what=what, effect=effect)


def _outlook(writer: BlockWriter, key: KeyMonth) -> tuple[Block, ...]:
    year, last = float(key.published["y_hat"].sum()), key.history.tail(SEASON)
    whole = len(key.published) == len(last) == SEASON and last.sum() > 0
    change = writer.text("outlook.change", change=year / last.sum() - 1) if whole else ""
    figure = outlook_figure(
        writer,
        key.history,
        key.published,
        title=writer.text("key.title.next", label=key.label, **key.next),
        source=writer.text("key.outlook.source"),
        earlier=key.last_published(),
    )
    facts = {"year": year, "months": len(key.published), "change": change}
    return writer.prose("key.outlook", **facts), figure


def _drivers(run: UnitMonth, key: KeyMonth) -> tuple[Block, ...]:
    writer, terms = writer_of(run), terms_of(key.coefficient, key.unique_id)
    if key.ended or terms.empty:
        return (writer.prose("key.drivers.ended" if key.ended else "key.drivers.short"),)
    text = writer.prose("key.drivers", **describe_regression(writer, terms, key.weights))
    figure, ahead = effects_figure(run, terms, key.label), _list_ahead(key)
    if ahead.empty:
        on = run.parameters.driver_effects.enabled
        return text, figure, writer.prose("key.drivers.ahead.none" if on else "driver.off")
    sums = ahead.groupby("ds")["effect"].sum()
    facts = {"first": sums.iloc[0], "sum": sums.sum(), "month": sums.index[0], "months": len(sums)}
    share = describe_share(writer, key.ahead, key.published)
    coming = writer.prose("key.drivers.ahead", share=share, **facts)
    return text, figure, coming, _ahead_table(writer, ahead, terms["kind"])


def _list_ahead(key: KeyMonth) -> pd.DataFrame:
    """What is known of the coming months, of the drivers that do most, which stand first."""
    size = key.ahead["effect"].abs().groupby(key.ahead["term"]).max().sort_values(ascending=False)
    largest = list(size[size > 0].index[:COLUMNS])
    rows = key.ahead[key.ahead["term"].isin(largest)]
    ordered = rows.assign(order=rows["term"].map(largest.index))
    return ordered.sort_values(["order", "ds"], ignore_index=True)


def _ahead_table(writer: BlockWriter, ahead: pd.DataFrame, kinds: pd.Series) -> Table:
    sums = ahead.groupby("term", sort=False)["effect"].sum()
    cells = [_ahead_cell(writer, row, kinds[row["term"]]) for row in ahead.to_dict("records")]
    wide = ahead.assign(cell=cells).pivot(index="ds", columns="term", values="cell")
    months = [writer.text("month", ds=ds) for ds in wide.index]
    total = {name: writer.measure.amount(value, sign=True) for name, value in sums.items()}
    table = writer.table(
        "key.drivers.ahead.table",
        wide.where(wide.notna(), "").assign(month=months),
        columns={f">{writer.name('driver.head', name)}": f"{{{name}}}" for name in sums.index},
        footer=[{"month": writer.text("all"), **total}],
        sum=float(sums.sum()),
    )
    return replace(table, min_width="min40") if len(sums) > 2 else table


def _ahead_cell(writer: BlockWriter, row: Row, kind: str) -> Cell:
    if not row["effect"]:
        return Cell("–")
    scale = amounts.scale_for([row["low"], row["high"]])
    low, high = (writer.measure.scaled(row[name], scale, digits=3) for name in ("low", "high"))
    known = _known(writer, row["term"], float(row["value"]), kind)
    between = writer.text("key.drivers.ahead.known", known=known, low=low, high=high)
    return Cell(writer.fill("{effect:signed_amount}", row), sub=between)


def _known(writer: BlockWriter, term: str, value: float, kind: str) -> str:
    """A driver's value in words: days, a share of the month, or the number itself."""
    if term == "trading_days":
        return writer.text("key.drivers.ahead.days", n=round(value))
    if kind == "share":
        return wording.percent(value, 0)
    return wording.number(value, amounts.decimals(value))


def _candidates(run: UnitMonth, key: KeyMonth) -> tuple[Block, ...]:
    writer = writer_of(run)
    if key.ended:
        return (writer.prose("key.carries.ended"),)
    weights = key.weights.sort_values(["weight", "model"], ascending=[False, True])
    titles = [model_name(name, run) for name in weights["model"]]
    bold = weights["weight"] > 0
    weights["name"] = [Cell(title, bold=used) for title, used in zip(titles, bold, strict=True)]
    boosted = weights[bold & (weights["model"] == BOOSTING)]
    candidates = weights[bold & (weights["model"] != BOOSTING)]
    unused = key.weights[key.weights["weight"] == 0].head(HEAVIEST).index
    rows = [
        *boosted.to_dict("records"),
        *weight_rows(writer, candidates, "key.carries.most"),
        *weights.loc[unused].to_dict("records"),
    ]
    first, share = candidates.iloc[0], float(boosted["weight"].sum())
    name = model_name(first["model"], run)
    corrected = describe_correction(writer, share)
    facts = {"name": name, "weight": first["weight"], "corrected": corrected}
    block = writer.table("key.carries.table", rows, **facts)
    text = "key.carries" if share else "key.carries.plain"
    return writer.prose(text, share=share, used=len(candidates)), block


def _changes(writer: BlockWriter, key: KeyMonth) -> tuple[Block, ...]:
    moved = float(key.moved.iloc[0]) if len(key.moved) and pd.notna(key.moved.iloc[0]) else 0.0
    facts, blocks = {"month": key.next["ds"], "moved": moved}, []
    if len(key.changes):
        applied = key.changes["state"] == "applied"
        facts |= {"applied": int(applied.sum()), "refused": int((~applied).sum())}
        table = writer.table("key.changes.table", _describe_changes(writer, key.changes))
        blocks += [writer.prose("key.changes.people", **facts), table]
    elif abs(moved) > MOVED * abs(key.next["y_hat"]):
        blocks.append(writer.prose("key.changes.moved", **facts))
    if len(key.effects):
        worth, ends = key.effects["worth"].sum(), key.effects["until"].notna()
        spans = ends.map({True: "span.until", False: "span.open"})
        rows = zip(spans, key.effects.to_dict("records"), strict=True)
        months = [writer.text(span, **row) for span, row in rows]
        table = writer.table("key.effects.table", key.effects.assign(months=months))
        blocks += [writer.prose("key.changes.effects", n=len(key.effects), worth=worth), table]
    return tuple(blocks) or (writer.prose("key.changes.none"),)


def _describe_changes(writer: BlockWriter, changes: pd.DataFrame) -> pd.DataFrame:
    words = {name: writer.text(f"{name}.none") for name in ("author", "reason")}
    named = {name: changes[name].fillna("").replace("", word) for name, word in words.items()}
    tags = changes["state"].map({"applied": ""}).fillna("plain")
    cells = zip(changes["state"], tags, strict=True)
    states = [Cell(writer.name("state", state), tag=tag) for state, tag in cells]
    return changes.assign(**named, state=states)


def _record(run: UnitMonth, key: KeyMonth) -> Record:
    writer, history = writer_of(run), key.history
    facts = {"unit": run.unit, "month": run.month, "most": run.parameters.key.most}
    facts |= {"first": history.index[0], "last": history.index[-1], "label": key.label}
    facts |= {"level": key.level, "months": history.notna().sum()}
    judged = writer.text(f"key.judged.{key.judged}")
    return Record("", "", tuple(writer.record("key.record", judged=judged, **facts)))
