"""Companies of which every order is known by its day: quiet months, and months with a shock.

A company has regions, product lines and a key account that buys all of them everywhere: 24 bottom
series. Orders arrive at random, more on some weekdays and towards the end of the month, and differ
in size. A month's sales are off the forecast as much as the forecast's published intervals say: by
something that all series share, by their line and region, by their own, and by chance of orders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesfc_lib.coordination import MonthToDate
from salesfc_lib.foundation import Calendar, bound_months, holidays
from salesfc_lib.panel import build_series, summing_matrix

LEVELS = {
    "total": [],
    "line": ["line"],
    "region": ["region"],
    "key_account": ["key_account"],
    "bottom": ["line", "region", "key_account"],
}
MEMBERS = [
    (line, region, account)
    for line in ("pots", "pans", "knives", "lids")
    for region in ("north", "south", "west")
    for account in ("other", "big shop")
]
KEYS = pd.DataFrame(MEMBERS, columns=["line", "region", "key_account"])
WEEK = (1.1, 1.0, 1.0, 1.0, 0.9, 0.0, 0.0)
SHOP = (0.7, 0.7, 0.8, 0.9, 1.3, 1.6, 1.0)
Z = {80: 1.281552, 95: 1.959964}


@dataclass(frozen=True)
class World:
    """What a quiet month is like; sizes are standard deviations, as shares of usual sales.

    common, member, own: of what the forecast misses in all series, in a line or region, in one
    bottom series; orders: a trading day in the whole unit; sizes: coefficient of variation of an
    order; rush: share of sales moved to the last three trading days, and `rush_spread` of it from
    month to month; promotions: months with one, of a week, for a line; uplift: by which; freedom:
    of Student's t that misses follow (0: normal); bias: of the forecast, in its own standard
    deviations; months: of history; month: in progress ('': any of twelve); country: whose holidays
    are kept; returned: share of sales that come back within the month.
    """

    name: str
    common: float = 0.03
    member: float = 0.03
    own: float = 0.06
    orders: float = 60.0
    sizes: float = 1.0
    week: tuple[float, ...] = WEEK
    rush: float = 0.0
    rush_spread: float = 0.0
    promotions: float = 0.0
    uplift: float = 0.8
    freedom: int = 0
    bias: float = 0.0
    months: int = 24
    month: str = ""
    country: str | None = None
    returned: float = 0.0


WORLDS = (
    World("plain"),
    World("steady", common=0.015, member=0.015, own=0.03, orders=300.0),
    World("weekly pattern", week=SHOP),
    World("rush at the end", rush=0.3, rush_spread=0.08),
    World("promotions", promotions=0.5),
    World("few orders", orders=6.0),
    World("very few orders", orders=1.5),
    World("large orders", orders=20.0, sizes=3.0),
    World("heavy tails", freedom=4),
    World("biased forecast", bias=1.0),
    World("eight months", months=8),
    World("new year", month="2026-02", country="CN"),
    World("returns", returned=0.1),
)


@dataclass(frozen=True)
class Company:
    """What `build_path` takes, and the daily sales of the bottom series (n_bottom, n_days)."""

    found: MonthToDate
    forecast: pd.DataFrame
    series: pd.DataFrame
    calendar: Calendar
    promotion: pd.DataFrame


SERIES = build_series(KEYS, LEVELS)
SUMMING = summing_matrix(SERIES, LEVELS)
# places in KEYS of the bottom series, as the summing matrix has them
ORDER = pd.Index(KEYS.merge(SERIES, how="left")["unique_id"]).get_indexer(SUMMING.bottom_ids)


def draw_company(rng: np.random.Generator, world: World) -> Company:
    """A company of the world, with a quiet month in progress that is complete."""
    month = np.datetime64(world.month or f"2026-{rng.integers(1, 13):02d}", "M")
    months = np.arange(month - world.months, month + 1)
    calendar = Calendar(country=world.country)
    size = np.exp(rng.normal(0, 0.5, len(KEYS))) * np.where(KEYS["key_account"].eq("other"), 4, 1)
    size = 1e6 * size / size.sum()
    promotion = _plan(rng, world, months)
    missed = _miss(rng, world, size, len(months))
    sold = [
        _sell(rng, world, each, size * factor, (calendar, promotion))
        for each, factor in zip(months, missed, strict=True)
    ]
    days, y = (np.concatenate(each, axis=-1) for each in zip(*sold, strict=True))
    row, day = np.nonzero(y)
    daily = KEYS.iloc[row].reset_index(drop=True)
    daily = daily.assign(date=days[day].astype("datetime64[ns]"), y=y[row, day])
    _, after = bound_months(months[-1:], calendar)
    found = MonthToDate(str(month), daily, pd.Timestamp(after[0] - 1))
    return Company(found, _forecast(world, size, month), SERIES, calendar, promotion)


def plant(daily: pd.DataFrame, first: str, factor: float, where: dict[str, str]) -> pd.DataFrame:
    """Sales from a day on times a factor, of some members."""
    on = daily["date"].ge(first).to_numpy()
    for name, member in where.items():
        on &= daily[name].eq(member).to_numpy()
    return daily.assign(y=np.where(on, daily["y"] * factor, daily["y"]))


def _plan(rng: np.random.Generator, world: World, months: np.ndarray) -> pd.DataFrame:
    rows = []
    for month in months:
        if rng.random() < world.promotions:
            start = pd.Timestamp(month) + pd.Timedelta(days=int(rng.integers(0, 22)))
            line = str(rng.choice(KEYS["line"].unique()))
            rows.append({"name": "week", "start": start, "line": line})
    frame = pd.DataFrame(rows, columns=["name", "start", "line"])
    start = pd.to_datetime(frame["start"])
    return frame.assign(start=start, end=start + pd.Timedelta(days=6), announced=pd.NaT)


def _miss(rng: np.random.Generator, world: World, size: np.ndarray, months: int) -> np.ndarray:
    """What each month is of its forecast (n_months, n_bottom)."""

    def draw(*shape: int) -> np.ndarray:
        if not world.freedom:
            return rng.normal(size=shape)
        free = world.freedom
        return rng.standard_t(free, shape) / np.sqrt(free / (free - 2))

    off = world.common * draw(months, 1) + world.own * draw(months, len(KEYS))
    for name in ("line", "region"):
        codes, members = pd.factorize(KEYS[name])
        off += world.member * draw(months, len(members))[:, codes]
    whole = _deviation(world, size)[0] / size.sum()
    off[-1] -= world.bias * whole
    return np.clip(1 + off, 0.05, None)


def _deviation(world: World, size: np.ndarray) -> np.ndarray:
    """Standard deviation of the month of each series, in the order of `SERIES`."""
    whole, keys = SUMMING.matrix.toarray() * size[ORDER], KEYS.iloc[ORDER]
    variance = (world.common * whole.sum(axis=1)) ** 2 + world.own**2 * (whole**2).sum(axis=1)
    for name in ("line", "region"):
        for member in keys[name].unique():
            part = whole[:, keys[name].eq(member).to_numpy()].sum(axis=1)
            variance += world.member**2 * part**2
    per_order = size.sum() / (21 * world.orders) * (1 + world.sizes**2)
    return np.sqrt(variance + per_order * whole.sum(axis=1))


def _forecast(world: World, size: np.ndarray, month: np.datetime64) -> pd.DataFrame:
    y_hat, deviation = SUMMING.matrix @ size[ORDER], _deviation(world, size)
    ends = {
        f"{side}-{level}": np.clip(y_hat + sign * z * deviation, 0, None)
        for level, z in Z.items()
        for side, sign in (("lo", -1), ("hi", 1))
    }
    ds = pd.Timestamp(month)
    frame = pd.DataFrame({"unique_id": SUMMING.ids, "y_hat": y_hat, **ends})
    more = {"stage": "reconciled", "model": "mint", "cutoff": ds - pd.DateOffset(months=1)}
    return frame.assign(ds=ds, h=1, **more)


def _sell(
    rng: np.random.Generator,
    world: World,
    month: np.datetime64,
    size: np.ndarray,
    known: tuple[Calendar, pd.DataFrame],
) -> tuple[np.ndarray, np.ndarray]:
    """Days of a month, and orders by bottom series and day, `size` (n_bottom,) in the mean."""
    calendar, promotion = known
    first, after = bound_months(np.array([month]), calendar)
    days = np.arange(first[0], after[0])
    weekday = (days.astype(np.int64) + 3) % 7
    weight = np.array(world.week)[weekday]
    off = np.array(holidays.list_days_off(calendar, first, after), dtype="datetime64[D]")
    weight = np.where(np.isin(days, off), 0.05 * weight, weight)
    weight = weight / weight.sum()
    if world.rush:
        rush = np.clip(world.rush + world.rush_spread * rng.normal(), 0, 0.9)
        last = np.flatnonzero(weight)[-3:]
        weight = (1 - rush) * weight
        weight[last] += rush / len(last)
    lifted = np.ones((len(KEYS), len(days)))
    for plan in promotion.itertuples():
        on = (days >= np.datetime64(plan.start, "D")) & (days <= np.datetime64(plan.end, "D"))
        lifted[np.ix_(KEYS["line"].eq(plan.line).to_numpy(), on)] = 1 + world.uplift
    expected = weight * lifted
    expected = size[:, None] * expected / expected.sum(axis=1, keepdims=True)
    per_order = 1e6 / (21 * world.orders)
    orders = rng.poisson(expected / per_order)
    shape = orders / world.sizes**2
    y = np.where(orders, rng.gamma(np.where(orders, shape, 1.0)) * world.sizes**2 * per_order, 0.0)
    if world.returned:
        back = y * (rng.random(y.shape) < world.returned)
        later = np.minimum(np.arange(len(days)) + 4, len(days) - 1)
        np.subtract.at(y, (slice(None), later), back)
    return days, y
