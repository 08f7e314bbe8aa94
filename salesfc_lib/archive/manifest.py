"""The record of one published unit-month: what went in, with what it was made, what came out.

`manifest.json` has the sha256 of every file beside it. A folder is complete when its manifest is
there and every file agrees with it, which is why the manifest is written last.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, flatten, parameters, resources

NAME = "manifest.json"
SIGN_OFF = "sign_off.json"  # of a reviewer: beside the manifest, and written after it
HANDED_OVER = "handover"  # folder of what an ERP system received, written after the manifest too
PACKAGES = (  # whose version can change a number or a page
    *("ipykernel", "jinja2", "numpy", "pandas", "papermill", "pmdarima", "pyarrow"),
    *("scikit-learn", "scipy", "statsforecast", "statsmodels", "xgboost", "xgboost-cpu"),
)
GIT_SECONDS = 10  # without an answer within this, the commit is null
HEAD = 4096  # bytes of a manifest in which its kind and version stand
_OF_HEAD = re.compile(r'^ "(kind|version)": "?(\w+)', re.MULTILINE)  # of the outermost level only


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class _File(_Part):
    path: str
    sha256: str


class _Parameter(_Part):
    value: Any


class _Record(_Part):
    """What every reader of a manifest relies on; it holds more."""

    outputs: list[_File]
    inputs: list[_File] = []
    parameters: dict[str, _Parameter] = {}
    published_at: str = ""


def sha256(path: Path) -> str:
    """Hash of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_file(path: Path, base: Path) -> dict[str, Any]:
    """Path (under `base` where it lies there), sha256 and bytes of a file."""
    name = path.relative_to(base) if path.is_relative_to(base) else path
    return {"path": name.as_posix(), "sha256": sha256(path), "bytes": path.stat().st_size}


def describe_parameters(resolved: parameters.Resolved) -> dict[str, dict[str, Any]]:
    """Value, winning layer and reason (empty where none is needed) of every dotted key."""
    values, reasons = flatten(resolved.parameters.model_dump(mode="json")), resolved.reasons
    return {
        key: {"value": value, "layer": _layer(key, resolved), "reason": reasons.get(key, "")}
        for key, value in values.items()
    }


def changed_parameters(folder: Path, now: Parameters) -> dict[str, tuple[Any, Any]]:
    """Value in a folder's manifest and now of every dotted key where they differ (None: no key).

    Raises `SalesForecastError` as `read` does.
    """
    then = {key: each["value"] for key, each in read(folder)["parameters"].items()}
    values = flatten(now.model_dump(mode="json"))
    pairs = {key: (then.get(key), values.get(key)) for key in {**then, **values}}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


@cache
def describe_code() -> dict[str, Any]:
    """Version, git commit, whether files differ from it (`dirty`), and a sha256 over all files."""
    parts = ("salesfc_lib", "notebooks", "parameters/defaults.yml")
    total = hashlib.sha256()
    for name, path in sorted(_code_files().items()):
        total.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    changed = _git("status", "--porcelain", "--", *parts)
    return {
        "version": _package_version("salesfc"),
        "commit": _git("rev-parse", "HEAD"),
        "dirty": None if changed is None else bool(changed),
        "sha256": total.hexdigest(),
    }


@cache
def describe_environment() -> dict[str, Any]:
    """Python, platform, sha256 of the lock, and versions of the packages in `PACKAGES`."""
    found = {name: _package_version(name) for name in PACKAGES}
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "lock_sha256": sha256(resources.LOCK),
        "packages": {name: number for name, number in found.items() if number},
    }


def list_outputs(folder: Path) -> list[dict[str, Any]]:
    """Every file under `folder` but the manifest, its sign-off and its receipts, by path."""
    sent = folder / HANDED_OVER
    apart = {folder / NAME, folder / SIGN_OFF, *sent.glob("*.json"), *sent.glob("*.import.*")}
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path not in apart)
    return [describe_file(path, folder) for path in files]


