"""Receipts of what was handed over to an ERP system: `handover/NAME.json` beside the manifest.

A receipt holds the sha256 of the manifest whose forecast was sent, and of the import files that
were left beside it. Its record in the project's table holds the receipt's own, so that neither can
be written alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.archive import manifest
from salesfc_lib.errors import SalesForecastError

HANDED_OVER = "handover.send"  # kind of its record


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


def check_receipts(
    folder: Path, records: Callable[[], pd.DataFrame]
) -> Iterator[tuple[str, str, bool]]:
    """What is wrong with a folder's receipts: path, what, and whether it is a note only."""
    for path in sorted((folder / manifest.HANDED_OVER).glob("*.json")):
        name = path.relative_to(folder).as_posix()
        try:
            found = read_receipt(folder, path.stem) or {}
            known = {row.new.get("receipt") for row in records().itertuples()}
        except SalesForecastError as error:
            yield name, str(error), False
            continue
        if manifest.sha256(path) not in known:
            yield name, "no record says so: send the month again with `salesfc handover`", False
        if found.get("manifest") != manifest.sha256(folder / manifest.NAME):
            yield name, "it is of another manifest than the one beside it", False
        for file, sha256 in found.get("files", {}).items():
            place = path.parent / Path(file).name
            if not place.is_file() or manifest.sha256(place) != sha256:
                yield name, f"its file '{file}' is missing or changed", False


def _place(folder: Path, name: str) -> Path:
    return folder / manifest.HANDED_OVER / f"{name}.json"
