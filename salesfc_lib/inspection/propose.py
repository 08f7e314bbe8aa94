"""What the headers and the rows of an export say, put together.

Rows that only look like business (repeated headers, subtotals) are set aside before anything is
concluded from values; a unit that a title states holds for money alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from salesfc_lib.foundation import scales
from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.columns import Column, look_at_columns
from salesfc_lib.inspection.exports import take_feed
from salesfc_lib.inspection.issues import list_issues
from salesfc_lib.inspection.mapping import DIMENSIONS, Match, map_columns
from salesfc_lib.inspection.money import find_money
from salesfc_lib.inspection.proposal import Proposal
from salesfc_lib.inspection.rows import (
    Months,
    count_members,
    count_months,
    count_signs,
    find_key,
    find_kinds,
    find_merged,
    list_splits,
    mark_rows,
)
from salesfc_lib.inspection.sample import Sample
from salesfc_lib.intake import Issue

MERGED = (*DIMENSIONS, "customer", "date", "order_id", "product")  # whose cells people merge


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
    """What the headers and the rows of a sample say; `more` are issues of its feed."""
    columns = look_at_columns(sample, aliases.nulls)
    assignment = map_columns(sample, columns, aliases)
    filled = [
        assignment.columns[name]
        for name in ("date", "order_id", "ds")
        if name in assignment.columns
    ]
    marks = mark_rows(sample, filled, aliases.subtotals)
    business = sample.keep([mark is None for mark in marks])
    if len(business.rows) < len(sample.rows):
        columns = look_at_columns(business, aliases.nulls)
        assignment = map_columns(business, columns, aliases)
    names = assignment.columns
    matches = {match.name: match for match in assignment.matches}
    titles = [text for _, text in sample.titles]
    kind = columns.get(names.get("kind", ""))
    kinds = find_kinds(kind, aliases)
    value = columns.get(names.get("amount", names.get("quantity", "")))
    mergeable = {name: names[name] for name in MERGED if name in names}
    fill_down = find_merged(business, columns, mergeable)
    is_returns = assignment.role == "returns"
    found = Proposal(
        sample=business,
        seen=len(sample.rows),
        columns=columns,
        assignment=assignment,
        money=find_money(columns, matches, aliases, titles=titles),
        kinds=kinds,
        signs=count_signs(kind, value, kinds, all_returns=is_returns),
        key=find_key(business, columns, names, but=[names[name] for name in fill_down]),
        months=Months({}, [], {}),
        subtotals=list(dict.fromkeys(mark for mark in marks if mark and mark != "header")),
        fill_down=fill_down,
        splits=list_splits(columns, names),
        others=count_members(columns, list(names.values())),
        units=_find_units(titles, matches, columns),
        spellings=spellings or {},
        beside=[propose(other, aliases, files=files) for other in sample.beside],
        files=files or [sample.path],
    )
    if found.date_name:
        found = replace(found, months=count_months(found.days(found.date_name).values))
    return replace(found, issues=[*sample.issues, *more, *list_issues(found, marks)])


def _find_units(
    titles: Sequence[str], matches: Mapping[str, Match], columns: Mapping[str, Column]
) -> dict[str, tuple[str, str]]:
    """Units that headers state, or else the titles for all money; percent, where chances are above
    one.
    """
    of_titles = map(scales.find_scale, titles)
    stated = next((scale for scale in of_titles if scale and scale.sure), None)
    found: dict[str, scales.StatedScale] = {}
    for name, match in matches.items():
        own = scales.find_scale(match.header) if name in (*scales.MONEY, *scales.COUNTS) else None
        scale = own if own and own.sure else stated if name in scales.MONEY else None
        if scale and scale.power:
            found[name] = scale
    units = {name: (scale.unit, scale.words) for name, scale in found.items()}
    if "probability" in matches:
        values = columns[matches["probability"].header].numbers.values
        highest = max((value for value in values if value is not None), default=0)
        units |= {"probability": ("percent", f"{highest:f}")} if highest > 1 else {}
    return units
