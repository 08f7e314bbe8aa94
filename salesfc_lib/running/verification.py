"""What `salesfc verify` says: repairs, damaged records, and what is not as it was published."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from salesfc_lib import archive
from salesfc_lib.foundation import check_month, check_unit


def verify(
    project: Path, month: str | None, unit: str | None, say: Callable[[str], object]
) -> bool:
    """Whether everything published is as its manifests say; what differs is said line by line.

    What a run that died left behind is repaired first.
    """
    from salesfc_lib.reporting import read_damaged

    reports = project / "reports"
    for repaired in archive.recover(reports):
        say(repaired)
    month, unit = month and check_month(month), unit and check_unit(unit)
    damaged = [
        each
        for each in read_damaged(reports)
        if month in (None, each.month) and (not each.unit or unit in (None, each.unit))
    ]
    for each in damaged:
        say(f"{'/'.join(filter(None, [each.month, each.unit]))}: {each.error}")
    told = {(each.month, each.unit, archive.manifest.NAME) for each in damaged}
    differences = archive.verify(reports, month, unit)
    found = [each for each in differences if (each.month, each.unit, each.path) not in told]
    for difference in found:
        say(f"{'note: ' if difference.is_note else ''}{difference}")
    if serious := [difference for difference in found if not difference.is_note]:
        say(f"Differences: {len(serious)}.")
    if damaged:
        say(f"Damaged: {len(damaged)}.")
    return not serious and not damaged
