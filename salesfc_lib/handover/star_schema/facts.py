"""Facts of one published month as Parquet files: DuckDB reads the month's tables and writes them.

A month's folder of tables enters; files of `fact_*` leave, none where there are no rows. What needs
attention comes from JSON; alerts and records come from the project's database.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesfc_lib.archive import manifest
from salesfc_lib.foundation import STAGES, in_words, language, tables
from salesfc_lib.handover.star_schema import model

if TYPE_CHECKING:
    import duckdb

MONTH_KEY = "year({0}) * 100 + month({0})"
FROM = """FROM read_parquet({path}) AS t
JOIN key_of AS s ON s.unique_id = t.unique_id AND s.unit = {unit}"""
LAST = f"""(SELECT arg_max(stage, list_position({list(STAGES)}, stage))
  FROM (SELECT DISTINCT stage FROM read_parquet({{path}}) WHERE cutoff = {{made_in}}))"""
FORECAST = f"""
SELECT {{vintage_key}} AS vintage_key, s.series_key, {MONTH_KEY.format("t.ds")} AS month_key,
  t.h AS lag, t.stage, t.model, t.stage = {LAST} AS is_published, t.y_hat AS forecast,
  t."lo-80" AS low_80, t."hi-80" AS high_80, t."lo-95" AS low_95, t."hi-95" AS high_95
{FROM} WHERE t.cutoff = {{made_in}}"""
ACTUAL = f"""
SELECT s.series_key, {MONTH_KEY.format("t.ds")} AS month_key, {{vintage_key}} AS vintage_key,
  t.y_raw AS actual, t.y AS modeled
{FROM}"""
OVERRIDE = f"""
SELECT {{vintage_key}} AS vintage_key, s.series_key, {MONTH_KEY.format("t.ds")} AS month_key,
  t.sequence, t.old, t.asked, t.final, t.author, t.reason, t.state, t.remark
{FROM}"""


MOMENTS = ("data_at", "opened_at", "acknowledged_at", "closed_at", "gone_since")  # of an alert
SENTENCES = ("formula", "assumptions", "inputs")  # beside each number of the handover


def quote(path: Path) -> str:
    """A path as a literal of SQL."""
    return "'" + str(path).replace("'", "''") + "'"


def copy(cube: duckdb.DuckDBPyConnection, table: str, query: str, path: Path) -> None:
    """Write what a query gives as a file of a table, in the types of the model.

    Columns that the model does not declare are written for `dim_series` only, as text.
    """
    chosen = ", ".join(f'CAST("{e.name}" AS {e.type}) AS "{e.name}"' for e in model.columns(table))
    if table == "dim_series":
        declared = ", ".join(f'"{each.name}"' for each in model.columns(table))
        chosen += f", CAST(COLUMNS(* EXCLUDE ({declared})) AS VARCHAR)"
    path.parent.mkdir(parents=True, exist_ok=True)
    cube.execute(f"COPY (SELECT {chosen} FROM ({query})) TO {quote(path)} (FORMAT parquet)")
    manifest.sync(path)


def copy_frame(
    cube: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame, path: Path
) -> None:
    """Write a frame as a file of a table."""
    cube.register("frame", frame)
    copy(cube, table, "SELECT * FROM frame", path)
    cube.unregister("frame")


def write_empty(cube: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write a file without rows for every fact, so that each can be opened."""
    for table in model.names("fact"):
        none = ", ".join(f'NULL AS "{each.name}"' for each in model.columns(table))
        copy(cube, table, f"SELECT {none} WHERE false", folder / table / "empty.parquet")


def write_month(
    cube: duckdb.DuckDBPyConnection, vintage: Mapping[str, Any], told: dict[str, Any], folder: Path
) -> None:
    """Write a month's forecasts, changes and what needs attention; `told` is its manifest."""
    name = f"{vintage['made_in']:%Y-%m}/{vintage['unit']}.parquet"
    for table, query, source in (
        ("fact_forecast", FORECAST, "forecast"),
        ("fact_override", OVERRIDE, "adjustment"),
    ):
        there = Path(vintage["folder"], f"{source}.parquet").is_file()
        if there and source not in vintage["left_out"].split(", "):
            copy(cube, table, _fill(query, vintage, source), folder / table / name)
    if not (listed := list_attention(vintage, told)).empty:
        copy_frame(cube, "fact_attention", listed, folder / "fact_attention" / name)


def write_actual(cube: duckdb.DuckDBPyConnection, vintage: Mapping[str, Any], folder: Path) -> None:
    """Write what a unit's series sold, as one of its months knows it."""
    path = folder / "fact_actual" / f"{vintage['unit']}.parquet"
    copy(cube, "fact_actual", _fill(ACTUAL, vintage, "panel"), path)


