"""Receipts of what was handed over to an ERP system: `handover/NAME.json` beside the manifest.

A receipt is there from before the first write, as started, so that a send that dies is seen. It
holds the sha256 of the manifest whose forecast was sent, and of the import files that were left
beside it. Its record in the project's table holds the receipt's own, so that neither can be written
alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.archive import manifest
from salesfc_lib.archive.event_log import read_records
from salesfc_lib.errors import SalesForecastError

HANDED_OVER = "handover.send"  # kind of its record
STARTED = "started"  # status of a receipt from before the first write until the send ends
_SAID = ["system", "draft", "status", "send", "counts", "key"]


def read_receipt(folder: Path, name: str) -> dict[str, Any] | None:
    """The receipt of a month's folder for a target; None where nothing was sent.

    Raises `SalesForecastError` where it cannot be read.
    """
    path = _place(folder, name)
    try:
        found = json.loads(path.read_bytes())
        if not isinstance(found, dict) or "status" not in found:
            raise ValueError("it is no receipt")
        return found
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        do = "Bring it back from a copy, or remove it and send again: what is there is looked up"
        raise SalesForecastError.unreadable_file(path, str(error), do) from None


def put_receipt(
    folder: Path, name: str, receipt: Mapping[str, Any], record: Callable[[str], object]
) -> Path:
    """Write the receipt whole, then `record` its sha256; where that fails, put back what was."""
    path = _place(folder, name)
    path.parent.mkdir(exist_ok=True)
    earlier = path.read_bytes() if path.is_file() else None
    content = json.dumps(receipt, ensure_ascii=False, indent=1).encode() + b"\n"
    manifest.write_whole(path, content)
    try:
        record(hashlib.sha256(content).hexdigest())
    except BaseException:
        path.unlink() if earlier is None else manifest.write_whole(path, earlier)
        raise
    return path


def list_receipts(project: Path, unit: str, month: str, *, address_env: str = "") -> pd.DataFrame:
    """The last send of a month to each target, by target, as the records say it.

    target, at, who, system, draft, status (`started`: it did not end, or goes on), send (which one
    it is), counts (of lines, by what became of them) and key.
    """
    records = read_records(
        project, unit=unit, month=month, what=HANDED_OVER, address_env=address_env
    )
    last = records.drop_duplicates("subject", keep="last").sort_values("subject")
    said = pd.DataFrame([*last["new"]], last.index).reindex(columns=_SAID)
    own = last[["subject", "at", "who"]].rename(columns={"subject": "target"})
    return own.join(said).reset_index(drop=True)


def check_receipts(
    folder: Path, records: Callable[[], pd.DataFrame]
) -> Iterator[tuple[str, str, bool]]:
    """What is wrong with a folder's receipts: path, what, and whether it is a note only."""
    for path in sorted((folder / manifest.HANDED_OVER).glob("*.json")):
        name = path.relative_to(folder).as_posix()
        try:
            found = read_receipt(folder, path.stem) or {"status": ""}
            known = {row.new.get("receipt") for row in records().itertuples()}
        except SalesForecastError as error:
            yield name, str(error), False
            continue
        if manifest.sha256(path) not in known:
            yield name, "no record says so: send the month again with `salesfc handover`", False
        if found["status"] == STARTED:
            yield name, "its send did not end: send again, which goes on where it stopped", True
        if found.get("manifest") != manifest.sha256(folder / manifest.NAME):
            yield name, "it is of another manifest than the one beside it", False
        for file, sha256 in found.get("files", {}).items():
            place = path.parent / Path(file).name
            if not place.is_file() or manifest.sha256(place) != sha256:
                yield name, f"its file '{file}' is missing or changed", False


def _place(folder: Path, name: str) -> Path:
    return folder / manifest.HANDED_OVER / f"{name}.json"
