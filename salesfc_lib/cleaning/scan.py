"""What cleaning would find in a unit's exports, before a month is run; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.cleaning.batch.exceptions import AFTER_MONTH
from salesfc_lib.cleaning.batch.ledger import list_problems
from salesfc_lib.cleaning.clean import close_month, standardise
from salesfc_lib.cleaning.closed_months import MISSING_MONTH, closed_through
from salesfc_lib.cleaning.history.renames import propose_renames, write_yaml
from salesfc_lib.cleaning.waiting import describe_waiting
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, in_words, say, tables, text_of
from salesfc_lib.intake import Extract, read_source

ORDER = ("quarantined", "dropped", "changed", "noted", "read")  # what people look at first
BY_MONTH = (MISSING_MONTH, "control_total")  # rules that count months, not rows
WIDEST = 60  # characters of an example that are shown


@dataclass(frozen=True)
class Scan:
    """Table problems of a unit, and the messages that would stop its month."""

    problems: pd.DataFrame
    blocks: tuple[str, ...]
    waiting: str = ""  # which lines belong to a month that is not closed


def scan_unit(parameters: Parameters, project: Path, unit: str) -> Scan:
    """What the latest closed month would find, and what would stop it.

    Each source that cannot be read stops it, then the first rule that does. Where the loss budget
    or the end of the month stops it, what was found before is shown.
    """
    extracts, blocks = {}, []
    for name, source in parameters.sources.items():
        try:
            extracts[name] = read_source(name, source, project)
        except SalesForecastError as error:
            blocks.append(f"{name}: {error}")
    if blocks:
        return Scan(tables.empty("problems"), tuple(blocks))
    try:
        done = standardise(parameters, extracts)
    except SalesForecastError as error:
        problems = tables.empty("problems")
        with suppress(SalesForecastError):  # it was no matter of the loss budget
            problems = list_problems(standardise(_without_budget(parameters), extracts).batch)
        return Scan(problems, (str(error),))
    try:
        month = "" if done.latest is pd.NaT else closed_through(parameters, done.covered)
        closed = close_month(done, parameters, month)
    except SalesForecastError as error:
        return Scan(list_problems(done.batch), (str(error),))
    found = closed.problems
    own = found["rule"].ne(AFTER_MONTH)  # lines that wait for their own month are no problem
    waiting = describe_waiting(done, parameters, unit, project)
    return Scan(found[own].reset_index(drop=True), (), waiting)


def propose_for(parameters: Parameters, extracts: Mapping[str, Extract]) -> pd.DataFrame:
    """Table rename_proposals of the unit's dimensions, customers and products."""
    lines = standardise(_without_budget(parameters), extracts).batch.lines
    columns = dict.fromkeys([*parameters.dimensions, "customer", "product"])
    return propose_renames(lines, [*columns], parameters.measure.value)


def describe_scan(found: Scan) -> Iterator[str]:
    """Lines for people: what stops the unit, then by source what is found and done."""
    for block in found.blocks:
        yield text_of("scan.stops", error=block)
    if found.waiting:
        yield found.waiting
    if found.problems.empty:
        if not found.blocks:
            yield text_of("scan.nothing")
        return
    gathered = gather_feeds(found.problems)
    gathered["rank"] = gathered["action"].map(ORDER.index)
    gathered = gathered.sort_values(["feed", "rank", "rule"], kind="stable")
    for feed, part in gathered.groupby("feed", sort=False):
        yield f"{feed}"
        for item in part.itertuples():
            count = in_words(count_found(item))
            yield f"  {item.action:<11} {item.rule:<20} {count:<12} {_where(item)}"


def gather_feeds(problems: pd.DataFrame) -> pd.DataFrame:
    """Problems of all files of a feed (the source) together; `files` counts them."""
    named = problems.assign(feed=problems["source"].str.split(": ", n=1).str[0], files=1)
    keys = ["feed", "rule", "column", "action"]
    how = {"rows": "sum", "files": "sum"}
    how |= {name: "first" for name in problems if name not in (*keys, "rows")}
    return named.groupby(keys, sort=False).agg(how).reset_index()


def count_found(item: Any) -> str:
    """How often a problem of `gather_feeds` was found: in rows, whole files, or months."""
    if item.rule in BY_MONTH:
        return say("cleaning.count.months", n=item.rows)
    if item.first_row:
        return say("cleaning.count.rows", n=item.rows)
    return say("cleaning.count.files", n=item.files)


def describe_proposals(proposals: pd.DataFrame) -> Iterator[str]:
    """Lines for people, and the block of parameters that accepts the proposals."""
    if proposals.empty:
        yield text_of("scan.no_proposals")
        return
    for item in proposals.itertuples():
        begins = proposals.loc[item.Index, "from"]
        names = {"dimension": item.dimension, "old": item.old, "new": item.new}
        facts = {"begins": f"{begins:%Y-%m}", "evidence": item.evidence}
        yield f"{item.score:.2f}  {text_of('scan.proposal', **names, **facts)}"
    yield ""
    yield text_of("scan.accept")
    yield write_yaml(proposals).rstrip()


def _without_budget(parameters: Parameters) -> Parameters:
    cleaning = parameters.cleaning.model_copy(update={"loss_budget": 1.0})
    return parameters.model_copy(update={"cleaning": cleaning})


def _where(item: Any) -> str:
    """Column, first row, reason and example of a problem."""
    file = item.source.partition(": ")[2]
    row = "row" if item.first_row else "first" if item.files > 1 else ""
    place = text_of(f"scan.{row}", row=item.first_row) if row else file
    if row and file:
        place = text_of("scan.in_file", place=place, file=file)
    reason, example = in_words(item.reason), str(in_words(item.example))
    if example and example not in reason:
        shown = example if len(example) <= WIDEST else f"{example[:WIDEST]} …"
        reason = text_of("scan.example", reason=reason, example=shown)
    where = f"`{item.column}`" if item.column else place
    if item.column and place:
        where = text_of("scan.column", column=item.column, place=place)
    return text_of("scan.where", where=where, reason=reason) if where else reason
