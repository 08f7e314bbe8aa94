"""The protocol of an ERP system that receives a forecast, and what all of them share."""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from salesfc_lib.foundation import Target
from salesfc_lib.handover.erp.plan import Change, Line, Masters, Plan, Row, make_plan
from salesfc_lib.intake.sources.erp.door import ErpError, Unclear, Wire, understood

LABEL, LABEL_ZH = "contract-tested, not live-tested", "按接口约定测试，未经实机测试"
IN_A_ROW = 5  # requests without an answer


@dataclass(frozen=True)
class Address:
    """Which forecast goes where: unit, target's name, its parameters; where files may be left."""

    unit: str
    name: str
    target: Target
    folder: Path
    wire: Wire | None = None

    @property
    def tag(self) -> str:
        """What marks our rows in the system, at most ten characters."""
        text = f"{self.unit}/{self.name}"
        short = f"{self.unit[:4]}{hashlib.sha256(text.encode()).hexdigest()[:6]}"
        return self.target.tag or short.upper()


@dataclass(frozen=True)
class Outcome:
    """What a pass of writing came to: requests without a clear answer, and what was refused."""

    unclear: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Erp(Protocol):
    """What a system does for a handover; reading orders is its door's (`intake`)."""

    address: Address

    def plan_write(self, lines: Sequence[Line]) -> Plan:
        """What sending the lines would change; nothing is written."""

    def write(self, plan: Plan, lines: Sequence[Line], key: str) -> Outcome:
        """Write the plan's changes under an idempotency key."""

    def read_back(self) -> list[Row]:
        """Our rows, as they stand in the system now."""

    def check(self) -> Iterator[tuple[str, str]]:
        """(what was looked at, '' or how it differs from the contract), by reading only."""


class Online:
    """A system that is written to by its interface, group by group."""

    def __init__(self, address: Address) -> None:
        self.address, self.target = address, address.target
        self._masters: Masters | None = None

    def list_rows(self) -> list[Row]:
        """Our rows; what an answer lacks of its contract may raise anything."""
        raise NotImplementedError

    def read_back(self) -> list[Row]:
        """Our rows, as they stand in the system now. Raises `ErpError` for an odd answer."""
        with understood(self.target.system):
            return self.list_rows()

    def read_masters(self, lines: Sequence[Line]) -> Masters:
        """What the system knows of the lines' products; not asked where it cannot be."""
        return Masters()

    def group(self, plan: Plan, lines: Sequence[Line]) -> Iterator[list[Change]]:
        """Changes that are written together."""
        raise NotImplementedError

    def send(self, group: list[Change], key: str) -> None:
        """Write a group. Raises `Unclear` where it may have been done, `ErpError` where not."""
        raise NotImplementedError

    def plan_write(self, lines: Sequence[Line]) -> Plan:
        """What sending the lines would change; nothing is written."""
        with understood(self.target.system):
            self._masters = self._masters or self.read_masters(lines)
        return make_plan(lines, self.read_back(), self._masters, self.target, self.address.name)

    def write(self, plan: Plan, lines: Sequence[Line], key: str) -> Outcome:
        """Write the plan's groups; one that fails does not keep the others back.

        After `IN_A_ROW` without an answer the rest is left: the system is looked at first.
        """
        done, silent = Outcome(), 0
        for group in self.group(plan, lines):
            if silent == IN_A_ROW:
                break
            try:
                with understood(self.target.system):
                    self.send(group, key)
                silent = 0
            except Unclear as error:
                silent += 1
                done.unclear.append(str(error))
            except ErpError as error:
                done.refused.append(f"{' '.join(group[0].line.key)}: {error}")
        return done


def last_day(month: str) -> str:
    """The last day of a month (YYYY-MM), in ISO.

    >>> last_day("2024-02")
    '2024-02-29'
    """
    year, number = map(int, month.split("-")[:2])
    return f"{month}-{calendar.monthrange(year, number)[1]:02d}"
