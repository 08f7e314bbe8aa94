"""Who takes part, what raises an alert, how people are told, and the steps of a month's cycle.

People stand in `parameters/people.yml` of the project (`foundation.people`); here they are named
by their id.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from salesfc_lib.foundation.schema.block import UNIT_ID, ParameterBlock, default

ALERT_KINDS = (
    "sales",  # sales of the month in progress left the path that the forecast implies
    "moved",  # the forecast moved more than agreed since last month
    "late",  # data are not in
    "odd",  # data are in, and look wrong: quarantine, control totals, restated history
    "accuracy",  # below its floor
    "bias",  # above its limit
    "override",  # an override that changed nothing, or was refused
    "stock",  # stock is about to run out
    "candidate",  # a candidate failed
)
AlertKind = Literal[
    "sales", "moved", "late", "odd", "accuracy", "bias", "override", "stock", "candidate"
]
CLOCK_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"


class Roles(ParameterBlock):
    """Ids of the people who have each role in a unit; all empty: everyone may do everything."""

    planner: list[str] = default("roles.planner")
    owner: list[str] = default("roles.owner")
    reviewer: list[str] = default("roles.reviewer")
    analyst: list[str] = default("roles.analyst")
    administrator: list[str] = default("roles.administrator")

    @property
    def are_declared(self) -> bool:
        """Whether anyone has a role: then only those with the right one may act."""
        return any(people for _, people in self)

    def of(self, person: str) -> tuple[str, ...]:
        """Roles of a person, by their id."""
        return tuple(name for name, people in self if person in people)


class AlertOwner(ParameterBlock):
    """Who sees to alerts: of a kind, of a member (`region=华东`), or of both; empty: of all."""

    kind: AlertKind | None = None
    where: str = ""  # dimension=member
    owner: str = Field(min_length=1)
    next: str | None = None  # to whom it goes when it is overdue; null: the person's own `next`


class Alerts(ParameterBlock):
    """What `salesfc watch` looks at, who sees to it, and by when; days are working days."""

    enabled: bool = default("alerts.enabled")
    false_alarms: float = Field(default("alerts.false_alarms"), gt=0, le=0.5)
    moved: float = Field(default("alerts.moved"), gt=0)
    late_days: int = Field(default("alerts.late_days"), ge=0)
    behind_days: int = Field(default("alerts.behind_days"), ge=1)
    quarantined: float = Field(default("alerts.quarantined"), ge=0, le=1)
    restated: float = Field(default("alerts.restated"), ge=0)
    runs_out: float = Field(default("alerts.runs_out"), gt=0, le=1)
    owners: list[AlertOwner] = default("alerts.owners")
    acknowledge_days: int = Field(default("alerts.acknowledge_days"), ge=0)
    explain_days: int = Field(default("alerts.explain_days"), ge=0)
    close_days: int = Field(default("alerts.close_days"), ge=0)


class Notify(ParameterBlock):
    """How people are told; addresses stand in environment variables that `people.yml` names."""

    figures: bool = default("notify.figures")
    pages: str = default("notify.pages")
    quiet_hours: list[str] = Field(default("notify.quiet_hours"), max_length=2)

    @field_validator("quiet_hours")
    @classmethod
    def _are_two_times(cls, value: list[str]) -> list[str]:
        import re

        if len(value) == 1 or not all(re.match(CLOCK_TIME, each) for each in value):
            raise ValueError('expected two times such as ["20:00", "08:00"], or []')
        return value


Need = Literal[
    "data", "quarantine", "published", "effects", "questions", "overrides", "decision",
    "sign_off", "alerts", "actions",
]  # fmt: skip


class CycleStep(ParameterBlock):
    """A step: who sees to it, by which working day after the month, what must be true first."""

    owner: str = ""  # id of a person; empty: the unit's owner
    workday: int = Field(ge=1, le=31)
    needs: list[Need] = []


class Department(ParameterBlock):
    """A department that is consulted: who answers for it, and which levels concern it."""

    people: list[str] = []
    levels: list[str] = []  # empty: all


class Cycle(ParameterBlock):
    """The month's cycle: steps by their working day, and the departments that are consulted."""

    enabled: bool = default("cycle.enabled")
    steps: dict[str, CycleStep] = default("cycle.steps")
    departments: dict[str, Department] = default("cycle.departments")

    @field_validator("steps", mode="before")
    @classmethod
    def _leave_out(cls, value: Any) -> Any:
        """The steps without those that are null: a unit leaves out a step of the defaults so."""
        is_block = isinstance(value, dict)
        return {key: step for key, step in value.items() if step is not None} if is_block else value

    @field_validator("steps")
    @classmethod
    def _stand_in_order(cls, value: dict[str, CycleStep]) -> dict[str, CycleStep]:
        return dict(sorted(value.items(), key=lambda each: each[1].workday))

    @field_validator("departments")
    @classmethod
    def _have_ids(cls, value: dict[str, Department]) -> dict[str, Department]:
        for name in value:  # a department's page is named by it
            if not UNIT_ID.match(name):
                expected = "expected lower-case letters, digits, '-' and '_', at most 32"
                raise ValueError(f"'{name}' cannot be a department's id; {expected}")
        return value
