"""Companies whose people change forecasts honestly, and such in which one of them plays a game.

A company has twelve cells (regions by product lines) and five people, each with cells of their own
and some that others change as well. Sales are a level, season, trend, shocks that all cells share
and shocks of a cell. The forecast is the mean of the last months times a season that is known with
error, so that it lags behind trends and lasting shocks, as models do. An honest person says what
they know of the difference, with an error that may last, in their own way: how often, how many
months ahead, in which steps, on which days. What they know is a share (`skill`) of the difference;
without any, changes are noise that goes both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from salesfc_lib.foundation import INTERVALS
from salesfc_lib.retrospective.habits import Conduct

REGIONS, LINES, PEOPLE, LAGS = 3, 4, 5, 3
CELLS = REGIONS * LINES
BEFORE = 18  # months of sales before the first forecast
LAST = pd.Timestamp("2026-06-01")
DUE = 15  # day of publication
SKILLS = (0.0, 0.3, 0.6, 0.9)
LARGEST = 0.7  # difference that anybody believes in, as a logarithm


@dataclass(frozen=True)
class World:
    """What makes it hard to be fair; sizes are standard deviations, or shares of usual sales.

    months: fewest and most that were forecast; shared, own: shocks of all cells, and of one;
    lasting: correlation with the month before, of shocks and of what people believe; freedom: of
    Student's t that shocks follow (0: normal); sold: share of months in which a cell sells at all;
    bias: of the forecast; broken: level shifts, one a cell; learns: months that the forecast is
    made from (0: three to six); news: share of months with something that the skilled alone know
    and that moves sales one way, the only months that they change; hands: share of a person's cells
    that others change as well.
    """

    name: str
    months: tuple[int, int] = (12, 36)
    shared: float = 0.06
    own: float = 0.12
    trend: float = 0.0
    season: float = 0.1
    lasting: float = 0.2
    freedom: int = 0
    sold: float = 1.0
    bias: float = 0.0
    broken: float = 0.0
    learns: int = 0
    news: float = 0.0
    hands: float = 0.2


WORLDS = (
    World("plain"),
    World("trending sales", trend=0.015),
    World("strong seasons", season=0.4),
    World("heavy tails", freedom=3),
    World("intermittent sales", sold=0.4),
    World("one-sided news", news=0.3),
    World("news against a trend", news=0.3, trend=0.015),
    World("biased forecast", bias=0.12),
    World("lasting shocks", lasting=0.7, learns=48),
    World("level shifts", broken=0.3),
    World("common shocks", shared=0.2, own=0.05),
    World("several hands", hands=0.8),
    World("few months", months=(7, 10)),
)


@dataclass(frozen=True)
class Person:
    """How a person changes forecasts: of which cells, knowing what, how often, how far ahead."""

    cells: np.ndarray
    skill: float
    often: float
    ahead: int
    step: float  # of a change, as a share: what it is rounded to
    days: tuple[int, int]
    late: float  # share of months in which they are late


@dataclass(frozen=True)
class Company:
    """Sales and targets (cells, months), forecasts (cells, months, lags), and who changes them."""

    world: World
    sales: np.ndarray
    last_year: np.ndarray
    usual: np.ndarray  # (cells, 1)
    forecast: np.ndarray
    target: np.ndarray
    news: np.ndarray
    people: list[Person]

    @property
    def error(self) -> np.ndarray:
        """What the forecasts miss, as logarithms (cells, months, lags)."""
        floor = 0.02 * self.usual[:, :, None]
        missed = np.log(
            np.maximum(self.sales[:, :, None], floor) / np.maximum(self.forecast, floor)
        )
        return np.clip(missed, -LARGEST, LARGEST)


Game = Callable[[np.random.Generator, Company, Person], np.ndarray]


def draw_company(
    rng: np.random.Generator, world: World, *, skilled: bool, months: int = 0
) -> Company:
    """A company of the world; without `skilled` nobody knows anything."""
    months = months or int(rng.integers(world.months[0], world.months[1], endpoint=True))
    length, side = BEFORE + months, rng.choice([-1.0, 1.0], 3)
    shape, of_year = (CELLS, length), np.arange(length) % 12
    season = world.season * rng.normal(size=(CELLS, 12))
    shocks = world.shared * wander(rng, world, (1, length)) + world.own * wander(rng, world, shape)
    drift = side[0] * world.trend * np.arange(length)
    shift = world.broken * rng.choice([-1.0, 1.0], (CELLS, 1))
    drift = drift + shift * (np.arange(length) >= rng.integers(BEFORE, length, (CELLS, 1)))
    news = rng.random(shape) < world.news
    moved = side[1] * news * rng.uniform(0.15, 0.4, shape)
    usual = np.exp(rng.normal(5, 0.7, (CELLS, 1)))
    sales = usual * np.exp(season[:, of_year] + drift + shocks + moved)
    sales *= (rng.random(shape) < world.sold) / world.sold
    known = np.exp(season + 0.03 * rng.normal(size=season.shape))[:, of_year]
    learns = world.learns or int(rng.integers(3, 7))
    forecast = _forecast(sales / known, learns, months) * known[:, BEFORE:, None]
    forecast = (1.0 + side[2] * world.bias) * forecast + 1e-3 * usual[:, :, None]
    now, before = sales[:, BEFORE:], sales[:, BEFORE - 12 : -12]
    target = _set_targets(rng, now, before + 0.1 * usual, forecast[:, :, -1], usual)
    people = [_draw_person(rng, world, number, skilled) for number in range(PEOPLE)]
    return Company(world, now, before, usual, forecast, target, news[:, BEFORE:], people)


def wander(rng: np.random.Generator, world: World, shape: tuple[int, ...]) -> np.ndarray:
    """Shocks of standard deviation 1 that resemble the month before."""
    free, lasting = world.freedom, world.lasting
    scale = np.sqrt(free / (free - 2)) if free else 1.0
    steps = rng.standard_t(free, shape) / scale if free else rng.normal(size=shape)
    for month in range(1, shape[1]):
        steps[:, month] *= np.sqrt(1 - lasting**2)
        steps[:, month] += lasting * steps[:, month - 1]
    return steps


def _forecast(plain: np.ndarray, learns: int, months: int) -> np.ndarray:
    """Mean of the last months of sales without season (cells, months, lags)."""
    found = np.empty((CELLS, months, LAGS))
    for month in range(months):
        for lag in range(LAGS):
            end = BEFORE + month - lag
            found[:, month, lag] = plain[:, max(0, end - learns) : end].mean(axis=1)
    return found


def _set_targets(
    rng: np.random.Generator,
    sales: np.ndarray,
    before: np.ndarray,
    forecast: np.ndarray,
    usual: np.ndarray,
) -> np.ndarray:
    """Targets as companies set them: last year, the forecast or a good guess, and some more."""
    guess = np.sqrt((sales + 0.1 * usual) * usual)
    return rng.choice([1.0, 1.05, 1.1]) * (before, forecast, guess)[rng.integers(3)]


def _draw_person(rng: np.random.Generator, world: World, number: int, skilled: bool) -> Person:
    own = np.flatnonzero(np.arange(CELLS) % PEOPLE == number)
    others = np.setdiff1d(np.arange(CELLS), own)
    more = others[rng.random(len(others)) < world.hands * len(own) / len(others)]
    first = int(rng.integers(1, 12))
    return Person(
        cells=np.concatenate([own, more]),
        skill=float(rng.choice(SKILLS)) if skilled else 0.0,
        often=rng.uniform(0.5, 1.0),
        ahead=int(rng.integers(1, LAGS, endpoint=True)),
        step=float(rng.choice([0.0, 0.01, 0.05])),
        days=(first, int(rng.integers(first, DUE - 1, endpoint=True))),
        late=rng.uniform(0.0, 0.15),
    )


def say_honestly(rng: np.random.Generator, company: Company, person: Person) -> np.ndarray:
    """Changes of a person's cells as shares (cells, months, lags); zero: no change.

    What they believe is what they know and an error, half of which lasts as long as shocks do and
    is the same for all lags. Where the forecast is biased, those who know something change all of
    their cells; others change some.
    """
    world, error = company.world, company.error[person.cells]
    spread = np.minimum(error.std(axis=1, keepdims=True), 0.3)
    noise = 0.8 * wander(rng, world, error.shape[:2])[:, :, None]
    noise = noise + 0.6 * rng.normal(size=error.shape)
    blur = rng.uniform(0.2, 0.9) * (1.0 - person.skill)
    changes = np.expm1(np.clip(person.skill * error + blur * spread * noise, -LARGEST, LARGEST))
    acts = rng.random(error.shape[:2]) < (1.0 if world.bias and person.skill else 0.7)
    if world.news and person.skill:
        acts = company.news[person.cells]
    changes = changes * acts[:, :, None]
    return np.round(changes / person.step) * person.step if person.step else changes


def write_down(
    rng: np.random.Generator, company: Company, said: Sequence[np.ndarray], name: str
) -> Conduct:
    """What the archive would hold: changes are applied one person after another.

    `name` stands before every author, series and member, so that companies can stand together.
    """
    months = company.sales.shape[1]
    dates = pd.date_range(end=LAST, periods=months + LAGS, freq="MS")
    number, rows = company.forecast.copy(), []
    for place, (person, changes) in enumerate(zip(company.people, said, strict=True)):
        cell, month, lag = np.nonzero(changes[:, :, : person.ahead])
        made = month + LAGS - lag - 1
        kept = (rng.random(len(dates)) < person.often)[made]
        cell, month, lag, made = cell[kept], month[kept], lag[kept], made[kept]
        where = person.cells[cell], month, lag
        old = number[where]
        number[where] = old * (1.0 + changes[cell, month, lag])
        days = rng.integers(*person.days, len(dates), endpoint=True)
        days = np.where(rng.random(len(dates)) < person.late, DUE + 3, days)[made]
        change = {
            "made_in": dates[made],
            "unique_id": [f"{name}/{each}" for each in where[0]],
            "ds": dates[month + LAGS],
            "sequence": place + 1,
            "old": old,
            "asked": number[where],
            "author": f"{name}/{place}",
            "created_at": dates[made] + pd.DateOffset(months=1) + pd.to_timedelta(days - 1, "D"),
            "at": np.ravel_multi_index(where, number.shape),
        }
        rows.append(pd.DataFrame(change))
    changed = pd.concat(rows, ignore_index=True)
    changed = changed.assign(final=number.ravel()[changed["at"]], state="applied")
    places = [(cell // LINES, cell % LINES) for cell in range(CELLS)]
    ids = [f"{name}/{cell}" for cell in range(CELLS)]
    series = pd.DataFrame(places, columns=["region", "line"]).map(lambda at: f"{name}/{at}")
    series = series.assign(unique_id=ids, level="bottom", label=ids)
    return Conduct(
        month=LAST,
        vintages=_list_vintages(company, number, dates, ids),
        actual=_long(company.sales, dates[LAGS:], ids, "y_raw"),
        series=series,
        adjustments=changed,
        overrides=changed[["made_in", "author", "created_at"]],
        target=_long(company.target, dates[LAGS:], ids, "target")
        .merge(series[["unique_id", "region", "line"]])
        .drop(columns="unique_id"),
        publication_day=DUE,
    )


def _long(
    values: np.ndarray, months: pd.DatetimeIndex, ids: Sequence[str], name: str
) -> pd.DataFrame:
    wide = pd.DataFrame(values, pd.Index(ids, name="unique_id"), months.rename("ds"))
    return wide.stack().rename(name).reset_index()


def _list_vintages(
    company: Company, number: np.ndarray, dates: pd.DatetimeIndex, ids: Sequence[str]
) -> pd.DataFrame:
    """Forecasts one and two months ahead as the archive has them."""
    naive = np.repeat(company.last_year[:, :, None], LAGS, axis=2)
    stages = {"baseline": naive, "reconciled": company.forecast, "adjusted": number}
    frames = []
    for stage, values in stages.items():
        for lag in range(2):
            rows = _long(values[:, :, lag], dates[LAGS:], ids, "y_hat")
            cutoff = np.tile(dates[LAGS - lag - 1 : -lag - 1], CELLS)
            frames.append(rows.assign(stage=stage, h=lag + 1, cutoff=cutoff))
    return pd.concat(frames, ignore_index=True).assign(**dict.fromkeys(INTERVALS, np.nan))


def stand_together(companies: Sequence[Conduct]) -> Conduct:
    """The tables of all companies in one, for one call of every test."""
    names = ("vintages", "actual", "series", "adjustments", "overrides", "target")
    tables = {
        name: pd.concat([getattr(each, name) for each in companies], ignore_index=True)
        for name in names
    }
    return replace(companies[0], **tables)
