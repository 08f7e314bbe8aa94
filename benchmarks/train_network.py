"""Trains the candidates' small network (`forecasting/candidates/network`) on made-up series.

    python benchmarks/train_network.py --out network.npz [--chunks 300] [--passes 5] [--seed 1]

No real series is read. `made_up_months` draws panels; the engine takes out level shifts and the
season as it does before it asks a candidate, so that the network learns from what it will be given;
numpy learns the weights: Adam (Kingma and Ba 2015, https://arxiv.org/abs/1412.6980) with a cosine
schedule, and the moving average of the weights is kept, as float16. The error is absolute, in the
unit of MASE. A few minutes on one thread. What the network is worth says RESULTS.md.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from made_up_months import AHEAD, MONTHS, SERIES, YEAR, draw_panels
from salesfc_lib.forecasting.candidates.network import make_inputs, run_network, unadjusted
from salesfc_lib.forecasting.demand import INTERMITTENT, STEADY, classify
from salesfc_lib.forecasting.history import History
from salesfc_lib.forecasting.level_shifts import adjust_level_shifts
from salesfc_lib.forecasting.smoothing.seasonality import Adjusted, adjust
from salesfc_lib.foundation import nan_mean
from salesfc_lib.foundation.schema import Breaks

WIDTH, LAYERS = 128, 3
PANELS = 50  # of a chunk
BATCH, RATE, WARM_UP = 1024, 1.5e-3, 300  # examples; step of Adam; steps until it is reached
DECAY = 1e-3  # of the weights, times the rate
BETAS = (0.9, 0.999)  # of Adam's moments
KEPT = 0.998  # of the moving average at each step
LARGEST_TARGET, LARGEST_WEIGHT = 40.0, 4.0  # in units of an input; unit over the scale of MASE
TEST_SEED = 10**6  # of the chunks that the printed error is of

Weights = dict[str, np.ndarray]


class Examples(NamedTuple):
    """x: inputs. The error of outputs o (n, AHEAD) is mean(|target - o factor|, 1) weight."""

    x: np.ndarray
    factor: np.ndarray
    target: np.ndarray
    weight: np.ndarray

    def take(self, rows: np.ndarray) -> Examples:
        """Some examples."""
        return Examples(*(each[rows] for each in self))


def draw_examples(seeds: range) -> Examples:
    """Examples of one chunk of panels a seed."""
    parts = [part for seed in seeds for part in _draw_chunk(seed)]
    return Examples(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _draw_chunk(seed: int) -> Iterator[Examples]:
    """Examples of the three forms: the season as a factor, as an addend, and left in."""
    panels = draw_panels(np.random.default_rng(seed), PANELS)
    rows = panels.y.reshape(-1, MONTHS + AHEAD)
    known, after = rows[:, :MONTHS].copy(), rows[:, MONTHS:]
    known[np.arange(MONTHS) < panels.first.reshape(-1, 1)] = np.nan
    back = np.repeat(np.arange(PANELS), SERIES)  # what has the same is one panel
    last = np.datetime64("2001-01", "M") + panels.last[back]
    plain = History(np.arange(len(rows)), known, last, back=back)
    seen, kind = adjust_level_shifts(plain, Breaks()), classify(known)
    change = nan_mean(np.abs(known[:, YEAR:] - known[:, :-YEAR]), 1)
    month = nan_mean(np.abs(np.diff(known, axis=1)), 1)
    scale = np.where(np.isfinite(change), change, month)  # as MASE has it
    sold = kind != INTERMITTENT
    for adjusted, rows_of_form in (
        (adjust(seen, AHEAD, relative=True), kind == STEADY),
        (adjust(seen, AHEAD, relative=False), sold),
        (unadjusted(seen, AHEAD), sold),
    ):
        yield _pose(adjusted, after, scale).take(np.flatnonzero(rows_of_form & (scale > 0)))


def _pose(adjusted: Adjusted, after: np.ndarray, scale: np.ndarray) -> Examples:
    """Inputs, and what the outputs should be."""
    x, centre, spread = make_inputs(adjusted)
    unit = np.where(spread > 0, spread, 1.0)
    usual = adjusted.restore(np.repeat(centre, AHEAD, axis=1))
    target = np.clip((after - usual) / unit, -LARGEST_TARGET, LARGEST_TARGET)
    factor = adjusted.ahead if adjusted.relative else np.ones_like(after)
    weight = np.clip(spread / np.where(scale > 0, scale, 1.0)[:, None], 0.0, LARGEST_WEIGHT)
    return Examples(*(each.astype(np.float32) for each in (x, factor, target, weight)))


def begin(dice: np.random.Generator, inputs: int) -> Weights:
    """Random layers (He et al. 2015), and outputs of zero: the last year's mean."""

    def layer(rows: int, *size: int) -> np.ndarray:
        return dice.normal(0, np.sqrt(1 / rows), (*size, rows, WIDTH)).astype(np.float32)

    def zeros(*size: int) -> np.ndarray:
        return np.zeros(size, np.float32)

    return {
        "first": layer(inputs),
        "first_bias": zeros(WIDTH),
        "layers": layer(WIDTH, LAYERS),
        "layer_biases": zeros(LAYERS, WIDTH),
        "linear": zeros(inputs, AHEAD),
        "last": zeros(WIDTH, AHEAD),
        "last_bias": zeros(AHEAD),
    }


