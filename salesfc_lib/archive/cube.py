"""The archive as a cube: what every month forecast and knew, of all versions, as views for SQL.

The folder of reports enters; a DuckDB connection leaves, whose views read the published Parquet
files where they lie. A month that a unit lacks and a file that cannot be read are rows of table
`vintage`, and their rows are in no view.
"""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesfc_lib.archive import manifest, months
from salesfc_lib.foundation import check_month, check_unit, schema, tables

if TYPE_CHECKING:
    import duckdb

TABLES = ("forecast", "series", "panel", "transactions")
VIEWS = {"forecast": "forecast", "series": "series", "actual": "panel"}  # table of each
COLUMNS = ["unit", "made_in", "version", "latest", "kind", "folder", *TABLES]
PLACE = ".path"  # column of the file that a row is from; no dimension is called so
MAGIC = b"PAR1"  # a Parquet file begins and ends with it
SQL = {
    "object": "VARCHAR",
    "float64": "DOUBLE",
    "int64": "BIGINT",
    "datetime64[ns]": "TIMESTAMP_NS",
}


def list_vintages(
    reports: Path, units: Sequence[str] | None = None, through: str | None = None
) -> pd.DataFrame:
    """What each month of each unit published, earlier versions included, through a month.

    One row per unit, made_in (first day of the month) and version. latest: the version that counts;
    kind: run or backfill; folder: of its tables; for each of `TABLES`, whether its file is there,
    missing or torn (cut off, or no Parquet at all). From a unit's first month through the newest of
    all units, a month that is not published is a row without version and folder, its tables
    missing.
    """
    wanted = None if units is None else {check_unit(unit) for unit in units}
    last = None if through is None else check_month(through)
    names = [name for name in months.find_month_folders(reports) if last is None or name <= last]
    rows = [row for name in names for row in _list_month(reports / name, wanted)]
    types = {"made_in": "datetime64[ns]", "version": "Int64", "latest": bool}
    found = pd.DataFrame(rows, columns=COLUMNS).astype(types)
    missing = pd.DataFrame(_list_missing(found), columns=COLUMNS).astype(types)
    every = pd.concat([found, missing], ignore_index=True)
    return every.sort_values(["unit", "made_in", "version"], ignore_index=True)


def open_cube(
    reports: Path,
    units: Sequence[str] | None = None,
    through: str | None = None,
    *,
    memory: str = "1GiB",
    threads: int | None = None,
) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection in memory to what every month published; close it after use.

    Table `vintage` is what `list_vintages` finds. The views begin with unit, made_in, version,
    latest and kind. `forecast`: rows of that table at the month's own cutoff; the lag is `h`.
    `series`: that table, with a column for each dimension of any unit (null where the unit does not
    have it; one that is called `unit` is `unit_1`). `actual`: what that month's panel said of each
    month through it (`y_raw` and `y`), so that restated history stands beside what was known then.
    """
    import duckdb

    settings: dict[str, Any] = {
        "memory_limit": memory,
        "threads": threads or os.cpu_count() or 1,
        "temp_directory": str(Path(tempfile.gettempdir(), "salesfc-cube")),
        "autoinstall_known_extensions": False,
    }
    cube = duckdb.connect(config=settings)
    vintage = list_vintages(reports, units, through)
    cube.from_df(vintage).create("vintage")
    for view, table in VIEWS.items():
        folders = vintage.loc[vintage[table] == "there", "folder"]
        cube.execute(_make_view(view, table, [f"{each}/{table}.parquet" for each in folders]))
    return cube


def _make_view(view: str, table: str, paths: list[str]) -> str:
    """Statement that makes a view of the files of a table, with no rows where there are none."""
    types = tables.empty(table).dtypes.astype(str)
    chosen = ", ".join(f't."{column}"' for column in types.index)
    if paths:  # a path is taken for a pattern, and a quote would end it
        files = ", ".join("'" + glob.escape(path).replace("'", "''") + "'" for path in paths)
        together = table == "series"  # whose dimensions differ by unit
        source = f"read_parquet([{files}], filename = '{PLACE}', union_by_name = {together})"
        chosen = f't.* EXCLUDE ("{PLACE}")' if together else chosen
    else:
        typed = [f'NULL::{SQL[dtype]} AS "{column}"' for column, dtype in types.items()]
        source = f'(SELECT {", ".join(typed)}, NULL::VARCHAR AS "{PLACE}" WHERE false)'
    own = "AND t.cutoff = v.made_in" if view == "forecast" else ""
    return (
        f"CREATE VIEW {view} AS "
        f"SELECT v.unit, v.made_in, v.version, v.latest, v.kind, {chosen} FROM {source} AS t "
        f"JOIN vintage AS v ON v.folder || '/{table}.parquet' = t.\"{PLACE}\" {own}"
    )


def _list_month(folder: Path, wanted: set[str] | None) -> Iterator[dict[str, Any]]:
    """A row for each version that is published in a month's folder."""
    for place in folder.glob("*"):
        match = months.VERSION.match(place.name)
        unit = match["unit"] if match else place.name
        if not schema.UNIT_ID.match(unit) or (wanted is not None and unit not in wanted):
            continue
        if (record := manifest.glance(place)) is not None:
            inside = f"{place}/tables"
            yield {
                "unit": unit,
                "made_in": folder.name,
                "version": int(match["number"] if match else record.get("version", 1)),
                "latest": not match,
                "kind": record.get("kind", ""),
                "folder": inside,
                **{table: _find_state(f"{inside}/{table}.parquet") for table in TABLES},
            }


def _list_missing(found: pd.DataFrame) -> list[dict[str, Any]]:
    latest = found[found["latest"]]
    return [
        {"unit": unit, "made_in": month, "latest": True, **dict.fromkeys(TABLES, "missing")}
        for unit, own in latest.groupby("unit")["made_in"]
        for month in pd.date_range(own.min(), latest["made_in"].max(), freq="MS").difference(own)
    ]


def _find_state(path: str) -> str:
    """Whether a Parquet file is there, missing, or torn, by how it begins and ends."""
    try:
        with open(path, "rb") as file:
            begins = file.read(len(MAGIC))
            file.seek(-len(MAGIC), os.SEEK_END)
            return "there" if begins == file.read() == MAGIC else "torn"
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "torn"
