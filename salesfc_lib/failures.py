"""What a run that failed leaves for people: the notebook up to the failing cell, and the message.

An exception enters; one clear paragraph and a folder under `reports/.failed/` leave. The decision made here: leaving the
record is a best effort that never hides the failure itself, because on a full disk it fails too.
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from salesfc_lib import archive
from salesfc_lib.errors import SalesForecastError

FULL = ("[Errno 28]", "No space left on device")  # what a kernel's traceback says of a full disk


def explain(error: BaseException, reports: Path) -> str:
    """One paragraph for people: what is wrong, what was expected, what to do."""
    text = " ".join(str(error).split())
    if (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)) or any(mark in text for mark in FULL):
        free = _free_space(reports)
        return (
            f"The disk that holds '{reports}' is full{free}. Nothing was published and what was half-written is removed. "
            "Make room, and run again."
        )
    return text if isinstance(error, SalesForecastError) else f"{type(error).__name__}: {text}"


def record(reports: Path, facts: Mapping[str, Any], node: Any = None) -> Path | None:
    """Folder with `<unit>.json` (the facts: unit, month, step, error) and the notebook, or null where it cannot be written."""
    folder = archive.failed_folder(reports, facts["month"], facts["unit"])
    drafts = sorted(archive.staged_folder(reports, facts["month"], facts["unit"]).glob(f"{facts['step']}*.ipynb"))
    with suppress(OSError):
        clear(reports, facts["month"], facts["unit"])
        folder.mkdir(parents=True)
        for draft in drafts:
            shutil.copy(draft, folder)
        if node is not None:
            _save_document(node, folder, str(facts["step"]), facts)
        text = json.dumps({**facts, "at": datetime.now(UTC).isoformat(timespec="seconds")}, ensure_ascii=False, indent=1)
        (folder / f"{facts['unit']}.json").write_text(text + "\n", encoding="utf-8")
        return folder
    return None


def clear(reports: Path, month: str, unit: str) -> None:
    """Take away what an earlier failure of this unit's month left: it is published now, or failed anew."""
    shutil.rmtree(archive.failed_folder(reports, month, unit), ignore_errors=True)


def _save_document(node: Any, folder: Path, step: str, facts: Mapping[str, Any]) -> None:
    from salesfc_lib import site
    from salesfc_lib.execute import save_notebook

    save_notebook(node, folder / f"{step}.ipynb")
    page = site.render_notebook(node, context=facts)
    (folder / f"{step}.html").write_text(page, encoding="utf-8")


def _free_space(reports: Path) -> str:
    with suppress(OSError):
        return f" ({shutil.disk_usage(reports).free / 2**20:.0f} MiB free)"
    return ""
