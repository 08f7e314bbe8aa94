"""Made-up panels of monthly sales, drawn at random from what sales do: what `train_network.py`
learns from.

A generator of random numbers enters; series (panels, SERIES, MONTHS + AHEAD) leave, with the column
in which each begins and the calendar month of its last known one. A panel shares a season, shocks
and a size of noise, as series of one business do. Logarithms of levels and seasons are drawn; each
part says what it adds. Nothing here was taken from the public panels but what kinds of series there
are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SERIES, MONTHS, AHEAD = 40, 120, 18  # of a panel; known months at most; months to be forecast
LEAST = 13  # known months of a series
YEAR = 12

Dice = np.random.Generator


class Panels(NamedTuple):
    """y: (panels, SERIES, MONTHS + AHEAD). first: (panels, SERIES) columns; last: (panels,) the
    calendar month, 0 to 11, of column MONTHS - 1.
    """

    y: np.ndarray
    first: np.ndarray
    last: np.ndarray


def draw_panels(dice: Dice, panels: int) -> Panels:
    """Panels of made-up series."""
    of_panel = (panels, 1, 1)
    start = dice.integers(0, YEAR, panels)
    season = draw_seasons(dice, start)
    log_level = np.clip(draw_levels(dice, panels), -5, 5)
    lines = maybe(dice, 0.4, of_panel)
    level = np.where(lines, np.maximum(1 + log_level, 0.05), np.exp(log_level))
    factors = maybe(dice, 0.75, of_panel)
    y = np.where(factors, level * np.exp(season), level + season)
    y = np.maximum(add_noise(dice, y), 0.0)
    mean_count = np.exp(dice.normal(1.5, 1.5, (panels, SERIES, 1)))
    counts = dice.poisson(np.minimum(y * mean_count, 1e6))
    y = np.where(maybe(dice, 0.15, of_panel), counts, 100 * y)
    return Panels(y, draw_beginnings(dice, panels), (start + MONTHS - 1) % YEAR)


def draw_levels(dice: Dice, panels: int) -> np.ndarray:
    """Logarithms of levels: walks or returns to a mean, trends, cycles, steps and life cycles."""
    shape, of_series, of_panel = _shapes(panels)
    time = np.arange(MONTHS + AHEAD)
    steps = dice.normal(0, 1, shape) * by_series(dice, 0.002, 0.09, panels)
    returning = carry(1.3 * steps, dice.uniform(0.7, 0.98, (panels, SERIES)))
    level = np.where(maybe(dice, 0.35, of_series), returning, np.cumsum(steps, axis=2))
    shared = dice.normal(0, 1, (panels, 1, len(time))) * log_uniform(dice, 0.002, 0.03, of_panel)
    level = level + np.cumsum(shared * maybe(dice, 0.5, of_panel), axis=2)
    cycle = np.sin(2 * np.pi * (time / dice.uniform(20, 70, of_panel) + dice.random(of_panel)))
    level += dice.exponential(0.08, of_series) * maybe(dice, 0.3, of_panel) * cycle
    rate = log_uniform(dice, 0.001, 0.02, of_panel) * maybe(dice, 0.7, of_panel)
    jumps = (dice.random(shape) < rate) * dice.normal(0, 0.4, shape)
    level += carry(jumps, np.where(maybe(dice, 0.7, (panels, SERIES)), 1.0, 0.8))
    return np.asarray(level + draw_trends(dice, panels) + draw_life_cycles(dice, panels))


def draw_trends(dice: Dice, panels: int) -> np.ndarray:
    """What slopes add: constant, fading, or wandering and damped."""
    shape, of_series, of_panel = _shapes(panels)
    slope = dice.normal(0, 0.007, of_series) * maybe(dice, 0.7, of_series)
    slope = slope + dice.normal(0, 0.004, of_panel)
    fading = np.where(maybe(dice, 0.3, of_series), 0.97, 1.0) ** np.arange(shape[2])
    size = by_series(dice, 1e-4, 3e-3, panels) * maybe(dice, 0.5, of_series)
    damping = dice.choice([0.9, 0.95, 0.98, 1.0], (panels, 1))
    wandering = carry(dice.normal(0, 1, shape) * size, damping)
    return np.asarray(np.cumsum(slope * fading + wandering, axis=2))


def draw_life_cycles(dice: Dice, panels: int) -> np.ndarray:
    """What a rise to a mature level, or the fall at a product's end, adds to one in twelve."""
    shape, of_series, _ = _shapes(panels)
    middle = dice.uniform(-20, shape[2] + 20, of_series)
    width = dice.uniform(4, 25, of_series) * dice.choice([1, -1], of_series)
    away = np.clip((middle - np.arange(shape[2])) / width, -8, 8)
    return np.asarray(-1.5 * np.log1p(np.exp(away)) * maybe(dice, 0.08, of_series))


def draw_seasons(dice: Dice, start: np.ndarray) -> np.ndarray:
    """Logarithms of seasonal factors that a panel shares in part, changing from year to year;
    `start` (panels,) is the calendar month of the first column.
    """
    panels = len(start)
    shape, of_series, of_panel = _shapes(panels)
    strength = np.exp(dice.normal(np.log(0.12), 0.9, of_panel)).clip(max=0.8)
    strength = strength * maybe(dice, 0.88, of_panel)
    own = dice.uniform(0, 1, of_panel) ** 1.5
    own = np.where(maybe(dice, 0.25, of_panel), 1.0, own)
    shared = draw_profiles(dice, (panels, 1)) * np.exp(dice.normal(0, 0.4, of_series))
    alone = draw_profiles(dice, (panels, SERIES)) * np.exp(dice.normal(0, 0.5, of_series))
    month, year = (start[:, None] + np.arange(shape[2])) % YEAR, np.arange(shape[2]) // YEAR
    change = dice.normal(0, 1, (panels, SERIES, YEAR, year[-1] + 1)).cumsum(axis=3)
    change *= dice.uniform(0, 0.15, (panels, 1, 1, 1))
    profile = (1 - own) * shared + own * alone
    rows = np.arange(panels)[:, None, None], np.arange(SERIES)[None, :, None], month[:, None]
    return np.asarray(np.clip(strength * (profile[rows] + change[(*rows, year)]), -2.5, 1.5))


