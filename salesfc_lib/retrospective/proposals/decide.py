"""A proposal accepted or rejected: the record first, then the unit's file.

A reviewer's decision enters; one record leaves, and for a parameter the unit's file with that value
changed and nothing else. Where a crash leaves the record without its change, `list_unwritten` says
so, and repeating the command writes it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib import archive
from salesfc_lib.archive import Record
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import flatten, parse_yaml, resolve, set_in_yaml, tables, text_of
from salesfc_lib.foundation.parameters import list_units

KEPT = ("kind", "evidence", "facts", "gain", "noise", "p", "rows", "months", "measured")
WAIT = 30.0  # seconds for another decision on the same unit
DECISIONS = {"proposal.accept": "accepted", "proposal.reject": "rejected"}
MONTH = 7  # characters of an id that are its month


@dataclass(frozen=True)
class Proposal:
    """A row of table `proposals` as a unit's month was published with it."""

    project: Path
    unit: str
    row: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.row["id"])

    @property
    def path(self) -> Path:
        """The unit's parameter file."""
        return self.project / "parameters" / "units" / f"{self.unit}.yml"

    @property
    def is_parameter(self) -> bool:
        return bool(self.row["kind"] == "parameter")

    def decide(self, what: str, who: str, reason: str) -> Record:
        """The decision on it, which can be recorded once."""
        known = {name: self.row[name] for name in KEPT if pd.notna(self.row[name])}
        return Record(
            what=f"proposal.{what}",
            who=who,
            unit=self.unit,
            month=self.id[:MONTH],
            reason=reason,
            subject=self.id,
            old={"key": self.row["key"], "value": self.row["now"]},
            new={"value": self.row["proposed"], **known},
            once=f"proposal {self.unit} {self.id}",
        )


def find_proposal(project: Path, name: str, unit: str | None = None) -> Proposal:
    """The proposal of that id in what is published. Raises `RequestError` for none, and for two."""
    units = list_units(project) if unit is None else [unit]
    found = [each for one in units for each in list_proposals(project, one, name[:MONTH])]
    same = [each for each in found if each.id == name]
    if len(same) > 1:
        raise RequestError.of(
            f"'{name}' is a proposal of {', '.join(each.unit for each in same)}",
            "The unit that is meant",
            "Name it with --unit",
        )
    if not same:
        known = [each.id for each in found]
        raise RequestError.unknown_key(name, known, f"the proposals of {name[:MONTH]}")
    return same[0]


def list_proposals(project: Path, unit: str, month: str) -> list[Proposal]:
    """What a unit's published month proposed."""
    if month not in archive.list_months(project / "reports", unit):
        return []
    folder = archive.unit_folder(project / "reports", month, unit) / "tables"
    table = tables.read(folder, "proposals")
    rows = table.to_dict("records") if "id" in table else []  # an earlier version's had none
    return [Proposal(project, unit, row) for row in rows]


def accept_proposal(proposal: Proposal, *, who: str, reason: str) -> str:
    """Record that it is accepted and write the unit's file; what became of it, in words.

    Raises `RequestError` where it was decided before, where it gained nothing, or where the
    parameter or its file changed meanwhile; the file is then as it was.
    """
    from filelock import FileLock

    _check_open(proposal)
    name, address = proposal.id, _address_of(proposal)
    if not proposal.is_parameter:
        archive.append_record(
            proposal.project, proposal.decide("accept", who, reason), address_env=address
        )
        return (
            f"Recorded: '{name}' is accepted. It is a practice: no file changes. Say who does "
            "what until when with `salesfc action add`."
        )
    locks = proposal.project / "reports" / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f"{proposal.unit}.parameters.lock", timeout=WAIT):
        record = proposal.decide("accept", who, reason)
        waits = name in {each.id for each in _read_unwritten(proposal)}
        if not waits and name in set(_read_decisions(proposal)["subject"]):
            archive.append_record(proposal.project, record, address_env=address)  # it refuses
        before, after = _change_file(proposal)
        if not waits:
            archive.append_record(proposal.project, record, address_env=address)
        _replace(proposal.path.resolve(), before, after)
    return (
        f"Recorded: '{name}' is accepted. {proposal.path} has "
        f"`{proposal.row['key']}: {proposal.row['proposed']}`; the next run uses it."
    )


def reject_proposal(proposal: Proposal, *, who: str, reason: str) -> str:
    """Record that it is rejected; what that means, in words."""
    archive.append_record(
        proposal.project, proposal.decide("reject", who, reason), address_env=_address_of(proposal)
    )
    return (
        f"Recorded: '{proposal.id}' is rejected. It is not proposed again within twelve months "
        "unless its measured gain has grown by half."
    )


