"""How often quiet months raise an alert, and after how many days a planted shock is found.

    python benchmarks/alerts.py --companies N --seed S --out FILE.json

Writes a list of rows. question `false_alarms`: world, unit_months, alarms (months with any
departure on any day), rate, low and high (ends of its 95 % interval); world `all`: the worlds whose
forecasts are as published. question `shock`: world, where (the branch), size (of the change, from
the 12th on), unit_months, found (share with a departure on that side by the month's end), days
(median of trading days from the shock through the first day outside, of all months; null where
fewer than half are found), right (share of the found whose first departure is the branch itself),
near (itself, a part of it, or what holds it). question `real`: panel, unit_months, alarms, rate: of
months that somebody sold, forecast by the workbench from what was known, and nobody says they were
quiet. question `seconds`: of a unit, from daily sales to departures. `quiet_months.py` says what a
world is. N companies a world (default 50), each with one month.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from accuracy import write
from quiet_months import WORLDS, Company, World, draw_company
from real_months import PANELS, judge_months
from salesfc_lib.coordination import MonthPath, build_path, find_departures

SIZES = (-0.5, -0.3, -0.2, -0.1, 0.3)
SHOCK_DAY = 12
BRANCHES: dict[str, dict[str, str]] = {
    "line:pots": {"line": "pots"},
    "region:north": {"region": "north"},
    "key_account:big shop": {"key_account": "big shop"},
    "total": {},
}
SHOCKED = ("plain", "weekly pattern", "rush at the end", "steady")  # worlds that get shocks
AS_PUBLISHED = [world.name for world in WORLDS if not world.bias]
FORMAT = "{:.3f}".format

Row = dict[str, Any]


def draw_path(world: World, seed: int, number: int) -> tuple[Company, MonthPath, float]:
    """A company, its path, and the seconds that it took."""
    company = draw_company(np.random.default_rng([seed, number, WORLDS.index(world)]), world)
    begin = time.perf_counter()
    path = build_path(
        company.found,
        company.forecast,
        company.series,
        company.calendar,
        promotion=company.promotion,
    )
    find_departures(path)
    return company, path, time.perf_counter() - begin


def plant(path: MonthPath, where: dict[str, str], size: float) -> MonthPath:
    """The path with a branch's sales changed from the day of the shock on."""
    layout = path.layout
    hit = np.ones(len(layout.bottom), dtype=bool)
    for name, member in where.items():
        hit &= layout.series[name].iloc[layout.bottom].eq(member).to_numpy()
    daily = np.diff(path.actual[layout.bottom], axis=1, prepend=0.0)
    after = np.arange(daily.shape[1]) >= SHOCK_DAY - 1
    changed = daily * np.where(hit[:, None] & after, 1 + size, 1.0)
    return replace(path, actual=layout.contains @ np.cumsum(changed, axis=1))


def find(path: MonthPath, branch: str, size: float) -> Row:
    """What was found of a shock: days until it was, and where the first departure is."""
    found = find_departures(path)
    first = pd.Timestamp(path.days[SHOCK_DAY - 1])
    side = "above" if size > 0 else "below"
    own = found[found["direction"].eq(side) & found["first_out"].ge(first)]
    if own.empty:
        return {"days": np.inf, "right": None, "near": None}
    ids, out = path.layout.ids, own["first_out"].iloc[0]
    looked = path.days[path.looks]
    days = ((looked >= first.to_datetime64()) & (looked <= out.to_datetime64())).sum()
    mine, its = (path.layout.contains[ids.get_loc(x)] for x in (branch, own["unique_id"].iloc[0]))
    near = (mine <= its).all() or (its <= mine).all()
    right = own["unique_id"].iloc[0] == branch
    return {"days": float(days), "right": bool(right), "near": bool(near)}


def run_company(world: World, seed: int, number: int) -> tuple[bool, float, list[Row]]:
    """Whether a quiet month raises an alert, the seconds of it, and what is found of each shock."""
    _, path, seconds = draw_path(world, seed, number)
    shocks = [
        {"where": branch, "size": size} | find(plant(path, where, size), branch, size)
        for branch, where in BRANCHES.items()
        for size in SIZES
        if world.name in SHOCKED
    ]
    return len(find_departures(path)) > 0, seconds, shocks


def run_world(companies: int, seed: int, world: World) -> list[Row]:
    """The rows of a world."""
    alarms, seconds, shocks = zip(
        *(run_company(world, seed, number) for number in range(companies)), strict=True
    )
    rows = [count_alarms(world.name, sum(alarms), companies)]
    rows += [{"question": "seconds", "world": world.name, "seconds": float(np.median(seconds))}]
    table = pd.DataFrame([row for each in shocks for row in each])
    if table.empty:
        return rows
    for (where, size), part in table.groupby(["where", "size"], sort=False):
        found = part[np.isfinite(part["days"])]
        median = float(np.median(part["days"]))
        rows.append(
            {"question": "shock", "world": world.name, "where": where, "size": float(size)}
            | {"unit_months": len(part), "found": len(found) / len(part)}
            | {"days": median if np.isfinite(median) else None}
            | {name: share(found[name]) for name in ("right", "near")}
        )
    return rows


def share(flags: pd.Series) -> float | None:
    """Mean of flags; None without any."""
    return float(flags.astype(float).mean()) if len(flags) else None


def count_alarms(world: str, alarms: int, months: int) -> Row:
    """The row of question `false_alarms`."""
    ends = binomtest(alarms, months).proportion_ci(method="wilson")
    counted = {"world": world, "unit_months": months, "alarms": alarms, "rate": alarms / months}
    return {"question": "false_alarms", **counted, "low": ends.low, "high": ends.high}


def measure(companies: int, seed: int) -> Iterator[Row]:
    """Rows of all questions, worked out by two processes."""
    rows: list[Row] = []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        done = [pool.submit(run_world, companies, seed, world) for world in WORLDS]
        real = [pool.submit(judge_months, panel) for panel in PANELS]
        for each in done:
            rows += each.result()
            yield from each.result()
        whole = [row for row in rows if row.get("world") in AS_PUBLISHED and "alarms" in row]
        sums = (sum(row[name] for row in whole) for name in ("alarms", "unit_months"))
        yield count_alarms("all", *sums)
        for each in real:
            yield from each.result()


def main() -> None:
    """Measure, write the rows and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--companies", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    wanted = parser.parse_args()
    rows = list(measure(wanted.companies, wanted.seed))
    write(wanted.out, rows)
    for question in ("false_alarms", "shock", "real", "seconds"):
        found = pd.DataFrame([row for row in rows if row["question"] == question])
        text = found.drop(columns="question", errors="ignore")
        print(f"{question}\n{text.to_string(index=False, float_format=FORMAT, na_rep='')}\n")


if __name__ == "__main__":
    main()
