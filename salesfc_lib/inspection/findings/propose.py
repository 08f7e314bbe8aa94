"""What the headers and the rows of an export say, put together.

Rows that only look like business (repeated headers, subtotals) are set aside before anything is
concluded from values; a unit that a title states holds for money alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from salesfc_lib.foundation import scales
from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.evidence.columns import MOST, ColumnEvidence, gather_columns
from salesfc_lib.inspection.evidence.keys import confirm_key, find_key, prove_by_sums
from salesfc_lib.inspection.evidence.mapping import DIMENSIONS
from salesfc_lib.inspection.evidence.merged import fill_cells, find_merged
from salesfc_lib.inspection.evidence.money import find_money, is_share
from salesfc_lib.inspection.evidence.roles import map_columns
from salesfc_lib.inspection.evidence.rows import classify_rows, count_months, count_signs
from salesfc_lib.inspection.findings.days import describe_days
from salesfc_lib.inspection.findings.measure import describe_measure
from salesfc_lib.inspection.findings.numbers import describe_numbers
from salesfc_lib.inspection.findings.proposal import UNMAPPED, Proposal
from salesfc_lib.inspection.findings.table import describe_headers, describe_rows
from salesfc_lib.inspection.findings.texts import describe_texts
from salesfc_lib.inspection.sampling.feeds import sample_feed, source_of
from salesfc_lib.inspection.sampling.sample import Sample
from salesfc_lib.intake import Issue, join_periods, survey_days

SUBJECTS = (
    *(describe_headers, describe_measure, describe_rows),
    *(describe_days, describe_numbers, describe_texts),
)
Calendar = tuple[Mapping[str, str], Mapping[str, str]]  # days by header; `period_dates`
MERGED = (*DIMENSIONS, "customer", "date", "order_id", "product")  # whose cells people merge


def propose_feed(
    files: Sequence[Path], aliases: Aliases, calendar: Calendar | None = None
) -> Proposal:
    """The proposal for the files of one feed; `calendar` has the days of its numbered columns."""
    sample, issues, spellings = sample_feed(files, aliases)
    if calendar is not None:
        sample = sample.date_columns(*calendar)
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
    sample = _join_months(sample, aliases)
    columns = gather_columns(sample, aliases.nulls)
    assignment = map_columns(sample, columns, aliases)
    mapped = {one.name: one.header for one in assignment.matches if one.name not in UNMAPPED}
    layout_rows = _tell_rows(sample, mapped, aliases)
    business = sample.keep([row is None for row in layout_rows])
    if len(business.rows) < len(sample.rows):
        columns = gather_columns(business, aliases.nulls)
        assignment = map_columns(business, columns, aliases)
    matches = {match.name: match for match in assignment.matches}
    names = {name: match.header for name, match in matches.items()}
    titles = [text for _, text in sample.titles]
    kind = columns.get(names.get("kind", ""))
    kinds = (
        {value: aliases.kind_of(value, assignment.role) for value in kind.members} if kind else {}
    )
    value = columns.get(names.get("amount", names.get("quantity", "")))
    fill_down = _find_merged(business, columns, names)
    columns |= {names[name]: fill_cells(columns[names[name]]) for name in fill_down}
    key = find_key(business, columns, names)
    is_part = not sample.counted or len(sample.rows) < sample.total
    if key.columns and (is_part or (key.copies and len(business.rows) < len(sample.rows))):
        source = source_of(sample, files or [sample.path], names, fill_down)
        key = (confirm_key if is_part else prove_by_sums)(key, source, files or [sample.path])
    found = Proposal(
        sample=business,
        seen=len(sample.rows),
        columns=columns,
        assignment=assignment,
        money=find_money(columns, matches, aliases, titles=titles),
        kinds=kinds,
        signs=count_signs(kind, value, kinds, all_returns=assignment.role == "returns"),
        key=key,
        months=count_months(()),
        layout_rows=layout_rows,
        fill_down=fill_down,
        units=_find_units(titles, names, columns),
        spellings=spellings or {},
        beside=[propose(other, aliases, files=files) for other in sample.beside],
        files=files or [sample.path],
    )
    if found.date_name:
        found = replace(found, months=count_months(found.days(found.date_name).values))
    described = chain.from_iterable(describe(found) for describe in SUBJECTS)
    return replace(found, findings=[*sample.issues, *more, *described])


def _find_merged(
    business: Sample, columns: Mapping[str, ColumnEvidence], names: Mapping[str, str]
) -> list[str]:
    named = {name: names[name] for name in (*MERGED, "line") if name in names}
    return find_merged(business, columns, named)


def _tell_rows(sample: Sample, names: Mapping[str, str], aliases: Aliases) -> list[str | None]:
    """What each row is instead of business, as a run tells that fills merged cells."""
    found = classify_rows(sample, names, aliases.subtotals)
    business = sample.keep([row is None for row in found])
    if len(business.rows) == len(sample.rows):
        return found
    fill_down = _find_merged(business, gather_columns(business, aliases.nulls), names)
    return classify_rows(sample, names, aliases.subtotals, fill_down) if fill_down else found


def _join_months(sample: Sample, aliases: Aliases) -> Sample:
    """The sample with a column of months, where rows are dated by a year and a month or week."""
    columns = gather_columns(sample, aliases.nulls)
    matches = {one.name: one.header for one in map_columns(sample, columns, aliases).matches}
    second = next((name for name in ("month", "week") if name in matches), "")
    if {"date", "ds", "start"} & {*matches} or "year" not in matches or not second:
        return sample
    parts = {name: matches[name] for name in ("year", second)}
    cells = join_periods(*map(sample.column, parts.values()), week=second == "week")
    is_dated = survey_days(cells).share >= MOST and "date" not in sample.header
    return sample.join("date", parts, cells) if is_dated else sample


def _find_units(
    titles: Sequence[str], names: Mapping[str, str], columns: Mapping[str, ColumnEvidence]
) -> dict[str, tuple[str, str]]:
    """Units that headers state, or else the titles for all money; percent, where chances are above
    one.
    """
    of_titles = map(scales.find_scale, titles)
    stated = next((scale for scale in of_titles if scale and scale.sure), None)
    units = {}
    for name, header in names.items():
        own = scales.find_scale(header) if name in (*scales.MONEY, *scales.COUNTS) else None
        scale = own if own and own.sure else stated if name in scales.MONEY else None
        if scale and scale.power:
            units[name] = scale.unit, scale.words
    if (discount := columns.get(names.get("discount", ""))) and is_share(discount):
        highest = max(map(abs, discount.figures), default=0)
        units |= {"discount": ("percent", discount.header)} if highest > 1 else {}
    if "probability" in names:
        highest = max(columns[names["probability"]].figures, default=0)
        units |= {"probability": ("percent", f"{highest:f}")} if highest > 1 else {}
    return units
