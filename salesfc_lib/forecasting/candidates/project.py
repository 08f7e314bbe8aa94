"""Candidates of a project, a Python file each.

The bytes that are run are the bytes that are hashed, so a cached forecast is used as long as the
file and the packages that it imports are the same. A candidate gets copies of the data. Its code
runs with the rights of the run, within `limits`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial, wraps
from importlib import metadata
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.forecasting.cache import digest
from salesfc_lib.forecasting.candidates.limits import CALL_SHARE, Limits
from salesfc_lib.forecasting.candidates.protocol import (
    NOT_FINITE,
    Candidate,
    Prediction,
    describe_error,
    each_series,
)
from salesfc_lib.forecasting.candidates.registry import BOOSTING, REGISTRY
from salesfc_lib.forecasting.history import History
from salesfc_lib.foundation import schema

NAME = re.compile(r"^[a-z][a-z0-9_]{0,31}$")
TAKEN = ("combination", "combined", BOOSTING)  # names that tables use for what is no candidate
FAMILY = "own"
ONE, PANEL = "forecast_one", "forecast"  # the function for one series, and for all at once


@dataclass(frozen=True)
class OwnFile:
    """A candidate's file as it was read: where, its bytes, and the code that they are."""

    name: str
    path: Path
    content: bytes
    code: CodeType


def load_own(parameters: schema.Parameters, project: Path) -> dict[str, Candidate]:
    """The project's enabled candidates by name; every call reads and runs their files anew.

    Raises `SalesForecastError` as `read_own` does, and where a file stops while it is loaded or
    defines no function to call.
    """
    return {
        file.name: _build(file, parameters.candidates[file.name])
        for file in read_own(parameters, project)
    }


def read_own(parameters: schema.Parameters, project: Path) -> list[OwnFile]:
    """The files of the enabled candidates that name one, read but not run.

    Raises `SalesForecastError` for a name that is taken or no name, and for a file that is missing,
    no Python, or outside the project.
    """
    blocks = {
        name: block for name, block in parameters.candidates.items() if block.code and block.enabled
    }
    return [_read(name, block.code, project) for name, block in blocks.items()]


def _read(name: str, code: str, project: Path) -> OwnFile:
    _check_name(name)
    path = _find(name, code, project)
    content = path.read_bytes()
    try:
        return OwnFile(name, path, content, compile(content, str(path), "exec", dont_inherit=True))
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise SalesForecastError.of(
            f"The file of candidate '{name}' is no Python: '{path}'{line}: "
            f"{getattr(error, 'msg', error)}",
            "A file that Python can read",
            f"Correct it, or set `candidates.{name}.enabled: false`",
        ) from None


def _check_name(name: str) -> None:
    if name in REGISTRY or name in TAKEN:
        raise SalesForecastError.of(
            f"`candidates.{name}.code` names a file, but '{name}' is the name of a model of the "
            "library",
            "A name that no model has",
            f"Rename it, such as `candidates.my_{name}`",
        )
    if not NAME.match(name):
        raise SalesForecastError.of(
            f"'{name}' cannot be the name of a candidate",
            "Lower-case letters, digits and '_', a letter first, at most 32",
            "Rename it under `candidates`, and put the name that people read under its `label`",
        )


def _find(name: str, code: str, project: Path) -> Path:
    """Path of the file, links followed, if it lies in the project."""
    root, key = project.resolve(), f"`candidates.{name}.code`"
    expected = f"A file under the project, such as `candidates/{name}.py`"
    try:
        path = (root / code).resolve()
    except (OSError, ValueError, RuntimeError) as error:  # a loop of links, a null byte
        raise SalesForecastError.of(
            f"{key} is '{code}': {error}", expected, "Correct the path"
        ) from None
    if Path(code).is_absolute() or not path.is_relative_to(root):
        raise SalesForecastError.of(
            f"{key} is '{code}', which leads out of the project",
            expected,
            "Copy the file into the project",
        )
    if path.suffix != ".py" or not path.is_file():
        raise SalesForecastError.of(
            f"{key} is '{code}': there is no such Python file under '{root}'",
            f"{expected}, with a function `{ONE}(window, **settings)`",
            "Write it (notebooks/lab/compare_candidate.ipynb shows how), or set "
            f"`candidates.{name}.enabled: false`",
        )
    return path


