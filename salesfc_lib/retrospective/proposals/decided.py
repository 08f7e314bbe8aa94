"""What was decided on earlier proposals, and what came of it.

Records of decisions and the archive enter; the table `decided` leaves, with the effect of what
was accepted on the rows that it concerns, in points of WAPE as it was promised.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from salesfc_lib import archive
from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import SEASON, flatten, parse_yaml, tables
from salesfc_lib.retrospective.compare import Past
from salesfc_lib.retrospective.facts import read_facts
from salesfc_lib.retrospective.loop import measure_effect
from salesfc_lib.retrospective.members import bottom_series
from salesfc_lib.retrospective.proposals.decide import DECISIONS
from salesfc_lib.retrospective.proposals.gain import is_gain
from salesfc_lib.retrospective.proposals.observed import MIN_MONTHS

GROWN = 1.5  # times the gain at which it was rejected
NOT_WAPE = ("coverage_off",)  # evidence of proposals that are not about errors
NONE = -1e-9  # change of WAPE expected where no gain was promised: any that is not for the worse


def read_decided(run: UnitMonth) -> pd.DataFrame:
    """Records of decisions of the last twelve months through the run's month, with `ago`: months
    since.
    """
    records = archive.read_records(
        run.project,
        unit=run.unit,
        what="proposal",
        through=run.month,
        address_env=run.parameters.archive.records_env,
    )
    month = pd.PeriodIndex(records["month"], freq="M")
    ago = (run.cutoff.year - month.year) * SEASON + run.cutoff.month - month.month
    return records.assign(ago=ago)[ago < SEASON].reset_index(drop=True)


def settle(row: dict[str, Any], decided: pd.DataFrame) -> dict[str, Any] | None:
    """The proposal with the decision on it; None where it is not to be made again.

    A key that was accepted rests for six months, until months that were forecast with it can be
    judged. What was rejected rests for twelve unless its measured gain grew by half.
    """
    for record in decided.itertuples():
        if record.old["key"] != row["key"]:
            continue
        if record.subject == row["id"]:
            return row | {"decision": DECISIONS[record.what]}
        if record.what == "proposal.accept":
            if record.ago < MIN_MONTHS:
                return None
        elif _is_same(row, record.new) and not _has_grown(row, record.new):
            return None
    return row


def list_decided(
    run: UnitMonth, past: Past, adjustments: pd.DataFrame, decided: pd.DataFrame
) -> pd.DataFrame:
    """Table `decided`, the latest first; adjustments are those of all archived months."""
    rows = [_describe(run, past, adjustments, record) for record in decided.to_dict("records")]
    return tables.build(rows[::-1], "decided")


def _is_same(row: dict[str, Any], then: dict[str, Any]) -> bool:
    """Whether it is what was rejected: the same value of a parameter, or the same evidence."""
    if row["kind"] == "parameter":
        return bool(row["proposed"] == then["value"])
    return bool(row["evidence"] == then["evidence"])


def _has_grown(row: dict[str, Any], then: dict[str, Any]) -> bool:
    before = then.get("gain", math.nan)
    if math.isnan(row["gain"]) or not is_gain(row):
        return False
    return bool(math.isnan(before) or row["gain"] >= GROWN * before)


def _describe(
    run: UnitMonth, past: Past, adjustments: pd.DataFrame, record: dict[str, Any]
) -> dict[str, Any]:
    old, new = record["old"], record["new"]
    row = {
        "id": record["subject"],
        "decision": DECISIONS[record["what"]],
        "kind": new["kind"],
        "key": old["key"],
        "old": old["value"],
        "new": new["value"],
        "evidence": new["evidence"],
        "facts": new["facts"],
        "reviewer": record["who"],
        "reason": record["reason"],
        "decided_at": pd.Timestamp(record["at"][:10]),
        "made_in": pd.Timestamp(f"{record['month']}-01"),
        "expected": new.get("gain", math.nan),
        "months": 0,
        "verdict": "",
    }
    if row["decision"] == "rejected":
        return row
    since = _find_start(run, row)
    if since is None:
        return row | {"verdict": "not_in_force"}
    if row["evidence"] in NOT_WAPE:
        return row | {"since": since, "verdict": "no_kpi"}
    author = read_facts(row["facts"]).get("author")
    rows = adjustments.loc[adjustments["author"] == author, "unique_id"]
    if author is None:
        rows = bottom_series(past.series)["unique_id"]
    effect = measure_effect(past, set(rows), "wape", since, run.cutoff)
    promised = -row["expected"] if row["expected"] > 0 else NONE
    sides = {"before": effect.before, "after": effect.after, "noise": effect.noise, "p": effect.p}
    saved = None if effect.measured is None else -effect.measured
    counted = {"since": since, "months": effect.months_after, "measured": saved}
    return row | sides | counted | {"verdict": effect.verdict(promised)}


def _find_start(run: UnitMonth, row: dict[str, Any]) -> pd.Timestamp | None:
    """First month whose forecast was made with what was decided; None where the parameter has
    another value by now.

    A practice is asked of the month after the one reviewed.
    """
    ahead = pd.DateOffset(months=1)
    if row["kind"] != "parameter":
        return row["made_in"] + 2 * ahead
    value = parse_yaml(row["new"])
    if flatten(run.parameters.model_dump(mode="json")).get(row["key"]) != value:
        return None
    start = run.cutoff
    for month in reversed(archive.list_months(run.reports, run.unit)):
        if pd.Timestamp(f"{month}-01") >= start:
            continue
        folder = archive.unit_folder(run.reports, month, run.unit)
        used = archive.manifest.read(folder).get("parameters", {})
        if used.get(row["key"], {}).get("value") != value:
            break
        start = pd.Timestamp(f"{month}-01")
    return start + ahead
