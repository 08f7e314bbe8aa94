"""The state at one moment, of each unit and of all people: what the live pages show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import pandas as pd

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import language, people

LIVE = "now"  # folder of the live pages under reports/
KINDS = ("alert", "step", "question", "action")  # of what waits
# columns that pages read of each view of the log; a view may have more
COLUMNS = {
    "alerts": "number kind unique_id opened_at says size owner state due overdue_days escalated_to "
    "acknowledged_by acknowledged_at explained became closed_by closed_at outcome data_at note "
    "gone_since",
    "waiting": "unit month kind number about says state due overdue_days people escalated_to",
    "path": "unique_id date expected lo hi actual",
    "cycle": "step owner due state done_by done_at late_days missing reason",
    "actions": "number what owner due state overdue_days closed_by outcome",
    "questions": "number department kind unique_id says asked_at answer answered_by "
    " answered_at became",
    "views": "version department author entered_at reason unique_id ds y_hat",
    "compared": "department other unique_id level label ds value base",
    "disagreements": "department other unique_id level label value base units percent money",
    "decisions": "at who reason takes",
    "scores": "month department n wape bias statistical_wape statistical_bias decided_wape",
    "series": "unique_id label level",
    "sales": "unique_id ds y",
    "forecast": "unique_id ds y_hat lo-80 hi-80",
    "events": "number at who what subject reason",
    "alert_events": "number at who what subject reason",
    "handed": "name at who reason",
}


@dataclass(frozen=True)
class UnitNow:
    """A unit's month in progress: names, its measure, and frames by name (`COLUMNS`).

    closed: the latest published month, whose cycle this is, empty before the first; month: the one
    in progress. A frame that nobody has written yet is not in `frames`: the pages say so.
    """

    unit: str
    title: str
    month: str
    closed: str = ""
    owner: str = ""
    currency: str = ""
    quantity_unit: str = ""
    zone: str = ""
    languages: tuple[str, ...] = (language.SOURCE,)
    has_cycle: bool = False
    departments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # their people's ids
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # which concern each
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    error: str = ""  # why its state could not be read

    def __getitem__(self, name: str) -> pd.DataFrame:
        """The frame, without rows where there is none."""
        found = self.frames.get(name)
        return pd.DataFrame(columns=COLUMNS[name].split()) if found is None else found

    def knows(self, name: str) -> bool:
        """Whether there is such a frame."""
        return name in self.frames

    @cached_property
    def open_alerts(self) -> pd.DataFrame:
        """Alerts that are not closed: the most overdue first, then those due next."""
        alerts = self["alerts"]
        return by_urgency(alerts[alerts["state"].ne("closed")])

    @cached_property
    def open_actions(self) -> pd.DataFrame:
        """Actions that are not closed, likewise."""
        actions = self["actions"]
        return by_urgency(actions[actions["state"].ne("closed")])

    @cached_property
    def steps_ahead(self) -> pd.DataFrame:
        """Steps of the cycle that are neither done nor skipped, in their order."""
        cycle = self["cycle"]
        return cycle[~cycle["state"].isin(["done", "skipped"])]

    def label(self, unique_id: object) -> str:
        """Label of a series, the unit's title for all of it; its id where it is in no published
        month, empty for none.
        """
        if is_missing(unique_id):
            return ""
        if unique_id == self.top:
            return self.title
        found = self["series"].set_index("unique_id")["label"]
        return str(found.get(unique_id, unique_id))

    @property
    def top(self) -> str:
        """Id of the series that is the whole unit: that of level `total`, else the first one."""
        series = self["series"]
        first = pd.concat([series[series["level"].eq("total")], series])["unique_id"]
        return str(first.iloc[0]) if len(first) else ""


@dataclass(frozen=True)
class State:
    """All units at a moment, in the order of their ids, and the people of the project by id."""

    at: datetime
    units: tuple[UnitNow, ...]
    people: Mapping[str, people.Person] = field(default_factory=dict)
    error: str = ""  # why the project's people could not be read
    home: tuple[str, ...] = (language.SOURCE,)  # languages of the index above the live pages

    @property
    def spoken(self) -> tuple[str, ...]:
        """Languages of the pages of all units."""
        each = [spoken for unit in self.units for spoken in unit.languages]
        each += [person.language for person in self.people.values() if person.language]
        return tuple(dict.fromkeys(each)) or (language.SOURCE,)

    @cached_property
    def waiting(self) -> pd.DataFrame:
        """What waits for people over all units, by urgency: a row for each of them.

        Rows of the units' `waiting` frames with `title` of the unit and `who`, id of the person,
        empty where nobody of the project has it. What went to somebody else waits for that one
        alone, what several may do for each of them.
        """
        every = [unit["waiting"].assign(unit=unit.unit, title=unit.title) for unit in self.units]
        every = [rows for rows in every if len(rows)] or every[:1]
        if not every:
            return UnitNow("", "", "")["waiting"].assign(title="", who="")
        rows = pd.concat(every, ignore_index=True)
        who = [
            [to] if not is_missing(to) else list(people) or [""]
            for to, people in zip(rows["escalated_to"], rows["people"], strict=True)
        ]
        return by_urgency(rows.assign(who=pd.Series(who, dtype=object)).explode("who"))

    def person(self, said: object) -> str | None:
        """Id of a person, by that or by their name; None for nobody of the project."""
        try:
            return people.find_person(self.people, str(said))
        except SalesForecastError:
            return None

    def name(self, said: object) -> str:
        """A person's name, by id or name; what was said where nobody has it."""
        if is_missing(said):
            return ""
        found = self.person(said)
        return str(said) if found is None else self.people[found].name


def is_missing(value: object) -> bool:
    """Whether a cell holds nothing: null, or a text without letters."""
    if isinstance(value, str):
        return not value.strip()
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def by_urgency(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with the most days overdue first, then those due next."""
    due = pd.to_datetime(frame["due"].map(str), utc=True, errors="coerce", format="ISO8601")
    days = pd.to_numeric(frame["overdue_days"]).fillna(0)
    ordered = frame.assign(_due=due, _days=days)
    ordered = ordered.sort_values(["_days", "_due"], ascending=[False, True], kind="stable")
    return ordered.drop(columns=["_due", "_days"]).reset_index(drop=True)


def count_waiting(waiting: pd.DataFrame) -> dict[str, int]:
    """How many there are of each kind, of all (n), and how many are overdue."""
    counts = {kind: int(waiting["kind"].eq(kind).sum()) for kind in KINDS}
    return counts | {"n": len(waiting), "overdue": int(waiting["overdue_days"].gt(0).sum())}
