"""What the headers and the rows of an export say, put together.

A sample enters; a `Proposal` leaves. The decision made here: rows that only look like business (repeated headers, subtotals)
are set aside before anything is concluded from values, and a unit that a title states holds for money alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from salesfc_lib.foundation import COUNTS, MONEY, Scale, find_scale
from salesfc_lib.inspection import rows as look
from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.columns import Column, look_at_columns
from salesfc_lib.inspection.exports import take_feed
from salesfc_lib.inspection.issues import list_issues
from salesfc_lib.inspection.mapping import DIMENSIONS, Match, map_columns
from salesfc_lib.inspection.money import find_money
from salesfc_lib.inspection.proposal import Proposal
from salesfc_lib.inspection.sample import Sample
from salesfc_lib.intake import Issue

MERGED = (
    *DIMENSIONS,
    "customer",
    "date",
    "order_id",
    "product",
)  # columns whose cells people merge


def propose_feed(files: Sequence[Path], aliases: Aliases) -> Proposal:
    """The proposal for the files of one feed."""
    sample, issues, spellings = take_feed(files, aliases)
    return propose(sample, aliases, more=issues, spellings=spellings, files=files)


def propose(
    sample: Sample,
    aliases: Aliases,
    *,
    more: Sequence[Issue] = (),
    spellings: Mapping[str, Sequence[str]] | None = None,
    files: Sequence[Path] = (),
) -> Proposal:
    """What the headers and the rows of a sample say."""
    columns = look_at_columns(sample, aliases.nulls)
    assignment = map_columns(sample, columns, aliases)
    names = assignment.columns
    marks = look.mark_rows(
        sample,
        [names[name] for name in ("date", "order_id", "ds") if name in names],
        aliases.subtotals,
    )
    business = sample.keep([mark is None for mark in marks])
    if len(business.rows) < len(sample.rows):
        columns = look_at_columns(business, aliases.nulls)
        assignment = map_columns(business, columns, aliases)
        names = assignment.columns
    matches = {match.name: match for match in assignment.matches}
    titles = [text for _, text in sample.titles]
    money = find_money(columns, matches, aliases, titles=titles)
    kinds = look.find_kinds(columns.get(names.get("kind", "")), aliases)
    value = columns.get(names.get("amount", names.get("quantity", "")))
    fill_down = look.find_merged(
        business, columns, {name: names[name] for name in MERGED if name in names}
    )
    found = Proposal(
        sample=business,
        seen=len(sample.rows),
        columns=columns,
        assignment=assignment,
        money=money,
        kinds=kinds,
        signs=look.count_signs(
            columns.get(names.get("kind", "")),
            value,
            kinds,
            all_returns=assignment.role == "returns",
        ),
        key=look.find_key(business, columns, names, but=[names[name] for name in fill_down]),
        months=look.Months({}, [], {}),
        subtotals=list(
            dict.fromkeys(mark for mark in marks if mark is not None and mark != "header")
        ),
        fill_down=fill_down,
        splits=look.list_splits(columns, names),
        others=look.count_members(columns, list(names.values())),
        units=_find_units(titles, matches, columns),
        spellings=spellings or {},
        beside=[propose(other, aliases, files=files) for other in sample.beside],
        files=files or [sample.path],
    )
    return _complete(found, marks, [*sample.issues, *more])


def _complete(found: Proposal, marks: Sequence[str | None], issues: Sequence[Issue]) -> Proposal:
    """The proposal with its months and with what has to be expected."""
    name = found.date_name
    months = look.count_months(found.days(name).values) if name else look.Months({}, [], {})
    found = replace(found, months=months)
    return replace(found, issues=[*issues, *list_issues(found, marks)])


def _find_units(
    titles: Sequence[str], matches: Mapping[str, Match], columns: Mapping[str, Column]
) -> dict[str, tuple[str, str]]:
    """Units that headers state, or else the titles for all money."""
    stated = next((scale for title in titles if (scale := find_scale(title)) and scale.sure), None)
    found: dict[str, Scale] = {}
    for name, match in matches.items():
        own = find_scale(match.header) if name in (*MONEY, *COUNTS) else None
        scale = own if own and own.sure else stated if name in MONEY else None
        if scale and scale.power:
            found[name] = scale
    return {name: (scale.unit, scale.words) for name, scale in found.items()} | _find_percent(
        columns, matches
    )


def _find_percent(
    columns: Mapping[str, Column], matches: Mapping[str, Match]
) -> dict[str, tuple[str, str]]:
    """Percent, where chances are above one."""
    column = columns[matches["probability"].header] if "probability" in matches else None
    highest = (
        max((value for value in column.numbers.values if value is not None), default=0)
        if column is not None
        else 0
    )
    return {"probability": ("percent", f"{highest:f}")} if highest > 1 else {}
