"""The unit's month that a notebook works on: injected by a run, or opened by hand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from salesfc_lib import archive
from salesfc_lib.archive import UnitMonth
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import parameters, schema
from salesfc_lib.steps.cleaning import latest_closed


def open_month(  # noqa: PLR0913  what a run injects, and what an analyst tries
    project: str | Path,
    unit: str | None = None,
    month: str | None = None,
    resolved: Mapping[str, Any] | None = None,
    folder: str | Path | None = None,
    *,
    kind: str = "run",
    sets: Mapping[str, Any] | None = None,
) -> UnitMonth:
    """A unit's month to work on.

    Parameters
    ----------
    project
        Folder that holds `parameters/`, data and `reports/`.
    unit, month
        None: the project's first unit, and its latest published month, or its latest closed one
        where nothing is published.
    resolved, folder
        The complete parameters and the folder for tables, which a run injects. Opened by hand a
        notebook gives neither: the same parameters are resolved, and only `reports/.work/` is
        written to.
    sets
        Values by dotted key, as `--set key=value` takes them: `{"combine.power": 2}`. Tables of
        such a trial go to a folder of their own below `reports/.work/`.

    Raises
    ------
    RequestError
        For a project without units, an unknown unit and a month that is none.
    SalesForecastError
        For an unknown key or a wrong value.
    """
    root = Path(project).resolve()
    if unit is None:
        units = parameters.list_units(root)
        if not units:
            raise parameters.no_units(root)
        unit = units[0]
    if month is None:
        published = archive.list_months(root / "reports", unit)
        month = published[-1] if published else latest_closed(root, unit)
    schema.check_unit(unit)
    schema.check_month(month)
    if resolved is not None and sets:
        raise SalesForecastError.of(
            f"`sets` ({', '.join(sets)}) cannot change parameters that a run injected",
            "`sets` in a notebook that was opened by hand",
            "Use `salesfc run --set key=value`, or open the notebook with `salesfc lab`",
        )
    tried = sorted((sets or {}).items())
    trial = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in tried]
    if resolved is not None:
        found = parameters.from_dict(resolved)
    else:
        found = parameters.resolve(root, unit, month, trial)
    if folder is None:
        name = f"{unit}.{hashlib.sha256(repr(trial).encode()).hexdigest()[:8]}" if trial else unit
        folder = root / "reports" / ".work" / month / name
    return UnitMonth(
        root, unit, month, found.parameters, found.layer, found.reasons, Path(folder), kind
    )
