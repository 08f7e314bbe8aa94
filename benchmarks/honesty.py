"""How often honest people are flagged by the tests of habits, and how often games are found.

    python benchmarks/honesty.py --companies N --seed S --out FILE.json

Writes a list of rows. question `false_alarms`: world, skilled (whether people know something),
test, companies, rate (share of companies in which the test flags anybody or any segment), most (the
upper end of its 95 % interval); test `any`: any test of a habit. People's value added is flagged
where it is no luck: its row stands where nobody knows anything. question `power`: test, size,
means (of the size), months, companies, rate (share in which the player is flagged), others (share
in which somebody else is, for any habit). `companies.py` says what a world is, `games.py` what is
played. N companies a world (default 200), half as many a game's size and length.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from accuracy import write
from companies import PEOPLE, WORLDS, World, draw_company, say_honestly, stand_together, write_down
from games import GAMES, draw_players
from salesfc_lib.retrospective.habits import judge

TOGETHER = 50  # companies whose tests run in one call
MONTHS = (12, 24)  # in which games are played
SKILL = "peoples_gain"
GAIN = {SKILL: judge.GAINS[SKILL]}

Row = dict[str, Any]


def flag(companies: list[Any]) -> pd.DataFrame:
    """Rows of table `habits` of all companies, adjusted within each, with its number `company`."""
    together = stand_together(companies)
    families = [judge.run_tests(tests, together) for tests in (judge.HABITS, GAIN)]
    rows = [
        judge.adjust(rows)
        for family in families
        for _, rows in family.groupby(family["name"].str.extract(r"(\d+)/")[0])
    ]
    table = pd.concat(rows, ignore_index=True)
    return table.assign(company=table["name"].str.extract(r"(\d+)/")[0].astype(int))


def draw_honest(world: World, seed: int, number: int, *, skilled: bool) -> Any:
    """What the archive holds of one company in which nobody plays."""
    rng = np.random.default_rng([seed, number, WORLDS.index(world), skilled])
    company = draw_company(rng, world, skilled=skilled)
    said = [say_honestly(rng, company, person) for person in company.people]
    return write_down(rng, company, said, f"{number}")


def draw_playing(name: str, size: float, months: int, seed: int, number: int) -> Any:
    """What the archive holds of one company whose last person plays a game."""
    rng = np.random.default_rng([seed, number, months, int(100 * size), *name.encode()])
    return write_down(rng, *draw_players(rng, name, size, months), f"{number}")


def flag_all(draw: Any, companies: int) -> pd.DataFrame:
    """`flag` of companies 0 to `companies`, some at a time."""
    parts = [
        range(first, min(first + TOGETHER, companies)) for first in range(0, companies, TOGETHER)
    ]
    return pd.concat([flag([draw(number=number) for number in part]) for part in parts])


def count_false_alarms(companies: int, seed: int, world: World, skilled: bool) -> list[Row]:
    """Rows of question `false_alarms` of one world."""
    table = flag_all(partial(draw_honest, world, seed, skilled=skilled), companies)
    flagged = table[table["flagged"]]
    hits = {test: flagged.loc[flagged["test"] == test, "company"] for test in judge.HABITS}
    hits["any"] = flagged.loc[flagged["test"] != SKILL, "company"]
    if not skilled:
        hits[SKILL] = flagged.loc[flagged["test"] == SKILL, "company"]
    about = {"question": "false_alarms", "world": world.name, "skilled": skilled}
    counts = {test: int(found.nunique()) for test, found in hits.items()}
    return [
        about
        | {"test": test, "companies": companies, "rate": count / companies}
        | {"most": float(binomtest(count, companies).proportion_ci().high)}
        for test, count in counts.items()
    ]


def measure_power(companies: int, seed: int, name: str, size: float, months: int) -> list[Row]:
    """The row of question `power` of one game, size and length."""
    table = flag_all(partial(draw_playing, name, size, months, seed), companies)
    habits = table[table["flagged"] & (table["test"] != SKILL) & (table["kind"] == "author")]
    is_player = habits["name"].str.endswith(f"/{PEOPLE - 1}")
    found = habits[is_player & (habits["test"] == name)]
    about = {"question": "power", "test": name, "size": size, "means": GAMES[name].means}
    return [
        about
        | {"months": months, "companies": companies}
        | {"rate": found["company"].nunique() / companies}
        | {"others": habits.loc[~is_player, "company"].nunique() / companies}
    ]


def measure(companies: int, seed: int) -> Iterator[Row]:
    """Rows of both questions, worked out by two processes."""
    worlds = [(world, skilled) for world in WORLDS for skilled in (False, True)]
    games = [
        (name, size, months) for name in GAMES for size in GAMES[name].sizes for months in MONTHS
    ]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        done = [pool.submit(count_false_alarms, companies, seed, *each) for each in worlds]
        done += [pool.submit(measure_power, max(1, companies // 2), seed, *each) for each in games]
        for each in done:
            yield from each.result()


def main() -> None:
    """Measure, write the rows and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--companies", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    wanted = parser.parse_args()
    rows = list(measure(wanted.companies, wanted.seed))
    write(wanted.out, rows)
    for question, index, columns in (
        ("false_alarms", ["world", "skilled"], "test"),
        ("power", ["test", "means", "size"], "months"),
    ):
        found = pd.DataFrame([row for row in rows if row["question"] == question])
        wide = found.pivot(index=index, columns=columns, values="rate")
        print(f"{question}\n{wide.to_string(float_format='{:.3f}'.format, na_rep='')}\n")


if __name__ == "__main__":
    main()