def list_unwritten(project: Path, unit: str) -> Iterator[str]:
    """Sentences on proposals that are accepted while the unit's file still has the old value."""
    for each in _read_unwritten(Proposal(project, unit, {})):
        key, value = each.row["key"], each.row["now"]
        yield (
            f"'{each.id}' is accepted, and `{key}` of '{unit}' still is {value}: repeat the "
            "command to write it, or it was taken back by hand."
        )


def describe_decisions(project: Path, unit: str, month: str | None = None) -> Iterator[str]:
    """A line for each proposal of a published month (default: the latest), then for each decision
    on the unit's proposals, then for what is accepted and not in the unit's file.
    """
    months = archive.list_months(project / "reports", unit)
    decided = _read_decisions(Proposal(project, unit, {}))
    known = dict(zip(decided["subject"], decided["what"].map(DECISIONS), strict=True))
    for each in list_proposals(project, unit, month or max(months, default="")):
        row = each.row | {"decision": known.get(each.id, each.row["decision"])}
        gain = "unmeasured" if pd.isna(row["gain"]) else "gain"
        worth = text_of(f"retrospective.proposals.{gain}", **row)
        yield text_of("retrospective.proposals.listed", **row, worth=worth)
    for row in decided.to_dict("records"):
        facts = row | {"decision": DECISIONS[row["what"]], "day": row["at"][:10]}
        yield text_of("retrospective.decided.listed", **facts)
    yield from list_unwritten(project, unit)


def _read_unwritten(proposal: Proposal) -> list[Proposal]:
    """Accepted proposals whose key has its old value, of each key the last that was accepted."""
    project, unit, records = proposal.project, proposal.unit, _read_decisions(proposal)
    last: dict[str, Proposal] = {}
    for record in records[records["what"] == "proposal.accept"].itertuples():
        row = {"id": record.subject, "key": record.old["key"], "now": record.old["value"]}
        if record.new["kind"] == "parameter":
            last[row["key"]] = Proposal(project, unit, row | {"proposed": record.new["value"]})
    return [each for each in last.values() if _value_of(each) == parse_yaml(each.row["now"])]


def _read_decisions(proposal: Proposal) -> pd.DataFrame:
    return archive.read_records(
        proposal.project, unit=proposal.unit, what="proposal", address_env=_address_of(proposal)
    )


def _check_open(proposal: Proposal) -> None:
    if proposal.row["decision"] == "not_worth_it":
        raise RequestError.of(
            f"'{proposal.id}' was measured and is not worth it: a gain of "
            f"{100 * proposal.row['gain']:.2f} points, noise {100 * proposal.row['noise']:.2f}",
            "A proposal that is open",
            "Nothing was changed. Who knows better changes the parameter file by hand",
        )


def _change_file(proposal: Proposal) -> tuple[bytes, bytes]:
    """The file as it is, and with the value, which still resolves; nothing is written."""
    row, path = proposal.row, proposal.path
    now = _value_of(proposal)
    if now != parse_yaml(row["now"]):
        raise RequestError.of(
            f"`{row['key']}` of '{proposal.unit}' is {now} by now: it changed since "
            f"'{proposal.id}' was made",
            f"{row['now']}, as when it was measured",
            "Nothing was changed. Reject it, or wait for next month's proposals",
        )
    before = path.read_bytes()
    after = set_in_yaml(before.decode("utf-8"), row["key"], row["proposed"]).encode()
    with tempfile.TemporaryDirectory() as folder:
        tried = Path(folder) / "parameters" / "units" / path.name
        tried.parent.mkdir(parents=True)
        tried.write_bytes(after)
        resolve(Path(folder), proposal.unit)
    return before, after


def _replace(path: Path, before: bytes, after: bytes) -> None:
    """Put the new file in its place at once, unless somebody saved it meanwhile."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(after)
    shutil.copymode(path, beside)
    archive.manifest.sync(beside)
    if path.read_bytes() != before:
        beside.unlink()
        raise SalesForecastError.of(
            f"'{path}' was saved by somebody else meanwhile",
            "The file as it was a moment ago",
            "The decision is recorded: repeat the command, which writes it into the file as it is",
        )
    os.replace(beside, path)
    archive.manifest.sync(path.parent)


def _value_of(proposal: Proposal) -> Any:
    """What the unit's parameters have for its key now."""
    parameters = resolve(proposal.project, proposal.unit).parameters
    return flatten(parameters.model_dump(mode="json")).get(proposal.row["key"])


def _address_of(proposal: Proposal) -> str:
    return resolve(proposal.project, proposal.unit).parameters.archive.records_env
