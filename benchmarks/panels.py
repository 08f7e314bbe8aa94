"""The public panels that forecasts are judged on, as monthly Parquet files for `accuracy.py`.

    python benchmarks/panels.py --out DIR [--full] [--earlier 12] [--short] [--only iowa,m3]
        [--data DIR]

The public data sets enter (`SALESFC_DATA`, by default ../shared/data); one file a panel leaves,
NAME_hH.parquet, with unique_id, ds (first of the month), y and regressors that a planner knows
ahead; H months of it are held back by `accuracy.py`. Which series a
panel holds, which are drawn (the same ones everywhere) and what counts as known ahead is decided
here. `--earlier N`
removes the last N months first (in proportion to the panel's horizon: 12 takes 18 from m3), so that
settings are chosen on months that are not judged. `--short` writes the same panels, and the made-up
ones of `made_up.py`, cut to 25 and 37 months with 6 held back, at several origins, none of which
looks at the months that the whole panels hold back.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import made_up

SEED = 7  # of the draw; with it carparts and m3 are the samples of the published results
HORIZON = {"iowa": 12, "m3": 18, "carparts": 12, "stallion": 12, "pasta": 12}  # months held back
SAMPLE = {"iowa": 150, "m3": 250, "carparts": 250}  # series drawn; the other panels are taken whole
SHORT = {"months": (25, 37), "held_back": 6, "earlier": (0, 6, 12)}
LEAST_SERIES = 10  # of a short panel
SHORT_PANELS = ("iowa", "m3", "stallion", "pasta")
JUDGED = ("iowa", "m3", "carparts", "stallion")
STALLION_DAYS = (
    "easter_day",
    "good_friday",
    "new_year",
    "christmas",
    "labor_day",
    "independence_day",
    "revolution_day_memorial",
)
STALLION_EVENTS = (
    "regional_games",
    "fifa_u_17_world_cup",
    "football_gold_cup",
    "beer_capital",
    "music_fest",
)


def find_data() -> Path:
    """Folder of the public data sets."""
    return Path(
        os.environ.get("SALESFC_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data"
    )


def build_panel(name: str, data: Path, *, full: bool = False, earlier: int = 0) -> pd.DataFrame:
    """Rows of one panel, ordered by unique_id and ds; a sample unless `full`; without the last
    `earlier` months.
    """
    rows = SOURCES[name](data)
    if not full and name in SAMPLE:
        rows = draw_series(rows, SAMPLE[name])
    rows = rows.sort_values(["unique_id", "ds"], ignore_index=True)
    return drop_last(rows, earlier * HORIZON[name] // 12)


def draw_series(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """Rows of `count` series, drawn without replacement from the sorted ids; all where there are no
    more than that.
    """
    ids = np.sort(rows["unique_id"].unique())
    chosen = (
        ids
        if len(ids) <= count
        else ids[np.random.default_rng(SEED).choice(len(ids), count, replace=False)]
    )
    return rows[rows["unique_id"].isin(chosen)]


def drop_last(rows: pd.DataFrame, months: int) -> pd.DataFrame:
    """Rows without the last `months` of each series.

    >>> drop_last(pd.DataFrame({"unique_id": ["a", "a", "b"], "y": [1, 2, 3]}), 1)["y"].tolist()
    [1]
    """
    return rows[rows.groupby("unique_id").cumcount(ascending=False) >= months].reset_index(
        drop=True
    )


def cut_short(rows: pd.DataFrame, months: int) -> pd.DataFrame:
    """The last `months` of each series; shorter series are left out."""
    kept = rows[rows.groupby("unique_id").cumcount(ascending=False) < months]
    size = kept.groupby("unique_id")["ds"].transform("size")
    return kept[size == months].reset_index(drop=True)


def write_short(folder: Path, *, data: Path) -> list[Path]:
    """Files of short panels, NAME-MONTHS-EARLIER_h6.parquet: `earlier` months before those that
    the whole panel holds back; public ones and made-up ones."""
    folder.mkdir(parents=True, exist_ok=True)
    held_back, files = SHORT["held_back"], []
    for months in SHORT["months"]:
        made = {
            f"{name}-{months}": make(months + held_back, held_back)
            for name, make in made_up.PANELS.items()
        }
        for name in SHORT_PANELS if data.is_dir() else ():
            rows = build_panel(name, data)
            made |= {
                f"{name}-{months}-{earlier}": cut_short(
                    drop_last(rows, HORIZON[name] + earlier), months + held_back
                )
                for earlier in SHORT["earlier"]
            }
        files += [
            _write(folder / f"{name}_h{held_back}.parquet", rows)
            for name, rows in made.items()
            if rows["unique_id"].nunique() >= LEAST_SERIES
        ]
    return files


def write_panels(folder: Path, names: tuple[str, ...] = JUDGED, **how: object) -> list[Path]:
    """Files written, one a panel."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(folder / f"{name}_h{HORIZON[name]}.parquet", build_panel(name, **how))
        for name in names
    ]  # type: ignore[arg-type]


