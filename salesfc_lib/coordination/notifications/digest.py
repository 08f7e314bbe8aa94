"""What a person is told: new things that wait for them, by unit and kind, in their language.

Rows of `coordination.waiting` enter. A digest says how many of what, and where to read them. What
they are, with amounts and members, stands in it only where `notify.figures` says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from salesfc_lib.foundation import Parameters, in_words, language, name_of, text_of
from salesfc_lib.foundation.people import Person

BYTES = 1800  # of a text: WeCom takes 2,048 in UTF-8, less than any other receiver here
# the kinds, and the state in which one is new to who it waits for
UNTOUCHED = {"alert": "open", "step": "open", "question": "open", "action": None}
KINDS = tuple(UNTOUCHED)
NAMES = {"alert": "alert.kind", "step": "cycle.step"}  # in the catalogue, of what they are about


@dataclass(frozen=True)
class News:
    """One thing that a person is told once.

    why: new, escalated (to them) or overdue; key: what it is known by, which is not said again.
    """

    unit: str
    kind: str
    why: str
    key: str
    about: str
    says: str
    due: str


@dataclass(frozen=True)
class Digest:
    """A message to a person: what it is about, its text, and the keys it tells by unit."""

    person: str
    title: str
    body: str
    keys: Mapping[str, tuple[str, ...]]


def find_news(waiting: pd.DataFrame, person: str, told: Collection[str] = ()) -> list[News]:
    """What waits for a person (by id) and was not `told`, in the order of `waiting`.

    What becomes overdue, or goes to the person, is told again although it was told as new; what
    somebody sees to already is not new, nor is an action that its owner promised.
    """
    known = {_subject(key) for key in told}
    rows = [row for row in waiting.to_dict("records") if person in row["people"]]
    found = [(_read_news(row, person), row["state"]) for row in rows]
    return [
        news
        for news, state in found
        if news.key not in told
        and (
            news.why != "new" or (state == UNTOUCHED[news.kind] and _subject(news.key) not in known)
        )
    ]


def _read_news(row: Mapping[str, Any], person: str) -> News:
    why = "overdue" if row["overdue_days"] > 0 else "new"
    why = "escalated" if row["escalated_to"] == person else why
    key = f"{row['kind']}/{row['number']}/{why}"
    key = f"{key}/{row['state']}/{row['due']}" if why == "overdue" else key
    told = (str(row[name]) for name in ("about", "says", "due"))
    return News(row["unit"], row["kind"], why, key, *told)


def _subject(key: str) -> str:
    """What a key is about, whatever it says of it."""
    return "/".join(key.split("/")[:2])


def write_digest(
    person_id: str, person: Person, news: Iterable[News], units: Mapping[str, Parameters]
) -> Digest:
    """The message that tells a person all of `news`, which concern any of `units`."""
    news = list(news)
    by_unit = {unit: [each for each in news if each.unit == unit] for unit in units}
    by_unit = {unit: own for unit, own in by_unit.items() if own}
    first = units[next(iter(by_unit))]
    with language.speaking(person.language or first.report.spoken[0]):
        title = text_of("digest.title", count=len(news))
        lines = [
            line for unit, own in by_unit.items() for line in _list_lines(units[unit], unit, own)
        ]
        address = _write_link(first.notify.pages, f"now/people/{person_id}.html")
        body = _shorten(lines, text_of("digest.link", address=address))
    keys = {unit: tuple(each.key for each in own) for unit, own in by_unit.items()}
    return Digest(person_id, title, body, keys)


def _list_lines(parameters: Parameters, unit: str, news: list[News]) -> Iterator[str]:
    """How many of what, and what they are where the unit allows it."""
    counts = Counter((each.kind, each.why) for each in news)
    parts = [
        text_of(f"digest.{kind}.{why}", count=count, about=_name_about(news, kind, why))
        for (kind, why), count in sorted(counts.items(), key=lambda pair: KINDS.index(pair[0][0]))
    ]
    yield text_of("digest.unit", unit=parameters.unit.title or unit, parts=parts)
    for each in news if parameters.notify.figures else ():
        key = "digest.item" if each.due else "digest.item.always"
        yield text_of(key, says=in_words(each.says), due=each.due)


def _name_about(news: list[News], kind: str, why: str) -> list[str]:
    """What the things of a kind are about, each once, where that is no member: see `NAMES`."""
    about = dict.fromkeys(each.about for each in news if (each.kind, each.why) == (kind, why))
    return [name_of(NAMES[kind], each) for each in about if kind in NAMES]


def _write_link(pages: str, place: str) -> str:
    """Address of a page, or where it lies under the folder of pages that nobody serves."""
    return f"{pages.rstrip('/')}/{place}" if pages else f"reports/{place}"


def _shorten(lines: list[str], end: str) -> str:
    """The lines that fit, how many do not, and the last line."""
    room, kept = BYTES - len(end.encode()) - 100, []
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            break
        kept.append(line)
    more = [text_of("digest.more", count=len(lines) - len(kept))] if len(kept) < len(lines) else []
    return "\n".join([*kept, *more, end])


def is_quiet(at: datetime, parameters: Parameters) -> bool:
    """Whether nothing is sent at that moment, by the unit's zone or else the computer's.

    >>> from datetime import UTC
    >>> unit = Parameters(calendar={"zone": "Asia/Shanghai"})
    >>> is_quiet(datetime(2026, 7, 14, 13, tzinfo=UTC), unit)
    True
    """
    if not parameters.notify.quiet_hours:
        return False
    zone = parameters.calendar.zone
    now = f"{at.astimezone(ZoneInfo(zone) if zone else None):%H:%M}"
    start, end = parameters.notify.quiet_hours
    return start <= now < end if start <= end else now >= start or now < end