def find_gradient(weights: Weights, some: Examples) -> Weights:
    """The gradient of the mean error, by the same names."""
    states = [np.maximum(some.x @ weights["first"] + weights["first_bias"], 0)]
    for layer, bias in zip(weights["layers"], weights["layer_biases"], strict=True):
        states.append(states[-1] + np.maximum(states[-1] @ layer + bias, 0))
    output = some.x @ weights["linear"] + states[-1] @ weights["last"] + weights["last_bias"]
    side = np.sign(output * some.factor - some.target)
    pull = side * some.factor * some.weight / side.size
    found = {name: np.empty_like(values) for name, values in weights.items()}
    found["linear"], found["last"] = some.x.T @ pull, states[-1].T @ pull
    found["last_bias"] = pull.sum(axis=0)
    back = pull @ weights["last"].T
    for k in reversed(range(LAYERS)):
        inner = back * (states[k + 1] > states[k])
        found["layers"][k], found["layer_biases"][k] = states[k].T @ inner, inner.sum(axis=0)
        back = back + inner @ weights["layers"][k].T
    inner = back * (states[0] > 0)
    found["first"], found["first_bias"] = some.x.T @ inner, inner.sum(axis=0)
    return found


def train(examples: Examples, test: Examples, *, passes: int, seed: int) -> Weights:
    """The moving average of the weights after so many passes over the examples."""
    dice = np.random.default_rng(seed)
    weights = begin(dice, examples.x.shape[1])
    kept, moments = {name: each.copy() for name, each in weights.items()}, begin_moments(weights)
    each_pass = len(examples.x) // BATCH
    steps = passes * each_pass
    for step in range(steps):
        if step % each_pass == 0:
            order = dice.permutation(len(examples.x))
            print(f"pass {step // each_pass}: error {find_error(kept, test):.4f}", flush=True)
        place = step % each_pass * BATCH
        gradient = find_gradient(weights, examples.take(np.sort(order[place : place + BATCH])))
        cosine = (1 + math.cos(math.pi * step / steps)) / 2
        rate = RATE * min(1.0, (step + 1) / WARM_UP) * cosine
        move(weights, gradient, moments, step=step, rate=rate)
        for name, each in weights.items():
            kept[name] += (1 - KEPT) * (each - kept[name])
    print(f"pass {passes}: error {find_error(kept, test):.4f}")
    return kept


def begin_moments(weights: Weights) -> tuple[Weights, Weights]:
    """Mean and mean square of the gradients, at zero."""
    mean, square = ({name: np.zeros_like(each) for name, each in weights.items()} for _ in "ab")
    return mean, square


def move(
    weights: Weights, gradient: Weights, moments: tuple[Weights, Weights], *, step: int, rate: float
) -> None:
    """One step of Adam, with decay of the weights apart and the gradient no longer than 1; weights
    and moments are changed in place.
    """
    mean, square = moments
    length = math.sqrt(sum(float((each**2).sum()) for each in gradient.values()))
    for name, each in gradient.items():
        slope = each / max(1.0, length)
        mean[name] += (1 - BETAS[0]) * (slope - mean[name])
        square[name] += (1 - BETAS[1]) * (slope**2 - square[name])
        first = mean[name] / (1 - BETAS[0] ** (step + 1))
        second = square[name] / (1 - BETAS[1] ** (step + 1))
        weights[name] -= rate * (first / (np.sqrt(second) + 1e-8) + DECAY * weights[name])


def find_error(weights: Weights, some: Examples) -> float:
    """Mean error of examples."""
    gap = np.abs(run_network(weights, some.x) * some.factor - some.target)
    return float((gap * some.weight).mean())


def main() -> None:
    """Draw, train, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--chunks", type=int, default=300, help=f"of {PANELS} panels each")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    first = wanted.seed * 1000
    examples = draw_examples(range(first, first + wanted.chunks))
    test = draw_examples(range(TEST_SEED, TEST_SEED + 10))
    weights = train(examples, test, passes=wanted.passes, seed=wanted.seed)
    count = sum(values.size for values in weights.values())
    print(f"{count:,} weights, from {len(examples.x):,} examples")
    np.savez(wanted.out, **{name: each.astype(np.float16) for name, each in weights.items()})  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
