"""The folder of the star schema: written beside its place from what is published, renamed in.

Published months and the folder's last state enter. A month whose manifest is the same is taken over
as it is; new and republished ones are written; what is no longer published falls away.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from salesfc_lib.archive import list_vintages, manifest, open_cube, read_records
from salesfc_lib.errors import RequestError, SalesForecastError
from salesfc_lib.foundation import Parameters, defaults, resolve, tables
from salesfc_lib.handover.star_schema import dimensions, excel, facts, model
from salesfc_lib.handover.star_schema import folder as folders

BY_MONTH = ("fact_forecast", "fact_override", "fact_attention", "fact_decision")
TABLES = ("forecast", "series", "panel")  # that a published month has
KEPT = ["manifest_sha256", "published_at", "left_out"]  # of a vintage that is taken over
DUCKDB = "star.duckdb"
# tables of the handover's step, whose numbers are decisions
HANDOVER = ("stock_policy", "requirements", "urgent", "capacity_plan", "finance")


@dataclass(frozen=True)
class Written:
    """What was done: months written, taken over and left out (with what could not be read)."""

    folder: Path
    written: int
    kept: int
    left_out: dict[str, str]


def write_star(
    project: Path, folder: Path | None = None, alerts: pd.DataFrame | None = None
) -> Written:
    """Write or renew the folder of the star schema; by default `reports/star`.

    alerts: table alert of all units, as alerts stand now.

    Raises `RequestError` where nothing is published, where the folder holds something else, or
    where another process writes it.
    """
    reports = project / "reports"
    place = (folder or reports / "star").absolute()
    with folders.hold(place):
        before = _read_before(place)
        vintages = _list_vintages(reports, before["dim_vintage"])
        if vintages.empty:
            raise RequestError.of(
                f"No month is published under '{reports}'",
                "A project with published months",
                "Run `salesfc run`, or name the project with `--project`",
            )
        beside = place.with_name(f".{place.name}.next")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        vintages = _write_all(project, vintages, before, place, beside, alerts=alerts)
        folders.swap(beside, place)
        _write_duckdb(place)
    kept = int(vintages["same"].sum())
    bad = vintages[vintages["left_out"].ne("")]
    names = [f"{row.unit} {row.made_in:%Y-%m}" for row in bad.itertuples()]
    return Written(
        place, len(vintages) - kept, kept, dict(zip(names, bad["left_out"], strict=True))
    )


def _list_vintages(reports: Path, known: pd.DataFrame) -> pd.DataFrame:
    """Rows of `dim_vintage`, with unit_key's place to come: also folder and `same` (taken over)."""
    found = list_vintages(reports)
    found = found[found["latest"] & found["version"].notna()].reset_index(drop=True)
    hashes = [_hash(Path(folder).parent) for folder in found["folder"]]
    torn = found[list(TABLES)].ne("there")
    left_out = [", ".join(torn.columns[row]) for row in torn.to_numpy()]
    found = found.assign(manifest_sha256=hashes, left_out=left_out, published_at="")
    natural = ["unit", "made_in"]
    keyed = dimensions.assign_keys(found, known, "vintage_key", natural)
    earlier = keyed[natural].merge(known[[*natural, *KEPT]], on=natural, how="left")
    same = keyed["manifest_sha256"].eq(earlier["manifest_sha256"]) & keyed["left_out"].eq("")
    same &= earlier["left_out"].eq("")
    keyed["published_at"] = earlier["published_at"].where(same, "")
    newest = keyed.groupby("unit")["made_in"].transform("max")
    return keyed.assign(same=same, is_latest=keyed["made_in"].eq(newest))


def _write_all(
    project: Path,
    vintages: pd.DataFrame,
    before: Mapping[str, pd.DataFrame],
    place: Path,
    beside: Path,
    *,
    alerts: pd.DataFrame | None,
) -> pd.DataFrame:
    """Write everything into the folder beside; the vintages with what was found on the way."""
    settings = {unit: _read_settings(project, str(unit)) for unit in vintages["unit"].unique()}
    with open_cube(project / "reports", threads=1) as cube:
        units = _describe_units(vintages, before["dim_unit"])
        vintages = vintages.merge(units[["unit", "unit_key"]], on="unit")
        rows = dimensions.list_series(cube)
        conformed = {unit: each.handover.conformed.model_dump() for unit, each in settings.items()}
        made = dimensions.make_series(rows, units, before, conformed)
        key_of = made["dim_series"].merge(units[["unit_key", "unit"]], suffixes=("_1", ""))
        key_of = key_of[["unit", "unique_id", "series_key"]]
        cube.from_df(key_of).create("key_of")
        facts.write_empty(cube, beside)
        vintages = _write_months(cube, vintages, place, beside)
        _write_actuals(cube, vintages, before["dim_vintage"], place, beside)
        records = [
            read_records(project, unit=str(unit), address_env=each.archive.records_env or "")
            for unit, each in settings.items()
        ]
        if any(map(len, records)):
            decided = facts.list_records(pd.concat(records), vintages, key_of)
            facts.copy_frame(
                cube, "fact_decision", decided, beside / "fact_decision/records.parquet"
            )
        if alerts is not None and len(alerts):
            found = facts.list_alerts(alerts, units, key_of)
            facts.copy_frame(cube, "fact_alert", found, beside / "fact_alert/alerts.parquet")
        made |= {"dim_unit": units, "dim_vintage": vintages}
        made_in = vintages["made_in"].dt.year * 100 + vintages["made_in"].dt.month
        months = pd.concat([_find_months(cube, beside), made_in])
        made["dim_calendar"] = dimensions.make_calendar(months)
        for name, frame in made.items():
            facts.copy_frame(cube, name, frame, beside / f"{name}.parquet")
        excel.write_csv(cube, beside)
        declared = {each.name for each in model.columns("dim_series")}
        model.write_model(beside, [name for name in made["dim_series"] if name not in declared])
    return vintages


