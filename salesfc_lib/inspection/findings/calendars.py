"""Calendars of columns that only number their periods (d_1, d_2 …): files with the day of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from salesfc_lib.inspection.aliases import Aliases
from salesfc_lib.inspection.findings.masters import UNUSED
from salesfc_lib.inspection.findings.proposal import Proposal
from salesfc_lib.inspection.findings.propose import Calendar, propose_feed
from salesfc_lib.inspection.sampling.feeds import find_path

COVERED = 0.9  # share of the columns that a calendar has to name; a run names those it lacks


def join_calendars(feeds: Sequence[Proposal], aliases: Aliases, project: Path) -> list[Proposal]:
    """The feeds, those with numbered columns dated by the first other that has a row for each
    header and its day; such a calendar is no source of its own.
    """
    found = [*feeds]
    for place, feed in enumerate(feeds):
        for at, other in enumerate(feeds):
            calendar = _read(other, feed.sample.numbered, project)
            if calendar is not None:
                found[place] = propose_feed(feed.files, aliases, calendar)
                why = f"the days of the columns of {feed.files[-1].name}, by `period_dates`"
                assignment = replace(other.assignment, role=UNUSED, why=why, matches=())
                found[at] = replace(other, assignment=assignment, findings=())
                break
    return found


def _read(found: Proposal, headers: Sequence[str], project: Path) -> Calendar | None:
    """Days by header, and what `period_dates` says of the file; None where it is no calendar."""
    if not headers or found.sample.numbered:
        return None
    few, columns = COVERED * len(headers), found.columns.values()
    keys = [
        one
        for one in columns
        if len(one.members) == one.filled and len({*headers} & {*one.members}) >= few
    ]
    dated = [one for one in columns if one.content == "date" and not one.days.unread]
    for key in keys:
        for column in dated:
            days = dict(zip(key.cells, column.days.values, strict=True))
            own = [days[head] for head in headers if days.get(head)]
            if len({*own}) == len(own) >= few:
                path = find_path(found.files, project)
                named = {"path": path, "key": key.header, "date": column.header}
                return {head: f"{day}" for head, day in days.items() if day}, named
    return None
