"""A reviewer's sign-off of a published month: `sign_off.json` beside the manifest that it names.

It holds the sha256 of that manifest, so that it signs one version and no other, and of the pages
that show it, which are no longer as the manifest says. Its record in the project's table says the
same, so that neither can be written alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from salesfc_lib.archive import manifest
from salesfc_lib.errors import SalesForecastError

NAME = manifest.SIGN_OFF
KIND = "sign_off"  # of its record


class SignOff(BaseModel):
    """Who signed what: pages are the sha256 of each that shows it, by its path."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    reviewer: str
    remark: str
    at: str  # ISO, with zone
    version: int
    manifest: str
    pages: dict[str, str] = {}

    @property
    def bound(self) -> dict[str, object]:
        """What it is bound to, as its record says it."""
        return {"manifest": self.manifest, "version": self.version, "pages": self.pages}


def read_sign_off(folder: Path) -> SignOff | None:
    """Sign-off of a month's folder; None where nobody signed.

    Raises `SalesForecastError` where it cannot be read.
    """
    path = folder / NAME
    try:
        return SignOff.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        invalid = isinstance(error, ValidationError)
        why = manifest.describe_invalid(error) if invalid else str(error)  # type: ignore[arg-type]
        do = "Bring it back from a copy, or remove it and sign the month again: `salesfc sign`"
        raise SalesForecastError.unreadable_file(path, why, do) from None


def find_sign_off(folder: Path) -> SignOff | None:
    """Sign-off of the version that stands in the folder; None where that is not signed off.

    A damaged one counts as none: `verify` says so.
    """
    try:
        found = read_sign_off(folder)
        signed = found is not None and found.manifest == manifest.sha256(folder / manifest.NAME)
        return found if signed else None
    except (SalesForecastError, OSError):
        return None


def put_sign_off(
    folder: Path, sign_off: SignOff, pages: Mapping[str, bytes], record: Callable[[], object]
) -> None:
    """Write the sign-off and the pages that show it, then `record` it.

    Where that fails, all is put back. A process that dies between leaves a sign-off without a
    record, which `verify` names and which can be signed again.
    """
    before = {name: (folder / name).read_bytes() for name in pages}
    earlier = (folder / NAME).read_bytes() if (folder / NAME).is_file() else None
    try:
        manifest.write_whole(folder / NAME, sign_off.model_dump_json(indent=1).encode())
        for name, content in pages.items():
            manifest.write_whole(folder / name, content)
        record()
    except BaseException:  # whatever it was, nothing may look signed that is not
        for name, content in before.items():
            manifest.write_whole(folder / name, content)
        if earlier is None:
            (folder / NAME).unlink(missing_ok=True)
        else:
            manifest.write_whole(folder / NAME, earlier)
        raise


def check_sign_off(
    folder: Path, month: str, records: Callable[[], pd.DataFrame]
) -> Iterator[tuple[str, str, bool]]:
    """What is wrong with a folder's sign-off: path, what, and whether it is a note only."""
    try:
        found = read_sign_off(folder)
    except SalesForecastError as error:
        yield NAME, str(error), False
        return
    own = manifest.sha256(folder / manifest.NAME)
    if found is not None and found.manifest != own:
        yield NAME, "it signs off another manifest than the one beside it", False
        return
    try:
        recorded = [row for row in records().itertuples() if row.new.get("manifest") == own]
    except SalesForecastError as error:
        if found is not None:
            yield NAME, f"its record was not looked for: {error}", True
        return
    said = [(row.who, row.reason, row.month, row.new) for row in recorded]
    if found is None and said:
        yield NAME, f"missing, though {said[-1][0]} signed this version off", False
    elif found is not None and (found.reviewer, found.remark, month, found.bound) not in said:
        yield NAME, "no record says so: sign the month again with `salesfc sign`", False