def _write(path: Path, rows: pd.DataFrame) -> Path:
    rows.to_parquet(path, index=False)
    return path


def _iowa(data: Path) -> pd.DataFrame:
    """Litres a month by county, as the source writes it, and category: the pairs that sold in each
    of the 70 months.
    """
    sales = pd.read_parquet(data / "iowa_liquor" / "iowa_liquor_monthly.parquet").dropna(
        subset=["category"]
    )
    sales = sales.assign(
        unique_id=sales["county"] + "/" + sales["category"], ds=_month(sales["year_month"])
    )
    rows = (
        sales.groupby(["unique_id", "ds"], as_index=False)["volume"]
        .sum()
        .rename(columns={"volume": "y"})
    )
    months = rows.groupby("unique_id")["ds"].transform("size")
    return rows[months == rows["ds"].nunique()]


def _m3(data: Path) -> pd.DataFrame:
    """All 1,428 series; the official test months are the last 18. The 29 of unknown date, kept as
    year 1, begin in 1985.
    """
    rows = pd.read_parquet(data / "m3" / "monthly.parquet").sort_values(
        ["unique_id", "t"], ignore_index=True
    )
    month = rows["ds"].to_numpy().astype("datetime64[M]")
    dated = np.where(month < np.datetime64("1800-01"), month + 12 * 1984, month)
    return rows.assign(ds=dated.astype("datetime64[ns]"))[["unique_id", "ds", "y"]]


def _carparts(data: Path) -> pd.DataFrame:
    """The 2,509 series without a missing value."""
    rows = pd.read_parquet(data / "carparts" / "carparts.parquet")
    whole = rows["y"].notna().groupby(rows["unique_id"]).transform("all")
    return rows.assign(ds=_month(rows["ds"]))[whole]


def _stallion(data: Path) -> pd.DataFrame:
    """Volume by agency and product; prices, discounts and the calendar are planned ahead, weather
    and the market are not.
    """
    sales = pd.read_parquet(data / "stallion_beer" / "stallion_monthly.parquet")
    ids = sales["agency"] + "/" + sales["sku"]
    named = sales.assign(unique_id=ids, ds=_month(sales["date"])).rename(
        columns={"volume": "y", "price_actual": "price"}
    )
    return named[["unique_id", "ds", "y", "price", "discount", *STALLION_DAYS, *STALLION_EVENTS]]


def _pasta(data: Path) -> pd.DataFrame:
    """Quantity a month by item; `promotion` is the share of the month's recorded days with the flag
    set.
    """
    sales = pd.read_parquet(data / "pasta" / "pasta_daily.parquet")
    keyed = sales.assign(unique_id=sales["item"], ds=_month(sales["DATE"]))
    sums = keyed.groupby(["unique_id", "ds"], as_index=False).agg(
        y=("qty", "sum"), promotion=("promo", "mean")
    )
    return sums


def _month(days: pd.Series) -> np.ndarray:
    """First of the month of each day."""
    return days.to_numpy().astype("datetime64[M]").astype("datetime64[ns]")


SOURCES: dict[str, Callable[[Path], pd.DataFrame]] = {
    "iowa": _iowa,
    "m3": _m3,
    "carparts": _carparts,
    "stallion": _stallion,
    "pasta": _pasta,
}


def main() -> None:
    """Write the panels and say what they hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--full", action="store_true", help="whole panels instead of samples")
    parser.add_argument("--earlier", type=int, default=0, help="months to remove first")
    parser.add_argument("--short", action="store_true", help="panels of 25 and 37 months")
    parser.add_argument("--only", default=",".join(SOURCES), help="names, by commas")
    parser.add_argument("--data", type=Path, default=find_data())
    wanted = parser.parse_args()
    names = tuple(wanted.only.split(","))
    how = {"full": wanted.full, "earlier": wanted.earlier}
    files = (
        write_short(wanted.out, data=wanted.data)
        if wanted.short
        else write_panels(wanted.out, names, data=wanted.data, **how)
    )
    for path in files:
        rows = pd.read_parquet(path)
        print(
            f"{path}: {rows['unique_id'].nunique()} series, {len(rows)} rows, "
            f"through {rows['ds'].max():%Y-%m}"
        )


if __name__ == "__main__":
    main()
