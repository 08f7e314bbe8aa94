"""Records of failed runs: the message, and the notebook up to the failing cell.

An exception enters; one paragraph and a folder under `reports/.failed/` leave. Where the record
cannot be written (a full disk), the failure itself is still reported.
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
from salesfc_lib.foundation import hide_secrets

FULL = ("[Errno 28]", "No space left on device")  # what a kernel's traceback says of a full disk


def explain(error: BaseException, reports: Path) -> str:
    """One paragraph for people: what is wrong, what was expected, what to do."""
    text = hide_secrets(" ".join(str(error).split()))
    is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if not is_full and not any(words in text for words in FULL):
        return text if isinstance(error, SalesForecastError) else f"{type(error).__name__}: {text}"
    free = ""
    with suppress(OSError):
        free = f" ({shutil.disk_usage(reports).free / 2**20:.0f} MiB free)"
    return (
        f"The disk that holds '{reports}' is full{free}. Nothing was "
        "published and what was half-written is removed. Make room, and run again."
    )


def record(reports: Path, facts: Mapping[str, Any], node: Any = None) -> Path | None:
    """Folder of what a failure left; None where it cannot be written.

    facts: unit, title, month, step and error, written to `.failed/<month>/<unit>.json`; node: the
    notebook, written with its page to the folder beside it; None: the draft of a killed run.
    """
    from salesfc_lib.reporting import write_failed_page
    from salesfc_lib.running.execute import save_notebook

    month, unit, step = facts["month"], facts["unit"], facts["step"]
    folder = archive.failed_folder(reports, month, unit)
    drafts = sorted(archive.staged_folder(reports, month, unit).glob(f"{step}*.ipynb"))
    clear(reports, month, unit)
    with suppress(OSError):
        folder.mkdir(parents=True)
        for draft in drafts:
            shutil.copy(draft, folder)
        page = ""
        if node is not None:
            save_notebook(node, folder / f"{step}.ipynb")
            page = write_failed_page(reports, step, node, facts)
        kept = {**facts, "page": page, "at": datetime.now(UTC).isoformat(timespec="seconds")}
        text = json.dumps(kept, ensure_ascii=False, indent=1)
        _facts_file(folder).write_text(text + "\n", encoding="utf-8")
        return folder
    return None


def clear(reports: Path, month: str, unit: str) -> None:
    """Remove what an earlier failure of this unit's month left."""
    folder = archive.failed_folder(reports, month, unit)
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # something else in its place is told by the index
        _facts_file(folder).unlink(missing_ok=True)


def _facts_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")