def _write_months(cube: Any, vintages: pd.DataFrame, place: Path, beside: Path) -> pd.DataFrame:
    """Take months over or write them, side by side; the vintages with what was found."""

    def write(row: dict[str, Any]) -> dict[str, Any]:
        name = f"{row['made_in']:%Y-%m}/{row['unit']}.parquet"
        if row["same"] and (place / "fact_forecast" / name).is_file():
            for table in BY_MONTH:
                folders.link(place / table / name, beside / table / name)
            return row
        with cube.cursor() as own:
            return row | _write_month(own, row, beside)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return pd.DataFrame(pool.map(write, vintages.to_dict("records")))


def _write_month(cube: Any, row: dict[str, Any], beside: Path) -> dict[str, Any]:
    """Write a month; when it was published, and what could not be read, if anything."""
    import duckdb

    home, found = Path(row["folder"]).parent, {"left_out": row["left_out"]}
    try:
        told = manifest.read(home)
        found["published_at"] = told.get("published_at", "")
        facts.write_month(cube, row, told, beside)
        facts.write_decisions(cube, row, HANDOVER, beside)
    except (SalesForecastError, duckdb.Error) as error:
        found["left_out"] = " ".join(str(error).split())
    if _hash(home) != row["manifest_sha256"]:
        found["left_out"] = "published again meanwhile"
    return found


def _write_actuals(
    cube: Any, vintages: pd.DataFrame, known: pd.DataFrame, place: Path, beside: Path
) -> None:
    """Write or take over what each unit sold, as its newest month with a whole panel knows it."""
    whole = vintages[~vintages["left_out"].str.contains("panel")]
    for row in whole.sort_values("made_in").groupby("unit").tail(1).to_dict("records"):
        name = Path("fact_actual", f"{row['unit']}.parquet")
        last = known[known["unit"].eq(row["unit"]) & known["is_latest"].astype(bool)]
        if row["same"] and last["made_in"].eq(row["made_in"]).any() and (place / name).is_file():
            folders.link(place / name, beside / name)
        else:
            facts.write_actual(cube, row, beside)


def _describe_units(vintages: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """`dim_unit` from the manifest of each unit's newest month; its id alone where that is gone."""
    rows = []
    for unit, folder in vintages.loc[vintages["is_latest"], ["unit", "folder"]].to_numpy():
        told: dict[str, Any] = {}
        with suppress(SalesForecastError):
            told = manifest.read(Path(folder).parent)
        said = told.get("summary") or {}
        measure = told.get("parameters", {}).get("measure.value", {}).get("value")
        named = {each: said.get(each) for each in ("owner", "currency", "quantity_unit")}
        rows.append({"unit": unit, "title": said.get("title") or unit, "measure": measure, **named})
    return dimensions.assign_keys(pd.DataFrame(rows), known, "unit_key", ["unit"])


def _find_months(cube: Any, beside: Path) -> pd.Series:
    """Every month that a fact names."""
    parts = [
        f"SELECT month_key FROM read_parquet({facts.quote(beside / table)} || '/**/*.parquet')"
        for table in model.names("fact")
    ]
    return cube.sql(f"SELECT DISTINCT month_key FROM ({' UNION ALL '.join(parts)})").df().iloc[:, 0]


def _read_settings(project: Path, unit: str) -> Parameters:
    """Parameters of a unit; the defaults where its file is gone."""
    there = (project / "parameters" / "units" / f"{unit}.yml").is_file()
    return resolve(project, unit).parameters if there else defaults()


def _read_before(place: Path) -> dict[str, pd.DataFrame]:
    """Dimensions of the folder as it stands; none of them has rows where there is no such folder.

    Raises `RequestError` where the folder holds something else.
    """
    folders.recover(place)
    if place.exists() and not (place / "model.json").is_file() and any(place.iterdir()):
        raise RequestError.of(
            f"'{place}' holds something else than a star schema",
            "An empty folder, or one that `salesfc star` wrote",
            "Name another with `--out`",
        )
    known = f'"schema_version": {model.version()},'
    same = place.exists() and known in (place / "model.json").read_text(encoding="utf-8")
    before = {
        name: tables.read(place, name)
        if same and (place / f"{name}.parquet").is_file()
        else pd.DataFrame(columns=[each.name for each in model.columns(name)])
        for name in model.names("dim")
    }
    before["dim_vintage"]["made_in"] = pd.to_datetime(before["dim_vintage"]["made_in"])
    return before


def _write_duckdb(place: Path) -> None:
    """Write the DuckDB file: a view for each table. Its views name this folder."""
    import duckdb

    beside = place / f".{DUCKDB}"
    beside.unlink(missing_ok=True)
    with duckdb.connect(str(beside)) as base:
        for name in model.names():
            files = f"{name}.parquet" if name.startswith("dim") else f"{name}/**/*.parquet"
            source = f"read_parquet({facts.quote(place / files)})"
            base.execute(f"CREATE VIEW {name} AS SELECT * FROM {source}")
    beside.replace(place / DUCKDB)


def _hash(home: Path) -> str:
    """Hash of a month's manifest; empty where it is gone."""
    try:
        return manifest.sha256(home / manifest.NAME)
    except OSError:
        return ""
