"""What a month was made from, for its manifest: inputs, parameters, code, and people's files.

A task and its resolved parameters enter; facts for the manifest leave.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from salesfc_lib import archive
from salesfc_lib.archive import manifest
from salesfc_lib.foundation import hide_secrets, parameters
from salesfc_lib.running.tasks import Task

FOLDERS = ("causes", "effects", "overrides")  # of a project, with a file a unit that people write


def gather_facts(
    task: Task, month: str, folder: Path, resolved: parameters.Resolved
) -> dict[str, Any]:
    """What the manifest holds beside its outputs, the summary and the durations."""
    replaces = archive.unit_folder(task.reports, month, task.unit).exists()
    version = archive.next_version(task.reports, month, task.unit)
    return {
        "unit": task.unit,
        "title": resolved.parameters.unit.title or task.unit,
        "month": month,
        "kind": task.kind,
        "version": version,
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "reason": hide_secrets(task.again) if replaces else "",
        "replaces": version - 1 if replaces else None,
        "previous": archive.latest_before(task.reports, month, task.unit),
        "inputs": list_inputs(task, folder, resolved),
        "last_record": find_last_record(folder),
        "event_log": archive.find_head(
            task.project, address_env=resolved.parameters.archive.records_env
        )._asdict(),
        "parameters": manifest.describe_parameters(resolved),
        "code": manifest.describe_code(),
        "environment": manifest.describe_environment(),
    }


def find_last_record(folder: Path) -> int:
    """Number of the last decision that the month read, 0 where it read none."""
    import pandas as pd

    path = folder / "tables" / "decisions.parquet"
    return int(pd.read_parquet(path)["last_record"].max()) if path.is_file() else 0


def list_inputs(task: Task, folder: Path, resolved: parameters.Resolved) -> list[dict[str, Any]]:
    """What cleaning read (table `files`) and the project's own files, each with its sha256."""
    import pandas as pd

    path = folder / "tables" / "files.parquet"
    read = pd.read_parquet(path).astype(object).to_dict("records") if path.is_file() else []
    once: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in read:  # a file or a database that several sources read is one input
        key = entry["path"], entry["sha256"]
        first = once.setdefault(key, {**entry, "rows": 0, "source": ""})
        first["rows"] += entry["rows"]
        first["source"] = ", ".join(filter(None, [first["source"], entry["source"]]))
    known = {entry["path"] for entry in read}
    more = (manifest.describe_file(file, task.project) for file in list_own_files(task, resolved))
    return [*once.values(), *(entry for entry in more if entry["path"] not in known)]


def list_own_files(task: Task, resolved: parameters.Resolved) -> list[Path]:
    """Files that people of this project write: parameters, candidates and those in `FOLDERS`."""
    from salesfc_lib.forecasting import read_own

    code = [file.path for file in read_own(resolved.parameters, task.project)]
    tables = [task.project / folder / f"{task.unit}.csv" for folder in FOLDERS]
    return [*resolved.files, *dict.fromkeys(code), *(file for file in tables if file.is_file())]


def keep_own_files(task: Task, resolved: parameters.Resolved) -> None:
    from salesfc_lib.intake import snapshot

    if resolved.parameters.archive.keep_sources:
        for file in list_own_files(task, resolved):
            snapshot.keep_file(snapshot.find_archive(task.project), file, manifest.sha256(file))