def draw_profiles(dice: Dice, size: tuple[int, int]) -> np.ndarray:
    """Seasons of a year (*size, 12) with mean 0 and standard deviation 1: waves, peaks, or both."""
    month = np.arange(YEAR)
    waves = sum(
        dice.normal(0, 1 / k, (*size, 1))
        * np.sin(2 * np.pi * k * (month + dice.uniform(0, YEAR, (*size, 1))) / YEAR)
        for k in (1, 2, 3)
    )
    rough = dice.normal(0, 1, (*size, YEAR)) * dice.choice([0.2, 1.0], (*size, 1))
    peaks = maybe(dice, 0.12, (*size, YEAR)) * dice.exponential(2, (*size, YEAR))
    peaks = peaks * dice.choice([-0.5, 1, 1], (*size, 1))
    kind = dice.random((*size, 1))
    both = waves + peaks + 0.5 * rough
    profile = np.where(
        kind < 0.5, waves + 0.3 * rough, np.where(kind < 0.75, peaks + 0.3 * rough, both)
    )
    profile = profile - profile.mean(axis=-1, keepdims=True)
    return np.asarray(profile / (profile.std(axis=-1, keepdims=True) + 1e-9))


def add_noise(dice: Dice, y: np.ndarray) -> np.ndarray:
    """Series with noise: in part heavy-tailed, shared, autocorrelated, of changing size; then
    promotions and odd months.
    """
    panels = len(y)
    shape, of_series, of_panel = _shapes(panels)
    heavy = dice.standard_t(3, shape) / 1.7
    noise = np.where(maybe(dice, 0.35, of_panel), heavy, dice.normal(0, 1, shape))
    size = np.exp(carry(dice.normal(0, 0.15, shape), np.full((panels, SERIES), 0.95)))
    noise *= np.where(maybe(dice, 0.3, of_series), np.clip(size, 0.3, 3), 1.0)
    correlated = maybe(dice, 0.5, (panels, SERIES)) * dice.uniform(-0.3, 0.5, (panels, SERIES))
    shared = dice.normal(0, 1, (panels, 1, shape[2])) * dice.uniform(0, 0.6, of_panel)
    noise = carry(noise, correlated) + shared * maybe(dice, 0.5, of_panel)
    deviation = by_series(dice, 0.006, 0.45, panels, spread=0.4).clip(max=0.9)
    noise = np.clip(noise, -6, 6) * deviation
    as_factor = np.exp(np.clip(noise - deviation**2 / 2, -3, 3))
    y = y * np.where(maybe(dice, 0.5, of_panel), as_factor, 1 + noise)
    promoted = dice.random(shape) < dice.uniform(0, 0.12, of_panel) * maybe(dice, 0.3, of_panel)
    odd = maybe(dice, 0.008, shape) & maybe(dice, 0.5, of_panel)
    y = y * (1 + promoted * dice.exponential(0.5, shape))
    return np.asarray(y * np.exp(odd * dice.normal(0, 0.8, shape)))


def draw_beginnings(dice: Dice, panels: int) -> np.ndarray:
    """First columns (panels, SERIES): a panel's own length, and one in seven series younger."""
    length = log_uniform(dice, LEAST, MONTHS + 1, (panels, 1)).astype(int)
    younger = dice.integers(LEAST, length + 1, (panels, SERIES))
    return MONTHS - np.where(maybe(dice, 0.15, (panels, SERIES)), younger, length)


def maybe(dice: Dice, chance: float, size: tuple[int, ...]) -> np.ndarray:
    """True with this chance."""
    return dice.random(size) < chance


def log_uniform(dice: Dice, low: float, high: float, size: tuple[int, ...]) -> np.ndarray:
    """Numbers whose logarithms are uniform."""
    return np.exp(dice.uniform(np.log(low), np.log(high), size))


def by_series(
    dice: Dice, low: float, high: float, panels: int, *, spread: float = 0.5
) -> np.ndarray:
    """A size of each panel, log-uniform, that differs by series (panels, SERIES, 1)."""
    own = np.exp(dice.normal(0, spread, (panels, SERIES, 1)))
    return log_uniform(dice, low, high, (panels, 1, 1)) * own


def carry(steps: np.ndarray, share: np.ndarray) -> np.ndarray:
    """x(t) = share x(t - 1) + step(t) along the last axis.

    >>> carry(np.array([1.0, 0.0, 0.0]), np.array(0.5)).tolist()
    [1.0, 0.5, 0.25]
    """
    values, state = np.empty_like(steps), np.zeros(steps.shape[:-1])
    for column in range(steps.shape[-1]):
        state = share * state + steps[..., column]
        values[..., column] = state
    return values


def _shapes(panels: int) -> tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]:
    """Shapes of all months, of series and of panels."""
    return (panels, SERIES, MONTHS + AHEAD), (panels, SERIES, 1), (panels, 1, 1)
