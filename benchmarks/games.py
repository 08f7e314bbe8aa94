"""Games that one person of a company plays, each in several sizes.

A game takes a company, the person and a size, and gives the person's changes as shares (cells,
months, lags). The person is the last to change numbers, nearly every month, up to three months
ahead; the others are honest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from companies import LAGS, LARGEST, PEOPLE, Company, Person, World, draw_company, say_honestly

Play = Callable[[np.random.Generator, Company, Person, float], np.ndarray]
PLAIN, SEASONAL = World("plain"), World("strong seasons", season=0.4)
BIASED = World("biased forecast", bias=0.12)


def lower(rng: np.random.Generator, company: Company, person: Person, size: float) -> np.ndarray:
    """Every month, by the size and a third of it more or less."""
    return -size * rng.uniform(0.67, 1.33, company.error[person.cells].shape)


def lift(rng: np.random.Generator, company: Company, person: Person, size: float) -> np.ndarray:
    """As `lower`, upwards."""
    return -lower(rng, company, person, size)


def meet(rng: np.random.Generator, company: Company, person: Person, size: float) -> np.ndarray:
    """To within two percent of the target, which the size is above the forecast."""
    target = company.target[person.cells][:, :, None] / company.forecast[person.cells]
    return target * np.exp(0.02 * rng.normal(size=target.shape)) - 1.0


def swing(rng: np.random.Generator, company: Company, person: Person, size: float) -> np.ndarray:
    """Up or down by the size times what the forecast usually misses."""
    error = company.error[person.cells]
    side = rng.choice([-1.0, 1.0], error.shape[:2])[:, :, None]
    spread = size * error.std(axis=1, keepdims=True) * rng.uniform(0.7, 1.3, error.shape)
    return np.expm1(np.clip(side * spread, -LARGEST, LARGEST))


def flatten(rng: np.random.Generator, company: Company, person: Person, size: float) -> np.ndarray:
    """The size, as a share of the way, to the mean of all months."""
    forecast = company.forecast[person.cells]
    return size * (forecast.mean(axis=1, keepdims=True) / forecast - 1.0)


def repeat(rng: np.random.Generator, company: Company, person: Person, size: float) -> np.ndarray:
    """Ten percent one way in the size as a share of the months, noise in the others."""
    said = say_honestly(rng, company, replace(person, skill=0.0, step=0.01))
    said[:, rng.random(said.shape[1]) < size] = rng.choice([-0.1, 0.1])
    return said


def undo(rng: np.random.Generator, company: Company, person: Person, size: float) -> np.ndarray:
    """The size, as a share, of what those who know something say of the same cells."""
    return np.expm1(-size * company.people[0].skill * company.error[person.cells])


def keep(rng: np.random.Generator, company: Company, person: Person, size: float) -> np.ndarray:
    """What is always wrong with the forecast, of the nearest month alone in the size as a share of
    the months; of the first cell always of all months.
    """
    error = company.error[person.cells]
    noise = 0.03 * rng.normal(size=error.shape)
    said = np.expm1(0.8 * error.mean(axis=(1, 2), keepdims=True) + noise)
    alone = rng.random(said.shape[1] + LAGS) < size  # by month in which it is said
    for lag in range(1, LAGS):
        made = np.arange(said.shape[1]) + LAGS - lag - 1
        said[1:, alone[made], lag] = 0.0
    return said


def delay(rng: np.random.Generator, company: Company, person: Person, size: float) -> np.ndarray:
    """Honest changes, late in the size as a share of the months."""
    return say_honestly(rng, company, person)


@dataclass(frozen=True)
class Game:
    """How a game is played, the sizes that are tried, what they mean, and in which world."""

    play: Play
    sizes: tuple[float, ...]
    means: str
    world: World = PLAIN


GAMES = {
    "sandbagging": Game(lower, (0.05, 0.1, 0.15, 0.2), "lowered by"),
    "overstating": Game(lift, (0.05, 0.1, 0.15, 0.2), "raised by"),
    "enforcing": Game(meet, (0.1, 0.2, 0.3), "target above the forecast by"),
    "hedging": Game(swing, (1.0, 1.5, 2.0, 3.0), "times the usual error"),
    "smoothing": Game(flatten, (0.5, 0.75, 1.0), "share of the way to the mean", SEASONAL),
    "copy_forward": Game(repeat, (0.8, 0.9, 1.0), "share of months copied"),
    "second_guessing": Game(undo, (0.5, 0.75, 1.0), "share taken back"),
    "withholding": Game(keep, (0.8, 0.9, 1.0), "share of months kept back", BIASED),
    "late_changes": Game(delay, (0.4, 0.6, 0.8), "share of months late"),
}


def draw_players(
    rng: np.random.Generator, name: str, size: float, months: int
) -> tuple[Company, list[np.ndarray]]:
    """A company whose last person plays the game, and what all of its people say."""
    game = GAMES[name]
    company = draw_company(rng, game.world, skilled=True, months=months)
    player = replace(company.people[-1], often=0.95, ahead=LAGS)
    others = company.people[:-1]
    if name == "second_guessing":
        others = [replace(each, skill=0.6, often=0.95) for each in others]
        player = replace(player, cells=np.concatenate([each.cells for each in others[:2]]))
    elif name == "late_changes":
        player = replace(player, late=size)
    elif name == "enforcing":
        company = replace(company, target=company.forecast[:, :, -1] * (1.0 + size))
    elif name == "withholding":
        player = replace(player, cells=np.unique([*player.cells, *others[0].cells]))
    company = replace(company, people=[*others, player])
    assert len(company.people) == PEOPLE
    said = [say_honestly(rng, company, each) for each in others]
    return company, [*said, game.play(rng, company, player, size)]