def write(folder: Path, facts: Mapping[str, Any]) -> Path:
    """Path of the manifest: `facts` and the hash of every file, all of it synced to disk."""
    outputs = list_outputs(folder)
    for entry in outputs:
        sync(folder / entry["path"])
    path = folder / NAME
    text = json.dumps({**facts, "outputs": outputs}, ensure_ascii=False, indent=1, default=str)
    with path.open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    for inner in sorted({path.parent, *(path.parent for path in folder.rglob("*"))}):
        sync(inner)
    return path


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a folder. Raises `SalesForecastError` where it is missing or no manifest."""
    path = folder / NAME
    try:
        return _Record.model_validate_json(path.read_bytes()).model_dump(exclude_unset=True)
    except FileNotFoundError:
        why = "there is no such file"
    except OSError as error:
        why = f"{error.strerror}"
    except ValidationError as error:
        why = f"it is not a manifest ({describe_invalid(error)})"
    raise SalesForecastError.unreadable_file(path, why, restore(folder))


def glance(folder: Path) -> dict[str, str] | None:
    """`kind` and `version` of a folder's manifest where it begins as `write` lets it; else None.

    To read the whole of a month's manifest takes 3 ms, which many months together feel.
    """
    try:
        with (folder / NAME).open("rb") as file:
            head = file.read(HEAD).decode("utf-8", errors="replace")
    except OSError:
        return None
    return dict(_OF_HEAD.findall(head))


def describe_invalid(error: ValidationError) -> str:
    """The first thing that is wrong with a record, and where."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"`{place}`: {first['msg']}" if place else first["msg"]


def restore(folder: Path) -> str:
    """What to do where a published month's manifest is damaged."""
    unit, is_earlier, _ = folder.name.partition(".")
    if is_earlier:
        return f"Bring it back from a copy, or move the earlier version '{folder.name}' elsewhere"
    command = f"salesfc run --unit {unit} --month {folder.parent.name} --again --reason TEXT"
    return f"Bring it back from a copy, or publish the month again: `{command}`"


def compare(folder: Path) -> list[tuple[str, str]]:
    """(what, path) of each file that is `missing`, `changed` or `extra`, against the manifest."""
    recorded = {entry["path"]: entry["sha256"] for entry in read(folder)["outputs"]}
    found = {entry["path"]: entry["sha256"] for entry in list_outputs(folder)}
    missing = [("missing", path) for path in recorded.keys() - found.keys()]
    extra = [("extra", path) for path in found.keys() - recorded.keys()]
    both = recorded.keys() & found.keys()
    changed = [("changed", path) for path in both if recorded[path] != found[path]]
    return sorted([*missing, *extra, *changed], key=lambda difference: difference[1])


def is_complete(folder: Path) -> bool:
    """Whether the folder has a manifest and every file agrees with it."""
    try:
        return not compare(folder)
    except SalesForecastError:
        return False


def sync(path: Path) -> None:
    """Write what the system holds of a file or folder to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _code_files() -> dict[str, Path]:
    """Files of the library, its notebooks and its defaults by their path in a checkout."""
    skipped = {"__pycache__", "shipped"}
    inside = (path for path in resources.PACKAGE.rglob("*") if path.is_file())
    library = (
        path for path in inside if not skipped & set(path.relative_to(resources.PACKAGE).parts)
    )
    named = {path.relative_to(resources.PACKAGE.parent).as_posix(): path for path in library}
    shipped = [*resources.NOTEBOOKS.glob("*.ipynb"), resources.DEFAULTS]
    return named | {path.relative_to(resources.SHIPPED).as_posix(): path for path in shipped}


def _git(*arguments: str) -> str | None:
    """What git says of the checkout; None where there is no checkout or no git."""
    if resources.CHECKOUT is None:
        return None
    command = ["git", "-C", str(resources.CHECKOUT), *arguments]
    try:
        return subprocess.check_output(
            command, stderr=subprocess.DEVNULL, text=True, timeout=GIT_SECONDS
        ).strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _package_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _layer(key: str, resolved: parameters.Resolved) -> str:
    while key not in resolved.layer and "." in key:
        key = key.rpartition(".")[0]
    return resolved.layer.get(key, "defaults")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it in."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(path)
