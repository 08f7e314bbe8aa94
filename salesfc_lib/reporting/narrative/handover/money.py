"""How sure sums of months are, and what finance can expect."""

from __future__ import annotations

from typing import Any

from salesfc_lib.archive import UnitMonth
from salesfc_lib.reporting.blocks import Block, Cell, Figure
from salesfc_lib.reporting.facts.handover import HandedMonth
from salesfc_lib.reporting.narrative.handover.parts import basis, in_money, month_columns
from salesfc_lib.reporting.narrative.languages import in_languages
from salesfc_lib.reporting.narrative.outlook import outlook_figure
from salesfc_lib.reporting.narrative.writer import Blocks, BlockWriter, Row, writer_of


@in_languages
def sums(run: UnitMonth, handed: HandedMonth) -> Blocks:
    """How often sums of three months lay in their interval: of paths, and of months added up."""
    writer, rows = writer_of(run), handed["sum_coverage"]
    if rows.empty:
        return Blocks(writer.prose("handover.sums.none", paths=run.parameters.handover.paths))
    rows = rows.assign(share=rows["inside"] / rows["n"], wide=rows["width"] / rows["sold"])
    table = rows.pivot(index="level", columns="way", values=["share", "wide", "n"])
    levels = [each for each in run.parameters.levels if each in table.index]
    wide = table.loc[levels]
    wide.columns = [f"{name}_{way}" for name, way in wide.columns]
    known = wide.reset_index().astype({"n_paths": int})
    own = known[known["level"].eq(handed.level)].iloc[0]
    facts: dict[str, Any] = {"own": handed.level, "paths": run.parameters.handover.paths}
    facts |= own.drop("level").to_dict()
    return writer.section("handover.sums", known, **facts)


@in_languages
def finance(run: UnitMonth, handed: HandedMonth) -> Blocks:
    """Revenue, margin and cash by month with their ranges."""
    writer, table = in_money(run), handed["finance"].dropna(subset=["mean"])
    if table.empty:
        return Blocks(writer.prose("handover.finance.none"))
    writer = writer.at(table["mean"])
    rows = []
    for item, own in table.groupby("item", sort=False):
        cells = {f"{row['ds']:%Y-%m}": _range(writer, row) for row in own.to_dict("records")}
        name = Cell(writer.name("finance", str(item)), bold=item == "margin")
        rows.append({"label": name} | cells)
    columns, axis = month_columns(sorted(table["ds"].unique())), writer.axis
    block = writer.table("handover.finance.table", rows, columns=columns, axis=axis)
    named = table.assign(label=[writer.name("finance", item) for item in table["item"]])
    shown: list[Block] = [_say_money(run, handed)]
    if len(handed.sold):
        shown.append(_draw_revenue(run, handed))
    return Blocks(*shown, block, basis(writer, named, "label"))


def _draw_revenue(run: UnitMonth, handed: HandedMonth) -> Figure:
    """What was sold, and revenue to come with its ranges over the paths."""
    writer, total = in_money(run), handed.total("revenue")
    ahead = handed.money("revenue").rename(columns={"mean": "y_hat"})
    title = writer.text("handover.finance.figure", unit=run.title, **total)
    source = writer.text("handover.finance.figure.source")
    return outlook_figure(writer, handed.sold, ahead, title=title, source=source)


def _range(writer: BlockWriter, row: Row) -> Cell:
    """A number with its interval below, where it has one."""
    low, high = (writer.fill(f"{{{edge}:bare}}", row) for edge in ("lo-80", "hi-80"))
    return Cell(writer.fill("{mean:bare}", row), sub="" if low == high else f"{low}–{high}")


def _say_money(run: UnitMonth, handed: HandedMonth) -> Any:
    writer, total = in_money(run), handed.total("revenue")
    facts: dict[str, Any] = {"first": total["first"], "last": total["last"], "mean": total["mean"]}
    facts |= {"low": total["lo-80"], "high": total["hi-80"]}
    margin, cash = handed.money("margin"), handed.money("cash")
    if margin["mean"].isna().any():
        return writer.prose("handover.finance.revenue", **facts)
    lowest = cash.loc[cash["mean"].idxmin()]
    facts |= {"margin": margin["mean"].sum(), "share": margin["mean"].sum() / total["mean"]}
    facts |= {"month": lowest["ds"], "cash": lowest["mean"], "known": margin["known"].iloc[0]}
    capital = handed["outlook"].query("name == 'capital'")["mean"]
    tied = "" if capital.empty else writer.text("handover.finance.capital", capital=capital.iloc[0])
    return writer.prose("handover.finance.some", capital=tied, **facts)
