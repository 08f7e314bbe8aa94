"""A reviewer's sign-off of a unit's month: checked, shown on its pages and recorded."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from salesfc_lib import archive
from salesfc_lib.archive import Record, SignOff, append_record, manifest
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import check_month, check_unit, language, resolve


def sign_month(project: Path, unit: str, month: str, *, reviewer: str, remark: str) -> SignOff:
    """The sign-off of the version of a unit's month that is published now.

    Raises `RequestError` where the month is not published, is signed off already or is held by a
    run, or reviewer or remark are blank; `SalesForecastError` where it is not as its manifest says.
    """
    from salesfc_lib.reporting import sign_pages, write_index, write_now

    reports, address = project / "reports", resolve(project, unit).parameters.archive.records_env
    folder = archive.unit_folder(reports, check_month(month), check_unit(unit))
    with archive.hold_month(reports, month):
        if not archive.is_published(reports, month, unit):
            raise RequestError.of(
                f"{month} of '{unit}' is not published",
                "A published month",
                f"Publish it first: `salesfc run --unit {unit} --month {month}`",
            )
        _check(reports, month, unit)
        found, sha256 = manifest.read(folder), manifest.sha256(folder / manifest.NAME)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        signed = SignOff(
            reviewer=reviewer.strip(),
            remark=remark.strip(),
            at=at,
            version=found["version"],
            manifest=sha256,
        )
        spoken = found.get("summary", {}).get("languages", [language.SOURCE])
        pages = sign_pages(folder, signed, spoken)
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in pages.items()}
        signed = signed.model_copy(update={"pages": hashes})
        record = Record(
            what="sign_off",
            who=signed.reviewer,
            unit=unit,
            month=month,
            reason=signed.remark,
            subject=f"{month} version {signed.version}",
            new=signed.bound,
            once=f"sign_off.{unit}.{month}.{sha256}",
        )
        write = partial(append_record, project, record, address_env=address)
        archive.put_sign_off(folder, signed, pages, write)
        write_index(reports)
        write_now(project, reports)
    return signed


def _check(reports: Path, month: str, unit: str) -> None:
    """Raise `SalesForecastError` where the version to be signed is not as its manifest says."""
    differences = [
        each
        for each in archive.verify(reports, month, unit)
        if each.unit == unit and not each.is_note and each.path != manifest.SIGN_OFF
    ]
    if differences:
        raise SalesForecastError.of(
            f"{differences[0]} ({len(differences)} differences in all)",
            "A month that is as its manifest says is what can be signed",
            f"See `salesfc verify --unit {unit} --month {month}`",
        )