def _build(file: OwnFile, block: schema.CandidateSettings) -> Candidate:
    limits = Limits(file.name, block.seconds, block.memory_gib)
    with limits.contain():
        module = _run(file, limits)
    one, panel = (getattr(module, name, None) for name in (ONE, PANEL))
    if callable(one) == callable(panel):
        wrong = f"'{file.path}' defines neither `{ONE}` nor `{PANEL}`"
        if callable(one):
            wrong = f"'{file.path}' defines both `{ONE}` and `{PANEL}`"
        raise SalesForecastError.of(
            wrong,
            f"One of `{ONE}(window, **settings)`, for one series, and `{PANEL}(history, "
            "horizon, **settings)`, for all at once",
            f"Name the function that candidate '{file.name}' is so, and the other differently",
        )
    own = partial(Candidate, file.name, FAMILY, block.label or file.name, needed=block.needed)
    code = digest(file.content, *_versions(file.content))
    if one is not None:
        return own(
            limits.bounded(each_series(limits.timed(_for_one(one), share=CALL_SHARE))), code=code
        )
    assert panel is not None
    return own(limits.bounded(_for_panel(limits.timed(panel))), scope="panel", code=code)


def _run(file: OwnFile, limits: Limits) -> ModuleType:
    """The module of the file's code, registered by name and content for pickle and dataclasses."""
    module = ModuleType(f"salesfc_own_{file.name}_{digest(file.content)[:12]}")
    module.__file__ = str(file.path)
    sys.modules[module.__name__] = module
    try:
        limits.timed(exec)(file.code, module.__dict__)
    except (Exception, SystemExit) as error:
        line = _line(error, file.path)
        raise SalesForecastError.of(
            f"The file of candidate '{file.name}' stopped while it was loaded: "
            f"'{file.path}'{line}: {describe_error(error)}",
            "A file that defines a function and does nothing else",
            f"Correct it, or set `candidates.{file.name}.enabled: false`",
        ) from error
    return module


def _line(error: BaseException, path: Path) -> str:
    """Where in the file an error was raised; empty where it was not."""
    trace, line = error.__traceback__, ""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = f", line {trace.tb_lineno}"
        trace = trace.tb_next
    return line


def _for_one(function: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """The function for one series, on a copy of it."""
    return wraps(function)(lambda window, **settings: function(deepcopy(window), **settings))


def _for_panel(function: Callable[..., Any]) -> Callable[..., Prediction]:
    """The function for all series, on a copy of the history; rows without a number failed."""

    @wraps(function)
    def forecast(history: History, horizon: int, **settings: Any) -> Prediction:
        copied = deepcopy(replace(history))  # without what was derived from it
        result = function(copied, horizon, **settings)
        prediction = result if isinstance(result, Prediction) else Prediction(result)
        values = np.array(prediction.values, dtype=float)
        odd = np.flatnonzero(~np.isfinite(values).all(axis=-1))
        errors = dict.fromkeys(odd.tolist(), NOT_FINITE) | dict(prediction.errors)
        values[sorted(errors)] = np.nan
        return Prediction(values, errors)

    return forecast


def _versions(content: bytes) -> list[str]:
    """Name and version of the packages that the file imports, other than this library."""
    nodes = list(ast.walk(ast.parse(content)))
    named = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    named += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    roots = {name.partition(".")[0] for name in named} - sys.stdlib_module_names
    owners: Mapping[str, list[str]] = metadata.packages_distributions() if roots else {}
    used = sorted({owner for root in roots - {"salesfc_lib"} for owner in owners.get(root, [])})
    return [f"{name} {metadata.version(name)}" for name in used]
