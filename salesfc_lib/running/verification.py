"""What `salesfc verify` says: repairs, damaged records, and what is not as it was published."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from salesfc_lib import archive
from salesfc_lib.errors import RequestError, SalesForecastError
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
    log_holds = verify_log(project, say)
    if serious := [difference for difference in found if not difference.is_note]:
        say(f"Differences: {len(serious)}.")
    if damaged:
        say(f"Damaged: {len(damaged)}.")
    return not serious and not damaged and log_holds


def verify_log(project: Path, say: Callable[[str], object]) -> bool:
    """Whether the project's events are as they were written; what is wrong is said."""
    holds = True
    for address in archive.list_addresses(project):
        try:
            found = archive.verify_log(project, address_env=address)
        except RequestError as error:  # another login would see it
            say(f"note: event log: {error}")
            continue
        except SalesForecastError as error:
            found = archive.Fault(0, str(error))
        if found is not None:
            holds = False
            say(f"event log: {found}")
    return holds
