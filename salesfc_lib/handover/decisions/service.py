"""Stock for a service level, from sample paths of demand over lead time and review.

What the textbook takes from a normal distribution is taken from the paths: P1, the share of cycles
without a stock-out, and P2, the share of demand delivered from stock (Silver, Pyke and Thomas,
Inventory and Production Management in Supply Chains, 4th edition, 2017,
doi:10.1201/9781315374406, chapter 6).
"""

from __future__ import annotations

import numpy as np
from scipy.stats import gamma

from salesfc_lib.handover.decisions.supply import MONTH_DAYS


def stock_for_cycle_service(demand: np.ndarray, p1: float) -> np.ndarray:
    """Smallest stock that suffices in a share p1 of the paths; demand (n_paths, n_items)."""
    return np.asarray(np.quantile(demand, p1, axis=0, method="inverted_cdf"))


def stock_for_fill_rate(demand: np.ndarray, p2: float, quantity: np.ndarray) -> np.ndarray:
    """Stock s with mean of max(demand - s, 0) over the paths = (1 - p2) quantity, (n_items,).

    quantity: demand met in one cycle, (n_items,). P2 = 1 - E max(demand - s, 0) / Q, of which the
    textbook's sigma G(k) / Q is the normal case. The mean is linear between paths, so that the
    solution is exact; never below zero.
    """
    ordered = np.sort(demand, axis=0)
    count, lacking = len(ordered), (1 - p2) * quantity
    above = np.cumsum(ordered[::-1], axis=0)[::-1]  # of this path and all with more demand
    more = np.arange(count, 0, -1)[:, None]
    expected = (above - more * ordered) / count
    found = [
        np.interp(-want, -loss, level) if want <= loss[0] else level[0] - (want - loss[0])
        for want, loss, level in zip(lacking, expected.T, ordered.T, strict=True)
    ]
    return np.maximum(found, 0.0)


def draw_lead_days(days: np.ndarray, spread: np.ndarray, count: int) -> np.ndarray:
    """Lead times (count, n_items) in days with this mean and standard deviation, gamma distributed.

    Evenly spaced quantiles in an order that has nothing to do with demand.
    """
    share = (np.random.default_rng(0).permutation(count) + 0.5) / count
    known = (spread > 0) & (days > 0)
    shape = np.where(known, (days / np.where(known, spread, 1.0)) ** 2, 1.0)
    drawn = gamma.ppf(share[:, None], shape, scale=np.where(known, days / shape, 1.0))
    return np.asarray(np.where(known, drawn, days))


def demand_over(paths: np.ndarray, days: np.ndarray, start: int = 0) -> np.ndarray:
    """Demand of each path from the start of month `start` over `days`, (n_paths, n_items).

    paths: (n_paths, n_items, n_months); days: (n_paths or 1, n_items). Of a month that is begun
    only, the mean counts by the share of its days, the deviation from it by the root of that share:
    days are taken as independent, sigma_L = sqrt(L) sigma_1. What goes beyond the last month is
    not counted.
    """
    ahead = paths[:, :, start:].astype(np.float64)
    months = np.broadcast_to(days / MONTH_DAYS, ahead.shape[:2]).clip(0, ahead.shape[2])
    whole = np.floor(months).astype(int)
    sums = np.concatenate([np.zeros((*ahead.shape[:2], 1)), np.cumsum(ahead, axis=2)], axis=2)
    found = np.take_along_axis(sums, whole[:, :, None], axis=2)[:, :, 0]
    last, part = whole.clip(max=ahead.shape[2] - 1)[:, :, None], months - whole
    mean = np.broadcast_to(ahead.mean(axis=0), ahead.shape)
    begun, usual = (np.take_along_axis(a, last, axis=2)[:, :, 0] for a in (ahead, mean))
    rest = part * usual + np.sqrt(part) * (begun - usual)
    return np.asarray(found + np.where(part > 0, rest.clip(0), 0.0))
