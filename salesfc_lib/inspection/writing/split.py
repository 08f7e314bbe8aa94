"""`salesfc init --split`: a parameter file for each member of a column, out of the same exports."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import SEASON
from salesfc_lib.inspection.evidence.columns import FEW, ColumnEvidence, join_some
from salesfc_lib.inspection.findings.proposal import Proposal, Setting
from salesfc_lib.inspection.findings.roles import choose_orders
from salesfc_lib.inspection.sampling.feeds import find_exports, source_of
from salesfc_lib.inspection.writing.unit_file import (
    find_target,
    propose_sources,
    propose_unit,
    save_unit,
)
from salesfc_lib.intake import fold_header, layout, read_source

MOST_UNITS = 200  # that one column may tell apart


def write_split_files(
    exports: Sequence[Path], project: Path, column: str
) -> tuple[dict[Path, str], dict[str, Proposal], int]:
    """Files by path with the member of each, what was recognised, and rows without a member.

    `column` is a header of the orders, or this project's name for one. The members are those of
    every row that a run would read. No file is written where one exists already.

    Raises
    ------
    RequestError
        No export is one of orders, it has no such column, the column has one member or more than
        `MOST_UNITS`, or a unit's file exists.
    SalesForecastError
        An export cannot be read.
    """
    files = find_exports(exports)
    found = propose_sources(files, project)
    orders = choose_orders([*found.values()])
    if orders is None:
        raise RequestError.of("No export looks like orders", "Rows to split", "Name the orders")
    header = _find_header(orders, column)
    members = _count_members(orders, header)
    blank = members.pop("", 0)
    if not 2 <= len(members) <= MOST_UNITS:
        raise RequestError.of(
            f"The column '{header}' has {len(members):,} members",
            f"2 to {MOST_UNITS} units",
            "Name a column that tells units apart, or leave out --split",
        )
    targets: dict[Path, str] = {}
    for place, (member, _) in enumerate(members.most_common(), start=1):
        unit = name = propose_unit(member, f"unit-{place}")
        while find_target(project, unit) in targets:
            unit = f"{name[:28]}-{place}"
        targets[find_target(project, unit)] = member
    for target, member in targets.items():
        why = f"one of the {len(members)} members of {header}, a unit each"
        own = {name: _choose_rows(one, header, member, why) for name, one in found.items()}
        save_unit(target, own, project, member)
    return targets, found, blank


def propose_split(orders: Proposal, exports: Sequence[Path], project: Path) -> str:
    """The command that makes a unit of each company, where at least two of them have rows in
    `SEASON` months or more; the others are named. '' where there is nothing to split.
    """
    column = orders.column("company")
    if column is None or orders.date_name is None or not 2 <= len(column.members) <= FEW:
        return ""
    months = _list_months(column, orders.days(orders.date_name).values)
    short = [member for member in column.members if len(months[member]) < SEASON]
    if len(column.members) - len(short) < 2:
        return ""
    words = ["salesfc", "init", *map(str, exports), "--split", column.header]
    words += ["--project", str(project)]
    few = f"; rows in fewer than {SEASON} months: {join_some(short, 5)}" if short else ""
    return (
        f"{column.header} has {len(column.members)} members ({join_some([*column.members], 5)}"
        f"{few}): where each is a unit, `{shlex.join(words)}` writes a file for every one"
    )


def _list_months(
    column: ColumnEvidence, days: Sequence[date | None]
) -> defaultdict[str, set[tuple[int, int]]]:
    """Months in which each member of a column has rows."""
    months: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
    for member, day in zip(column.cells, days, strict=True):
        if day is not None:
            months[member].add((day.year, day.month))
    return months


def _find_header(orders: Proposal, column: str) -> str:
    """The header that a column's header or name of ours means."""
    named = {fold_header(header): header for header in reversed(orders.sample.header) if header}
    named = {**{fold_header(name): head for name, head in orders.names.items()}, **named}
    if fold_header(column) not in named:
        raise RequestError.unknown_key(column, [*filter(None, orders.sample.header)], "--split")
    return named[fold_header(column)]


def _count_members(orders: Proposal, header: str) -> Counter[str]:
    """Rows by member of a column, over all rows of the feed."""
    if orders.is_whole:
        return Counter(orders.columns[header].cells)
    source = source_of(orders.sample, orders.files, {"member": header})
    rows = read_source("export", source, orders.files[0].parent).rows
    counts = rows[layout.exported(header)].value_counts().to_pylist()
    return Counter({one["values"].strip(): one["counts"] for one in counts})


def _choose_rows(found: Proposal, header: str, member: str, why: str) -> Proposal:
    """The proposal for the rows of one member, where the export has the column."""
    if header not in found.sample.header:
        return found
    others = [
        one for one in found.findings if not (isinstance(one, Setting) and one.key == "where")
    ]
    return replace(found, findings=[*others, Setting("where", {header: member}, why)])