def list_attention(vintage: Mapping[str, Any], told: dict[str, Any]) -> pd.DataFrame:
    """Rows of `fact_attention` from what a month's manifest lists as needing attention."""
    listed = (told.get("summary") or {}).get("attention") or []
    chinese = ((told.get("translations") or {}).get("zh") or {}).get("attention") or []
    chinese = chinese if len(chinese) == len(listed) else [{} for _ in listed]
    made_in = pd.Timestamp(vintage["made_in"])
    rows = [
        {each: one.get(each) for each in ("kind", "what", "why", "due")}
        | {"action": one.get("do"), "owner": one.get("who"), "position": position}
        | {"what_zh": other.get("what"), "why_zh": other.get("why"), "action_zh": other.get("do")}
        for position, (one, other) in enumerate(zip(listed, chinese, strict=True), start=1)
    ]
    known = {"vintage_key": vintage["vintage_key"], "unit_key": vintage["unit_key"]}
    return pd.DataFrame(rows).assign(**known, month_key=made_in.year * 100 + made_in.month)


def list_alerts(alerts: pd.DataFrame, units: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """Rows of `fact_alert` from table alert of all units, as alerts stand now."""
    rows = alerts.assign(month_key=alerts["month"].str.replace("-", "").astype("int64"))
    for spoken, name in (("en", "what"), ("zh", "what_zh")):
        with language.speaking(spoken):
            rows[name] = [in_words(each) for each in alerts["says"]]
    rows["note"] = [in_words(each) for each in alerts["note"]]
    for name in MOMENTS:
        rows[name] = [None if pd.isna(each) else each.isoformat() for each in alerts[name]]
    rows = rows.merge(units[["unit", "unit_key"]], on="unit")
    return rows.merge(series, on=["unit", "unique_id"], how="left")


def list_records(
    records: pd.DataFrame, vintages: pd.DataFrame, series: pd.DataFrame
) -> pd.DataFrame:
    """Rows of `fact_decision` from the project's records."""
    rows = records.rename(columns={"what": "kind", "at": "decided_at"})
    for name in ("old", "new"):
        rows[name] = [json.dumps(each, ensure_ascii=False, sort_keys=True) for each in rows[name]]
    rows = rows.assign(source="records", amount=None, made_in=pd.to_datetime(rows["month"] + "-01"))
    rows["month_key"] = rows["month"].str.replace("-", "").astype("int64")
    units = vintages[["unit", "unit_key"]].drop_duplicates()
    rows = rows.merge(vintages[["unit", "made_in", "vintage_key"]], how="left").merge(units)
    rows["unique_id"] = rows["series"].where(rows["series"].ne(""), rows["subject"])
    return rows.merge(series, on=["unit", "unique_id"], how="left")


def write_decisions(
    cube: duckdb.DuckDBPyConnection,
    vintage: Mapping[str, Any],
    sources: Sequence[str],
    folder: Path,
) -> None:
    """Write every number of the handover's tables of a month, a row each."""
    inside = Path(vintage["folder"])
    frames = [
        melt(tables.read(inside, name), name)
        for name in sources
        if (inside / f"{name}.parquet").is_file()
    ]
    if not frames or (rows := pd.concat(frames)).empty:
        return
    wanted = "SELECT unique_id, series_key FROM key_of WHERE unit = $1"
    own = cube.execute(wanted, [vintage["unit"]]).df()
    made_in = pd.Timestamp(vintage["made_in"])
    day = rows["ds"].fillna(made_in)
    rows = rows.assign(month_key=day.dt.year * 100 + day.dt.month).merge(own, how="left")
    known = {"vintage_key": vintage["vintage_key"], "unit_key": vintage["unit_key"]}
    rows = rows.assign(**known, who=None, decided_at=None, old=None, reason=None)
    name = f"{made_in:%Y-%m}/{vintage['unit']}.parquet"
    copy_frame(cube, "fact_decision", rows, folder / "fact_decision" / name)


def melt(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """A row for each number of a table: unique_id, ds, source, kind, subject, new, amount.

    subject: the series, or what else the row is of; new: the row's texts and days as JSON, but for
    sentences.
    """
    numbers = [*frame.select_dtypes("number").columns]
    texts = [name for name in frame if name not in {*numbers, *SENTENCES, "unique_id", "ds"}]
    told = [
        json.dumps(
            {key: str(text) for key, text in row.items() if pd.notna(text)}, ensure_ascii=False
        )
        for row in frame[texts].to_dict("records")
    ]
    subject = frame["unique_id"] if "unique_id" in frame else frame[texts[0]]
    kept = {"unique_id": frame.get("unique_id"), "subject": subject, "source": source, "new": told}
    kept["ds"] = pd.to_datetime(frame["ds"]) if "ds" in frame else pd.NaT
    whole = frame[numbers].assign(**kept)
    return whole.melt([*kept], numbers, "kind", "amount").dropna(subset=["amount"])


def _fill(query: str, vintage: Mapping[str, Any], source: str) -> str:
    """A query of one of the month's tables; an id of a unit holds no sign that SQL reads."""
    return query.format(
        path=quote(Path(vintage["folder"], f"{source}.parquet")),
        vintage_key=int(vintage["vintage_key"]),
        made_in=f"DATE '{vintage['made_in']:%Y-%m-%d}'",
        unit=f"'{vintage['unit']}'",
    )
