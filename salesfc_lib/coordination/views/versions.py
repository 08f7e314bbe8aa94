"""Versions of departments' forecasts: each is kept whole, named by its content, and recorded."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pandas as pd

from salesfc_lib.archive import Record, UnitMonth, append_record, manifest
from salesfc_lib.coordination.opening import name_person, read_events
from salesfc_lib.coordination.views.reading import read_view
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import tables
from salesfc_lib.retrospective import published, sum_targets
from salesfc_lib.retrospective.loop import read_published

FOLDER = Path("archive", "views")  # under the project
BUILT_IN = ("statistical", "published", "plan", "last_year")
VALUES = ["unique_id", "ds", "y_hat"]


def enter_view(
    run: UnitMonth, department: str, path: Path, *, measure: str, reason: str, by: str = ""
) -> int:
    """Number of the version that a department's file became, from 1 on.

    Raises `RequestError` for a department that the unit does not declare, a version that is as the
    one before, or one that somebody else entered at the same time; else as `read_view` does.
    Nothing is kept then.
    """
    known = run.parameters.cycle.departments
    if department not in known or department in BUILT_IN:
        raise RequestError.unknown_key(department, known, "`cycle.departments`")
    values = read_view(run, path, measure)
    content = values.to_csv(index=False, lineterminator="\n").encode()
    sha256 = hashlib.sha256(content).hexdigest()
    earlier = _records(run, department)
    if len(earlier) and earlier.iloc[-1]["new"]["sha256"] == sha256:
        raise RequestError.of(
            f"Version {len(earlier)} of '{department}' holds the same forecasts",
            "A forecast that differs from the last version",
            "Nothing has to be entered",
        )
    version = len(earlier) + 1
    new = {"department": department, "sha256": sha256, "rows": len(values), "measure": measure}
    record = Record(
        what="view.enter",
        who=name_person(run, by),
        unit=run.unit,
        month=run.month,
        reason=reason.strip(),
        subject=f"{run.month} {department} {version}",
        version=str(version),
        new=new | {"file": path.name},
        once=f"view.enter {run.unit} {run.month} {department} {version}",
    )
    kept = run.project / FOLDER / f"{sha256}.csv"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_whole(kept, content)
    append_record(run.project, record, address_env=run.parameters.archive.records_env)
    return version


def list_views(run: UnitMonth) -> pd.DataFrame:
    """Table `view`: every version of every department's forecast of the month.

    Raises `SalesForecastError` where what was kept of a version is missing or changed.
    """
    frames = [tables.empty("view")]
    for record in _records(run).to_dict("records"):
        about = {"department": record["new"]["department"], "author": record["who"]}
        about |= {"entered_at": record["at"], "reason": record["reason"]}
        values = _read_kept(run.project, record["new"]["sha256"])
        frames.append(values.assign(**about, version=int(record["version"])))
    return tables.build(pd.concat(frames), "view")


def latest_views(run: UnitMonth) -> dict[str, pd.DataFrame]:
    """The forecasts that stand side by side, by name: unique_id, ds, y_hat.

    The last version of each department; `published`: as it is, `statistical`: without what people
    changed; `plan`: targets, where there are some; `last_year`: sales of the month a year before.
    """
    entered = list_views(run)
    last = entered.groupby("department")["version"].transform("max")
    found = {
        str(name): own[VALUES].reset_index(drop=True)
        for name, own in entered[entered["version"].eq(last)].groupby("department", sort=False)
    }
    return found | read_built_in(run)


def read_built_in(run: UnitMonth) -> dict[str, pd.DataFrame]:
    """Views that the published tables hold, without those that have no row."""
    forecast = read_published(run, "forecast")
    own = published(forecast[forecast["stage"] != "adjusted"])[VALUES]
    months = own["ds"].unique()
    targets = sum_targets(read_published(run, "target"), read_published(run, "series"))
    sold = read_published(run, "panel")[["unique_id", "ds", "y_raw"]].dropna()
    sold = sold.assign(ds=sold["ds"] + pd.DateOffset(years=1))
    views = {
        "statistical": own,
        "published": published(forecast)[VALUES],
        "plan": targets.rename(columns={"target": "y_hat"}),
        "last_year": sold.rename(columns={"y_raw": "y_hat"}),
    }
    within = {name: view[view["ds"].isin(months)][VALUES] for name, view in views.items()}
    return {name: view.reset_index(drop=True) for name, view in within.items() if len(view)}


def _records(run: UnitMonth, department: str | None = None) -> pd.DataFrame:
    records = read_events(run, "view.enter")
    mine = records[records["month"].eq(run.month)]
    if department is None:
        return mine
    return mine[mine["new"].map(lambda new: new["department"] == department).astype(bool)]


def _read_kept(project: Path, sha256: str) -> pd.DataFrame:
    path = project / FOLDER / f"{sha256}.csv"
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != sha256:
        why = "it is not what its record says" if content else "it is missing"
        do = "Bring it back from a copy, or enter the forecast again"
        raise SalesForecastError.unreadable_file(path, why, do)
    return pd.read_csv(io.BytesIO(content), parse_dates=["ds"], dtype={"unique_id": str})
