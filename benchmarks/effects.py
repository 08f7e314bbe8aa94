"""Whether the 95 % intervals of drivers' effects hold the effects that were put in.

    python benchmarks/effects.py --out FILE.json [--full]

Writes a list of rows: question, design, spread, level, coverage, width, bias, count, replications.
A simulated unit has 24 bottom series in 4 lines over 48 months: a level, trend and season of their
own, shocks that all series share and noise of their own, both mildly autocorrelated, and a
promotion (a share of each month) that is common to all series or each series' own. Its effects
spread around 0.15 of a usual month by 0, 0.1 or 0.2 (one standard deviation); that of a line or the
total is the mean of its bottoms', weighted by size. coverage: share of intervals that hold it;
width, bias: means of high - low and of estimate - truth, as shares of a usual month. 200
replications a design, 1,000 with `--full`. After them stand the rows of `shrinkage.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from accuracy import write
from salesfc_lib.forecasting.drivers.design import series_scale
from salesfc_lib.forecasting.drivers.explain import list_effects, pool_effects
from salesfc_lib.forecasting.drivers.factors import apply_effects
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.tuning import HALF_LIFE
from salesfc_lib.panel import Summing
from shrinkage import measure_shrinkage

BOTTOMS, LINES, MONTHS = 24, 4, 48
EFFECT = 0.15  # of a month wholly on promotion, as a share of a usual month
SPREADS = (0.0, 0.1, 0.2)  # standard deviation of the series' effects
SHARED, OWN = 0.05, 0.08  # standard deviations of a month's shock and of a series' own noise
AUTOCORRELATION = 0.3  # of both, from month to month
SHOWN = 4  # bottom series of each replication whose intervals are counted
BOUNDS = ["estimate", "low", "high"]

Row = dict[str, Any]


@dataclass(frozen=True)
class Unit:
    """Series of a simulated unit, total, lines and bottoms, and the true effect of each (n,)."""

    history: History
    truth: np.ndarray
    level: np.ndarray


def simulate(seed: int, *, common: bool, spread: float) -> Unit:
    """A unit whose promotion is `common` to all series, or each series' own."""
    rng = np.random.default_rng(seed)
    size, effect = rng.lognormal(4, 0.8, BOTTOMS), rng.normal(EFFECT, spread, BOTTOMS)
    paths = (1 if common else BOTTOMS, MONTHS)
    promotion = (rng.random(paths) < 0.3) * rng.uniform(0.2, 1.0, paths)
    promotion = np.broadcast_to(promotion, (BOTTOMS, MONTHS))
    season = rng.normal(0, 0.1, 12) + rng.normal(0, 0.05, (BOTTOMS, 12))
    level = 1 + rng.normal(0, 0.05, (BOTTOMS, 1)) * (np.arange(MONTHS) - MONTHS + 1) / 12
    noise = SHARED * wander(rng, (1, MONTHS)) + OWN * wander(rng, (BOTTOMS, MONTHS))
    moved = promotion - promotion.mean(axis=1, keepdims=True)
    usual = 1 + np.tile(season, MONTHS // 12) + noise + effect[:, None] * moved
    matrix = np.zeros((1 + LINES + BOTTOMS, BOTTOMS))
    matrix[0], matrix[1 + LINES :] = 1.0, np.eye(BOTTOMS)
    matrix[1 + np.arange(BOTTOMS) % LINES, np.arange(BOTTOMS)] = 1.0
    weight = matrix * size / (matrix @ size)[:, None]
    code = np.repeat([0, 1, 2], [1, LINES, BOTTOMS])
    ids = pd.Index([f"s{place:02d}" for place in range(len(matrix))], dtype=object)
    bottom = np.flatnonzero(code == 2)
    history = History(
        ids.to_numpy(),
        matrix @ (size[:, None] * level * usual),
        np.full(len(matrix), np.datetime64("2025-12", "M")),
        0,
        {"promotion": weight @ promotion},
        code,
        summing=Summing(sparse.csr_matrix(matrix), ids, ids[bottom], bottom),
    )
    return Unit(history, weight @ effect, np.array(["total", "line", "bottom"], dtype=object)[code])


def wander(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Autoregressive noise of standard deviation 1."""
    steps = rng.normal(size=shape)
    for month in range(1, shape[1]):
        steps[:, month] *= np.sqrt(1 - AUTOCORRELATION**2)
        steps[:, month] += AUTOCORRELATION * steps[:, month - 1]
    return steps


def estimate(unit: Unit) -> pd.DataFrame:
    """What is shown of a unit: level, estimate, low, high and truth, in shares of a usual month."""
    history, shown = unit.history, np.arange(1 + LINES + SHOWN)
    [(_, applied)] = apply_effects(history, HALF_LIFE)
    terms = pd.concat([list_effects(applied, row) for row in shown])
    bounds = terms[BOUNDS].div(series_scale(history.y)[shown], axis=0)
    own = bounds.assign(level=unit.level[shown], truth=unit.truth[shown])
    pooled = pool_effects(applied)[BOUNDS].assign(level="pooled", truth=unit.truth[0])
    return pd.concat([own, pooled], ignore_index=True)


def measure_coverage(replications: int) -> Iterator[Row]:
    """Rows of question `coverage`: how often the intervals of effects hold the true ones."""
    for common in (True, False):
        for spread in SPREADS:
            units = (simulate(seed, common=common, spread=spread) for seed in range(replications))
            found = pd.concat(map(estimate, units), ignore_index=True)
            for level, rows in found.groupby("level", sort=False):
                yield {
                    "question": "coverage",
                    "design": "common" if common else "own",
                    "spread": spread,
                    "level": level,
                    "coverage": float(rows["truth"].between(rows["low"], rows["high"]).mean()),
                    "width": float((rows["high"] - rows["low"]).mean()),
                    "bias": float((rows["estimate"] - rows["truth"]).mean()),
                    "count": len(rows),
                    "replications": replications,
                }


def main() -> None:
    """Measure, write the rows and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--full", action="store_true", help="1,000 replications a design")
    wanted = parser.parse_args()
    rows = list(measure_coverage(1000 if wanted.full else 200))
    shrunk = list(measure_shrinkage(100 if wanted.full else 20))
    write(wanted.out, [*rows, *shrunk])
    print("design spread level   coverage  width    bias")
    for row in rows:
        print(
            f"{row['design']:<6} {row['spread']:>6} {row['level']:<7} {row['coverage']:>8.3f} "
            f"{row['width']:>6.3f} {row['bias']:>+7.3f}"
        )
    print("\npanel          months ahead  shrinkage of MinT")
    for row in shrunk:
        print(f"{row['panel']:<14} {row['band']:<13} {row['shrinkage']:>9.2f}")


if __name__ == "__main__":
    main()
